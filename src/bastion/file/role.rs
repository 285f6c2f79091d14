//! Roles of the file: their accounts, policies, tags, and whom they trust.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use super::resolve::{ALL, account_id, at_most, check_name, managed_policies, policy_arn};
use super::suggest::hint;
use super::{Mistakes, Names, RoleTable, Text};
use crate::bastion::model::{Layout, OWNER_TAG, Role, Trust};
use crate::bastion::{policies, quotas};

pub fn role(
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
