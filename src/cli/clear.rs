//! `aws-vault clear`: cached sessions go, stored keys stay.

use super::args::Clear;
use super::context::{Context, from_vault};
use super::output::print;
use crate::error::CliError;

pub fn run(context: &Context, args: &Clear) -> Result<(), CliError> {
    let profile = args.profile.as_deref();
    let own = context
        .sessions()
        .remove(|header| profile.is_none_or(|name| header.profile == name))?;
    let vault = context.vault().map_err(from_vault)?;
    let foreign = vault.remove_foreign_sessions(profile).map_err(from_vault)?;
    print(&format!("Cleared {} sessions.\n", own + foreign))
}
