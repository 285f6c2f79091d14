//! Sign-in federation: temporary credentials become a sign-in token, and that a console session.
//! Source: "Enabling custom identity broker access to the AWS console", AWS IAM User Guide.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use crate::identity::{self, Caller, Principal};
use crate::parameters::Parameters;
use crate::request::Request;
use crate::response::Response;
use crate::world::World;
use crate::xml::escaped;

const TOKEN_LIFE: Duration = Duration::from_mins(15);
const CONSOLE_DURATIONS: std::ops::RangeInclusive<u64> = 900..=43_200;
const COOKIE: &str = "aws-sim-console";
const CONSOLE_DOMAINS: &[&str] = &[
    "console.aws.amazon.com",
    "console.amazonaws.cn",
    "console.amazonaws-us-gov.com",
    "console.amazonaws-eusc.eu",
];

/// Sign-in tokens that were handed out and browsers that are signed in.
#[derive(Debug, Default)]
pub struct State {
    tokens: BTreeMap<String, Console>,
    consoles: BTreeMap<String, Console>,
}

#[derive(Debug, Clone)]
struct Console {
    caller: Caller,
    token_expires: SystemTime,
    session_expires: SystemTime,
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(rename = "sessionId")]
    id: String,
    #[serde(rename = "sessionKey")]
    key: String,
    #[serde(rename = "sessionToken")]
    token: String,
}

/// Whether a path belongs to the sign-in service rather than to a signed API.
pub fn serves(path: &str) -> bool {
    path == "/federation" || path == "/oauth" || path == "/console" || path.starts_with("/console/")
}

/// The action's name for log and faults.
pub fn action(path: &str, parameters: &Parameters) -> String {
    match (path, parameters.optional("Action")) {
        ("/federation" | "/oauth", Some(action)) => action.to_owned(),
        _ => "console".to_owned(),
    }
}

/// Answers, and says on whose behalf.
pub fn respond(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    now: SystemTime,
) -> (Option<Caller>, Response) {
    match (request.path.as_str(), parameters.optional("Action")) {
        ("/federation", Some("getSigninToken")) => signin_token(world, parameters, now),
        ("/federation", Some("login")) => login(world, request, parameters, now),
        ("/oauth", Some("logout")) => logout(world, request, parameters),
        ("/federation" | "/oauth", _) => (None, bad_request("Unknown Action.")),
        _ => console(world, request, now),
    }
}

fn signin_token(
    world: &mut World,
    parameters: &Parameters,
    now: SystemTime,
) -> (Option<Caller>, Response) {
    let caller = match federated_caller(world, parameters, now) {
        Ok(caller) => caller,
        Err(message) => return (None, bad_request(message)),
    };
    let session_expires = match console_expiry(&caller, parameters, now) {
        Ok(expires) => expires,
        Err(message) => return (Some(caller), bad_request(message)),
    };
    let token = world.ids.signin_token();
    let console = Console {
        caller: caller.clone(),
        token_expires: now + TOKEN_LIFE,
        session_expires,
    };
    world.signin.tokens.insert(token.clone(), console);
    (
        Some(caller),
        Response::json(200, &json!({ "SigninToken": token })),
    )
}

/// Only roles and federated users have consoles of their own: AWS refuses sessions of `GetSessionToken`.
fn federated_caller(
    world: &World,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Caller, &'static str> {
    const INVALID: &str = "Invalid credentials parameter";
    let session = parameters
        .optional("Session")
        .ok_or("Missing Session parameter")?;
    let given: Credentials = serde_json::from_str(session).map_err(|_| INVALID)?;
    let caller = identity::owner(world, &given.id, Some(&given.token), now).map_err(|_| INVALID)?;
    let secret = identity::secret_of(world, &caller).ok_or(INVALID)?;
    if secret.expose_secret() != given.key || matches!(caller.principal, Principal::User(_)) {
        return Err(INVALID);
    }
    Ok(caller)
}

/// A role session may outlive its credentials by `SessionDuration`; AWS refuses the parameter for federated users and
/// for chained roles.
fn console_expiry(
    caller: &Caller,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<SystemTime, &'static str> {
    const INVALID: &str = "Invalid credentials parameter";
    let session = caller.session.as_ref().ok_or(INVALID)?;
    let Some(duration) = parameters.optional("SessionDuration") else {
        return Ok(session.expires);
    };
    let seconds: u64 = duration.parse().map_err(|_| "Invalid SessionDuration")?;
    if !CONSOLE_DURATIONS.contains(&seconds) {
        return Err("Invalid SessionDuration");
    }
    let chained_too_long = session.chained && seconds > 3_600;
    if chained_too_long || !matches!(caller.principal, Principal::AssumedRole(..)) {
        return Err(INVALID);
    }
    Ok(now + Duration::from_secs(seconds))
}

fn login(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    now: SystemTime,
) -> (Option<Caller>, Response) {
    let token = parameters.optional("SigninToken").unwrap_or_default();
    let Some(console) = world.signin.tokens.get(token).cloned() else {
        return (None, bad_request("Invalid sign-in token."));
    };
    let caller = Some(console.caller.clone());
    if now >= console.token_expires {
        return (caller, bad_request("Your sign-in token has expired."));
    }
    let Some(location) = destination(
        world,
        request,
        parameters.optional("Destination").unwrap_or_default(),
    ) else {
        return (
            caller,
            bad_request("Destination is not a page of the console."),
        );
    };
    if let Some(open) = open_console(world, request, now)
        && open.caller.principal != console.caller.principal
    {
        let message = "You must first log out before logging into a different AWS account.";
        return (caller, bad_request(message));
    }
    world.signin.tokens.remove(token);
    let id = world.ids.request_id();
    world.signin.consoles.insert(id.clone(), console);
    let cookie = format!("{COOKIE}={id}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
    (
        caller,
        redirect(&location).with_header("set-cookie", cookie),
    )
}

/// Where a login goes: a page of an AWS console or of this server, never elsewhere.
fn destination(world: &World, request: &Request, wanted: &str) -> Option<String> {
    let own = format!(
        "http://{}/console",
        request.header("host").unwrap_or_default()
    );
    if wanted.starts_with("/console") || wanted.starts_with(&own) {
        return Some(wanted.to_owned());
    }
    let rest = wanted.strip_prefix("https://")?;
    let (host, page) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_console = |domain: &&str| {
        host == *domain
            || host
                .strip_suffix(*domain)
                .is_some_and(|region| region.ends_with('.'))
    };
    CONSOLE_DOMAINS.iter().any(is_console).then(|| {
        if !world.options.local_console {
            wanted.to_owned()
        } else if page.starts_with("/console") {
            page.to_owned()
        } else {
            format!("/console{page}")
        }
    })
}

fn logout(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
) -> (Option<Caller>, Response) {
    let open = request
        .cookie(COOKIE)
        .and_then(|id| world.signin.consoles.remove(id));
    let location = parameters.optional("redirect_uri").unwrap_or("/console");
    let gone = format!("{COOKIE}=; Path=/; Max-Age=0");
    (
        open.map(|console| console.caller),
        redirect(location).with_header("set-cookie", gone),
    )
}

fn console(world: &World, request: &Request, now: SystemTime) -> (Option<Caller>, Response) {
    let Some(console) = open_console(world, request, now) else {
        return (None, page(401, "Sign in", "You are not signed in."));
    };
    let Caller { account, .. } = &console.caller;
    let arn = console.caller.arn(world);
    let region =
        form_urlencoded::parse(request.query.as_bytes()).find(|(name, _)| name == "region");
    let body = format!(
        "Account <b id=\"account\">{}</b>, signed in as <b id=\"identity\">{}</b>, region <b id=\"region\">{}</b>.",
        escaped(account),
        escaped(&arn),
        escaped(&region.map_or_else(|| "default".into(), |(_, region)| region)),
    );
    (
        Some(console.caller.clone()),
        page(200, "AWS Management Console", &body),
    )
}

fn open_console<'a>(world: &'a World, request: &Request, now: SystemTime) -> Option<&'a Console> {
    let console = world.signin.consoles.get(request.cookie(COOKIE)?)?;
    (now < console.session_expires).then_some(console)
}

fn redirect(location: &str) -> Response {
    Response::new(302, "text/plain", "").with_header("location", location)
}

fn bad_request(message: &str) -> Response {
    page(400, "Bad Request", &escaped(message))
}

fn page(status: u16, title: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><title>{title}</title><h1>{title}</h1><p>{body}</p></html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
}
