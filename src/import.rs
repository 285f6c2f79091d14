//! Access keys that lie about in clear text: found in a file, and cut out of it so that every other byte stays.
//!
//! Nothing here writes. What is removed is described by byte ranges of the text, so that it can be put back.

pub mod credentials_file;
pub mod csv;
pub mod cut;
pub mod undo;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::credentials::AccessKey;

/// Keys are kept in small files; what is longer is a mistake or an attack on our memory.
const MAX_BYTES: u64 = 16 << 20;

/// Why keys cannot be read from a file, or removed from it. Never quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no file {}", path.display())]
    NoFile { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is {kind}", path.display())]
    NotAFile { path: PathBuf, kind: &'static str },
    #[error("{} is larger than {} MiB", path.display(), limit >> 20)]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{} is {what}", path.display())]
    NotText { path: PathBuf, what: &'static str },
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        path: PathBuf,
        /// From 1.
        line: usize,
        message: &'static str,
    },
    #[error("{} has no write permission, so nothing can be removed from it", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} was changed by another program meanwhile; it was left as it is", path.display())]
    Changed { path: PathBuf },
    #[error("nothing that was removed from {} is kept in this store", path.display())]
    NothingToUndo { path: PathBuf },
    #[error("{} was changed since keys were removed from it; it was left as it is", path.display())]
    ChangedSince { path: PathBuf },
    #[error("what was kept of {} cannot be understood: {reason}", path.display())]
    BadRecord { path: PathBuf, reason: String },
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoFile { .. } => {
                "AWS_SHARED_CREDENTIALS_FILE names another credentials file; --csv reads the file of the IAM console"
            }
            Self::NotText { .. } => "save it as UTF-8 text and try again",
            Self::Malformed { .. } => {
                "correct the line, or `aws-vault add` the key by hand; nothing was changed"
            }
            Self::ReadOnly { .. } => "`chmod u+w` it, or leave --scrub out",
            Self::Write { .. } => {
                "check the permissions of the directory, and the room on the disk"
            }
            Self::Changed { .. } => "the keys are stored; run the same again",
            Self::NothingToUndo { .. } => {
                "it is looked for in the store in use: see `aws-vault backends`"
            }
            Self::ChangedSince { .. } => {
                "`aws-vault export --no-session --format=ini NAME` prints a stored key as such a file has it"
            }
            Self::Read { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::BadRecord { .. } => return None,
        })
    }
}

/// An access key in a file.
#[derive(Debug)]
pub struct Found {
    /// Name to store it under.
    pub name: String,
    pub content: Content,
    /// What goes from the file with the key.
    pub bytes: Vec<Range<usize>>,
}

/// What stands in the place of a key.
#[derive(Debug)]
pub enum Content {
    LongTerm(AccessKey),
    /// Expires by itself; only its id is told.
    Temporary(String),
    /// No key that could be stored, and why.
    Unusable(&'static str),
}

/// The text of a file. Never waits (a pipe is refused), and never reads more than 16 MiB.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Error::NoFile { path: path.into() },
        _ => Error::Read {
            path: path.into(),
            source,
        },
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile {
            path: path.into(),
            kind: if metadata.is_dir() {
                "a directory"
            } else {
                "not an ordinary file"
            },
        });
    }
    let expected = usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or(0);
    // Room for the whole file at once: a vector that grows leaves copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 1));
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge {
            path: path.into(),
            limit: MAX_BYTES,
        });
    }
    text(bytes).map_err(|what| Error::NotText {
        path: path.into(),
        what,
    })
}

/// Whether the file's mode lets others than its owner read it.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}

/// A file without write permission is not changed, although its directory would let us replace it.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.permissions().readonly() => {
            Err(Error::ReadOnly { path: path.into() })
        }
        _ => Ok(()),
    }
}

fn text(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, &'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("UTF-16, which AWS's tools do not read");
    }
    if bytes.contains(&0) {
        return Err("no text: it has NUL bytes in it");
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err("not UTF-8")
        }
    }
}
