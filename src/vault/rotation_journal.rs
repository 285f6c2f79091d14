//! The journal of a rotation, under a plain name, because a `clear` of the Go tool removes whatever is named like a session, and
//! the secret inside cannot be had again.
//!
//! A journal has two places, and is written into the one that does not hold its last state, which goes afterwards: not every
//! store replaces an item in one step.

use aws_vault_keystore::{Error as Store, Item, Secret};
use zeroize::Zeroizing;

use super::{Error, Vault};

const PREFIX: &str = "aws-vault rotation (";
const SUFFIXES: [&str; 2] = [")", ") +"];

/// The stored key whose rotation the item of this name tells of.
pub(super) fn rotated_name(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(PREFIX)?;
    let key = SUFFIXES
        .iter()
        .rev()
        .find_map(|suffix| rest.strip_suffix(suffix))?;
    (!key.is_empty()).then_some(key)
}

fn item_name(key: &str, place: usize) -> String {
    format!("{PREFIX}{key}{}", SUFFIXES[place])
}

impl Vault {
    /// Names of the keys of which there is a journal.
    pub fn rotation_journals(&self) -> Result<Vec<String>, Error> {
        Ok(self.inventory()?.rotations.into_iter().collect())
    }

    /// What stands in the places of a journal and can be read. What a killed store left half written cannot.
    pub fn rotation_journal(&self, key: &str) -> Result<Vec<Secret>, Error> {
        let mut found = Vec::new();
        for place in [0, 1] {
            match self.store.read(&item_name(key, place)) {
                Ok(item) => found.extend(item.map(|item| item.data)),
                Err(Store::Corrupt { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    /// Stores a state of the journal and reads it back: from here on it may hold the only copy of a secret. Only then the state
    /// before it goes.
    pub fn store_rotation_journal(
        &self,
        key: &str,
        number: u64,
        data: Zeroizing<Vec<u8>>,
    ) -> Result<(), Error> {
        let place = usize::from(number % 2 == 1);
        let name = item_name(key, place);
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
        match self.store.read(&item.name)? {
            Some(kept) if kept.data.expose() == item.data.expose() => {}
            _ => {
                return Err(Error::NotPersisted {
                    name: item.name,
                    backend: self.store.backend(),
                });
            }
        }
        self.store.remove(&item_name(key, 1 - place))?;
        Ok(())
    }

    pub fn remove_rotation_journal(&self, key: &str) -> Result<(), Error> {
        for place in [0, 1] {
            self.store.remove(&item_name(key, place))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ItemName;
    use super::*;

    #[test]
    fn the_name_tells_whose_journal_it_is() {
        for key in ["bastion", "a (b)", "team/prod"] {
            for place in [0, 1] {
                assert_eq!(
                    ItemName::parse(&item_name(key, place)),
                    ItemName::RotationJournal(key.to_owned())
                );
            }
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
        assert!(super::super::session_profile(&item_name("bastion", 0)).is_none());
        assert!(!super::super::is_old_session(&item_name("bastion", 0)));
    }
}
