//! `aws-vault signin`: a sign-in with console credentials, as the profile's `login_session`.

use super::args::{MfaToken, Session, Signin};
use super::context::Context;
use super::obtain::Wish;
use super::output::print;
use super::parse::required;
use crate::config::chain::{Purpose, service};
use crate::config::{ConfigFile, update};
use crate::error::{CliError, visible};
use crate::mfa;
use crate::provider::{self, Way};
use crate::terminal::{Terminal, TerminalError};

/// Keys that give a profile other credentials, which would count before a sign-in session.
const OTHER_CREDENTIALS: [&str; 10] = [
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "credential_process",
    "credential_source",
    "web_identity_token_file",
    "web_identity_token_process",
    "aws_access_key_id",
];

pub fn run(context: &Context, args: &Signin) -> Result<(), CliError> {
    let name = required(args.profile.as_deref())?;
    let config = context.config()?;
    refuse_other_credentials(context, &config, name)?;
    let session = Session {
        region: args.region.clone(),
        ..Session::default()
    };
    let wish = Wish {
        profile: name,
        purpose: Purpose::Exec,
        session: &session,
    };
    let profile = context.resolve(&config, &wish)?;
    let region = profile.region.clone().ok_or_else(|| {
        CliError::usage(format!(
            "profile '{}' has no region to sign in at",
            visible(name)
        ))
        .hint("name one with --region; it is written into the profile")
    })?;
    let ask = || {
        Terminal::open()
            .and_then(|mut terminal| terminal.ask_hidden("Code that the browser shows: "))
            .map_err(|error| match error {
                TerminalError::Interrupted => mfa::Error::Interrupted.into(),
                error => provider::Error::NoCode(error.into()),
            })
    };
    let way = if args.remote {
        Way::Elsewhere { ask: &ask }
    } else {
        Way::Here {
            open_browser: !args.stdout,
        }
    };
    let accept = |arn: &str| confirm_change(&config, name, arn);
    let codes = context.codes(&MfaToken::default())?;
    let arn = context.with_provider(&codes, &context.location(), |provider| {
        provider.sign_in_to_console(name, &service(&profile, &profile), &way, &accept)
    })?;
    update(config.path(), |config| {
        let mut text = config.with_setting(name, "login_session", &arn)?;
        // The sign-in belongs to the region, and a new profile has none.
        if args.region.is_some()
            && config
                .profile(name)
                .and_then(|it| it.setting("region"))
                .is_none()
        {
            let config = ConfigFile::parse(config.path(), text)?;
            text = config.with_setting(name, "region", &region.value)?;
        }
        Ok::<_, CliError>(Some(text))
    })?;
    print(&format!(
        "Signed in as {}; profile '{}' uses it.\n",
        visible(&arn),
        visible(name)
    ))
}

/// AWS's own CLI refuses it, too: the sign-in would never be used.
fn refuse_other_credentials(
    context: &Context,
    config: &ConfigFile,
    name: &str,
) -> Result<(), CliError> {
    let section = config.profile(name);
    let other = OTHER_CREDENTIALS
        .iter()
        .find_map(|key| Some((key, section?.setting(key)?.origin.line()?)));
    let why = match other {
        Some((key, line)) => format!("{key} in {}:{line}", config.path().display()),
        None if context.stored_names()?.contains(name) => "a stored access key".to_owned(),
        None => return Ok(()),
    };
    Err(CliError::new(format!(
        "profile '{}' has credentials already ({why}), which count before a sign-in",
        visible(name)
    ))
    .hint("sign in with a profile of another name"))
}

/// Somebody else's console session in the same browser must not slip into the profile.
fn confirm_change(config: &ConfigFile, name: &str, arn: &str) -> Result<(), CliError> {
    let before = config
        .profile(name)
        .and_then(|section| section.setting("login_session"));
    let Some(before) = before.filter(|before| before.value != arn) else {
        return Ok(());
    };
    let what = format!(
        "profile '{}' uses {}, and you signed in as {arn}",
        visible(name),
        before.value
    );
    let refused = |error: CliError| {
        error.hint("sign out of the console in the browser, or sign in with another profile")
    };
    let Ok(mut terminal) = Terminal::open() else {
        return Err(refused(CliError::new(what)));
    };
    if terminal.confirm(&format!("{what}. Change the profile? [y/N] "))? {
        Ok(())
    } else {
        Err(refused(CliError::new("the profile is as it was")))
    }
}
