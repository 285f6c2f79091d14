//! What the commands share: the choice of the keystore, the config file, and the way from a profile's name to credentials.
//! Everything is opened when first needed, and not before.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_vault_keystore::{self as keystore, Backend, Settings};
use zeroize::Zeroizing;

use super::args::{self, Global};
use super::passphrase::TerminalPassphrase;
use crate::aws::Aws;
use crate::config::chain::{self, Chain, Purpose, Request, Ttl};
use crate::config::file::ConfigFile;
use crate::config::profile::{Profile, Setting};
use crate::config::{Overrides, resolve};
use crate::credentials::{Credentials, rfc3339};
use crate::environment::Environment;
use crate::error::{CliError, visible};
use crate::index::{Chosen, Index};
use crate::mfa::{CodeSource, TokenCode};
use crate::provider::{self, Provider};
use crate::sessions::{self, Sessions};
use crate::terminal::Terminal;
use crate::vault::{self, Vault};

/// One run of the program.
#[derive(Debug)]
pub struct Context {
    pub environment: Environment,
    pub global: Global,
    pub clock: fn() -> SystemTime,
    pub aws: Aws,
    sessions: Sessions,
    settings: Settings,
    backend: OnceCell<Backend>,
    vault: OnceCell<Vault>,
}

/// What a command asks of a profile.
#[derive(Debug)]
pub struct Wish<'a> {
    pub profile: &'a str,
    pub purpose: Purpose,
    pub session: &'a args::Session,
}

/// A profile's credentials and the plan that yielded them.
#[derive(Debug)]
pub struct Obtained {
    pub profile: Profile,
    pub chain: Chain,
    pub credentials: Credentials,
}

impl Context {
    pub fn new(environment: Environment, global: Global, clock: fn() -> SystemTime) -> Result<Self, CliError> {
        let state = sessions::state_dir(&environment).ok_or_else(no_home)?;
        let file_dir = file_dir(&environment, global.file_dir.as_ref()).ok_or_else(no_home)?;
        let settings = Settings {
            file_dir,
            secret_service_collection: global
                .secret_service_collection
                .clone()
                .unwrap_or_else(|| "awsvault".to_owned()),
        };
        Ok(Self {
            environment,
            global,
            clock,
            aws: Aws::default(),
            sessions: Sessions::new(state),
            settings,
            backend: OnceCell::new(),
            vault: OnceCell::new(),
        })
    }

    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }

    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The config file, read now.
    pub fn config(&self) -> Result<ConfigFile, CliError> {
        let path = ConfigFile::path_from(&self.environment)?;
        Ok(ConfigFile::load(&path)?)
    }

    /// The keystore in use: the one named, else the one recorded, else the first that works here.
    pub fn backend(&self) -> Backend {
        *self.backend.get_or_init(|| {
            let named = self.global.backend.map(args::Backend::keystore);
            named
                .or_else(|| self.index().chosen())
                .unwrap_or_else(|| default_backend(&self.settings))
        })
    }

    pub fn location(&self) -> String {
        keystore::location(self.backend(), &self.settings)
    }

    pub fn vault(&self) -> Result<&Vault, vault::Error> {
        if self.vault.get().is_none() {
            let passphrase = TerminalPassphrase::new(&self.environment);
            let store = keystore::open(self.backend(), &self.settings, Box::new(passphrase))?;
            let _ = self.vault.set(Vault::new(store));
        }
        self.vault.get().ok_or(vault::Error::Random(getrandom::Error::UNEXPECTED))
    }

    pub fn index(&self) -> Index {
        Index::load(self.sessions.dir())
    }

    /// The names of stored keys as the store has them now; also remembers them, and with them the store.
    pub fn stored_names(&self) -> Result<BTreeSet<String>, CliError> {
        let names = self.vault().map_err(from_vault)?.credential_names().map_err(from_vault)?;
        self.remember(&names);
        Ok(names)
    }

    /// Records the names, and which store is in use once it holds something: later runs must not switch silently.
    pub fn remember(&self, names: &BTreeSet<String>) {
        let before = self.index();
        let mut index = before.clone();
        index.stores.insert(self.location(), names.clone());
        if index.backend.is_none() && self.global.backend.is_none() && !names.is_empty() {
            index.backend = Some(Chosen {
                name: self.backend().to_string(),
                since: rfc3339(self.now()),
            });
        }
        // The index can be had again; a read-only state directory is reported when a session is to be kept there.
        let _ = index.save_if_changed(self.sessions.dir(), &before);
    }

    /// The profile as configured. Whether it exists anywhere is `plan`'s question.
    pub fn resolve(&self, config: &ConfigFile, wish: &Wish<'_>) -> Result<Profile, CliError> {
        let overrides = Overrides {
            region: wish.session.region.as_ref().map(|region| region.value.clone()),
            ..Overrides::default()
        };
        Ok(resolve(config, wish.profile, &self.environment, &overrides)?)
    }

    /// The chain for a resolved profile, given which names have stored keys.
    pub fn plan(&self, profile: &Profile, names: &BTreeSet<String>, wish: &Wish<'_>) -> Result<Chain, CliError> {
        let request = Request {
            purpose: wish.purpose,
            no_session: wish.session.no_session,
            duration: duration_setting(wish.session.duration.as_ref())?,
            ttl: Ttl::from_environment(&self.environment),
        };
        Ok(chain::plan(profile, &|name| names.contains(name), &request)?)
    }

    /// From a profile's name to credentials. When the cache answers, the store is not listed.
    pub fn obtain(&self, wish: &Wish<'_>, mfa: &args::MfaToken) -> Result<Obtained, CliError> {
        let config = self.config()?;
        let codes = self.codes(mfa)?;
        let location = self.location();
        let profile = self.resolve(&config, wish)?;
        self.with_provider(&codes, &location, |provider| {
            let chain = match self.warm_chain(&profile, wish, provider) {
                Some(chain) => chain,
                None => self.cold_chain(&config, &profile, wish)?,
            };
            self.debug(|| format!("{chain:#?}"));
            let credentials = provider.credentials(&chain)?;
            Ok(Obtained {
                profile,
                chain,
                credentials,
            })
        })
    }

    /// Runs `work` with everything a chain needs.
    pub fn with_provider<T>(
        &self,
        codes: &CodeSource,
        location: &str,
        work: impl FnOnce(&Provider<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        work(&Provider {
            aws: &self.aws,
            sessions: &self.sessions,
            codes,
            vault: &|| Ok(self.vault()?),
            location,
            clock: &self.clock,
            min_ttl: self.min_ttl(),
            notice: &notice,
        })
    }

    /// The plan by the names last seen, if the cache answers for it.
    fn warm_chain(&self, profile: &Profile, wish: &Wish<'_>, provider: &Provider<'_>) -> Option<Chain> {
        let index = self.index();
        let names = index.names(provider.location)?;
        let chain = self.plan(profile, names, wish).ok()?;
        provider.is_warm(&chain).then_some(chain)
    }

    /// The plan by the names the store has now, for a profile that exists.
    pub fn cold_chain(&self, config: &ConfigFile, profile: &Profile, wish: &Wish<'_>) -> Result<Chain, CliError> {
        let names = self.stored_names()?;
        if profile.line.is_none() && !names.contains(wish.profile) {
            return Err(unknown_profile(wish.profile, config));
        }
        self.plan(profile, &names, wish)
    }

    /// Where MFA codes come from in this run.
    pub fn codes(&self, mfa: &args::MfaToken) -> Result<CodeSource, CliError> {
        use secrecy::ExposeSecret;
        let flag = match &mfa.mfa_token {
            None => None,
            Some(text) => Some(TokenCode::parse(text.expose_secret()).ok_or_else(|| {
                CliError::usage("--mfa-token is not six digits").hint("type the six digits that the device shows")
            })?),
        };
        Ok(CodeSource::new(flag, Box::new(ask_code)))
    }

    /// What must be left of a cached session for it to be handed out.
    pub fn min_ttl(&self) -> Duration {
        min_ttl(&self.environment)
    }

    pub fn debug(&self, message: impl FnOnce() -> String) {
        if self.global.debug {
            notice(&message());
        }
    }
}

/// Where the keys go when nobody said: the desktop's keystore if it answers, else encrypted files.
fn default_backend(settings: &Settings) -> Backend {
    if keystore::probe(Backend::SecretService, settings).is_ok() {
        Backend::SecretService
    } else {
        Backend::File
    }
}

impl args::Backend {
    fn keystore(self) -> Backend {
        match self {
            Self::File => Backend::File,
            Self::SecretService => Backend::SecretService,
        }
    }
}

/// `--file-dir` or `~/.awsvault/keys/`; a leading `~/` is the home directory, since variables reach us unexpanded.
fn file_dir(environment: &Environment, given: Option<&PathBuf>) -> Option<PathBuf> {
    let path = given.cloned().unwrap_or_else(|| PathBuf::from("~/.awsvault/keys"));
    match path.strip_prefix("~") {
        Ok(rest) => Some(environment.home()?.join(rest)),
        Err(_) => Some(path),
    }
}

/// `AWS_MIN_TTL`, a plain Go duration; what cannot be read is ignored, as upstream does it.
fn min_ttl(environment: &Environment) -> Duration {
    environment
        .var("AWS_MIN_TTL")
        .and_then(|text| crate::config::duration::parse_go(text).ok())
        .unwrap_or(provider::DEFAULT_MIN_TTL)
}

fn duration_setting(duration: Option<&Setting<Duration>>) -> Result<Option<Setting<u32>>, CliError> {
    duration
        .map(|setting| {
            u32::try_from(setting.value.as_secs())
                .map(|seconds| Setting::new(seconds, setting.origin.clone()))
                .map_err(|_| CliError::usage(format!("the duration of {} is too long", setting.origin)))
        })
        .transpose()
}

pub fn unknown_profile(name: &str, config: &ConfigFile) -> CliError {
    CliError::new(format!(
        "profile '{name}' not found in {} and no stored credentials exist for it",
        config.path().display()
    ))
    .hint("`aws-vault list` shows the profiles; `aws-vault add` stores a key")
}

/// A command that needs credentials refuses to run inside a subshell that has some: which account it would use is not what its
/// prompt says.
pub fn refuse_nesting(context: &Context) -> Result<(), CliError> {
    match context.environment.var("AWS_VAULT") {
        None => Ok(()),
        Some(_) => Err(CliError::new(
            "running in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force",
        )),
    }
}

fn no_home() -> CliError {
    CliError::new("the home directory is not known").hint("set HOME, or AWS_VAULT_SESSION_DIR and AWS_VAULT_FILE_DIR")
}

fn ask_code(prompt: &str) -> Result<Zeroizing<String>, crate::mfa::Error> {
    use crate::terminal::TerminalError;
    let failed = |error: TerminalError| match error {
        TerminalError::Interrupted => crate::mfa::Error::Interrupted,
        TerminalError::NoTerminal(_) => crate::mfa::Error::NoTerminal {
            serial: prompt
                .trim_start_matches("Enter MFA code for ")
                .trim_end_matches(": ")
                .to_owned(),
        },
        other => crate::mfa::Error::Terminal(other.to_string()),
    };
    Terminal::open()
        .and_then(|mut terminal| terminal.ask(prompt))
        .map_err(failed)
}

/// A line on stderr.
pub fn notice(message: &str) {
    let _ = writeln!(std::io::stderr(), "aws-vault: {}", visible(message));
}

/// The answer of a command. A reader that has gone away (`| head`) is no error of ours.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

pub fn from_vault(error: vault::Error) -> CliError {
    provider::Error::from(error).into()
}
