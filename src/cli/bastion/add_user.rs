//! `aws-vault bastion add-user USER`: into the file, into the groups, a password shown once, an access key into the vault.

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::super::args::bastion::AddUser as Args;
use super::super::context::{Context, from_vault};
use super::super::output::print;
use super::apply::lock;
use super::shared::{layout, read_some};
use crate::aws::Error;
use crate::bastion::config::sign_in_url;
use crate::bastion::desired::{Desired, desired};
use crate::bastion::file;
use crate::bastion::model::{Layout, User};
use crate::bastion::plan::{Adopted, plan};
use crate::bastion::read::{Entered, failure};
use crate::bastion::starter::{key, quoted};
use crate::bastion::whole::Failure;
use crate::bastion::{apply, users};
use crate::config::write_atomically;
use crate::error::CliError;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let path = &args.file.file;
    let layout = with_user(path, args)?;
    let user = super::shared::user(&layout, &args.user)?.clone();
    let _lock = lock(context, &layout)?;
    let bastion = desired(&layout).into_iter().take(1).collect();
    let read = read_some(context, &layout, &args.mfa, bastion, Desired::wanted)?;
    let entered = read
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(nothing_read(&layout)))
        .map_err(shown)?;
    refuse_missing_groups(&entered, &user)?;
    create(context, &entered, &user)?;
    let belongings = context
        .aws
        .wait(users::belongings(&entered.iam, &user.name))?;
    let belongings = belongings?;
    if user.console && !belongings.console {
        let password = users::password().map_err(CliError::new)?;
        let created = entered.iam.create_login_profile(&user.name, &password);
        context.aws.wait(created)??;
        print(&format!(
            "Console: {}\nUser name: {}\nPassword for the first sign-in, shown only now: {}\n",
            sign_in_url(&layout),
            user.name,
            password.expose_secret()
        ))?;
    }
    if user.access_key && belongings.keys.is_empty() {
        access_key(context, &entered, &user, args.store.as_deref())?;
    }
    print(&format!("{} is in {}\n", user.name, listed(&user)))?;
    if belongings.devices.is_empty() {
        // The self-manage policy allows nothing else before, not even a new password at the first sign-in.
        print(&format!(
            "An MFA device comes first: aws-vault bastion enroll-mfa {}\n",
            user.name
        ))?;
    }
    Ok(())
}

/// The layout with the user, who is added to the file if need be.
fn with_user(path: &Path, args: &Args) -> Result<Layout, CliError> {
    let before = layout(path)?;
    if before.user(&args.user).is_some() {
        return Ok(before);
    }
    if args.groups.is_empty() {
        return Err(
            CliError::usage(format!("{} has no user '{}'", path.display(), args.user))
                .hint("--group GROUP adds the user to the file"),
        );
    }
    let groups: Vec<String> = args.groups.iter().map(|group| quoted(group)).collect();
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
    let gap = if text.ends_with("\n\n") || text.is_empty() {
        ""
    } else if text.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let section = format!(
        "{gap}[users.{}]\ngroups = [{}]\nconsole = {}\naccess_key = {}\n",
        key(&args.user),
        groups.join(", "),
        !args.no_console,
        !args.no_access_key
    );
    let text = text + &section;
    let directory = path.parent().unwrap_or(Path::new(""));
    let read = |name: &Path| std::fs::read_to_string(directory.join(name));
    let layout = file::parse(path, &text, &read)?;
    write_atomically(path, &text)?;
    print(&format!("Added {} to {}\n", args.user, path.display()))?;
    Ok(layout)
}

fn refuse_missing_groups(entered: &Entered, user: &User) -> Result<(), CliError> {
    let found = entered.found.groups.keys().cloned().collect();
    let missing = users::missing_groups(&entered.desired, &found, &user.name);
    if missing.is_empty() {
        return Ok(());
    }
    Err(CliError::new(format!(
        "the account has no group {} yet",
        missing.join(", ")
    ))
    .hint("`aws-vault bastion apply` makes it"))
}

fn create(context: &Context, entered: &Entered, user: &User) -> Result<(), CliError> {
    let plan = plan(&entered.desired, &entered.found, &Adopted::new());
    let plan = users::only(plan, &user.name);
    if let Some(conflict) = plan.conflicts.first() {
        return Err(
            CliError::new(format!("{} {}", conflict.what, conflict.why)).hint(format!(
                "`aws-vault bastion apply --adopt {}` takes it over",
                conflict.what
            )),
        );
    }
    for action in &plan.actions {
        let done: Result<(), Error> = context.aws.wait(apply::perform(&entered.iam, action))?;
        done.map_err(|error| shown(failure(&entered.desired, &error)))?;
    }
    Ok(())
}

/// Into the vault of this computer if a profile is named; else it is shown once, for somebody else's.
fn access_key(
    context: &Context,
    entered: &Entered,
    user: &User,
    store: Option<&str>,
) -> Result<(), CliError> {
    let Some(profile) = store else {
        let key = context.aws.wait(entered.iam.create_key_of(&user.name))??;
        return print(&format!(
            "Access key, shown only now: {}\nSecret access key: {}\n",
            key.access_key_id,
            key.secret_access_key.expose_secret()
        ));
    };
    let vault = context.vault().map_err(from_vault)?;
    if vault.access_key(profile).map_err(from_vault)?.is_some() {
        return Err(CliError::new(format!(
            "an access key is stored for profile '{profile}' already"
        ))
        .hint("name another profile with --store, or remove that key first"));
    }
    // Whether the store works is found out before a key exists that only it should hold.
    vault.check_writable(profile).map_err(from_vault)?;
    let key = context.aws.wait(entered.iam.create_key_of(&user.name))??;
    if let Err(error) = vault.store_access_key(profile, &key) {
        let deleted = entered.iam.delete_key_of(&user.name, &key.access_key_id);
        context.aws.wait(deleted)??;
        return Err(from_vault(error));
    }
    context.stored_names()?;
    print(&format!(
        "Stored a new access key of {} for profile '{profile}'\n",
        user.name
    ))
}

fn listed(user: &User) -> String {
    let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
    groups.join(", ")
}

fn nothing_read(layout: &Layout) -> Failure {
    Failure {
        account: layout.bastion.id.clone(),
        name: layout.bastion.name.clone(),
        message: "was not read".to_owned(),
        hints: Vec::new(),
        forbids_writing: false,
    }
}

pub fn shown(failure: Failure) -> CliError {
    let mut error = CliError::new(format!(
        "{} {}: {}",
        failure.name, failure.account, failure.message
    ));
    error.hints = failure.hints;
    error
}
