//! What `import` removed from a file of clear-text keys, one item for each file.

use std::path::Path;

use aws_vault_keystore::{Item, Secret};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Error, Vault};

const KIND: &str = "aws-vault.ImportUndo,";

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(KIND)
}

/// Reads as a session with a far expiry, like the session key's name. A path may be too long for a store, so it is hashed.
fn name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let id = BASE64_URL_SAFE_NO_PAD.encode(&digest[..12]);
    format!("{KIND}{},,4102444800", BASE64_URL_SAFE_NO_PAD.encode(id))
}

impl Vault {
    pub fn import_undo(&self, path: &Path) -> Result<Option<Secret>, Error> {
        Ok(self.store.read(&name(path))?.map(|item| item.data))
    }

    /// Stores it and reads it back: what it holds is about to be removed elsewhere.
    pub fn store_import_undo(&self, path: &Path, data: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let item = Item {
            name: name(path),
            data: data.into(),
            label: "aws-vault import".to_owned(),
            description: "lines that `aws-vault import` removed from a file".to_owned(),
            not_trust_application: true,
            not_synchronizable: true,
        };
        self.store.write(&item)?;
        match self.import_undo(path)? {
            Some(kept) if kept.expose() == item.data.expose() => Ok(()),
            _ => Err(Error::NotPersisted {
                name: item.name,
                backend: self.store.backend(),
            }),
        }
    }

    pub fn remove_import_undo(&self, path: &Path) -> Result<bool, Error> {
        Ok(self.store.remove(&name(path))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ItemName, session_profile};
    use super::*;

    #[test]
    fn the_go_tool_takes_it_for_a_session() {
        let name = name(Path::new("/home/jon/.aws/credentials"));
        assert!(session_profile(&name).is_some(), "{name}");
        assert_eq!(ItemName::parse(&name), ItemName::ImportUndo);
        // The longest that every store takes as it is.
        assert!(name.len() < 100, "{name}");
    }
}
