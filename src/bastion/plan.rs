//! What would have to be done: desired against found. Pure, and the same for the same input, so that a plan has a digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::desired::{Desired, RoleSpec};
use super::model::{OWN_PATH, OWNER_TAG};
use super::policies;
use super::quotas;
use crate::aws::iam::detail::{AccountDetail, RoleDetail};

mod people;
mod remove;

/// One change. Each is one call, so that a run that is killed leaves only whole ones behind, and the next plan has the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all_fields = "snake_case")]
pub enum Action {
    CreateRole {
        role: String,
        path: String,
        trust: String,
        description: Option<String>,
        max_session_duration: u32,
        permissions_boundary: Option<String>,
        tags: BTreeMap<String, String>,
    },
    UpdateTrust {
        role: String,
        document: String,
        before: String,
    },
    UpdateRole {
        role: String,
        description: Option<String>,
        max_session_duration: u32,
        before: RoleBefore,
    },
    TagRole {
        role: String,
        tags: BTreeMap<String, String>,
    },
    PutRolePolicy {
        role: String,
        name: String,
        document: String,
        before: Option<String>,
    },
    DeleteRolePolicy {
        role: String,
        name: String,
    },
    AttachRolePolicy {
        role: String,
        policy: String,
    },
    DetachRolePolicy {
        role: String,
        policy: String,
    },
    PutBoundary {
        role: String,
        policy: String,
    },
    DeleteBoundary {
        role: String,
    },
    DeleteRole {
        role: String,
    },
    CreatePolicy {
        name: String,
        document: String,
        tags: BTreeMap<String, String>,
    },
    CreatePolicyVersion {
        name: String,
        arn: String,
        document: String,
        before: String,
    },
    DeletePolicyVersion {
        name: String,
        arn: String,
        version: String,
    },
    DeletePolicy {
        name: String,
        arn: String,
    },
    CreateGroup {
        group: String,
    },
    AttachGroupPolicy {
        group: String,
        policy: String,
    },
    DetachGroupPolicy {
        group: String,
        policy: String,
    },
    DeleteGroupPolicy {
        group: String,
        name: String,
    },
    DeleteGroup {
        group: String,
    },
    CreateUser {
        user: String,
        tags: BTreeMap<String, String>,
    },
    TagUser {
        user: String,
        tags: BTreeMap<String, String>,
    },
    AddUserToGroup {
        user: String,
        group: String,
    },
    RemoveUserFromGroup {
        user: String,
        group: String,
    },
}

/// What `UpdateRole` replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleBefore {
    pub description: Option<String>,
    pub max_session_duration: u32,
}

/// Something that is in the way: of a name that the file wants, and not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// `role/DeveloperRole`, `user/elmerfudd`, …: what `--adopt` takes, with `@ACCOUNT`.
    pub what: String,
    pub why: String,
}

/// What is to be done in one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AccountPlan {
    pub account: String,
    pub name: String,
    pub actions: Vec<Action>,
    pub conflicts: Vec<Conflict>,
    /// Found in what is ours, and unknown to the file: left alone, and told.
    pub unknown: Vec<String>,
    /// How many things are as they should be.
    pub unchanged: usize,
}

/// Names whose owner may be changed, because the user said so: `role/DeveloperRole@Master`.
pub type Adopted = BTreeSet<String>;

/// The changes that turn `found` into `desired`.
pub fn plan(desired: &Desired, found: &AccountDetail, adopted: &Adopted) -> AccountPlan {
    let mut plan = AccountPlan {
        account: desired.account.id.clone(),
        name: desired.account.name.clone(),
        ..AccountPlan::default()
    };
    roles(desired, found, adopted, &mut plan);
    if desired.is_bastion {
        people::add(desired, found, adopted, &mut plan);
    }
    remove::leftovers(desired, found, &mut plan);
    plan
}

impl AccountPlan {
    /// Whether the account is as the file says.
    pub fn is_clean(&self) -> bool {
        self.actions.is_empty() && self.conflicts.is_empty() && self.unknown.is_empty()
    }
}

/// How a change is counted and marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Create,
    Change,
    Delete,
}

impl Action {
    pub fn kind(&self) -> Kind {
        match self {
            Self::CreateRole { .. }
            | Self::CreatePolicy { .. }
            | Self::CreateGroup { .. }
            | Self::CreateUser { .. }
            | Self::PutRolePolicy { before: None, .. }
            | Self::AttachRolePolicy { .. }
            | Self::AttachGroupPolicy { .. }
            | Self::AddUserToGroup { .. } => Kind::Create,
            Self::UpdateTrust { .. }
            | Self::UpdateRole { .. }
            | Self::TagRole { .. }
            | Self::TagUser { .. }
            | Self::PutRolePolicy { .. }
            | Self::PutBoundary { .. }
            | Self::CreatePolicyVersion { .. } => Kind::Change,
            Self::DeleteRolePolicy { .. }
            | Self::DetachRolePolicy { .. }
            | Self::DeleteBoundary { .. }
            | Self::DeleteRole { .. }
            | Self::DeletePolicyVersion { .. }
            | Self::DeletePolicy { .. }
            | Self::DetachGroupPolicy { .. }
            | Self::DeleteGroupPolicy { .. }
            | Self::DeleteGroup { .. }
            | Self::RemoveUserFromGroup { .. } => Kind::Delete,
        }
    }
}

/// What the user calls a thing of one account.
fn named(desired: &Desired, what: &str) -> String {
    format!("{what}@{}", desired.account.name)
}

fn roles(desired: &Desired, found: &AccountDetail, adopted: &Adopted, plan: &mut AccountPlan) {
    for (name, spec) in &desired.roles {
        let Some(role) = found.roles.get(name) else {
            create_role(name, spec, plan);
            continue;
        };
        let what = named(desired, &format!("role/{name}"));
        if !desired.owns(&role.tags) && !adopted.contains(&what) {
            let why = match role.tags.get(OWNER_TAG) {
                Some(other) => format!("belongs to the bastion account {other}"),
                None => "exists, and was not made by this tool".to_owned(),
            };
            plan.conflicts.push(Conflict { what, why });
            continue;
        }
        if role.path != spec.path {
            let why = format!("has the path {}, which cannot be changed", role.path);
            plan.conflicts.push(Conflict { what, why });
            continue;
        }
        let before = plan.actions.len();
        change_role(name, spec, role, plan);
        plan.unchanged += usize::from(plan.actions.len() == before);
    }
}

fn create_role(name: &str, spec: &RoleSpec, plan: &mut AccountPlan) {
    plan.actions.push(Action::CreateRole {
        role: name.to_owned(),
        path: spec.path.clone(),
        trust: spec.trust.clone(),
        description: spec.description.clone(),
        max_session_duration: spec.max_session_duration,
        permissions_boundary: spec.permissions_boundary.clone(),
        tags: spec.tags.clone(),
    });
    change_policies(name, spec, &RoleDetail::default(), plan);
}

/// What narrows comes first: a run that is killed half-way leaves less access rather than more.
fn change_role(name: &str, spec: &RoleSpec, role: &RoleDetail, plan: &mut AccountPlan) {
    let own = || name.to_owned();
    if !policies::same(&role.trust, &spec.trust) {
        plan.actions.push(Action::UpdateTrust {
            role: own(),
            document: spec.trust.clone(),
            before: role.trust.clone(),
        });
    }
    match (&spec.permissions_boundary, &role.permissions_boundary) {
        (Some(wanted), found) if found.as_ref() != Some(wanted) => {
            plan.actions.push(Action::PutBoundary {
                role: own(),
                policy: wanted.clone(),
            });
        }
        (None, Some(_)) => plan.actions.push(Action::DeleteBoundary { role: own() }),
        _ => {}
    }
    let before = RoleBefore {
        description: role.description.clone(),
        max_session_duration: role
            .max_session_duration
            .unwrap_or(spec.max_session_duration),
    };
    if before.description != spec.description
        || before.max_session_duration != spec.max_session_duration
    {
        plan.actions.push(Action::UpdateRole {
            role: own(),
            description: spec.description.clone(),
            max_session_duration: spec.max_session_duration,
            before,
        });
    }
    let tags = missing_tags(&spec.tags, &role.tags);
    if !tags.is_empty() {
        plan.actions.push(Action::TagRole { role: own(), tags });
    }
    change_policies(name, spec, role, plan);
}

fn change_policies(name: &str, spec: &RoleSpec, role: &RoleDetail, plan: &mut AccountPlan) {
    let own = || name.to_owned();
    let attached = role.attached_policies.difference(&spec.managed_policies);
    let inline = role.inline_policies.keys();
    let inline = inline.filter(|policy| !spec.inline_policies.contains_key(*policy));
    remove::role_policies(name, attached, inline, plan);
    for (policy, document) in &spec.inline_policies {
        let before = role.inline_policies.get(policy);
        if before.is_none_or(|before| !policies::same(before, document)) {
            plan.actions.push(Action::PutRolePolicy {
                role: own(),
                name: policy.clone(),
                document: document.clone(),
                before: before.cloned(),
            });
        }
    }
    for policy in spec.managed_policies.difference(&role.attached_policies) {
        plan.actions.push(Action::AttachRolePolicy {
            role: own(),
            policy: policy.clone(),
        });
    }
}

/// Other people's tags, for costs or by automation, stay.
fn missing_tags(
    wanted: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    wanted
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
