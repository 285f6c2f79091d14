//! Calls of a Connect server: with a time limit, without following redirects, and with every status a typed error.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use ureq::http::{Request, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, RequestExt};
use zeroize::Zeroizing;

use super::Shape;
use crate::Error;

/// Far above any vault's list; bounds what a server can make us read.
const MAX_ANSWER: u64 = 16 << 20;

#[derive(Clone, Copy)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// A server with the token for it.
pub(super) struct Client {
    agent: Agent,
    shape: Shape,
    token: SecretString,
}

impl Client {
    /// Whether the server has an address that can be used.
    pub(super) fn check(shape: &Shape) -> Result<(), Error> {
        let host = &shape.settings.connect_host;
        if host.is_empty() {
            return Err(shape
                .unavailable("it is not known where the Connect server is (--op-connect-host)"));
        }
        let uri: Option<ureq::http::Uri> = host.parse().ok();
        let good = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
        });
        if good {
            Ok(())
        } else {
            Err(shape.unavailable(format!("{host:?} is not the URL of a Connect server")))
        }
    }

    pub(super) fn new(shape: &Shape, token: SecretString) -> Result<Self, Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(provider));
        if shape.settings.connect_host.starts_with("https:") {
            tls = tls.root_certs(system_certificates(shape)?);
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(shape.settings.timeout))
            .http_status_as_error(false)
            // The token is for this server alone.
            .max_redirects(0)
            .tls_config(tls.build())
            .build()
            .into();
        Ok(Client {
            agent,
            shape: shape.clone(),
            token,
        })
    }

    /// The server's answer; `None` if what the path names is not there.
    pub(super) fn call(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        filter: Option<&str>,
        body: Option<&[u8]>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let host = self.shape.settings.connect_host.trim_end_matches('/');
        let query =
            filter.map_or_else(String::new, |filter| format!("?filter={}", encoded(filter)));
        let request = Request::builder()
            .method(match method {
                Method::Get => "GET",
                Method::Post => "POST",
                Method::Put => "PUT",
                Method::Delete => "DELETE",
            })
            .uri(format!("{host}{path}{query}"))
            .header("authorization", self.authorization())
            .header("content-type", "application/json")
            .body(body.unwrap_or_default())
            .map_err(|_| {
                self.shape
                    .unavailable("the token has characters that no token has")
            })?;
        let mut answer = request
            .with_agent(&self.agent)
            .run()
            .map_err(|error| self.error(operation, error))?;
        let status = answer.status();
        if status.is_success() {
            let body = answer.body_mut().with_config().limit(MAX_ANSWER);
            return body
                .read_to_vec()
                .map(|bytes| Some(Zeroizing::new(bytes)))
                .map_err(|error| self.error(operation, error));
        }
        if status == StatusCode::NOT_FOUND && filter.is_none() && body.is_none() {
            return Ok(None);
        }
        Err(self.refused(operation, status))
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token.expose_secret())
    }

    fn refused(&self, operation: &'static str, status: StatusCode) -> Error {
        let vault = &self.shape.settings.vault;
        let denied = |reason: String| Error::Denied {
            backend: self.shape.backend,
            reason,
        };
        match status.as_u16() {
            401 => denied("the server does not take the token (401)".to_owned()),
            403 => denied(format!(
                "the token does not allow to {operation} in the vault {vault:?} (403)"
            )),
            404 => self
                .shape
                .unavailable(format!("the server knows no vault {vault:?} (404)")),
            code @ (429 | 500..=599) => self
                .shape
                .unavailable(format!("the server answered {code}")),
            code => self
                .shape
                .failed(operation, format!("the server answered {code}")),
        }
    }

    fn error(&self, operation: &'static str, error: ureq::Error) -> Error {
        let host = &self.shape.settings.connect_host;
        match error {
            ureq::Error::Timeout(_) => Error::TimedOut {
                backend: self.shape.backend,
                seconds: self.shape.settings.timeout.as_secs(),
            },
            ureq::Error::BodyExceedsLimit(_) => {
                self.shape.failed(operation, "its answer is too long")
            }
            // Everything else is about the way to the server. Only names and numbers are in these texts.
            error => self
                .shape
                .unavailable(format!("{host} cannot be reached: {error}")),
        }
    }
}

/// Of the operating system, or of the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
fn system_certificates(shape: &Shape) -> Result<RootCerts, Error> {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(shape.unavailable("this system has no certificates to check the server's with"));
    }
    let certificates = found
        .iter()
        .map(|der| Certificate::from_der(der).to_owned());
    Ok(RootCerts::from(certificates))
}

/// Percent-encoding of everything but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
