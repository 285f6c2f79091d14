//! AWS's services through AWS's own clients. Built lazily: a run that the cache answers builds none. No SDK type leaves this
//! module.

pub mod dpop;
pub mod error;
pub mod iam;
pub mod iam_report;
pub mod listing;
pub mod metadata;
pub mod organizations;
pub mod parallel;
pub mod signin;
pub mod sso;
pub mod ssooidc;
pub mod sts;
pub mod tls;
mod wire;

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use crate::config::chain::Service;
use crate::config::profile::Setting;
use crate::credentials::Credentials;

pub use error::Error;

/// Everything together, retries included: nobody watches a silent command longer.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 4;

/// Regions whose STS endpoint `sts_regional_endpoints = legacy` replaces by the global one.
///
/// Source: AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints".
const LEGACY_REGIONS: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "aws-global",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The services, the runtime they need and the connections they share.
#[derive(Debug, Default)]
pub struct Aws {
    runtime: OnceCell<tokio::runtime::Runtime>,
    /// Without and with TLS: a simulated service needs none, and its certificates cost 5 ms.
    http: [OnceCell<SharedHttpClient>; 2],
}

/// Which of a profile's endpoint settings counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Sts,
    Iam,
    /// AWS Sign-In, which the console and `aws login` share.
    SignIn,
    /// Identity Center's portal.
    Sso,
    /// Identity Center's sign-in.
    SsoOidc,
    Organizations,
}

impl Aws {
    /// Runs one call, or many at once, to the end.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Error> {
        if self.runtime.get().is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Error::Runtime)?;
            let _ = self.runtime.set(runtime);
        }
        Ok(self
            .runtime
            .get()
            .ok_or_else(Error::no_runtime)?
            .block_on(future))
    }

    fn config(
        &self,
        target: Target,
        service: &Service,
        credentials: &Credentials,
    ) -> Result<SdkConfig, Error> {
        let config = self.unsigned_config(target, service)?;
        let credentials = SharedCredentialsProvider::new(sdk_credentials(credentials));
        Ok(config
            .into_builder()
            .credentials_provider(credentials)
            .build())
    }

    /// For calls that carry a token instead of a signature.
    fn unsigned_config(&self, target: Target, service: &Service) -> Result<SdkConfig, Error> {
        let endpoint = endpoint_url(target, service);
        let region = signing_region(target, service)?;
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .http_client(self.http_client(service, endpoint)?)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(OPERATION_TIMEOUT)
                    .connect_timeout(CONNECT_TIMEOUT)
                    .build(),
            )
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new());
        if let Some(url) = endpoint {
            config = config.endpoint_url(&url.value);
        }
        let on =
            |setting: &Option<Setting<bool>>| setting.as_ref().is_some_and(|setting| setting.value);
        config = config.use_fips(on(&service.endpoints.use_fips));
        config = config.use_dual_stack(on(&service.endpoints.use_dualstack));
        Ok(config.build())
    }

    /// One HTTP client for the whole run: the next step finds the connection open.
    fn http_client(
        &self,
        service: &Service,
        endpoint: Option<&Setting<String>>,
    ) -> Result<SharedHttpClient, Error> {
        let tls = endpoint.is_none_or(|url| !url.value.starts_with("http://"));
        let cell = &self.http[usize::from(tls)];
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        let client = wire::http_client(service.endpoints.ca_bundle.as_ref(), tls)?;
        Ok(cell.get_or_init(|| client).clone())
    }
}

/// The client-side half of every call: where it goes, and what is known of it when it fails.
struct Call {
    operation: &'static str,
    wire: Arc<wire::Wire>,
}

impl Call {
    fn new(operation: &'static str) -> Self {
        Self {
            operation,
            wire: Arc::default(),
        }
    }
}

fn endpoint_url(target: Target, service: &Service) -> Option<&Setting<String>> {
    let own = match target {
        Target::Sts => &service.endpoints.sts,
        Target::Iam => &service.endpoints.iam,
        Target::SignIn => &service.endpoints.signin,
        Target::Sso => &service.endpoints.sso,
        Target::SsoOidc => &service.endpoints.sso_oidc,
        Target::Organizations => &None,
    };
    let all = service.endpoints.all.as_ref();
    match target {
        Target::Sts | Target::Iam | Target::Organizations => own.as_ref().or(all),
        // These receive the token itself, not a signature; plain http is this computer.
        Target::SignIn | Target::Sso | Target::SsoOidc => own
            .as_ref()
            .or(all.filter(|url| url.value.starts_with("http://"))),
    }
}

/// The region that endpoint rules and signature start from.
///
/// The legacy global endpoint is signed for us-east-1, which the SDK does for the pseudo region `aws-global`; upstream signs
/// with the profile's region, and AWS answers "Credential should be scoped to a valid region".
fn signing_region(target: Target, service: &Service) -> Result<String, Error> {
    let region = service
        .region
        .as_ref()
        .ok_or(Error::NoRegion)?
        .value
        .as_str();
    let legacy = service
        .endpoints
        .sts_regional_endpoints
        .as_ref()
        .is_some_and(|mode| mode.value == "legacy");
    let global = target == Target::Sts
        && legacy
        && LEGACY_REGIONS.contains(&region)
        && endpoint_url(target, service).is_none();
    Ok(if global { "aws-global" } else { region }.to_owned())
}

fn sdk_credentials(credentials: &Credentials) -> aws_sdk_sts::config::Credentials {
    aws_sdk_sts::config::Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        credentials.session_token().map(str::to_owned),
        credentials.expiration(),
        "aws-vault",
    )
}
