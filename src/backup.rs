//! Backups of what cannot be had again: JSON inside an age file, so that `age -d` and a few lines of script recover the keys
//! without this program. The format is described in docs/backup.md.
//!
//! Source: age-encryption.org/v1.

use std::io::{Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt, x25519};
use aws_vault_keystore::{Item, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::rfc3339;
use crate::vault::is_precious;

const VERSION: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("that is not an age public key: they begin with age1")]
    BadRecipient,
    #[error("there is no age secret key in it: they begin with AGE-SECRET-KEY-1")]
    NoIdentity,
    #[error("it is not an age file, or it is damaged")]
    NotAge,
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    #[error("none of the secret keys opens it")]
    WrongIdentity,
    #[error("it is encrypted for a passphrase, not for a key")]
    NeedsPassphrase,
    #[error("it is encrypted for a key, not for a passphrase")]
    NeedsIdentity,
    #[error("it is not a backup of aws-vault: {0}")]
    NotABackup(String),
    #[error("it cannot be encrypted: {0}")]
    Encrypt(String),
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::BadRecipient => {
                Some("`age-keygen` makes a pair of keys and prints the public one")
            }
            Self::NeedsIdentity | Self::WrongIdentity => {
                Some("--identity FILE names the file that `age-keygen` wrote")
            }
            Self::NeedsPassphrase => Some("leave --identity out to be asked for it"),
            Self::NotAge => Some("try another copy of the backup"),
            _ => None,
        }
    }
}

/// For whom a backup is encrypted.
pub enum Lock {
    Passphrase(SecretString),
    Recipients(Vec<x25519::Recipient>),
}

/// What opens one.
pub enum Key {
    Passphrase(SecretString),
    Identities(Vec<x25519::Identity>),
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase",
            Self::Recipients(_) => "Recipients",
        })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase",
            Self::Identities(_) => "Identities",
        })
    }
}

/// A backup that was opened.
#[derive(Debug)]
pub struct Backup {
    pub created: SystemTime,
    /// Location of the store it was made of.
    pub store: String,
    pub items: Vec<Item>,
}

impl Backup {
    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let items: Vec<_> = self.items.iter().map(Entry::of).collect::<Result<_, _>>()?;
        let room: usize = self
            .items
            .iter()
            .map(|item| {
                (item.name.len()
                    + item.label.len()
                    + item.description.len()
                    + item.data.expose().len())
                    * 6
                    + 128
            })
            .sum();
        // One allocation that is large enough: growing would leave parts of the secrets behind in freed memory.
        let mut json = Zeroizing::new(Vec::with_capacity(room + self.store.len() * 6 + 256));
        let document = Document {
            version: VERSION,
            created: rfc3339(self.created),
            store: self.store.clone(),
            items,
        };
        serde_json::to_writer_pretty(&mut *json, &document)
            .map_err(|error| Error::Encrypt(error.to_string()))?;
        json.push(b'\n');
        Ok(json)
    }

    fn decode(json: &[u8]) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(json).map_err(|error| {
            // The position only: the parser's own words may quote what it read.
            Error::NotABackup(format!("line {}, column {}", error.line(), error.column()))
        })?;
        if document.version != VERSION {
            return Err(Error::NotABackup(format!(
                "its version is {}; use a newer aws-vault",
                document.version
            )));
        }
        // Nothing but what backups hold is ever written into a store.
        if let Some(entry) = document
            .items
            .iter()
            .find(|entry| !is_precious(&entry.name))
        {
            return Err(Error::NotABackup(format!(
                "'{}' is not the name of a key",
                entry.name
            )));
        }
        Ok(Self {
            created: humantime::parse_rfc3339(&document.created).unwrap_or(UNIX_EPOCH),
            store: document.store,
            items: document.items.into_iter().map(Entry::into_item).collect(),
        })
    }

    /// The content of the file.
    pub fn seal(&self, lock: &Lock) -> Result<Vec<u8>, Error> {
        let json = self.encode()?;
        let failed = |error: &dyn std::fmt::Display| Error::Encrypt(error.to_string());
        let encryptor = match lock {
            Lock::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
            Lock::Recipients(recipients) => {
                let recipients = recipients
                    .iter()
                    .map(|recipient| recipient as &dyn age::Recipient);
                Encryptor::with_recipients(recipients).map_err(|error| failed(&error))?
            }
        };
        let mut sealed = Vec::new();
        let mut writer = encryptor
            .wrap_output(&mut sealed)
            .map_err(|error| failed(&error))?;
        writer.write_all(&json).map_err(|error| failed(&error))?;
        writer.finish().map_err(|error| failed(&error))?;
        Ok(sealed)
    }

    pub fn open(sealed: &[u8], key: &Key) -> Result<Self, Error> {
        let decryptor = Decryptor::new_buffered(sealed).map_err(|_| Error::NotAge)?;
        let mut reader = match key {
            Key::Passphrase(passphrase) if decryptor.is_scrypt() => {
                let identity = scrypt::Identity::new(passphrase.clone());
                decryptor
                    .decrypt(std::iter::once(&identity as &dyn age::Identity))
                    .map_err(|_| Error::WrongPassphrase)?
            }
            Key::Passphrase(_) => return Err(Error::NeedsIdentity),
            Key::Identities(_) if decryptor.is_scrypt() => return Err(Error::NeedsPassphrase),
            Key::Identities(identities) => decryptor
                .decrypt(
                    identities
                        .iter()
                        .map(|identity| identity as &dyn age::Identity),
                )
                .map_err(|_| Error::WrongIdentity)?,
        };
        // The plain text is shorter than the file; a vector that grows leaves copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(sealed.len()));
        reader.read_to_end(&mut json).map_err(|_| Error::NotAge)?;
        Self::decode(&json)
    }
}

/// Whether a passphrase opens the file, rather than a key.
pub fn wants_passphrase(sealed: &[u8]) -> Result<bool, Error> {
    Ok(Decryptor::new_buffered(sealed)
        .map_err(|_| Error::NotAge)?
        .is_scrypt())
}

pub fn recipient(text: &str) -> Result<x25519::Recipient, Error> {
    text.trim().parse().map_err(|_| Error::BadRecipient)
}

/// Public keys, one a line; `#` begins a comment, as in files of age.
pub fn recipients(text: &str) -> Result<Vec<x25519::Recipient>, Error> {
    lines(text).map(recipient).collect()
}

/// Secret keys, in the form of the file that `age-keygen` writes.
pub fn identities(text: &str) -> Result<Vec<x25519::Identity>, Error> {
    let identities: Result<Vec<_>, Error> = lines(text)
        .map(|line| line.parse().map_err(|_| Error::NoIdentity))
        .collect();
    identities.and_then(|found| {
        if found.is_empty() {
            Err(Error::NoIdentity)
        } else {
            Ok(found)
        }
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    created: String,
    store: String,
    items: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    label: String,
    description: String,
    /// The item's content, which is JSON: the Go tool's form of a credential.
    data: Zeroized,
}

impl Entry {
    fn of(item: &Item) -> Result<Self, Error> {
        let text = std::str::from_utf8(item.data.expose())
            .map_err(|_| Error::Encrypt(format!("the item '{}' is not text", item.name)))?;
        Ok(Self {
            name: item.name.clone(),
            label: item.label.clone(),
            description: item.description.clone(),
            data: Zeroized(Zeroizing::new(text.to_owned())),
        })
    }

    fn into_item(self) -> Item {
        Item {
            name: self.name,
            data: Secret::new(self.data.0.as_bytes().to_vec()),
            label: self.label,
            description: self.description,
            not_trust_application: true,
            not_synchronizable: false,
        }
    }
}

struct Zeroized(Zeroizing<String>);

impl Serialize for Zeroized {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Zeroized {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(deserializer)?)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use age::secrecy::ExposeSecret as _;

    use super::*;

    fn backup() -> Backup {
        let item = |name: &str| Item {
            name: name.into(),
            data: format!(r#"{{"AccessKeyID":"AKIA","SecretAccessKey":"CANARY of {name}"}}"#)
                .into(),
            label: format!("aws-vault ({name})"),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        };
        Backup {
            created: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            store: "file:/home/jon/.awsvault/keys".into(),
            items: vec![item("bastion"), item("a \"b\" \u{e9}")],
        }
    }

    fn content(backup: &Backup) -> Vec<(String, Vec<u8>)> {
        let items = backup.items.iter();
        items
            .map(|item| (item.name.clone(), item.data.expose().to_vec()))
            .collect()
    }

    #[test]
    fn round_trip_for_recipients() {
        let (one, other) = (x25519::Identity::generate(), x25519::Identity::generate());
        let sealed = backup()
            .seal(&Lock::Recipients(vec![one.to_public(), other.to_public()]))
            .unwrap();
        assert!(!wants_passphrase(&sealed).unwrap());
        for identity in [one, other] {
            let opened = Backup::open(&sealed, &Key::Identities(vec![identity])).unwrap();
            assert_eq!(content(&opened), content(&backup()));
            assert_eq!(
                (opened.created, opened.store),
                (backup().created, backup().store)
            );
        }
        let stranger = Key::Identities(vec![x25519::Identity::generate()]);
        assert!(matches!(
            Backup::open(&sealed, &stranger),
            Err(Error::WrongIdentity)
        ));
        assert!(matches!(
            Backup::open(&sealed, &Key::Passphrase("x".to_owned().into())),
            Err(Error::NeedsIdentity)
        ));
    }

    #[test]
    fn every_damage_is_noticed() {
        let identity = x25519::Identity::generate();
        let sealed = backup()
            .seal(&Lock::Recipients(vec![identity.to_public()]))
            .unwrap();
        let key = Key::Identities(vec![identity]);
        for position in (0..sealed.len()).step_by(7) {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(Backup::open(&damaged, &key).is_err(), "byte {position}");
            assert!(
                Backup::open(&sealed[..position], &key).is_err(),
                "cut at {position}"
            );
        }
    }

    #[test]
    fn sessions_are_never_restored() {
        let planted = br#"{"version":1,"created":"","store":"","items":[
            {"name":"oidc:https://x","label":"","description":"","data":"{}"}]}"#;
        assert!(matches!(Backup::decode(planted), Err(Error::NotABackup(_))));
    }

    #[test]
    fn keys_in_files() {
        let identity = x25519::Identity::generate();
        let file = format!(
            "# created: now\n# public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        );
        assert_eq!(identities(&file).unwrap().len(), 1);
        assert!(matches!(identities("# nothing\n"), Err(Error::NoIdentity)));
        assert_eq!(
            recipients(&format!("\n# me\n{}\n", identity.to_public()))
                .unwrap()
                .len(),
            1
        );
        assert!(matches!(
            recipient("ssh-ed25519 AAAA"),
            Err(Error::BadRecipient)
        ));
    }
}
