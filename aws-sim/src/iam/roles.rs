//! Roles and their policies.

use super::admin::{
    account, account_mut, at_most, attachable, document, encoded, exists, in_use, name, tag_list,
    tags,
};
use super::{admin, authorize, page};
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::world::{Account, Role, World};
use crate::xml::Element;

const ATTACHED_MOST: usize = 10;
const TRUST_CHARS: usize = 2_048;
const INLINE_CHARS: usize = 10_240;

pub fn create(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = named(world, call, "iam:CreateRole")?.to_owned();
    let trust = document(call, "AssumeRolePolicyDocument", TRUST_CHARS)?;
    if !trust.names_principals() {
        let message = "AssumeRole policy must contain principals.";
        return Err(ApiError::new(400, "MalformedPolicyDocument", message));
    }
    let max_session_duration = call
        .parameters
        .seconds("MaxSessionDuration", 3600, 3600, 43_200)?;
    let text = |parameter| call.parameters.optional(parameter).map(str::to_owned);
    let id = world.ids.entity("AROA", 21);
    let account = account_mut(world, call)?;
    if account.roles.contains_key(&name) {
        return Err(exists(&format!("Role with name {name}")));
    }
    let role = Role {
        id,
        path: text("Path").unwrap_or_else(|| "/".to_owned()),
        max_session_duration,
        trust,
        policies: std::collections::BTreeMap::new(),
        attached: std::collections::BTreeSet::new(),
        description: text("Description").unwrap_or_default(),
        tags: tags(call),
        permissions_boundary: text("PermissionsBoundary"),
    };
    account.roles.insert(name.clone(), role);
    shown(world, call, &name)
}

pub fn get(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = named(world, call, "iam:GetRole")?;
    shown(world, call, name)
}

pub fn list(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    authorize(world, call, "iam:ListRoles", "*")?;
    let account = account(world, call)?;
    let roles = account.roles.iter();
    let shown = roles.map(|(name, role)| described(account, call, name, role));
    page("Roles", shown.collect(), call.parameters)
}

pub fn update(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = named(world, call, "iam:UpdateRole")?;
    let description = call.parameters.optional("Description");
    let role = existing(world, call, name)?;
    let seconds = call.parameters.seconds(
        "MaxSessionDuration",
        role.max_session_duration,
        3600,
        43_200,
    )?;
    role.max_session_duration = seconds;
    if let Some(description) = description {
        description.clone_into(&mut role.description);
    }
    Ok(Vec::new())
}

pub fn update_trust(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:UpdateAssumeRolePolicy")?;
    let trust = document(call, "PolicyDocument", TRUST_CHARS)?;
    existing(world, call, name)?.trust = trust;
    Ok(())
}

pub fn delete(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:DeleteRole")?;
    let role = existing(world, call, name)?;
    if !role.attached.is_empty() {
        return Err(in_use("detach all policies"));
    }
    if !role.policies.is_empty() {
        return Err(in_use("delete policies"));
    }
    account_mut(world, call)?.roles.remove(name);
    Ok(())
}

pub fn tag(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:TagRole")?;
    let role = existing(world, call, name)?;
    role.tags.extend(tags(call));
    at_most(role.tags.len(), 50, "TagsPerRole")
}

pub fn put_policy(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let role = named(world, call, "iam:PutRolePolicy")?;
    let policy = name(call, "PolicyName", 128)?;
    let document = document(call, "PolicyDocument", INLINE_CHARS)?;
    let role = existing(world, call, role)?;
    role.policies.insert(policy.to_owned(), document);
    Ok(())
}

pub fn delete_policy(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let role = named(world, call, "iam:DeleteRolePolicy")?;
    let policy = name(call, "PolicyName", 128)?;
    let removed = existing(world, call, role)?.policies.remove(policy);
    removed.map(drop).ok_or_else(|| {
        ApiError::no_such_entity(format!(
            "The role policy with name {policy} cannot be found."
        ))
    })
}

pub fn attach(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:AttachRolePolicy")?;
    existing(world, call, name)?;
    let arn = attachable(world, call)?;
    let attached = &mut existing(world, call, name)?.attached;
    admin::attach(attached, arn, ATTACHED_MOST, "PoliciesPerRole")
}

pub fn detach(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:DetachRolePolicy")?;
    admin::detach(&mut existing(world, call, name)?.attached, call)
}

pub fn put_boundary(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:PutRolePermissionsBoundary")?;
    let arn = call.parameters.required("PermissionsBoundary")?;
    existing(world, call, name)?.permissions_boundary = Some(arn.to_owned());
    Ok(())
}

pub fn delete_boundary(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:DeleteRolePermissionsBoundary")?;
    existing(world, call, name)?.permissions_boundary = None;
    Ok(())
}

/// The role's name, if the caller may do this to it.
fn named<'a>(world: &World, call: &ApiCall<'a>, action: &str) -> Result<&'a str, ApiError> {
    let name = name(call, "RoleName", 64)?;
    let account = account(world, call)?;
    let id = &call.caller.account;
    let arn = match account.roles.get(name) {
        Some(role) => account.role_arn(id, name, role),
        None => format!("arn:{}:iam::{id}:role/{name}", account.partition),
    };
    authorize(world, call, action, &arn)?;
    Ok(name)
}

fn existing<'a>(
    world: &'a mut World,
    call: &ApiCall<'_>,
    name: &str,
) -> Result<&'a mut Role, ApiError> {
    let role = account_mut(world, call)?.roles.get_mut(name);
    role.ok_or_else(|| no_such_role(name))
}

fn no_such_role(name: &str) -> ApiError {
    ApiError::no_such_entity(format!("The role with name {name} cannot be found."))
}

fn shown(world: &World, call: &ApiCall<'_>, name: &str) -> Result<Vec<Element>, ApiError> {
    let account = account(world, call)?;
    let role = account.roles.get(name).ok_or_else(|| no_such_role(name))?;
    let mut shown = described(account, call, name, role);
    shown.push(tag_list(&role.tags));
    Ok(vec![Element::new("Role", shown)])
}

fn described(account: &Account, call: &ApiCall<'_>, name: &str, role: &Role) -> Vec<Element> {
    let mut shown = vec![
        Element::text("Path", &role.path),
        Element::text("RoleName", name),
        Element::text("RoleId", &role.id),
        Element::text("Arn", account.role_arn(&call.caller.account, name, role)),
        Element::text("CreateDate", clock::iso8601(call.now)),
        Element::text("AssumeRolePolicyDocument", encoded(&role.trust)),
        Element::text("Description", &role.description),
        Element::text("MaxSessionDuration", role.max_session_duration.to_string()),
    ];
    shown.extend(role.permissions_boundary.as_ref().map(|arn| boundary(arn)));
    shown
}

/// The element of a role's permissions boundary.
pub fn boundary(arn: &str) -> Element {
    Element::new(
        "PermissionsBoundary",
        vec![
            Element::text("PermissionsBoundaryType", "PermissionsBoundaryPolicy"),
            Element::text("PermissionsBoundaryArn", arn),
        ],
    )
}
