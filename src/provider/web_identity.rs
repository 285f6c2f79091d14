//! `sts:AssumeRoleWithWebIdentity` with a token from a file or a process.

use super::{Error, Provider};
use crate::config::chain::{AssumeRole, WebIdentityToken};
use crate::credentials::Credentials;

pub(super) fn obtain(
    _provider: &Provider<'_>,
    profile: &str,
    _token: &WebIdentityToken,
    _role: &AssumeRole,
) -> Result<Credentials, Error> {
    Err(Error::not_yet(profile, "a web identity token"))
}
