//! `aws-vault remove`: a stored key and everything that hangs on it go.

use super::add::{drop_sessions, prompt_failed};
use super::args::Remove;
use super::context::{Context, from_vault};
use super::output::print;
use crate::error::CliError;
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Remove) -> Result<(), CliError> {
    if args.sessions_only {
        let deleted = drop_sessions(context, &args.profile)?;
        return print(&format!("Deleted {deleted} sessions.\n"));
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
    if !args.force && !confirmed(&args.profile)? {
        return Ok(());
    }
    let vault = context.vault().map_err(from_vault)?;
    vault.remove_access_key(&args.profile).map_err(from_vault)?;
    print("Deleted credentials.\n")?;
    let deleted = drop_sessions(context, &args.profile)?;
    if deleted > 0 {
        print(&format!("Deleted {deleted} sessions.\n"))?;
    }
    context.stored_names()?;
    Ok(())
}

fn confirmed(profile: &str) -> Result<bool, CliError> {
    Terminal::open()
        .and_then(|mut terminal| {
            terminal.confirm(&format!(
                "Delete credentials for profile {profile:?}? (y|N) "
            ))
        })
        .map_err(|error| prompt_failed(error).hint("--force removes without asking"))
}
