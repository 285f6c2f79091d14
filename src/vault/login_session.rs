//! What is kept of an AWS sign-in session (`aws login`): the refresh token, and the key it is bound to.

use aws_vault_keystore::Item;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Error, Vault};

const KIND: &str = "aws-vault.LoginSession,";
const FAR: &str = ",,4102444800";

/// One sign-in. The AWS CLI keeps the same in `~/.aws/login/cache`, in clear.
pub struct LoginSession {
    /// `arn:aws:signin:::devtools/same-device` or `…/cross-device`.
    pub client: String,
    /// Region of the endpoint that gave it.
    pub region: String,
    pub refresh: SecretString,
    /// Private scalar of the key that the refresh token is bound to.
    pub key: Zeroizing<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    client: String,
    region: String,
    refresh_token: String,
    /// The private key's scalar in base64.
    key: String,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.refresh_token.zeroize();
        self.key.zeroize();
    }
}

pub(super) fn is_name(name: &str) -> bool {
    arn(name).is_some()
}

/// Reads as a session with a far expiry, like the session key's name.
fn name(arn: &str) -> String {
    format!("{KIND}{}{FAR}", BASE64_URL_SAFE_NO_PAD.encode(arn))
}

fn arn(name: &str) -> Option<String> {
    let encoded = name.strip_prefix(KIND)?.strip_suffix(FAR)?;
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

impl Vault {
    /// The sign-in of an identity; one that cannot be read can be had again, and is as if it were not there.
    pub fn login_session(&self, arn: &str) -> Result<Option<LoginSession>, Error> {
        let Some(item) = self.store.read(&name(arn))? else {
            return Ok(None);
        };
        let Ok(mut stored) = serde_json::from_slice::<Stored>(item.data.expose()) else {
            return Ok(None);
        };
        Ok(Some(LoginSession {
            client: std::mem::take(&mut stored.client),
            region: std::mem::take(&mut stored.region),
            refresh: std::mem::take(&mut stored.refresh_token).into(),
            key: Zeroizing::new(BASE64_STANDARD.decode(&stored.key).unwrap_or_default()),
        }))
    }

    pub fn store_login_session(&self, arn: &str, session: &LoginSession) -> Result<(), Error> {
        let stored = Stored {
            version: 1,
            client: session.client.clone(),
            region: session.region.clone(),
            refresh_token: session.refresh.expose_secret().to_owned(),
            key: BASE64_STANDARD.encode(&*session.key),
        };
        let data = Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default());
        self.store.write(&Item {
            name: name(arn),
            data: data.to_vec().into(),
            label: format!("aws-vault sign-in ({arn})"),
            description: "refresh token of an AWS sign-in session".to_owned(),
            not_trust_application: false,
            not_synchronizable: true,
        })?;
        Ok(())
    }

    pub fn remove_login_session(&self, arn: &str) -> Result<bool, Error> {
        Ok(self.store.remove(&name(arn))?)
    }

    /// ARNs of every sign-in that is kept.
    pub fn login_sessions(&self) -> Result<Vec<String>, Error> {
        let names = self.store.names()?;
        Ok(names.iter().filter_map(|name| arn(name)).collect())
    }
}

impl std::fmt::Debug for LoginSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoginSession({}, {})", self.client, self.region)
    }
}

#[cfg(test)]
mod tests {
    use aws_vault_keystore::MemoryKeystore;

    use super::super::{ItemName, session_profile};
    use super::*;

    const ARN: &str = "arn:aws:iam::111122223333:user/elmerfudd";

    #[test]
    fn the_go_tool_takes_it_for_a_session() {
        assert_eq!(session_profile(&name(ARN)).as_deref(), Some(ARN));
        assert_eq!(ItemName::parse(&name(ARN)), ItemName::SignIn);
    }

    #[test]
    fn comes_back_as_it_went() {
        let vault = Vault::new(Box::new(MemoryKeystore::default()));
        let session = LoginSession {
            client: "client".to_owned(),
            region: "eu-west-1".to_owned(),
            refresh: "CANARY-refresh".into(),
            key: Zeroizing::new(b"CANARY-key".to_vec()),
        };
        assert!(!format!("{session:?}").contains("CANARY"));
        vault.store_login_session(ARN, &session).unwrap();
        let back = vault.login_session(ARN).unwrap().unwrap();
        assert_eq!(back.refresh.expose_secret(), "CANARY-refresh");
        assert_eq!(back.key, session.key);
        assert_eq!((back.client, back.region), (session.client, session.region));
        assert_eq!(vault.login_sessions().unwrap(), [ARN]);
        assert!(vault.credential_names().unwrap().is_empty());
        assert!(vault.remove_login_session(ARN).unwrap());
        assert!(vault.login_session(ARN).unwrap().is_none());
    }
}
