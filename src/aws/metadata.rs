//! Credential servers beside us: of the instance and of the container. Plain requests over the SDK's own connector.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};
use zeroize::Zeroizing;

use super::{Aws, tls};

/// They are on this machine or one hop away: what takes longer is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(5);
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Both services refuse too many requests at once with 5xx or 429.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// One request; headers may be secret and are wiped by nobody but the connector.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub method: &'static str,
    pub url: &'a str,
    pub headers: &'a [(&'static str, &'a str)],
}

/// Status and body.
pub type Answer = (u16, Zeroizing<Vec<u8>>);

impl Aws {
    /// The answer, or why there is none. Redirects are not followed, and plain HTTP goes through no proxy.
    pub fn ask_locally(&self, ask: Ask<'_>) -> Result<Answer, String> {
        let exchange = async {
            let mut attempt = 1;
            loop {
                let answer = tokio::time::timeout(DEADLINE, once(ask))
                    .await
                    .unwrap_or_else(|_| Err("it does not answer".to_owned()))?;
                if attempt == ATTEMPTS || answer.0 < 500 && answer.0 != 429 {
                    return Ok(answer);
                }
                tokio::time::sleep(PAUSE * attempt).await;
                attempt += 1;
            }
        };
        self.wait(exchange).map_err(|error| error.to_string())?
    }
}

async fn once(ask: Ask<'_>) -> Result<Answer, String> {
    let is_tls = ask.url.starts_with("https://");
    let context = tls::context(None, is_tls).map_err(|error| error.to_string())?;
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let sleep = Some(SharedAsyncSleep::new(TokioSleep::new()));
    let connector = tls::connector(&context, is_tls, Some(&settings), sleep);
    let request = request(ask).ok_or("its address is none")?;
    let response = connector.call(request).await.map_err(|error| {
        if error.is_timeout() {
            "it does not answer".to_owned()
        } else {
            super::error::innermost(&error)
        }
    })?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|_| "its answer is too long or broken off")?;
    Ok((status, Zeroizing::new(body.to_bytes().to_vec())))
}

fn request(ask: Ask<'_>) -> Option<Request<SdkBody>> {
    let mut request = Request::new(SdkBody::empty());
    request.set_method(ask.method).ok()?;
    request.set_uri(ask.url.to_owned()).ok()?;
    let agent = concat!("aws-vault/", env!("CARGO_PKG_VERSION"));
    for (name, value) in ask.headers.iter().chain(&[("user-agent", agent)]) {
        request
            .headers_mut()
            .try_insert(*name, (*value).to_owned())
            .ok()?;
    }
    if ask.method == "PUT" {
        request
            .headers_mut()
            .try_insert("content-length", "0")
            .ok()?;
    }
    Some(request)
}
