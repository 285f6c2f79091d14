//! The directory of a password store, as far as we look at it ourselves.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Backend, Error};

use super::name;

/// A folder of a password store.
pub(super) struct StoreDir {
    backend: Backend,
    /// The whole store's directory.
    root: PathBuf,
    /// Where the items are.
    folder: PathBuf,
    extension: &'static str,
}

/// What others must not do meanwhile.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Access {
    /// Write.
    Shared,
    /// Read or write: the programs write in place, and two commits to a store's Git repository at once fail.
    Exclusive,
}

impl StoreDir {
    pub(super) fn new(
        backend: Backend,
        root: PathBuf,
        folder: PathBuf,
        extension: &'static str,
    ) -> Self {
        StoreDir {
            backend,
            root,
            folder,
            extension,
        }
    }

    /// Keeps other processes like this one from the store while the result lives.
    pub(super) fn lock(&self, access: Access, deadline: Instant) -> Result<Option<File>, Error> {
        let started = Instant::now();
        let Some(dir) = existing(File::open(&self.root), &self.root)? else {
            return Ok(None);
        };
        loop {
            let locked = match access {
                Access::Shared => dir.try_lock_shared(),
                Access::Exclusive => dir.try_lock(),
            };
            match locked {
                Ok(()) => return Ok(Some(dir)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(Error::TimedOut {
                        backend: self.backend,
                        seconds: started.elapsed().as_secs(),
                    });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
                // Some network file systems have no locks.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(None);
                }
                Err(TryLockError::Error(error)) => return Err(Error::io(&self.root, error)),
            }
        }
    }

    /// The paths of all items, without their extension.
    pub(super) fn paths(&self) -> Result<Vec<String>, Error> {
        let mut paths = Vec::new();
        let mut seen = HashSet::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let dir = self.folder.join(&folder);
            let Some(entries) = existing(fs::read_dir(&dir), &dir)? else {
                continue;
            };
            for entry in entries {
                let entry = entry.map_err(|error| Error::io(&dir, error))?;
                let Some(entry_name) = entry.file_name().to_str().map(str::to_owned) else {
                    continue;
                };
                // Not the entry's own type: a symbolic link counts as what it points to.
                let Ok(meta) = fs::metadata(entry.path()) else {
                    continue;
                };
                let path = name::cleaned(&format!("{folder}/{entry_name}"));
                if meta.is_dir() {
                    // Links may lead round in a circle.
                    let is_new = seen.insert((meta.dev(), meta.ino()));
                    if is_new && !name::NOT_FOR_ITEMS.contains(&entry_name.as_str()) {
                        folders.push(path);
                    }
                } else if entry_name != self.extension
                    && let Some(path) = path.strip_suffix(self.extension)
                {
                    paths.push(path.to_owned());
                }
            }
        }
        Ok(paths)
    }

    /// The size of the file at that path in bytes, if there is one.
    pub(super) fn size(&self, path: &str) -> Result<Option<usize>, Error> {
        let file = self.file(path);
        let meta = existing(fs::metadata(&file), &file)?.filter(fs::Metadata::is_file);
        Ok(meta.map(|meta| usize::try_from(meta.len()).unwrap_or(usize::MAX / 2)))
    }

    /// What the file at that path has in it, encrypted as it is.
    pub(super) fn content(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let file = self.file(path);
        existing(fs::read(&file), &file)
    }

    /// Undoes what a program that failed has done: it may have emptied the file, or written a part of it.
    pub(super) fn restore(&self, path: &str, before: Option<Vec<u8>>) {
        let file = self.file(path);
        let now = fs::read(&file).ok();
        if now == before {
            return;
        }
        // The program's own error is the one to report.
        let _ = match before {
            Some(content) => put_back(&file, &content),
            None => fs::remove_file(&file),
        };
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.join(format!("{path}{}", self.extension))
    }
}

fn put_back(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    let mut copy = tempfile::Builder::new()
        .prefix(".aws-vault-")
        .tempfile_in(folder)?;
    copy.write_all(content)?;
    copy.as_file().sync_all()?;
    copy.persist(file)?;
    Ok(())
}

fn existing<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, Error> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};

    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => {
            Ok(None)
        }
        Err(error) => Err(Error::io(path, error)),
    }
}
