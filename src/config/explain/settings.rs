//! The settings behind each step.

use super::super::chain::{AssumeRole, Base, Lifetime, Link, Mfa, Service, Step, TokenSource};
use super::super::console::Console;
use super::super::duration;
use super::super::profile::{Origin, Profile, Setting, Sso};
use super::{From, Named, Value};
use crate::credentials::masked;

static CREDENTIALS_FILE: Origin = Origin::Default("the AWS CLI's credentials file");

/// What `login` goes by.
pub(super) fn of_console(console: &Console) -> Vec<Named<'_>> {
    let mut settings = Settings(Vec::new());
    for (key, value, origin) in console.settings() {
        settings.add_text(key, value, origin);
    }
    settings.0
}

/// Settings in the order they are told.
pub(super) struct Settings<'a>(pub(super) Vec<Named<'a>>);

impl<'a> Settings<'a> {
    /// Of one step of the chain for `target`.
    pub(super) fn of(target: &'a Profile, step: Step<'a>) -> Self {
        let mut settings = Self(Vec::new());
        match step {
            Step::Base(base) => settings.add_base(target, base),
            Step::Link(Link::GetSessionToken(link)) => {
                settings.add_lifetime(&link.duration);
                settings.add_mfa(link.mfa.as_ref());
                settings.add_service(&link.service);
            }
            Step::Link(Link::AssumeRole(link)) => settings.add_role(target, link),
        }
        settings
    }

    fn add_base(&mut self, target: &'a Profile, base: &'a Base) {
        match base {
            Base::Stored { .. } => {}
            Base::Sso { sso, .. } => self.add_sso(sso),
            Base::WebIdentity { token, role, .. } => {
                self.add_token(
                    token,
                    ["web_identity_token_file", "web_identity_token_process"],
                );
                self.add_role(target, role);
            }
            Base::Saml {
                assertion,
                principal_arn,
                role,
                ..
            } => {
                self.add_token(assertion, ["saml_assertion_file", "saml_assertion_process"]);
                self.add("saml_principal_arn", Some(principal_arn));
                self.add_role(target, role);
            }
            Base::CredentialProcess { command, .. } => {
                self.add_program("credential_process", Some(command));
            }
            Base::CredentialSource { source, fact, .. } => {
                self.add("credential_source", Some(source));
                self.add_fact(fact.as_ref());
            }
            Base::LoginSession { session, .. } => self.add("login_session", Some(session)),
            Base::StaticKey { file, key, .. } => {
                let place = format!("{}:{}", file.display(), key.line);
                self.add_text("aws_access_key_id", place, &CREDENTIALS_FILE);
            }
        }
    }

    fn add_token(&mut self, token: &'a TokenSource, [file, process]: [&'static str; 2]) {
        match token {
            TokenSource::File(path) => self.add(file, Some(path)),
            TokenSource::Process(command) => self.add_program(process, Some(command)),
        }
    }

    /// A container's URI opens its credentials to whoever shares its network, so only the host is told.
    fn add_fact(&mut self, fact: Option<&'a Setting<String>>) {
        let Some(fact) = fact else { return };
        let (key, value) = match fact.value.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.split('/').next().unwrap_or_default();
                ("endpoint", format!("{scheme}://{host}"))
            }
            None if fact.value.starts_with('/') => ("endpoint", "http://169.254.170.2".to_owned()),
            None => ("access_key_id", masked(&fact.value)),
        };
        self.add_text(key, value, &fact.origin);
    }

    fn add_sso(&mut self, sso: &'a Sso) {
        self.add("sso_session", sso.session.as_ref());
        self.add("sso_start_url", sso.start_url.as_ref());
        self.add("sso_region", sso.region.as_ref());
        self.add("sso_registration_scopes", sso.registration_scopes.as_ref());
        self.add("sso_account_id", sso.account_id.as_ref());
        self.add("sso_role_name", sso.role_name.as_ref());
    }

    fn add_role(&mut self, target: &'a Profile, role: &'a AssumeRole) {
        let profile = target
            .lineage()
            .find(|profile| profile.name == role.profile);
        self.add("role_arn", Some(&role.role_arn));
        if let Some(source) = profile.and_then(|profile| profile.source_profile.as_ref()) {
            self.add_text("source_profile", source.value.name.clone(), &source.origin);
        }
        self.add_lifetime(&role.duration);
        self.add_mfa(role.mfa.as_ref());
        self.add("role_session_name", role.session_name.as_ref());
        self.add("external_id", role.external_id.as_ref());
        if let Some(tags) = profile
            .and_then(|profile| profile.session_tags.as_ref())
            .filter(|_| !role.tags.is_empty())
        {
            let pairs: Vec<String> = role
                .tags
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            self.add_text("session_tags", pairs.join(","), &tags.origin);
        }
        if let Some(keys) = profile
            .and_then(|profile| profile.transitive_session_tags.as_ref())
            .filter(|_| !role.transitive_tags.is_empty())
        {
            self.add_text(
                "transitive_session_tags",
                role.transitive_tags.join(","),
                &keys.origin,
            );
        }
        self.add("source_identity", role.source_identity.as_ref());
        self.add("session_policy", role.policies.document.as_ref());
        if let Some(arns) = &role.policies.arns {
            self.add_text("session_policy_arns", arns.value.join(","), &arns.origin);
        }
        self.add_service(&role.service);
    }

    fn add_lifetime(&mut self, lifetime: &'a Lifetime) {
        let asked = lifetime
            .cap
            .as_ref()
            .map_or(lifetime.seconds, |cap| cap.asked_seconds);
        self.add_text(
            "duration",
            duration::compact(u64::from(asked)),
            &lifetime.origin,
        );
    }

    fn add_mfa(&mut self, mfa: Option<&'a Mfa>) {
        if let Some(mfa) = mfa {
            self.add("mfa_serial", Some(&mfa.serial));
            self.add_program("mfa_process", mfa.process.as_ref());
        }
    }

    fn add_service(&mut self, service: &'a Service) {
        let endpoints = &service.endpoints;
        self.add("region", service.region.as_ref());
        self.add(
            "endpoint_url",
            endpoints.sts.as_ref().or(endpoints.all.as_ref()),
        );
    }

    fn add(&mut self, key: &'static str, setting: Option<&'a Setting<String>>) {
        if let Some(setting) = setting {
            self.add_text(key, setting.value.clone(), &setting.origin);
        }
    }

    /// Arguments of a command may be secrets.
    fn add_program(&mut self, key: &'static str, command: Option<&'a Setting<String>>) {
        let Some(command) = command else { return };
        let mut words = command.value.split_whitespace();
        let program = words.next().unwrap_or_default();
        let rest = if words.next().is_some() { " …" } else { "" };
        self.add_text(key, format!("{program}{rest}"), &command.origin);
    }

    fn add_text(&mut self, key: &'static str, value: String, origin: &'a Origin) {
        let origin = From::of(origin);
        self.0.push(Named {
            key,
            value: Value { value, origin },
        });
    }
}

impl<'a> Value<'a> {
    pub(super) fn of(setting: &'a Setting<String>) -> Self {
        Self {
            value: setting.value.clone(),
            origin: From::of(&setting.origin),
        }
    }
}
