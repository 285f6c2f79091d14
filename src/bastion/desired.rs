//! What each account should have, worked out from the layout.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Account, Layout, OWN_PATH, OWNER_TAG, Role};
use super::policies;
use crate::aws::iam::detail::Wanted;

/// Everything that one account should have of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub account: Account,
    pub is_bastion: bool,
    /// Id of the bastion account: the owner tag's value.
    pub owner: String,
    pub roles: BTreeMap<String, RoleSpec>,
    pub policies: BTreeMap<String, PolicySpec>,
    pub groups: BTreeMap<String, GroupSpec>,
    pub users: BTreeMap<String, UserSpec>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSpec {
    pub path: String,
    /// JSON.
    pub trust: String,
    pub description: Option<String>,
    /// Seconds.
    pub max_session_duration: u32,
    /// JSON documents by name.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs.
    pub managed_policies: BTreeSet<String>,
    pub permissions_boundary: Option<String>,
    /// The owner's tag included.
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySpec {
    pub arn: String,
    pub document: String,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// ARNs: those that we write, and those that the file names.
    pub managed_policies: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpec {
    pub groups: BTreeSet<String>,
    pub tags: BTreeMap<String, String>,
}

/// Name of the policy by which users keep their own credentials.
pub const SELF_MANAGE: &str = "SelfManageCredentials";

/// Names of the policies that let a group assume its roles: `Assume-Developers`, `Assume-Developers-2`, …
pub fn assume_policy_name(group: &str, index: usize) -> String {
    match index {
        0 => format!("Assume-{group}"),
        n => format!("Assume-{group}-{}", n + 1),
    }
}

/// The bastion account first, then the others in the layout's order.
pub fn desired(layout: &Layout) -> Vec<Desired> {
    layout
        .all_accounts()
        .map(|account| of_account(layout, account))
        .collect()
}

impl Desired {
    /// What must be read to compare.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            roles: self.roles.keys().cloned().collect(),
            all_roles: false,
            owner_tag: Some(OWNER_TAG),
            people: self.is_bastion,
        }
    }

    /// Whether tags say that we made something.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(OWNER_TAG) == Some(&self.owner)
    }
}

fn of_account(layout: &Layout, account: &Account) -> Desired {
    let is_bastion = account.id == layout.bastion.id;
    let owner_tag = BTreeMap::from([(OWNER_TAG.to_owned(), layout.bastion.id.clone())]);
    let roles = layout
        .roles
        .iter()
        .filter(|role| role.accounts.contains(&account.name));
    let mut desired = Desired {
        account: account.clone(),
        is_bastion,
        owner: layout.bastion.id.clone(),
        roles: roles
            .map(|role| (role.name.clone(), role_spec(layout, role, &owner_tag)))
            .collect(),
        policies: BTreeMap::new(),
        groups: BTreeMap::new(),
        users: BTreeMap::new(),
    };
    if is_bastion {
        add_people(layout, &owner_tag, &mut desired);
    }
    desired
}

fn role_spec(layout: &Layout, role: &Role, owner_tag: &BTreeMap<String, String>) -> RoleSpec {
    let mut tags = role.tags.clone();
    tags.extend(owner_tag.clone());
    RoleSpec {
        path: role.path.clone(),
        trust: policies::trust(layout, &role.trust),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        inline_policies: role.inline_policies.clone(),
        managed_policies: role.managed_policies.clone(),
        permissions_boundary: role.permissions_boundary.clone(),
        tags,
    }
}

fn add_people(layout: &Layout, owner_tag: &BTreeMap<String, String>, desired: &mut Desired) {
    let policy_arn = |name: &str| layout.arn(&layout.bastion, &format!("policy{OWN_PATH}{name}"));
    let policy = |name: &str, document: String| PolicySpec {
        arn: policy_arn(name),
        document,
        tags: owner_tag.clone(),
    };
    if !layout.groups.is_empty() {
        let document = policies::self_manage(layout.partition);
        desired
            .policies
            .insert(SELF_MANAGE.to_owned(), policy(SELF_MANAGE, document));
    }
    for group in &layout.groups {
        let mut attached = group.managed_policies.clone();
        attached.insert(policy_arn(SELF_MANAGE));
        let arns: Vec<String> = group
            .assume
            .iter()
            .filter_map(|one| layout.role_arn(one))
            .collect();
        for (index, document) in policies::assume(&arns).into_iter().enumerate() {
            let name = assume_policy_name(&group.name, index);
            attached.insert(policy_arn(&name));
            desired
                .policies
                .insert(name.clone(), policy(&name, document));
        }
        let spec = GroupSpec {
            managed_policies: attached,
        };
        desired.groups.insert(group.name.clone(), spec);
    }
    for user in &layout.users {
        let spec = UserSpec {
            groups: user.groups.clone(),
            tags: owner_tag.clone(),
        };
        desired.users.insert(user.name.clone(), spec);
    }
}
