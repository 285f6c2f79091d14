//! What is kept of a sign-in to IAM Identity Center besides the access token: the registration of this program, and the refresh
//! token that belongs to it. One item for each instance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_vault_keystore::Item;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Error, Vault};

const KIND: &str = "aws-vault.SignIn,";
const FAR: &str = ",,4102444800";

/// A registered client and its refresh token.
pub struct SignIn {
    pub client_id: String,
    pub client_secret: SecretString,
    pub client_expires: SystemTime,
    /// `None` where the instance gives none: then every token needs a person.
    pub refresh_token: Option<SecretString>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    client_id: String,
    client_secret: String,
    /// Unix seconds.
    client_expires: u64,
    refresh_token: Option<String>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.client_secret.zeroize();
        self.refresh_token.zeroize();
    }
}

pub(super) fn is_name(name: &str) -> bool {
    fingerprint(name).is_some()
}

/// Reads as a session with a far expiry, like the session key's name.
fn name(fingerprint: &str) -> String {
    format!("{KIND}{}{FAR}", BASE64_URL_SAFE_NO_PAD.encode(fingerprint))
}

fn fingerprint(name: &str) -> Option<String> {
    let encoded = name.strip_prefix(KIND)?.strip_suffix(FAR)?;
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

impl Vault {
    pub fn sign_in(&self, fingerprint: &str) -> Result<Option<SignIn>, Error> {
        let Some(item) = self.store.read(&name(fingerprint))? else {
            return Ok(None);
        };
        // What cannot be read can be had again: as if it were not there.
        let Ok(mut stored) = serde_json::from_slice::<Stored>(item.data.expose()) else {
            return Ok(None);
        };
        Ok(Some(SignIn {
            client_id: std::mem::take(&mut stored.client_id),
            client_secret: std::mem::take(&mut stored.client_secret).into(),
            client_expires: UNIX_EPOCH + Duration::from_secs(stored.client_expires),
            refresh_token: stored.refresh_token.take().map(SecretString::from),
        }))
    }

    /// `instance` is for the person who looks into the store.
    pub fn store_sign_in(
        &self,
        fingerprint: &str,
        instance: &str,
        sign_in: &SignIn,
    ) -> Result<(), Error> {
        let stored = Stored {
            version: 1,
            client_id: sign_in.client_id.clone(),
            client_secret: sign_in.client_secret.expose_secret().to_owned(),
            client_expires: sign_in
                .client_expires
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            refresh_token: sign_in
                .refresh_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
        };
        let data = Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default());
        self.store.write(&Item {
            name: name(fingerprint),
            data: data.to_vec().into(),
            label: format!("aws-vault sign-in ({instance})"),
            description: "refresh token of IAM Identity Center".to_owned(),
            not_trust_application: false,
            not_synchronizable: true,
        })?;
        Ok(())
    }

    pub fn remove_sign_in(&self, fingerprint: &str) -> Result<bool, Error> {
        Ok(self.store.remove(&name(fingerprint))?)
    }

    /// Fingerprints of every sign-in that is kept.
    pub fn sign_ins(&self) -> Result<Vec<String>, Error> {
        let names = self.store.names()?;
        Ok(names.iter().filter_map(|name| fingerprint(name)).collect())
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignIn({})", self.client_id)
    }
}

#[cfg(test)]
mod tests {
    use aws_vault_keystore::MemoryKeystore;

    use super::super::{ItemName, session_profile};
    use super::*;

    const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_go_tool_takes_it_for_a_session() {
        let name = name(FINGERPRINT);
        assert_eq!(session_profile(&name).as_deref(), Some(FINGERPRINT));
        assert_eq!(ItemName::parse(&name), ItemName::SignIn);
        assert!(name.len() < 100, "{name}");
    }

    #[test]
    fn comes_back_as_it_went() {
        let vault = Vault::new(Box::new(MemoryKeystore::default()));
        let sign_in = SignIn {
            client_id: "client".into(),
            client_secret: "CANARY-client".into(),
            client_expires: UNIX_EPOCH + Duration::from_secs(1_900_000_000),
            refresh_token: Some("CANARY-refresh".into()),
        };
        assert!(!format!("{sign_in:?}").contains("CANARY"));
        vault.store_sign_in(FINGERPRINT, "corp", &sign_in).unwrap();
        let back = vault.sign_in(FINGERPRINT).unwrap().unwrap();
        assert_eq!(back.client_expires, sign_in.client_expires);
        assert_eq!(
            back.refresh_token.unwrap().expose_secret(),
            "CANARY-refresh"
        );
        assert_eq!(vault.sign_ins().unwrap(), [FINGERPRINT]);
        assert!(vault.credential_names().unwrap().is_empty());
        assert!(vault.remove_sign_in(FINGERPRINT).unwrap());
        assert!(vault.sign_in(FINGERPRINT).unwrap().is_none());
    }
}
