//! Signing in to the AWS console with temporary credentials: a sign-in token from the federation endpoint, and the link made of
//! it.
//!
//! The link is a secret for its 15 minutes: whoever opens it is signed in. It is therefore in no error and on no command line.
//!
//! Source: IAM User Guide, "Enable custom identity broker access to the AWS console".

pub mod bookmarks;
mod destination;
mod post;
pub mod services;
mod switch_role;

use std::path::Path;
use std::time::Duration;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::arn::Partition;
use crate::credentials::SessionCredentials;
use crate::error::{CliError, visible};

use destination::destination;
pub use destination::{ConsoleLink, Page};
pub use switch_role::SwitchRole;

/// What console session is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignIn<'a> {
    /// The page's region; also tells the partition. Without one: the standard partition, and AWS chooses.
    pub region: Option<&'a str>,
    pub page: Page<'a>,
    /// How long the console session lasts, brought into AWS's range of 15 minutes to 12 hours.
    ///
    /// Only for role sessions that no other role's session made: AWS refuses the parameter for GetFederationToken and for
    /// role chaining. `None`: as long as the credentials.
    pub session_duration: Option<Duration>,
    /// `AWS_ENDPOINT_URL_SIGNIN` or the profile's own: replaces the partition's sign-in host.
    pub endpoint: Option<&'a str>,
    /// PEM file of further certificate authorities.
    pub ca_bundle: Option<&'a Path>,
    /// Whether the link ends a console session of another identity first.
    pub auto_logout: bool,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("'{0}' is not the name of a region")]
    Region(String),
    #[error("'{link}' {why} at {domain}")]
    Link {
        /// Without its query.
        link: String,
        why: &'static str,
        domain: &'static str,
    },
    #[error("the sign-in endpoint '{0}' must be an https URL, or http on this computer")]
    Endpoint(String),
    #[error("{host} refused the sign-in with HTTP status {status}")]
    Refused { host: String, status: u16 },
    #[error("{host} answered the sign-in with something else than a sign-in token")]
    Unreadable { host: String },
    #[error("{host} cannot be reached ({reason})")]
    Unreachable { host: String, reason: String },
    #[error("{host} did not answer within {seconds} seconds")]
    TimedOut { host: String, seconds: u64 },
    #[error(transparent)]
    CaBundle(#[from] crate::aws::tls::BundleError),
}

/// The link that signs a browser in, good for 15 minutes. One call to AWS.
pub fn link(credentials: &SessionCredentials, sign_in: &SignIn<'_>) -> Result<SecretString, Error> {
    let partition = partition(sign_in.region)?;
    let endpoint = Endpoint::of(partition, sign_in.endpoint)?;
    let destination = destination(partition, sign_in.region, sign_in.page)?;
    let form = token_form(credentials, sign_in.session_duration);
    let answer = post::form(&endpoint.federation, &form, sign_in.ca_bundle)?;
    let token = token(&answer, &endpoint.host())?;
    let login = login_url(&endpoint, &destination, &token);
    Ok(SecretString::from(if sign_in.auto_logout {
        logout_url(&endpoint, &login)
    } else {
        login.to_string()
    }))
}

/// The page itself, for a browser that is signed in already. No call to AWS.
pub fn page(region: Option<&str>, page: Page<'_>) -> Result<String, Error> {
    destination(partition(region)?, region, page)
}

/// A region becomes part of a host's name, so `evil.example/` must not pass for one.
fn partition(region: Option<&str>) -> Result<Partition, Error> {
    let region = region.unwrap_or_default();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.chars().all(is_name) {
        Ok(Partition::of_region(region))
    } else {
        Err(Error::Region(visible(region)))
    }
}

/// The two addresses of a sign-in host.
#[derive(Debug, PartialEq, Eq)]
struct Endpoint {
    federation: Uri,
    oauth: String,
}

impl Endpoint {
    fn of(partition: Partition, configured: Option<&str>) -> Result<Self, Error> {
        let base = configured.map_or_else(
            || format!("https://{}", partition.signin_host()),
            str::to_owned,
        );
        let base = base.trim_end_matches('/');
        let refused =
            || Error::Endpoint(visible(base.split(['?', '#']).next().unwrap_or_default()));
        let federation: Uri = format!("{base}/federation")
            .parse()
            .map_err(|_| refused())?;
        let safe = match federation.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(&federation),
            _ => false,
        };
        if !safe || federation.query().is_some() || base.contains(['#', '@']) {
            return Err(refused());
        }
        Ok(Self {
            federation,
            oauth: format!("{base}/oauth"),
        })
    }

    fn host(&self) -> String {
        self.federation.host().unwrap_or_default().to_owned()
    }
}

/// Whether the host is this computer, so that nobody can listen in on plain HTTP.
fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// `Session` of `getSigninToken`.
#[derive(Serialize)]
struct Session<'a> {
    #[serde(rename = "sessionId")]
    id: &'a str,
    #[serde(rename = "sessionKey")]
    key: &'a str,
    #[serde(rename = "sessionToken")]
    token: &'a str,
}

/// The form that asks for a sign-in token. In a POST body, where no proxy and no log sees it, unlike in a query.
fn token_form(credentials: &SessionCredentials, duration: Option<Duration>) -> Zeroizing<String> {
    let session = Session {
        id: &credentials.access_key_id,
        key: credentials.secret_access_key.expose_secret(),
        token: credentials.session_token.expose_secret(),
    };
    let json = Zeroizing::new(serde_json::to_string(&session).expect("strings always serialise"));
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(16 * 1024));
    form.append_pair("Action", "getSigninToken");
    if let Some(duration) = duration {
        form.append_pair(
            "SessionDuration",
            &duration.as_secs().clamp(900, 43_200).to_string(),
        );
    }
    form.append_pair("Session", &json);
    Zeroizing::new(form.finish())
}

fn token(answer: &[u8], host: &str) -> Result<SecretString, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "SigninToken")]
        token: String,
    }
    serde_json::from_slice(answer)
        .ok()
        .map(|answer: Answer| SecretString::from(answer.token))
        .filter(|token| !token.expose_secret().is_empty())
        .ok_or_else(|| Error::Unreadable {
            host: host.to_owned(),
        })
}

fn login_url(endpoint: &Endpoint, destination: &str, token: &SecretString) -> Zeroizing<String> {
    let query = form_urlencoded::Serializer::new(String::with_capacity(16 * 1024))
        .append_pair("Action", "login")
        .append_pair("Issuer", "aws-vault")
        .append_pair("Destination", destination)
        .append_pair("SigninToken", token.expose_secret())
        .finish();
    let query = Zeroizing::new(query);
    Zeroizing::new(format!("{}?{}", endpoint.federation, *query))
}

/// The Go tool logs out at the standard partition's host, whatever the partition, and leaves the inner link half encoded.
fn logout_url(endpoint: &Endpoint, login: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::with_capacity(16 * 1024))
        .append_pair("Action", "logout")
        .append_pair("redirect_uri", login)
        .finish();
    format!("{}?{}", endpoint.oauth, *Zeroizing::new(query))
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Refused { status: 400, .. } => {
                "the console takes sessions of roles and of GetFederationToken, not of GetSessionToken"
            }
            Error::Refused { .. } | Error::Unreadable { .. } => {
                "check AWS_ENDPOINT_URL_SIGNIN and the proxy, or try again later"
            }
            Error::Unreachable { .. } | Error::TimedOut { .. } => {
                "check the network, HTTPS_PROXY and AWS_CA_BUNDLE"
            }
            Error::Link { .. } => {
                "give a link out of the console's address bar, or a page with --path; --region tells the partition"
            }
            Error::Region(_) => "check `region` of the profile, or give --region",
            Error::Endpoint(_) => "check AWS_ENDPOINT_URL_SIGNIN, or `services` of the profile",
            Error::CaBundle(_) => "check AWS_CA_BUNDLE, or `ca_bundle` of the profile",
        };
        Self::new(&error).hint(hint)
    }
}

#[cfg(test)]
mod tests;
