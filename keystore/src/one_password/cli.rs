//! 1Password through its command-line program, `op`, version 2: signed in by the desktop app, by `op signin`, or by the token of a
//! service account.
//!
//! Items go to the program on its standard input, never on its command line, which other users can read.
//! Source: <https://developer.1password.com/docs/cli/reference/management-commands/item/>.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::Shape;
use crate::item::check_name;
use crate::settings::OnePassword;
use crate::tool::{self, Failure, Tool};
use crate::{AskPassphrase, Backend, Error, Item, Keystore, PassphraseRequest};

const BACKEND: Backend = Backend::Op;

const PROGRAM: &str = "op";

const TOKEN_VARIABLE: &str = "OP_SERVICE_ACCOUNT_TOKEN";

/// Bytes that an item's JSON usually needs at most.
const EXPECTED: usize = 64 << 10;

/// The longest reason that is shown.
const MAX_REASON: usize = 200;

/// One vault, through the program.
pub struct OpKeystore {
    shape: Shape,
    asker: Box<dyn AskPassphrase>,
    path: Option<OsString>,
}

impl OpKeystore {
    /// The vault that the settings name.
    pub fn new(settings: &OnePassword, asker: Box<dyn AskPassphrase>) -> Self {
        OpKeystore {
            shape: Shape {
                backend: BACKEND,
                settings: settings.clone(),
            },
            asker,
            path: None,
        }
    }

    /// Looks for the program in these directories instead of those of `PATH`.
    #[must_use]
    pub fn with_path(mut self, path: impl AsRef<OsStr>) -> Self {
        self.path = Some(path.as_ref().to_owned());
        self
    }

    /// Whether the program is installed and the vault known; runs nothing.
    pub fn probe(settings: &OnePassword) -> Result<(), Error> {
        let shape = Shape {
            backend: BACKEND,
            settings: settings.clone(),
        };
        find(&shape, None)?;
        shape.vault().map(drop)
    }

    fn tool(&self) -> Result<Tool, Error> {
        let program = find(&self.shape, self.path.as_deref())?;
        let token = self.asker.ask(PassphraseRequest::ServiceAccountToken)?;
        let mut variables = Vec::new();
        if !token.expose_secret().is_empty() {
            variables.push((TOKEN_VARIABLE.into(), token.expose_secret().into()));
        }
        Ok(Tool {
            program,
            variables,
            limit: self.shape.settings.timeout,
        })
    }

    /// Runs `op item …` in the vault for its JSON.
    fn ask(&self, operation: &'static str, words: &[&str]) -> Result<Option<Value>, Error> {
        let (tool, vault) = (self.tool()?, self.shape.vault()?);
        let arguments = arguments(words, vault);
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        match tool.output(&arguments, EXPECTED) {
            Ok(json) => self.shape.parse(operation, &json).map(Some),
            Err(Failure::Ended { words, .. }) if words.contains("isn't an item") => Ok(None),
            Err(failure) => Err(self.error(operation, failure)),
        }
    }

    fn item(&self, operation: &'static str, name: &str) -> Result<Option<Value>, Error> {
        check_name(name)?;
        let title = self.shape.title(name);
        let Some(document) = self.ask(operation, &["get", &title, "--format", "json"])? else {
            return Ok(None);
        };
        // The program also finds titles that differ in capitals, and other people's items.
        let found = document["title"] == title.as_str() && self.shape.is_ours(&document);
        Ok(found.then_some(document))
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        match failure {
            Failure::Start(error) => self
                .shape
                .unavailable(format!("its program cannot be started: {error}")),
            Failure::TimedOut => Error::TimedOut {
                backend: BACKEND,
                seconds: self.shape.settings.timeout.as_secs(),
            },
            Failure::Ended { status, words } => meaning(&self.shape, operation, &words)
                .unwrap_or_else(|| {
                    self.shape
                        .failed(operation, format!("its program ended with {status}"))
                }),
        }
    }
}

impl Keystore for OpKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        location(&self.shape.settings)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let tag = self.shape.settings.tag.as_str();
        let words = [
            "list",
            "--tags",
            tag,
            "--categories",
            "API Credential",
            "--format",
            "json",
        ];
        let list = self.ask("list its items", &words)?;
        Ok(self.shape.names(&list.unwrap_or_default()))
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        match self.item("read the item", name)? {
            Some(mut document) => self.shape.decode(name, &mut document).map(Some),
            None => Ok(None),
        }
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        let operation = "store the item";
        let document = match self.item(operation, &item.name)? {
            Some(old) => self.shape.replace(item, old)?,
            None => self.shape.encode(item),
        };
        let words = match document.id() {
            Some(id) => ["edit", id],
            None => ["create", "-"],
        };
        let arguments = arguments(&words, self.shape.vault()?);
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        self.tool()?
            .put(&arguments, document.text())
            .map_err(|failure| self.error(operation, failure))
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        let operation = "remove the item";
        let Some(document) = self.item(operation, name)? else {
            return Ok(false);
        };
        let id = document["id"].as_str().unwrap_or_default();
        let arguments = arguments(&["delete", id], self.shape.vault()?);
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        match self.tool()?.run(&arguments) {
            Ok(()) => Ok(true),
            Err(Failure::Ended { words, .. }) if words.contains("isn't an item") => Ok(false),
            Err(failure) => Err(self.error(operation, failure)),
        }
    }
}

impl fmt::Debug for OpKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpKeystore")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// The vault.
pub(crate) fn location(settings: &OnePassword) -> String {
    format!("{BACKEND}:{}", settings.vault)
}

fn find(shape: &Shape, path: Option<&OsStr>) -> Result<std::path::PathBuf, Error> {
    let path = path.map_or_else(|| env::var_os("PATH").unwrap_or_default(), OsStr::to_owned);
    tool::find(PROGRAM, &tool::absolute_directories(&path)).ok_or_else(|| {
        shape.unavailable(format!(
            "there is no program {PROGRAM:?} in an absolute directory of PATH"
        ))
    })
}

fn arguments<'a>(words: &[&'a str], vault: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["item"];
    arguments.extend(words);
    arguments.extend(["--vault", vault]);
    arguments
}

/// What the program's words mean. They are English in every locale: `[ERROR] 2026/11/24 12:00:00 reason`.
fn meaning(shape: &Shape, operation: &'static str, words: &str) -> Option<Error> {
    let line = words.lines().find(|line| line.starts_with("[ERROR]"));
    let line = line.or_else(|| words.lines().find(|line| !line.trim().is_empty()))?;
    let reason = line
        .strip_prefix("[ERROR] ")
        .map_or(line, |rest| rest.splitn(3, ' ').nth(2).unwrap_or(rest));
    let reason: String = reason.trim().chars().take(MAX_REASON).collect();
    let has = |phrases: &[&str]| {
        let words = words.to_lowercase();
        phrases.iter().any(|phrase| words.contains(phrase))
    };
    Some(if has(&["more than one item matches"]) {
        shape.ambiguous(&shape.title("…"), "several")
    } else if has(&["dismissed", "canceled", "cancelled"]) {
        Error::Dismissed { backend: BACKEND }
    } else if has(&[
        "not currently signed in",
        "not signed in",
        "session expired",
        "no accounts configured",
    ]) {
        Error::Locked {
            backend: BACKEND,
            what: format!("its vault ({reason})"),
        }
    } else if has(&["isn't a vault"]) {
        shape.unavailable(reason)
    } else if has(&[
        "401",
        "403",
        "unauthorized",
        "forbidden",
        "permission",
        "token",
    ]) {
        Error::Denied {
            backend: BACKEND,
            reason,
        }
    } else {
        shape.failed(operation, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_words_are_typed_errors() {
        let shape = Shape {
            backend: BACKEND,
            settings: OnePassword::default(),
        };
        let table = [
            (
                "[ERROR] 2026/11/24 12:00:00 You are not currently signed in. Please run `op signin --help`",
                "the op keystore is still locked after it was asked to unlock its vault (You are not currently signed in. Please run `op signin --help`)",
            ),
            (
                "[ERROR] 2026/11/24 12:00:00 authorization prompt dismissed, please try again",
                "the prompt of the op keystore was dismissed",
            ),
            (
                "[ERROR] 2026/11/24 12:00:00 \"v\" isn't a vault in this account.",
                "the op keystore is not available: \"v\" isn't a vault in this account.",
            ),
            (
                "[ERROR] 2026/11/24 12:00:00 (403) Forbidden: you cannot",
                "the op keystore denies access: (403) Forbidden: you cannot",
            ),
            (
                "[ERROR] 2026/11/24 12:00:00 something else\nmore",
                "the op keystore failed to read: something else",
            ),
            ("no prefix", "the op keystore failed to read: no prefix"),
        ];
        for (words, text) in table {
            assert_eq!(meaning(&shape, "read", words).unwrap().to_string(), text);
        }
        assert!(meaning(&shape, "read", " \n").is_none());
    }
}
