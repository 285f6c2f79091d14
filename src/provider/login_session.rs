//! AWS sign-in sessions (`aws login`): credentials from a console sign-in.

use super::{Error, Provider};
use crate::config::profile::Setting;
use crate::credentials::Credentials;

pub(super) fn obtain(
    _provider: &Provider<'_>,
    profile: &str,
    _session: &Setting<String>,
) -> Result<Credentials, Error> {
    Err(Error::not_yet(profile, "login_session"))
}
