//! The Credential Manager of Windows.
//!
//! The layout is that of earlier aws-vault releases: a generic credential per item, named `aws-vault:aws-vault:NAME`, kept on
//! this machine, without a user name; its blob is the item's data. Label and the other properties of an item are not kept.

mod credential;

use std::fmt;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_NO_SUCH_LOGON_SESSION, ERROR_NOT_FOUND,
};

use crate::item::check_name;
use crate::{Backend, Error, Item, Keystore};
use credential::Code;

const BACKEND: Backend = Backend::Wincred;

/// Of earlier releases: what is stored, and by whom.
const PREFIX: &str = "aws-vault:aws-vault:";

/// What Windows takes as the blob of a credential, in bytes.
///
/// Source: <https://learn.microsoft.com/windows/win32/api/wincred/ns-wincred-credentialw>, `CRED_MAX_CREDENTIAL_BLOB_SIZE`.
const MAX_DATA: usize = 5 * 512;

/// What Windows takes as the name of a generic credential, in UTF-16 units.
const MAX_TARGET: usize = 32_767;

/// The credentials of this user and machine.
#[derive(Clone)]
pub struct WincredKeystore {
    prefix: String,
}

impl WincredKeystore {
    /// The items of earlier releases, and of this one.
    pub fn new() -> Self {
        WincredKeystore {
            prefix: PREFIX.to_owned(),
        }
    }

    /// Uses another prefix of the credentials' names, for tests.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Whether this logon can keep credentials: one over the network cannot.
    pub fn probe(&self) -> Result<(), Error> {
        match credential::can_be_kept() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::unavailable(
                BACKEND,
                "a policy of this machine forbids to keep credentials",
            )),
            Err(code) => Err(to_error("open the Credential Manager", code)),
        }
    }

    fn target(&self, name: &str) -> Result<String, Error> {
        check_name(name)?;
        let target = format!("{}{name}", self.prefix);
        if target.encode_utf16().count() > MAX_TARGET {
            return Err(invalid_name(
                name,
                "it is too long for the name of a credential",
            ));
        }
        Ok(target)
    }
}

impl Default for WincredKeystore {
    fn default() -> Self {
        Self::new()
    }
}

impl Keystore for WincredKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        format!("{BACKEND}:{}", self.prefix.trim_end_matches(':'))
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let targets = match credential::targets(&self.prefix) {
            Ok(targets) => targets,
            Err(ERROR_NOT_FOUND) => Vec::new(),
            Err(code) => return Err(to_error("list its items", code)),
        };
        let mut names: Vec<_> = targets
            .iter()
            .filter_map(|target| target.strip_prefix(&self.prefix))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        let target = self.target(name)?;
        match credential::read(&target) {
            // Windows does not tell capitals from small letters.
            Ok(found) if found.target == target => Ok(Some(Item {
                name: name.to_owned(),
                data: found.data,
                label: String::new(),
                description: String::new(),
                not_trust_application: false,
                not_synchronizable: false,
            })),
            Ok(_) | Err(ERROR_NOT_FOUND) => Ok(None),
            Err(code) => Err(to_error("read the item", code)),
        }
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        let target = self.target(&item.name)?;
        let size = item.data.expose().len();
        if size > MAX_DATA {
            return Err(Error::TooLarge {
                backend: BACKEND,
                name: item.name.clone(),
                size,
                limit: MAX_DATA,
            });
        }
        match credential::read(&target) {
            Ok(other) if other.target != target => {
                let reason = "the store has an item whose name differs in capitals only";
                return Err(invalid_name(&item.name, reason));
            }
            Ok(_) | Err(ERROR_NOT_FOUND) => {}
            Err(code) => return Err(to_error("look for the item", code)),
        }
        credential::write(&target, item.data.expose())
            .map_err(|code| to_error("store the item", code))
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        let target = self.target(name)?;
        let removed = credential::read(&target).and_then(|found| {
            if found.target == target {
                credential::remove(&target)
            } else {
                Err(ERROR_NOT_FOUND)
            }
        });
        match removed {
            Ok(()) => Ok(true),
            Err(ERROR_NOT_FOUND) => Ok(false),
            Err(code) => Err(to_error("remove the item", code)),
        }
    }
}

impl fmt::Debug for WincredKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WincredKeystore")
            .field("prefix", &self.prefix)
            .finish()
    }
}

fn to_error(operation: &'static str, code: Code) -> Error {
    match code {
        ERROR_NO_SUCH_LOGON_SESSION => Error::unavailable(
            BACKEND,
            "this logon has no credentials, as over the network (ssh with a key, WinRM)",
        ),
        ERROR_ACCESS_DENIED => Error::Denied {
            backend: BACKEND,
            reason: format!("Windows forbids to {operation}"),
        },
        code => Error::failed(BACKEND, operation, credential::text(code)),
    }
}

fn invalid_name(name: &str, reason: &'static str) -> Error {
    Error::InvalidName {
        name: name.to_owned(),
        reason,
    }
}
