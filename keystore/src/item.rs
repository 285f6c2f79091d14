//! What a store holds under a name.

use std::fmt;

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::Error;

/// One stored item. Moves, but is never copied by accident.
pub struct Item {
    /// What the item is found by; any text but the empty one, without NUL.
    pub name: String,
    /// The secret itself.
    pub data: Secret,
    /// What the store's own tools show a person.
    pub label: String,
    /// A second line for the store's own tools.
    pub description: String,
    /// macOS: ask the user at every read, also when this program reads.
    pub not_trust_application: bool,
    /// macOS: keep the item out of iCloud.
    pub not_synchronizable: bool,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("name", &self.name)
            .field("data", &self.data)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Bytes that are wiped when dropped and cannot be printed or copied by accident.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over the bytes, which are wiped when the secret is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl ExposeSecret<[u8]> for Secret {
    fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Secret::new(bytes)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::new(text.into_bytes())
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Secret(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([REDACTED])")
    }
}

/// Refuses names that no store can hold: D-Bus and file names end at a NUL, and an empty name finds nothing.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let reason = match name {
        "" => "it is empty",
        _ if name.contains('\0') => "it contains a NUL",
        _ => return Ok(()),
    };
    Err(Error::InvalidName {
        name: name.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let item = Item {
            name: "jon".to_owned(),
            data: Secret::from("canary".to_owned()),
            label: "aws-vault (jon)".to_owned(),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        };
        let shown = format!("{item:?} {:?}", item.data);
        assert!(shown.contains("jon") && shown.contains("REDACTED"));
        assert!(!shown.contains("canary") && !shown.contains("99, 97"));
    }

    #[test]
    fn names_without_meaning_are_refused() {
        assert!(check_name("").is_err());
        assert!(check_name("a\0b").is_err());
        assert!(check_name("oidc:https://d.example/start#/").is_ok());
    }
}
