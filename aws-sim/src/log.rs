//! The log of calls that a test reads back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::parameters::Parameters;

/// Parameters whose value is a secret, or as good as one.
const SECRET: &[&str] = &[
    "Password",
    "TokenCode",
    "Session",
    "SigninToken",
    "accessToken",
    "clientSecret",
    "code",
    "codeVerifier",
    "deviceCode",
    "refreshToken",
    "state",
    "user_code",
    "WebIdentityToken",
    "SAMLAssertion",
];

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Counts from 1 and goes on when the log is cleared.
    pub seq: u64,
    /// This AWS's time, `2026-11-23T06:00:00Z`.
    pub at: String,
    /// `sts`, `iam`, `sso`, `sso-oidc` or `signin`.
    pub service: String,
    /// `AssumeRole`, `getSigninToken`, …
    pub action: String,
    /// Who, if the request was authenticated.
    pub caller: Option<String>,
    /// The key that signed, whether or not it was valid.
    pub access_key_id: Option<String>,
    /// Whether the caller's session was made with MFA.
    pub mfa: bool,
    /// All but `Action` and `Version`; secrets are `***`.
    pub parameters: BTreeMap<String, String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// HTTP status; 0 if the connection was closed without an answer.
    pub status: u16,
    /// The error code answered.
    pub error: Option<String>,
    /// The kind of scripted fault that was applied.
    pub fault: Option<String>,
}

/// Parameters with secrets blanked out.
pub fn shown(parameters: &Parameters) -> BTreeMap<String, String> {
    let kept = parameters
        .0
        .iter()
        .filter(|(name, _)| name != "Action" && name != "Version");
    kept.map(|(name, value)| {
        let value = if SECRET.contains(&name.as_str()) {
            "***".to_owned()
        } else {
            value.clone()
        };
        (name.clone(), value)
    })
    .collect()
}
