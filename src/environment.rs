//! A snapshot of the process environment, taken once in `main`: nothing below reads `std::env`, so every decision can be
//! tested with plain values.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Environment variables as they were when the process started.
///
/// Has no `Debug` that shows values: the snapshot may hold keys and passphrases.
#[derive(Default, Clone)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Takes the snapshot of this process. A variable given twice keeps its first value, as `getenv` sees it.
    pub fn of_process() -> Self {
        let mut vars = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            vars.entry(name).or_insert(value);
        }
        Self { vars }
    }

    /// The variable's text; `None` when it is unset, empty, or not Unicode.
    ///
    /// Empty counts as unset, as the Go tool and the AWS SDKs treat it.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.var_os(name)?.to_str()
    }

    /// The variable, unless unset or empty.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.set_var(name).filter(|value| !value.is_empty())
    }

    /// The variable if it is set at all, even to nothing (`AWS_VAULT_FILE_PASSPHRASE=` means an empty passphrase).
    pub fn set_var(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Every variable, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The user's home directory: `HOME`, else what the system's user database says.
    pub fn home(&self) -> Option<PathBuf> {
        self.var_os("HOME")
            .map(PathBuf::from)
            .or_else(std::env::home_dir)
            .filter(|home| !home.as_os_str().is_empty())
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(iter: I) -> Self {
        Self {
            vars: iter
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_counts_as_unset() {
        let env: Environment = [("AWS_REGION", ""), ("AWS_PROFILE", "x")]
            .into_iter()
            .collect();
        assert_eq!(env.var("AWS_REGION"), None);
        assert_eq!(env.set_var("AWS_REGION"), Some(OsStr::new("")));
        assert_eq!(env.var("AWS_PROFILE"), Some("x"));
    }

    #[test]
    fn debug_shows_names_only() {
        let env: Environment = [("AWS_VAULT_FILE_PASSPHRASE", "hunter2")]
            .into_iter()
            .collect();
        assert!(!format!("{env:?}").contains("hunter2"));
    }
}
