//! `credential_process`: a program that prints credentials.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Process credential provider".

use super::command::{Directive, Reason};
use super::{Error, Provider, document};
use crate::config::profile::Setting;
use crate::credentials::Credentials;

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
    document::credentials(&output, (provider.clock)())
        .map_err(|reason| directive.error(Reason::Output(reason)).into())
}
