//! AWS Organizations, version 2016-11-28 (JSON 1.1): the list of accounts.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::identity::{self, Caller};
use crate::policy::Verdict;
use crate::request::Request;
use crate::response::Response;
use crate::world::World;

/// The name that signatures carry.
pub const SERVICE: &str = "organizations";

const PAGE: usize = 20;

/// Answers one call.
pub fn respond(
    world: &mut World,
    request: &Request,
    action: &str,
    now: SystemTime,
) -> (Option<Caller>, Response) {
    let caller = match identity::authenticate(world, request, now) {
        Ok(caller) => caller,
        Err(error) => return (None, refused("UnrecognizedClientException", &error.message)),
    };
    let response = match action {
        "ListAccounts" => list_accounts(world, request, &caller, now),
        _ => refused("UnknownOperationException", action),
    };
    (Some(caller), response)
}

fn list_accounts(world: &World, request: &Request, caller: &Caller, now: SystemTime) -> Response {
    let context = caller.context(world, request, now);
    let allowed = caller.verdict(world, "organizations:ListAccounts", "*", &context);
    if world.management_account.is_none() {
        return refused(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        );
    }
    if allowed != Verdict::Allow || world.management_account.as_ref() != Some(&caller.account) {
        return refused(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        );
    }
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let from = asked["NextToken"]
        .as_str()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let most = asked["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let to = from + most.unwrap_or(PAGE).min(PAGE);
    let accounts: Vec<Value> = world
        .accounts
        .iter()
        .skip(from)
        .take(to - from)
        .map(|(id, account)| {
            json!({ "Id": id, "Name": account.name, "Status": "ACTIVE", "State": "ACTIVE", "JoinedMethod": "CREATED" })
        })
        .collect();
    let mut answer = json!({ "Accounts": accounts });
    if to < world.accounts.len() {
        answer["NextToken"] = to.to_string().into();
    }
    Response::new(200, "application/x-amz-json-1.1", answer.to_string())
}

fn refused(code: &str, message: &str) -> Response {
    let body = json!({ "__type": code, "Message": message });
    Response::new(400, "application/x-amz-json-1.1", body.to_string())
}
