//! What the SDK leaves to its user: a private CA, a bound on answers, and the host for the error text.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::Error;
use crate::config::profile::Setting;

/// STS and IAM answer with a few KiB; what is longer is not theirs.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The SDK's client with the trust store asked for.
///
/// The SDK does not read `AWS_CA_BUNDLE` (aws-sdk-rust issue 1362), and a client of one's own loses the proxy variables unless
/// they are put back. Loading the system's certificates costs 5 ms, so a plain-http endpoint (tests) goes without.
pub(super) fn http_client(
    ca_bundle: Option<&Setting<String>>,
    tls: bool,
) -> Result<SharedHttpClient, Error> {
    let mut trust = TrustStore::empty().with_native_roots(tls);
    if let Some(bundle) = ca_bundle.filter(|_| tls) {
        trust = trust.with_pem_certificate(read_bundle(&bundle.value)?);
    }
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| Error::CaBundle {
            path: ca_bundle.map_or_else(Default::default, |bundle| (&bundle.value).into()),
            reason: error.to_string(),
        })?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector: ConnectorBuilder<_> = ConnectorBuilder::default()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context.clone())
                .proxy_config(ProxyConfig::from_env());
            if let Some(settings) = settings {
                connector = connector.connector_settings(settings.clone());
            }
            if let Some(sleep) = components.and_then(RuntimeComponents::sleep_impl) {
                connector = connector.sleep_impl(sleep);
            }
            connector.build()
        }),
    )
}

/// A bad bundle makes the SDK panic, so it is looked at first.
fn read_bundle(path: &str) -> Result<Vec<u8>, Error> {
    let refuse = |reason: String| Error::CaBundle {
        path: path.into(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let mut certificates = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        certificate.map_err(|_| refuse("it is not PEM".to_owned()))?;
        certificates += 1;
    }
    if certificates == 0 {
        return Err(refuse("it holds no certificate".to_owned()));
    }
    Ok(bytes)
}

/// Watches one call: where it goes, and that the answer is not longer than any answer of AWS.
#[derive(Debug, Default)]
pub(super) struct Wire {
    host: Mutex<Option<String>>,
    skew_seconds: Mutex<Option<i64>>,
}

impl Wire {
    pub(super) fn host(&self) -> String {
        self.host
            .lock()
            .ok()
            .and_then(|host| host.clone())
            .unwrap_or_else(|| "the service".to_owned())
    }

    pub(super) fn skew_seconds(&self) -> Option<i64> {
        self.skew_seconds.lock().ok().and_then(|skew| *skew)
    }
}

/// An interceptor must be owned by the SDK; the call keeps the other half.
#[derive(Debug, Clone)]
pub(super) struct Watch(pub(super) std::sync::Arc<Wire>);

#[dyn_dispatch_hint]
impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "aws-vault wire"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        let authority = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let host = authority.split(['/', '?']).next().unwrap_or_default();
        if let Ok(mut known) = self.0.host.lock() {
            *known = Some(host.to_owned());
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if let Ok(mut skew) = self.0.skew_seconds.lock() {
            *skew = response.headers().get("date").and_then(seconds_ahead);
        }
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() =
            SdkBody::from_body_1_x(http_body_util::Limited::new(body, MAX_BODY_BYTES));
        Ok(())
    }
}

/// How far the server's `Date` is ahead of this computer's clock: the one place that is about the clock itself.
#[expect(clippy::disallowed_methods)]
fn seconds_ahead(date: &str) -> Option<i64> {
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?.secs();
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(theirs - i64::try_from(ours).ok()?)
}

/// AWS accepts a one-time code once. When an attempt ended without a proper answer the code may be spent, and sending it again
/// could only lock the user out; a refusal (4xx) says that it is not, so throttling and clock skew are still retried.
#[derive(Debug)]
pub(super) struct OneTimeCode;

impl ClassifyRetry for OneTimeCode {
    fn name(&self) -> &'static str {
        "aws-vault one-time code"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().is_client_error() => RetryAction::NoActionIndicated,
            _ => RetryAction::RetryForbidden,
        }
    }
}
