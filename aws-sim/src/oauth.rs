//! Sign-in with console credentials for developer tools (`aws login`): an authorization code with PKCE, and tokens that are
//! bound to the client's key by DPoP.
//!
//! Sources: AWS Sign-In API Reference, CreateOAuth2Token; RFC 6749, RFC 7636, RFC 9449; AWS CLI 2.32, `aws login`.

mod dpop;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::identity::{Caller, NewSession, Principal, start_session, user_arn};
use crate::parameters::Parameters;
use crate::request::Request;
use crate::response::Response;
use crate::world::World;
use crate::xml::escaped;

/// The service's name in log and faults.
pub const SERVICE: &str = "signin-oauth";

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";
/// Seconds; AWS: the same.
const ACCESS_LIFE_S: u64 = 900;
const CODE_LIFE: Duration = Duration::from_mins(10);

/// What was handed out.
#[derive(Debug, Default)]
pub struct State {
    codes: BTreeMap<String, Code>,
    refresh_tokens: BTreeMap<String, Refresh>,
    /// Ids of proofs that were seen.
    proofs: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Code {
    client: String,
    redirect_uri: String,
    challenge: String,
    user: (String, String),
    expires: SystemTime,
}

#[derive(Debug, Clone)]
struct Refresh {
    client: String,
    /// Thumbprint of the key it is bound to.
    key: String,
    user: (String, String),
}

/// A refusal: status, code and message.
type Refusal = (u16, &'static str, &'static str);

/// The action of a request to this service.
pub fn route(method: &str, path: &str) -> Option<&'static str> {
    match (method, path) {
        ("GET", "/v1/authorize") => Some("Authorize"),
        ("GET", "/v1/sessions/confirmation") => Some("Confirmation"),
        ("POST", "/v1/token") => Some("CreateOAuth2Token"),
        _ => None,
    }
}

/// Answers, and says on whose behalf.
pub fn respond(
    world: &mut World,
    request: &Request,
    action: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> (Option<Caller>, Response) {
    match action {
        "Authorize" => (None, authorize(world, parameters, now)),
        "Confirmation" => (None, confirmation(parameters)),
        _ => match token(world, request, parameters, now) {
            Ok((caller, response)) => (Some(caller), response),
            Err(refusal) => (None, refused(refusal)),
        },
    }
}

/// The page that asks the person. A browser that waits for a second is taken for one who agrees.
fn authorize(world: &mut World, parameters: &Parameters, now: SystemTime) -> Response {
    let parameter = |name: &str| parameters.optional(name).unwrap_or_default();
    let (client, redirect_uri) = (parameter("client_id"), parameter("redirect_uri"));
    let right_redirect = match client {
        SAME_DEVICE => {
            redirect_uri.starts_with("http://127.0.0.1:")
                && redirect_uri.ends_with("/oauth/callback")
        }
        CROSS_DEVICE => redirect_uri.ends_with("/v1/sessions/confirmation"),
        _ => false,
    };
    if !right_redirect
        || parameter("response_type") != "code"
        || parameter("scope") != "openid"
        || parameter("code_challenge_method") != "SHA-256"
        || parameter("code_challenge").len() != 43
        || parameter("state").is_empty()
    {
        return page(
            400,
            "Invalid request",
            "<p>A parameter is missing or wrong.</p>",
            "",
        );
    }
    let Some(user) = world.options.console_user.clone() else {
        return page(
            200,
            "Sign in",
            "<p>Nobody is signed in to the console.</p>",
            "",
        );
    };
    let (account, name) = user.split_once('/').unwrap_or((&user, ""));
    let code = world.ids.signin_token();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", parameter("state"))
        .finish();
    let back = escaped(&format!("{redirect_uri}?{query}"));
    let arn = escaped(&user_arn(world, account, name));
    let given = Code {
        client: client.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        challenge: parameter("code_challenge").to_owned(),
        user: (account.to_owned(), name.to_owned()),
        expires: now + CODE_LIFE,
    };
    world.oauth.codes.insert(code, given);
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"1; url={back}\">");
    let text = format!(
        "<p>Continue with the session of <b>{arn}</b>?</p><p><a href=\"{back}\">Continue</a></p>"
    );
    page(200, "Access for a developer tool", &text, &refresh)
}

/// What the person copies to another computer: state and code in base64.
fn confirmation(parameters: &Parameters) -> Response {
    let parameter = |name: &str| parameters.optional(name).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("state", parameter("state"))
        .append_pair("code", parameter("code"))
        .finish();
    let text = format!(
        "<p>Enter this authorization code: <code id=\"code\">{}</code></p>",
        STANDARD.encode(query)
    );
    page(200, "Authorization code", &text, "")
}

fn token(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<(Caller, Response), Refusal> {
    let proof = dpop::check(request, now)?;
    if !world.oauth.proofs.insert(proof.id) {
        return Err((400, "INVALID_REQUEST", "the DPoP proof was used before"));
    }
    let parameter = |name: &str| parameters.optional(name).unwrap_or_default();
    let (client, user, first) = match parameter("grantType") {
        "authorization_code" => {
            let code = world.oauth.codes.remove(parameter("code")).ok_or((
                403,
                "AUTHCODE_EXPIRED",
                "the code is not known",
            ))?;
            let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(parameter("codeVerifier")));
            if now >= code.expires {
                return Err((403, "AUTHCODE_EXPIRED", "the code has expired"));
            }
            if code.client != parameter("clientId")
                || code.redirect_uri != parameter("redirectUri")
                || code.challenge != digest
            {
                return Err((
                    400,
                    "INVALID_REQUEST",
                    "client, redirect or verifier is not the code's",
                ));
            }
            (code.client, code.user, true)
        }
        "refresh_token" => {
            let refresh = world
                .oauth
                .refresh_tokens
                .get(parameter("refreshToken"))
                .cloned()
                .ok_or((403, "TOKEN_EXPIRED", "the refresh token has expired"))?;
            if refresh.client != parameter("clientId") || refresh.key != proof.key {
                return Err((
                    400,
                    "INVALID_REQUEST",
                    "client or key is not the refresh token's",
                ));
            }
            (refresh.client, refresh.user, false)
        }
        _ => return Err((400, "INVALID_REQUEST", "no such grant type")),
    };
    let (account, name) = &user;
    let maker = Caller {
        account: account.clone(),
        principal: Principal::User(name.clone()),
        access_key_id: String::new(),
        session: None,
    };
    let new = NewSession {
        duration: ACCESS_LIFE_S,
        mfa_at: Some(now),
        ..NewSession::default()
    };
    let (id, session) = start_session(world, &maker, account, maker.principal.clone(), new, now);
    let refresh_token = world.ids.session_token();
    let arn = user_arn(world, account, name);
    let mut answer = json!({
        "accessToken": {
            "accessKeyId": id,
            "secretAccessKey": session.secret.expose_secret(),
            "sessionToken": session.token.expose_secret(),
        },
        "tokenType": "aws_sigv4",
        "expiresIn": ACCESS_LIFE_S,
        "refreshToken": refresh_token,
    });
    if first {
        let claims = URL_SAFE_NO_PAD.encode(json!({ "sub": arn }).to_string());
        answer["idToken"] = format!("e30.{claims}.c2lnbmF0dXJl").into();
    }
    let bound = Refresh {
        client,
        key: proof.key,
        user: user.clone(),
    };
    world.oauth.refresh_tokens.insert(refresh_token, bound);
    let caller = Caller {
        access_key_id: id,
        session: Some(session),
        ..maker
    };
    Ok((caller, Response::json(200, &answer)))
}

/// Ends every sign-in, as a changed password does.
pub fn end_all(world: &mut World) {
    world.oauth.refresh_tokens.clear();
}

fn refused((status, code, message): Refusal) -> Response {
    let kind = if status == 403 {
        "AccessDeniedException"
    } else {
        "ValidationException"
    };
    Response::json(status, &json!({ "error": code, "message": message }))
        .with_header("x-amzn-errortype", kind)
}

fn page(status: u16, title: &str, body: &str, head: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>{title}</title>{head}</head><body><h1>{title}</h1>{body}</body></html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
}
