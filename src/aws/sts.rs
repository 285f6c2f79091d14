//! STS operations. Each validates the answer before anybody may cache it.

use std::time::{Duration, SystemTime};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use aws_sdk_sts::types::{Credentials as StsCredentials, PolicyDescriptorType, Tag};

use super::wire::{OneTimeCode, Watch};
use super::{Aws, Call, Error, Target};
use crate::config::chain::{AssumeRole, GetSessionToken, Service};
use crate::credentials::{Credentials, SessionCredentials};
use crate::mfa::TokenCode;

/// No STS credentials live longer (GetSessionToken: 36 hours), and clocks differ a little.
const LONGEST_LIFE: Duration = Duration::from_hours(37);

/// Credentials live for 15 minutes at least, so a clock that is off by less does not make them look expired.
pub(super) const NOTICEABLE_SKEW_SECONDS: i64 = 600;

/// Who the caller is, from GetCallerIdentity: always allowed, by any policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    pub account: String,
    /// `arn:aws:iam::111122223333:user/jon`, `arn:aws:sts::…:assumed-role/ROLE/SESSION`, …
    pub arn: String,
}

/// The MFA half of a call.
#[derive(Debug, Clone, Copy)]
pub struct MfaProof<'a> {
    pub serial: &'a str,
    pub code: &'a TokenCode,
}

impl Aws {
    pub fn get_session_token(
        &self,
        source: &Credentials,
        step: &GetSessionToken,
        mfa: Option<MfaProof<'_>>,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::new("sts:GetSessionToken");
        let client = self.sts(&call, &step.service, source, mfa.is_some())?;
        let request = client
            .get_session_token()
            .duration_seconds(seconds(step.duration.seconds))
            .set_serial_number(mfa.map(|mfa| mfa.serial.to_owned()))
            .set_token_code(mfa.map(|mfa| mfa.code.as_str().to_owned()));
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        session(&call, output.credentials, now)
    }

    pub fn assume_role(
        &self,
        source: &Credentials,
        step: &AssumeRole,
        mfa: Option<MfaProof<'_>>,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::new("sts:AssumeRole");
        let client = self.sts(&call, &step.service, source, mfa.is_some())?;
        let mut request = client
            .assume_role()
            .role_arn(&step.role_arn.value)
            .role_session_name(session_name(step, now))
            .duration_seconds(seconds(step.duration.seconds))
            .set_policy(policy(step))
            .set_policy_arns(policy_arns(step))
            .set_external_id(step.external_id.as_ref().map(|id| id.value.clone()))
            .set_source_identity(
                step.source_identity
                    .as_ref()
                    .map(|identity| identity.value.clone()),
            )
            .set_serial_number(mfa.map(|mfa| mfa.serial.to_owned()))
            .set_token_code(mfa.map(|mfa| mfa.code.as_str().to_owned()));
        for (key, value) in &step.tags {
            if let Ok(tag) = Tag::builder().key(key).value(value).build() {
                request = request.tags(tag);
            }
        }
        for key in &step.transitive_tags {
            request = request.transitive_tag_keys(key);
        }
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        session(&call, output.credentials, now)
    }

    /// Credentials for the console sign-in of an IAM user. The policy allows everything: what the session may do is the
    /// intersection with the user's own permissions.
    ///
    /// Source: STS API Reference, GetFederationToken (Name at most 32 characters).
    pub fn get_federation_token(
        &self,
        source: &Credentials,
        service: &Service,
        name: &str,
        duration_seconds: u32,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let call = Call::new("sts:GetFederationToken");
        let client = self.sts(&call, service, source, false)?;
        let request = client
            .get_federation_token()
            .name(federation_name(name))
            .policy(ALLOW_ALL)
            .set_policy_arns(None::<Vec<PolicyDescriptorType>>)
            .duration_seconds(seconds(duration_seconds));
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        session(&call, output.credentials, now)
    }

    pub fn caller_identity(
        &self,
        credentials: &Credentials,
        service: &Service,
    ) -> Result<CallerIdentity, Error> {
        let call = Call::new("sts:GetCallerIdentity");
        let client = self.sts(&call, service, credentials, false)?;
        let output = self
            .wait(client.get_caller_identity().send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        match (output.account, output.arn) {
            (Some(account), Some(arn)) => Ok(CallerIdentity { account, arn }),
            _ => Err(unreadable(&call, "the identity is missing")),
        }
    }

    /// Source: STS API Reference, AssumeRoleWithWebIdentity: not signed, the token is the proof.
    pub fn assume_role_with_web_identity(
        &self,
        step: &AssumeRole,
        token: &str,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::new("sts:AssumeRoleWithWebIdentity");
        let client = self.sts(&call, &step.service, None, false)?;
        let request = client
            .assume_role_with_web_identity()
            .role_arn(&step.role_arn.value)
            .role_session_name(session_name(step, now))
            .duration_seconds(seconds(step.duration.seconds))
            .set_policy(policy(step))
            .set_policy_arns(policy_arns(step))
            .web_identity_token(token);
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        session(&call, output.credentials, now)
    }

    /// Source: STS API Reference, AssumeRoleWithSAML: not signed, the assertion (in base64) is the proof and names the session.
    pub fn assume_role_with_saml(
        &self,
        step: &AssumeRole,
        principal_arn: &str,
        assertion: &str,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::new("sts:AssumeRoleWithSAML");
        let client = self.sts(&call, &step.service, None, false)?;
        let request = client
            .assume_role_with_saml()
            .role_arn(&step.role_arn.value)
            .principal_arn(principal_arn)
            .duration_seconds(seconds(step.duration.seconds))
            .set_policy(policy(step))
            .set_policy_arns(policy_arns(step))
            .saml_assertion(assertion);
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        session(&call, output.credentials, now)
    }

    fn sts<'c>(
        &self,
        call: &Call,
        service: &Service,
        credentials: impl Into<Option<&'c Credentials>>,
        one_time: bool,
    ) -> Result<Client, Error> {
        // None for the calls that somebody else's token proves.
        let config = match credentials.into() {
            Some(credentials) => self.config(Target::Sts, service, credentials)?,
            None => self.unsigned_config(Target::Sts, service)?,
        };
        let mut builder = Builder::from(&config).interceptor(Watch(call.wire.clone()));
        if one_time {
            builder = builder.retry_classifier(OneTimeCode);
        }
        Ok(Client::from_conf(builder.build()))
    }
}

fn policy(step: &AssumeRole) -> Option<String> {
    let document = step.policies.document.as_ref()?;
    Some(document.value.clone())
}

fn policy_arns(step: &AssumeRole) -> Option<Vec<PolicyDescriptorType>> {
    let arns = &step.policies.arns.as_ref()?.value;
    let descriptor = |arn: &String| PolicyDescriptorType::builder().arn(arn).build();
    Some(arns.iter().map(descriptor).collect())
}

/// The configured name, else the time in nanoseconds, as the Go tool names its sessions.
fn session_name(step: &AssumeRole, now: SystemTime) -> String {
    step.session_name.as_ref().map_or_else(
        || {
            now.duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos())
                .to_string()
        },
        |name| name.value.clone(),
    )
}

/// STS's pattern for a federated user's name is `[\w+=,.@-]*`, 2 to 32 characters.
fn federation_name(user: &str) -> String {
    let mut name: String = user
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(32)
        .collect();
    while name.len() < 2 {
        name.push('-');
    }
    name
}

fn seconds(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn session(
    call: &Call,
    credentials: Option<StsCredentials>,
    now: SystemTime,
) -> Result<SessionCredentials, Error> {
    let credentials = credentials.ok_or_else(|| unreadable(call, "no credentials in it"))?;
    let expiration = SystemTime::try_from(credentials.expiration)
        .map_err(|_| unreadable(call, "the expiration is no time"))?;
    let left = expiration.duration_since(now).unwrap_or_default();
    let skew_seconds = call.wire.skew_seconds().unwrap_or_default();
    if left.is_zero() && skew_seconds.abs() > NOTICEABLE_SKEW_SECONDS {
        return Err(Error::ExpiredOnArrival {
            operation: call.operation,
            host: call.wire.host(),
            skew_seconds,
        });
    }
    if left.is_zero() {
        return Err(unreadable(call, "the credentials have expired already"));
    }
    if left > LONGEST_LIFE {
        return Err(unreadable(
            call,
            "the expiration is further away than AWS grants",
        ));
    }
    let parts = [
        (&credentials.access_key_id, "the access key id is missing"),
        (
            &credentials.secret_access_key,
            "the secret access key is missing",
        ),
        (&credentials.session_token, "the session token is missing"),
    ];
    if let Some((_, missing)) = parts.iter().find(|(text, _)| text.is_empty()) {
        return Err(unreadable(call, missing));
    }
    Ok(SessionCredentials {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key.into(),
        session_token: credentials.session_token.into(),
        expiration,
    })
}

fn unreadable(call: &Call, reason: &str) -> Error {
    Error::Unreadable {
        operation: call.operation,
        host: call.wire.host(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn federation_names_fit_sts() {
        for (user, name) in [
            ("jon", "jon"),
            ("a", "a-"),
            ("path/jon doe", "path-jon-doe"),
            (
                "a-name-of-more-than-thirty-two-characters",
                "a-name-of-more-than-thirty-two-c",
            ),
        ] {
            assert_eq!(federation_name(user), name);
        }
    }
}
