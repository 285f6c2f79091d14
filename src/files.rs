//! Files that must never be seen half-written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Ending of files that are not whole yet.
pub const TEMPORARY_EXTENSION: &str = "tmp";

/// An I/O error never travels without its path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct PathError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Attaches the path to an I/O result.
pub trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, PathError>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, PathError> {
        self.map_err(|source| PathError {
            path: path.to_owned(),
            source,
        })
    }
}

/// Creates `dir` and its missing parents, readable by the owner only.
///
/// The mode is also set on a directory that exists: an earlier version or an unpacked backup may have left it open.
pub fn create_private_dir(dir: &Path) -> Result<(), PathError> {
    if !dir.is_dir() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).at(dir)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir).at(dir)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).at(dir)?;
        }
    }
    Ok(())
}

/// A private temporary file beside its destination: room is taken at once, so that a full disk is noticed before an MFA code
/// is spent, and the content appears under its name only whole.
#[derive(Debug)]
pub struct Pending {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    done: bool,
}

impl Pending {
    /// Reserves `bytes` of room for `path`, whose directory must exist.
    pub fn reserve(path: &Path, bytes: usize) -> Result<Self, PathError> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random)
            .map_err(io::Error::other)
            .at(path)?;
        let temporary = path.with_extension(format!(
            "{:016x}.{TEMPORARY_EXTENSION}",
            u64::from_ne_bytes(random)
        ));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&temporary).at(&temporary)?;
        let mut pending = Self {
            file,
            temporary,
            path: path.to_owned(),
            done: false,
        };
        pending.file.write_all(&vec![0; bytes]).at(path)?;
        Ok(pending)
    }

    /// The temporary file, whose mode and owner become those of `path`.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes the content and gives the file its name, in one step that survives a crash.
    pub fn commit(mut self, content: &[u8]) -> Result<(), PathError> {
        use std::io::Seek;
        let write = |file: &mut File| -> io::Result<()> {
            file.rewind()?;
            file.write_all(content)?;
            file.set_len(content.len() as u64)?;
            file.sync_all()
        };
        write(&mut self.file).at(&self.path)?;
        fs::rename(&self.temporary, &self.path).at(&self.path)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Replaces `path` by `content`, whole or not at all, readable by the owner only.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), PathError> {
    Pending::reserve(path, 0)?.commit(content)
}
