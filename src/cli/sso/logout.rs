//! `aws-vault sso logout`

use std::collections::BTreeSet;

use super::super::args::{MfaToken, SsoLogout};
use super::super::context::{Context, from_vault};
use super::super::output::{notice, print};
use super::{instance, of_profile, of_session};
use crate::config::{ConfigFile, Overrides, resolve};
use crate::error::{CliError, visible};
use crate::provider::Instance;

pub fn run(context: &Context, args: &SsoLogout) -> Result<(), CliError> {
    let config = context.config()?;
    if !args.all {
        return one(
            context,
            &config,
            &instance(context, &config, args.name.as_deref())?,
        );
    }
    for instance in all(context, &config)? {
        one(context, &config, &instance)?;
    }
    Ok(())
}

/// Each instance once, though several sessions and profiles may name it.
fn all(context: &Context, config: &ConfigFile) -> Result<Vec<Instance>, CliError> {
    let location = context.location();
    let mut found: Vec<Instance> = config
        .sso_session_names()
        .into_iter()
        .map(|name| of_session(context, config, name))
        .collect::<Result<_, _>>()?;
    let profiles = config.profiles().map(|entry| entry.name);
    found.extend(profiles.filter_map(|name| of_profile(context, config, name).ok()));
    let mut seen = BTreeSet::new();
    found.retain(|instance| seen.insert(instance.fingerprint(&location).to_string()));
    Ok(found)
}

fn one(context: &Context, config: &ConfigFile, instance: &Instance) -> Result<(), CliError> {
    let location = context.location();
    let step = instance.fingerprint(&location);
    let codes = context.codes(&MfaToken::default())?;
    context.with_provider(&codes, &location, |provider| {
        // Without a living token there is no session at AWS that it could end.
        let Some(token) = provider.cached_token(&step)? else {
            return Ok(());
        };
        match context.aws.logout(instance.service(), token.secret()) {
            Err(error) if !error.is_unauthorized() => notice(&format!(
                "the session at AWS could not be ended and lives on until it expires: {error}"
            )),
            _ => {}
        }
        Ok(())
    })?;
    let profiles = profiles(context, config, instance);
    let name = instance.name();
    let token = context.sessions().remove_step(&step)?;
    let sessions = context
        .sessions()
        .remove(|header| !header.is_token() && profiles.contains(&header.profile))?;
    let vault = context.vault().map_err(from_vault)?;
    let kept = vault
        .remove_sign_in(&step.to_string())
        .map_err(from_vault)?;
    print(&if token || kept || sessions > 0 {
        format!(
            "Signed out of '{}', and forgot {sessions} sessions.\n",
            visible(name)
        )
    } else {
        format!("Nobody was signed in to '{}'.\n", visible(name))
    })
}

/// Profiles whose credentials start from the instance.
fn profiles(context: &Context, config: &ConfigFile, instance: &Instance) -> BTreeSet<String> {
    let location = context.location();
    let wanted = instance.fingerprint(&location);
    config
        .profiles()
        .filter(|entry| {
            let profile = resolve(
                config,
                entry.name,
                &context.environment,
                &Overrides::default(),
            );
            profile.is_ok_and(|profile| {
                profile
                    .lineage()
                    .filter_map(|profile| Instance::of(profile.sso.as_ref()?, &profile.endpoints))
                    .any(|found| found.fingerprint(&location) == wanted)
            })
        })
        .map(|entry| entry.name.to_owned())
        .collect()
}
