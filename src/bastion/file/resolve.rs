//! From tables to the model: names resolved, ids, sizes and quotas checked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use toml::Spanned;

use super::suggest::hint;
use super::{File, GroupTable, Mistakes, Names, RoleTable, Text, UserTable};
use crate::bastion::model::{
    Account, Admin, Assumable, Group, Layout, OWNER_TAG, Role, Trust, User,
};
use crate::bastion::{policies, quotas};
use crate::config::arn::{Arn, Partition};

/// Every account but the bastion.
const ALL: &str = "*";

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

fn account_id(id: &Text, mistakes: &mut Mistakes<'_>) {
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

fn role(
    name: &Text,
    table: &RoleTable,
    layout: &Layout,
    mistakes: &mut Mistakes<'_>,
    read: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Role {
    check_name(name, "role", quotas::NAME_CHARS, mistakes);
    let managed_policies = managed_policies(&table.managed_policies, layout.partition, mistakes);
    at_most(&managed_policies, quotas::MANAGED_POLICIES, name, mistakes);
    let role = Role {
        name: name.get_ref().clone(),
        accounts: role_accounts(table, layout, mistakes),
        managed_policies,
        inline_policies: inline_policies(name, table, mistakes, read),
        max_session_duration: session_duration(table, mistakes),
        path: path(table.path.as_ref(), mistakes),
        description: table
            .description
            .as_ref()
            .map(|text| text.get_ref().clone()),
        tags: tags(name, &table.tags, mistakes),
        permissions_boundary: table
            .permissions_boundary
            .as_ref()
            .map(|policy| policy_arn(policy, layout.partition, mistakes)),
        trust: trust(table, mistakes),
    };
    if let Some(text) = &table.description
        && text.get_ref().chars().count() > quotas::DESCRIPTION_CHARS
    {
        let message = format!(
            "the description is longer than {} characters",
            quotas::DESCRIPTION_CHARS
        );
        mistakes.add(text.span(), message);
    }
    let size = quotas::policy_chars(&policies::trust(layout, &role.trust));
    if size > quotas::TRUST_POLICY_CHARS {
        let most = quotas::TRUST_POLICY_CHARS;
        let message = format!(
            "the trust policy of '{}' would have {size} characters; AWS allows {most}",
            role.name
        );
        mistakes.add(name.span(), message);
    }
    role
}

fn role_accounts(table: &RoleTable, layout: &Layout, mistakes: &mut Mistakes<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for wanted in &table.accounts {
        let text = wanted.get_ref().as_str();
        if text == ALL {
            names.extend(layout.accounts.iter().map(|account| account.name.clone()));
        } else if layout.account(text).is_some() {
            names.push(text.to_owned());
        } else {
            let known = layout.all_accounts().map(|account| account.name.as_str());
            let hint = hint(text, known.collect::<Vec<_>>());
            mistakes.add(wanted.span(), format!("there is no account '{text}'{hint}"));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn session_duration(table: &RoleTable, mistakes: &mut Mistakes<'_>) -> u32 {
    let Some(duration) = &table.max_session_duration else {
        return *quotas::SESSION_SECONDS.start();
    };
    let seconds = duration.get_ref().0;
    if !quotas::SESSION_SECONDS.contains(&seconds) {
        mistakes.add(
            duration.span(),
            "max_session_duration must be between 1h and 12h",
        );
    }
    seconds
}

fn path(path: Option<&Text>, mistakes: &mut Mistakes<'_>) -> String {
    let Some(path) = path else {
        return "/".to_owned();
    };
    let text = path.get_ref();
    let fits = text.starts_with('/')
        && text.ends_with('/')
        && text.len() <= 512
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains("//");
    if !fits {
        mistakes.add(
            path.span(),
            format!("'{text}' is no path: it begins and ends with '/'"),
        );
    }
    text.clone()
}

fn tags(name: &Text, tags: &Names<Text>, mistakes: &mut Mistakes<'_>) -> BTreeMap<String, String> {
    if tags.len() >= quotas::TAGS {
        let message = format!(
            "'{}' has more than {} tags",
            name.get_ref(),
            quotas::TAGS - 1
        );
        mistakes.add(name.span(), message);
    }
    for (key, value) in tags {
        let text = key.get_ref();
        if text.to_lowercase().starts_with("aws:") || text == OWNER_TAG {
            mistakes.add(key.span(), format!("the tag '{text}' is reserved"));
        }
        if text.chars().count() > 128 || value.get_ref().chars().count() > 256 {
            let message = "a tag's key has at most 128 characters, its value 256";
            mistakes.add(key.span(), message);
        }
    }
    tags.iter()
        .map(|(key, value)| (key.get_ref().clone(), value.get_ref().clone()))
        .collect()
}

/// The file's text holds the document itself, or the path of a file with it.
fn inline_policies(
    role: &Text,
    table: &RoleTable,
    mistakes: &mut Mistakes<'_>,
    read: &dyn Fn(&Path) -> std::io::Result<String>,
) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for (name, content) in &table.inline_policies {
        check_name(name, "policy", quotas::LONG_NAME_CHARS, mistakes);
        let text = content.get_ref();
        let document = if text.trim_start().starts_with('{') {
            text.clone()
        } else {
            match read(Path::new(text)) {
                Ok(document) => document,
                Err(error) => {
                    mistakes.add(
                        content.span(),
                        format!("the policy file '{text}' cannot be read: {error}"),
                    );
                    continue;
                }
            }
        };
        if let Some(problem) = policies::identity_problem(&document) {
            mistakes.add(
                content.span(),
                format!("the policy '{}' {problem}", name.get_ref()),
            );
        }
        documents.insert(name.get_ref().clone(), document);
    }
    let size: usize = documents
        .values()
        .map(|document| quotas::policy_chars(document))
        .sum();
    if size > quotas::ROLE_INLINE_CHARS {
        let most = quotas::ROLE_INLINE_CHARS;
        let message = format!(
            "the inline policies of '{}' have {size} characters; AWS allows {most}",
            role.get_ref()
        );
        mistakes.add(role.span(), message);
    }
    documents
}

fn trust(table: &RoleTable, mistakes: &mut Mistakes<'_>) -> Trust {
    let source_ip = table.source_ip.as_ref();
    let Some(third) = &table.third_party else {
        for range in source_ip.iter().flat_map(|ranges| ranges.get_ref()) {
            if !is_range(range.get_ref()) {
                let message = format!(
                    "'{}' is no address range, e.g. \"192.0.2.0/24\"",
                    range.get_ref()
                );
                mistakes.add(range.span(), message);
            }
        }
        return Trust::Bastion {
            mfa_max_age: table.mfa_max_age.as_ref().map(|age| age.get_ref().0),
            source_ip: source_ip
                .iter()
                .flat_map(|ranges| ranges.get_ref())
                .map(|range| range.get_ref().clone())
                .collect(),
        };
    };
    if table.mfa_max_age.is_some() || source_ip.is_some() {
        let message =
            "mfa_max_age and source_ip are for people; a third party has an external ID instead";
        mistakes.add(third.span(), message);
    }
    let third = third.get_ref();
    account_id(&third.account, mistakes);
    let id = third.external_id.get_ref();
    // Source: STS API Reference, AssumeRole, ExternalId.
    let fits = (2..=1224).contains(&id.len())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+=,.@:/-_".contains(c));
    if !fits {
        let message = "an external ID has 2 to 1,224 letters, digits or +=,.@:/-_";
        mistakes.add(third.external_id.span(), message);
    }
    Trust::ThirdParty {
        account: third.account.get_ref().clone(),
        external_id: id.clone(),
    }
}

fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
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

fn check_name(name: &Text, what: &str, most: usize, mistakes: &mut Mistakes<'_>) {
    if let Some(problem) = quotas::name_problem(name.get_ref(), most) {
        mistakes.add(
            name.span(),
            format!("the {what}'s name '{}' {problem}", name.get_ref()),
        );
    }
}

fn at_most(policies: &BTreeSet<String>, most: usize, name: &Text, mistakes: &mut Mistakes<'_>) {
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

fn managed_policies(
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
fn policy_arn(name: &Text, partition: Partition, mistakes: &mut Mistakes<'_>) -> String {
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
