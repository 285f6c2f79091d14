//! AWS sign-in sessions (`aws login`): credentials for 15 minutes at a time from a sign-in in the browser with console
//! credentials, and no access key at all.
//!
//! Refresh token and key are in the keystore. Who refreshes holds the step's lock, so that any number of processes ask once.

mod sign_in;

use super::{Error, Provider};
use crate::aws::dpop::DpopKey;
use crate::aws::signin::{Grant, SignedIn};
use crate::config::chain::Service;
use crate::config::profile::{Origin, Setting};
use crate::credentials::Credentials;
use crate::vault::LoginSession;

pub use sign_in::Way;

/// AWS's reasons for which only a person can help.
///
/// Source: AWS Sign-In API Reference, CreateOAuth2Token, AccessDeniedException.
const OVER: [&str; 4] = [
    "TOKEN_EXPIRED",
    "USER_CREDENTIALS_CHANGED",
    "AUTHCODE_EXPIRED",
    "InvalidGrantException",
];

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    session: &Setting<String>,
    service: &Service,
) -> Result<Credentials, Error> {
    let arn = session.value.as_str();
    let vault = (provider.vault)()?;
    let missing = || Error::SignInMissing {
        profile: profile.to_owned(),
    };
    let kept = vault.login_session(arn)?.ok_or_else(missing)?;
    let key = DpopKey::from_bytes(&kept.key).ok_or_else(missing)?;
    let SignedIn {
        credentials,
        refresh,
        ..
    } = provider
        .aws
        .sign_in_token(
            &at(service, &kept.region),
            &kept.client,
            &key,
            &Grant::RefreshToken(&kept.refresh),
            (provider.clock)(),
        )
        .map_err(|source| match source.code() {
            Some(code) if OVER.contains(&code) => Error::SignInOver {
                profile: profile.to_owned(),
                code: code.to_owned(),
            },
            _ => Error::Aws {
                profile: profile.to_owned(),
                source,
            },
        })?;
    vault.store_login_session(arn, &LoginSession { refresh, ..kept })?;
    Ok(Credentials::Session(credentials))
}

/// A refresh token belongs to the region that gave it, wherever the profile has moved since.
fn at(service: &Service, region: &str) -> Service {
    let origin = Origin::Default("the region of the sign-in");
    Service {
        region: Some(Setting::new(region.to_owned(), origin)),
        endpoints: service.endpoints.clone(),
    }
}
