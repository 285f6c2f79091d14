//! What the subcommands share: the file, the accounts as read, and how plans look on the terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::args::MfaToken;
use super::super::context::Context;
use super::doors::{Doors, credentials};
use crate::aws::iam::account::AccountIam;
use crate::aws::iam::detail::Wanted;
use crate::aws::parallel;
use crate::bastion::desired::{Desired, desired};
use crate::bastion::file;
use crate::bastion::model::{Layout, OWNER_TAG, User};
use crate::bastion::plan::{Adopted, Kind, plan};
use crate::bastion::read::{self, AT_ONCE, Entered, Entry};
use crate::bastion::users::{self, Belongings};
use crate::bastion::whole::{Failure, Plan};
use crate::error::CliError;

/// The layout that a file describes.
pub fn layout(path: &Path) -> Result<Layout, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::new(format!("{}: {error}", path.display()))
            .hint("`aws-vault bastion init` writes a first one; --file names another")
    })?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let read = |name: &Path| std::fs::read_to_string(directory.join(name));
    Ok(file::parse(path, &text, &read)?)
}

/// Every account as it is, in the layout's order.
pub fn read_all(
    context: &Context,
    layout: &Layout,
    mfa: &MfaToken,
    wanted: impl Fn(&Desired) -> Wanted,
) -> Result<Vec<Result<Entered, Failure>>, CliError> {
    read_some(context, layout, mfa, desired(layout), wanted)
}

/// The same for some accounts only.
pub fn read_some(
    context: &Context,
    layout: &Layout,
    mfa: &MfaToken,
    accounts: Vec<Desired>,
    wanted: impl Fn(&Desired) -> Wanted,
) -> Result<Vec<Result<Entered, Failure>>, CliError> {
    let mut doors = Doors::new(context, layout, mfa);
    let mut entries = Vec::new();
    for desired in accounts {
        entries.push(Entry {
            door: doors.to(&desired.account)?,
            wanted: wanted(&desired),
            desired,
        });
    }
    let bar = bar(context, entries.len(), "accounts read");
    let read = read::all(&context.aws, entries, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(read)
}

/// The plan for what was read.
pub fn whole(read: &[Result<Entered, Failure>], adopted: &Adopted) -> Plan {
    let mut whole = Plan::default();
    for account in read {
        match account {
            Ok(entered) => {
                let plan = plan(&entered.desired, &entered.found, adopted);
                whole.accounts.push(plan);
            }
            Err(failure) => whole.failures.push(failure.clone()),
        }
    }
    whole
}

/// `role/DeveloperRole@Master`, as given to `--adopt`.
pub fn adopted(words: &[String], layout: &Layout) -> Result<Adopted, CliError> {
    for word in words {
        let fits = word.split_once('@').is_some_and(|(what, account)| {
            (what.starts_with("role/") || what.starts_with("user/"))
                && layout.account(account).is_some()
        });
        if !fits {
            return Err(CliError::usage(format!("--adopt {word}: no such thing"))
                .hint("name it as the plan does, e.g. role/DeveloperRole@Master"));
        }
    }
    Ok(words.iter().cloned().collect())
}

/// Green, yellow, red on a terminal that wants it.
pub fn paint(context: &Context) -> impl Fn(Kind, &str) -> String + use<> {
    let terminal = std::io::stdout().is_terminal();
    let colours = crate::terminal::colours(terminal, &context.environment);
    move |kind, line| {
        let code = match kind {
            Kind::Create => 32,
            Kind::Change => 33,
            Kind::Delete => 31,
        };
        if colours {
            format!("\u{1b}[{code}m{line}\u{1b}[0m")
        } else {
            line.to_owned()
        }
    }
}

/// A progress bar on a terminal; nothing elsewhere.
pub fn bar(context: &Context, length: usize, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() || context.global.debug {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64)
        .with_style(style)
        .with_message(what)
}

/// What each user of the account has: keys, devices, a password.
pub fn belongings_of_users(
    context: &Context,
    entered: &Entered,
) -> Result<BTreeMap<String, Belongings>, CliError> {
    let names: Vec<String> = entered.found.users.keys().cloned().collect();
    let bar = bar(context, names.len(), "users");
    let work = |name: String| {
        let iam = entered.iam.clone();
        async move {
            let belongings = users::belongings(&iam, &name).await;
            (name, belongings)
        }
    };
    let read = context
        .aws
        .wait(parallel::each(names, AT_ONCE, work, || bar.inc(1)))?;
    bar.finish_and_clear();
    let mut belongings = BTreeMap::new();
    for (name, has) in read.into_iter().flatten() {
        belongings.insert(name, has?);
    }
    Ok(belongings)
}

/// Tells what failed where, on stderr, each with its hints.
pub fn tell_failures<'a>(failures: impl IntoIterator<Item = &'a Failure>) {
    for failure in failures {
        let Failure { account, name, .. } = failure;
        let text = format!("{name} {account}: {}", failure.message);
        super::super::output::notice(&text);
        for hint in &failure.hints {
            eprintln!("hint: {}", crate::error::visible(hint));
        }
    }
}

/// `1 account` or `7 accounts`.
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A user of the file.
pub fn user<'a>(layout: &'a Layout, name: &str) -> Result<&'a User, CliError> {
    layout.user(name).ok_or_else(|| {
        let known: Vec<&str> = layout.users.iter().map(|user| user.name.as_str()).collect();
        CliError::new(format!("the file has no user '{name}'")).hint(if known.is_empty() {
            "`aws-vault bastion add-user` adds one".to_owned()
        } else {
            format!("there are: {}", known.join(", "))
        })
    })
}

/// The tag that says whose something is.
pub fn owner_tags(layout: &Layout) -> BTreeMap<String, String> {
    BTreeMap::from([(OWNER_TAG.to_owned(), layout.bastion.id.clone())])
}

/// IAM of the bastion account: as the administrator, or with a profile's own key.
pub fn bastion_iam(
    context: &Context,
    layout: &Layout,
    profile: Option<&str>,
    mfa: &MfaToken,
) -> Result<AccountIam, CliError> {
    let door = match profile {
        // Without a session: the user's device, which a session would ask for, is not there yet.
        Some(profile) => {
            let (credentials, service) = credentials(context, layout, profile, true, mfa)?;
            context.aws.door(&credentials, &service, None)?
        }
        None => Doors::new(context, layout, mfa)
            .to(&layout.bastion)?
            .map_err(super::add_user::shown)?,
    };
    let iam = context.aws.wait(door.open())??;
    if iam.account == layout.bastion.id {
        return Ok(iam);
    }
    Err(CliError::new(format!(
        "{} is not in the bastion account {}",
        iam.caller, layout.bastion.id
    )))
}
