//! The control plane under `/_sim/`: what tests set and read. No authentication; the server listens on loopback.

use std::time::SystemTime;

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::faults::Faults;
use crate::identity::{Caller, user_arn};
use crate::identity_center;
use crate::oauth;
use crate::request::Request;
use crate::response::Response;
use crate::world::{AccessKey, Session, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    offset_s: i64,
}

/// Answers `METHOD /_sim/RESOURCE`.
pub fn respond(world: &mut World, request: &Request, resource: &str, now: SystemTime) -> Response {
    match (request.method.as_str(), resource) {
        ("GET", "calls") => Response::json(200, &json!(world.calls)),
        ("DELETE", "calls") => {
            world.calls.clear();
            done()
        }
        ("GET", "state") => Response::json(200, &state(world, now)),
        ("GET", "mfa") => Response::json(200, &next_codes(world, now)),
        ("GET", "faults") => Response::json(200, &json!(world.faults.remaining())),
        ("PUT", "faults") => set(request, |faults| world.faults = Faults::new(faults)),
        ("PUT", "clock") => set(request, |clock: Clock| {
            world.set_clock_offset(clock.offset_s);
        }),
        ("PUT", "identity-center") => match identity_center::set_script(world, &request.body) {
            Ok(()) => done(),
            Err(error) => refused(400, &error.to_string()),
        },
        ("DELETE", "sign-ins") => {
            oauth::end_all(world);
            done()
        }
        ("PUT", "options") => set_options(world, request),
        _ => refused(404, "there is no such resource"),
    }
}

fn set<T: DeserializeOwned>(request: &Request, apply: impl FnOnce(T)) -> Response {
    match serde_json::from_slice(&request.body) {
        Ok(value) => {
            apply(value);
            done()
        }
        Err(error) => refused(400, &error.to_string()),
    }
}

/// Sets the options named and leaves the others.
fn set_options(world: &mut World, request: &Request) -> Response {
    let merged = serde_json::from_slice::<Map<String, Value>>(&request.body).and_then(|changes| {
        let mut options = serde_json::to_value(&world.options)?;
        if let Some(members) = options.as_object_mut() {
            members.extend(changes);
        }
        serde_json::from_value(options)
    });
    match merged {
        Ok(options) => {
            world.options = options;
            done()
        }
        Err(error) => refused(400, &error.to_string()),
    }
}

fn state(world: &World, now: SystemTime) -> Value {
    let accounts: Map<String, Value> = world
        .accounts
        .iter()
        .map(|(id, account)| {
            let users: Map<String, Value> = account
                .users
                .iter()
                .map(|(name, user)| {
                    let serials: Vec<&str> = user.mfa_devices.iter().map(|device| device.serial.as_str()).collect();
                    let keys: Vec<Value> = user.access_keys.iter().map(key).collect();
                    let arn = user_arn(world, id, name);
                    (name.clone(), json!({ "arn": arn, "id": user.id, "access_keys": keys, "mfa_devices": serials }))
                })
                .collect();
            let roles: Map<String, Value> = account
                .roles
                .iter()
                .map(|(name, role)| {
                    let arn = account.role_arn(id, name, role);
                    let most = role.max_session_duration;
                    (name.clone(), json!({ "arn": arn, "id": role.id, "max_session_duration": most }))
                })
                .collect();
            (id.clone(), json!({ "users": users, "roles": roles }))
        })
        .collect();
    let sessions: Vec<Value> = world
        .sessions
        .iter()
        .map(|(id, session)| described(world, id, session))
        .collect();
    json!({ "now": clock::iso8601(now), "accounts": accounts, "sessions": sessions, "options": world.options })
}

/// A hash of the secret lets a test prove that a keystore holds this key, without the secret leaving the simulation.
fn key(key: &AccessKey) -> Value {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(key.secret.expose_secret()));
    let used = key.last_used.as_ref();
    json!({
        "id": key.id,
        "status": key.status,
        "created": clock::iso8601(key.created),
        "secret_sha256": hash,
        "last_used": used.map(|used| clock::iso8601(used.at)),
        "last_used_service": used.map(|used| &used.service),
    })
}

fn described(world: &World, id: &str, session: &Session) -> Value {
    let caller = Caller {
        account: session.account.clone(),
        principal: session.principal.clone(),
        access_key_id: id.to_owned(),
        session: None,
    };
    json!({
        "access_key_id": id,
        "arn": caller.arn(world),
        "issued": clock::iso8601(session.issued),
        "expires": clock::iso8601(session.expires),
        "mfa": session.mfa_at.is_some(),
        "chained": session.chained,
        "source_identity": session.source_identity,
        "tags": session.tags,
        "transitive_tag_keys": session.transitive_tag_keys,
        "root_key": session.root_key,
    })
}

/// Per device an unused code; null when this step's and the next one's are used up.
fn next_codes(world: &World, now: SystemTime) -> Value {
    let users = world
        .accounts
        .values()
        .flat_map(|account| account.users.values());
    let codes: Map<String, Value> = users
        .flat_map(|user| &user.mfa_devices)
        .map(|device| {
            (
                device.serial.clone(),
                json!(device.next_code(clock::unix(now)).ok().flatten()),
            )
        })
        .collect();
    Value::Object(codes)
}

fn done() -> Response {
    Response::json(200, &json!({}))
}

fn refused(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "error": message }))
}
