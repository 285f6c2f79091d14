//! The seed of a virtual MFA device, for those who asked to have it here. Under a plain name, because a `clear` of the Go tool
//! removes whatever is named like a session, and AWS shows a seed once.

use aws_vault_keystore::Item;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Error, Vault};

const PREFIX: &str = "aws-vault mfa (";

/// The serial number of the device whose seed the item of this name holds.
pub(super) fn serial(name: &str) -> Option<&str> {
    let serial = name.strip_prefix(PREFIX)?.strip_suffix(')')?;
    (!serial.is_empty()).then_some(serial)
}

fn item_name(serial: &str) -> String {
    format!("{PREFIX}{serial})")
}

/// Named as IAM's `VirtualMFADevice` names its members.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content<'a> {
    serial_number: &'a str,
    #[serde(rename = "Base32StringSeed")]
    seed: &'a str,
}

impl Vault {
    /// The seed of the device, in base32.
    pub fn mfa_seed(&self, serial: &str) -> Result<Option<SecretString>, Error> {
        let name = item_name(serial);
        let Some(item) = self.store.read(&name)? else {
            return Ok(None);
        };
        let content: Content<'_> =
            serde_json::from_slice(item.data.expose()).map_err(|_| Error::CorruptSeed {
                serial: serial.to_owned(),
                backend: self.store.backend(),
            })?;
        Ok(Some(SecretString::from(content.seed)))
    }

    /// Stores the seed and reads it back.
    pub fn store_mfa_seed(&self, serial: &str, seed: &SecretString) -> Result<(), Error> {
        let name = item_name(serial);
        let content = Content {
            serial_number: serial,
            seed: seed.expose_secret(),
        };
        // One allocation that is large enough: growing would leave parts of the secret behind.
        let mut data = Zeroizing::new(Vec::with_capacity(512 + 6 * serial.len()));
        serde_json::to_writer(&mut *data, &content).map_err(|_| self.seed_not_kept(&name))?;
        self.store.write(&Item {
            label: format!("aws-vault ({name})"),
            name: name.clone(),
            data: data.into(),
            description: "an MFA device that lives beside the key it protects".to_owned(),
            not_trust_application: true,
            not_synchronizable: true,
        })?;
        let kept = self.mfa_seed(serial)?;
        if kept.is_some_and(|kept| kept.expose_secret() == seed.expose_secret()) {
            Ok(())
        } else {
            Err(self.seed_not_kept(&name))
        }
    }

    /// Removes the seed; says whether there was one.
    pub fn remove_mfa_seed(&self, serial: &str) -> Result<bool, Error> {
        Ok(self.store.remove(&item_name(serial))?)
    }

    fn seed_not_kept(&self, name: &str) -> Error {
        Error::NotPersisted {
            name: name.to_owned(),
            backend: self.store.backend(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_vault_keystore::MemoryKeystore;

    use super::super::{ItemName, is_old_session, is_precious, session_profile};
    use super::*;

    const SERIAL: &str = "arn:aws:iam::111122223333:mfa/elmerfudd";

    #[test]
    fn kept_found_and_removed() {
        let vault = Vault::new(Box::new(MemoryKeystore::default()));
        assert!(vault.mfa_seed(SERIAL).unwrap().is_none());
        let seed = SecretString::from("JBSWY3DPEHPK3PXP");
        vault.store_mfa_seed(SERIAL, &seed).unwrap();
        let kept = vault.mfa_seed(SERIAL).unwrap().unwrap();
        assert_eq!(kept.expose_secret(), seed.expose_secret());
        let inventory = vault.inventory().unwrap();
        assert!(inventory.credentials.is_empty());
        assert!(inventory.mfa_seeds.contains(SERIAL));
        assert!(vault.remove_mfa_seed(SERIAL).unwrap());
        assert!(!vault.remove_mfa_seed(SERIAL).unwrap());
    }

    #[test]
    fn its_name_is_no_sessions_and_it_belongs_into_a_backup() {
        let name = item_name(SERIAL);
        assert_eq!(ItemName::parse(&name), ItemName::MfaSeed(SERIAL.to_owned()));
        assert!(session_profile(&name).is_none() && !is_old_session(&name));
        assert!(is_precious(&name));
        assert_eq!(serial("aws-vault mfa ()"), None);
    }
}
