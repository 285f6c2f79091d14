//! `aws-vault bastion remove-user USER`: everything of the user, access first, then the user.

use std::path::Path;

use super::super::args::bastion::RemoveUser as Args;
use super::super::context::{Context, from_vault};
use super::super::output::{notice, print};
use super::add_user::shown;
use super::apply::lock;
use super::shared::{layout, read_some};
use crate::bastion::desired::{Desired, desired};
use crate::bastion::read::{Entered, failure};
use crate::bastion::users::{self, Removal};
use crate::cli::add::prompt_failed;
use crate::config::write_atomically;
use crate::error::CliError;
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let path = &args.file.file;
    let layout = layout(path)?;
    let name = args.user.as_str();
    let _lock = lock(context, &layout)?;
    let bastion = desired(&layout).into_iter().take(1).collect();
    let read = read_some(context, &layout, &args.mfa, bastion, Desired::wanted)?;
    for account in read {
        let entered = account.map_err(shown)?;
        remove(context, &entered, args)?;
    }
    match without_user(path, name)? {
        Some(text) => {
            write_atomically(path, &text)?;
            print(&format!("Removed {name} from {}\n", path.display()))
        }
        None if layout.user(name).is_some() => {
            notice(&format!(
                "{name} is still in {}: remove it there yourself",
                path.display()
            ));
            Ok(())
        }
        None => Ok(()),
    }
}

fn remove(context: &Context, entered: &Entered, args: &Args) -> Result<(), CliError> {
    let name = args.user.as_str();
    let account = &entered.desired.account;
    let Some(user) = entered.found.users.get(name) else {
        return print(&format!(
            "{} {} has no user {name}\n",
            account.name, account.id
        ));
    };
    let belongings = context.aws.wait(users::belongings(&entered.iam, name))??;
    let removals = users::removals(user, &belongings);
    print(&format!("From {} {}:\n", account.name, account.id))?;
    for removal in &removals {
        print(&format!("  - {}\n", removal.told()))?;
    }
    if !entered.desired.owns(&user.tags) {
        notice(&format!("{name} was not made by this tool"));
    }
    if !args.yes {
        confirm(name)?;
    }
    for removal in &removals {
        perform(context, entered, removal, name)?;
    }
    for device in &belongings.devices {
        forget_seed(context, &device.serial)?;
    }
    print(&format!(
        "Removed {name} from {} {}\n",
        account.name, account.id
    ))
}

/// The device is gone, and its seed of no more use.
fn forget_seed(context: &Context, serial: &str) -> Result<(), CliError> {
    if !context.inventory()?.mfa_seeds.contains(serial) {
        return Ok(());
    }
    let vault = context.vault().map_err(from_vault)?;
    vault.remove_mfa_seed(serial).map_err(from_vault)?;
    print(&format!("Deleted the seed of {serial}.\n"))
}

fn perform(
    context: &Context,
    entered: &Entered,
    removal: &Removal,
    name: &str,
) -> Result<(), CliError> {
    match context.aws.wait(removal.perform(&entered.iam, name))? {
        // An earlier run, or somebody else, was here first.
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(()),
        Err(error) => Err(shown(failure(&entered.desired, &error))
            .hint("what is gone is gone: run it again when the cause is removed")),
        Ok(()) => Ok(()),
    }
}

fn confirm(name: &str) -> Result<(), CliError> {
    let mut terminal = Terminal::open()
        .map_err(|error| prompt_failed(error).hint("--yes removes without asking"))?;
    let question = "Type the user's name to remove all of this: ";
    let answer = terminal.ask(question).map_err(prompt_failed)?;
    if answer.trim() == name {
        Ok(())
    } else {
        Err(CliError::new("nothing was removed"))
    }
}

/// The file's text without the user's table; `None` if there is none that stands alone.
fn without_user(path: &Path, name: &str) -> Result<Option<String>, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
    Ok(cut(&text, name))
}

fn cut(text: &str, name: &str) -> Option<String> {
    let headers = [
        format!("[users.{}]", crate::bastion::starter::key(name)),
        format!("[users.{}]", crate::bastion::starter::quoted(name)),
    ];
    let mut kept = String::new();
    let (mut inside, mut found) = (false, false);
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with('[') {
            inside = headers.iter().any(|header| bare == header);
            found |= inside;
        }
        if !inside {
            kept.push_str(line);
        }
    }
    found.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_users_table_goes() {
        let text = "[groups.A]\n\n[users.a]\ngroups = [\"A\"]\n\n[users.\"b.c\"]\ngroups = [\"A\"]\n# end\n";
        assert_eq!(
            cut(text, "a").unwrap(),
            "[groups.A]\n\n[users.\"b.c\"]\ngroups = [\"A\"]\n# end\n"
        );
        assert_eq!(
            cut(text, "b.c").unwrap(),
            "[groups.A]\n\n[users.a]\ngroups = [\"A\"]\n\n"
        );
        assert_eq!(cut(text, "d"), None);
    }
}
