//! One HTTP request, over the SDK's own connector: its TLS, its proxies, no second stack.

use std::path::Path;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::{BodyExt as _, Limited};
use zeroize::Zeroizing;

use super::Error;
use crate::aws::tls;

/// From the look-up of the host to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A sign-in token is about 1 KiB.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Posts a form and yields the body of a 200. Redirects are not followed: the form would go to whoever is named there.
pub(super) fn form(
    to: &Uri,
    form: &str,
    ca_bundle: Option<&Path>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let host = to.host().unwrap_or_default();
    let unreachable = |reason: &str| Error::Unreachable {
        host: host.to_owned(),
        reason: reason.to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unreachable(&error.to_string()))?;
    let tls = to.scheme_str() == Some("https");
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let sleep = Some(SharedAsyncSleep::new(TokioSleep::new()));
    let connector = tls::connector(&tls::context(ca_bundle, tls)?, tls, Some(&settings), sleep);
    let request = request(to, form).ok_or_else(|| unreachable("the request cannot be built"))?;
    let exchange = async {
        let response = connector
            .call(request)
            .await
            .map_err(|error| unreachable(&innermost(&error)))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Error::Refused {
                host: host.to_owned(),
                status,
            });
        }
        let body = Limited::new(response.into_body(), MAX_BODY_BYTES)
            .collect()
            .await
            .map_err(|_| Error::Unreadable {
                host: host.to_owned(),
            })?;
        Ok(Zeroizing::new(body.to_bytes().to_vec()))
    };
    runtime
        .block_on(async { tokio::time::timeout(DEADLINE, exchange).await })
        .unwrap_or_else(|_| {
            Err(Error::TimedOut {
                host: host.to_owned(),
                seconds: DEADLINE.as_secs(),
            })
        })
}

fn request(to: &Uri, form: &str) -> Option<Request<SdkBody>> {
    let mut request = Request::new(SdkBody::from(form));
    request.set_method("POST").ok()?;
    request.set_uri(to.clone()).ok()?;
    for (name, value) in [
        (
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        ),
        ("content-length", form.len().to_string()),
        ("accept", "application/json".to_owned()),
        (
            "user-agent",
            concat!("aws-vault/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ] {
        request.headers_mut().try_insert(name, value).ok()?;
    }
    Some(request)
}

/// The outer errors only say that something failed. None holds the URL's query or the body.
fn innermost(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.last().map_or_else(String::new, ToString::to_string)
}
