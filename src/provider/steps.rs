//! What running a chain asks of its steps.

use crate::config::chain::{Base, Chain, Link};

/// The word under which the credentials after `links` links are cached and listed; `None` where they are not cached.
pub(super) fn kind(chain: &Chain, links: usize) -> Option<&'static str> {
    match links.checked_sub(1) {
        None => chain.base.kind(),
        Some(link) => Some(chain.links[link].kind()),
    }
}

/// The profile whose step yields the credentials after `links` links.
pub(super) fn profile(chain: &Chain, links: usize) -> &str {
    match links.checked_sub(1) {
        None => chain.base.profile(),
        Some(link) => chain.links[link].profile(),
    }
}

impl Base {
    /// The Go tool's word for the step, where it has one. `None`: what is long-term, or at hand without a call, is not cached.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Stored { .. } | Self::CredentialSource { .. } | Self::StaticKey { .. } => None,
            Self::Sso { .. } => Some("sso.GetRoleCredentials"),
            Self::WebIdentity { .. } => Some("sts.AssumeRoleWithWebIdentity"),
            Self::Saml { .. } => Some("sts.AssumeRoleWithSAML"),
            Self::CredentialProcess { .. } => Some("credential_process"),
            Self::LoginSession { .. } => Some("signin.CreateOAuth2Token"),
        }
    }
}

impl Link {
    /// The Go tool's word for the step, which `list` shows.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GetSessionToken(_) => "sts.GetSessionToken",
            Self::AssumeRole(_) => "sts.AssumeRole",
        }
    }
}

impl Chain {
    /// Name of the stored key that the chain starts from.
    pub fn stored_key(&self) -> Option<&str> {
        match &self.base {
            Base::Stored { profile } => Some(profile),
            _ => None,
        }
    }
}
