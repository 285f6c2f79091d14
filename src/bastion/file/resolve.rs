//! From tables to the model: names resolved, ids, sizes and quotas checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::Spanned;

use super::role::role;
use super::suggest::hint;
use super::{File, GroupTable, Mistakes, Text, UserTable};
use crate::bastion::model::{Account, Admin, Assumable, Group, Layout, Trust, User};
use crate::bastion::{policies, quotas};
use crate::config::arn::{Arn, Partition};

/// Every account but the bastion.
pub const ALL: &str = "*";

/// `None` only when nothing sensible can be made of the file.
pub fn layout(
    file: &File,
    mistakes: &mut Mistakes<'_>,
    read: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Option<Layout> {
    let partition = match &file.bastion.partition {
        None => Partition::Aws,
        Some(id) => Partition::from_id(id.get_ref()).or_else(|| {
            let known = Partition::ALL.map(Partition::id);
            let hint = hint(id.get_ref(), known);
            mistakes.add(
                id.span(),
                format!("no such partition: '{}'{hint}", id.get_ref()),
            );
            None
        })?,
    };
    let mut layout = Layout {
        partition,
        bastion: bastion(file, mistakes),
        accounts: accounts(file, mistakes),
        admin: Admin {
            profile: file.admin.profile.clone(),
            role: file.admin.role.clone(),
        },
        roles: Vec::new(),
        groups: Vec::new(),
        users: Vec::new(),
    };
    distinct_ids(file, &layout, mistakes);
    for (name, table) in &file.roles {
        let role = role(name, table, &layout, mistakes, read);
        layout.roles.push(role);
    }
    for (name, table) in &file.groups {
        let group = group(name, table, &layout, mistakes);
        layout.groups.push(group);
    }
    for (name, table) in &file.users {
        let user = user(name, table, &layout, mistakes);
        layout.users.push(user);
    }
    Some(layout)
}

fn bastion(file: &File, mistakes: &mut Mistakes<'_>) -> Account {
    let table = &file.bastion;
    account_id(&table.account, mistakes);
    Account {
        name: table
            .name
            .as_ref()
            .map_or("Bastion", |name| name.get_ref())
            .to_owned(),
        id: table.account.get_ref().clone(),
        profile: table.profile.clone(),
        color: color(table.color.as_ref(), mistakes),
        region: table.region.clone(),
    }
}

fn accounts(file: &File, mistakes: &mut Mistakes<'_>) -> Vec<Account> {
    let tables = &file.accounts;
    tables
        .iter()
        .map(|(name, table)| {
            account_id(&table.id, mistakes);
            let text = name.get_ref();
            if text.is_empty() || text.contains(['@', ',', '*']) || text.contains(char::is_control)
            {
                let message =
                    format!("the account's name '{text}' must not be empty or hold @ , or *");
                mistakes.add(name.span(), message);
            }
            Account {
                name: text.clone(),
                id: table.id.get_ref().clone(),
                profile: table.profile.clone(),
                color: color(table.color.as_ref(), mistakes),
                region: table.region.clone(),
            }
        })
        .collect()
}

fn distinct_ids(file: &File, layout: &Layout, mistakes: &mut Mistakes<'_>) {
    let mut owners = BTreeMap::from([(layout.bastion.id.clone(), layout.bastion.name.clone())]);
    for (name, table) in &file.accounts {
        if *name.get_ref() == layout.bastion.name {
            let message = format!("'{}' is the name of the bastion account", name.get_ref());
            mistakes.add(name.span(), message);
        }
        if let Some(owner) = owners.insert(table.id.get_ref().clone(), name.get_ref().clone()) {
            let message = format!("{} is already the id of '{owner}'", table.id.get_ref());
            mistakes.add(table.id.span(), message);
        }
    }
}

pub fn account_id(id: &Text, mistakes: &mut Mistakes<'_>) {
    let text = id.get_ref();
    if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("'{text}' is no account id: twelve digits, in quotes");
        mistakes.add(id.span(), message);
    }
}

fn color(color: Option<&Text>, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let text = color?.get_ref().trim_start_matches('#');
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("'{text}' is no colour: six hexadecimal digits, e.g. \"F2B0A9\"");
        mistakes.add(color?.span(), message);
    }
    Some(text.to_owned())
}

fn group(name: &Text, table: &GroupTable, layout: &Layout, mistakes: &mut Mistakes<'_>) -> Group {
    check_name(name, "group", quotas::LONG_NAME_CHARS, mistakes);
    let mut assume = Vec::new();
    for wanted in &table.assume {
        assume.extend(assumables(wanted, layout, mistakes));
    }
    let mut seen = BTreeSet::new();
    assume.retain(|one| seen.insert(one.clone()));
    let group = Group {
        name: name.get_ref().clone(),
        assume,
        managed_policies: managed_policies(&table.managed_policies, layout.partition, mistakes),
    };
    let arns: Vec<String> = group
        .assume
        .iter()
        .filter_map(|one| layout.role_arn(one))
        .collect();
    let ours = policies::assume(&arns).len() + 1;
    at_most(
        &group.managed_policies,
        quotas::MANAGED_POLICIES.saturating_sub(ours),
        name,
        mistakes,
    );
    if ours > quotas::MANAGED_POLICIES {
        let message = format!(
            "group '{}' may assume {} roles, which needs {ours} policies; AWS attaches {} to a group: split the group",
            group.name,
            arns.len(),
            quotas::MANAGED_POLICIES
        );
        mistakes.add(name.span(), message);
    }
    group
}

/// `ROLE@ACCOUNT`, or `ROLE` for all of the role's accounts.
fn assumables(wanted: &Text, layout: &Layout, mistakes: &mut Mistakes<'_>) -> Vec<Assumable> {
    let text = wanted.get_ref().as_str();
    let (name, account) = text.split_once('@').unwrap_or((text, ALL));
    let Some(role) = layout.role(name) else {
        let known: Vec<&str> = layout.roles.iter().map(|role| role.name.as_str()).collect();
        let hint = hint(name, known);
        mistakes.add(wanted.span(), format!("there is no role '{name}'{hint}"));
        return Vec::new();
    };
    if matches!(role.trust, Trust::ThirdParty { .. }) {
        let message = format!(
            "role '{name}' is for a third party; nobody of the bastion account may assume it"
        );
        mistakes.add(wanted.span(), message);
    }
    let in_account = |account: &str| Assumable {
        account: account.to_owned(),
        role: name.to_owned(),
    };
    if account == ALL {
        return role
            .accounts
            .iter()
            .map(|account| in_account(account))
            .collect();
    }
    if role.accounts.iter().any(|known| known == account) {
        return vec![in_account(account)];
    }
    let known: Vec<&str> = role.accounts.iter().map(String::as_str).collect();
    let hint = hint(account, known);
    mistakes.add(
        wanted.span(),
        format!("role '{name}' is not in account '{account}'{hint}"),
    );
    Vec::new()
}

fn user(name: &Text, table: &UserTable, layout: &Layout, mistakes: &mut Mistakes<'_>) -> User {
    check_name(name, "user", quotas::NAME_CHARS, mistakes);
    let groups = table.groups.iter().flat_map(Spanned::get_ref);
    for group in groups.clone() {
        let text = group.get_ref().as_str();
        if layout.group(text).is_none() {
            let known: Vec<&str> = layout
                .groups
                .iter()
                .map(|group| group.name.as_str())
                .collect();
            let hint = hint(text, known);
            mistakes.add(group.span(), format!("there is no group '{text}'{hint}"));
        }
    }
    let groups: BTreeSet<String> = groups.map(|group| group.get_ref().clone()).collect();
    if groups.is_empty() {
        let message = format!(
            "user '{}' is in no group, so nothing asks for MFA and no role can be assumed",
            name.get_ref()
        );
        mistakes.add(name.span(), message);
    }
    if groups.len() > quotas::GROUPS_PER_USER {
        let most = quotas::GROUPS_PER_USER;
        mistakes.add(
            name.span(),
            format!(
                "user '{}' is in {} groups; AWS allows {most}",
                name.get_ref(),
                groups.len()
            ),
        );
    }
    User {
        name: name.get_ref().clone(),
        groups,
        console: table.console,
        access_key: table.access_key,
    }
}

pub fn check_name(name: &Text, what: &str, most: usize, mistakes: &mut Mistakes<'_>) {
    if let Some(problem) = quotas::name_problem(name.get_ref(), most) {
        mistakes.add(
            name.span(),
            format!("the {what}'s name '{}' {problem}", name.get_ref()),
        );
    }
}

pub fn at_most(policies: &BTreeSet<String>, most: usize, name: &Text, mistakes: &mut Mistakes<'_>) {
    if policies.len() > most {
        let message = format!(
            "'{}' has {} managed policies; AWS attaches {} to one role or group, those that we write included",
            name.get_ref(),
            policies.len(),
            quotas::MANAGED_POLICIES
        );
        mistakes.add(name.span(), message);
    }
}

pub fn managed_policies(
    names: &[Text],
    partition: Partition,
    mistakes: &mut Mistakes<'_>,
) -> BTreeSet<String> {
    names
        .iter()
        .map(|name| policy_arn(name, partition, mistakes))
        .collect()
}

/// `PowerUserAccess` and `job-function/Billing` are AWS's own; everything else is named by its ARN.
pub fn policy_arn(name: &Text, partition: Partition, mistakes: &mut Mistakes<'_>) -> String {
    let text = name.get_ref();
    if !text.starts_with("arn:") {
        let last = text.rsplit('/').next().unwrap_or_default();
        if let Some(problem) = quotas::name_problem(last, quotas::LONG_NAME_CHARS) {
            mistakes.add(name.span(), format!("the policy's name '{text}' {problem}"));
        }
        return format!("arn:{}:iam::aws:policy/{text}", partition.id());
    }
    let is_policy = Arn::parse(text)
        .is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    if !is_policy {
        mistakes.add(name.span(), format!("'{text}' is not the ARN of a policy"));
    }
    text.clone()
}
