//! The pages that a browser visits; the script says what the person in front of it does.

use std::time::{Duration, SystemTime};

use super::{Code, User, oidc};
use crate::parameters::Parameters;
use crate::response::Response;
use crate::world::World;

/// RFC 6749, 4.1.2: at most ten minutes.
const CODE_LIFE: Duration = Duration::from_mins(10);

/// `GET /authorize`: sends the browser back with a code, or with an error.
pub fn authorize(world: &mut World, parameters: &Parameters, now: SystemTime) -> Response {
    let parameter = |name: &str| parameters.optional(name).unwrap_or_default();
    let redirect_uri = parameter("redirect_uri");
    let state = &world.identity_center.state;
    let Some(client) = state.clients.get(parameter("client_id")) else {
        return page(400, "Unknown client", "No such client is registered.");
    };
    if !client
        .redirect_uris
        .iter()
        .any(|registered| without_port(redirect_uri) == *registered)
    {
        return page(
            400,
            "Wrong redirect",
            "The redirect is not the registered one.",
        );
    }
    if parameter("response_type") != "code"
        || parameter("code_challenge_method") != "S256"
        || parameter("code_challenge").len() != 43
        || parameter("state").is_empty()
        || parameter("scopes").is_empty()
    {
        return page(400, "Invalid request", "A parameter is missing or wrong.");
    }
    let answer = |pairs: &[(&str, &str)]| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let location = format!("{redirect_uri}?{query}");
        Response::new(302, "text/plain", "").with_header("location", location)
    };
    let given = parameter("state");
    match world.identity_center.script.user {
        User::Waits => page(
            200,
            "Allow access?",
            "aws-vault asks for access to your accounts.",
        ),
        User::Denies => answer(&[
            ("error", "access_denied"),
            ("error_description", "User denied the request"),
            ("state", given),
        ]),
        user => {
            let code = Code {
                client: parameter("client_id").to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                challenge: parameter("code_challenge").to_owned(),
                expires: now + CODE_LIFE,
            };
            let id = oidc::token(world);
            let response = answer(&[
                ("code", &id),
                (
                    "state",
                    if user == User::AnswersAnother {
                        "of-another-request"
                    } else {
                        given
                    },
                ),
            ]);
            world.identity_center.state.codes.insert(id, code);
            response
        }
    }
}

/// RFC 8252, 7.3: the port of a loopback redirect is free.
fn without_port(uri: &str) -> String {
    let Some(rest) = uri.strip_prefix("http://127.0.0.1:") else {
        return uri.to_owned();
    };
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    format!("http://127.0.0.1{path}")
}

/// `GET /device?user_code=…`
pub fn verify_device(world: &mut World, parameters: &Parameters) -> Response {
    let user = world.identity_center.script.user;
    let given = parameters.optional("user_code").unwrap_or_default();
    let devices = &mut world.identity_center.state.devices;
    match devices
        .values_mut()
        .find(|device| device.user_code == given)
    {
        Some(device) => {
            device.answer = Some(user);
            page(200, "Request answered", "You can close this page.")
        }
        None => page(
            200,
            "Enter the code",
            "The code is shown where you signed in.",
        ),
    }
}

fn page(status: u16, title: &str, text: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
}
