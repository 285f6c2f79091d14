//! The name of a cached step: a hash of everything that decides its credentials, so that an edited config never yields the old
//! identity (upstream's key held type, profile and MFA serial only).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use crate::config::chain::{
    AssumeRole, Base, Chain, GetSessionToken, Lifetime, Link, Service, TokenSource,
};
use crate::config::profile::Origin;

/// 128 bits of SHA-256, in hexadecimal: a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of the credentials after the chain's first `links` links (after none: the base's own), with `location`
    /// as the store of keys.
    pub fn after(chain: &Chain, links: usize, location: &str) -> Self {
        let mut hash = Fields::new();
        base(&mut hash, &chain.base, location);
        for link in &chain.links[..links] {
            match link {
                Link::GetSessionToken(step) => get_session_token(&mut hash, step),
                Link::AssumeRole(step) => assume_role(&mut hash, step),
            }
        }
        hash.finish()
    }

    /// A name for what is remembered of an MFA device.
    pub fn of_mfa_device(serial: &str) -> Self {
        let mut hash = Fields::new();
        hash.field("mfa-device").field(serial);
        hash.finish()
    }

    /// The fingerprint of a token of IAM Identity Center, by everything that decides what it is good for.
    pub fn of_identity_center(fields: &[&str]) -> Self {
        let mut hash = Fields::new();
        hash.field("identity-center");
        for field in fields {
            hash.field(field);
        }
        hash.finish()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn base(hash: &mut Fields, base: &Base, location: &str) {
    match base {
        Base::Stored { profile } => {
            hash.field("stored").field(location).field(profile);
        }
        Base::Sso { sso, endpoints, .. } => {
            hash.field("sso");
            for setting in [
                &sso.session,
                &sso.start_url,
                &sso.region,
                &sso.account_id,
                &sso.role_name,
                &endpoints.sso,
            ] {
                hash.optional(setting.as_ref().map(|setting| setting.value.as_str()));
            }
        }
        Base::WebIdentity { token, role, .. } => {
            hash.field("web-identity");
            token_source(hash, token);
            assume_role(hash, role);
        }
        Base::Saml {
            assertion,
            principal_arn,
            role,
            ..
        } => {
            hash.field("saml").field(&principal_arn.value);
            token_source(hash, assertion);
            assume_role(hash, role);
        }
        Base::CredentialProcess { command, .. } => {
            hash.field("credential-process").field(&command.value);
        }
        Base::CredentialSource { source, fact, .. } => {
            hash.field("credential-source").field(&source.value);
            hash.optional(fact.as_ref().map(|fact| fact.value.as_str()));
        }
        Base::LoginSession { session, .. } => {
            hash.field("login-session").field(&session.value);
        }
        Base::StaticKey { profile, file, key } => {
            hash.field("static").field(&file.to_string_lossy());
            hash.field(profile).field(&key.access_key_id);
        }
    }
}

fn token_source(hash: &mut Fields, source: &TokenSource) {
    match source {
        TokenSource::File(path) => hash.field("file").field(&path.value),
        TokenSource::Process(command) => hash.field("process").field(&command.value),
    };
}

fn get_session_token(hash: &mut Fields, step: &GetSessionToken) {
    hash.field("GetSessionToken");
    hash.optional(step.mfa.as_ref().map(|mfa| mfa.serial.value.as_str()));
    session_lifetime(hash, &step.duration);
    service(hash, &step.service);
}

/// One MFA session serves every profile that starts from the same keys, though the default differs between a session used
/// alone (1 h) and one that feeds roles (8 h): two defaults are the same wish. A duration that somebody asked for is not.
fn session_lifetime(hash: &mut Fields, duration: &Lifetime) {
    match duration.origin {
        Origin::Default(_) => hash.field("default duration"),
        _ => hash.field(&duration.seconds.to_string()),
    };
}

fn assume_role(hash: &mut Fields, step: &AssumeRole) {
    hash.field("AssumeRole").field(&step.role_arn.value);
    let document = step.policies.document.as_ref();
    hash.optional(document.map(|document| document.value.as_str()));
    for arn in step.policies.arns.iter().flat_map(|arns| &arns.value) {
        hash.field("policy").field(arn);
    }
    hash.field(&step.duration.seconds.to_string());
    hash.optional(step.session_name.as_ref().map(|name| name.value.as_str()));
    hash.optional(step.mfa.as_ref().map(|mfa| mfa.serial.value.as_str()));
    hash.optional(step.external_id.as_ref().map(|id| id.value.as_str()));
    hash.optional(
        step.source_identity
            .as_ref()
            .map(|identity| identity.value.as_str()),
    );
    hash.field(&step.tags.len().to_string());
    for (key, value) in &step.tags {
        hash.field(key).field(value);
    }
    hash.field(&step.transitive_tags.len().to_string());
    for key in &step.transitive_tags {
        hash.field(key);
    }
    service(hash, &step.service);
}

/// Sessions are good in every region of their partition, so another region is no reason to ask for another MFA code; those of
/// the legacy global endpoint are not good in opt-in regions.
///
/// Source: IAM User Guide, "Manage AWS STS in an AWS Region".
fn service(hash: &mut Fields, service: &Service) {
    let region = service.region.as_ref().map(|region| region.value.as_str());
    let endpoints = &service.endpoints;
    hash.optional(region.map(|region| crate::config::arn::Partition::of_region(region).id()));
    let endpoint = endpoints.sts.as_ref().or(endpoints.all.as_ref());
    hash.optional(endpoint.map(|url| url.value.as_str()));
    let legacy = endpoints
        .sts_regional_endpoints
        .as_ref()
        .is_some_and(|mode| mode.value == "legacy");
    hash.field(if legacy { "legacy" } else { "regional" });
}

/// Length-prefixed fields, so that no two lists of fields hash alike.
struct Fields(Context);

impl Fields {
    fn new() -> Self {
        let mut fields = Self(Context::new(&SHA256));
        fields.field("aws-vault session 1");
        fields
    }

    fn field(&mut self, text: &str) -> &mut Self {
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    fn optional(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.field("+").field(text),
            None => self.field("-"),
        }
    }

    fn finish(self) -> Fingerprint {
        use std::fmt::Write;
        let digest = self.0.finish();
        let mut hex = String::with_capacity(32);
        for byte in &digest.as_ref()[..16] {
            let _ = write!(hex, "{byte:02x}");
        }
        Fingerprint(hex)
    }
}

#[cfg(test)]
mod tests;
