//! What can go wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

use crate::{AskError, Backend};

/// Why a store could not do what was asked. The text is one sentence and never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store is not there at all.
    #[error("the {backend} keystore is not available: {reason}")]
    Unavailable { backend: Backend, reason: String },
    /// The store, or one item, stayed locked although unlocking was asked for.
    #[error("the {backend} keystore is still locked after it was asked to unlock {what}")]
    Locked { backend: Backend, what: String },
    /// A person closed the store's own dialog.
    #[error("the prompt of the {backend} keystore was dismissed")]
    Dismissed { backend: Backend },
    /// The store, or the person at its dialog, did not answer.
    #[error("the {backend} keystore did not answer within {seconds} seconds")]
    TimedOut { backend: Backend, seconds: u64 },
    /// The passphrase opens no item of the store.
    #[error("the passphrase does not open the keystore in {}", .dir.display())]
    WrongPassphrase { dir: PathBuf },
    /// The passphrase opens other items of the store, but not this one.
    #[error("{name:?} was stored with another passphrase than the rest of the keystore in {}", .dir.display())]
    OtherPassphrase { name: String, dir: PathBuf },
    /// A new store would not have been protected.
    #[error("a new keystore needs a passphrase that is not empty")]
    EmptyPassphrase,
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The stored bytes are not what they should be.
    #[error("the stored item {name:?} cannot be read: {reason}")]
    Corrupt { name: String, reason: String },
    /// No store, or not this one, can hold an item of that name.
    #[error("{name:?} cannot be the name of an item: {reason}")]
    InvalidName { name: String, reason: &'static str },
    /// The store refuses this process.
    #[error("the {backend} keystore denies access: {reason}")]
    Denied { backend: Backend, reason: String },
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The store's format has a limit for each item.
    #[error(
        "{name:?} is too large for the {backend} keystore: it has {size} bytes, and {limit} fit"
    )]
    TooLarge {
        backend: Backend,
        name: String,
        size: usize,
        limit: usize,
    },
    /// The store has no room for the item.
    #[error("the {backend} keystore is full: {reason}")]
    Full { backend: Backend, reason: String },
    /// The store, or the program or service behind it, gave an answer that is none of the above.
    #[error("the {backend} keystore failed to {operation}: {reason}")]
    Failed {
        backend: Backend,
        operation: &'static str,
        reason: String,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Error::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn unavailable(backend: Backend, reason: impl Into<String>) -> Self {
        Error::Unavailable {
            backend,
            reason: reason.into(),
        }
    }

    pub(crate) fn failed(
        backend: Backend,
        operation: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Error::Failed {
            backend,
            operation,
            reason: reason.into(),
        }
    }

    pub(crate) fn corrupt(name: &str, reason: impl Into<String>) -> Self {
        Error::Corrupt {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }
}
