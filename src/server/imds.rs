//! The instance metadata service of EC2, as far as programs that need credentials and a region ask it.
//!
//! Source: EC2 User Guide, "Instance metadata categories" and "Use IMDSv2".

pub mod token;

use http::header::{ACCEPT_RANGES, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};

use super::clock::Now;
use super::reply::{Reply, TOKEN_TTL, allowing, text};
use super::site::{Answer, Facts, Form, Instance, Subject};
use token::{TOKEN, Ttl};

const TOKEN_PATH: &str = "/latest/api/token";
const CREDENTIALS: &str = "meta-data/iam/security-credentials";

/// Whether a path belongs to the metadata service: `/latest/…` or a version before it.
pub fn is_path(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    is_version(path.split('/').next().unwrap_or_default())
}

/// `path` is what follows the profile.
pub fn respond(
    instance: &Instance,
    facts: &Facts,
    profile: usize,
    head: &Parts,
    path: &str,
    now: Now,
) -> Answer {
    if head.method == Method::PUT {
        return Answer::Reply(put(instance, head, path, now));
    }
    if !matches!(head.method, Method::GET | Method::HEAD) || path == TOKEN_PATH {
        let methods = if path == TOKEN_PATH {
            "PUT"
        } else {
            "GET, HEAD"
        };
        let reply = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        return Answer::Reply(allowing(reply, methods));
    }
    let ttl = match token(instance, head, now) {
        Ok(ttl) => ttl,
        Err(reply) => return Answer::Reply(reply),
    };
    let Some(item) = item(path) else {
        return Answer::Reply(text(StatusCode::NOT_FOUND, "not found"));
    };
    if item
        .strip_prefix(CREDENTIALS)
        .and_then(|rest| rest.strip_prefix('/'))
        == Some(facts.role_name())
    {
        let subject = Subject {
            profile,
            role_arn: None,
        };
        return Answer::Credentials(subject, Form::Instance(ttl));
    }
    Answer::Reply(match value(facts, item, now) {
        Some(value) => with_ttl(text(StatusCode::OK, value), ttl),
        None => text(StatusCode::NOT_FOUND, "not found"),
    })
}

/// The reply of a request with a token tells how many seconds that has left.
pub fn with_ttl(mut reply: Reply, ttl: Option<u64>) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    if let Some(seconds) = ttl {
        headers.insert(TOKEN_TTL, HeaderValue::from(seconds));
    }
    reply
}

fn put(instance: &Instance, head: &Parts, path: &str, now: Now) -> Reply {
    if path != TOKEN_PATH {
        // EC2 refuses a token below a version.
        return if path.ends_with("/api/token") && is_path(path) {
            text(StatusCode::FORBIDDEN, "forbidden")
        } else {
            let reply = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
            allowing(reply, "GET, HEAD")
        };
    }
    let mut asked = head.headers.get_all(TOKEN_TTL).iter();
    let ttl = match (asked.next(), asked.next()) {
        (Some(value), None) => value.to_str().ok().and_then(Ttl::parse),
        _ => None,
    };
    let Some(ttl) = ttl else {
        return text(
            StatusCode::BAD_REQUEST,
            "X-aws-ec2-metadata-token-ttl-seconds must be a number from 1 to 21600",
        );
    };
    match instance.tokens.issue(ttl, now) {
        Ok(token) => with_ttl(text(StatusCode::OK, token), Some(ttl.seconds())),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "no random numbers"),
    }
}

/// The seconds that the request's token has left; `None` when it needs none.
fn token(instance: &Instance, head: &Parts, now: Now) -> Result<Option<u64>, Reply> {
    let mut shown = head.headers.get_all(TOKEN).iter();
    let left = match (shown.next(), shown.next()) {
        (None, _) if instance.tokens_optional => return Ok(None),
        (Some(token), None) => instance.tokens.left(token.as_bytes(), now),
        _ => None,
    };
    // A wrong token is refused even where none is needed, as EC2 does.
    left.map(|left| Some(left.as_secs())).ok_or_else(|| {
        text(
            StatusCode::UNAUTHORIZED,
            "a valid X-aws-ec2-metadata-token is needed: PUT /latest/api/token, or start the server with \
             --http-tokens=optional",
        )
    })
}

/// What a path asks for, below its version and without the last slash.
fn item(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let (version, rest) = path.split_once('/').unwrap_or((path, ""));
    if path.is_empty() {
        return Some("/");
    }
    is_version(version).then(|| rest.strip_suffix('/').unwrap_or(rest))
}

/// `latest`, `1.0` or a date.
fn is_version(text: &str) -> bool {
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| {
            if at == 4 || at == 7 {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        });
    text == "latest" || text == "1.0" || is_date
}

/// Listings end directories with a slash, and nothing with a newline: the SDK for Rust panics at one.
fn value(facts: &Facts, item: &str, now: Now) -> Option<String> {
    let region = facts.region.as_deref();
    let found = match item {
        "/" => "1.0\nlatest".to_owned(),
        "" => "dynamic/\nmeta-data/".to_owned(),
        "meta-data" => "iam/\ninstance-id\nplacement/".to_owned(),
        "meta-data/iam" => "info\nsecurity-credentials/".to_owned(),
        "meta-data/placement" => "availability-zone\nregion".to_owned(),
        "dynamic" => "instance-identity/".to_owned(),
        "dynamic/instance-identity" => "document".to_owned(),
        CREDENTIALS => facts.role_name().to_owned(),
        // The Go tool's.
        "meta-data/instance-id" => "aws-vault".to_owned(),
        "meta-data/placement/region" => region?.to_owned(),
        "meta-data/placement/availability-zone" => format!("{}a", region?),
        "meta-data/iam/info" => info(facts, now),
        "dynamic/instance-identity/document" => document(facts),
        _ => return None,
    };
    Some(found)
}

fn info(facts: &Facts, now: Now) -> String {
    let mut info = serde_json::json!({
        "Code": "Success",
        "LastUpdated": crate::credentials::rfc3339(now.wall),
    });
    if let (Some(account), Some(arn)) = (facts.account(), &facts.role_arn) {
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let name = facts.role_name();
        let profile = format!("arn:{partition}:iam::{account}:instance-profile/{name}");
        info["InstanceProfileArn"] = profile.into();
        info["InstanceProfileId"] = "AIPAAWSVAULT00000000".into();
    }
    format!("{info:#}")
}

/// Old SDKs take the region from it.
fn document(facts: &Facts) -> String {
    let mut document = serde_json::json!({
        "instanceId": "aws-vault",
        "version": "2017-09-30",
    });
    if let Some(region) = &facts.region {
        document["region"] = region.as_str().into();
        document["availabilityZone"] = format!("{region}a").into();
    }
    if let Some(account) = facts.account() {
        document["accountId"] = account.into();
    }
    format!("{document:#}")
}
