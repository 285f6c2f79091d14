//! A chain as text and as JSON: what would happen, and where each setting comes from. Pure: whether the cache will answer is
//! an argument.
//!
//! The JSON is a promise to scripts: members are added, never renamed or removed.
//!
//! ```json
//! {
//!   "profile": "dev",
//!   "config_file": "/home/jon/.aws/config",
//!   "region": {"value": "eu-west-1", "origin": {"from": "file", "line": 2, "section": "default"}},
//!   "endpoint_url": null,
//!   "mfa_prompts": 1,
//!   "steps": [
//!     {
//!       "call": null,
//!       "kind": "access_key",
//!       "profile": "jon",
//!       "runs": true,
//!       "cached_seconds": null,
//!       "duration_seconds": null,
//!       "capped_from_seconds": null,
//!       "cap_reason": null,
//!       "mfa_serial": null,
//!       "mfa_asked": false,
//!       "settings": []
//!     }
//!   ],
//!   "notes": []
//! }
//! ```
//!
//! `from` is `flag`, `environment`, `file` or `default`. `kind` is `access_key`, `sso`, `web_identity`, `credential_process`,
//! `credential_source`, `login_session`, `session` or `role`. `cached_seconds` is what is left of a session in the cache. A step
//! does not run when it or a later one is cached.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::chain::{AssumeRole, Base, Chain, Lifetime, Link, Mfa, Service, Step, WebIdentityToken};
use super::duration;
use super::error::shown;
use super::profile::{Origin, Profile, Setting};

/// What the session cache holds for one step of a chain, in the order of [`Chain::steps`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cached {
    /// `None` when there is no session that would be used.
    pub expires_in_seconds: Option<u64>,
}

/// All that is told about a chain; serialises to the JSON above.
#[derive(Debug, Serialize)]
pub struct Explanation<'a> {
    profile: &'a str,
    config_file: String,
    region: Option<Value<'a>>,
    endpoint_url: Option<Value<'a>>,
    mfa_prompts: usize,
    steps: Vec<StepExplained<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct StepExplained<'a> {
    call: Option<&'static str>,
    kind: &'static str,
    profile: &'a str,
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

/// The chain for a reader.
///
/// ```text
/// dev: arn:aws:iam::222233334444:role/Dev in eu-west-1
///
///   1  access key of 'jon'
///   2  sts:GetSessionToken for 'jon'   8h   MFA arn:aws:iam::111122223333:mfa/jon
///   3  sts:AssumeRole for 'dev'        1h (asked for 12h: AWS limits …)
///
/// MFA is asked once: arn:aws:iam::111122223333:mfa/jon
/// ```
pub fn text(profile: &Profile, chain: &Chain, config_path: &Path, cached: &[Cached]) -> String {
    Explanation::of(profile, chain, config_path, cached).to_text()
}

/// The chain for a script, on several lines.
pub fn json(profile: &Profile, chain: &Chain, config_path: &Path, cached: &[Cached]) -> String {
    let explanation = Explanation::of(profile, chain, config_path, cached);
    serde_json::to_string_pretty(&explanation)
        .expect("maps have text keys and nothing fails to serialise")
        + "\n"
}

impl<'a> Explanation<'a> {
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
        // Running a chain starts behind the newest step that is cached.
        let first_to_run = (0..steps.len())
            .rfind(|index| left(*index).is_some())
            .map_or(0, |index| index + 1);
        let steps: Vec<StepExplained<'_>> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| explained(profile, *step, index >= first_to_run, left(index)))
            .collect();
        Self {
            profile: &chain.profile,
            config_file: config_path.display().to_string(),
            region: chain.region.as_ref().map(value),
            endpoint_url: chain.endpoint_url.as_ref().map(value),
            mfa_prompts: steps.iter().filter(|step| step.mfa_asked).count(),
            steps,
            notes: &chain.notes,
        }
    }

    fn to_text(&self) -> String {
        let mut text = format!("{}{}\n\n", shown(self.profile), self.in_region());
        let heads: Vec<String> = self.steps.iter().map(StepExplained::head).collect();
        let width = heads
            .iter()
            .map(|head| head.chars().count())
            .max()
            .unwrap_or(0);
        for (number, (step, head)) in (1..).zip(self.steps.iter().zip(&heads)) {
            let line = format!("{number:>3}  {head:width$}  {}", step.tail());
            line_to(&mut text, line.trim_end());
        }
        line_to(&mut text, "");
        line_to(&mut text, &self.mfa());
        for step in self.steps.iter().filter(|step| !step.settings.is_empty()) {
            line_to(&mut text, "");
            line_to(&mut text, &format!("{}:", step.head()));
            for Named { key, value } in &step.settings {
                let origin = value.origin.text(&self.config_file);
                line_to(
                    &mut text,
                    &format!("  {key} = {}  ({origin})", shown(&value.value)),
                );
            }
        }
        if !self.notes.is_empty() {
            line_to(&mut text, "");
        }
        for note in self.notes {
            line_to(&mut text, &format!("note: {}", shown(note)));
        }
        text
    }

    fn in_region(&self) -> String {
        let told = |what: &str, value: &Option<Value<'_>>| {
            value.as_ref().map_or_else(String::new, |value| {
                let origin = value.origin.text(&self.config_file);
                format!("\n  {what} {} ({origin})", shown(&value.value))
            })
        };
        told("region", &self.region) + &told("endpoint", &self.endpoint_url)
    }

    fn mfa(&self) -> String {
        let asked: Vec<String> = self
            .steps
            .iter()
            .filter(|step| step.mfa_asked)
            .filter_map(|step| step.mfa_serial.map(shown))
            .collect();
        let needed = self.steps.iter().any(|step| step.mfa_serial.is_some());
        match asked.as_slice() {
            [] if needed => "MFA is not asked: the cache answers".to_owned(),
            [] => "MFA is not asked: no step needs it".to_owned(),
            [serial] => format!("MFA is asked once: {serial}"),
            several => format!(
                "MFA is asked {} times: {}",
                several.len(),
                several.join(", ")
            ),
        }
    }
}

impl StepExplained<'_> {
    fn head(&self) -> String {
        let profile = shown(self.profile);
        match (self.call, self.kind) {
            (Some(call), _) => format!("{call} for '{profile}'"),
            (None, "access_key") => format!("access key of '{profile}'"),
            (None, kind) => format!("{kind} of '{profile}'"),
        }
    }

    fn tail(&self) -> String {
        let mut parts = Vec::new();
        if let Some(seconds) = self.duration_seconds {
            parts.push(duration::compact(u64::from(seconds)));
        }
        if let (Some(asked), Some(reason)) = (self.capped_from_seconds, self.cap_reason) {
            parts.push(format!(
                "not {}: {reason}",
                duration::compact(u64::from(asked))
            ));
        }
        if let Some(serial) = self.mfa_serial {
            parts.push(format!("MFA {}", shown(serial)));
        }
        match self.cached_seconds {
            Some(left) => parts.push(format!("cached, {} left", duration::compact(left))),
            None if !self.runs => parts.push("not needed".to_owned()),
            None => {}
        }
        parts.join(", ")
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

    fn text(&self, path: &str) -> String {
        match self {
            Self::Flag { name } => (*name).to_owned(),
            Self::Environment { name } => format!("${name}"),
            Self::File { line, section } => format!("{}:{line} [{}]", shown(path), shown(section)),
            Self::Default { reason } => (*reason).to_owned(),
        }
    }
}

fn explained<'a>(
    profile: &'a Profile,
    step: Step<'a>,
    runs: bool,
    cached_seconds: Option<u64>,
) -> StepExplained<'a> {
    let (call, kind, lifetime, settings) = match step {
        Step::Base(base) => of_base(profile, base),
        Step::Link(Link::GetSessionToken(link)) => {
            let mut settings = of_lifetime(&link.duration);
            settings.extend(of_mfa(link.mfa.as_ref()));
            settings.extend(of_service(&link.service));
            (
                Some("sts:GetSessionToken"),
                "session",
                Some(&link.duration),
                settings,
            )
        }
        Step::Link(Link::AssumeRole(link)) => (
            Some("sts:AssumeRole"),
            "role",
            Some(&link.duration),
            of_role(link),
        ),
    };
    let cap = lifetime.and_then(|lifetime| lifetime.cap.as_ref());
    let mfa = step.mfa();
    StepExplained {
        call,
        kind,
        profile: step.profile(),
        runs,
        cached_seconds,
        duration_seconds: lifetime.map(|lifetime| lifetime.seconds),
        capped_from_seconds: cap.map(|cap| cap.asked_seconds),
        cap_reason: cap.map(|cap| cap.reason),
        mfa_serial: mfa.map(|mfa| mfa.serial.value.as_str()),
        mfa_asked: runs && mfa.is_some(),
        settings,
    }
}

type Parts<'a> = (
    Option<&'static str>,
    &'static str,
    Option<&'a Lifetime>,
    Vec<Named<'a>>,
);

fn of_base<'a>(profile: &'a Profile, base: &'a Base) -> Parts<'a> {
    match base {
        Base::Stored { .. } => (None, "access_key", None, of_sources(profile, base)),
        Base::Sso { sso, .. } => {
            let keys = [
                ("sso_session", &sso.session),
                ("sso_start_url", &sso.start_url),
                ("sso_region", &sso.region),
                ("sso_account_id", &sso.account_id),
                ("sso_role_name", &sso.role_name),
            ];
            let settings = keys
                .into_iter()
                .filter_map(|(key, setting)| optional(key, setting.as_ref()));
            (
                Some("sso:GetRoleCredentials"),
                "sso",
                None,
                settings.collect(),
            )
        }
        Base::WebIdentity { token, role, .. } => {
            let token = match token {
                WebIdentityToken::File(file) => named("web_identity_token_file", file),
                WebIdentityToken::Process(command) => {
                    program("web_identity_token_process", command)
                }
            };
            let settings = std::iter::once(token).chain(of_role(role)).collect();
            (
                Some("sts:AssumeRoleWithWebIdentity"),
                "web_identity",
                Some(&role.duration),
                settings,
            )
        }
        Base::CredentialProcess { command, .. } => (
            None,
            "credential_process",
            None,
            vec![program("credential_process", command)],
        ),
        Base::CredentialSource { source, .. } => (
            None,
            "credential_source",
            None,
            vec![named("credential_source", source)],
        ),
        Base::LoginSession { session, .. } => (
            None,
            "login_session",
            None,
            vec![named("login_session", session)],
        ),
    }
}

/// The `source_profile` lines that lead to the base.
fn of_sources<'a>(profile: &'a Profile, base: &Base) -> Vec<Named<'a>> {
    profile
        .lineage()
        .take_while(|profile| profile.name != base.profile())
        .filter_map(|profile| profile.source_profile.as_ref())
        .map(|source| Named {
            key: "source_profile",
            value: Value {
                value: source.value.name.clone(),
                origin: From::of(&source.origin),
            },
        })
        .collect()
}

fn of_role(role: &AssumeRole) -> Vec<Named<'_>> {
    let mut settings = vec![named("role_arn", &role.role_arn)];
    settings.extend(of_lifetime(&role.duration));
    settings.extend(of_mfa(role.mfa.as_ref()));
    settings.extend(optional("role_session_name", role.session_name.as_ref()));
    settings.extend(optional("external_id", role.external_id.as_ref()));
    settings.extend(optional("source_identity", role.source_identity.as_ref()));
    settings.extend(of_service(&role.service));
    settings
}

fn of_lifetime(lifetime: &Lifetime) -> Vec<Named<'_>> {
    let asked = lifetime
        .cap
        .as_ref()
        .map_or(lifetime.seconds, |cap| cap.asked_seconds);
    vec![Named {
        key: "duration",
        value: Value {
            value: duration::compact(u64::from(asked)),
            origin: From::of(&lifetime.origin),
        },
    }]
}

fn of_mfa(mfa: Option<&Mfa>) -> Vec<Named<'_>> {
    let Some(mfa) = mfa else { return Vec::new() };
    let process = mfa
        .process
        .as_ref()
        .map(|command| program("mfa_process", command));
    std::iter::once(named("mfa_serial", &mfa.serial))
        .chain(process)
        .collect()
}

fn of_service(service: &Service) -> Vec<Named<'_>> {
    let endpoint = service
        .endpoints
        .sts
        .as_ref()
        .or(service.endpoints.all.as_ref());
    let region = optional("region", service.region.as_ref());
    region
        .into_iter()
        .chain(optional("endpoint_url", endpoint))
        .collect()
}

fn optional<'a>(key: &'static str, setting: Option<&'a Setting<String>>) -> Option<Named<'a>> {
    setting.map(|setting| named(key, setting))
}

fn named<'a>(key: &'static str, setting: &'a Setting<String>) -> Named<'a> {
    Named {
        key,
        value: value(setting),
    }
}

/// Arguments of a command may be secrets.
fn program<'a>(key: &'static str, command: &'a Setting<String>) -> Named<'a> {
    let mut words = command.value.split_whitespace();
    let program = words.next().unwrap_or_default();
    let rest = if words.next().is_some() { " …" } else { "" };
    Named {
        key,
        value: Value {
            value: format!("{program}{rest}"),
            origin: From::of(&command.origin),
        },
    }
}

fn value(setting: &Setting<String>) -> Value<'_> {
    Value {
        value: setting.value.clone(),
        origin: From::of(&setting.origin),
    }
}

fn line_to(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes every line");
}
