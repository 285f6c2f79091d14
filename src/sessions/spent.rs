//! Which code of a device was used last, when its seed is in the vault: AWS takes each code once, whoever of several processes
//! sends it.

use std::path::PathBuf;

use super::{Fingerprint, Sessions, lock};
use crate::files::{self, PathError};

/// Older ones say nothing any more.
pub(super) const EXTENSION: &str = "spent";

impl Sessions {
    /// Takes the lock under which a code of the device is chosen. `waiting` is called once, after a second of waiting.
    pub fn lock_codes(
        &self,
        serial: &str,
        waiting: impl FnOnce() + Send,
    ) -> Result<lock::Lock, PathError> {
        files::create_private_dir(&self.dir)?;
        lock::acquire(&self.spent(serial).with_extension("codes.lock"), waiting)
    }

    /// The newest 30-second step whose code was used, if that is known.
    pub fn spent_step(&self, serial: &str) -> Option<u64> {
        std::fs::read_to_string(self.spent(serial))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Notes that the code of a step is used, before it is sent.
    pub fn note_spent(&self, serial: &str, step: u64) -> Result<(), PathError> {
        files::create_private_dir(&self.dir)?;
        files::write_atomically(&self.spent(serial), format!("{step}\n").as_bytes())
    }

    fn spent(&self, serial: &str) -> PathBuf {
        let name = Fingerprint::of_mfa_device(serial);
        self.dir.join(format!("{name}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_has_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(dir.path().join("state"));
        assert_eq!(sessions.spent_step("a"), None);
        let lock = sessions.lock_codes("a", || ()).unwrap();
        sessions.note_spent("a", 7).unwrap();
        drop(lock);
        sessions.note_spent("b", 8).unwrap();
        assert_eq!(sessions.spent_step("a"), Some(7));
        assert_eq!(sessions.spent_step("b"), Some(8));
    }
}
