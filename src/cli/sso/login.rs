//! `aws-vault sso login`

use super::super::args::{MfaToken, SsoLogin};
use super::super::context::Context;
use super::super::output::print;
use super::instance;
use crate::credentials::rfc3339;
use crate::error::{CliError, visible};

/// Signs in even if there is a sign-in already, as the AWS CLI does: people who run it want the full time.
pub fn run(context: &Context, args: &SsoLogin) -> Result<(), CliError> {
    let config = context.config()?;
    let instance = instance(context, &config, args.name.as_deref())?;
    let location = context.location();
    let codes = context.codes(&MfaToken::default())?;
    context.with_provider(&codes, &location, |provider| {
        provider.sign_in_again(&instance)?;
        Ok(())
    })?;
    let step = instance.fingerprint(&location);
    let until = context
        .sessions()
        .header(&step)
        .map_or_else(String::new, |header| {
            format!(", until {}", rfc3339(header.expires_at()))
        });
    print(&format!(
        "Signed in to '{}'{until}.\n",
        visible(instance.name())
    ))
}
