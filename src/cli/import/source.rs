//! Where the keys come from.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::add::key_of_environment;
use super::super::args::Import;
use super::super::context::Context;
use super::super::output::notice;
use crate::environment::Environment;
use crate::error::{CliError, visible};
use crate::import::{self, Content, Error, Found, credentials_file, csv};

pub enum Source {
    /// `~/.aws/credentials`
    CredentialsFile(PathBuf),
    Csv(PathBuf),
    Environment,
}

impl Source {
    pub fn of(context: &Context, args: &Import) -> Result<Self, CliError> {
        if args.env {
            return Ok(Self::Environment);
        }
        if let Some(path) = &args.csv {
            return Ok(Self::Csv(absolute(path)));
        }
        credentials_path(&context.environment)
            .map(|path| Self::CredentialsFile(absolute(&path)))
            .ok_or_else(|| {
                CliError::new("the home directory is not known")
                    .hint("set HOME, or AWS_SHARED_CREDENTIALS_FILE")
            })
    }

    /// The file that can be changed.
    pub fn file(&self) -> Result<&Path, CliError> {
        match self {
            Self::CredentialsFile(path) | Self::Csv(path) => Ok(path),
            Self::Environment => Err(CliError::usage("the environment is not a file")),
        }
    }

    pub fn read(&self) -> Result<Zeroizing<String>, CliError> {
        let Ok(path) = self.file() else {
            return Ok(Zeroizing::default());
        };
        let text = import::read(path)?;
        if import::is_open_to_others(path) {
            notice(&format!(
                "{} can be read by other users of this machine; `chmod 600` it",
                path.display()
            ));
        }
        Ok(text)
    }

    pub fn find(
        &self,
        context: &Context,
        args: &Import,
        text: &str,
    ) -> Result<Vec<Found>, CliError> {
        let only = args.profile.as_deref();
        let malformed = |path: &Path| {
            let path = path.to_owned();
            |error: crate::config::ini::SyntaxError| Error::Malformed {
                path,
                line: error.line,
                message: error.message,
            }
        };
        match self {
            Self::CredentialsFile(path) => {
                let mut found = credentials_file::find(text).map_err(malformed(path))?;
                if let Some(only) = only {
                    found.retain(|found| found.name == only);
                    if found.is_empty() {
                        return Err(CliError::new(format!(
                            "{} has no access key of '{only}'",
                            path.display()
                        ))
                        .hint("`aws-vault import --no-scrub` without a name shows all of them"));
                    }
                }
                Ok(found)
            }
            Self::Csv(path) => {
                let found = csv::find(text, only.or_else(|| csv::name_from(path)))
                    .map_err(malformed(path))?;
                match (only, found.len()) {
                    (Some(_), 2..) => Err(CliError::usage(format!(
                        "{} has several access keys, which cannot all be stored under one name",
                        path.display()
                    ))
                    .hint("leave the name out: the users' names are in the file")),
                    _ => Ok(found),
                }
            }
            Self::Environment => Ok(vec![Found {
                name: only.unwrap_or_default().to_owned(),
                content: of_environment(context)?,
                bytes: Vec::new(),
            }]),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CredentialsFile(path) | Self::Csv(path) => {
                write!(f, "{}", visible(&path.display().to_string()))
            }
            Self::Environment => f.write_str("the environment"),
        }
    }
}

fn of_environment(context: &Context) -> Result<Content, CliError> {
    let key = key_of_environment(context)?;
    let token = context.environment.var("AWS_SESSION_TOKEN");
    Ok(match token {
        Some(_) => Content::Temporary(key.access_key_id),
        None => Content::LongTerm(key),
    })
}

/// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. A leading `~/` in the variable is the home directory.
fn credentials_path(environment: &Environment) -> Option<PathBuf> {
    let Some(path) = environment.var_os("AWS_SHARED_CREDENTIALS_FILE") else {
        return Some(environment.home()?.join(".aws").join("credentials"));
    };
    let path = Path::new(path);
    match path.strip_prefix("~") {
        Ok(below) => Some(environment.home()?.join(below)),
        Err(_) => Some(path.to_owned()),
    }
}

/// The same file has the same name from every directory, so that `--undo` finds what was kept of it.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
