//! What an administrator does: roles, policies, groups, users and MFA devices.

use std::collections::BTreeSet;

use super::{authorization_details, devices, groups, managed, roles, users};
use crate::api::ApiCall;
use crate::error::ApiError;
use crate::policy::Document;
use crate::world::{Account, World};
use crate::xml::Element;

/// The children of an action's `…Result` element, `None` for actions that have none.
pub type Answer = Result<Option<Vec<Element>>, ApiError>;

/// `None` if there is no such action here.
pub fn perform(world: &mut World, action: &str, call: &ApiCall<'_>) -> Option<Answer> {
    Some(match action {
        "GetAccountAuthorizationDetails" => authorization_details::list(world, call).map(Some),
        "CreateRole" => roles::create(world, call).map(Some),
        "GetRole" => roles::get(world, call).map(Some),
        "ListRoles" => roles::list(world, call).map(Some),
        "UpdateRole" => roles::update(world, call).map(Some),
        "UpdateAssumeRolePolicy" => done(roles::update_trust(world, call)),
        "DeleteRole" => done(roles::delete(world, call)),
        "TagRole" => done(roles::tag(world, call)),
        "PutRolePolicy" => done(roles::put_policy(world, call)),
        "DeleteRolePolicy" => done(roles::delete_policy(world, call)),
        "AttachRolePolicy" => done(roles::attach(world, call)),
        "DetachRolePolicy" => done(roles::detach(world, call)),
        "PutRolePermissionsBoundary" => done(roles::put_boundary(world, call)),
        "DeleteRolePermissionsBoundary" => done(roles::delete_boundary(world, call)),
        "CreatePolicy" => managed::create(world, call).map(Some),
        "CreatePolicyVersion" => managed::create_version(world, call).map(Some),
        "DeletePolicyVersion" => done(managed::delete_version(world, call)),
        "DeletePolicy" => done(managed::delete(world, call)),
        "CreateGroup" => groups::create(world, call).map(Some),
        "DeleteGroup" => done(groups::delete(world, call)),
        "AttachGroupPolicy" => done(groups::attach(world, call)),
        "DetachGroupPolicy" => done(groups::detach(world, call)),
        "DeleteGroupPolicy" => done(groups::delete_policy(world, call)),
        "AddUserToGroup" => done(groups::add_user(world, call)),
        "RemoveUserFromGroup" => done(groups::remove_user(world, call)),
        "CreateUser" => users::create(world, call).map(Some),
        "DeleteUser" => done(users::delete(world, call)),
        "TagUser" => done(users::tag(world, call)),
        "DetachUserPolicy" => done(users::detach(world, call)),
        "DeleteUserPolicy" => done(users::delete_policy(world, call)),
        "CreateLoginProfile" => users::create_login_profile(world, call).map(Some),
        "GetLoginProfile" => users::login_profile(world, call).map(Some),
        "DeleteLoginProfile" => done(users::delete_login_profile(world, call)),
        "CreateVirtualMFADevice" => devices::create(world, call).map(Some),
        "ListVirtualMFADevices" => devices::list(world, call).map(Some),
        "EnableMFADevice" => done(devices::enable(world, call)),
        "DeactivateMFADevice" => done(devices::deactivate(world, call)),
        "DeleteVirtualMFADevice" => done(devices::delete(world, call)),
        _ => return None,
    })
}

fn done(result: Result<(), ApiError>) -> Answer {
    result.map(|()| None)
}

/// The caller's own account: IAM knows no other.
pub fn account<'a>(world: &'a World, call: &ApiCall<'_>) -> Result<&'a Account, ApiError> {
    let id = &call.caller.account;
    let missing = || ApiError::no_such_entity(format!("There is no account {id}."));
    world.accounts.get(id).ok_or_else(missing)
}

pub fn account_mut<'a>(
    world: &'a mut World,
    call: &ApiCall<'_>,
) -> Result<&'a mut Account, ApiError> {
    let id = &call.caller.account;
    let missing = || ApiError::no_such_entity(format!("There is no account {id}."));
    world.accounts.get_mut(id).ok_or_else(missing)
}

/// The name a parameter gives, checked as AWS checks it.
pub fn name<'a>(call: &ApiCall<'a>, parameter: &str, most: usize) -> Result<&'a str, ApiError> {
    call.parameters
        .check(parameter, (1, most), "+=,.@-", r"[\w+=,.@-]+")?;
    call.parameters.required(parameter)
}

/// A policy document of a call; `most` characters besides white space.
pub fn document(call: &ApiCall<'_>, parameter: &str, most: usize) -> Result<Document, ApiError> {
    let text = call.parameters.required(parameter)?;
    if text.chars().filter(|c| !c.is_whitespace()).count() > most {
        let message = format!("Cannot exceed quota for PolicySize: {most}");
        return Err(ApiError::new(409, "LimitExceeded", message));
    }
    let malformed = |error| ApiError::new(400, "MalformedPolicyDocument", format!("{error}"));
    Document::parse(text).map_err(malformed)
}

/// `Tags.member.N.Key` and `.Value`.
pub fn tags(call: &ApiCall<'_>) -> std::collections::BTreeMap<String, String> {
    let keys = call.parameters.list("Tags", ".Key");
    let values = call.parameters.list("Tags", ".Value");
    keys.into_iter()
        .zip(values)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

pub fn tag_list(tags: &std::collections::BTreeMap<String, String>) -> Element {
    let members = tags
        .iter()
        .map(|(key, value)| vec![Element::text("Key", key), Element::text("Value", value)]);
    Element::list("Tags", members.collect())
}

/// AWS percent-encodes documents in answers.
pub fn encoded(document: &Document) -> String {
    percent_encoding::utf8_percent_encode(document.source(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

/// Refuses to attach what does not exist.
pub fn attachable<'a>(world: &World, call: &ApiCall<'a>) -> Result<&'a str, ApiError> {
    let arn = call.parameters.required("PolicyArn")?;
    let account = account(world, call)?;
    let own = account
        .managed_policies
        .iter()
        .any(|(name, policy)| managed::arn(account, &call.caller.account, name, policy) == arn);
    if own || crate::aws_managed::document(arn).is_some() {
        return Ok(arn);
    }
    let message = format!("Policy {arn} does not exist or is not attachable.");
    Err(ApiError::no_such_entity(message))
}

/// Attaches a policy to what has these.
pub fn attach(
    attached: &mut BTreeSet<String>,
    arn: &str,
    most: usize,
    quota: &str,
) -> Result<(), ApiError> {
    at_most(
        attached.len() + usize::from(!attached.contains(arn)),
        most,
        quota,
    )?;
    attached.insert(arn.to_owned());
    Ok(())
}

pub fn detach(attached: &mut BTreeSet<String>, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let arn = call.parameters.required("PolicyArn")?;
    if attached.remove(arn) {
        return Ok(());
    }
    Err(ApiError::no_such_entity(format!(
        "Policy {arn} was not found."
    )))
}

pub fn at_most(count: usize, most: usize, quota: &str) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    let message = format!("Cannot exceed quota for {quota}: {most}");
    Err(ApiError::new(409, "LimitExceeded", message))
}

pub fn exists(what: &str) -> ApiError {
    ApiError::new(
        409,
        "EntityAlreadyExists",
        format!("{what} already exists."),
    )
}

pub fn in_use(what: &str) -> ApiError {
    let message = format!("Cannot delete entity, must {what} first.");
    ApiError::new(409, "DeleteConflict", message)
}
