//! `aws-vault bastion import`: an existing layout, read into a file.

use std::collections::BTreeMap;

use super::super::args::bastion::Import as Args;
use super::super::context::Context;
use super::super::output::{notice, print};
use super::init::{given, refuse_existing, write};
use super::shared::{belongings_of_users, counted, read_some, tell_failures};
use crate::aws::iam::detail::{AccountDetail, Wanted};
use crate::bastion::desired::{Desired, desired};
use crate::bastion::import::{self, Known};
use crate::bastion::model::{Account, Admin, Layout};
use crate::bastion::read::Entered;
use crate::bastion::starter::ORGANIZATION_ROLE;
use crate::bastion::{file, write as written};
use crate::config::arn::Partition;
use crate::error::CliError;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let path = &args.file.file;
    refuse_existing(path)?;
    let known = known(args)?;
    let skeleton = Layout {
        partition: known.partition,
        bastion: known.bastion.clone(),
        accounts: known.accounts.clone(),
        admin: known.admin.clone(),
        roles: Vec::new(),
        groups: Vec::new(),
        users: Vec::new(),
    };
    let everything = |desired: &Desired| Wanted {
        all_roles: true,
        ..desired.wanted()
    };
    let read = read_some(
        context,
        &skeleton,
        &args.mfa,
        desired(&skeleton),
        everything,
    )?;
    let failures: Vec<_> = read.iter().filter_map(|it| it.as_ref().err()).collect();
    if !failures.is_empty() {
        tell_failures(failures.iter().copied());
        return Err(CliError::new(format!(
            "{} cannot be read; nothing was written",
            counted(failures.len(), "account")
        )));
    }
    let mut found = BTreeMap::new();
    let mut belongings = BTreeMap::new();
    for entered in read.into_iter().flatten() {
        if entered.desired.is_bastion {
            belongings = belongings_of_users(context, &entered)?;
        }
        found.insert(
            entered.desired.account.id.clone(),
            complete(context, entered)?,
        );
    }
    let (layout, remarks) = import::layout(known, &found, &belongings);
    for remark in &remarks {
        notice(remark);
    }
    let text = written::text(&layout, &remarks);
    file::parse(path, &text, &|path| std::fs::read_to_string(path))?;
    write(path, &text)?;
    print(&format!(
        "Wrote {}: {}, {}, {}. Nothing there is ours yet: `aws-vault bastion plan` names what --adopt would take over\n",
        path.display(),
        counted(layout.roles.len(), "role"),
        counted(layout.groups.len(), "group"),
        counted(layout.users.len(), "user"),
    ))
}

fn known(args: &Args) -> Result<Known, CliError> {
    let partition = match &args.partition {
        None => Partition::Aws,
        Some(id) => Partition::from_id(id)
            .ok_or_else(|| CliError::usage(format!("there is no partition '{id}'")))?,
    };
    let account = |name: &str, id: &str, profile: Option<String>| Account {
        name: name.to_owned(),
        id: id.to_owned(),
        profile,
        color: None,
        region: None,
    };
    let accounts = given(&args.accounts)?;
    let role = args.admin_role.clone();
    Ok(Known {
        partition,
        bastion: account("Bastion", &args.bastion, None),
        accounts: accounts
            .into_iter()
            .map(|it| account(&it.name, &it.id, it.profile))
            .collect(),
        admin: Admin {
            profile: Some(args.admin_profile.clone()),
            role: role.or_else(|| Some(ORGANIZATION_ROLE.to_owned())),
        },
    })
}

/// The listing knows neither descriptions nor durations, so the roles that count are read again.
fn complete(context: &Context, entered: Entered) -> Result<AccountDetail, CliError> {
    let mut found = entered.found;
    let bastion = &entered.desired.owner;
    found.roles.retain(|_, role| {
        role.trust.contains(bastion.as_str()) || role.trust.contains("ExternalId")
    });
    let names = found.roles.keys().cloned().collect();
    let wanted = Wanted {
        roles: names,
        ..Wanted::default()
    };
    let read = context.aws.wait(entered.iam.read(&wanted))??;
    found.roles = read.roles;
    Ok(found)
}
