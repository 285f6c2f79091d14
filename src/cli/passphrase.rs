//! The passphrase of the `file` store: from the environment, else from the terminal, never from stdin, which may be somebody's
//! pipe.

use std::path::Path;

use aws_vault_keystore::{AskError, AskPassphrase, PassphraseRequest};
use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;
use crate::error::visible;
use crate::terminal::{Terminal, TerminalError};

const VARIABLE: &str = "AWS_VAULT_FILE_PASSPHRASE";

/// Asks on the terminal unless the environment answers.
pub struct TerminalPassphrase {
    given: Option<SecretString>,
}

impl TerminalPassphrase {
    /// The variable counts even when it is empty, as in the Go tool.
    pub fn new(environment: &Environment) -> Self {
        Self {
            given: environment
                .set_var(VARIABLE)
                .and_then(|value| value.to_str())
                .map(SecretString::from),
        }
    }
}

impl AskPassphrase for TerminalPassphrase {
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        match request {
            PassphraseRequest::Unlock { dir } => {
                ask(&format!("Enter passphrase to unlock {}: ", quoted(dir)))
            }
            PassphraseRequest::Create { dir } => choose(dir),
        }
    }
}

/// A typo in the first passphrase would lock its owner out, so it is typed twice.
fn choose(dir: &Path) -> Result<SecretString, AskError> {
    for _ in 0..3 {
        let first = ask(&format!(
            "Choose a passphrase for the new keystore {}: ",
            quoted(dir)
        ))?;
        let second = ask("Type it again: ")?;
        if first.expose_secret() == second.expose_secret() {
            return Ok(first);
        }
        super::output::notice("the passphrases differ");
    }
    Err(AskError::Failed(
        "the passphrases differed three times".to_owned(),
    ))
}

fn ask(prompt: &str) -> Result<SecretString, AskError> {
    Terminal::open()
        .and_then(|mut terminal| terminal.ask_hidden(prompt))
        .map(|text| text.as_str().into())
        .map_err(|error| match error {
            TerminalError::NoTerminal(_) => AskError::NoTerminal,
            TerminalError::Interrupted => AskError::Interrupted,
            other => AskError::Failed(other.to_string()),
        })
}

fn quoted(dir: &Path) -> String {
    format!("\"{}\"", visible(&dir.display().to_string()))
}
