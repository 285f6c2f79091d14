//! A store for tests: it forgets everything when it is dropped.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::item::check_name;
use crate::{Backend, Error, Item, Keystore, envelope};

pub(crate) const LOCATION: &str = "memory";

/// Items in memory, in the JSON form of the real stores.
#[derive(Default)]
pub struct MemoryKeystore {
    items: RefCell<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl Keystore for MemoryKeystore {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    fn location(&self) -> String {
        LOCATION.to_owned()
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.items.borrow().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        let items = self.items.borrow();
        items
            .get(name)
            .map(|json| envelope::decode(name, json))
            .transpose()
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        self.items
            .borrow_mut()
            .insert(item.name.clone(), envelope::encode(item));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        Ok(self.items.borrow_mut().remove(name).is_some())
    }
}

impl fmt::Debug for MemoryKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeystore").finish_non_exhaustive()
    }
}
