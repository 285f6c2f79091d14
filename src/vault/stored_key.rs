//! A long-term key with what is kept beside it.

use std::time::SystemTime;

use aws_vault_keystore::Item;
use secrecy::ExposeSecret;

use super::{Error, Vault, credential_json};
use crate::credentials::{AccessKey, StoredKey};

impl Vault {
    pub fn stored_key(&self, name: &str) -> Result<Option<StoredKey>, Error> {
        let Some(item) = self.store.read(name)? else {
            return Ok(None);
        };
        credential_json::decode(item.data.expose())
            .map(Some)
            .map_err(|reason| Error::Corrupt {
                name: name.to_owned(),
                backend: self.store.backend(),
                reason,
            })
    }

    /// Stores the key under `name` and reads it back: success is said only of what was really kept.
    pub fn store_key(
        &self,
        name: &str,
        key: &AccessKey,
        created: Option<SystemTime>,
    ) -> Result<(), Error> {
        self.store.write(&Item {
            name: name.to_owned(),
            data: credential_json::encode(key, created).into(),
            label: format!("aws-vault ({name})"),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        })?;
        let kept = self.access_key(name)?.is_some_and(|kept| {
            kept.access_key_id == key.access_key_id
                && kept.secret_access_key.expose_secret() == key.secret_access_key.expose_secret()
        });
        if kept {
            Ok(())
        } else {
            Err(Error::NotPersisted {
                name: name.to_owned(),
                backend: self.store.backend(),
            })
        }
    }
}
