//! Why a chain did not yield credentials.

use std::path::PathBuf;

use aws_vault_keystore::Backend;

use crate::files::PathError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("profile '{profile}': {source}")]
    Aws {
        profile: String,
        source: crate::aws::Error,
    },
    #[error(transparent)]
    Mfa(#[from] crate::mfa::Error),
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    #[error("the session cache cannot be written: {0}")]
    Sessions(#[from] PathError),
    #[error("no access key is stored for profile '{profile}' in the {backend} store")]
    KeyMissing { profile: String, backend: Backend },
    #[error(transparent)]
    Sso(super::SsoError),
    #[error(transparent)]
    Command(#[from] super::command::Error),
    #[error(transparent)]
    TokenFile(super::token::FileError),
    #[error(transparent)]
    Federation(#[from] super::federation::Error),
    #[error(transparent)]
    Source(super::credential_source::SourceError),
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    #[error("the access key of profile '{profile}' is no longer in {}", path.display())]
    StaticKeyGone { profile: String, path: PathBuf },
    #[error("profile '{profile}' has no AWS sign-in session here")]
    SignInMissing { profile: String },
    #[error("the AWS sign-in session of profile '{profile}' is over ({code})")]
    SignInOver { profile: String, code: String },
    #[error("this is not the code of this sign-in")]
    WrongCode,
    #[error("signing in: {0}")]
    SignIn(#[from] crate::oauth::Error),
    /// Nobody typed the code of the browser elsewhere.
    #[error("{0}")]
    NoCode(Box<dyn std::error::Error + Send + Sync>),
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
}

/// What failed below Identity Center is told as if nothing were between.
impl From<super::SsoError> for Error {
    fn from(error: super::SsoError) -> Self {
        match error {
            super::SsoError::Provider(error) => *error,
            error => Self::Sso(error),
        }
    }
}

impl Error {
    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Aws { source, .. } => source.hints(),
            Self::Mfa(error) => error.hint().map(str::to_owned).into_iter().collect(),
            Self::Vault(error) => error.hints(),
            Self::Sessions(_) => {
                vec!["set AWS_VAULT_SESSION_DIR to a private directory with room in it".to_owned()]
            }
            Self::KeyMissing { profile, .. } => vec![format!("run `aws-vault add {profile}`")],
            Self::Sso(error) => error.hints(),
            Self::Command(error) => vec![error.hint().to_owned()],
            Self::TokenFile(_) => {
                vec!["whoever renews the token writes it there; the path is taken as it stands, without ~".to_owned()]
            }
            Self::Federation(error) => error.hints(),
            Self::Source(error) => vec![error.hint().to_owned()],
            Self::Config(error) => error.hint().into_iter().collect(),
            Self::StaticKeyGone { .. } => vec!["run the command again".to_owned()],
            Self::SignInMissing { profile } | Self::SignInOver { profile, .. } => {
                vec![format!("sign in: aws-vault signin {profile}")]
            }
            Self::WrongCode => {
                vec![
                    "copy the whole code from the page that this run printed, and run it again"
                        .to_owned(),
                ]
            }
            Self::SignIn(error) => error.hint().map(str::to_owned).into_iter().collect(),
            Self::NoCode(_) => vec!["run it in a terminal".to_owned()],
            Self::Random(_) => Vec::new(),
        }
    }
}
