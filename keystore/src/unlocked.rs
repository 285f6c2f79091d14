//! A secret that need not be asked for again for a while: kept in the kernel's user keyring, under a time-out.
//!
//! Kernel memory is neither swapped nor dumped, is lost at a reboot, and is closed to other users. Any process of the same
//! user may read it, as it may ask an unlocked keystore; so this is for keys that can be had again, never for long-term ones.

use std::time::Duration;

use crate::Secret;

/// Secrets in the kernel keyring by name. Where the kernel has none (some containers forbid it), nothing is ever found.
#[derive(Debug, Clone, Copy)]
pub struct Unlocked {
    ttl: Duration,
}

impl Unlocked {
    /// `ttl` counts from when a secret is kept, in whole seconds; zero switches the keyring off.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl }
    }

    /// The secret, unless its time is over.
    pub fn recall(&self, name: &str) -> Option<Secret> {
        if self.ttl.as_secs() == 0 {
            return None;
        }
        kernel::recall(name)
    }

    /// Keeps the secret, in place of one kept under that name before. Says whether it is kept.
    pub fn keep(&self, name: &str, secret: &Secret) -> bool {
        self.ttl.as_secs() > 0 && kernel::keep(name, secret.expose(), self.ttl)
    }

    /// Forgets the secret now, whatever the time-out is; says whether there was one.
    pub fn forget(&self, name: &str) -> bool {
        kernel::forget(name)
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::time::Duration;

    use linux_keyutils::{
        Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission,
    };

    use crate::Secret;

    pub(super) fn recall(name: &str) -> Option<Secret> {
        let payload = find(name).ok()?.read_to_vec().ok()?;
        Some(Secret::from(payload))
    }

    /// By default a key in the user keyring can be read only by who *possesses* it, and a process in a session keyring of its
    /// own (a new login, `sudo -i`, some terminals) does not. The right to read is therefore given to the user, which only a
    /// possessor may do: so the key is made in this process's keyring first.
    pub(super) fn keep(name: &str, secret: &[u8], ttl: Duration) -> bool {
        let keep = || -> Result<(), KeyError> {
            let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
            let key = own.add_key(name, secret)?;
            key.set_perms(
                KeyPermissionsBuilder::builder()
                    .posessor(Permission::ALL)
                    .user(Permission::ALL)
                    .build(),
            )?;
            key.set_timeout(usize::try_from(ttl.as_secs()).unwrap_or(usize::MAX))?;
            // A link replaces the link to another key of that name.
            user_keyring()?.link_key(key)?;
            own.unlink_key(key)
        };
        keep().is_ok()
    }

    pub(super) fn forget(name: &str) -> bool {
        find(name).and_then(|key| key.invalidate()).is_ok()
    }

    fn find(name: &str) -> Result<Key, KeyError> {
        user_keyring()?.search(name)
    }

    fn user_keyring() -> Result<KeyRing, KeyError> {
        KeyRing::from_special_id(KeyRingIdentifier::User, false)
    }
}

/// Other systems unlock their stores themselves, once per login.
#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::time::Duration;

    use crate::Secret;

    pub(super) fn recall(_name: &str) -> Option<Secret> {
        None
    }

    pub(super) fn keep(_name: &str, _secret: &[u8], _ttl: Duration) -> bool {
        false
    }

    pub(super) fn forget(_name: &str) -> bool {
        false
    }
}
