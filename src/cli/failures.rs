//! Each room's errors as the user sees them: the sentence and its hints, in one place.

use aws_vault_keystore::{AskError, Error as Store};

use crate::error::{CliError, Kind};
use crate::files::PathError;
use crate::{config, import, mfa, provider, rotation, vault};

impl From<config::Error> for CliError {
    fn from(error: config::Error) -> Self {
        with_hints(&error, error.hint().into_iter().collect())
    }
}

impl From<provider::Error> for CliError {
    fn from(error: provider::Error) -> Self {
        if is_interruption(&error) {
            return Self::interrupted();
        }
        let shown = with_hints(&error, error.hints());
        match error {
            provider::Error::Mfa(mfa::Error::Cancelled { .. }) => shown.kind(Kind::Interrupted),
            _ => shown,
        }
    }
}

impl From<provider::SsoError> for CliError {
    fn from(error: provider::SsoError) -> Self {
        provider::Error::from(error).into()
    }
}

impl From<rotation::Error> for CliError {
    fn from(error: rotation::Error) -> Self {
        match error {
            rotation::Error::Provider(error) => error.into(),
            error => with_hints(&error, error.hints()),
        }
    }
}

impl From<crate::aws::Error> for CliError {
    fn from(error: crate::aws::Error) -> Self {
        with_hints(&error, error.hints())
    }
}

impl From<import::Error> for CliError {
    fn from(error: import::Error) -> Self {
        let hints = error.hint().map(str::to_owned);
        with_hints(&error, hints.into_iter().collect())
    }
}

impl From<crate::bastion::file::FileError> for CliError {
    fn from(error: crate::bastion::file::FileError) -> Self {
        Self::new(&error).hint("docs/bastion.md describes every key of the file")
    }
}

impl From<PathError> for CliError {
    fn from(error: PathError) -> Self {
        Self::new(&error)
            .hint("check the permissions of the file and its directory, and the room on the disk")
    }
}

fn with_hints(error: &impl std::fmt::Display, hints: Vec<String>) -> CliError {
    CliError {
        kind: Kind::Failure,
        message: error.to_string(),
        hints,
    }
}

/// Ctrl-C at any prompt ends the run with a shell's status for it, whichever room asked.
fn is_interruption(error: &provider::Error) -> bool {
    matches!(
        error,
        provider::Error::Mfa(mfa::Error::Interrupted)
            | provider::Error::Vault(vault::Error::Keystore(Store::Ask(AskError::Interrupted(_))))
    )
}
