//! One profile out of flags, environment and config file.
//!
//! Each value comes from the first of: flags, environment, the profile's own section, what it includes, `[default]`.

use std::collections::HashSet;

use super::console::console;
use super::duration;
use super::endpoints::endpoints;
use super::error::{Error, LoopStep, shown};
use super::file::{ConfigFile, profile_of_header};
use super::layers::{Layers, MAX_DEPTH, loop_error};
use super::profile::{Origin, Profile, Setting, Sso};
use super::session_policies::SessionPolicies;
use super::session_tags;
use crate::environment::Environment;

type Tags = Vec<(String, String)>;

/// What flags say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--region`: for the profile and every profile it starts from.
    pub region: Option<String>,
    /// A role in place of the profile's own.
    pub role_arn: Option<String>,
}

/// Resolves `name` and the profiles it starts from. Reads nothing but its arguments.
///
/// A profile without a section is no error here: it may have stored credentials, which `plan` knows. It has `line: None` and
/// what `[default]` gives to all.
pub fn resolve(
    config: &ConfigFile,
    name: &str,
    environment: &Environment,
    overrides: &Overrides,
) -> Result<Profile, Error> {
    let mut lineage: Vec<(Profile, Option<Origin>)> = Vec::new();
    let mut steps: Vec<LoopStep> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(config.canonical(name).to_owned());
    while let Some(name) = next {
        if !seen.insert(name.clone()) {
            return Err(loop_error(config, "source_profile", steps, name));
        }
        if lineage.len() > MAX_DEPTH {
            return Err(Error::TooDeep {
                path: config.path().to_owned(),
                key: "source_profile",
                profile: steps.swap_remove(0).profile,
                limit: MAX_DEPTH,
            });
        }
        let sources = Sources {
            config,
            environment,
            overrides,
            layers: Layers::of(config, &name)?,
            is_target: lineage.is_empty(),
        };
        let mut profile = sources.profile(&name)?;
        let source = sources.text("source_profile", &[]);
        steps.push(step(&profile, source.as_ref()));
        // The idiom that stops a source profile from being inherited.
        let (own, other): (Option<_>, Option<_>) = match source {
            Some(source) if config.canonical(&source.value) == name => (Some(source.origin), None),
            source => (None, source),
        };
        profile.own_source = own;
        next = other
            .as_ref()
            .map(|source| config.canonical(&source.value).to_owned());
        lineage.push((profile, other.map(|source| source.origin)));
    }
    Ok(nest(lineage))
}

/// The settings of one profile, before sources are followed.
pub(super) struct Sources<'a> {
    pub(super) config: &'a ConfigFile,
    environment: &'a Environment,
    overrides: &'a Overrides,
    pub(super) layers: Layers<'a>,
    /// Some variables are about the profile asked for and not about those it starts from.
    is_target: bool,
}

impl Sources<'_> {
    /// From the first variable that is set, else from the file.
    pub(super) fn text(&self, key: &str, variables: &[&'static str]) -> Option<Setting<String>> {
        self.variable(variables)
            .or_else(|| self.layers.setting(key))
    }

    /// `true` or `false`, as the AWS SDKs take them.
    pub(super) fn boolean(
        &self,
        key: &'static str,
        variable: &'static str,
    ) -> Result<Option<Setting<bool>>, Error> {
        let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        self.parsed(key, self.text(key, &[variable]), "true or false", parse)
    }

    pub(super) fn variable(&self, names: &[&'static str]) -> Option<Setting<String>> {
        names.iter().find_map(|name| {
            let value = self.environment.var(name)?;
            Some(Setting::new(value.to_owned(), Origin::Environment(name)))
        })
    }

    fn profile(&self, name: &str) -> Result<Profile, Error> {
        let text = |key| self.layers.setting(key);
        let for_target =
            |key, variable| self.text(key, if self.is_target { variable } else { &[] });
        Ok(Profile {
            name: name.to_owned(),
            ad_hoc: false,
            line: self.config.profile(name).map(|section| section.line()),
            file: self.config.path().to_owned(),
            region: flag("--region", self.overrides.region.as_ref())
                .or_else(|| self.text("region", &["AWS_REGION", "AWS_DEFAULT_REGION"])),
            mfa_serial: self.text("mfa_serial", &["AWS_MFA_SERIAL"]),
            mfa_process: text("mfa_process"),
            role_arn: flag(
                "--role-arn",
                self.overrides.role_arn.as_ref().filter(|_| self.is_target),
            )
            .or_else(|| for_target("role_arn", &["AWS_ROLE_ARN"])),
            role_session_name: for_target("role_session_name", &["AWS_ROLE_SESSION_NAME"]),
            external_id: text("external_id"),
            duration_seconds: self.duration_seconds()?,
            session_tags: self.session_tags(for_target("session_tags", &["AWS_SESSION_TAGS"]))?,
            transitive_session_tags: for_target(
                "transitive_session_tags",
                &["AWS_TRANSITIVE_TAGS"],
            )
            .map(|keys| Setting::new(session_tags::parse_keys(&keys.value), keys.origin)),
            source_identity: for_target("source_identity", &["AWS_SOURCE_IDENTITY"]),
            session_policies: SessionPolicies {
                document: text("aws_vault_policy"),
                arns: text("aws_vault_policy_arns")
                    .map(|arns| Setting::new(session_tags::parse_keys(&arns.value), arns.origin)),
                read_only: false,
            },
            source_profile: None,
            own_source: None,
            credential_source: text("credential_source"),
            credential_source_fact: self.credential_source_fact(),
            credential_process: text("credential_process"),
            web_identity_token_file: text("web_identity_token_file"),
            web_identity_token_process: text("web_identity_token_process"),
            saml_assertion_file: text("saml_assertion_file"),
            saml_assertion_process: text("saml_assertion_process"),
            saml_principal_arn: text("saml_principal_arn"),
            login_session: text("login_session"),
            sso: self.sso(),
            console: console(self)?,
            endpoints: endpoints(self)?,
            clear_text_key: text("aws_access_key_id").map(|key| key.origin),
            notes: self.notes(name),
        })
    }

    /// Source: AWS SDKs and Tools Reference Guide, "Container credential provider", "IMDS credential provider".
    fn credential_source_fact(&self) -> Option<Setting<String>> {
        let source = self.layers.setting("credential_source")?;
        match source.value.to_ascii_lowercase().as_str() {
            "environment" => self.variable(&["AWS_ACCESS_KEY_ID"]),
            "ecscontainer" => self.variable(&[
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ]),
            "ec2instancemetadata" => self
                .text(
                    "ec2_metadata_service_endpoint",
                    &["AWS_EC2_METADATA_SERVICE_ENDPOINT"],
                )
                .or_else(|| {
                    let mode = self.text(
                        "ec2_metadata_service_endpoint_mode",
                        &["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"],
                    )?;
                    let is_v6 = mode.value.eq_ignore_ascii_case("ipv6");
                    is_v6.then(|| Setting::new("http://[fd00:ec2::254]".to_owned(), mode.origin))
                })
                .or_else(|| {
                    let origin = Origin::Default("the instance metadata service");
                    Some(Setting::new("http://169.254.169.254".to_owned(), origin))
                }),
            _ => None,
        }
    }

    /// Seconds, `0x` and all as Go reads them, or a duration such as `1h`, at which the Go tool crashes. 0 is unset.
    fn duration_seconds(&self) -> Result<Option<Setting<u32>>, Error> {
        const KEY: &str = "duration_seconds";
        const EXPECTED: &str = "a number of seconds or a duration such as 1h";
        let parse = |text: &str| {
            let seconds = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            };
            seconds.or_else(|| duration::parse(text).ok().map(duration::whole_seconds))
        };
        let seconds = self.parsed(KEY, self.layers.setting(KEY), EXPECTED, parse)?;
        Ok(seconds.filter(|seconds| seconds.value > 0))
    }

    fn session_tags(&self, text: Option<Setting<String>>) -> Result<Option<Setting<Tags>>, Error> {
        let Some(text) = text else { return Ok(None) };
        let Some(tags) = session_tags::parse(&text.value) else {
            return Err(Error::SessionTags {
                place: self.config.place(&text.origin),
                setting: match text.origin {
                    Origin::Environment(_) => "AWS_SESSION_TAGS environment variable",
                    _ => "session_tags profile setting",
                },
            });
        };
        Ok(Some(Setting::new(tags, text.origin)))
    }

    /// Within one section `sso_session` wins over inline keys; between sections the nearer one wins, whichever way it says it.
    /// (In the Go tool an inherited `sso_session` overrides a profile's own start URL.)
    fn sso(&self) -> Option<Sso> {
        let setting = |key| self.layers.setting(key);
        let of_session_or_inline = |key| {
            self.layers.sections().find_map(|section| {
                section
                    .setting("sso_session")
                    .and_then(|name| self.config.sso_session(&name.value)?.setting(key))
                    .or_else(|| section.setting(key))
            })
        };
        // A session that a nearer start URL overrides is not the one to log in to.
        let session = self
            .layers
            .sections()
            .find(|section| {
                section.setting("sso_session").is_some()
                    || section.setting("sso_start_url").is_some()
            })
            .and_then(|section| section.setting("sso_session"));
        let sso = Sso {
            session,
            start_url: of_session_or_inline("sso_start_url"),
            region: of_session_or_inline("sso_region"),
            registration_scopes: of_session_or_inline("sso_registration_scopes"),
            account_id: setting("sso_account_id"),
            role_name: setting("sso_role_name"),
        };
        (sso != Sso::default()).then_some(sso)
    }

    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        text: Option<Setting<String>>,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Setting<T>>, Error> {
        let Some(Setting {
            value: text,
            origin,
        }) = text
        else {
            return Ok(None);
        };
        match parse(&text) {
            Some(value) => Ok(Some(Setting::new(value, origin))),
            None => Err(Error::Value {
                place: Box::new(self.config.place(&origin)),
                key,
                value: text,
                expected,
            }),
        }
    }

    fn notes(&self, name: &str) -> Vec<String> {
        let mut notes = self.layers.notes.clone();
        // go-ini takes [profile a] for the parent of [profile a.b]; no other AWS tool does.
        let parents = name.match_indices('.').map(|(dot, _)| &name[..dot]);
        if let Some(parent) = parents
            .rev()
            .find(|parent| self.config.profile(parent).is_some())
        {
            notes.push(format!(
                "profile '{}' takes nothing from '{}', unlike in aws-vault 7: write include_profile if it should",
                shown(name),
                shown(parent)
            ));
        }
        notes
    }
}

fn flag(name: &'static str, value: Option<&String>) -> Option<Setting<String>> {
    value.map(|value| Setting::new(value.clone(), Origin::Flag(name)))
}

fn step(profile: &Profile, source: Option<&Setting<String>>) -> LoopStep {
    let mut step = LoopStep {
        profile: profile.name.clone(),
        line: None,
        inherited_from: None,
    };
    if let Some(Origin::File { line, section }) = source.map(|source| &source.origin) {
        step.line = Some(*line);
        let own = profile_of_header(section) == Some(&profile.name);
        step.inherited_from = (!own).then(|| section.clone());
    }
    step
}

/// Puts each profile into the one that starts from it. An `mfa_process` is inherited from the source: it belongs to the MFA
/// device, and that to the user whose keys are at the source.
fn nest(lineage: Vec<(Profile, Option<Origin>)>) -> Profile {
    let mut inner: Option<Profile> = None;
    for (mut profile, origin) in lineage.into_iter().rev() {
        if let (Some(source), Some(origin)) = (inner.take(), origin) {
            if profile.mfa_process.is_none() {
                profile.mfa_process.clone_from(&source.mfa_process);
            }
            profile.source_profile = Some(Setting::new(Box::new(source), origin));
        }
        inner = Some(profile);
    }
    inner.unwrap_or_default()
}
