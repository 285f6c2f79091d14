//! `sts:AssumeRoleWithWebIdentity` with a token from a file or a process.

use super::federation::{self, Kind};
use super::token::Token;
use super::{Error, Provider};
use crate::config::chain::{AssumeRole, TokenSource};
use crate::credentials::Credentials;

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    source: &TokenSource,
    role: &AssumeRole,
) -> Result<Credentials, Error> {
    let token = Token {
        profile,
        source,
        keys: ["web_identity_token_file", "web_identity_token_process"],
    }
    .read(provider)?;
    provider
        .aws
        .assume_role_with_web_identity(role, &token, (provider.clock)())
        .map(Credentials::Session)
        .map_err(|source| federation::Error::of(Kind::WebIdentity, profile, source).into())
}
