//! What somebody else gave as a proof: a web identity token or a SAML assertion, read anew each time it is needed, since others
//! renew it.

use std::fs::File;
use std::io::{self, Read as _};

use zeroize::Zeroizing;

use super::command::{Directive, Reason};
use super::{Error, Provider};
use crate::config::chain::TokenSource;

/// STS takes tokens of 20,000 characters and assertions of 100,000.
const MOST_BYTES: u64 = 256 * 1024;

/// Where to read: the keys of the config file and the profile they stand in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub profile: &'a str,
    pub source: &'a TokenSource,
    /// `web_identity_token_file` and `web_identity_token_process`.
    pub keys: [&'static str; 2],
}

/// Why a file yields no token.
#[derive(Debug, thiserror::Error)]
#[error("{key} of profile '{profile}': {path} {reason}")]
pub struct FileError {
    pub key: &'static str,
    pub profile: String,
    pub path: String,
    pub reason: String,
}

impl Token<'_> {
    /// The token without the white space around it, which files and programs end in and STS refuses.
    pub(super) fn read(self, provider: &Provider<'_>) -> Result<Zeroizing<String>, Error> {
        match self.source {
            TokenSource::File(path) => self.of_file(&path.value).map_err(Error::TokenFile),
            TokenSource::Process(command) => {
                let directive = Directive {
                    key: self.keys[1],
                    profile: self.profile,
                    command,
                };
                let output = directive.output(provider.environment)?;
                trimmed(&output)
                    .map_err(|reason| directive.error(Reason::Output(reason.to_owned())).into())
            }
        }
    }

    fn of_file(self, path: &str) -> Result<Zeroizing<String>, FileError> {
        let failed = |reason: String| FileError {
            key: self.keys[0],
            profile: self.profile.to_owned(),
            path: path.to_owned(),
            reason,
        };
        let bytes = bounded(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed("does not exist".to_owned()),
            _ => failed(format!("cannot be read: {error}")),
        })?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(failed(format!("is longer than {MOST_BYTES} bytes")));
        }
        trimmed(&bytes).map_err(|reason| failed(format!("holds {reason}")))
    }
}

/// A pipe would make us wait for ever.
fn bounded(path: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn trimmed(bytes: &[u8]) -> Result<Zeroizing<String>, &'static str> {
    match std::str::from_utf8(bytes).map(str::trim) {
        Ok("") => Err("nothing"),
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err("something that is no text"),
    }
}
