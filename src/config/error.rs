//! What can be wrong with a configuration, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::ini::SyntaxError;
use super::profile::Origin;

/// Why a profile cannot be read or planned. Names from the file are shown with control characters escaped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the config file's place is unknown: neither AWS_CONFIG_FILE nor HOME is set")]
    NoHome,
    #[error("cannot read config file {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write config file {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("config file {} is {kind}", path.display())]
    NotAFile { path: PathBuf, kind: &'static str },
    #[error("config file {} is larger than {} MiB", path.display(), limit >> 20)]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{}:{line}: config file holds {what}", path.display())]
    NotText {
        path: PathBuf,
        line: usize,
        what: &'static str,
    },
    #[error("error parsing config file {}:{}: {}", path.display(), error.line, error.message)]
    Syntax { path: PathBuf, error: SyntaxError },
    /// Somebody else could put a command of theirs into the file.
    #[error("config file {} {why}", path.display())]
    Untrusted { path: PathBuf, why: &'static str },
    #[error("'{}' cannot be the name of a profile in a config file", shown(name))]
    ProfileName { name: String },
    #[error("'{}' cannot be written to a config file as {key}", shown(value))]
    UnwritableValue { key: String, value: String },

    #[error("profile '{}' not found in {} and no stored credentials exist for it", shown(profile), path.display())]
    ProfileNotFound { profile: String, path: PathBuf },
    #[error(
        "{place}: source_profile '{}' of profile '{}' has no section in the config file and no stored credentials",
        shown(source_profile),
        shown(profile)
    )]
    SourceNotFound {
        profile: String,
        source_profile: String,
        place: Place,
    },
    #[error("{}: {key} runs in a loop: {}", path.display(), Loop(steps))]
    Loop {
        path: PathBuf,
        key: &'static str,
        /// First and last one are the same profile.
        steps: Vec<LoopStep>,
    },
    #[error("{}: more than {limit} profiles follow each other by {key}, starting at '{}'", path.display(), shown(profile))]
    TooDeep {
        path: PathBuf,
        key: &'static str,
        profile: String,
        limit: usize,
    },

    #[error("{place}: {key} must be {expected}, not '{}'", shown(value))]
    Value {
        place: Box<Place>,
        key: &'static str,
        value: String,
        expected: &'static str,
    },
    /// The wording is the Go tool's.
    #[error(
        "{place}: Failed to parse {setting}: session tags string must be <key1>=<value1>,[<key2>=<value2>[,...]]"
    )]
    SessionTags { place: Place, setting: &'static str },
    #[error("{place}: endpoint of {service} {why}")]
    Endpoint {
        place: Place,
        service: &'static str,
        why: &'static str,
    },
    #[error("{place}: {call} cannot be asked for {}: AWS allows {} to {}", compact(*seconds), compact(*min), compact(*max))]
    Duration {
        place: Place,
        call: &'static str,
        seconds: u32,
        min: u32,
        max: u32,
    },
    #[error("{place}: profile '{}' has {present} but no {missing}", shown(profile))]
    Incomplete {
        profile: String,
        present: &'static str,
        missing: &'static str,
        place: Place,
    },
    #[error(
        "{place}: no [sso-session {0}] gives an sso_start_url to profile '{1}'",
        shown(session),
        shown(profile)
    )]
    SsoSessionNotFound {
        profile: String,
        session: String,
        place: Box<Place>,
    },
    #[error(
        "profile '{}' assumes no role, and AWS narrows only role sessions by a session policy",
        shown(profile)
    )]
    PolicyWithoutRole { profile: String },
    #[error("profile {}: credentials missing", shown(profile))]
    CredentialsMissing { profile: String },
    #[error(
        "{place}: credential_process of profile '{}' calls aws-vault for the profile itself, and there is no access key stored for it \
         and no other source",
        shown(profile)
    )]
    CallsItself { profile: String, place: Box<Place> },
}

/// One profile of a loop and the line that leads on to the next; no line where none leads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopStep {
    pub profile: String,
    pub line: Option<usize>,
    /// The line stands in another section, e.g. `default`, whose settings the profile inherits.
    pub inherited_from: Option<String>,
}

/// Where a value stands: `path:line`, a flag or a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: PathBuf,
    pub origin: Origin,
}

impl Error {
    /// What to do next, one sentence without a full stop; `None` when the message says it all.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoHome => "set AWS_CONFIG_FILE to the file's path".to_owned(),
            Self::Read { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                format!("make it readable: chmod u+r {}", path.display())
            }
            Self::Write { .. } => "the file is as it was".to_owned(),
            Self::NotAFile { .. } | Self::TooLarge { .. } => {
                "AWS_CONFIG_FILE must name an ordinary text file".to_owned()
            }
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
            Self::Syntax { error, .. } => format!(
                "line {} must read `[section]`, `key = value` or begin with #",
                error.line
            ),
            Self::Untrusted { path, .. } => {
                format!(
                    "check its commands, then: chown $USER {0}; chmod 600 {0}",
                    path.display()
                )
            }
            Self::ProfileNotFound { profile, .. } => format!(
                "`aws-vault list` shows the profiles; `aws-vault add {}` stores an access key",
                shown(profile)
            ),
            Self::SourceNotFound { source_profile, .. } => format!(
                "correct source_profile, or store its access key: aws-vault add {}",
                shown(source_profile)
            ),
            Self::Loop { steps, key, .. } => loop_hint(steps, key),
            Self::TooDeep { key, .. } => format!("shorten the chain of {key} lines"),
            Self::SessionTags { .. } => "write session tags as team=web,stage=prod".to_owned(),
            Self::Endpoint { .. } => {
                "use https://; plain http is for this machine only (localhost, 127.0.0.1, [::1])"
                    .to_owned()
            }
            Self::Duration { min, max, .. } => {
                format!(
                    "choose a duration from {} to {}",
                    compact(*min),
                    compact(*max)
                )
            }
            Self::Incomplete {
                missing, profile, ..
            } => {
                format!("add `{missing} = …` to {}", header(profile))
            }
            Self::SsoSessionNotFound { session, .. } => format!(
                "add [sso-session {}] with sso_start_url and sso_region; `aws configure sso-session` does it",
                shown(session)
            ),
            Self::CallsItself { profile, .. } => {
                format!("store its access key: aws-vault add {}", shown(profile))
            }
            Self::PolicyWithoutRole { .. } => {
                "name a profile with a role_arn; for an Identity Center role, put one with a role_arn behind it".to_owned()
            }
            Self::CredentialsMissing { profile } => format!(
                "store an access key (aws-vault add {}), or configure source_profile, sso_session or credential_process",
                shown(profile)
            ),
            Self::Read { .. }
            | Self::ProfileName { .. }
            | Self::UnwritableValue { .. }
            | Self::Value { .. } => {
                return None;
            }
        };
        Some(hint)
    }
}

impl Place {
    pub fn new(path: &Path, origin: &Origin) -> Self {
        Self {
            path: path.to_owned(),
            origin: origin.clone(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File { line, .. } => write!(f, "{}:{line}", self.path.display()),
            other => other.fmt(f),
        }
    }
}

struct Loop<'a>(&'a [LoopStep]);

impl fmt::Display for Loop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let arrow = if index == 0 { "" } else { " → " };
            write!(f, "{arrow}{}", shown(&step.profile))?;
            match (step.line, &step.inherited_from) {
                (Some(line), Some(section)) => {
                    write!(f, " (line {line}, in [{}])", shown(section))?;
                }
                (Some(line), None) => write!(f, " (line {line})")?,
                (None, _) => {}
            }
        }
        Ok(())
    }
}

fn loop_hint(steps: &[LoopStep], key: &str) -> String {
    match steps.iter().find(|step| step.inherited_from.is_some()) {
        Some(step) if key == "source_profile" => format!(
            "to stop '{0}' from inheriting source_profile, let it name itself: source_profile = {0}",
            shown(&step.profile)
        ),
        _ => format!("remove one of these {key} lines"),
    }
}

fn header(profile: &str) -> String {
    match profile {
        "default" => "[default]".to_owned(),
        name => format!("[profile {}]", shown(name)),
    }
}

fn compact(seconds: u32) -> String {
    super::duration::compact(u64::from(seconds))
}

/// Somebody else's text on one line, with nothing in it that drives a terminal.
pub(super) fn shown(text: &str) -> String {
    crate::error::visible(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_the_terminal() {
        let error = Error::CredentialsMissing {
            profile: "a\n\u{1b}[2J".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "profile a\\n\\u{1b}[2J: credentials missing"
        );
        assert!(!error.hint().unwrap().contains(['\n', '\u{1b}']));
    }

    #[test]
    fn an_error_is_small_enough_to_return() {
        assert!(size_of::<Error>() <= 128, "{}", size_of::<Error>());
    }
}
