//! The names of the stores.

use std::fmt;
use std::str::FromStr;

/// The kinds of store, by the names users write after `--backend`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Backend {
    /// `wincred`: the Credential Manager of Windows.
    Wincred,
    /// `keychain`: a keychain file of macOS.
    Keychain,
    /// `secret-service`: GNOME Keyring, KeePassXC and others behind the freedesktop.org D-Bus interface.
    SecretService,
    /// `kwallet`: KDE Wallet. Linux only.
    Kwallet,
    /// `pass`: the password store of the `pass` program, encrypted by GnuPG. Not on Windows.
    Pass,
    /// `file`: one encrypted file per item, opened by a passphrase.
    File,
    /// `keyctl`: the key retention service of the Linux kernel, which a reboot empties.
    Keyctl,
    /// `passage`: the password store of the `passage` program, encrypted by age. Not on Windows.
    Passage,
    /// `op-connect`: a vault of 1Password behind a Connect server.
    OpConnect,
    /// `op`: a vault of 1Password, through the program `op`. Not on Windows.
    Op,
    /// `memory`: for tests only; forgets everything when closed.
    Memory,
}

impl Backend {
    /// Every store a user can choose: first those of [`Backend::DEFAULT_ORDER`], in that order. `memory` is not for users.
    pub const ALL: &'static [Backend] = &[
        Backend::Wincred,
        Backend::Keychain,
        Backend::SecretService,
        Backend::Kwallet,
        Backend::Pass,
        Backend::File,
        Backend::Keyctl,
        Backend::Passage,
        Backend::OpConnect,
        Backend::Op,
    ];

    /// The order in which a default is looked for, with [`probe`](crate::probe), which at once says no to another system's own
    /// store. Those left out are never the default: a reboot empties `keyctl`, and the rest must be asked for by those who use it.
    pub const DEFAULT_ORDER: &'static [Backend] = &[
        Backend::Wincred,
        Backend::Keychain,
        Backend::SecretService,
        Backend::Kwallet,
        Backend::Pass,
        Backend::File,
    ];

    /// The name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Wincred => "wincred",
            Backend::Keychain => "keychain",
            Backend::SecretService => "secret-service",
            Backend::Kwallet => "kwallet",
            Backend::Pass => "pass",
            Backend::File => "file",
            Backend::Keyctl => "keyctl",
            Backend::Passage => "passage",
            Backend::OpConnect => "op-connect",
            Backend::Op => "op",
            Backend::Memory => "memory",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .chain([&Backend::Memory])
            .copied()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| UnknownBackend {
                name: name.to_owned(),
            })
    }
}

/// A name that is no store's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no backend {name:?}; the backends are {}", valid_names())]
pub struct UnknownBackend {
    /// What was written.
    pub name: String,
}

fn valid_names() -> String {
    let names: Vec<_> = Backend::ALL.iter().map(|backend| backend.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for backend in Backend::ALL.iter().chain([&Backend::Memory]) {
            assert_eq!(backend.name().parse(), Ok(*backend));
            assert_eq!(backend.to_string(), backend.name());
        }
    }

    #[test]
    fn the_default_is_looked_for_in_the_order_of_all() {
        assert!(Backend::ALL.starts_with(Backend::DEFAULT_ORDER));
    }

    #[test]
    fn unknown_name_lists_the_valid_ones() {
        let error = "File".parse::<Backend>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no backend \"File\"; the backends are wincred, keychain, secret-service, \
             kwallet, pass, file, keyctl, passage, op-connect, op"
        );
    }
}
