//! Stored keys go from one store to another: copied as they are, read back and compared, and only then removed from the first.
//! Sessions are left behind; they are made anew.

use std::collections::BTreeSet;

use aws_vault_keystore::{self as keystore, Backend, Keystore};

use crate::vault::ItemName;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The wording is the Go tool's.
    #[error("profile {name:?} not found in source backend")]
    NotFound { name: String },
    /// Another process removed it meanwhile.
    #[error("{name:?} is no longer in the {backend} store")]
    Gone { name: String, backend: Backend },
    #[error("the {backend} store did not return what was just stored as {name:?}")]
    NotPersisted { name: String, backend: Backend },
    #[error(transparent)]
    Keystore(#[from] keystore::Error),
}

/// From where to where, and what may be lost.
pub struct Migration<'a> {
    pub from: &'a dyn Keystore,
    pub to: &'a dyn Keystore,
    /// Replace keys of the same name.
    pub overwrite: bool,
    /// Remove from the first store what has been copied.
    pub delete_source: bool,
}

/// What became of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Copied { deleted: bool },
    Overwritten { deleted: bool },
    Skipped,
}

impl Outcome {
    pub fn deleted(self) -> bool {
        match self {
            Self::Copied { deleted } | Self::Overwritten { deleted } => deleted,
            Self::Skipped => false,
        }
    }
}

/// Names of the keys and MFA seeds in a store, without sessions and tokens; of one profile alone if it is given, which must then be there.
pub fn names(store: &dyn Keystore, only: Option<&str>) -> Result<BTreeSet<String>, Error> {
    let mut names: BTreeSet<String> = store
        .names()?
        .into_iter()
        .filter(|name| {
            matches!(
                ItemName::parse(name),
                ItemName::Credential(_) | ItemName::MfaSeed(_)
            )
        })
        .collect();
    if let Some(only) = only {
        names.retain(|name| name == only);
        if names.is_empty() {
            return Err(Error::NotFound {
                name: only.to_owned(),
            });
        }
    }
    Ok(names)
}

/// Keys whose rotation is not finished: their journals belong to the store they are in.
pub fn unfinished_rotations(store: &dyn Keystore) -> Result<Vec<String>, Error> {
    let names = store.names()?.into_iter();
    Ok(names
        .filter_map(|name| match ItemName::parse(&name) {
            ItemName::RotationJournal(key) => Some(key),
            _ => None,
        })
        .collect())
}

impl Migration<'_> {
    /// Copies one key. After an error the first store still has it.
    pub fn run(&self, name: &str) -> Result<Outcome, Error> {
        // Asked for each key: a run may take as long as its prompts.
        let exists = self.to.names()?.iter().any(|there| there == name);
        if exists && !self.overwrite {
            return Ok(Outcome::Skipped);
        }
        self.copy(name)?;
        let deleted = self.delete_source && self.from.remove(name)?;
        Ok(if exists {
            Outcome::Overwritten { deleted }
        } else {
            Outcome::Copied { deleted }
        })
    }

    fn copy(&self, name: &str) -> Result<(), Error> {
        let mut item = self.from.read(name)?.ok_or_else(|| Error::Gone {
            name: name.to_owned(),
            backend: self.from.backend(),
        })?;
        // Some stores keep the data alone.
        if item.label.is_empty() {
            item.label = format!("aws-vault ({name})");
        }
        self.to.write(&item)?;
        match self.to.read(name)? {
            Some(kept) if kept.data.expose() == item.data.expose() => Ok(()),
            _ => Err(Error::NotPersisted {
                name: name.to_owned(),
                backend: self.to.backend(),
            }),
        }
    }
}

impl std::fmt::Debug for Migration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Migration({} to {})",
            self.from.backend(),
            self.to.backend()
        )
    }
}

#[cfg(test)]
mod tests {
    use aws_vault_keystore::{Item, MemoryKeystore};

    use super::*;
    use crate::vault::SESSION_KEY_ITEM;

    fn item(name: &str, data: &str) -> Item {
        Item {
            name: name.to_owned(),
            data: data.to_owned().into(),
            label: String::new(),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        }
    }

    fn store(items: &[(&str, &str)]) -> MemoryKeystore {
        let store = MemoryKeystore::default();
        for (name, data) in items {
            store.write(&item(name, data)).unwrap();
        }
        store
    }

    fn data(store: &dyn Keystore, name: &str) -> Option<String> {
        let item = store.read(name).unwrap()?;
        Some(String::from_utf8(item.data.expose().to_vec()).unwrap())
    }

    /// Takes everything and keeps something else.
    struct Forgetful(MemoryKeystore);

    impl Keystore for Forgetful {
        fn backend(&self) -> Backend {
            self.0.backend()
        }
        fn location(&self) -> String {
            self.0.location()
        }
        fn names(&self) -> Result<Vec<String>, keystore::Error> {
            self.0.names()
        }
        fn read(&self, name: &str) -> Result<Option<Item>, keystore::Error> {
            self.0.read(name)
        }
        fn write(&self, given: &Item) -> Result<(), keystore::Error> {
            self.0.write(&item(&given.name, "else"))
        }
        fn remove(&self, name: &str) -> Result<bool, keystore::Error> {
            self.0.remove(name)
        }
    }

    #[test]
    fn sessions_tokens_and_our_own_items_are_no_keys() {
        let session = "sts.GetSessionToken,am9u,,1700003600";
        let store = store(&[
            ("b", "1"),
            ("a", "2"),
            (session, "3"),
            ("oidc:https://h/start", "4"),
            ("session,jon,mfa,1700003600", "5"),
            (SESSION_KEY_ITEM, "6"),
        ]);
        assert_eq!(
            names(&store, None).unwrap(),
            ["a", "b"].map(str::to_owned).into()
        );
        assert_eq!(names(&store, Some("b")).unwrap(), ["b".to_owned()].into());
        for absent in ["c", session, SESSION_KEY_ITEM, "oidc:https://h/start"] {
            let error = names(&store, Some(absent)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("profile {absent:?} not found in source backend")
            );
        }
    }

    #[test]
    fn outcomes() {
        for (overwrite, delete_source, there, outcome, left, arrived) in [
            (
                false,
                false,
                false,
                Outcome::Copied { deleted: false },
                true,
                "new",
            ),
            (
                false,
                true,
                false,
                Outcome::Copied { deleted: true },
                false,
                "new",
            ),
            (
                true,
                false,
                false,
                Outcome::Copied { deleted: false },
                true,
                "new",
            ),
            (false, false, true, Outcome::Skipped, true, "old"),
            (false, true, true, Outcome::Skipped, true, "old"),
            (
                true,
                false,
                true,
                Outcome::Overwritten { deleted: false },
                true,
                "new",
            ),
            (
                true,
                true,
                true,
                Outcome::Overwritten { deleted: true },
                false,
                "new",
            ),
        ] {
            let from = store(&[("a", "new")]);
            let to = store(if there { &[("a", "old")] } else { &[] });
            let migration = Migration {
                from: &from,
                to: &to,
                overwrite,
                delete_source,
            };
            assert_eq!(migration.run("a").unwrap(), outcome);
            assert_eq!(data(&from, "a").is_some(), left, "{outcome:?}");
            assert_eq!(data(&to, "a").as_deref(), Some(arrived), "{outcome:?}");
        }
    }

    #[test]
    fn what_does_not_come_back_the_same_is_not_deleted() {
        let from = store(&[("a", "new")]);
        let to = Forgetful(MemoryKeystore::default());
        let migration = Migration {
            from: &from,
            to: &to,
            overwrite: false,
            delete_source: true,
        };
        assert!(matches!(
            migration.run("a"),
            Err(Error::NotPersisted { .. })
        ));
        assert_eq!(data(&from, "a").as_deref(), Some("new"));
        assert!(matches!(migration.run("b"), Err(Error::Gone { .. })));
    }
}
