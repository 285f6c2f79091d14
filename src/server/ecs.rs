//! Container credentials: `AWS_CONTAINER_CREDENTIALS_FULL_URI` with a token.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider".

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::reply::{allowing, json_error};
use super::site::{Answer, Container, Form, Grant, Subject};
use crate::config::arn::Arn;

const ROLE: &str = "/role-arn/";

/// `path` is what follows the profile.
pub fn respond(container: &Container, profile: Option<usize>, head: &Parts, path: &str) -> Answer {
    let Some(grant) = container.granted(&head.headers) else {
        return refuse(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "invalid Authorization token",
        );
    };
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let reply = json_error(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "only GET is allowed",
        );
        return Answer::Reply(allowing(reply, "GET, HEAD"));
    }
    let Some(profile) = grant.profile(profile, path) else {
        return refuse(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "this Authorization token is for other credentials",
        );
    };
    let role_arn = match path.strip_prefix(ROLE) {
        None if matches!(path, "" | "/") => None,
        None => {
            return refuse(
                StatusCode::NOT_FOUND,
                "NotFound",
                "no credentials are there",
            );
        }
        Some(text) => match role(text) {
            Some(arn) => Some(arn),
            None => {
                return refuse(
                    StatusCode::BAD_REQUEST,
                    "InvalidArn",
                    "what follows /role-arn/ is not the ARN of a role",
                );
            }
        },
    };
    Answer::Credentials(Subject { profile, role_arn }, Form::Container)
}

impl Container {
    fn granted(&self, headers: &HeaderMap) -> Option<&Grant> {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (Some(token), None) = (shown.next(), shown.next()) else {
            return None;
        };
        let is_right = |grant: &&Grant| grant.token.is(token.as_bytes());
        self.grants.iter().find(is_right)
    }
}

impl Grant {
    /// The profile that this token gets at a path that names `asked`: a token for one profile gets that one at the bare
    /// address, too, and no roles.
    fn profile(&self, asked: Option<usize>, path: &str) -> Option<usize> {
        let Some(only) = self.only else {
            return Some(asked.unwrap_or_default());
        };
        let is_other = asked.is_some_and(|asked| asked != only);
        (!is_other && !path.starts_with(ROLE)).then_some(only)
    }
}

fn role(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let arn = Arn::parse(&text)?;
    let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
    let is_plain = text.len() <= 2048 && text.chars().all(|c| c.is_ascii_graphic());
    (is_role && is_plain).then(|| text.clone().into_owned())
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::Reply(json_error(status, code, message))
}
