//! The config file on disk: replaced whole or not at all, by one process at a time.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::file::ConfigFile;
use crate::files::Pending;

/// Symbolic links the kernel follows before it gives up.
const MAX_LINKS: usize = 40;

/// Reads the file, lets `edit` decide on a new text, and writes that. `None` leaves the file alone.
///
/// Two processes that add profiles at once take turns (the lock is on the directory and dies with its holder), so neither
/// loses the other's section.
pub fn update<E: From<Error>>(
    path: &Path,
    edit: impl FnOnce(&ConfigFile) -> Result<Option<String>, E>,
) -> Result<(), E> {
    exclusively(path, || {
        if let Some(text) = edit(&ConfigFile::load(path)?)? {
            write_atomically(path, &text)?;
        }
        Ok(())
    })
    .map_err(|source| failed(path, source))?
}

/// Does `work` while no other process of ours changes the file, whose directory is made if need be.
pub fn exclusively<T>(path: &Path, work: impl FnOnce() -> T) -> io::Result<T> {
    let target = target(path)?;
    let directory = directory(&target);
    create_directory(directory)?;
    // Some file systems have no locks, and Windows opens no directories: then it is as it was before there was a lock.
    let lock = File::open(directory).ok();
    let _locked = lock.as_ref().map(File::lock);
    Ok(work())
}

/// Replaces the file's content. Symbolic links stay and their target is replaced; mode and owner stay. A new file is for its
/// owner only, and so is a new directory.
///
/// A file without write permission is left alone, although its directory would let us replace it.
pub fn write_atomically(path: &Path, text: &str) -> Result<(), Error> {
    replace(path, text.as_bytes()).map_err(|source| failed(path, source))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = target(path)?;
    let existing = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if existing
        .as_ref()
        .is_some_and(|metadata| metadata.permissions().readonly())
    {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let directory = directory(&target);
    create_directory(directory)?;
    let pending = Pending::reserve(&target, 0).map_err(|error| error.source)?;
    if let Some(existing) = &existing {
        keep_owner(pending.file(), existing);
        pending.file().set_permissions(existing.permissions())?;
    }
    pending.commit(content).map_err(|error| error.source)?;
    sync_directory(directory);
    Ok(())
}

/// The file behind the symbolic links, which need not exist yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = directory(&target).join(link),
            // Not a link, or not there.
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Under sudo the file would become root's; where we may not give it away it was ours already.
#[cfg(unix)]
fn keep_owner(file: &File, existing: &Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    let _ = std::os::unix::fs::fchown(file, Some(existing.uid()), Some(existing.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// Makes the new name survive a power cut; the content is safe either way, so a file system that cannot do it is no error.
fn sync_directory(directory: &Path) {
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}
