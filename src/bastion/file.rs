//! `bastion.toml`: text to model. Every mistake is told with its line and column, and all of them at once.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use toml::Spanned;

use super::model::Layout;

mod resolve;
mod role;
mod suggest;

/// What is wrong with the file: one or more mistakes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct FileError {
    pub mistakes: Vec<Mistake>,
}

/// One mistake and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            column,
            message,
        } = self;
        write!(f, "{}:{line}:{column}: {message}", path.display())
    }
}

/// Reads the text of `path`. `read` opens the policy files that it names, relative to its own directory.
pub fn parse(
    path: &Path,
    text: &str,
    read: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Result<Layout, FileError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = suggest::with_suggestion(error.message());
        let start = error.span().map_or(0, |span| span.start);
        FileError {
            mistakes: vec![mistake(path, text, start, message)],
        }
    })?;
    let mut mistakes = Mistakes {
        path,
        text,
        found: Vec::new(),
    };
    let layout = resolve::layout(&file, &mut mistakes, read);
    match layout {
        Some(layout) if mistakes.found.is_empty() => Ok(layout),
        _ => {
            mistakes
                .found
                .sort_by_key(|mistake| (mistake.line, mistake.column));
            Err(FileError {
                mistakes: mistakes.found,
            })
        }
    }
}

/// Collects what is wrong.
struct Mistakes<'a> {
    path: &'a Path,
    text: &'a str,
    found: Vec<Mistake>,
}

impl Mistakes<'_> {
    fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        let mistake = mistake(self.path, self.text, span.start, message.into());
        self.found.push(mistake);
    }
}

fn mistake(path: &Path, text: &str, start: usize, message: String) -> Mistake {
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Mistake {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
    }
}

type Names<T> = BTreeMap<Spanned<String>, T>;
type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bastion: BastionTable,
    #[serde(default)]
    admin: AdminTable,
    #[serde(default)]
    accounts: Names<AccountTable>,
    #[serde(default)]
    roles: Names<RoleTable>,
    #[serde(default)]
    groups: Names<GroupTable>,
    #[serde(default)]
    users: Names<UserTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BastionTable {
    account: Text,
    name: Option<Text>,
    partition: Option<Text>,
    profile: Option<String>,
    color: Option<Text>,
    region: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminTable {
    profile: Option<String>,
    role: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountTable {
    id: Text,
    profile: Option<String>,
    color: Option<Text>,
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleTable {
    accounts: Vec<Text>,
    #[serde(default)]
    managed_policies: Vec<Text>,
    #[serde(default)]
    inline_policies: Names<Text>,
    max_session_duration: Option<Spanned<Span>>,
    path: Option<Text>,
    description: Option<Text>,
    #[serde(default)]
    tags: Names<Text>,
    permissions_boundary: Option<Text>,
    mfa_max_age: Option<Spanned<Span>>,
    source_ip: Option<Spanned<Vec<Text>>>,
    third_party: Option<Spanned<ThirdPartyTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThirdPartyTable {
    account: Text,
    external_id: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    #[serde(default)]
    assume: Vec<Text>,
    #[serde(default)]
    managed_policies: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    #[serde(default)]
    groups: Option<Spanned<Vec<Text>>>,
    #[serde(default)]
    console: bool,
    #[serde(default)]
    access_key: bool,
}

/// A duration: seconds as a number, or `"1h30m"`.
#[derive(Debug, Clone, Copy)]
struct Span(u32);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"1h\", or seconds")
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Span, E> {
                let seconds = u32::try_from(seconds).map_err(|_| E::custom("is out of range"))?;
                Ok(Span(seconds))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                let duration = crate::config::duration::parse(text)
                    .map_err(|error| E::custom(error.to_string()))?;
                let seconds =
                    u32::try_from(duration.as_secs()).map_err(|_| E::custom("is out of range"))?;
                Ok(Span(seconds))
            }
        }
        deserializer
            .deserialize_any(Either)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
