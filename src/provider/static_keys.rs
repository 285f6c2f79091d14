//! A key in clear text in the AWS CLI's credentials file: used where there is nothing else, and said so.

use std::path::Path;

use super::{Error, Provider};
use crate::config::chain::StaticKey;
use crate::config::static_keys;
use crate::credentials::{AccessKey, Credentials, TimelessCredentials};

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    file: &Path,
    key: &StaticKey,
) -> Result<Credentials, Error> {
    let secret = static_keys::secret(file, profile)?
        .filter(|secret| secret.access_key_id == key.access_key_id)
        .ok_or_else(|| Error::StaticKeyGone {
            profile: profile.to_owned(),
            path: file.to_owned(),
        })?;
    if let Some(session_token) = secret.session_token {
        return Ok(Credentials::Timeless(TimelessCredentials {
            access_key_id: secret.access_key_id,
            secret_access_key: secret.secret_access_key,
            session_token,
        }));
    }
    (provider.notice)(&format!(
        "warning: the access key of '{profile}' lies in clear text in {}:{}; `aws-vault import` moves it into the keystore",
        file.display(),
        key.line
    ));
    Ok(Credentials::AccessKey(AccessKey {
        access_key_id: secret.access_key_id,
        secret_access_key: secret.secret_access_key,
    }))
}
