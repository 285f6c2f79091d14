//! One account's IAM, for many calls at once: owned clients that can move into tasks, patient with throttling.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::config::SharedCredentialsProvider;
use aws_sdk_iam::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::super::wire::{Watch, Wire};
use super::super::{
    Aws, CONNECT_TIMEOUT, Call, Error, Target, endpoint_url, sdk_credentials, signing_region,
};
use crate::config::chain::Service;
use crate::credentials::Credentials;

/// A throttled account answers in the end; everything else fails long before.
const PATIENCE: Duration = Duration::from_mins(2);
const ATTEMPTS: u32 = 12;
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// AWS's shortest session: an hour is what every role allows.
const SESSION_SECONDS: i32 = 3_600;

/// Makes clients for one set of credentials. Cheap to clone, and no part of it is bound to this thread.
#[derive(Debug, Clone)]
pub struct Door {
    http: SharedHttpClient,
    service: Service,
    credentials: aws_sdk_sts::config::Credentials,
    /// Its own account: known once somebody asked.
    role_arn: Option<String>,
}

/// IAM in one account.
#[derive(Debug, Clone)]
pub struct AccountIam {
    pub(super) client: aws_sdk_iam::Client,
    pub(super) wire: Arc<Wire>,
    /// As GetCallerIdentity has it.
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    door: Door,
}

impl Aws {
    /// The way into an account: with the credentials themselves, or through a role that they may assume.
    pub fn door(
        &self,
        credentials: &Credentials,
        service: &Service,
        role_arn: Option<String>,
    ) -> Result<Door, Error> {
        let endpoint = endpoint_url(Target::Iam, service);
        Ok(Door {
            http: self.http_client(service, endpoint)?,
            service: service.clone(),
            credentials: sdk_credentials(credentials),
            role_arn,
        })
    }
}

impl Door {
    /// The same credentials, through another role.
    #[must_use]
    pub fn through(&self, role_arn: Option<String>) -> Self {
        Self {
            role_arn,
            ..self.clone()
        }
    }

    /// Enters: assumes the role if there is one, and asks AWS which account this is.
    pub async fn open(self) -> Result<AccountIam, Error> {
        let wire = Arc::new(Wire::default());
        let partition = self.role_arn.clone().unwrap_or_default();
        let credentials = match &self.role_arn {
            None => self.credentials.clone(),
            Some(arn) => self.assumed(arn, &wire).await?,
        };
        let sts = self.sts(credentials.clone(), &wire, &partition)?;
        let call = call("sts:GetCallerIdentity", &wire);
        let identity = sts.get_caller_identity().send().await;
        let identity = identity.map_err(|error| Error::from_sdk(&call, error))?;
        let config = self.config(Target::Iam, credentials.clone())?;
        let client = aws_sdk_iam::Client::from_conf(
            aws_sdk_iam::config::Builder::from(&config)
                .interceptor(Watch(wire.clone()))
                .retry_partition(RetryPartition::new(partition))
                .build(),
        );
        Ok(AccountIam {
            client,
            wire,
            door: Self {
                credentials,
                role_arn: None,
                ..self
            },
            account: identity.account.unwrap_or_default(),
            caller: identity.arn.unwrap_or_default(),
        })
    }

    async fn assumed(
        &self,
        role_arn: &str,
        wire: &Arc<Wire>,
    ) -> Result<aws_sdk_sts::config::Credentials, Error> {
        let call = call("sts:AssumeRole", wire);
        let output = self
            .sts(self.credentials.clone(), wire, role_arn)?
            .assume_role()
            .role_arn(role_arn)
            .role_session_name("aws-vault-bastion")
            .duration_seconds(SESSION_SECONDS)
            .send()
            .await
            .map_err(|error| Error::from_sdk(&call, error))?;
        let credentials = output.credentials.ok_or_else(|| Error::Unreadable {
            operation: call.operation,
            host: wire.host(),
            reason: "the credentials are missing".to_owned(),
        })?;
        Ok(aws_sdk_sts::config::Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            None,
            "aws-vault",
        ))
    }

    fn sts(
        &self,
        credentials: aws_sdk_sts::config::Credentials,
        wire: &Arc<Wire>,
        partition: &str,
    ) -> Result<aws_sdk_sts::Client, Error> {
        let config = self.config(Target::Sts, credentials)?;
        Ok(aws_sdk_sts::Client::from_conf(
            aws_sdk_sts::config::Builder::from(&config)
                .interceptor(Watch(wire.clone()))
                .retry_partition(RetryPartition::new(partition.to_owned()))
                .build(),
        ))
    }

    fn config(
        &self,
        target: Target,
        credentials: aws_sdk_sts::config::Credentials,
    ) -> Result<SdkConfig, Error> {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(Region::new(signing_region(target, &self.service)?))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http.clone())
            // Adaptive: a client that was throttled sends less, instead of only waiting between repetitions.
            .retry_config(
                RetryConfig::adaptive()
                    .with_max_attempts(ATTEMPTS)
                    .with_max_backoff(LONGEST_PAUSE),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(PATIENCE)
                    .connect_timeout(CONNECT_TIMEOUT)
                    .build(),
            )
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new());
        if let Some(url) = endpoint_url(target, &self.service) {
            config = config.endpoint_url(&url.value);
        }
        let endpoints = &self.service.endpoints;
        let on = |flag: &Option<crate::config::profile::Setting<bool>>| {
            flag.as_ref().is_some_and(|flag| flag.value)
        };
        config = config.use_fips(on(&endpoints.use_fips));
        config = config.use_dual_stack(on(&endpoints.use_dualstack));
        Ok(config.build())
    }
}

impl AccountIam {
    /// From here to somewhere else: roles are assumed with the credentials that this account was entered with.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    pub(super) fn failed<E>(
        &self,
        operation: &'static str,
        error: SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    ) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        Error::from_sdk(&call(operation, &self.wire), error)
    }
}

fn call(operation: &'static str, wire: &Arc<Wire>) -> Call {
    Call {
        operation,
        wire: wire.clone(),
    }
}
