//! What the SDK leaves to its user: a bound on answers, the host for the error text, and which attempts may be repeated.

use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_http_client::Builder;
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

use super::{Error, tls};
use crate::config::profile::Setting;

/// STS and IAM answer with a few KiB; what is longer is not theirs.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The SDK's client over our own connector.
pub(super) fn http_client(
    ca_bundle: Option<&Setting<String>>,
    tls: bool,
) -> Result<SharedHttpClient, Error> {
    let context = tls::context(ca_bundle.map(|path| Path::new(&path.value)), tls)?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let sleep = components.and_then(RuntimeComponents::sleep_impl);
            tls::connector(&context, tls, settings, sleep)
        }),
    )
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
