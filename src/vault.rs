//! Typed views on a keystore: long-term keys and the session key; and the codec of item names, which scripts and the Go tool
//! depend on.

use std::collections::BTreeSet;

use aws_vault_keystore::{Item, Keystore};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use zeroize::Zeroizing;

use crate::credentials::AccessKey;

mod backup;
mod credential_json;
mod import_undo;
mod login_session;
mod mfa_seed;
mod rotation_journal;
mod sign_in;
mod stored_key;

pub use backup::is_precious;
pub use login_session::LoginSession;
pub use sign_in::SignIn;

/// Why a stored key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Keystore(#[from] aws_vault_keystore::Error),
    #[error("the item '{name}' in the {backend} store is not an access key: {reason}")]
    Corrupt {
        name: String,
        backend: aws_vault_keystore::Backend,
        reason: &'static str,
    },
    #[error("what the {backend} store holds for the MFA device {serial} is not a seed")]
    CorruptSeed {
        serial: String,
        backend: aws_vault_keystore::Backend,
    },
    #[error("the {backend} store did not return what was just stored as '{name}'")]
    NotPersisted {
        name: String,
        backend: aws_vault_keystore::Backend,
    },
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
}

impl Error {
    /// What is stored is not what it should be, whichever layer of it.
    pub fn is_corrupt(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Keystore(aws_vault_keystore::Error::Corrupt { .. })
        )
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        use aws_vault_keystore::{AskError, Asked, Error as Store};
        let hint = match self {
            Self::Keystore(error) => match error {
                Store::Unavailable { .. } | Store::TooLarge { .. } => {
                    "choose another store with --backend or AWS_VAULT_BACKEND (file works everywhere)"
                }
                Store::Locked { .. } | Store::Dismissed { .. } => {
                    "unlock the store when its prompt appears, and try again"
                }
                Store::TimedOut { .. } => {
                    "the store's daemon hangs or waits for its prompt: answer it or restart the daemon"
                }
                Store::WrongPassphrase { .. } => {
                    "check AWS_VAULT_FILE_PASSPHRASE if it is set; nothing was changed"
                }
                Store::OtherPassphrase { .. } => {
                    "give the passphrase that this item was stored with; nothing was changed"
                }
                Store::EmptyPassphrase => {
                    "choose a passphrase: it is all that protects the file store"
                }
                Store::Ask(AskError::NoTerminal(Asked::Passphrase)) => {
                    "run it in a terminal, or set AWS_VAULT_FILE_PASSPHRASE"
                }
                Store::Ask(AskError::NoTerminal(Asked::ConnectToken)) => {
                    "run it in a terminal, or set AWS_VAULT_OP_CONNECT_TOKEN"
                }
                Store::Corrupt { .. } => {
                    "restore the item from a backup, or `aws-vault add` it again"
                }
                Store::Io { .. } => {
                    "check the permissions of, and the room in, the store's directory"
                }
                _ => return Vec::new(),
            },
            Self::Corrupt { .. } => "`aws-vault add` it again",
            Self::CorruptSeed { .. } => {
                "restore it from a backup, or choose another --prompt (AWS_VAULT_PROMPT)"
            }
            Self::NotPersisted { .. } => "choose another store with --backend",
            Self::Random(_) => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

/// What an item's name says about it.
///
/// A credential's name is its profile's. The Go tool also stores sessions (`TYPE,B64(profile),B64(mfa),EXPIRY`, and three older
/// forms) and OIDC tokens (`oidc:URL`) beside them; those are recognised, never used, and removed by `clear`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemName {
    Credential(String),
    /// A session that the Go tool left.
    Session {
        profile: Option<String>,
    },
    /// An Identity Center token that the Go tool left.
    OidcToken,
    /// Our own key that seals the session files.
    SessionKey,
    /// What `import` removed from a file.
    ImportUndo,
    /// The journal of a rotation of the key stored under this name.
    RotationJournal(String),
    /// The seed of the MFA device with this serial number.
    MfaSeed(String),
    /// A refresh token of IAM Identity Center, or of an AWS sign-in session.
    SignIn,
}

/// Name of the session key's item. It reads as a session with a far expiry, so that the Go tool neither lists it as a
/// credential nor sweeps it away as expired. When its `clear` removes it, people log in again.
pub const SESSION_KEY_ITEM: &str = "aws-vault.SessionKey,YXdzLXZhdWx0,,4102444800";

impl ItemName {
    pub fn parse(name: &str) -> Self {
        if name == SESSION_KEY_ITEM {
            Self::SessionKey
        } else if import_undo::is_name(name) {
            Self::ImportUndo
        } else if let Some(key) = rotation_journal::rotated_name(name) {
            Self::RotationJournal(key.to_owned())
        } else if let Some(serial) = mfa_seed::serial(name) {
            Self::MfaSeed(serial.to_owned())
        } else if sign_in::is_name(name) || login_session::is_name(name) {
            Self::SignIn
        } else if name.starts_with("oidc:") {
            Self::OidcToken
        } else if let Some(profile) = session_profile(name) {
            Self::Session {
                profile: Some(profile),
            }
        } else if is_old_session(name) {
            Self::Session { profile: None }
        } else {
            Self::Credential(name.to_owned())
        }
    }
}

/// `^[^,]+,[^,]+,[^,]*,[0-9]+$` with both middle fields decodable: the Go tool's recogniser.
fn session_profile(name: &str) -> Option<String> {
    let [kind, profile, mfa, expiry] = name.split(',').collect::<Vec<_>>().try_into().ok()?;
    let decode = |field: &str| BASE64_URL_SAFE_NO_PAD.decode(field).ok();
    let digits = !expiry.is_empty() && expiry.bytes().all(|byte| byte.is_ascii_digit());
    if kind.is_empty() || profile.is_empty() || !digits {
        return None;
    }
    decode(mfa)?;
    String::from_utf8(decode(profile)?).ok()
}

/// `session,PROFILE,MFA,DIGITS` and `session:PROFILE:MFA:EXPIRY` of old versions. The third old form, `NAME session (DIGITS)`,
/// is left alone: it may be somebody's profile, and the Go tool deletes those.
fn is_old_session(name: &str) -> bool {
    let digits = |field: &str| field.len() > 1 && field.bytes().all(|byte| byte.is_ascii_digit());
    [',', ':'].iter().any(|separator| {
        let fields: Vec<_> = name.split(*separator).collect();
        fields.len() >= 4 && fields[0] == "session" && digits(fields[fields.len() - 1])
    })
}

/// The key that seals the session files: 256 random bits, kept in the keystore.
pub struct SessionKey(Zeroizing<[u8; 32]>);

impl SessionKey {
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    fn random() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(Error::Random)?;
        Ok(Self(bytes))
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// Names of what cannot be had again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Of stored long-term keys.
    pub credentials: BTreeSet<String>,
    /// Of those whose rotation is not finished.
    pub rotations: BTreeSet<String>,
    /// Serial numbers of the MFA devices whose seeds are kept.
    pub mfa_seeds: BTreeSet<String>,
}

/// An opened store.
pub struct Vault {
    store: Box<dyn Keystore>,
}

impl Vault {
    pub fn new(store: Box<dyn Keystore>) -> Self {
        Self { store }
    }

    pub fn backend(&self) -> aws_vault_keystore::Backend {
        self.store.backend()
    }

    /// Names of every stored long-term key.
    pub fn credential_names(&self) -> Result<BTreeSet<String>, Error> {
        Ok(self.inventory()?.credentials)
    }

    /// What the store holds, by one listing.
    pub fn inventory(&self) -> Result<Inventory, Error> {
        let mut inventory = Inventory::default();
        for name in self.store.names()? {
            match ItemName::parse(&name) {
                ItemName::Credential(name) => drop(inventory.credentials.insert(name)),
                ItemName::RotationJournal(name) => drop(inventory.rotations.insert(name)),
                ItemName::MfaSeed(serial) => drop(inventory.mfa_seeds.insert(serial)),
                _ => {}
            }
        }
        Ok(inventory)
    }

    /// The long-term key stored for `profile`.
    pub fn access_key(&self, profile: &str) -> Result<Option<AccessKey>, Error> {
        Ok(self.stored_key(profile)?.map(|stored| stored.key))
    }

    /// Stores the key for `profile` and reads it back: success is said only of what was really kept.
    pub fn store_access_key(&self, profile: &str, key: &AccessKey) -> Result<(), Error> {
        self.store_key(profile, key, None)
    }

    /// Removes the key stored for `profile`; says whether there was one.
    pub fn remove_access_key(&self, profile: &str) -> Result<bool, Error> {
        Ok(self.store.remove(profile)?)
    }

    /// Proves that the store takes, returns and removes an item, before something irreplaceable is trusted to it. Written beside
    /// `name`, under a name that the Go tool takes for a session.
    pub fn check_writable(&self, name: &str) -> Result<(), Error> {
        let probe = format!(
            "aws-vault.Probe,{},,4102444800",
            BASE64_URL_SAFE_NO_PAD.encode(name)
        );
        self.store.write(&Item {
            name: probe.clone(),
            data: b"probe".to_vec().into(),
            label: "aws-vault probe".to_owned(),
            description: String::new(),
            not_trust_application: false,
            not_synchronizable: true,
        })?;
        let kept = self
            .store
            .read(&probe)?
            .is_some_and(|item| item.data.expose() == b"probe");
        self.store.remove(&probe)?;
        if kept {
            Ok(())
        } else {
            Err(Error::NotPersisted {
                name: name.to_owned(),
                backend: self.store.backend(),
            })
        }
    }

    /// The session key, if one was made.
    pub fn session_key(&self) -> Result<Option<SessionKey>, Error> {
        let Some(item) = self.store.read(SESSION_KEY_ITEM)? else {
            return Ok(None);
        };
        Ok(SessionKey::from_bytes(item.data.expose()))
    }

    /// The session key, made now if there is none. The caller holds the lock of the state directory, so that two processes do
    /// not make two keys.
    pub fn session_key_or_new(&self) -> Result<SessionKey, Error> {
        if let Some(key) = self.session_key()? {
            return Ok(key);
        }
        let key = SessionKey::random()?;
        self.store.write(&Item {
            name: SESSION_KEY_ITEM.to_owned(),
            data: key.expose().to_vec().into(),
            label: "aws-vault session key".to_owned(),
            description: "seals aws-vault's session files".to_owned(),
            not_trust_application: false,
            not_synchronizable: true,
        })?;
        Ok(key)
    }

    /// Removes what the Go tool left besides credentials: sessions of `profile` (all if `None`), and with all of them its
    /// OIDC tokens. Returns how many items went.
    pub fn remove_foreign_sessions(&self, of: Option<&str>) -> Result<usize, Error> {
        let mut removed = 0;
        for name in self.store.names()? {
            let matches = match ItemName::parse(&name) {
                ItemName::Session { profile } => of.is_none() || profile.as_deref() == of,
                ItemName::OidcToken => of.is_none(),
                ItemName::Credential(_)
                | ItemName::SessionKey
                | ItemName::ImportUndo
                | ItemName::SignIn
                | ItemName::MfaSeed(_)
                | ItemName::RotationJournal(_) => false,
            };
            if matches && self.store.remove(&name)? {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.store.location())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_names() {
        let session = |profile: &str| ItemName::Session {
            profile: Some(profile.to_owned()),
        };
        let old = ItemName::Session { profile: None };
        let credential = |name: &str| ItemName::Credential(name.to_owned());
        for (name, expected) in [
            (
                "sts.GetSessionToken,am9u,YXJuOmF3czppYW06OjEyMzQ1Njc4OTAxMjptZmEvam9u,1700003600",
                session("jon"),
            ),
            ("credential_process,cHJvYw,,1700003600", session("proc")),
            (
                "sso.GetRoleCredentials,ZGV2,aHR0cHM6Ly9kLTEyMzQ1Njc4OTAuYXdzYXBwcy5jb20vc3RhcnQjLw,1700003600",
                session("dev"),
            ),
            ("session,jon,mfa,1700003600", old.clone()),
            ("session:jon:mfa:1700003600", old),
            ("oidc:https://h/start", ItemName::OidcToken),
            (SESSION_KEY_ITEM, ItemName::SessionKey),
            ("jon", credential("jon")),
            ("a,b,c", credential("a,b,c")),
            ("foo session (12)", credential("foo session (12)")),
            ("a,!!,,12", credential("a,!!,,12")),
        ] {
            assert_eq!(ItemName::parse(name), expected, "{name}");
        }
    }

    #[test]
    fn the_go_tool_takes_the_session_key_for_a_session() {
        assert_eq!(
            session_profile(SESSION_KEY_ITEM).as_deref(),
            Some("aws-vault")
        );
    }
}
