//! Identity and Access Management, version 2010-05-08: what a user needs to rotate its own keys, for the caller's own
//! account.

mod admin;
mod authorization_details;
mod devices;
mod groups;
mod managed;
mod roles;
mod users;

use secrecy::ExposeSecret;

use crate::api::{ApiCall, invalid_action};
use crate::clock;
use crate::conditions::Context;
use crate::error::ApiError;
use crate::identity::{Caller, Principal, user_arn};
use crate::parameters::{Parameters, constraint};
use crate::policy::Verdict;
use crate::world::{AccessKey, Status, User, World};
use crate::xml::Element;

/// The `Version` every IAM request names.
pub const VERSION: &str = "2010-05-08";
/// `xmlns` of every answer.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

const KEYS_PER_USER: usize = 2;

/// The children of the action's `…Result` element; `None` for actions that have none.
pub fn perform(
    world: &mut World,
    action: &str,
    call: &ApiCall<'_>,
) -> Result<Option<Vec<Element>>, ApiError> {
    refuse_sessions(call.caller)?;
    match action {
        "CreateAccessKey" => create_access_key(world, call).map(Some),
        "UpdateAccessKey" => update_access_key(world, call).map(|()| None),
        "DeleteAccessKey" => delete_access_key(world, call).map(|()| None),
        "ListAccessKeys" => list_access_keys(world, call).map(Some),
        "GetAccessKeyLastUsed" => access_key_last_used(world, call).map(Some),
        "GetUser" => user(world, call).map(Some),
        "ListMFADevices" => list_mfa_devices(world, call).map(Some),
        "ListUsers" => list_users(world, call).map(Some),
        _ => admin::perform(world, action, call)
            .unwrap_or_else(|| Err(invalid_action(action, VERSION))),
    }
}

/// Sessions of `GetFederationToken` never reach IAM; those of `GetSessionToken` only if they were made with MFA. AWS
/// calls their token invalid rather than the call forbidden.
fn refuse_sessions(caller: &Caller) -> Result<(), ApiError> {
    match (&caller.principal, &caller.session) {
        (Principal::FederatedUser(..), _) => Err(ApiError::invalid_client_token_id()),
        (Principal::User(_), Some(session)) if session.mfa_at.is_none() => {
            Err(ApiError::invalid_client_token_id())
        }
        _ => Ok(()),
    }
}

fn create_access_key(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:CreateAccessKey")?;
    if existing(world, call.caller, &name)?.access_keys.len() >= KEYS_PER_USER {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}");
        return Err(ApiError::new(409, "LimitExceeded", message));
    }
    let key = AccessKey {
        id: world.ids.entity("AKIA", 20),
        secret: world.ids.secret().into(),
        status: Status::Active,
        created: call.now,
        last_used: None,
    };
    let shown = vec![
        Element::text("UserName", &name),
        Element::text("AccessKeyId", &key.id),
        Element::text("Status", status_name(key.status)),
        Element::text("SecretAccessKey", key.secret.expose_secret()),
        Element::text("CreateDate", clock::iso8601(key.created)),
    ];
    keys_mut(world, call.caller, &name)?.push(key);
    Ok(vec![Element::new("AccessKey", shown)])
}

fn update_access_key(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:UpdateAccessKey")?;
    let id = call.parameters.required("AccessKeyId")?;
    let status = match call.parameters.required("Status")? {
        "Active" => Status::Active,
        "Inactive" => Status::Inactive,
        other => {
            let rule = "Member must satisfy enum value set: [Active, Inactive]";
            return Err(constraint(other, "Status", rule));
        }
    };
    let key = keys_mut(world, call.caller, &name)?
        .iter_mut()
        .find(|key| key.id == id);
    key.ok_or_else(|| no_such_key(id))?.status = status;
    Ok(())
}

fn delete_access_key(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:DeleteAccessKey")?;
    let id = call.parameters.required("AccessKeyId")?;
    let keys = keys_mut(world, call.caller, &name)?;
    let before = keys.len();
    keys.retain(|key| key.id != id);
    if keys.len() == before {
        Err(no_such_key(id))
    } else {
        Ok(())
    }
}

fn list_access_keys(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:ListAccessKeys")?;
    let keys = existing(world, call.caller, &name)?.access_keys.iter();
    let shown = keys.map(|key| {
        vec![
            Element::text("UserName", &name),
            Element::text("AccessKeyId", &key.id),
            Element::text("Status", status_name(key.status)),
            Element::text("CreateDate", clock::iso8601(key.created)),
        ]
    });
    page("AccessKeyMetadata", shown.collect(), call.parameters)
}

fn access_key_last_used(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let id = call.parameters.required("AccessKeyId")?;
    let owner = world
        .access_key(id)
        .filter(|(account, ..)| *account == call.caller.account);
    // AWS hides whether somebody else's key exists.
    let hidden = || {
        ApiError::not_authorized(
            &call.caller.arn(world),
            "iam:GetAccessKeyLastUsed",
            &format!("access key {id}"),
        )
    };
    let (account, name, key) = owner.ok_or_else(hidden)?;
    authorize(
        world,
        call,
        "iam:GetAccessKeyLastUsed",
        &user_arn(world, account, name),
    )?;
    let used = match &key.last_used {
        Some(used) => vec![
            Element::text("LastUsedDate", clock::iso8601(used.at)),
            Element::text("ServiceName", &used.service),
            Element::text("Region", &used.region),
        ],
        None => vec![
            Element::text("ServiceName", "N/A"),
            Element::text("Region", "N/A"),
        ],
    };
    Ok(vec![
        Element::text("UserName", name),
        Element::new("AccessKeyLastUsed", used),
    ])
}

fn user(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:GetUser")?;
    let user = existing(world, call.caller, &name)?;
    Ok(vec![Element::new(
        "User",
        described(world, &call.caller.account, &name, user),
    )])
}

fn list_mfa_devices(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = authorized_user(world, call, "iam:ListMFADevices")?;
    let user = existing(world, call.caller, &name)?;
    let shown = user.mfa_devices.iter().map(|device| {
        vec![
            Element::text("UserName", &name),
            Element::text("SerialNumber", &device.serial),
            Element::text("EnableDate", clock::iso8601(user.created)),
        ]
    });
    page("MFADevices", shown.collect(), call.parameters)
}

fn list_users(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let account_id = &call.caller.account;
    authorize(
        world,
        call,
        "iam:ListUsers",
        &user_arn(world, account_id, ""),
    )?;
    let prefix = call.parameters.optional("PathPrefix").unwrap_or("/");
    let users = world
        .accounts
        .get(account_id)
        .into_iter()
        .flat_map(|account| &account.users);
    let shown = users
        .filter(|(_, user)| user.path.starts_with(prefix))
        .map(|(name, user)| described(world, account_id, name, user));
    page("Users", shown.collect(), call.parameters)
}

/// The user that `UserName` names, or the caller; checked against the caller's policies before it is looked up, so
/// that nobody learns which users exist.
fn authorized_user(world: &World, call: &ApiCall<'_>, action: &str) -> Result<String, ApiError> {
    call.parameters
        .check("UserName", (1, 128), "+=,.@-", r"[\w+=,.@-]+")?;
    let name = match (call.parameters.optional("UserName"), &call.caller.principal) {
        (Some(name), _) => name.to_owned(),
        (None, Principal::User(name)) => name.clone(),
        _ => {
            return Err(ApiError::validation(
                "Must specify userName when calling with non-User credentials",
            ));
        }
    };
    authorize(
        world,
        call,
        action,
        &user_arn(world, &call.caller.account, &name),
    )?;
    Ok(name)
}

fn authorize(
    world: &World,
    call: &ApiCall<'_>,
    action: &str,
    resource: &str,
) -> Result<(), ApiError> {
    let context: &Context = &call.context;
    let reason = match call.caller.verdict(world, action, resource, context) {
        Verdict::Allow => return Ok(()),
        Verdict::Unmentioned => {
            format!("because no identity-based policy allows the {action} action")
        }
        Verdict::Deny => "with an explicit deny in an identity-based policy".to_owned(),
    };
    let refusal = ApiError::not_authorized(&call.caller.arn(world), action, resource);
    Err(ApiError::access_denied(format!(
        "{} {reason}",
        refusal.message
    )))
}

fn existing<'a>(world: &'a World, caller: &Caller, name: &str) -> Result<&'a User, ApiError> {
    world
        .user(&caller.account, name)
        .ok_or_else(|| no_such_user(name))
}

fn keys_mut<'a>(
    world: &'a mut World,
    caller: &Caller,
    name: &str,
) -> Result<&'a mut Vec<AccessKey>, ApiError> {
    let user = world
        .user_mut(&caller.account, name)
        .ok_or_else(|| no_such_user(name))?;
    Ok(&mut user.access_keys)
}

fn described(world: &World, account: &str, name: &str, user: &User) -> Vec<Element> {
    vec![
        Element::text("Path", &user.path),
        Element::text("UserName", name),
        Element::text("UserId", &user.id),
        Element::text("Arn", user_arn(world, account, name)),
        Element::text("CreateDate", clock::iso8601(user.created)),
    ]
}

/// One page of a list, as `Marker` and `MaxItems` ask. A marker is the index to go on from.
fn page(
    name: &str,
    mut members: Vec<Vec<Element>>,
    parameters: &Parameters,
) -> Result<Vec<Element>, ApiError> {
    let most = parameters.seconds("MaxItems", 100, 1, 1000)?;
    let from = match parameters.optional("Marker") {
        None => 0,
        Some(marker) => marker
            .parse()
            .map_err(|_| ApiError::validation(format!("Invalid Marker: {marker}")))?,
    };
    let rest = members.split_off(members.len().min(from));
    let end = from + rest.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    let truncated = end < from + rest.len();
    let shown = rest.into_iter().take(end - from).collect();
    let mut result = vec![
        Element::list(name, shown),
        Element::text("IsTruncated", truncated.to_string()),
    ];
    if truncated {
        result.push(Element::text("Marker", end.to_string()));
    }
    Ok(result)
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "Active",
        Status::Inactive => "Inactive",
    }
}

fn no_such_user(name: &str) -> ApiError {
    ApiError::no_such_entity(format!("The user with name {name} cannot be found."))
}

fn no_such_key(id: &str) -> ApiError {
    ApiError::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
