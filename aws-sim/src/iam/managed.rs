//! Customer-managed policies and their versions.

use super::admin::{account, account_mut, at_most, document, exists, in_use, name};
use super::authorize;
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::world::{Account, ManagedPolicy, World};
use crate::xml::Element;

const POLICY_CHARS: usize = 6_144;
const VERSIONS_MOST: usize = 5;

/// `arn:aws:iam::111122223333:policy/PATH/NAME`.
pub fn arn(account: &Account, id: &str, name: &str, policy: &ManagedPolicy) -> String {
    format!(
        "arn:{}:iam::{id}:policy{}{name}",
        account.partition, policy.path
    )
}

pub fn create(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = name(call, "PolicyName", 128)?;
    let path = call.parameters.optional("Path").unwrap_or("/");
    let id = call.caller.account.clone();
    let partition = account(world, call)?.partition.clone();
    let own = format!("arn:{partition}:iam::{id}:policy{path}{name}");
    authorize(world, call, "iam:CreatePolicy", &own)?;
    let document = identity_document(call)?;
    let policy_id = world.ids.entity("ANPA", 21);
    let account = account_mut(world, call)?;
    if account.managed_policies.contains_key(name) {
        return Err(exists(&format!("A policy called {name}")));
    }
    let policy = ManagedPolicy {
        path: path.to_owned(),
        versions: [(1, document)].into(),
        default_version: 1,
    };
    account.managed_policies.insert(name.to_owned(), policy);
    let shown = vec![
        Element::text("PolicyName", name),
        Element::text("PolicyId", policy_id),
        Element::text("Arn", own),
        Element::text("Path", path),
        Element::text("DefaultVersionId", "v1"),
        Element::text("AttachmentCount", "0"),
        Element::text("IsAttachable", "true"),
        Element::text("CreateDate", clock::iso8601(call.now)),
        Element::text("UpdateDate", clock::iso8601(call.now)),
    ];
    Ok(vec![Element::new("Policy", shown)])
}

pub fn create_version(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = existing(world, call, "iam:CreatePolicyVersion")?;
    let document = identity_document(call)?;
    let policy = policy_mut(world, call, &name)?;
    at_most(
        policy.versions.len() + 1,
        VERSIONS_MOST,
        "VersionsPerPolicy",
    )?;
    let next = policy.versions.keys().max().unwrap_or(&0) + 1;
    policy.versions.insert(next, document);
    let default = call.parameters.optional("SetAsDefault") == Some("true");
    if default {
        policy.default_version = next;
    }
    let shown = vec![
        Element::text("VersionId", format!("v{next}")),
        Element::text("IsDefaultVersion", default.to_string()),
        Element::text("CreateDate", clock::iso8601(call.now)),
    ];
    Ok(vec![Element::new("PolicyVersion", shown)])
}

pub fn delete_version(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = existing(world, call, "iam:DeletePolicyVersion")?;
    let id = call.parameters.required("VersionId")?;
    let number: u32 = id.trim_start_matches('v').parse().unwrap_or(0);
    let policy = policy_mut(world, call, &name)?;
    if number == policy.default_version {
        let message = "Cannot delete the default version of a policy.";
        return Err(ApiError::new(409, "DeleteConflict", message));
    }
    let removed = policy.versions.remove(&number);
    removed
        .map(drop)
        .ok_or_else(|| ApiError::no_such_entity(format!("Policy version {id} does not exist.")))
}

pub fn delete(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = existing(world, call, "iam:DeletePolicy")?;
    let arn = call.parameters.required("PolicyArn")?;
    let account = account_mut(world, call)?;
    let attached = account.groups.values().any(|it| it.attached.contains(arn))
        || account.roles.values().any(|it| it.attached.contains(arn))
        || account.users.values().any(|it| it.attached.contains(arn));
    if attached {
        return Err(in_use("detach the policy"));
    }
    let versions = account
        .managed_policies
        .get(&name)
        .map(|it| it.versions.len());
    if versions > Some(1) {
        return Err(in_use("delete all versions but the default one"));
    }
    account.managed_policies.remove(&name);
    Ok(())
}

fn identity_document(call: &ApiCall<'_>) -> Result<crate::policy::Document, ApiError> {
    let document = document(call, "PolicyDocument", POLICY_CHARS)?;
    if document.names_principals() {
        let message = "Policy document should not specify a principal.";
        return Err(ApiError::new(400, "MalformedPolicyDocument", message));
    }
    Ok(document)
}

/// The name of the policy that `PolicyArn` means.
fn existing(world: &World, call: &ApiCall<'_>, action: &str) -> Result<String, ApiError> {
    let wanted = call.parameters.required("PolicyArn")?;
    authorize(world, call, action, wanted)?;
    let account = account(world, call)?;
    let id = &call.caller.account;
    let mut policies = account.managed_policies.iter();
    let found = policies.find(|(name, policy)| arn(account, id, name, policy) == wanted);
    found
        .map(|(name, _)| name.clone())
        .ok_or_else(|| ApiError::no_such_entity(format!("Policy {wanted} was not found.")))
}

fn policy_mut<'a>(
    world: &'a mut World,
    call: &ApiCall<'_>,
    name: &str,
) -> Result<&'a mut ManagedPolicy, ApiError> {
    let policy = account_mut(world, call)?.managed_policies.get_mut(name);
    policy.ok_or_else(|| ApiError::no_such_entity(format!("Policy {name} was not found.")))
}
