//! Runs a chain: the newest cached step that is still good, then forward from there.

mod call;
mod command;
mod credential_process;
mod credential_source;
mod document;
mod error;
mod federation;
mod login_session;
mod saml;
mod seed;
mod session_key;
mod sso;
mod static_keys;
mod steps;
mod token;
mod web_identity;
mod words;

use std::time::{Duration, SystemTime};

use aws_vault_keystore::Unlocked;

use crate::aws::Aws;
use crate::config::chain::{Base, Chain};
use crate::credentials::Credentials;
use crate::environment::Environment;
use crate::mfa::CodeSource;
use crate::sessions::{Fingerprint, Header, Sessions, sealed};
use crate::vault::Vault;

pub use error::Error;
pub use login_session::Way;
pub use session_key::unlock_name;
pub use sso::{Instance, SsoError, Style};

/// A cached session is handed out only while at least this much is left (`AWS_MIN_TTL`).
pub const DEFAULT_MIN_TTL: Duration = Duration::from_mins(5);

/// What running a chain may touch.
pub struct Provider<'a> {
    pub environment: &'a Environment,
    pub aws: &'a Aws,
    pub sessions: &'a Sessions,
    pub codes: &'a CodeSource,
    /// Opens the keystore at first use and keeps it open.
    pub vault: &'a dyn Fn() -> Result<&'a Vault, Error>,
    /// The store's location, known without opening it.
    pub location: &'a str,
    pub clock: &'a dyn Fn() -> SystemTime,
    /// When this run began.
    pub started: SystemTime,
    /// How people sign in here.
    pub sign_in: Style,
    pub min_ttl: Duration,
    /// Where the session key rests for a while, so that a store need not be unlocked for every command.
    pub unlocked: Unlocked,
    /// Tells the user something on stderr.
    pub notice: &'a (dyn Fn(&str) + Sync),
}

/// Where a step's credentials came from, which decides whether a refusal may be cured by dropping them.
enum Source {
    Fresh(Credentials),
    Cached(Credentials, Header),
}

impl Source {
    fn credentials(&self) -> &Credentials {
        match self {
            Self::Fresh(credentials) | Self::Cached(credentials, _) => credentials,
        }
    }

    fn into_credentials(self) -> Credentials {
        match self {
            Self::Fresh(credentials) | Self::Cached(credentials, _) => credentials,
        }
    }
}

impl Provider<'_> {
    /// The credentials that the chain yields.
    pub fn credentials(&self, chain: &Chain) -> Result<Credentials, Error> {
        self.after(chain, chain.links.len())
            .map(Source::into_credentials)
    }

    /// The credentials that the chain yields, if the cache has them, or if they lie about where we run: no store is opened more
    /// than it must be, nobody asked, and AWS not called.
    pub fn from_cache(&self, chain: &Chain) -> Result<Option<Credentials>, Error> {
        let links = chain.links.len();
        if links == 0 && matches!(chain.base, Base::CredentialSource { .. }) {
            return self.base(&chain.base).map(Some);
        }
        if steps::kind(chain, links).is_none() {
            return Ok(None);
        }
        let step = Fingerprint::after(chain, links, self.location);
        Ok(self.cached(&step)?.map(Source::into_credentials))
    }

    /// The credentials after the first `links` links; after none, the base's own.
    fn after(&self, chain: &Chain, links: usize) -> Result<Source, Error> {
        let Some(kind) = steps::kind(chain, links) else {
            return self.base(&chain.base).map(Source::Fresh);
        };
        let profile = steps::profile(chain, links);
        let step = Fingerprint::after(chain, links, self.location);
        if let Some(cached) = self.cached(&step)? {
            return Ok(cached);
        }
        let _lock = self.sessions.lock(&step, || {
            (self.notice)(&format!(
                "waiting for another aws-vault, which is getting credentials for '{profile}'"
            ));
        })?;
        // Whoever held the lock may have done the work.
        if let Some(cached) = self.cached(&step)? {
            return Ok(cached);
        }
        // Room is taken before anybody is asked for a code, so that a full disk does not cost one.
        let room = self.sessions.reserve(&step)?;
        let credentials = match links.checked_sub(1) {
            None => self.base(&chain.base)?,
            Some(link) => Credentials::Session(self.call_with_living_source(chain, link)?),
        };
        // A base may answer with long-term keys: those rest in a keystore or nowhere.
        if let Credentials::Session(session) = &credentials {
            let header = Header::new(profile, kind, session, chain.stored_key(), self.location);
            let file = sealed::seal(&header, session, &step, &self.session_key()?)
                .map_err(Error::Random)?;
            room.commit(&file)?;
            self.sessions.sweep((self.clock)());
        }
        Ok(Source::Fresh(credentials))
    }

    /// Where the chain starts. Called under the step's lock if the step is one that is cached.
    fn base(&self, base: &Base) -> Result<Credentials, Error> {
        match base {
            Base::Stored { profile } => {
                let vault = (self.vault)()?;
                vault
                    .access_key(profile)?
                    .map(Credentials::AccessKey)
                    .ok_or_else(|| Error::KeyMissing {
                        profile: profile.clone(),
                        backend: vault.backend(),
                    })
            }
            Base::Sso {
                profile,
                sso,
                endpoints,
            } => sso::obtain(self, profile, sso, endpoints),
            Base::WebIdentity {
                profile,
                token,
                role,
            } => web_identity::obtain(self, profile, token, role),
            Base::CredentialProcess { profile, command } => {
                credential_process::obtain(self, profile, command)
            }
            Base::Saml {
                profile,
                assertion,
                principal_arn,
                role,
            } => saml::obtain(self, profile, assertion, &principal_arn.value, role),
            Base::CredentialSource {
                profile,
                source,
                fact,
            } => credential_source::obtain(self, profile, source, fact.as_ref()),
            Base::LoginSession {
                profile,
                session,
                service,
            } => login_session::obtain(self, profile, session, service),
            Base::StaticKey { profile, file, key } => static_keys::obtain(self, profile, file, key),
        }
    }

    /// The session of a step, if it is there and lives. The store is opened only for a session that does.
    fn cached(&self, step: &Fingerprint) -> Result<Option<Source>, Error> {
        let now = (self.clock)();
        let Some(file) = self.sessions.read(step) else {
            return Ok(None);
        };
        let Some(header) = file
            .header()
            .filter(|header| header.lives(now, self.min_ttl))
        else {
            return Ok(None);
        };
        let session = match self.recalled_key().and_then(|key| file.open(step, &key)) {
            None => self.stored_key()?.and_then(|key| file.open(step, &key)),
            session => session,
        };
        if let Some(session) = session {
            return Ok(Some(Source::Cached(Credentials::Session(session), header)));
        }
        // Torn, or sealed with a key that is gone: it will never open.
        self.sessions.forget(step, &header);
        Ok(None)
    }
}

impl std::fmt::Debug for Provider<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider")
    }
}
