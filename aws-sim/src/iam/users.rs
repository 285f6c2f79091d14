//! Users and their console passwords.

use super::admin::{account_mut, at_most, exists, in_use, name, tags};
use super::{admin, authorized_user, described, existing, no_such_user};
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::world::{User, World};
use crate::xml::Element;

pub fn create(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:CreateUser")?;
    let path = call.parameters.optional("Path").unwrap_or("/").to_owned();
    let id = world.ids.entity("AIDA", 21);
    let account = account_mut(world, call)?;
    if account.users.contains_key(&name) {
        return Err(exists(&format!("User with name {name}")));
    }
    let user = User {
        id,
        path,
        groups: Vec::new(),
        policies: std::collections::BTreeMap::new(),
        attached: std::collections::BTreeSet::new(),
        tags: tags(call),
        login_profile: None,
        access_keys: Vec::new(),
        mfa_devices: Vec::new(),
        created: call.now,
    };
    account.users.insert(name.clone(), user);
    let user = existing(world, call.caller, &name)?;
    Ok(vec![Element::new(
        "User",
        described(world, &call.caller.account, &name, user),
    )])
}

/// AWS wants everything gone that belongs to the user.
pub fn delete(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:DeleteUser")?;
    let user = user_mut(world, call, &name)?;
    for (left, what) in [
        (!user.access_keys.is_empty(), "delete access keys"),
        (!user.mfa_devices.is_empty(), "delete MFA device"),
        (user.login_profile.is_some(), "delete login profile"),
        (!user.groups.is_empty(), "remove users from group"),
        (!user.attached.is_empty(), "detach all policies"),
        (!user.policies.is_empty(), "delete policies"),
    ] {
        if left {
            return Err(in_use(what));
        }
    }
    account_mut(world, call)?.users.remove(&name);
    Ok(())
}

pub fn tag(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:TagUser")?;
    let user = user_mut(world, call, &name)?;
    user.tags.extend(tags(call));
    at_most(user.tags.len(), 50, "TagsPerUser")
}

pub fn detach(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:DetachUserPolicy")?;
    admin::detach(&mut user_mut(world, call, &name)?.attached, call)
}

pub fn delete_policy(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let user = authorized_user(world, call, "iam:DeleteUserPolicy")?;
    let policy = name(call, "PolicyName", 128)?;
    let removed = user_mut(world, call, &user)?.policies.remove(policy);
    removed.map(drop).ok_or_else(|| {
        ApiError::no_such_entity(format!(
            "The user policy with name {policy} cannot be found."
        ))
    })
}

pub fn create_login_profile(
    world: &mut World,
    call: &ApiCall<'_>,
) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:CreateLoginProfile")?;
    let password = call.parameters.required("Password")?;
    if password.chars().count() < 8 {
        let message = "Password should have a minimum length of 8";
        return Err(ApiError::new(400, "PasswordPolicyViolation", message));
    }
    let reset = call.parameters.optional("PasswordResetRequired") == Some("true");
    let user = user_mut(world, call, &name)?;
    if user.login_profile.is_some() {
        return Err(exists(&format!("Login Profile for user {name}")));
    }
    user.login_profile = Some(reset);
    Ok(shown(call, &name, reset))
}

pub fn login_profile(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:GetLoginProfile")?;
    let reset = existing(world, call.caller, &name)?.login_profile;
    let reset = reset.ok_or_else(|| no_login_profile(&name))?;
    Ok(shown(call, &name, reset))
}

pub fn delete_login_profile(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:DeleteLoginProfile")?;
    let removed = user_mut(world, call, &name)?.login_profile.take();
    removed.map(drop).ok_or_else(|| no_login_profile(&name))
}

fn shown(call: &ApiCall<'_>, name: &str, reset: bool) -> Vec<Element> {
    let shown = vec![
        Element::text("UserName", name),
        Element::text("CreateDate", clock::iso8601(call.now)),
        Element::text("PasswordResetRequired", reset.to_string()),
    ];
    vec![Element::new("LoginProfile", shown)]
}

fn no_login_profile(name: &str) -> ApiError {
    ApiError::no_such_entity(format!("Login Profile for User {name} cannot be found."))
}

pub fn user_mut<'a>(
    world: &'a mut World,
    call: &ApiCall<'_>,
    name: &str,
) -> Result<&'a mut User, ApiError> {
    world
        .user_mut(&call.caller.account, name)
        .ok_or_else(|| no_such_user(name))
}
