//! The passphrase of the `file` store, and tokens of 1Password: from the environment, else from the terminal, never from stdin,
//! which may be somebody's pipe.

use std::path::Path;

use aws_vault_keystore::{AskError, AskPassphrase, Asked, PassphraseRequest};
use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;
use crate::error::visible;
use crate::terminal::{Terminal, TerminalError};

const VARIABLE: &str = "AWS_VAULT_FILE_PASSPHRASE";

/// Tokens of 1Password; the first that is set counts, as in the Go tool.
const CONNECT_TOKENS: [&str; 2] = ["AWS_VAULT_OP_CONNECT_TOKEN", "OP_CONNECT_TOKEN"];
const SERVICE_ACCOUNT_TOKENS: [&str; 2] = [
    "AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN",
    "OP_SERVICE_ACCOUNT_TOKEN",
];

/// Asks on the terminal unless the environment answers.
pub struct TerminalPassphrase {
    given: Option<SecretString>,
    connect: Option<SecretString>,
    service_account: Option<SecretString>,
}

impl TerminalPassphrase {
    /// The variable counts even when it is empty, as in the Go tool.
    pub fn new(environment: &Environment) -> Self {
        Self {
            given: environment
                .set_var(VARIABLE)
                .and_then(|value| value.to_str())
                .map(SecretString::from),
            connect: first(environment, CONNECT_TOKENS),
            service_account: first(environment, SERVICE_ACCOUNT_TOKENS),
        }
    }
}

impl AskPassphrase for TerminalPassphrase {
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        match request {
            PassphraseRequest::ConnectToken => match &self.connect {
                Some(token) => Ok(token.clone()),
                None => ask(Asked::ConnectToken, "Enter 1Password Connect token: "),
            },
            PassphraseRequest::ServiceAccountToken => {
                Ok(self.service_account.clone().unwrap_or_default())
            }
            PassphraseRequest::Unlock { .. } | PassphraseRequest::Create { .. }
                if self.given.is_some() =>
            {
                Ok(self.given.clone().unwrap_or_default())
            }
            PassphraseRequest::Unlock { dir } => ask(
                Asked::Passphrase,
                &format!("Enter passphrase to unlock {}: ", quoted(dir)),
            ),
            PassphraseRequest::Create { dir } => choose(dir),
        }
    }
}

fn first(environment: &Environment, names: [&str; 2]) -> Option<SecretString> {
    names
        .iter()
        .find_map(|name| environment.var(name))
        .map(SecretString::from)
}

/// A typo in the first passphrase would lock its owner out, so it is typed twice.
fn choose(dir: &Path) -> Result<SecretString, AskError> {
    for _ in 0..3 {
        let prompt = format!("Choose a passphrase for the new keystore {}: ", quoted(dir));
        let first = ask(Asked::Passphrase, &prompt)?;
        let second = ask(Asked::Passphrase, "Type it again: ")?;
        if first.expose_secret() == second.expose_secret() {
            return Ok(first);
        }
        super::output::notice("the passphrases differ");
    }
    Err(AskError::Failed(
        Asked::Passphrase,
        "the passphrases differed three times".to_owned(),
    ))
}

fn ask(what: Asked, prompt: &str) -> Result<SecretString, AskError> {
    Terminal::open()
        .and_then(|mut terminal| terminal.ask_hidden(prompt))
        .map(|text| text.as_str().into())
        .map_err(|error| match error {
            TerminalError::NoTerminal(_) => AskError::NoTerminal(what),
            TerminalError::Interrupted => AskError::Interrupted(what),
            other => AskError::Failed(what, other.to_string()),
        })
}

fn quoted(dir: &Path) -> String {
    format!("\"{}\"", visible(&dir.display().to_string()))
}
