//! `credential_source`: credentials of the environment, the instance or the container.

use super::{Error, Provider};
use crate::config::profile::Setting;
use crate::credentials::Credentials;

pub(super) fn obtain(
    _provider: &Provider<'_>,
    profile: &str,
    _source: &Setting<String>,
) -> Result<Credentials, Error> {
    Err(Error::not_yet(profile, "credential_source"))
}
