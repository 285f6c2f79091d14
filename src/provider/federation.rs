//! Why STS did not take somebody else's token: other causes, and other cures, than for a signed call.

use crate::aws;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    WebIdentity,
    Saml,
}

#[derive(Debug, thiserror::Error)]
#[error("profile '{profile}': {source}")]
pub struct Error {
    kind: Kind,
    profile: String,
    source: aws::Error,
}

impl Error {
    pub(super) fn of(kind: Kind, profile: &str, source: aws::Error) -> Self {
        Self {
            kind,
            profile: profile.to_owned(),
            source,
        }
    }

    /// Source: STS API Reference, "Errors" of both actions.
    pub fn hints(&self) -> Vec<String> {
        let (token, provider) = match self.kind {
            Kind::WebIdentity => ("web identity token", "OIDC provider"),
            Kind::Saml => ("SAML assertion", "SAML provider"),
        };
        let hint = match self.source.code() {
            Some("ExpiredTokenException" | "ExpiredToken") => {
                format!("the {token} has expired: get a new one; it is read again at each run")
            }
            Some("InvalidIdentityToken") => format!(
                "is it the {token} meant for AWS (issuer, audience), and does IAM know its {provider}?"
            ),
            Some("AccessDenied") => format!(
                "the role's trust policy must name the {provider} as Federated principal, and its conditions must fit the {token}"
            ),
            Some("IDPRejectedClaim") => {
                format!("the identity provider no longer stands by this {token}: get a new one")
            }
            _ => return self.source.hints(),
        };
        vec![hint]
    }
}
