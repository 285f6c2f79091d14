//! `aws-vault sso`: sign in to IAM Identity Center and out again, see what is there, and make profiles of it.

mod inventory;
mod list;
mod login;
mod logout;
mod populate;
mod resume;

use super::args::{Sso, SsoCommand};
use super::context::Context;
use crate::config::profile::{Endpoints, Setting};
use crate::config::{self, ConfigFile, Overrides, resolve};
use crate::error::{CliError, visible};
use crate::provider::Instance;

pub fn run(context: &Context, args: &Sso) -> Result<(), CliError> {
    match &args.command {
        SsoCommand::Login(args) => login::run(context, args),
        SsoCommand::Logout(args) => logout::run(context, args),
        SsoCommand::List(args) => list::run(context, args),
        SsoCommand::Populate(args) => populate::run(context, args),
    }
}

/// The instance that a name means: an sso-session, a profile that uses one; without a name that of AWS_PROFILE, else the only one
/// of the file.
fn instance(
    context: &Context,
    config: &ConfigFile,
    name: Option<&str>,
) -> Result<Instance, CliError> {
    if let Some(name) = name {
        return named(context, config, name);
    }
    if let Some(profile) = context.environment.var("AWS_PROFILE")
        && let Ok(instance) = of_profile(context, config, profile)
    {
        return Ok(instance);
    }
    match config.sso_session_names().as_slice() {
        [only] => of_session(context, config, only),
        [] => Err(CliError::usage("no sso-session is configured").hint(
            "name a profile with sso_start_url, or add a section [sso-session NAME]; `aws configure sso-session` does it",
        )),
        several => Err(
            CliError::usage("there are several sso-sessions, and none was named")
                .hint(format!("name one of {}", several.join(", "))),
        ),
    }
}

fn named(context: &Context, config: &ConfigFile, name: &str) -> Result<Instance, CliError> {
    if config.sso_session(name).is_some() {
        return of_session(context, config, name);
    }
    if config.profile(name).is_none() {
        let known = config.sso_session_names().join(", ");
        return Err(CliError::new(format!(
            "'{}' is neither an sso-session nor a profile in {}",
            visible(name),
            config.path().display()
        ))
        .hint(if known.is_empty() {
            "the file has no [sso-session …] section".to_owned()
        } else {
            format!("its sso-sessions are {known}")
        }));
    }
    of_profile(context, config, name)
}

/// `[sso-session NAME]`, with the endpoints that count for every profile.
fn of_session(context: &Context, config: &ConfigFile, name: &str) -> Result<Instance, CliError> {
    let section = config.sso_session(name).ok_or_else(|| incomplete(name))?;
    let sso = config::profile::Sso {
        session: Some(Setting::new(
            name.to_owned(),
            config::profile::Origin::Default("named on the command line"),
        )),
        start_url: section.setting("sso_start_url"),
        region: section.setting("sso_region"),
        registration_scopes: section.setting("sso_registration_scopes"),
        ..config::profile::Sso::default()
    };
    Instance::of(&sso, &general_endpoints(context, config)?).ok_or_else(|| incomplete(name))
}

fn general_endpoints(context: &Context, config: &ConfigFile) -> Result<Endpoints, CliError> {
    let overrides = Overrides::default();
    Ok(resolve(config, "default", &context.environment, &overrides)?.endpoints)
}

fn of_profile(context: &Context, config: &ConfigFile, name: &str) -> Result<Instance, CliError> {
    let profile = resolve(config, name, &context.environment, &Overrides::default())?;
    profile
        .lineage()
        .find_map(|profile| Instance::of(profile.sso.as_ref()?, &profile.endpoints))
        .ok_or_else(|| incomplete(name))
}

fn incomplete(name: &str) -> CliError {
    CliError::new(format!(
        "'{}' has no sso_start_url, or no sso_region",
        visible(name)
    ))
    .hint("Identity Center's start URL is in its console, under Settings; sso_region is the region it was set up in")
}
