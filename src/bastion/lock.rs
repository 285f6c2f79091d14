//! One `apply` at a time for one bastion account, on this computer. The operating system frees the lock with its holder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::files::{AtPath as _, PathError, create_private_dir};

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// `None` when another process holds it.
pub fn try_acquire(state: &Path, bastion: &str) -> Result<Option<Lock>, PathError> {
    create_private_dir(state)?;
    let path = state.join(format!("bastion-{bastion}.lock"));
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .at(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source).at(&path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_for_each_bastion_account() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let held = try_acquire(&state, "111122223333").unwrap();
        assert!(held.is_some());
        assert!(try_acquire(&state, "111122223333").unwrap().is_none());
        assert!(try_acquire(&state, "999988887777").unwrap().is_some());
        drop(held);
        assert!(try_acquire(&state, "111122223333").unwrap().is_some());
    }
}
