//! `aws-vault bastion destroy`: what this tool made, and nothing else. Shows it; removes it only when asked twice.

use std::process::ExitCode;

use super::super::args::bastion::Destroy as Args;
use super::super::context::Context;
use super::super::output::print;
use super::apply::{carry_out, lock, refuse_wrong_accounts};
use super::shared::{layout, paint, read_all, tell_failures, whole};
use crate::bastion::desired::Desired;
use crate::bastion::model::Layout;
use crate::bastion::plan::Adopted;
use crate::bastion::plan_text;
use crate::bastion::read::{Entered, failure};
use crate::bastion::users::{self, Removal};
use crate::bastion::whole::Failure;
use crate::cli::add::prompt_failed;
use crate::error::{CliError, visible};
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Args) -> Result<ExitCode, CliError> {
    let layout = layout(&args.file.file)?;
    let _lock = lock(context, &layout)?;
    let mut read = read_all(context, &layout, &args.mfa, Desired::wanted)?;
    for entered in read.iter_mut().flatten() {
        want_nothing(&mut entered.desired);
    }
    let users = own_users(context, &read)?;
    // The users are removed whole, so that their memberships need no plan of their own.
    for entered in read.iter_mut().flatten() {
        entered
            .found
            .users
            .retain(|name, _| !users.iter().any(|(user, _)| user == name));
    }
    let plan = whole(&read, &Adopted::new());
    refuse_wrong_accounts(&plan)?;
    for (name, removals) in &users {
        let told: Vec<String> = removals.iter().map(Removal::told).collect();
        print(&visible(&format!("  - user {name}: {}\n", told.join(", "))))?;
    }
    print(&plan_text::text(&plan, &paint(context)))?;
    if !args.apply {
        tell_failures(&plan.failures);
        print("Nothing was removed. To do this: aws-vault bastion destroy --apply\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    if users.is_empty() && !plan.has_actions() {
        return Ok(ExitCode::SUCCESS);
    }
    confirm(&layout)?;
    let bastion = read
        .iter()
        .flatten()
        .find(|entered| entered.desired.is_bastion);
    if let Some(bastion) = bastion {
        remove_users(context, bastion, &users)?;
    }
    carry_out(context, read, &plan)
}

fn want_nothing(desired: &mut Desired) {
    desired.roles.clear();
    desired.policies.clear();
    desired.groups.clear();
    desired.users.clear();
}

type Leaving = Vec<(String, Vec<Removal>)>;

/// Users that bear our tag, with everything they have.
fn own_users(context: &Context, read: &[Result<Entered, Failure>]) -> Result<Leaving, CliError> {
    let mut leaving = Vec::new();
    for entered in read.iter().flatten().filter(|it| it.desired.is_bastion) {
        for (name, user) in &entered.found.users {
            if entered.desired.owns(&user.tags) {
                let has = context.aws.wait(users::belongings(&entered.iam, name))??;
                leaving.push((name.clone(), users::removals(user, &has)));
            }
        }
    }
    Ok(leaving)
}

fn remove_users(context: &Context, bastion: &Entered, users: &Leaving) -> Result<(), CliError> {
    for (name, removals) in users {
        for removal in removals {
            match context.aws.wait(removal.perform(&bastion.iam, name))? {
                Err(error) if error.code() != Some("NoSuchEntity") => {
                    let failure = failure(&bastion.desired, &error);
                    return Err(super::add_user::shown(failure));
                }
                _ => {}
            }
        }
        print(&visible(&format!("Removed user {name}\n")))?;
    }
    Ok(())
}

fn confirm(layout: &Layout) -> Result<(), CliError> {
    let mut terminal = Terminal::open().map_err(|error| {
        prompt_failed(error).hint("destroying is confirmed by a person at a terminal")
    })?;
    let bastion = &layout.bastion.id;
    let question =
        format!("Type the id of the bastion account ({bastion}) to remove all of this: ");
    if terminal.ask(&question).map_err(prompt_failed)?.trim() == bastion {
        Ok(())
    } else {
        Err(CliError::new("nothing was removed"))
    }
}
