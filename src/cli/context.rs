//! What the commands share: the environment, the config file and the choice of the keystore. Everything is opened when first
//! needed, and not before.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_vault_keystore::{self as keystore, Backend, Settings, Unlocked};

use super::args::{self, Global};
use super::output::notice;
use super::passphrase::TerminalPassphrase;
use super::stores;
use crate::aws::Aws;
use crate::config::file::ConfigFile;
use crate::credentials::rfc3339;
use crate::environment::Environment;
use crate::error::CliError;
use crate::index::{Chosen, Index};
use crate::provider::{self, Style};
use crate::sessions::{self, Sessions};
use crate::vault::{self, Inventory, Vault};

/// As long as `sudo` remembers a password on most systems.
const DEFAULT_UNLOCK_TTL: Duration = Duration::from_mins(15);

/// One run of the program.
#[derive(Debug)]
pub struct Context {
    pub environment: Environment,
    pub global: Global,
    pub clock: fn() -> SystemTime,
    pub aws: Aws,
    /// How people sign in here.
    pub sign_in: Style,
    sessions: Sessions,
    settings: Settings,
    backend: OnceCell<Backend>,
    vault: OnceCell<Vault>,
}

impl Context {
    pub fn new(
        environment: Environment,
        global: Global,
        clock: fn() -> SystemTime,
        sign_in: Style,
    ) -> Result<Self, CliError> {
        let state = sessions::state_dir(&environment).ok_or_else(no_home)?;
        let settings = stores::settings(&environment, &global).ok_or_else(no_home)?;
        Ok(Self {
            environment,
            global,
            clock,
            aws: Aws::default(),
            sign_in,
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
                .unwrap_or_else(|| stores::default_backend(&self.environment, &self.settings))
        })
    }

    pub fn location(&self) -> String {
        keystore::location(self.backend(), &self.settings)
    }

    /// Where any store keeps its items, for `keystore::location`, `probe` and `open`.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn vault(&self) -> Result<&Vault, vault::Error> {
        if self.vault.get().is_none() {
            let passphrase = TerminalPassphrase::new(&self.environment);
            let store = keystore::open(self.backend(), &self.settings, Box::new(passphrase))?;
            let _ = self.vault.set(Vault::new(store));
        }
        self.vault
            .get()
            .ok_or(vault::Error::Random(getrandom::Error::UNEXPECTED))
    }

    pub fn index(&self) -> Index {
        Index::load(self.sessions.dir())
    }

    /// The names of stored keys as the store has them now; also remembers them, and with them the store.
    pub fn stored_names(&self) -> Result<BTreeSet<String>, CliError> {
        Ok(self.inventory()?.credentials)
    }

    /// The same with the names of unfinished rotations.
    pub fn inventory(&self) -> Result<Inventory, CliError> {
        let vault = self.vault().map_err(from_vault)?;
        let inventory = vault.inventory().map_err(from_vault)?;
        self.remember(&inventory);
        Ok(inventory)
    }

    /// Records the names, and which store is in use once it holds something: later runs must not switch silently.
    fn remember(&self, inventory: &Inventory) {
        self.edit_index(|index| {
            index.note(
                &self.location(),
                &inventory.credentials,
                &inventory.rotations,
            );
            let named = self.global.backend.is_some();
            if index.backend.is_none() && !named && !inventory.credentials.is_empty() {
                index.backend = Some(Chosen {
                    name: self.backend().to_string(),
                    since: rfc3339(self.now()),
                });
            }
        });
    }

    /// Changes the index. It can be had again, so a failure is none: a read-only state directory is reported when a session is
    /// to be kept there.
    pub fn edit_index(&self, change: impl FnOnce(&mut Index)) {
        let before = self.index();
        let mut index = before.clone();
        change(&mut index);
        let _ = index.save_if_changed(self.sessions.dir(), &before);
    }

    /// Remembers when the key stored as `name` was made; `None`: that is not known.
    pub fn note_created(&self, name: &str, created: Option<SystemTime>) {
        self.edit_index(|index| index.note_created(&self.location(), name, created));
    }

    /// One line on rotations that were interrupted, from the index alone. While one runs there is nothing to say.
    pub fn tell_of_unfinished_rotations(&self) {
        let index = self.index();
        let names: Vec<_> = index
            .interrupted()
            .map(|(location, name)| {
                let store = location.split(':').next().unwrap_or(location);
                format!("'{name}' ({store} store)")
            })
            .collect();
        if !names.is_empty() && !self.sessions.rotation_runs() {
            notice(&format!(
                "the rotation of {} was interrupted: `aws-vault rotate --resume` finishes it",
                names.join(", ")
            ));
        }
    }

    /// What must be left of a cached session for it to be handed out.
    pub fn min_ttl(&self) -> Duration {
        min_ttl(&self.environment)
    }

    /// Where the session key rests after the store was unlocked.
    pub fn unlocked(&self) -> Unlocked {
        Unlocked::new(self.global.unlock_ttl.unwrap_or(DEFAULT_UNLOCK_TTL))
    }

    pub fn debug(&self, message: impl FnOnce() -> String) {
        if self.global.debug {
            notice(&message());
        }
    }
}

/// `AWS_MIN_TTL`, a plain Go duration; what cannot be read is ignored, as upstream does it.
fn min_ttl(environment: &Environment) -> Duration {
    environment
        .var("AWS_MIN_TTL")
        .and_then(|text| crate::config::duration::parse_go(text).ok())
        .unwrap_or(provider::DEFAULT_MIN_TTL)
}

fn no_home() -> CliError {
    CliError::new("the home directory is not known")
        .hint("set HOME, or AWS_VAULT_SESSION_DIR and AWS_VAULT_FILE_DIR")
}

pub fn from_vault(error: vault::Error) -> CliError {
    provider::Error::from(error).into()
}
