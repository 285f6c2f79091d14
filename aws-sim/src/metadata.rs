//! The credential servers of a machine at AWS: the instance metadata service (version 2 only) and a container's endpoint.
//!
//! Source: EC2 User Guide, "Use the Instance Metadata Service", and ECS Developer Guide, "Task IAM role".

use std::time::SystemTime;

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use crate::clock;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::request::Request;
use crate::response::Response;
use crate::world::World;

/// Where the container's agent answers.
pub const CONTAINER_PATH: &str = "/container/credentials";
const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";
/// A token of ours; the real ones are random.
const TOKEN: &str = "AQAEAsimulatedIMDSv2token==";

/// The machine that the world's servers belong to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The role of instance and container; without one there are no credentials.
    pub role_arn: Option<String>,
    /// What the container's endpoint wants in `Authorization`.
    pub container_token: String,
    /// The session that is handed out until it is about to expire.
    #[serde(skip)]
    session: Option<String>,
}

/// Whether a path belongs to these servers.
pub fn serves(path: &str) -> bool {
    path.starts_with("/latest/") || path == CONTAINER_PATH
}

/// Answers for the world's machine.
pub fn respond(world: &mut World, request: &Request, now: SystemTime) -> Response {
    let plain = |status, text: &str| Response::new(status, "text/plain", text.to_owned());
    let Some(machine) = &world.machine else {
        return plain(404, "");
    };
    let has_token = request.header("x-aws-ec2-metadata-token") == Some(TOKEN);
    let ttl = request.header("x-aws-ec2-metadata-token-ttl-seconds");
    match (request.method.as_str(), request.path.as_str()) {
        ("PUT", TOKEN_PATH) if request.header("x-forwarded-for").is_some() => plain(403, ""),
        ("PUT", TOKEN_PATH) => match ttl.and_then(|ttl| ttl.parse().ok()) {
            Some(1..=21_600) => plain(200, TOKEN),
            _ => plain(400, ""),
        },
        ("GET", CONTAINER_PATH) => {
            if request.header("authorization") == Some(&machine.container_token) {
                credentials(world, "RoleArn", now)
            } else {
                plain(403, "")
            }
        }
        ("GET", _) if !has_token => plain(401, ""),
        ("GET", path) => match (path.strip_prefix(ROLE_PATH), role_name(machine)) {
            (Some(""), Some(role)) => plain(200, role),
            (Some(asked), Some(role)) if asked == role => credentials(world, "Code", now),
            _ => plain(404, ""),
        },
        _ => plain(405, ""),
    }
}

fn role_name(machine: &Machine) -> Option<&str> {
    machine.role_arn.as_deref()?.rsplit('/').next()
}

/// The same session as long as it lives for 15 minutes more.
fn credentials(world: &mut World, form: &str, now: SystemTime) -> Response {
    let none = || Response::new(404, "text/plain", "");
    let Some((account, name)) = world
        .machine
        .as_ref()
        .and_then(|machine| world.role_at(machine.role_arn.as_deref()?))
        .map(|(account, name, _)| (account.to_owned(), name.to_owned()))
    else {
        return none();
    };
    let living = world
        .machine
        .as_ref()
        .and_then(|machine| machine.session.clone())
        .filter(|id| {
            world
                .sessions
                .get(id)
                .is_some_and(|session| session.expires > now + std::time::Duration::from_mins(15))
        });
    let id = living.unwrap_or_else(|| {
        let maker = Caller {
            account: account.clone(),
            principal: Principal::AssumedRole(name, "i-0123456789abcdef0".to_owned()),
            access_key_id: String::new(),
            session: None,
        };
        let new = NewSession {
            duration: 21_600,
            ..NewSession::default()
        };
        start_session(world, &maker, &account, maker.principal.clone(), new, now).0
    });
    let Some(session) = world.sessions.get(&id) else {
        return none();
    };
    let mut document = json!({
        "AccessKeyId": id,
        "SecretAccessKey": session.secret.expose_secret(),
        "Token": session.token.expose_secret(),
        "Expiration": clock::iso8601(session.expires),
    });
    let more = match form {
        "Code" => {
            json!({ "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": clock::iso8601(now) })
        }
        _ => {
            json!({ "RoleArn": world.machine.as_ref().and_then(|machine| machine.role_arn.clone()) })
        }
    };
    if let (Some(document), Some(more)) = (document.as_object_mut(), more.as_object()) {
        document.extend(more.clone());
    }
    if let Some(machine) = &mut world.machine {
        machine.session = Some(id);
    }
    Response::json(200, &document)
}
