//! `aws-vault remove`: a stored key and everything that hangs on it go.

use std::collections::BTreeSet;

use super::add::{drop_sessions, prompt_failed};
use super::args::Remove;
use super::context::{Context, from_vault};
use super::output::{notice, print};
use crate::config::{Overrides, resolve};
use crate::error::CliError;
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Remove) -> Result<(), CliError> {
    if args.sessions_only {
        let deleted = drop_sessions(context, &args.profile)?;
        return print(&format!("Deleted {deleted} sessions.\n"));
    }
    if args.mfa_seed {
        return remove_seed(context, args);
    }
    let inventory = context.inventory()?;
    if !inventory.credentials.contains(&args.profile) {
        return Err(CliError::new(format!(
            "no access key is stored for profile '{}' in the {} store",
            args.profile,
            context.backend()
        ))
        .hint("`aws-vault list --credentials` shows the stored keys"));
    }
    if !args.force && inventory.rotations.contains(&args.profile) {
        return Err(CliError::new(format!(
            "the rotation of '{}' is not finished: two access keys of its user are at IAM",
            args.profile
        ))
        .hint(format!(
            "`aws-vault rotate --resume {0}` finishes it, `aws-vault rotate --undo {0}` goes back; --force removes the stored key \
             all the same",
            args.profile
        )));
    }
    let question = format!("Delete credentials for profile {:?}? (y|N) ", args.profile);
    if !args.force && !confirm(&question)? {
        return Ok(());
    }
    let vault = context.vault().map_err(from_vault)?;
    vault.remove_access_key(&args.profile).map_err(from_vault)?;
    print("Deleted credentials.\n")?;
    let deleted = drop_sessions(context, &args.profile)?;
    if deleted > 0 {
        print(&format!("Deleted {deleted} sessions.\n"))?;
    }
    let left = context.inventory()?.mfa_seeds;
    if let Some(serial) = mfa_serial(context, &args.profile).filter(|it| left.contains(it)) {
        notice(&format!(
            "the seed of the MFA device {serial} is still kept: `aws-vault remove --mfa-seed {serial}` removes it"
        ));
    }
    Ok(())
}

/// The device stays at AWS, and with whoever scanned its code.
fn remove_seed(context: &Context, args: &Remove) -> Result<(), CliError> {
    let kept = context.inventory()?.mfa_seeds;
    let given = Some(args.profile.clone()).filter(|given| kept.contains(given));
    let serial = given
        .or_else(|| mfa_serial(context, &args.profile).filter(|serial| kept.contains(serial)))
        .ok_or_else(|| nothing_kept(context, &args.profile, &kept))?;
    if !args.force
        && !confirm(&format!(
            "Delete the seed of the MFA device {serial}? (y|N) "
        ))?
    {
        return Ok(());
    }
    let vault = context.vault().map_err(from_vault)?;
    vault.remove_mfa_seed(&serial).map_err(from_vault)?;
    print(&format!("Deleted the seed of {serial}.\n"))
}

fn nothing_kept(context: &Context, name: &str, kept: &BTreeSet<String>) -> CliError {
    let error = CliError::new(format!(
        "no MFA seed is kept for '{name}' in the {} store",
        context.backend()
    ));
    if kept.is_empty() {
        return error.hint("--backend chooses another store");
    }
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    error.hint(format!("there are those of: {}", kept.join(", ")))
}

/// The device of the profile, as far as the config file can be read.
fn mfa_serial(context: &Context, profile: &str) -> Option<String> {
    let config = context.config().ok()?;
    let nothing = Overrides::default();
    let profile = resolve(&config, profile, &context.environment, &nothing).ok()?;
    Some(profile.mfa_serial?.value)
}

fn confirm(question: &str) -> Result<bool, CliError> {
    Terminal::open()
        .and_then(|mut terminal| terminal.confirm(question))
        .map_err(|error| prompt_failed(error).hint("--force removes without asking"))
}
