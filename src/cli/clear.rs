//! `aws-vault clear`: cached sessions go, stored keys stay.

use std::collections::BTreeSet;

use super::args::Clear;
use super::context::{Context, from_vault};
use super::output::print;
use crate::config::{Overrides, resolve};
use crate::error::CliError;
use crate::provider::Instance;

pub fn run(context: &Context, args: &Clear) -> Result<(), CliError> {
    let profile = args.profile.as_deref();
    let sign_ins = forget_sign_ins(context, profile)?;
    let own = context
        .sessions()
        .remove(|header| profile.is_none_or(|name| header.profile == name && !header.is_token()))?;
    let vault = context.vault().map_err(from_vault)?;
    let foreign = vault.remove_foreign_sessions(profile).map_err(from_vault)?;
    print(&format!("Cleared {} sessions.\n", sign_ins + own + foreign))
}

/// Forgets the sign-in that the profile uses, or all of them. Returns how many went; access and refresh token count once.
fn forget_sign_ins(context: &Context, profile: Option<&str>) -> Result<usize, CliError> {
    let vault = context.vault().map_err(from_vault)?;
    let location = context.location();
    let mut steps: BTreeSet<String> = BTreeSet::new();
    let mut forgotten = 0;
    let mut console = Vec::new();
    if let Some(name) = profile {
        // A profile that does not resolve has sessions all the same.
        let instance = context.config().ok().and_then(|config| {
            let profile =
                resolve(&config, name, &context.environment, &Overrides::default()).ok()?;
            profile
                .lineage()
                .find_map(|profile| Instance::of(profile.sso.as_ref()?, &profile.endpoints))
        });
        let session = context.config().ok().and_then(|config| {
            let section = config.profile(name)?;
            Some(section.setting("login_session")?.value)
        });
        console.extend(session);
        steps.extend(instance.map(|instance| instance.fingerprint(&location).to_string()));
    } else {
        steps.extend(vault.sign_ins().map_err(from_vault)?);
        steps.extend(context.sessions().token_steps());
        console.extend(vault.login_sessions().map_err(from_vault)?);
    }
    for arn in console {
        forgotten += usize::from(vault.remove_login_session(&arn).map_err(from_vault)?);
    }
    for step in steps {
        let token = context.sessions().remove_named(&step)?;
        let kept = vault.remove_sign_in(&step).map_err(from_vault)?;
        forgotten += usize::from(token || kept);
    }
    Ok(forgotten)
}
