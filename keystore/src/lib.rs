//! Operating-system secret stores with the item shapes of aws-vault.
//!
//! A [`Keystore`] holds [`Item`]s under names. Stores are chosen by [`Backend`] and opened with [`open`]; nothing is
//! contacted, unlocked or asked for until an item is needed. What a name means, and what is inside an item, is the caller's
//! business: this crate knows nothing about AWS.

mod backend;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(windows)]
mod credential_dialog;
mod envelope;
mod error;
mod file;
mod file_name;
mod item;
mod jwe;
#[cfg(target_os = "macos")]
mod keychain;
#[cfg(target_os = "linux")]
mod keyctl;
#[cfg(target_os = "linux")]
mod kwallet;
mod memory;
mod one_password;
#[cfg(unix)]
mod pass;
#[cfg(target_os = "linux")]
mod secret_service;
mod settings;
#[cfg(unix)]
mod tool;
mod unlocked;
#[cfg(windows)]
mod wincred;

use std::fmt;
use std::path::Path;

use secrecy::SecretString;

pub use backend::{Backend, UnknownBackend};
#[cfg(target_os = "linux")]
pub use bus::Limits;
#[cfg(windows)]
pub use credential_dialog::ask_in_dialog;
pub use error::Error;
pub use file::FileKeystore;
pub use item::{Item, Secret};
#[cfg(target_os = "macos")]
pub use keychain::KeychainKeystore;
#[cfg(target_os = "linux")]
pub use keyctl::KeyctlKeystore;
#[cfg(target_os = "linux")]
pub use kwallet::KwalletKeystore;
pub use memory::MemoryKeystore;
#[cfg(unix)]
pub use one_password::cli::OpKeystore;
pub use one_password::connect::OpConnectKeystore;
#[cfg(unix)]
pub use pass::PassKeystore;
#[cfg(target_os = "linux")]
pub use secret_service::SecretServiceKeystore;
pub use settings::{KeyctlScope, OnePassword, Settings, UnknownScope};
pub use unlocked::Unlocked;
#[cfg(windows)]
pub use wincred::WincredKeystore;

/// A store of items by name.
pub trait Keystore {
    /// Which kind of store this is.
    fn backend(&self) -> Backend;

    /// Identifies the store the items are in, for an index of known names: `file:/home/u/.awsvault/keys`,
    /// `secret-service:awsvault`.
    fn location(&self) -> String;

    /// The names of all items, sorted. Needs no passphrase or unlocking where the store's format allows that.
    fn names(&self) -> Result<Vec<String>, Error>;

    /// The item of that name, or `None` if there is none.
    fn read(&self, name: &str) -> Result<Option<Item>, Error>;

    /// Stores the item under its name, in place of one that is there already. After an error the old item is unchanged.
    fn write(&self, item: &Item) -> Result<(), Error>;

    /// Removes the item of that name; says whether there was one.
    fn remove(&self, name: &str) -> Result<bool, Error>;
}

/// Asks a person, or whatever stands in for one, for the passphrase of a store.
pub trait AskPassphrase {
    /// Called at most once per opened store, unless the answer turned out to be wrong.
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError>;
}

/// What the passphrase is needed for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PassphraseRequest<'a> {
    /// Opens the items that are in this directory already.
    Unlock { dir: &'a Path },
    /// Will protect a new store in this directory: the asker asks twice and compares.
    Create { dir: &'a Path },
    /// The token for a 1Password Connect server.
    ConnectToken,
    /// The token of a 1Password service account; the empty one if the program `op` signs in by itself.
    ServiceAccountToken,
}

/// Why there is no passphrase.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AskError {
    #[error("there is no terminal to ask for {0}")]
    NoTerminal(Asked),
    #[error("the prompt for {0} was interrupted")]
    Interrupted(Asked),
    #[error("cannot ask for {0}: {1}")]
    Failed(Asked, String),
}

/// What was asked for, as errors name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    Passphrase,
    ConnectToken,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Asked::Passphrase => "the passphrase",
            Asked::ConnectToken => "the token of the 1Password Connect server",
        })
    }
}

/// Opens a store. Contacts, unlocks and asks nothing yet.
pub fn open(
    backend: Backend,
    settings: &Settings,
    passphrase: Box<dyn AskPassphrase>,
) -> Result<Box<dyn Keystore>, Error> {
    match backend {
        Backend::File => Ok(Box::new(FileKeystore::new(&settings.file_dir, passphrase))),
        Backend::Memory => Ok(Box::new(MemoryKeystore::default())),
        Backend::OpConnect => Ok(Box::new(OpConnectKeystore::new(
            &settings.one_password,
            passphrase,
        ))),
        #[cfg(unix)]
        Backend::Op => Ok(Box::new(OpKeystore::new(
            &settings.one_password,
            passphrase,
        ))),
        #[cfg(windows)]
        Backend::Wincred => Ok(Box::new(WincredKeystore::new())),
        #[cfg(target_os = "macos")]
        Backend::Keychain => Ok(Box::new(KeychainKeystore::new(&settings.keychain))),
        #[cfg(unix)]
        Backend::Pass => Ok(Box::new(pass(settings))),
        #[cfg(unix)]
        Backend::Passage => Ok(Box::new(passage(settings))),
        #[cfg(target_os = "linux")]
        Backend::SecretService => Ok(Box::new(secret_service(settings))),
        #[cfg(target_os = "linux")]
        Backend::Kwallet => Ok(Box::new(KwalletKeystore::new())),
        #[cfg(target_os = "linux")]
        Backend::Keyctl => Ok(Box::new(keyctl(settings))),
        _ => Err(not_on_this_system(backend)),
    }
}

/// The text of [`Keystore::location`], without opening the store.
pub fn location(backend: Backend, settings: &Settings) -> String {
    match backend {
        Backend::File => file::location(&settings.file_dir),
        Backend::Memory => memory::LOCATION.to_owned(),
        Backend::OpConnect => one_password::connect::location(&settings.one_password),
        #[cfg(unix)]
        Backend::Op => one_password::cli::location(&settings.one_password),
        #[cfg(windows)]
        Backend::Wincred => WincredKeystore::new().location(),
        #[cfg(target_os = "macos")]
        Backend::Keychain => KeychainKeystore::new(&settings.keychain).location(),
        #[cfg(unix)]
        Backend::Pass => pass(settings).location(),
        #[cfg(unix)]
        Backend::Passage => passage(settings).location(),
        #[cfg(target_os = "linux")]
        Backend::SecretService => secret_service(settings).location(),
        #[cfg(target_os = "linux")]
        Backend::Kwallet => KwalletKeystore::new().location(),
        #[cfg(target_os = "linux")]
        Backend::Keyctl => keyctl(settings).location(),
        _ => backend.name().to_owned(),
    }
}

/// Whether the store can be used here. Never prompts or unlocks, starts no service, and takes two seconds at most; for
/// choosing the default store.
pub fn probe(backend: Backend, settings: &Settings) -> Result<(), Error> {
    match backend {
        Backend::File => file::probe(&settings.file_dir),
        Backend::Memory => Ok(()),
        Backend::OpConnect => OpConnectKeystore::probe(&settings.one_password),
        #[cfg(unix)]
        Backend::Op => OpKeystore::probe(&settings.one_password),
        #[cfg(windows)]
        Backend::Wincred => WincredKeystore::new().probe(),
        #[cfg(target_os = "macos")]
        Backend::Keychain => KeychainKeystore::new(&settings.keychain).probe(),
        #[cfg(unix)]
        Backend::Pass => pass(settings).probe(),
        #[cfg(unix)]
        Backend::Passage => passage(settings).probe(),
        #[cfg(target_os = "linux")]
        Backend::SecretService => secret_service(settings).probe(),
        #[cfg(target_os = "linux")]
        Backend::Kwallet => KwalletKeystore::new().probe(),
        #[cfg(target_os = "linux")]
        Backend::Keyctl => keyctl(settings).probe(),
        _ => Err(not_on_this_system(backend)),
    }
}

#[cfg(unix)]
fn pass(settings: &Settings) -> PassKeystore {
    PassKeystore::pass(&settings.pass_dir)
        .with_command(settings.pass_cmd.as_deref())
        .with_prefix(&settings.pass_prefix)
}

#[cfg(unix)]
fn passage(settings: &Settings) -> PassKeystore {
    PassKeystore::passage(&settings.passage_dir)
        .with_command(settings.pass_cmd.as_deref())
        .with_prefix(&settings.pass_prefix)
}

#[cfg(target_os = "linux")]
fn secret_service(settings: &Settings) -> SecretServiceKeystore {
    SecretServiceKeystore::new(&settings.secret_service_collection)
}

#[cfg(target_os = "linux")]
fn keyctl(settings: &Settings) -> KeyctlKeystore {
    KeyctlKeystore::new(settings.keyctl_scope).with_permissions(settings.keyctl_permissions)
}

fn directory_location(backend: Backend, dir: &Path) -> String {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    format!("{backend}:{}", absolute.display())
}

fn not_on_this_system(backend: Backend) -> Error {
    Error::unavailable(backend, "this operating system has no such store")
}
