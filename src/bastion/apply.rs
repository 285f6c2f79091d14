//! Does what a plan says: the accounts side by side, each one's changes in their order.

use std::time::Duration;

use super::desired::Desired;
use super::model::OWN_PATH;
use super::plan::{AccountPlan, Action};
use super::read::{AT_ONCE, failure};
use super::whole::Failure;
use crate::aws::iam::NewRole;
use crate::aws::iam::account::AccountIam;
use crate::aws::{Aws, Error, parallel};

/// IAM is eventually consistent: what was made a moment ago may not be seen by the next call.
///
/// Source: IAM User Guide, "Changes that I make are not always immediately visible".
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// One account with what is to be done there.
#[derive(Debug)]
pub struct Work {
    pub desired: Desired,
    pub iam: AccountIam,
    pub plan: AccountPlan,
}

/// How an account ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub account: String,
    /// How many changes were made.
    pub done: usize,
    pub failure: Option<Failure>,
}

/// Everything, in the accounts' order. An account stops at its first failure, the others go on. `progress` is told after each
/// account.
pub fn all(aws: &Aws, work: Vec<Work>, progress: impl FnMut()) -> Result<Vec<Outcome>, Error> {
    let outcomes = aws.wait(parallel::each(work, AT_ONCE, one, progress))?;
    Ok(outcomes.into_iter().flatten().collect())
}

async fn one(work: Work) -> Outcome {
    let mut outcome = Outcome {
        account: work.plan.account.clone(),
        done: 0,
        failure: None,
    };
    for action in &work.plan.actions {
        match patiently(&work.iam, action, outcome.done > 0).await {
            Ok(()) => outcome.done += 1,
            Err(error) => {
                let mut failure = failure(&work.desired, &error);
                if error.code() == Some("LimitExceeded") {
                    failure.hints = vec!["a quota of the account is used up: raise it in Service Quotas, or remove something".to_owned()];
                }
                outcome.failure = Some(failure);
                break;
            }
        }
    }
    outcome
}

/// `follows`: something was made just before, so that "no such entity" may mean "not yet".
async fn patiently(iam: &AccountIam, action: &Action, follows: bool) -> Result<(), Error> {
    for pause in PAUSES {
        match perform(iam, action).await {
            Err(error) if is_passing(&error, follows) => tokio::time::sleep(pause).await,
            other => return other,
        }
    }
    perform(iam, action).await
}

fn is_passing(error: &Error, follows: bool) -> bool {
    match error.code() {
        Some("ConcurrentModification" | "EntityTemporarilyUnmodifiable") => true,
        Some("NoSuchEntity") => follows,
        _ => false,
    }
}

/// One change, one call.
pub async fn perform(iam: &AccountIam, action: &Action) -> Result<(), Error> {
    match action {
        Action::CreateRole {
            role,
            path,
            trust,
            description,
            max_session_duration,
            permissions_boundary,
            tags,
        } => {
            iam.create_role(NewRole {
                name: role,
                path,
                trust,
                description: description.as_deref(),
                max_session_duration: *max_session_duration,
                permissions_boundary: permissions_boundary.as_deref(),
                tags,
            })
            .await
        }
        Action::UpdateTrust { role, document, .. } => iam.update_trust(role, document).await,
        Action::UpdateRole {
            role,
            description,
            max_session_duration,
            ..
        } => {
            iam.update_role(role, description.as_deref(), *max_session_duration)
                .await
        }
        Action::TagRole { role, tags } => iam.tag_role(role, tags).await,
        Action::PutRolePolicy {
            role,
            name,
            document,
            ..
        } => iam.put_role_policy(role, name, document).await,
        Action::DeleteRolePolicy { role, name } => iam.delete_role_policy(role, name).await,
        Action::AttachRolePolicy { role, policy } => iam.attach_role_policy(role, policy).await,
        Action::DetachRolePolicy { role, policy } => iam.detach_role_policy(role, policy).await,
        Action::PutBoundary { role, policy } => iam.put_boundary(role, policy).await,
        Action::DeleteBoundary { role } => iam.delete_boundary(role).await,
        Action::DeleteRole { role } => iam.delete_role(role).await,
        Action::CreatePolicy {
            name,
            document,
            tags,
        } => iam.create_policy(name, OWN_PATH, document, tags).await,
        Action::CreatePolicyVersion { arn, document, .. } => {
            iam.create_policy_version(arn, document).await
        }
        Action::DeletePolicyVersion { arn, version, .. } => {
            iam.delete_policy_version(arn, version).await
        }
        Action::DeletePolicy { arn, .. } => iam.delete_policy(arn).await,
        Action::CreateGroup { group } => iam.create_group(group, OWN_PATH).await,
        Action::AttachGroupPolicy { group, policy } => iam.attach_group_policy(group, policy).await,
        Action::DetachGroupPolicy { group, policy } => iam.detach_group_policy(group, policy).await,
        Action::DeleteGroupPolicy { group, name } => iam.delete_group_policy(group, name).await,
        Action::DeleteGroup { group } => iam.delete_group(group).await,
        Action::CreateUser { user, tags } => iam.create_user(user, tags).await,
        Action::TagUser { user, tags } => iam.tag_user(user, tags).await,
        Action::AddUserToGroup { user, group } => iam.add_user_to_group(user, group).await,
        Action::RemoveUserFromGroup { user, group } => {
            iam.remove_user_from_group(user, group).await
        }
    }
}
