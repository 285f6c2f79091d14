//! Runs a chain: the newest cached step that is still good, then forward from there.

mod error;
mod steps;

use std::time::{Duration, SystemTime};

use aws_vault_keystore::{Secret, Unlocked};

use crate::aws::Aws;
use crate::aws::sts::MfaProof;
use crate::config::chain::{Base, Chain, Link, Mfa};
use crate::credentials::{Credentials, SessionCredentials};
use crate::mfa::CodeSource;
use crate::sessions::{Fingerprint, Header, Sessions, sealed};
use crate::vault::{SessionKey, Vault};

pub use error::Error;

/// A cached session is handed out only while at least this much is left (`AWS_MIN_TTL`).
pub const DEFAULT_MIN_TTL: Duration = Duration::from_mins(5);

/// What running a chain may touch.
pub struct Provider<'a> {
    pub aws: &'a Aws,
    pub sessions: &'a Sessions,
    pub codes: &'a CodeSource,
    /// Opens the keystore at first use and keeps it open.
    pub vault: &'a dyn Fn() -> Result<&'a Vault, Error>,
    /// The store's location, known without opening it.
    pub location: &'a str,
    pub clock: &'a dyn Fn() -> SystemTime,
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

    /// The credentials that the chain yields, if the cache has them: nothing is listed, asked or called.
    pub fn from_cache(&self, chain: &Chain) -> Result<Option<Credentials>, Error> {
        let Some(last) = chain.links.len().checked_sub(1) else {
            return Ok(None);
        };
        let step = Fingerprint::of_step(chain, last, self.location);
        Ok(self.cached(&step)?.map(Source::into_credentials))
    }

    /// The credentials after the first `steps` links.
    fn after(&self, chain: &Chain, steps: usize) -> Result<Source, Error> {
        let Some(index) = steps.checked_sub(1) else {
            return self.base(&chain.base).map(Source::Fresh);
        };
        let step = Fingerprint::of_step(chain, index, self.location);
        if let Some(cached) = self.cached(&step)? {
            return Ok(cached);
        }
        let link = &chain.links[index];
        let _lock = self.sessions.lock(&step, || {
            (self.notice)(&format!(
                "waiting for another aws-vault, which is getting credentials for '{}'",
                link.profile()
            ));
        })?;
        // Whoever held the lock may have done the work.
        if let Some(cached) = self.cached(&step)? {
            return Ok(cached);
        }
        // Room is taken before anybody is asked for a code, so that a full disk does not cost one.
        let room = self.sessions.reserve(&step)?;
        let session = self.call_with_living_source(chain, index)?;
        let header = Header::new(
            link.profile(),
            link.kind(),
            &session,
            chain.stored_key(),
            self.location,
        );
        let file =
            sealed::seal(&header, &session, &step, &self.session_key()?).map_err(Error::Random)?;
        room.commit(&file)?;
        self.sessions.sweep((self.clock)());
        Ok(Source::Fresh(Credentials::Session(session)))
    }

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
            Base::Sso { profile, .. } => Err(Error::not_yet(profile, "IAM Identity Center")),
            Base::WebIdentity { profile, .. } => {
                Err(Error::not_yet(profile, "a web identity token"))
            }
            Base::CredentialProcess { profile, .. } => {
                Err(Error::not_yet(profile, "credential_process"))
            }
            Base::CredentialSource { profile, .. } => {
                Err(Error::not_yet(profile, "credential_source"))
            }
            Base::LoginSession { profile, .. } => Err(Error::not_yet(profile, "login_session")),
        }
    }

    /// A session revoked before its time is dropped from the cache and obtained again, once.
    fn call_with_living_source(
        &self,
        chain: &Chain,
        index: usize,
    ) -> Result<SessionCredentials, Error> {
        let source = self.after(chain, index)?;
        match (self.call(&chain.links[index], source.credentials()), source) {
            (
                Err(Error::Aws {
                    source: refusal, ..
                }),
                Source::Cached(_, header),
            ) if refusal.is_dead_credentials() && index > 0 => {
                let step = Fingerprint::of_step(chain, index - 1, self.location);
                self.sessions.forget(&step, &header);
                let fresh = self.after(chain, index)?;
                self.call(&chain.links[index], fresh.credentials())
            }
            (result, _) => result,
        }
    }

    fn call(&self, link: &Link, source: &Credentials) -> Result<SessionCredentials, Error> {
        let now = (self.clock)();
        let send = |proof: Option<MfaProof<'_>>| match link {
            Link::GetSessionToken(step) => self.aws.get_session_token(source, step, proof, now),
            Link::AssumeRole(step) => self.aws.assume_role(source, step, proof, now),
        };
        let failed = |source| Error::Aws {
            profile: link.profile().to_owned(),
            source,
        };
        match link.mfa() {
            None => send(None).map_err(failed),
            Some(mfa) => self
                .call_with_code(mfa, &send)
                .map_err(|error| match error {
                    CodeError::Mfa(error) => Error::Mfa(error),
                    CodeError::Aws(error) => failed(error),
                }),
        }
    }

    /// A code that AWS refused is asked again once; it is never sent a second time.
    fn call_with_code(
        &self,
        mfa: &Mfa,
        send: &dyn Fn(Option<MfaProof<'_>>) -> Result<SessionCredentials, crate::aws::Error>,
    ) -> Result<SessionCredentials, CodeError> {
        let serial = mfa.serial.value.as_str();
        let code = self.codes.code(mfa).map_err(CodeError::Mfa)?;
        match send(Some(MfaProof {
            serial,
            code: &code,
        })) {
            Err(refusal) if refusal.is_wrong_mfa_code() => {
                (self.notice)(
                    "AWS did not accept that MFA code; each code works once, and for about 30 seconds",
                );
                match self
                    .codes
                    .another_code(mfa, &code)
                    .map_err(CodeError::Mfa)?
                {
                    Some(code) => send(Some(MfaProof {
                        serial,
                        code: &code,
                    }))
                    .map_err(CodeError::Aws),
                    None => Err(CodeError::Aws(refusal)),
                }
            }
            result => result.map_err(CodeError::Aws),
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

    /// The key to seal with: the one in use, else a new one.
    fn session_key(&self) -> Result<SessionKey, Error> {
        if let Some(key) = self.recalled_key() {
            return Ok(key);
        }
        if let Some(key) = self.stored_key()? {
            return Ok(key);
        }
        let _lock = self.sessions.lock_key()?;
        let key = (self.vault)()?.session_key_or_new()?;
        self.keep_unlocked(&key);
        Ok(key)
    }

    /// The session key, if it was unlocked a short while ago.
    fn recalled_key(&self) -> Option<SessionKey> {
        let secret = self.unlocked.recall(&unlock_name(self.location))?;
        SessionKey::from_bytes(secret.expose())
    }

    /// The session key from the store; from now on it need not be asked for again for a while.
    fn stored_key(&self) -> Result<Option<SessionKey>, Error> {
        let key = (self.vault)()?.session_key()?;
        if let Some(key) = &key {
            self.keep_unlocked(key);
        }
        Ok(key)
    }

    fn keep_unlocked(&self, key: &SessionKey) {
        let secret = Secret::new(key.expose().to_vec());
        self.unlocked.keep(&unlock_name(self.location), &secret);
    }
}

/// What the session key of a store is called in the kernel's keyring.
pub fn unlock_name(location: &str) -> String {
    format!("aws-vault:session-key:{location}")
}

enum CodeError {
    Mfa(crate::mfa::Error),
    Aws(crate::aws::Error),
}

impl std::fmt::Debug for Provider<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider")
    }
}
