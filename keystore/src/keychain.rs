//! The keychain of macOS.
//!
//! The layout is that of earlier aws-vault releases: a keychain file of its own, `aws-vault.keychain`, beside the login keychain,
//! so that it can have another password and lock by itself; in it one generic password per item, with service `aws-vault`, the
//! item's name as account, its data as password, and its label and description as "name" and "kind".
//!
//! The keychain asks for its password itself, in a dialog. Through `security-framework`: the `keyring` crates only know the login
//! keychain. The file keychains are deprecated by Apple, and still the only ones for programs that are not signed.

mod access;

use std::fmt;

use security_framework::base::Error as Status;
use security_framework::item::{
    ItemClass, ItemSearchOptions, ItemUpdateOptions, ItemUpdateValue, Limit, update_item,
};
use security_framework::os::macos::keychain::{CreateOptions, SecKeychain};

use crate::item::check_name;
use crate::{Backend, Error, Item, Keystore, Secret};

const BACKEND: Backend = Backend::Keychain;

const SERVICE: &str = "aws-vault";

/// Keys of an item's attributes, as the Security framework names them (SecItem.h).
const ACCOUNT: &str = "acct";
const LABEL: &str = "labl";
const DESCRIPTION: &str = "desc";

/// One keychain file.
#[derive(Clone)]
pub struct KeychainKeystore {
    name: String,
}

impl KeychainKeystore {
    /// The keychain of that name in `~/Library/Keychains`.
    pub fn new(name: &str) -> Self {
        KeychainKeystore {
            name: name.to_owned(),
        }
    }

    /// Whether there is a Security framework to talk to; opens and makes no keychain.
    pub fn probe(&self) -> Result<(), Error> {
        match access::status(&self.open()?) {
            Ok(()) => Ok(()),
            Err(status) if status.code() == access::NO_SUCH_KEYCHAIN => Ok(()),
            Err(status) => Err(to_error("open the keychain", status)),
        }
    }

    fn path(&self) -> String {
        format!("{}.keychain", self.name)
    }

    /// A reference to the keychain, which need not be there.
    fn open(&self) -> Result<SecKeychain, Error> {
        SecKeychain::open(self.path()).map_err(|status| to_error("open the keychain", status))
    }

    /// The keychain if it is there.
    fn existing(&self) -> Result<Option<SecKeychain>, Error> {
        let keychain = self.open()?;
        match access::status(&keychain) {
            Ok(()) => Ok(Some(keychain)),
            Err(status) if status.code() == access::NO_SUCH_KEYCHAIN => Ok(None),
            Err(status) => Err(to_error("open the keychain", status)),
        }
    }

    fn create(&self) -> Result<SecKeychain, Error> {
        CreateOptions::new()
            .prompt_user(true)
            .create(self.path())
            .map_err(|status| to_error("make the keychain", status))
    }
}

impl Keystore for KeychainKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        format!("{BACKEND}:{}", self.name)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let Some(keychain) = self.existing()? else {
            return Ok(Vec::new());
        };
        let found = absent_is_none(
            search(keychain)
                .limit(Limit::All)
                .load_attributes(true)
                .search(),
            "list its items",
        )?;
        let mut names: Vec<_> = found
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.simplify_dict()?.remove(ACCOUNT))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        check_name(name)?;
        let Some(keychain) = self.existing()? else {
            return Ok(None);
        };
        // This is where the keychain may ask for its password, and whether we may read.
        let found = absent_is_none(
            keychain.find_generic_password(SERVICE, name),
            "read the item",
        )?;
        let Some((password, _)) = found else {
            return Ok(None);
        };
        let data = Secret::new(password.as_ref().to_vec());
        let attributes = search(keychain)
            .account(name)
            .load_attributes(true)
            .search()
            .ok()
            .and_then(|found| found.first()?.simplify_dict())
            .unwrap_or_default();
        let attribute = |key: &str| attributes.get(key).cloned().unwrap_or_default();
        Ok(Some(Item {
            name: name.to_owned(),
            data,
            label: attribute(LABEL),
            description: attribute(DESCRIPTION),
            not_trust_application: false,
            not_synchronizable: false,
        }))
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        let keychain = match self.existing()? {
            Some(keychain) => keychain,
            None => self.create()?,
        };
        match access::add(&keychain, SERVICE, item) {
            Err(status) if status.code() == access::DUPLICATE_ITEM => update(keychain, item),
            added => added,
        }
        .map_err(|status| to_error("store the item", status))
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let Some(keychain) = self.existing()? else {
            return Ok(false);
        };
        let removed = search(keychain).account(name).delete();
        Ok(absent_is_none(removed, "remove the item")?.is_some())
    }
}

impl fmt::Debug for KeychainKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeychainKeystore")
            .field("name", &self.name)
            .finish()
    }
}

/// Our items of that keychain and no other.
fn search(keychain: SecKeychain) -> ItemSearchOptions {
    let mut options = ItemSearchOptions::new();
    options
        .class(ItemClass::generic_password())
        .keychains(&[keychain])
        .service(SERVICE);
    options
}

/// Leaves the item's access list alone, as changing it would ask the user several times.
fn update(keychain: SecKeychain, item: &Item) -> Result<(), Status> {
    let data = core_foundation::data::CFData::from_buffer(item.data.expose());
    let mut query = search(keychain);
    query.account(&item.name);
    let mut change = ItemUpdateOptions::new();
    change
        .set_value(ItemUpdateValue::Data(data))
        .set_label(&item.label)
        .set_description(&item.description);
    update_item(&query, &change)
}

fn absent_is_none<T>(
    found: Result<T, Status>,
    operation: &'static str,
) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(status) if status.code() == access::ITEM_NOT_FOUND => Ok(None),
        Err(status) => Err(to_error(operation, status)),
    }
}

fn to_error(operation: &'static str, status: Status) -> Error {
    let reason = status
        .message()
        .unwrap_or_else(|| format!("status {}", status.code()));
    match status.code() {
        access::USER_CANCELED => Error::Dismissed { backend: BACKEND },
        // A session without a screen (ssh) cannot show the dialog that would unlock it.
        access::INTERACTION_NOT_ALLOWED | access::INTERACTION_REQUIRED => Error::Locked {
            backend: BACKEND,
            what: format!("and to {operation}"),
        },
        access::AUTH_FAILED | access::READ_ONLY | access::NO_ACCESS_FOR_ITEM => Error::Denied {
            backend: BACKEND,
            reason,
        },
        access::NOT_AVAILABLE | access::INVALID_KEYCHAIN => Error::unavailable(BACKEND, reason),
        _ => Error::failed(BACKEND, operation, reason),
    }
}
