//! IAM Identity Center: the credentials of a role in an account, bought with a token that a sign-in in the browser gave.
//!
//! The access token rests sealed beside the sessions, the refresh token and the client's registration in the keystore. All of it
//! is obtained under one lock for each instance, so that any number of processes cause one sign-in.

mod device;
mod error;
mod instance;
mod sign_in;
mod token;

use secrecy::SecretString;

use super::{Error, Provider};
use crate::aws;
use crate::config::profile::{Endpoints, Sso};
use crate::credentials::Credentials;

pub use error::Error as SsoError;
pub use instance::Instance;
pub use sign_in::Style;
pub use token::Origin;

/// More often than this no token is tried: the cached one, a refreshed one, and one of a sign-in.
const TOKENS: usize = 3;

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    sso: &Sso,
    endpoints: &Endpoints,
) -> Result<Credentials, Error> {
    let text = |setting: &Option<_>| {
        let setting: &Option<crate::config::profile::Setting<String>> = setting;
        setting
            .as_ref()
            .map(|setting| setting.value.clone())
            .unwrap_or_default()
    };
    let (account, role) = (text(&sso.account_id), text(&sso.role_name));
    let instance = Instance::of(sso, endpoints).ok_or_else(|| SsoError::NoInstance {
        profile: profile.to_owned(),
    })?;
    provider
        .with_token(&instance, |token| {
            let now = (provider.clock)();
            provider
                .aws
                .role_credentials(instance.service(), token, &account, &role, now)
        })
        .map(Credentials::Session)
        .map_err(|error| error.for_role(profile, &account, &role).into())
}

impl Provider<'_> {
    /// Runs `call` with a token of the instance. A token that the portal refuses is replaced: by a refreshed one, and at last by
    /// one sign-in. What a token of a sign-in is refused, stays refused.
    pub fn with_token<T>(
        &self,
        instance: &Instance,
        call: impl Fn(&SecretString) -> Result<T, aws::Error>,
    ) -> Result<T, SsoError> {
        let mut token = self.token(instance, None)?;
        for _ in 1..TOKENS {
            match call(token.secret()) {
                Err(refusal) if refusal.is_unauthorized() && token.origin() != Origin::SignIn => {
                    token = self.token(instance, Some(&token))?;
                }
                result => return result.map_err(|source| SsoError::portal(instance, source)),
            }
        }
        call(token.secret()).map_err(|source| SsoError::portal(instance, source))
    }
}
