//! The Linux kernel's key retention service.
//!
//! The layout is that of earlier aws-vault releases: a keyring `aws-vault` inside one of the process's keyrings, and in it one
//! key of type `user` per item, whose description is the item's name and whose payload is its data. Label and the other
//! properties of an item are not kept. A reboot empties the store, and so does the end of the user's last process.

pub(crate) mod kernel;

use std::ffi::CString;
use std::fmt;
use std::io;

use crate::item::check_name;
use crate::{Backend, Error, Item, KeyctlScope, Keystore, Secret};
use kernel::{KEYRING, Serial, USER};

const BACKEND: Backend = Backend::Keyctl;

/// The keyring of earlier releases.
const KEYRING_NAME: &str = "aws-vault";

/// What the kernel takes as the payload of a key, in bytes.
const MAX_DATA: usize = 32_767;

/// What the kernel takes as the description of a key, in bytes.
const MAX_NAME: usize = 4095;

/// One keyring of the kernel.
#[derive(Clone)]
pub struct KeyctlKeystore {
    scope: KeyctlScope,
    keyring: String,
    permissions: Option<u32>,
}

impl KeyctlKeystore {
    /// The keyring `aws-vault` inside that of the scope.
    pub fn new(scope: KeyctlScope) -> Self {
        KeyctlKeystore {
            scope,
            keyring: KEYRING_NAME.to_owned(),
            permissions: None,
        }
    }

    /// Uses a keyring of another name, which must not have a NUL.
    #[must_use]
    pub fn with_keyring(mut self, name: &str) -> Self {
        name.clone_into(&mut self.keyring);
        self
    }

    /// Gives new keys these permissions, as keyctl_setperm(3) describes them.
    #[must_use]
    pub fn with_permissions(mut self, permissions: Option<u32>) -> Self {
        self.permissions = permissions;
        self
    }

    /// Whether the kernel lets us use its keyrings; makes none.
    pub fn probe(&self) -> Result<(), Error> {
        self.parent().map(drop)
    }

    /// The keyring of the scope, with its keys in our possession.
    ///
    /// Possession is what counts for reading a key with the kernel's usual permissions. It comes with being in the session
    /// keyring, the process's or the thread's, and the user's keyring need not be in any of them: `keyctl session`, some
    /// `sudo` and cron make sessions without it. So it is linked to the process's, which ends with the process.
    fn parent(&self) -> Result<Serial, Error> {
        let found = match self.scope {
            KeyctlScope::User => possessed(Serial::USER),
            KeyctlScope::UserSession => possessed(Serial::USER_SESSION),
            KeyctlScope::Session => kernel::resolve(Serial::SESSION, false),
            KeyctlScope::Process => kernel::resolve(Serial::PROCESS, true),
            KeyctlScope::Thread => kernel::resolve(Serial::THREAD, true),
            KeyctlScope::Persistent => kernel::persistent(Serial::PROCESS),
        };
        found.map_err(|error| to_error("open the keyring", &error))
    }

    /// Our keyring, if it is there.
    fn find_keyring(&self, parent: Serial) -> Result<Option<Serial>, Error> {
        let links =
            kernel::links(parent).map_err(|error| to_error("look for its keyring", &error))?;
        // Not by the kernel's search, which also finds keyrings in keyrings: the user's is often linked to the session's.
        Ok(links.into_iter().find(|key| {
            kernel::describe(*key).is_ok_and(|description| {
                description.is_some_and(|found| found.is_keyring && found.text == self.keyring)
            })
        }))
    }

    fn find(&self, name: &str) -> Result<Option<(Serial, Serial)>, Error> {
        check_name(name)?;
        let Some(keyring) = self.find_keyring(self.parent()?)? else {
            return Ok(None);
        };
        let (Ok(description), true) = (CString::new(name), name.len() <= MAX_NAME) else {
            return Ok(None);
        };
        match kernel::search(keyring, USER, &description) {
            Ok(key) => Ok(Some((keyring, key))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(to_error("search for the item", &error)),
        }
    }

    fn make_keyring(&self, parent: Serial) -> Result<Serial, Error> {
        let name = CString::new(self.keyring.as_str()).map_err(|_| invalid_name(&self.keyring))?;
        // Made where nobody else sees it, and then moved: adding it would replace one that somebody has made meanwhile.
        let make = || {
            let keyring = kernel::add(KEYRING, &name, &[], Serial::THREAD)?;
            if let Some(permissions) = self.permissions {
                kernel::set_permissions(keyring, permissions)?;
            }
            match kernel::move_new(keyring, Serial::THREAD, parent) {
                Ok(()) => Ok(Some(keyring)),
                Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {
                    kernel::unlink(keyring, Serial::THREAD)?;
                    Ok(None)
                }
                // Linux before 5.3 cannot move keys.
                Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                    kernel::link(keyring, parent)?;
                    kernel::unlink(keyring, Serial::THREAD)?;
                    Ok(Some(keyring))
                }
                Err(error) => Err(error),
            }
        };
        let failed = |error: &io::Error| to_error("make its keyring", error);
        match make().map_err(|error| failed(&error))? {
            Some(keyring) => Ok(keyring),
            None => self
                .find_keyring(parent)?
                .ok_or_else(|| failed(&io::Error::from_raw_os_error(libc::ENOKEY))),
        }
    }

    fn add(&self, item: &Item, keyring: Serial) -> io::Result<()> {
        let name = CString::new(item.name.as_str())?;
        let data = item.data.expose();
        let Some(permissions) = self.permissions else {
            return kernel::add(USER, &name, data, keyring).map(drop);
        };
        // Others see the key only when it has its permissions.
        let key = kernel::add(USER, &name, data, Serial::THREAD)?;
        let linked =
            kernel::set_permissions(key, permissions).and_then(|()| kernel::link(key, keyring));
        kernel::unlink(key, Serial::THREAD)?;
        linked
    }
}

impl Keystore for KeyctlKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        format!("{BACKEND}:{}/{}", self.scope, self.keyring)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let Some(keyring) = self.find_keyring(self.parent()?)? else {
            return Ok(Vec::new());
        };
        let keys = kernel::links(keyring).map_err(|error| to_error("list its items", &error))?;
        // A key that cannot be described is not ours, or has just been removed.
        let mut names: Vec<_> = keys
            .into_iter()
            .filter(|key| kernel::is_alive(*key))
            .filter_map(|key| kernel::describe(key).ok().flatten())
            .filter(|description| description.is_user)
            .map(|description| description.text)
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        let Some((_, key)) = self.find(name)? else {
            return Ok(None);
        };
        match kernel::read(key) {
            Ok(data) => Ok(Some(Item {
                name: name.to_owned(),
                data: Secret::from(data),
                label: String::new(),
                description: String::new(),
                not_trust_application: false,
                not_synchronizable: false,
            })),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(to_error("read the item", &error)),
        }
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        if item.name.len() > MAX_NAME {
            return Err(invalid_name(&item.name));
        }
        let size = item.data.expose().len();
        if size > MAX_DATA {
            return Err(Error::TooLarge {
                backend: BACKEND,
                name: item.name.clone(),
                size,
                limit: MAX_DATA,
            });
        }
        if size == 0 {
            let reason = "the kernel takes no key without a payload";
            return Err(Error::failed(BACKEND, "store the item", reason));
        }
        let parent = self.parent()?;
        let keyring = match self.find_keyring(parent)? {
            Some(keyring) => keyring,
            None => self.make_keyring(parent)?,
        };
        self.add(item, keyring)
            .map_err(|error| to_error("store the item", &error))
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        let Some((keyring, key)) = self.find(name)? else {
            return Ok(false);
        };
        match kernel::unlink(key, keyring) {
            Ok(()) => Ok(true),
            // Somebody else was faster.
            Err(error) if is_gone(&error) || error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(to_error("remove the item", &error)),
        }
    }
}

impl fmt::Debug for KeyctlKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyctlKeystore")
            .field("scope", &self.scope)
            .field("keyring", &self.keyring)
            .finish_non_exhaustive()
    }
}

/// The special keyring, linked to the process's.
fn possessed(special: Serial) -> io::Result<Serial> {
    let keyring = kernel::resolve(special, true)?;
    // Where this is forbidden, the session may possess the keyring all the same.
    let _ = kernel::link(keyring, Serial::PROCESS);
    Ok(keyring)
}

fn is_gone(error: &io::Error) -> bool {
    let codes = [libc::ENOKEY, libc::EKEYEXPIRED, libc::EKEYREVOKED];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

fn to_error(operation: &'static str, error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::ENOSYS) => Error::unavailable(
            BACKEND,
            format!("the kernel does not let this process use keyrings, as in many containers ({error})"),
        ),
        Some(libc::EACCES) => Error::Denied {
            backend: BACKEND,
            reason: format!("the permissions of the key or keyring forbid to {operation}"),
        },
        Some(libc::EDQUOT) => Error::Full {
            backend: BACKEND,
            reason: "the user's quota of keys is used up (sysctl kernel.keys.maxkeys and maxbytes, usually 200 keys with 20,000 bytes)".to_owned(),
        },
        _ => Error::failed(BACKEND, operation, error.to_string()),
    }
}

fn invalid_name(name: &str) -> Error {
    Error::InvalidName {
        name: name.to_owned(),
        reason: "it is too long for the description of a key",
    }
}
