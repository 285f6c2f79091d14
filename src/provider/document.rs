//! The JSON document that `credential_process`, the container's endpoint and the instance's metadata service answer with.

use std::time::SystemTime;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;
use zeroize::Zeroize;

use crate::credentials::{AccessKey, Credentials, SessionCredentials, TimelessCredentials};

/// Members spelt as AWS spells them. What else there is (`AccountId`, `LastUpdated`) is not ours to judge.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    /// Of `credential_process` only; the Go tool does not ask for it.
    version: Option<u64>,
    /// Of the metadata service only: what went wrong, or `Success`.
    code: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    #[serde(alias = "Token")]
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Drop for Document {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
    }
}

/// Reads the document; the error completes "it printed …" and quotes no value of it.
pub(super) fn credentials(bytes: &[u8], now: SystemTime) -> Result<Credentials, String> {
    let mut document: Document = serde_json::from_slice(bytes).map_err(|error| {
        if bytes.trim_ascii().is_empty() {
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
    if let Some(code) = document.code.take().filter(|code| code != "Success") {
        let code: String = code.chars().take(60).collect();
        return Err(format!("the error {}", crate::error::visible(&code)));
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
pub(super) fn instant(text: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

#[cfg(test)]
mod tests;
