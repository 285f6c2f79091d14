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
    use std::ffi::CString;
    use std::io;
    use std::time::Duration;

    use crate::Secret;
    use crate::keyctl::kernel::{self, Serial, USER};

    /// All rights for who possesses the key and for the user; see keyctl_setperm(3).
    const POSSESSOR_AND_USER: u32 = 0x3f3f_0000;

    pub(super) fn recall(name: &str) -> Option<Secret> {
        let payload = kernel::read(find(name).ok()?).ok()?;
        Some(Secret::from(payload))
    }

    /// By default a key in the user keyring can be read only by who *possesses* it, and a process in a session keyring of its
    /// own (a new login, `sudo -i`, some terminals) does not. The right to read is therefore given to the user, which only a
    /// possessor may do: so the key is made in this process's keyring first.
    pub(super) fn keep(name: &str, secret: &[u8], ttl: Duration) -> bool {
        let keep = || -> io::Result<()> {
            let own = kernel::resolve(Serial::PROCESS, true)?;
            let key = kernel::add(USER, &CString::new(name)?, secret, own)?;
            kernel::set_permissions(key, POSSESSOR_AND_USER)?;
            kernel::set_timeout(key, ttl)?;
            // A link replaces the link to another key of that name.
            kernel::link(key, kernel::resolve(Serial::USER, false)?)?;
            kernel::unlink(key, own)
        };
        keep().is_ok()
    }

    pub(super) fn forget(name: &str) -> bool {
        find(name).and_then(kernel::invalidate).is_ok()
    }

    fn find(name: &str) -> io::Result<Serial> {
        kernel::search(Serial::USER, USER, &CString::new(name)?)
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
