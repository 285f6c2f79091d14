//! Files and directories that others never see half-written, on every system.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::Error;

/// Readers see the old content or the new one, also after a power cut.
pub(super) fn replace(dir: &Path, path: &Path, content: &[u8]) -> Result<(), Error> {
    // Outside the store where possible, since earlier releases would list a temporary file as an item.
    if let Some(parent) = sibling_dir(dir)
        && write_through(&parent, path, content).is_ok()
    {
        return sync_dir(dir);
    }
    write_through(dir, path, content).map_err(|error| Error::io(path, error))?;
    sync_dir(dir)
}

/// `None` for what is not there.
pub(super) fn existing<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

fn write_through(temporary_dir: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file: NamedTempFile = tempfile::Builder::new()
        .prefix(".aws-vault-")
        .suffix(".tmp")
        .tempfile_in(temporary_dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The directory around the store, if a rename from there into the store can work.
#[cfg(unix)]
fn sibling_dir(dir: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;

    let dir = dir.canonicalize().ok()?;
    let parent = dir.parent()?;
    let same_filesystem = fs::metadata(&dir).ok()?.dev() == fs::metadata(parent).ok()?.dev();
    same_filesystem.then(|| parent.to_owned())
}

#[cfg(not(unix))]
fn sibling_dir(dir: &Path) -> Option<PathBuf> {
    Some(dir.canonicalize().ok()?.parent()?.to_owned())
}

pub(super) fn make_private_dir(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| Error::io(dir, error))
}

/// Held until dropped, or until the process ends.
pub(super) struct Lock(
    #[allow(dead_code, reason = "closing the file releases the lock")] Option<File>,
);

#[cfg(unix)]
pub(super) fn lock(dir: &Path) -> Result<Lock, Error> {
    let file = File::open(dir).map_err(|error| Error::io(dir, error))?;
    match file.lock() {
        // Some network file systems have no locks; then two first writers at once are on their own.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(Error::io(dir, error)),
        _ => Ok(Lock(Some(file))),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn lock(_dir: &Path) -> Result<Lock, Error> {
    Ok(Lock(None))
}

/// Makes a rename or removal last through a power cut.
#[cfg(unix)]
pub(super) fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| Error::io(dir, error))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn sync_dir(_dir: &Path) -> Result<(), Error> {
    Ok(())
}
