//! `credential_source`: credentials that lie about where we run, of the environment, the instance or the container.
//!
//! None of them is cached: the variables are there, and the two services are caches themselves, a millisecond away, on machines
//! that often have no keystore. What roles are assumed with them is cached like any role.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider" and "IMDS credential provider".

use std::net::IpAddr;

use http::Uri;
use zeroize::Zeroizing;

use super::{Error, Provider, document};
use crate::aws::metadata::{Answer, Ask};
use crate::config::profile::Setting;
use crate::credentials::{AccessKey, Credentials, SessionCredentials, TimelessCredentials};

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ECS_HOST: &str = "http://169.254.170.2";
/// Where plain HTTP may go: ECS, and EKS over IPv4 and IPv6. Others only on this machine.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";

#[derive(Debug, thiserror::Error)]
#[error("credential_source of profile '{profile}' is {source_name}, but {reason}")]
pub struct SourceError {
    profile: String,
    source_name: String,
    reason: String,
    hint: &'static str,
}

impl SourceError {
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

/// A reason and its hint.
type Refusal = (String, &'static str);

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    source: &Setting<String>,
    fact: Option<&Setting<String>>,
) -> Result<Credentials, Error> {
    let result = match source.value.to_ascii_lowercase().as_str() {
        "environment" => environment(provider),
        "ecscontainer" => container(provider),
        _ => instance(provider, fact.map_or("", |fact| fact.value.as_str())),
    };
    result.map_err(|(reason, hint)| {
        Error::Source(SourceError {
            profile: profile.to_owned(),
            source_name: source.value.clone(),
            reason,
            hint,
        })
    })
}

fn environment(provider: &Provider<'_>) -> Result<Credentials, Refusal> {
    const HINT: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)";
    let var = |name| provider.environment.var(name);
    let needed = |name| var(name).ok_or_else(|| (format!("{name} is not set"), HINT));
    let access_key_id = needed("AWS_ACCESS_KEY_ID")?.to_owned();
    let secret_access_key = needed("AWS_SECRET_ACCESS_KEY")?.into();
    let expiration = var("AWS_CREDENTIAL_EXPIRATION").and_then(document::instant);
    if expiration.is_some_and(|expiration| expiration <= (provider.clock)()) {
        return Err((
            "the credentials of the environment have expired".to_owned(),
            "get new ones, and unset AWS_CREDENTIAL_EXPIRATION if it is stale",
        ));
    }
    Ok(match (var("AWS_SESSION_TOKEN"), expiration) {
        (None, _) => Credentials::AccessKey(AccessKey {
            access_key_id,
            secret_access_key,
        }),
        (Some(token), None) => Credentials::Timeless(TimelessCredentials {
            access_key_id,
            secret_access_key,
            session_token: token.into(),
        }),
        (Some(token), Some(expiration)) => Credentials::Session(SessionCredentials {
            access_key_id,
            secret_access_key,
            session_token: token.into(),
            expiration,
        }),
    })
}

fn container(provider: &Provider<'_>) -> Result<Credentials, Refusal> {
    let var = |name| provider.environment.var(name);
    let url = match (var(RELATIVE_URI), var(FULL_URI)) {
        (Some(path), _) => format!("{ECS_HOST}{path}"),
        (None, Some(url)) => allowed(url)?.to_owned(),
        (None, None) => {
            return Err((
                format!("neither {RELATIVE_URI} nor {FULL_URI} is set"),
                "containers of ECS, EKS and Greengrass have one of them; is this one?",
            ));
        }
    };
    let token = authorization(provider)?;
    let headers: Vec<_> = token
        .iter()
        .map(|token| ("authorization", token.as_str()))
        .collect();
    let ask = Ask {
        method: "GET",
        url: &url,
        headers: &headers,
    };
    let host = "the container's credential endpoint";
    let answer = provider
        .aws
        .ask_locally(ask)
        .map_err(|reason| unreachable(host, &reason))?;
    read(provider, host, &answer)
}

/// The URI's token is sent in clear, so only to this machine and to AWS's own addresses.
fn allowed(url: &str) -> Result<&str, Refusal> {
    let uri: Uri = url
        .parse()
        .map_err(|_| (format!("{FULL_URI} is no URI"), "correct the variable"))?;
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if is_loopback || CONTAINER_HOSTS.contains(&host) => Ok(url),
        _ => Err((
            format!("{FULL_URI} goes to {host} without TLS"),
            "plain http is for this machine and for 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] only",
        )),
    }
}

/// The file comes first, and is read anew each time: EKS renews it.
fn authorization(provider: &Provider<'_>) -> Result<Option<Zeroizing<String>>, Refusal> {
    let token = match provider.environment.var(TOKEN_FILE) {
        Some(path) => Zeroizing::new(std::fs::read_to_string(path).map_err(|error| {
            (
                format!("the file of {TOKEN_FILE} cannot be read: {error}"),
                "the container's agent writes it",
            )
        })?),
        None => match provider.environment.var(TOKEN) {
            Some(token) => Zeroizing::new(token.to_owned()),
            None => return Ok(None),
        },
    };
    let token = Zeroizing::new(token.trim_end().to_owned());
    if token.contains(['\r', '\n']) {
        return Err((
            "its authorization token has several lines".to_owned(),
            "the token is one line",
        ));
    }
    Ok(Some(token))
}

/// IMDSv2 only: a token first, which a server-side request forgery could not fetch.
fn instance(provider: &Provider<'_>, endpoint: &str) -> Result<Credentials, Refusal> {
    let disabled = provider.environment.var("AWS_EC2_METADATA_DISABLED");
    if disabled.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Err((
            "AWS_EC2_METADATA_DISABLED is true".to_owned(),
            "unset it to use the instance's role",
        ));
    }
    let host = "the instance metadata service";
    let base = endpoint.trim_end_matches('/');
    let ask = |method, path: &str, headers: &[(&'static str, &str)]| {
        let url = format!("{base}{path}");
        provider
            .aws
            .ask_locally(Ask {
                method,
                url: &url,
                headers,
            })
            .map_err(|reason| unreachable(host, &reason))
    };
    let ttl = [("x-aws-ec2-metadata-token-ttl-seconds", "60")];
    let token = one_line(host, &ask("PUT", "/latest/api/token", &ttl)?)?;
    let headers = [("x-aws-ec2-metadata-token", token.as_str())];
    let roles = ask("GET", ROLE_PATH, &headers)?;
    if roles.0 == 404 {
        return Err((
            "the instance has no role".to_owned(),
            "attach an instance profile to it",
        ));
    }
    let role = one_line(host, &roles)?;
    let answer = ask("GET", &format!("{ROLE_PATH}{}", *role), &headers)?;
    read(provider, host, &answer)
}

fn one_line(host: &str, (status, body): &Answer) -> Result<Zeroizing<String>, Refusal> {
    let line = std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.lines().next())
        .map(str::trim)
        .filter(|line| *status == 200 && !line.is_empty() && line.is_ascii());
    line.map(|line| Zeroizing::new(line.to_owned()))
        .ok_or_else(|| refused(host, *status))
}

fn read(
    provider: &Provider<'_>,
    host: &str,
    (status, body): &Answer,
) -> Result<Credentials, Refusal> {
    if *status != 200 {
        return Err(refused(host, *status));
    }
    document::credentials(body, (provider.clock)()).map_err(|reason| {
        (
            format!("{host} answered with {reason}"),
            "is it AWS that answers?",
        )
    })
}

fn unreachable(host: &str, reason: &str) -> Refusal {
    (
        format!("{host} cannot be reached ({reason})"),
        "this works on AWS's own machines only",
    )
}

fn refused(host: &str, status: u16) -> Refusal {
    (
        format!("{host} answered with HTTP status {status}"),
        "401 and 403 mean that the token was refused or the service is switched off for this machine",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_only_where_they_may() {
        for (url, is_allowed) in [
            ("http://127.0.0.1:1338/creds", true),
            ("http://[::1]:1338/creds", true),
            ("http://localhost/creds", true),
            ("http://169.254.170.2/creds", true),
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("https://example.com/creds", true),
            ("http://example.com/creds", false),
            ("http://169.254.169.254/creds", false),
            ("http://127.0.0.1.example.com/", false),
            ("ftp://127.0.0.1/", false),
            ("nonsense", false),
        ] {
            assert_eq!(allowed(url).is_ok(), is_allowed, "{url}");
        }
    }
}
