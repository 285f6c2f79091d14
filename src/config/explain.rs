//! A chain as text and as JSON: what would happen, and where each setting comes from. Pure: whether the cache will answer is
//! an argument.
//!
//! The JSON is a promise to scripts: members are added, never renamed or removed.
//!
//! ```json
//! {
//!   "version": 1,
//!   "profile": "dev",
//!   "config_file": "/home/jon/.aws/config",
//!   "region": {"value": "eu-west-1", "origin": {"from": "file", "line": 2, "section": "default"}},
//!   "endpoint_url": null,
//!   "mfa_prompts": 0,
//!   "console": [{"key": "aws_vault_browser", "value": "firefox", "origin": {"from": "file", "line": 3, "section": "default"}}],
//!   "steps": [
//!     {
//!       "call": "sts:AssumeRole",
//!       "kind": "role",
//!       "profile": "dev",
//!       "role_arn": "arn:aws:iam::222233334444:role/Dev",
//!       "runs": true,
//!       "cached_seconds": null,
//!       "duration_seconds": 3600,
//!       "capped_from_seconds": 43200,
//!       "cap_reason": "AWS limits …",
//!       "mfa_serial": null,
//!       "mfa_asked": false,
//!       "settings": [
//!         {"key": "role_arn", "value": "arn:…", "origin": {"from": "file", "line": 7, "section": "profile dev"}},
//!         {"key": "duration", "value": "12h", "origin": {"from": "environment", "name": "AWS_ASSUME_ROLE_TTL"}},
//!         {"key": "region", "value": "us-east-1", "origin": {"from": "default", "reason": "…"}}
//!       ]
//!     }
//!   ],
//!   "notes": []
//! }
//! ```
//!
//! `kind` is `access_key`, `sso`, `web_identity`, `saml`, `credential_process`, `credential_source`, `login_session` or
//! `static_key` for the first step, and `session` or `role` for others. `call` is null where AWS is not called. `cached_seconds` is what is left of a
//! session in the cache; a step does not run when it or a later one is cached. `from` is `flag`, `environment`, `file` or
//! `default`. Of commands only the program is told, since arguments may be secrets.

mod settings;
mod text;

use std::path::Path;

use serde::Serialize;

use super::chain::{Base, Chain, Lifetime, Link, Step};
use super::profile::{Origin, Profile};
use settings::Settings;

/// What the session cache holds for one step of a chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cached {
    /// `None` when there is no session that would be used.
    pub expires_in_seconds: Option<u64>,
}

/// All that is told about a chain; serialises to the JSON above.
#[derive(Debug, Serialize)]
pub struct Explanation<'a> {
    version: u8,
    profile: &'a str,
    config_file: String,
    region: Option<Value<'a>>,
    endpoint_url: Option<Value<'a>>,
    mfa_prompts: usize,
    console: Vec<Named<'a>>,
    steps: Vec<ExplainedStep<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct ExplainedStep<'a> {
    call: Option<&'static str>,
    kind: &'static str,
    profile: &'a str,
    role_arn: Option<&'a str>,
    runs: bool,
    cached_seconds: Option<u64>,
    duration_seconds: Option<u32>,
    capped_from_seconds: Option<u32>,
    cap_reason: Option<&'static str>,
    mfa_serial: Option<&'a str>,
    mfa_asked: bool,
    settings: Vec<Named<'a>>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    key: &'static str,
    #[serde(flatten)]
    value: Value<'a>,
}

#[derive(Debug, Serialize)]
struct Value<'a> {
    value: String,
    origin: From<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
enum From<'a> {
    Flag { name: &'static str },
    Environment { name: &'static str },
    File { line: usize, section: &'a str },
    Default { reason: &'static str },
}

/// The chain for a reader. `cached` has one element per step of [`Chain::steps`], the base first; missing ones are not cached.
pub fn text(profile: &Profile, chain: &Chain, config_path: &Path, cached: &[Cached]) -> String {
    Explanation::of(profile, chain, config_path, cached).to_string()
}

/// The chain for a script, on several lines.
///
/// # Panics
/// Never: the document's keys are texts and none of its values can fail to serialise.
pub fn json(profile: &Profile, chain: &Chain, config_path: &Path, cached: &[Cached]) -> String {
    let explanation = Explanation::of(profile, chain, config_path, cached);
    serde_json::to_string_pretty(&explanation).expect("keys are texts and no value can fail") + "\n"
}

impl<'a> Explanation<'a> {
    /// The arguments are those of [`text()`].
    pub fn of(
        profile: &'a Profile,
        chain: &'a Chain,
        config_path: &Path,
        cached: &[Cached],
    ) -> Self {
        let left = |index: usize| {
            cached
                .get(index)
                .and_then(|cached| cached.expires_in_seconds)
        };
        let steps: Vec<Step<'_>> = chain.steps().collect();
        // A chain runs from behind the newest step that is cached.
        let first_to_run = (0..steps.len())
            .rfind(|index| left(*index).is_some())
            .map_or(0, |index| index + 1);
        let steps: Vec<ExplainedStep<'_>> = steps
            .into_iter()
            .enumerate()
            .map(|(index, step)| {
                ExplainedStep::of(profile, step, index >= first_to_run, left(index))
            })
            .collect();
        Self {
            version: 1,
            profile: &chain.profile,
            config_file: config_path.display().to_string(),
            region: chain.region.as_ref().map(Value::of),
            endpoint_url: chain.endpoint_url.as_ref().map(Value::of),
            mfa_prompts: steps.iter().filter(|step| step.mfa_asked).count(),
            console: settings::of_console(&profile.console),
            steps,
            notes: &chain.notes,
        }
    }
}

impl<'a> ExplainedStep<'a> {
    fn of(target: &'a Profile, step: Step<'a>, runs: bool, cached_seconds: Option<u64>) -> Self {
        let (call, kind) = call(step);
        let lifetime = lifetime(step);
        let cap = lifetime.and_then(|lifetime| lifetime.cap.as_ref());
        Self {
            call,
            kind,
            profile: step.profile(),
            role_arn: role_arn(step),
            runs,
            cached_seconds,
            duration_seconds: lifetime.map(|lifetime| lifetime.seconds),
            capped_from_seconds: cap.map(|cap| cap.asked_seconds),
            cap_reason: cap.map(|cap| cap.reason),
            mfa_serial: step.mfa().map(|mfa| mfa.serial.value.as_str()),
            mfa_asked: runs && step.mfa().is_some(),
            settings: Settings::of(target, step).0,
        }
    }
}

impl<'a> From<'a> {
    fn of(origin: &'a Origin) -> Self {
        match origin {
            Origin::Flag(name) => Self::Flag { name },
            Origin::Environment(name) => Self::Environment { name },
            Origin::File { line, section } => Self::File {
                line: *line,
                section,
            },
            Origin::Default(reason) => Self::Default { reason },
        }
    }
}

/// The API call and the kind of step, both as the JSON has them.
fn call(step: Step<'_>) -> (Option<&'static str>, &'static str) {
    match step {
        Step::Base(Base::Stored { .. }) => (None, "access_key"),
        Step::Base(Base::Sso { .. }) => (Some("sso:GetRoleCredentials"), "sso"),
        Step::Base(Base::WebIdentity { .. }) => {
            (Some("sts:AssumeRoleWithWebIdentity"), "web_identity")
        }
        Step::Base(Base::Saml { .. }) => (Some("sts:AssumeRoleWithSAML"), "saml"),
        Step::Base(Base::StaticKey { .. }) => (None, "static_key"),
        Step::Base(Base::CredentialProcess { .. }) => (None, "credential_process"),
        Step::Base(Base::CredentialSource { .. }) => (None, "credential_source"),
        Step::Base(Base::LoginSession { .. }) => {
            (Some("signin:CreateOAuth2Token"), "login_session")
        }
        Step::Link(Link::GetSessionToken(_)) => (Some("sts:GetSessionToken"), "session"),
        Step::Link(Link::AssumeRole(_)) => (Some("sts:AssumeRole"), "role"),
    }
}

fn lifetime(step: Step<'_>) -> Option<&Lifetime> {
    match step {
        Step::Base(Base::WebIdentity { role, .. } | Base::Saml { role, .. }) => {
            Some(&role.duration)
        }
        Step::Base(_) => None,
        Step::Link(Link::GetSessionToken(link)) => Some(&link.duration),
        Step::Link(Link::AssumeRole(link)) => Some(&link.duration),
    }
}

fn role_arn(step: Step<'_>) -> Option<&str> {
    match step {
        Step::Base(Base::WebIdentity { role, .. } | Base::Saml { role, .. })
        | Step::Link(Link::AssumeRole(role)) => Some(&role.role_arn.value),
        _ => None,
    }
}
