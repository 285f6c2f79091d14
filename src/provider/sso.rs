//! IAM Identity Center: the credentials of a role in an account, with a token that a sign-in in the browser gave.

use super::{Error, Provider};
use crate::config::profile::Sso;
use crate::credentials::Credentials;

pub(super) fn obtain(
    _provider: &Provider<'_>,
    profile: &str,
    _sso: &Sso,
) -> Result<Credentials, Error> {
    Err(Error::not_yet(profile, "IAM Identity Center"))
}
