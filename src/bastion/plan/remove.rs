//! What we made and the file no longer wants: removed. What others added to it is told and left alone.

use super::{AccountPlan, Action, Desired, OWN_PATH};
use crate::aws::iam::detail::{AccountDetail, RoleDetail};

pub fn leftovers(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, role) in &found.roles {
        if desired.owns(&role.tags) && !desired.roles.contains_key(name) {
            delete_role(name, role, plan);
        }
    }
    if desired.is_bastion {
        strangers(desired, found, plan);
        groups(desired, found, plan);
        policies(desired, found, plan);
    }
}

/// IAM deletes only a role without policies.
pub fn delete_role(name: &str, role: &RoleDetail, plan: &mut AccountPlan) {
    role_policies(
        name,
        &role.attached_policies,
        role.inline_policies.keys(),
        plan,
    );
    plan.actions.push(Action::DeleteRole {
        role: name.to_owned(),
    });
}

/// Policies of a role that go.
pub fn role_policies<'a>(
    role: &str,
    attached: impl IntoIterator<Item = &'a String>,
    inline: impl IntoIterator<Item = &'a String>,
    plan: &mut AccountPlan,
) {
    let detached = attached.into_iter().map(|policy| Action::DetachRolePolicy {
        role: role.to_owned(),
        policy: policy.clone(),
    });
    let deleted = inline.into_iter().map(|name| Action::DeleteRolePolicy {
        role: role.to_owned(),
        name: name.clone(),
    });
    plan.actions.extend(detached.chain(deleted));
}

/// Policies of a group that go.
pub fn group_policies<'a>(
    group: &str,
    attached: impl IntoIterator<Item = &'a String>,
    inline: impl IntoIterator<Item = &'a String>,
    plan: &mut AccountPlan,
) {
    let detached = attached
        .into_iter()
        .map(|policy| Action::DetachGroupPolicy {
            group: group.to_owned(),
            policy: policy.clone(),
        });
    let deleted = inline.into_iter().map(|name| Action::DeleteGroupPolicy {
        group: group.to_owned(),
        name: name.clone(),
    });
    plan.actions.extend(detached.chain(deleted));
}

/// Users that the file does not know, and that are in our groups or were made by us.
fn strangers(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, user) in &found.users {
        if desired.users.contains_key(name) {
            continue;
        }
        let groups: Vec<&str> = user
            .groups
            .iter()
            .filter(|group| desired.groups.contains_key(*group))
            .map(String::as_str)
            .collect();
        if !groups.is_empty() {
            let groups = groups.join(", ");
            plan.unknown
                .push(format!("user {name} is in {groups}, but not in the file"));
        } else if desired.owns(&user.tags) {
            plan.unknown.push(format!(
                "user {name} was made by this tool, but is not in the file: `aws-vault bastion remove-user {name}`"
            ));
        }
    }
}

fn groups(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, group) in &found.groups {
        if group.path != OWN_PATH || desired.groups.contains_key(name) {
            continue;
        }
        for (user, detail) in &found.users {
            let planned = plan.actions.iter().any(|action| {
                matches!(action, Action::RemoveUserFromGroup { user: known, group } if known == user && group == name)
            });
            if detail.groups.contains(name) && !planned {
                plan.actions.push(Action::RemoveUserFromGroup {
                    user: user.clone(),
                    group: name.clone(),
                });
            }
        }
        group_policies(name, &group.attached_policies, &group.inline_policies, plan);
        plan.actions.push(Action::DeleteGroup {
            group: name.clone(),
        });
    }
}

/// A policy of ours may hang on things that are not ours; AWS refuses to delete it then, and says so.
fn policies(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, policy) in &found.policies {
        if policy.path != OWN_PATH || desired.policies.contains_key(name) {
            continue;
        }
        for version in &policy.old_versions {
            plan.actions.push(Action::DeletePolicyVersion {
                name: name.clone(),
                arn: policy.arn.clone(),
                version: version.clone(),
            });
        }
        plan.actions.push(Action::DeletePolicy {
            name: name.clone(),
            arn: policy.arn.clone(),
        });
    }
}
