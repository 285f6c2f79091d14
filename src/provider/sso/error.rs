//! Why Identity Center gave no credentials, in words that name the instance and the next step.

use super::device::Refusal;
use super::instance::Instance;
use crate::{aws, oauth};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("profile '{profile}' names no start URL or no region of IAM Identity Center")]
    NoInstance { profile: String },
    #[error("signing in to '{name}': {source}")]
    SignIn { name: String, source: aws::Error },
    #[error("signing in to '{name}': {source}")]
    Browser { name: String, source: oauth::Error },
    #[error("signing in to '{name}': the access was refused in the browser")]
    Denied { name: String },
    #[error("signing in to '{name}': nobody confirmed the code in the browser in time")]
    CodeExpired { name: String },
    #[error("another aws-vault has just failed: {reason}")]
    Elsewhere { name: String, reason: String },
    #[error("'{name}' does not accept the token of this very sign-in: {source}")]
    TokenRefused { name: String, source: aws::Error },
    #[error(
        "profile '{profile}': '{name}' gives you no role {role} in account {account}: {source}"
    )]
    NoAccess {
        profile: String,
        name: String,
        account: String,
        role: String,
        source: aws::Error,
    },
    #[error("'{name}': {source}")]
    Portal { name: String, source: aws::Error },
    /// The cache or the keystore failed.
    #[error(transparent)]
    Provider(Box<crate::provider::Error>),
}

impl Error {
    pub(super) fn sign_in(instance: &Instance, source: aws::Error) -> Self {
        Self::SignIn {
            name: instance.name().to_owned(),
            source,
        }
    }

    pub(super) fn browser(instance: &Instance, source: oauth::Error) -> Self {
        let name = instance.name().to_owned();
        match source {
            oauth::Error::Refused { ref code, .. } if code == "access_denied" => {
                Self::Denied { name }
            }
            source => Self::Browser { name, source },
        }
    }

    pub(super) fn device(instance: &Instance, refusal: Refusal) -> Self {
        let name = instance.name().to_owned();
        match refusal {
            Refusal::Expired => Self::CodeExpired { name },
            Refusal::Denied => Self::Denied { name },
            Refusal::Aws(source) => Self::SignIn { name, source },
        }
    }

    pub(super) fn portal(instance: &Instance, source: aws::Error) -> Self {
        let name = instance.name().to_owned();
        if source.is_unauthorized() {
            Self::TokenRefused { name, source }
        } else {
            Self::Portal { name, source }
        }
    }

    /// A refusal of the portal as it concerns one role.
    #[must_use]
    pub(super) fn for_role(self, profile: &str, account: &str, role: &str) -> Self {
        match self {
            Self::Portal { name, source }
                if matches!(
                    source.code(),
                    Some(
                        "ForbiddenException"
                            | "ResourceNotFoundException"
                            | "InvalidRequestException"
                    )
                ) =>
            {
                Self::NoAccess {
                    profile: profile.to_owned(),
                    name,
                    account: account.to_owned(),
                    role: role.to_owned(),
                    source,
                }
            }
            other => other,
        }
    }

    /// A person said no, or did nothing: whoever waits for this sign-in need not ask again.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Denied { .. } | Self::CodeExpired { .. } | Self::Browser { .. }
        )
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let own = match self {
            Self::NoInstance { .. } => {
                "add sso_session, or sso_start_url and sso_region, to the profile"
            }
            Self::SignIn { source, .. } => match source.code() {
                Some("InvalidRequestException" | "InvalidRequestRegionException") => {
                    "check sso_start_url, and that sso_region is the region Identity Center was set up in"
                }
                Some("InvalidScopeException") => {
                    "check sso_registration_scopes of the [sso-session] section"
                }
                Some(
                    "InvalidClientException" | "InvalidGrantException" | "ExpiredTokenException",
                ) => "run it again: a sign-in is good once, and for a few minutes",
                _ if matches!(source, aws::Error::Unreachable { .. }) => {
                    "check the network, and that sso_region is a region of AWS"
                }
                _ => return source.hints(),
            },
            Self::Browser { source, .. } => match source.hint() {
                Some(hint) => hint,
                None => return Vec::new(),
            },
            Self::Denied { .. } => "run it again, and allow the access that the page asks for",
            Self::CodeExpired { .. } => "run it again, and confirm the code within ten minutes",
            Self::Elsewhere { .. } => "run it again to be asked yourself",
            Self::TokenRefused { .. } => {
                "ask your administrator whether your user is active in IAM Identity Center"
            }
            Self::NoAccess { .. } => {
                "`aws-vault sso list` shows the accounts and roles that are yours; check sso_account_id and sso_role_name"
            }
            Self::Portal { source, .. } => return source.hints(),
            Self::Provider(error) => return error.hints(),
        };
        vec![own.to_owned()]
    }
}

impl From<crate::provider::Error> for Error {
    fn from(error: crate::provider::Error) -> Self {
        Self::Provider(Box::new(error))
    }
}

impl From<crate::vault::Error> for Error {
    fn from(error: crate::vault::Error) -> Self {
        Self::Provider(Box::new(error.into()))
    }
}
