//! An advisory lock of the operating system: it dies with its holder, so a killed process never blocks the next.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::files::{AtPath, PathError};

/// How long somebody waits before being told why.
const PATIENCE: Duration = Duration::from_secs(1);

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    path: PathBuf,
}

/// Takes the lock at `path`, waiting for its holder; `waiting` is called once, after a second.
pub fn acquire(path: &Path, waiting: impl FnOnce() + Send) -> Result<Lock, PathError> {
    let mut waiting = Some(waiting);
    loop {
        let file = open(path).at(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => wait_for(&file, waiting.take()).at(path)?,
            Err(TryLockError::Error(source)) => return Err(source).at(path),
        }
        // The holder removes the file before letting go: whoever waited on the removed one starts again.
        if is_current(&file, path) {
            return Ok(Lock {
                _file: file,
                path: path.to_owned(),
            });
        }
    }
}

/// Whether somebody holds the lock at `path`.
pub fn is_held(path: &Path) -> bool {
    // Never created here: the file of a holder is there.
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn wait_for(file: &File, waiting: Option<impl FnOnce() + Send>) -> std::io::Result<()> {
    let (done, still_waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let timed_out =
                still_waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            if let (true, Some(waiting)) = (timed_out, waiting) {
                waiting();
            }
        });
        let result = file.lock();
        drop(done);
        result
    })
}

#[cfg(unix)]
fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

/// Windows refuses to remove a file that somebody has open, so the name cannot change hands.
#[cfg(not(unix))]
fn is_current(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_holder_at_a_time_and_nothing_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = acquire(&path, || ()).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }

    #[test]
    fn a_holder_is_seen_and_a_lost_file_is_not_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        assert!(!is_held(&path));
        let lock = acquire(&path, || ()).unwrap();
        assert!(is_held(&path));
        drop(lock);
        fs::write(&path, "").unwrap();
        assert!(!is_held(&path));
    }
}
