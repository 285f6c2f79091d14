//! IAM Identity Center: its OIDC service, where tools get tokens, and its portal, where tokens buy role credentials.
//!
//! Sources: IAM Identity Center OIDC API Reference, IAM Identity Center Portal API Reference, RFC 8628, RFC 7636.

mod browser;
mod oidc;
mod portal;

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::request::Request;
use crate::response::Response;
use crate::world::World;

/// The instance, its one user, and what was handed out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityCenter {
    /// `https://NAME.awsapps.com/start`; clients must name it.
    pub start_url: String,
    /// By account id.
    pub assignments: BTreeMap<String, Assignment>,
    /// So many more accounts, each with the roles of `generated_roles`.
    pub generated_accounts: u32,
    /// Names of permission sets.
    pub generated_roles: Vec<String>,
    /// What a test may turn while the server runs, by `PUT /_sim/identity-center`.
    pub script: Script,
    #[serde(skip)]
    pub(crate) state: State,
}

/// What the user may be in one account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assignment {
    /// The account's name.
    pub name: String,
    /// The address of its root user.
    pub email: String,
    /// Names of permission sets. Credentials are those of the account's IAM role of that name.
    pub roles: Vec<String>,
}

/// How user and service behave.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What happens in the browser.
    pub user: User,
    /// The user answers on another device after so many polls, without visiting this server.
    pub answers_after_polls: Option<u32>,
    /// Seconds; AWS: 28,800 at most.
    pub access_token_life_s: u64,
    /// Whether tokens come with a refresh token, as they do with the scope `sso:account:access`.
    pub refresh_tokens: bool,
    /// Seconds; AWS: 600.
    pub device_code_life_s: u64,
    /// Seconds between polls; AWS: 1.
    pub interval_s: u64,
    /// Seconds; AWS: 90 days.
    pub registration_life_s: u64,
    /// Seconds for which role credentials live: the permission set's session duration.
    pub role_session_s: u64,
    /// Entries per page of the portal's lists.
    pub page_size: usize,
    /// Milliseconds until an answer of the portal leaves.
    pub portal_latency_ms: u64,
    /// So many requests a second before the portal answers 429.
    pub portal_rate: Option<u32>,
}

/// The person in front of the browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum User {
    /// Allows the access.
    #[default]
    Approves,
    /// Refuses it.
    Denies,
    /// Looks at the page and does nothing.
    Waits,
    /// Answers with the state of another request.
    AnswersAnother,
}

/// What was handed out.
#[derive(Debug, Default)]
pub struct State {
    clients: BTreeMap<String, Client>,
    codes: BTreeMap<String, Code>,
    devices: BTreeMap<String, Device>,
    /// By access token: when it expires.
    pub(crate) access_tokens: BTreeMap<String, SystemTime>,
    /// By refresh token: the client it belongs to.
    refresh_tokens: BTreeMap<String, String>,
    window: (u64, u32),
}

#[derive(Debug, Clone)]
struct Client {
    secret: String,
    expires: SystemTime,
    redirect_uris: Vec<String>,
    grants: Vec<String>,
    scopes: Vec<String>,
}

#[derive(Debug)]
struct Code {
    client: String,
    redirect_uri: String,
    challenge: String,
    expires: SystemTime,
}

#[derive(Debug)]
struct Device {
    client: String,
    user_code: String,
    answer: Option<User>,
    expires: SystemTime,
    polls: u32,
    last_poll: Option<SystemTime>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            user: User::Approves,
            answers_after_polls: None,
            access_token_life_s: 28_800,
            refresh_tokens: true,
            device_code_life_s: 600,
            interval_s: 1,
            registration_life_s: 90 * 86_400,
            role_session_s: 3600,
            page_size: 100,
            portal_latency_ms: 0,
            portal_rate: None,
        }
    }
}

impl IdentityCenter {
    /// Makes every token useless, as an administrator does who deletes the user's sessions.
    pub fn revoke_access_tokens(&mut self) {
        self.state.access_tokens.clear();
    }

    /// Makes every refresh token useless.
    pub fn revoke_refresh_tokens(&mut self) {
        self.state.refresh_tokens.clear();
    }

    /// Forgets every client registration.
    pub fn expire_registrations(&mut self) {
        self.state.clients.clear();
    }
}

/// Which service a path belongs to, and the action's name.
pub fn route(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    const OIDC: &str = "sso-oidc";
    const PORTAL: &str = "sso";
    Some(match (method, path) {
        ("POST", "/client/register") => (OIDC, "RegisterClient"),
        ("POST", "/device_authorization") => (OIDC, "StartDeviceAuthorization"),
        ("POST", "/token") => (OIDC, "CreateToken"),
        ("GET", "/authorize") => (OIDC, "Authorize"),
        ("GET", "/device") => (OIDC, "VerifyDevice"),
        ("GET", "/federation/credentials") => (PORTAL, "GetRoleCredentials"),
        ("GET", "/assignment/accounts") => (PORTAL, "ListAccounts"),
        ("GET", "/assignment/roles") => (PORTAL, "ListAccountRoles"),
        ("POST", "/logout") => (PORTAL, "Logout"),
        _ => return None,
    })
}

/// Whether a service of the log is one of these.
pub fn is_service(service: &str) -> bool {
    matches!(service, "sso" | "sso-oidc")
}

/// The request's members: those of its JSON, those of its query, and the bearer token as `accessToken`.
pub fn parameters(request: &Request) -> Parameters {
    let mut pairs = request.form();
    if let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(&request.body) {
        pairs.extend(members.into_iter().map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        }));
    }
    if let Some(token) = request.header("x-amz-sso_bearer_token") {
        pairs.push(("accessToken".to_owned(), token.to_owned()));
    }
    Parameters(pairs)
}

/// Answers one request of either service.
pub fn respond(
    world: &mut World,
    request: &Request,
    action: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Response, ApiError> {
    match action {
        "Authorize" => Ok(browser::authorize(world, parameters, now)),
        "VerifyDevice" => Ok(browser::verify_device(world, parameters)),
        "RegisterClient" => oidc::register(world, request, parameters, now),
        "StartDeviceAuthorization" => oidc::start_device(world, request, parameters, now),
        "CreateToken" => oidc::create_token(world, parameters, now),
        _ => portal::respond(world, action, parameters, now),
    }
}

/// An error document of these two services.
pub fn error_response(service: &str, error: &ApiError) -> Response {
    let body = if service == "sso-oidc" {
        json!({ "error": oidc::word(&error.code), "error_description": error.message })
    } else {
        json!({ "message": error.message })
    };
    Response::json(error.status, &body).with_header("x-amzn-errortype", error.code.clone())
}

/// Reads `PUT /_sim/identity-center`: the members of the script that are to change.
pub fn set_script(world: &mut World, body: &[u8]) -> serde_json::Result<()> {
    let changes: serde_json::Map<String, Value> = serde_json::from_slice(body)?;
    let mut script = serde_json::to_value(&world.identity_center.script)?;
    if let Some(members) = script.as_object_mut() {
        members.extend(changes);
    }
    world.identity_center.script = serde_json::from_value(script)?;
    Ok(())
}
