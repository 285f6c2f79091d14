//! Where the stores keep their items.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where the stores keep their items. Plain data: which flags and variables it comes from is the caller's business.
///
/// ```
/// # use aws_vault_keystore::Settings;
/// let settings = Settings {
///     pass_dir: "/home/jon/.password-store".into(),
///     ..Settings::new("/home/jon/.awsvault/keys".into())
/// };
/// # assert_eq!(settings.secret_service_collection, "awsvault");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Directory of [`Backend::File`](crate::Backend::File), made when the first item is written.
    pub file_dir: PathBuf,
    /// Keychain of [`Backend::Keychain`](crate::Backend::Keychain), made when the first item is written.
    pub keychain: String,
    /// Collection of [`Backend::SecretService`](crate::Backend::SecretService), made when the first item is written.
    pub secret_service_collection: String,
    /// Directory of [`Backend::Pass`](crate::Backend::Pass), which must have been made by `pass init`; empty if there is none.
    /// Usually `PASSWORD_STORE_DIR` or `~/.password-store`.
    pub pass_dir: PathBuf,
    /// Directory of [`Backend::Passage`](crate::Backend::Passage); empty if there is none. Usually `PASSAGE_DIR` or
    /// `~/.passage/store`.
    pub passage_dir: PathBuf,
    /// Program that is run for both in place of `pass` and `passage`: a name, which is looked for in the absolute directories
    /// of `PATH`, or an absolute path.
    pub pass_cmd: Option<String>,
    /// Folder of the items inside both; empty for no folder.
    pub pass_prefix: String,
    /// Vault of [`Backend::Op`](crate::Backend::Op) and [`Backend::OpConnect`](crate::Backend::OpConnect).
    pub one_password: OnePassword,
    /// Keyring that has the keyring `aws-vault` of [`Backend::Keyctl`](crate::Backend::Keyctl) in it.
    pub keyctl_scope: KeyctlScope,
    /// Permissions of new keys of `keyctl`, as `keyctl setperm` takes them (`0x3f3f0000`); `None` for the kernel's own.
    pub keyctl_permissions: Option<u32>,
}

impl Settings {
    /// The files in `file_dir`, the usual collection, the user's keyring, and no password store.
    pub fn new(file_dir: PathBuf) -> Self {
        Settings {
            file_dir,
            keychain: "aws-vault".to_owned(),
            secret_service_collection: "awsvault".to_owned(),
            pass_dir: PathBuf::new(),
            passage_dir: PathBuf::new(),
            pass_cmd: None,
            pass_prefix: String::new(),
            one_password: OnePassword::default(),
            keyctl_scope: KeyctlScope::default(),
            keyctl_permissions: None,
        }
    }
}

/// Where the items are in 1Password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OnePassword {
    /// The vault's id; empty if it is not known.
    pub vault: String,
    /// What the items' titles begin with, before `: ` and the name.
    pub title_prefix: String,
    /// The tag that all items have.
    pub tag: String,
    /// URL of the Connect server; empty if there is none.
    pub connect_host: String,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for OnePassword {
    fn default() -> Self {
        OnePassword {
            vault: String::new(),
            title_prefix: "aws-vault".to_owned(),
            tag: "aws-vault".to_owned(),
            connect_host: String::new(),
            timeout: Duration::from_secs(15),
        }
    }
}

/// The kernel's keyrings, by the names that `keyring` libraries use; see keyrings(7).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyctlScope {
    /// `user`: shared by all processes of the user; lasts as long as the user has a process, and until a reboot.
    #[default]
    User,
    /// `usersession`: the session keyring of processes that have no session keyring of their own.
    UserSession,
    /// `session`: of a login, where the system gives logins a keyring; otherwise the same as `usersession`.
    Session,
    /// `process`: gone with the process.
    Process,
    /// `thread`: gone with the thread.
    Thread,
    /// `persistent`: the user's, and kept for some days after the last use, also while the user has no process.
    Persistent,
}

impl KeyctlScope {
    /// Every scope.
    pub const ALL: &'static [KeyctlScope] = &[
        KeyctlScope::User,
        KeyctlScope::UserSession,
        KeyctlScope::Session,
        KeyctlScope::Process,
        KeyctlScope::Thread,
        KeyctlScope::Persistent,
    ];

    /// The name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            KeyctlScope::User => "user",
            KeyctlScope::UserSession => "usersession",
            KeyctlScope::Session => "session",
            KeyctlScope::Process => "process",
            KeyctlScope::Thread => "thread",
            KeyctlScope::Persistent => "persistent",
        }
    }
}

impl fmt::Display for KeyctlScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for KeyctlScope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.name() == name)
            .ok_or_else(|| UnknownScope {
                name: name.to_owned(),
            })
    }
}

/// A name that is no scope's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no keyring scope {name:?}; the scopes are {}", valid_names())]
pub struct UnknownScope {
    /// What was written.
    pub name: String,
}

fn valid_names() -> String {
    let names: Vec<_> = KeyctlScope::ALL.iter().map(|scope| scope.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_parse_back() {
        for scope in KeyctlScope::ALL {
            assert_eq!(scope.name().parse(), Ok(*scope));
            assert_eq!(scope.to_string(), scope.name());
        }
        assert_eq!(
            "group".parse::<KeyctlScope>().unwrap_err().to_string(),
            "there is no keyring scope \"group\"; the scopes are user, usersession, session, process, thread, persistent"
        );
    }
}
