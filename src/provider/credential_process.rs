//! `credential_process`: a program that prints credentials.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Process credential provider".

use std::time::SystemTime;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;
use zeroize::Zeroize;

use super::command::{Directive, Reason};
use super::{Error, Provider};
use crate::config::profile::Setting;
use crate::credentials::{AccessKey, Credentials, SessionCredentials, TimelessCredentials};

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    command: &Setting<String>,
) -> Result<Credentials, Error> {
    let directive = Directive {
        key: "credential_process",
        profile,
        command,
    };
    let output = directive.output(provider.environment)?;
    credentials(&output, (provider.clock)())
        .map_err(|reason| directive.error(Reason::Output(reason)).into())
}

/// The document, members spelt as AWS spells them. What else a program adds (`AccountId`) is not ours to judge.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    /// The Go tool does not ask for it.
    version: Option<u64>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Drop for Document {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
    }
}

/// Reads what the program printed; the error completes "printed …" and quotes nothing of it.
fn credentials(output: &[u8], now: SystemTime) -> Result<Credentials, String> {
    let mut document: Document = serde_json::from_slice(output).map_err(|error| {
        if output.trim_ascii().is_empty() {
            "nothing".to_owned()
        } else if error.is_data() {
            "JSON of another shape than AWS's".to_owned()
        } else {
            "something that is no JSON".to_owned()
        }
    })?;
    if let Some(version) = document.version.filter(|version| *version != 1) {
        return Err(format!("credentials of version {version}; only 1 is known"));
    }
    let access_key_id = text(&mut document.access_key_id).ok_or("no AccessKeyId")?;
    let secret_access_key = text(&mut document.secret_access_key)
        .ok_or("no SecretAccessKey")?
        .into();
    let expiration = match text(&mut document.expiration) {
        Some(text) => Some(instant(&text).ok_or("an Expiration that is no RFC 3339 time")?),
        None => None,
    };
    if expiration.is_some_and(|expiration| expiration <= now) {
        return Err("credentials that have expired already".to_owned());
    }
    Ok(match (text(&mut document.session_token), expiration) {
        (Some(token), Some(expiration)) => Credentials::Session(SessionCredentials {
            access_key_id,
            secret_access_key,
            session_token: token.into(),
            expiration,
        }),
        (Some(token), None) => Credentials::Timeless(TimelessCredentials {
            access_key_id,
            secret_access_key,
            session_token: token.into(),
        }),
        // An expiry of long-term keys is the program's own wish to be asked again, and it is: keys are not cached.
        (None, _) => Credentials::AccessKey(AccessKey {
            access_key_id,
            secret_access_key,
        }),
    })
}

/// A member that is there and not empty.
fn text(member: &mut Option<String>) -> Option<String> {
    member.take().filter(|text| !text.is_empty())
}

/// With `Z` or an offset, as Python's `isoformat` writes it.
fn instant(text: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

#[cfg(test)]
mod tests;
