//! The portal: accounts, roles and their credentials, for a bearer token.

use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::IdentityCenter;
use crate::error::ApiError;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::parameters::Parameters;
use crate::response::{Delivery, Response};
use crate::world::World;

const USER: &str = "elmerfudd";
/// Account id of the first generated account.
const FIRST_GENERATED: u64 = 500_000_000_000;

pub fn respond(
    world: &mut World,
    action: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Response, ApiError> {
    throttle(&mut world.identity_center, now)?;
    let token = parameters.optional("accessToken").unwrap_or_default();
    let tokens = &mut world.identity_center.state.access_tokens;
    if tokens.get(token).is_none_or(|expires| now >= *expires) {
        return Err(ApiError::new(
            401,
            "UnauthorizedException",
            "Session token not found or invalid",
        ));
    }
    let body = match action {
        "Logout" => {
            tokens.remove(token);
            json!({})
        }
        "ListAccounts" => accounts(&world.identity_center, parameters)?,
        "ListAccountRoles" => roles(&world.identity_center, parameters)?,
        _ => credentials(world, parameters, now)?,
    };
    let mut response = Response::json(200, &body);
    if world.identity_center.script.portal_latency_ms > 0 {
        response.delivery = Delivery::Delayed(world.identity_center.script.portal_latency_ms);
    }
    Ok(response)
}

/// A fixed window of one second is all a test needs.
fn throttle(center: &mut IdentityCenter, now: SystemTime) -> Result<(), ApiError> {
    let second = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let window = &mut center.state.window;
    *window = if window.0 == second {
        (second, window.1 + 1)
    } else {
        (second, 1)
    };
    match center.script.portal_rate {
        Some(rate) if window.1 > rate => Err(ApiError::new(
            429,
            "TooManyRequestsException",
            "Rate exceeded",
        )),
        _ => Ok(()),
    }
}

impl IdentityCenter {
    /// Every account id with its name, its address and the roles.
    fn account_list(&self) -> Vec<(String, String, String, &[String])> {
        let named = self.assignments.iter().map(|(id, account)| {
            (
                id.clone(),
                account.name.clone(),
                account.email.clone(),
                account.roles.as_slice(),
            )
        });
        let generated = (0..self.generated_accounts).map(|number| {
            (
                format!("{:012}", FIRST_GENERATED + u64::from(number)),
                format!("Team {number:04}"),
                format!("team{number:04}@example.com"),
                self.generated_roles.as_slice(),
            )
        });
        named.chain(generated).collect()
    }

    fn roles_of(&self, account: &str) -> Option<&[String]> {
        if let Some(assignment) = self.assignments.get(account) {
            return Some(&assignment.roles);
        }
        let number = account.parse::<u64>().ok()?.checked_sub(FIRST_GENERATED)?;
        (number < u64::from(self.generated_accounts)).then_some(&self.generated_roles)
    }
}

fn accounts(center: &IdentityCenter, parameters: &Parameters) -> Result<Value, ApiError> {
    let all = center.account_list();
    let (page, next) = page(&all, center, parameters)?;
    let list: Vec<Value> = page
        .iter()
        .map(|(id, name, email, _)| {
            json!({ "accountId": id, "accountName": name, "emailAddress": email })
        })
        .collect();
    Ok(json!({ "accountList": list, "nextToken": next }))
}

fn roles(center: &IdentityCenter, parameters: &Parameters) -> Result<Value, ApiError> {
    let account = parameters.optional("account_id").unwrap_or_default();
    let all = center.roles_of(account).ok_or_else(forbidden)?;
    let (page, next) = page(all, center, parameters)?;
    let list: Vec<Value> = page
        .iter()
        .map(|role| json!({ "roleName": role, "accountId": account }))
        .collect();
    Ok(json!({ "roleList": list, "nextToken": next }))
}

/// The entries from `next_token` on, and the token for those after them.
fn page<'a, T>(
    all: &'a [T],
    center: &IdentityCenter,
    parameters: &Parameters,
) -> Result<(&'a [T], Option<String>), ApiError> {
    let number = |name: &str| {
        parameters
            .optional(name)
            .map(str::parse::<usize>)
            .transpose()
    };
    let invalid = |_| ApiError::new(400, "InvalidRequestException", "Invalid paging");
    let start = number("next_token")
        .map_err(invalid)?
        .unwrap_or(0)
        .min(all.len());
    let most = number("max_result")
        .map_err(invalid)?
        .unwrap_or(center.script.page_size);
    let end = all
        .len()
        .min(start + most.min(center.script.page_size).max(1));
    Ok((&all[start..end], (end < all.len()).then(|| end.to_string())))
}

fn credentials(
    world: &mut World,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Value, ApiError> {
    let account = parameters.optional("account_id").unwrap_or_default();
    let role = parameters.optional("role_name").unwrap_or_default();
    let center = &world.identity_center;
    if !center
        .roles_of(account)
        .is_some_and(|roles| roles.iter().any(|name| name == role))
    {
        return Err(forbidden());
    }
    // Nobody's long-term key is behind it, and the session is no chained one.
    let service = Caller {
        account: account.to_owned(),
        principal: Principal::AssumedRole(role.to_owned(), USER.to_owned()),
        access_key_id: String::new(),
        session: None,
    };
    let new = NewSession {
        duration: center.script.role_session_s,
        ..NewSession::default()
    };
    let principal = service.principal.clone();
    let (id, session) = start_session(world, &service, account, principal, new, now);
    let expiration = session
        .expires
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    Ok(json!({ "roleCredentials": {
        "accessKeyId": id,
        "secretAccessKey": session.secret.expose_secret(),
        "sessionToken": session.token.expose_secret(),
        "expiration": u64::try_from(expiration).unwrap_or(u64::MAX),
    } }))
}

fn forbidden() -> ApiError {
    ApiError::new(403, "ForbiddenException", "No access")
}
