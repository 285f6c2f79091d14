//! Everything that cannot be had again, as it is stored: for backups.

use aws_vault_keystore::{Item, Secret};

use super::{Error, ItemName, Vault};

impl Vault {
    /// Long-term keys, the journals of rotations and the seeds of MFA devices, sorted by name.
    pub fn precious_items(&self) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        for name in self.store.names()? {
            if is_precious(&name) {
                items.extend(self.store.read(&name)?);
            }
        }
        Ok(items)
    }

    pub fn item_data(&self, name: &str) -> Result<Option<Secret>, Error> {
        Ok(self.store.read(name)?.map(|item| item.data))
    }

    /// Stores an item of a backup and reads it back.
    pub fn restore_item(&self, item: &Item) -> Result<(), Error> {
        self.store.write(item)?;
        match self.item_data(&item.name)? {
            Some(kept) if kept.expose() == item.data.expose() => Ok(()),
            _ => Err(Error::NotPersisted {
                name: item.name.clone(),
                backend: self.store.backend(),
            }),
        }
    }
}

/// Sessions and session keys are made anew; a backup that held them would only be worth more to a thief.
pub fn is_precious(name: &str) -> bool {
    matches!(
        ItemName::parse(name),
        ItemName::Credential(_) | ItemName::RotationJournal(_) | ItemName::MfaSeed(_)
    )
}
