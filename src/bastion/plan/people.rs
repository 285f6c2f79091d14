//! Policies, groups and users of the bastion account. Groups and policies carry no tag where they are read back: what lies
//! under our own path is ours.

use super::{
    AccountPlan, Action, Adopted, Conflict, Desired, OWN_PATH, missing_tags, named, policies,
    quotas, remove,
};
use crate::aws::iam::detail::AccountDetail;

pub fn add(desired: &Desired, found: &AccountDetail, adopted: &Adopted, plan: &mut AccountPlan) {
    own_policies(desired, found, plan);
    groups(desired, found, plan);
    users(desired, found, adopted, plan);
}

fn own_policies(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, spec) in &desired.policies {
        let Some(policy) = found.policies.get(name) else {
            plan.actions.push(Action::CreatePolicy {
                name: name.clone(),
                document: spec.document.clone(),
                tags: spec.tags.clone(),
            });
            continue;
        };
        if policy.path != OWN_PATH {
            plan.conflicts
                .push(elsewhere(desired, "policy", name, &policy.path));
        } else if policies::same(&policy.document, &spec.document) {
            plan.unchanged += 1;
        } else {
            // AWS keeps five versions; the oldest that is not in use makes room.
            if policy.old_versions.len() + 1 >= quotas::POLICY_VERSIONS
                && let Some(version) = policy.old_versions.first()
            {
                plan.actions.push(Action::DeletePolicyVersion {
                    name: name.clone(),
                    arn: policy.arn.clone(),
                    version: version.clone(),
                });
            }
            plan.actions.push(Action::CreatePolicyVersion {
                name: name.clone(),
                arn: policy.arn.clone(),
                document: spec.document.clone(),
                before: policy.document.clone(),
            });
        }
    }
}

fn groups(desired: &Desired, found: &AccountDetail, plan: &mut AccountPlan) {
    for (name, spec) in &desired.groups {
        let group = found.groups.get(name);
        if let Some(group) = group
            && group.path != OWN_PATH
        {
            plan.conflicts
                .push(elsewhere(desired, "group", name, &group.path));
            continue;
        }
        let before = plan.actions.len();
        if group.is_none() {
            plan.actions.push(Action::CreateGroup {
                group: name.clone(),
            });
        }
        let group = group.cloned().unwrap_or_default();
        let attached = group.attached_policies.difference(&spec.managed_policies);
        remove::group_policies(name, attached, &group.inline_policies, plan);
        for policy in spec.managed_policies.difference(&group.attached_policies) {
            // A foreign policy of that name is reported as a conflict; ours cannot be made, nor attached.
            let name_taken = desired.policies.iter().any(|(name, spec)| {
                spec.arn == *policy
                    && found
                        .policies
                        .get(name)
                        .is_some_and(|it| it.path != OWN_PATH)
            });
            if name_taken {
                continue;
            }
            plan.actions.push(Action::AttachGroupPolicy {
                group: name.clone(),
                policy: policy.clone(),
            });
        }
        plan.unchanged += usize::from(plan.actions.len() == before);
    }
}

fn users(desired: &Desired, found: &AccountDetail, adopted: &Adopted, plan: &mut AccountPlan) {
    for (name, spec) in &desired.users {
        let user = found.users.get(name);
        let what = named(desired, &format!("user/{name}"));
        if let Some(user) = user
            && !desired.owns(&user.tags)
            && !adopted.contains(&what)
        {
            let why = "exists, and was not made by this tool".to_owned();
            plan.conflicts.push(Conflict { what, why });
            continue;
        }
        let before = plan.actions.len();
        match user {
            None => plan.actions.push(Action::CreateUser {
                user: name.clone(),
                tags: spec.tags.clone(),
            }),
            Some(user) => {
                let tags = missing_tags(&spec.tags, &user.tags);
                if !tags.is_empty() {
                    plan.actions.push(Action::TagUser {
                        user: name.clone(),
                        tags,
                    });
                }
            }
        }
        let user = user.cloned().unwrap_or_default();
        // Groups that are not ours may hold the user, too; that is their owner's affair.
        let ours = |group: &&String| {
            let path = found.groups.get(*group).map(|group| group.path.as_str());
            path == Some(OWN_PATH)
        };
        for group in user.groups.difference(&spec.groups).filter(ours) {
            plan.actions.push(Action::RemoveUserFromGroup {
                user: name.clone(),
                group: group.clone(),
            });
        }
        let blocked = |group: &&String| {
            found
                .groups
                .get(*group)
                .is_some_and(|found| found.path != OWN_PATH)
        };
        for group in spec.groups.difference(&user.groups) {
            // A foreign group of that name would give its own rights; it is reported as a conflict.
            if !blocked(&group) {
                plan.actions.push(Action::AddUserToGroup {
                    user: name.clone(),
                    group: group.clone(),
                });
            }
        }
        plan.unchanged += usize::from(plan.actions.len() == before);
    }
}

fn elsewhere(desired: &Desired, kind: &str, name: &str, path: &str) -> Conflict {
    Conflict {
        what: named(desired, &format!("{kind}/{name}")),
        why: format!("exists with the path {path}; ours have {OWN_PATH}"),
    }
}
