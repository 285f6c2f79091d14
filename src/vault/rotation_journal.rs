//! The journal of a rotation: one item for each, under a plain name, because a `clear` of the Go tool removes whatever is named
//! like a session, and the secret inside cannot be had again.

use aws_vault_keystore::{Item, Secret};
use zeroize::Zeroizing;

use super::{Error, ItemName, Vault};

const PREFIX: &str = "aws-vault rotation (";
const SUFFIX: &str = ")";

/// The stored key whose rotation the item of this name tells of.
pub(super) fn rotated_name(name: &str) -> Option<&str> {
    let key = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (!key.is_empty()).then_some(key)
}

fn item_name(key: &str) -> String {
    format!("{PREFIX}{key}{SUFFIX}")
}

impl Vault {
    /// Names of the keys of which there is a journal.
    pub fn rotation_journals(&self) -> Result<Vec<String>, Error> {
        let names = self.store.names()?.into_iter();
        Ok(names
            .filter_map(|name| match ItemName::parse(&name) {
                ItemName::RotationJournal(key) => Some(key),
                _ => None,
            })
            .collect())
    }

    pub fn rotation_journal(&self, key: &str) -> Result<Option<Secret>, Error> {
        Ok(self.store.read(&item_name(key))?.map(|item| item.data))
    }

    /// Stores it and reads it back: from here on it may hold the only copy of a secret.
    pub fn store_rotation_journal(&self, key: &str, data: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let name = item_name(key);
        let item = Item {
            label: format!("aws-vault ({name})"),
            name,
            data: data.into(),
            description: "an unfinished rotation; `aws-vault rotate --resume` finishes it"
                .to_owned(),
            not_trust_application: true,
            not_synchronizable: true,
        };
        self.store.write(&item)?;
        match self.rotation_journal(key)? {
            Some(kept) if kept.expose() == item.data.expose() => Ok(()),
            _ => Err(Error::NotPersisted {
                name: item.name,
                backend: self.store.backend(),
            }),
        }
    }

    pub fn remove_rotation_journal(&self, key: &str) -> Result<bool, Error> {
        Ok(self.store.remove(&item_name(key))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_whose_journal_it_is() {
        for key in ["bastion", "a (b)", "team/prod"] {
            assert_eq!(
                ItemName::parse(&item_name(key)),
                ItemName::RotationJournal(key.to_owned())
            );
        }
        for name in [
            "aws-vault rotation ()",
            "aws-vault rotation",
            "rotation (x)",
        ] {
            assert_eq!(rotated_name(name), None);
        }
    }

    #[test]
    fn no_clear_removes_it() {
        assert!(super::super::session_profile(&item_name("bastion")).is_none());
        assert!(!super::super::is_old_session(&item_name("bastion")));
    }
}
