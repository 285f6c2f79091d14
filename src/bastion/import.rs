//! An existing layout, read into the model. What the file cannot say is left out and told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::desired::SELF_MANAGE;
use super::model::{
    Account, Admin, Assumable, Group, Layout, OWN_PATH, OWNER_TAG, Role, Trust, User,
};
use super::policies::{self, Meant};
use super::users::Belongings;
use crate::aws::iam::detail::{AccountDetail, RoleDetail};
use crate::config::arn::{Arn, Partition};

/// What is known before anything is read.
#[derive(Debug, Clone)]
pub struct Known {
    pub partition: Partition,
    pub bastion: Account,
    pub accounts: Vec<Account>,
    pub admin: Admin,
}

/// The layout, and remarks on what it does not hold. `found` is by account id.
pub fn layout(
    known: Known,
    found: &BTreeMap<String, AccountDetail>,
    belongings: &BTreeMap<String, Belongings>,
) -> (Layout, Vec<String>) {
    let mut remarks = Vec::new();
    let mut layout = Layout {
        partition: known.partition,
        bastion: known.bastion,
        accounts: known.accounts,
        admin: known.admin,
        roles: Vec::new(),
        groups: Vec::new(),
        users: Vec::new(),
    };
    layout
        .accounts
        .sort_by(|left, right| left.name.cmp(&right.name));
    roles(&mut layout, found, &mut remarks);
    let nothing = AccountDetail::default();
    let bastion = found.get(&layout.bastion.id).unwrap_or(&nothing);
    groups(&mut layout, bastion, &mut remarks);
    users(&mut layout, bastion, belongings, &mut remarks);
    (layout, remarks)
}

fn roles(layout: &mut Layout, found: &BTreeMap<String, AccountDetail>, remarks: &mut Vec<String>) {
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    let accounts: Vec<Account> = layout.all_accounts().cloned().collect();
    for account in accounts {
        let Some(detail) = found.get(&account.id) else {
            continue;
        };
        for (name, role) in &detail.roles {
            let Some(trust) = trust(&role.trust, &layout.bastion.id) else {
                continue;
            };
            for problem in policies::trust_problems(&role.trust, Meant::People(&layout.bastion.id))
            {
                if matches!(trust, Trust::Bastion { .. }) {
                    remarks.push(format!(
                        "role {name} in {} {problem}; the file's would not be so",
                        account.name
                    ));
                }
            }
            let read = of_detail(name, role, trust);
            match roles.get_mut(name) {
                None => {
                    let mut read = read;
                    read.accounts.push(account.name.clone());
                    roles.insert(name.clone(), read);
                }
                Some(known) if is_alike(known, &read) => known.accounts.push(account.name.clone()),
                Some(known) => {
                    remarks.push(format!(
                        "role {name} in {} differs from the one in {}, and is left out",
                        account.name,
                        known.accounts.join(", ")
                    ));
                }
            }
        }
    }
    layout.roles = roles.into_values().collect();
}

fn of_detail(name: &str, role: &RoleDetail, trust: Trust) -> Role {
    let mut tags = role.tags.clone();
    tags.remove(OWNER_TAG);
    // Tags of AWS's own services cannot be set by us.
    tags.retain(|key, _| !key.to_lowercase().starts_with("aws:"));
    Role {
        name: name.to_owned(),
        accounts: Vec::new(),
        managed_policies: role.attached_policies.clone(),
        inline_policies: role.inline_policies.clone(),
        max_session_duration: role.max_session_duration.unwrap_or(3_600),
        path: role.path.clone(),
        description: role.description.clone(),
        tags,
        permissions_boundary: role.permissions_boundary.clone(),
        trust,
    }
}

fn is_alike(known: &Role, read: &Role) -> bool {
    let mut read = read.clone();
    read.accounts.clone_from(&known.accounts);
    let same_documents = known.inline_policies.len() == read.inline_policies.len()
        && known.inline_policies.iter().all(|(name, document)| {
            let other = read.inline_policies.get(name);
            other.is_some_and(|other| policies::same(document, other))
        });
    read.inline_policies.clone_from(&known.inline_policies);
    same_documents && *known == read
}

/// `None` for a role that neither people of the bastion account nor a third party with an external ID may assume.
fn trust(document: &str, bastion: &str) -> Option<Trust> {
    let value: Value = serde_json::from_str(document).ok()?;
    let statements = match value.get("Statement")? {
        Value::Array(statements) => statements.clone(),
        statement => vec![statement.clone()],
    };
    statements.iter().find_map(|statement| {
        let principals = texts(statement.get("Principal")?.get("AWS")?);
        let account =
            |text: &String| Arn::parse(text).map_or(text.clone(), |arn| arn.account.to_owned());
        let accounts: Vec<String> = principals.iter().map(account).collect();
        let condition = |operator: &str, key: &str| {
            let keys = statement.get("Condition")?.get(operator)?.as_object()?;
            let found = keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            found.map(|(_, value)| texts(value))
        };
        if accounts.iter().any(|account| account == bastion) {
            let age = condition("NumericLessThan", "aws:MultiFactorAuthAge");
            return Some(Trust::Bastion {
                mfa_max_age: age.and_then(|it| it.first()?.parse().ok()),
                source_ip: condition("IpAddress", "aws:SourceIp").unwrap_or_default(),
            });
        }
        let external_id = condition("StringEquals", "sts:ExternalId")?;
        Some(Trust::ThirdParty {
            account: accounts.first()?.clone(),
            external_id: external_id.first()?.clone(),
        })
    })
}

fn groups(layout: &mut Layout, bastion: &AccountDetail, remarks: &mut Vec<String>) {
    let known: BTreeMap<String, Assumable> = layout
        .roles
        .iter()
        .flat_map(|role| {
            role.accounts.iter().map(|account| Assumable {
                account: account.clone(),
                role: role.name.clone(),
            })
        })
        .filter_map(|one| Some((layout.role_arn(&one)?, one)))
        .collect();
    for (name, group) in &bastion.groups {
        let mut read = Group {
            name: name.clone(),
            assume: Vec::new(),
            managed_policies: BTreeSet::new(),
        };
        for arn in &group.attached_policies {
            let mut local = bastion.policies.iter();
            let document = local.find(|(_, policy)| policy.arn == *arn);
            let ours = document
                .is_some_and(|(name, policy)| policy.path == OWN_PATH && name == SELF_MANAGE);
            let assumed: Vec<Assumable> = document
                .map(|(_, policy)| assumed(&policy.document))
                .unwrap_or_default()
                .iter()
                .filter_map(|arn| known.get(arn).cloned())
                .collect();
            if assumed.is_empty() && !ours {
                read.managed_policies.insert(arn.clone());
            }
            read.assume.extend(assumed);
        }
        if !group.inline_policies.is_empty() {
            let names: Vec<&str> = group.inline_policies.iter().map(String::as_str).collect();
            remarks.push(format!(
                "group {name} has inline policies ({}), which the file cannot say",
                names.join(", ")
            ));
        }
        let mut seen = BTreeSet::new();
        read.assume.retain(|one| seen.insert(one.clone()));
        layout.groups.push(read);
    }
}

/// The roles that a policy lets one assume.
fn assumed(document: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = match value.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    };
    let allows = |statement: &&Value| {
        let actions = statement.get("Action").map(texts).unwrap_or_default();
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && actions.iter().any(|action| action == "sts:AssumeRole")
    };
    statements
        .iter()
        .filter(allows)
        .flat_map(|statement| statement.get("Resource").map(texts).unwrap_or_default())
        .collect()
}

fn users(
    layout: &mut Layout,
    bastion: &AccountDetail,
    belongings: &BTreeMap<String, Belongings>,
    remarks: &mut Vec<String>,
) {
    for (name, user) in &bastion.users {
        if user.groups.is_empty() {
            remarks.push(format!("user {name} is in no group, and is left out"));
            continue;
        }
        if !user.attached_policies.is_empty() || !user.inline_policies.is_empty() {
            remarks.push(format!(
                "user {name} has policies of its own, which the file cannot say"
            ));
        }
        let has = belongings.get(name);
        layout.users.push(User {
            name: name.clone(),
            groups: user.groups.clone(),
            console: has.is_some_and(|has| has.console),
            access_key: has.is_some_and(|has| !has.keys.is_empty()),
        });
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values
            .iter()
            .filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect(),
        value => value.as_str().map(str::to_owned).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
