//! Clients, device codes and tokens.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Client, Device, User};
use crate::clock::unix;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::request::Request;
use crate::response::Response;
use crate::world::World;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const GRANTS: [&str; 3] = ["authorization_code", "refresh_token", DEVICE_GRANT];

/// `AuthorizationPendingException` is `authorization_pending` in the body.
pub fn word(code: &str) -> String {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

fn refused(code: &str, message: &str) -> ApiError {
    let status = if code == "InvalidClientException" {
        401
    } else {
        400
    };
    ApiError::new(status, code, message)
}

pub fn register(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Response, ApiError> {
    let list = |name: &str| -> Vec<String> {
        parameters
            .optional(name)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    if parameters.optional("clientType") != Some("public") {
        return Err(refused(
            "InvalidClientMetadataException",
            "Only public clients can be registered.",
        ));
    }
    let redirect_uris = list("redirectUris");
    let grants = list("grantTypes");
    if grants.iter().any(|grant| !GRANTS.contains(&grant.as_str())) {
        return Err(refused(
            "UnsupportedGrantTypeException",
            "Unknown grant type.",
        ));
    }
    if grants.iter().any(|grant| grant == "authorization_code") {
        issuer(world, parameters.optional("issuerUrl"))?;
        if redirect_uris.is_empty() {
            return Err(refused("InvalidRedirectUriException", "No redirect URI."));
        }
    }
    if redirect_uris
        .iter()
        .any(|uri| !uri.starts_with("http://127.0.0.1/") && !uri.starts_with("http://[::1]/"))
    {
        return Err(refused(
            "InvalidRedirectUriException",
            "Redirect URIs must be loopback addresses.",
        ));
    }
    let (id, secret) = (world.ids.entity("", 22), token(world));
    let expires = now + Duration::from_secs(world.identity_center.script.registration_life_s);
    let answer = json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": unix(now),
        "clientSecretExpiresAt": unix(expires),
        "authorizationEndpoint": format!("{}/authorize", base(request)),
    });
    let client = Client {
        secret,
        expires,
        redirect_uris,
        grants,
        scopes: list("scopes"),
    };
    world.identity_center.state.clients.insert(id, client);
    Ok(Response::json(200, &answer))
}

fn issuer(world: &World, url: Option<&str>) -> Result<(), ApiError> {
    let plain = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
    if url.map(plain) == Some(plain(&world.identity_center.start_url)) {
        Ok(())
    } else {
        Err(refused(
            "InvalidRequestException",
            "The start URL belongs to no instance of IAM Identity Center in this Region.",
        ))
    }
}

fn base(request: &Request) -> String {
    format!("http://{}", request.header("host").unwrap_or_default())
}

fn client<'a>(
    world: &'a World,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<(String, &'a Client), ApiError> {
    let id = parameters.optional("clientId").unwrap_or_default();
    let client = world
        .identity_center
        .state
        .clients
        .get(id)
        .filter(|client| parameters.optional("clientSecret") == Some(client.secret.as_str()))
        .ok_or_else(|| refused("InvalidClientException", "Invalid client provided"))?;
    if now >= client.expires {
        return Err(refused("InvalidClientException", "Client is expired"));
    }
    Ok((id.to_owned(), client))
}

pub fn start_device(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Response, ApiError> {
    let (id, _) = client(world, parameters, now)?;
    issuer(world, parameters.optional("startUrl"))?;
    let code = token(world);
    let user_code: String = world.ids.entity("", 8);
    let user_code = format!("{}-{}", &user_code[..4], &user_code[4..]);
    let script = world.identity_center.script.clone();
    let page = format!("{}/device", base(request));
    let device = Device {
        client: id,
        user_code: user_code.clone(),
        answer: None,
        expires: now + Duration::from_secs(script.device_code_life_s),
        polls: 0,
        last_poll: None,
    };
    world
        .identity_center
        .state
        .devices
        .insert(code.clone(), device);
    Ok(Response::json(
        200,
        &json!({
            "deviceCode": code,
            "userCode": user_code,
            "verificationUri": page,
            "verificationUriComplete": format!("{page}?user_code={user_code}"),
            "expiresIn": script.device_code_life_s,
            "interval": script.interval_s,
        }),
    ))
}

pub fn create_token(
    world: &mut World,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Response, ApiError> {
    let (id, known) = client(world, parameters, now)?;
    let known = known.clone();
    let grant = parameters.optional("grantType").unwrap_or_default();
    if !known.grants.is_empty() && !known.grants.iter().any(|granted| granted == grant) {
        return Err(refused(
            "UnauthorizedClientException",
            "The client was not registered for this grant type.",
        ));
    }
    match grant {
        "authorization_code" => by_code(world, &id, parameters, now)?,
        DEVICE_GRANT => by_device(world, &id, parameters, now)?,
        "refresh_token" => by_refresh_token(world, &id, parameters)?,
        _ => {
            return Err(refused(
                "UnsupportedGrantTypeException",
                "Unknown grant type.",
            ));
        }
    }
    Ok(issued(world, id, &known, now))
}

fn by_code(
    world: &mut World,
    id: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<(), ApiError> {
    let invalid = || refused("InvalidGrantException", "Invalid grant provided");
    let given = parameters.optional("code").unwrap_or_default();
    // A code is good once, whatever comes of it.
    let code = world
        .identity_center
        .state
        .codes
        .remove(given)
        .ok_or_else(invalid)?;
    let verifier = parameters.optional("codeVerifier").unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let same = code.client == id
        && Some(code.redirect_uri.as_str()) == parameters.optional("redirectUri")
        && code.challenge == challenge
        && now < code.expires;
    if same { Ok(()) } else { Err(invalid()) }
}

fn by_device(
    world: &mut World,
    id: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<(), ApiError> {
    let script = world.identity_center.script.clone();
    let code = parameters.optional("deviceCode").unwrap_or_default();
    let devices = &mut world.identity_center.state.devices;
    let device = devices
        .get_mut(code)
        .filter(|device| device.client == id)
        .ok_or_else(|| refused("InvalidGrantException", "Invalid device code"))?;
    if now >= device.expires {
        return Err(refused("ExpiredTokenException", "Device code has expired"));
    }
    device.polls += 1;
    let too_soon = device.last_poll.replace(now).is_some_and(|last| {
        let least =
            Duration::from_secs(script.interval_s).saturating_sub(Duration::from_millis(50));
        now.duration_since(last).is_ok_and(|passed| passed < least)
    });
    if too_soon {
        return Err(refused("SlowDownException", "Slow down"));
    }
    if script
        .answers_after_polls
        .is_some_and(|polls| device.polls > polls)
    {
        device.answer = Some(script.user);
    }
    match device.answer {
        Some(User::Approves | User::AnswersAnother) => {
            devices.remove(code);
            Ok(())
        }
        Some(User::Denies) => Err(refused(
            "AccessDeniedException",
            "The user denied the request",
        )),
        Some(User::Waits) | None => Err(refused(
            "AuthorizationPendingException",
            "The request is pending",
        )),
    }
}

fn by_refresh_token(world: &mut World, id: &str, parameters: &Parameters) -> Result<(), ApiError> {
    let given = parameters.optional("refreshToken").unwrap_or_default();
    let state = &mut world.identity_center.state;
    match state.refresh_tokens.get(given) {
        Some(owner) if owner == id => {
            state.refresh_tokens.remove(given);
            Ok(())
        }
        _ => Err(refused(
            "InvalidGrantException",
            "Invalid refresh token provided",
        )),
    }
}

fn issued(world: &mut World, id: String, client: &Client, now: SystemTime) -> Response {
    let access = token(world);
    let script = world.identity_center.script.clone();
    let expires = now + Duration::from_secs(script.access_token_life_s);
    let refresh = (script.refresh_tokens
        && client
            .scopes
            .iter()
            .any(|scope| scope == "sso:account:access"))
    .then(|| token(world));
    let state = &mut world.identity_center.state;
    state.access_tokens.insert(access.clone(), expires);
    let mut answer = json!({
        "accessToken": access,
        "tokenType": "Bearer",
        "expiresIn": script.access_token_life_s,
    });
    if let Some(refresh) = refresh {
        answer["refreshToken"] = Value::String(refresh.clone());
        state.refresh_tokens.insert(refresh, id);
    }
    Response::json(200, &answer)
}

/// Opaque, and long as AWS's are.
pub(super) fn token(world: &mut World) -> String {
    format!("aoa{}", world.ids.session_token())
}
