//! IAM Identity Center's OIDC service: registers this program, and exchanges codes for tokens. Nothing is signed; the client's
//! own secret and PKCE prove who asks.
//!
//! Source: IAM Identity Center OIDC API Reference.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::config::Builder;
use aws_sdk_ssooidc::operation::create_token::builders::CreateTokenFluentBuilder;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::{ExposeSecret as _, SecretString};

use super::wire::Watch;
use super::{Aws, Call, Error, Target};
use crate::config::arn::Partition;
use crate::config::chain::Service;

const CLIENT_NAME: &str = "aws-vault";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_GRANT: &str = "refresh_token";
const CODE_GRANT: &str = "authorization_code";
/// A token that says nothing of its life, or too much, is believed for as long as AWS lets one live at most.
const LONGEST_LIFE: Duration = Duration::from_hours(12);

/// How the person will sign in; a client is registered for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    AuthorizationCode,
    DeviceCode,
}

/// This program as the instance knows it, for about 90 days.
pub struct ClientRegistration {
    pub id: String,
    pub secret: SecretString,
    pub expires: SystemTime,
}

/// A device authorization that waits for its answer.
///
/// Source: RFC 8628, 3.2.
pub struct DeviceAuthorization {
    pub device_code: SecretString,
    pub user_code: String,
    pub uri: String,
    /// Holds the user code.
    pub complete_uri: String,
    pub expires_in: Duration,
    pub interval: Duration,
}

/// What a sign-in or a refresh yields.
pub struct Tokens {
    pub access: SecretString,
    pub expires: SystemTime,
    pub refresh: Option<SecretString>,
}

/// What is exchanged for tokens.
#[derive(Debug)]
pub enum Grant<'a> {
    AuthorizationCode {
        code: &'a SecretString,
        verifier: &'a SecretString,
        redirect_uri: &'a str,
    },
    DeviceCode(&'a SecretString),
    RefreshToken(&'a SecretString),
}

impl Aws {
    /// Registers a public client for one way to sign in, with refresh.
    pub fn register_client(
        &self,
        service: &Service,
        flow: Flow,
        start_url: &str,
        scopes: &[String],
        redirect_uri: &str,
    ) -> Result<ClientRegistration, Error> {
        let call = Call::new("sso-oidc:RegisterClient");
        let mut request = self
            .ssooidc(&call, service)?
            .register_client()
            .client_name(CLIENT_NAME)
            .client_type("public")
            .set_scopes(Some(scopes.to_vec()));
        request = match flow {
            Flow::AuthorizationCode => request
                .grant_types(CODE_GRANT)
                .grant_types(REFRESH_GRANT)
                .redirect_uris(redirect_uri)
                .issuer_url(start_url),
            Flow::DeviceCode => request.grant_types(DEVICE_GRANT).grant_types(REFRESH_GRANT),
        };
        let output = self
            .wait(request.send())?
            .map_err(|error| explained(&call, error))?;
        let (Some(id), Some(secret)) = (output.client_id, output.client_secret) else {
            return Err(unreadable(&call, "the client's id or secret is missing"));
        };
        let expires = u64::try_from(output.client_secret_expires_at).unwrap_or_default();
        Ok(ClientRegistration {
            id,
            secret: secret.into(),
            expires: UNIX_EPOCH + Duration::from_secs(expires),
        })
    }

    pub fn start_device_authorization(
        &self,
        service: &Service,
        client: &ClientRegistration,
        start_url: &str,
    ) -> Result<DeviceAuthorization, Error> {
        let call = Call::new("sso-oidc:StartDeviceAuthorization");
        let request = self
            .ssooidc(&call, service)?
            .start_device_authorization()
            .client_id(&client.id)
            .client_secret(client.secret.expose_secret())
            .start_url(start_url);
        let output = self
            .wait(request.send())?
            .map_err(|error| explained(&call, error))?;
        let (Some(code), Some(user_code), Some(uri)) = (
            output.device_code,
            output.user_code,
            output.verification_uri,
        ) else {
            return Err(unreadable(&call, "a code or the page's address is missing"));
        };
        let seconds = |value: i32| Duration::from_secs(u64::try_from(value).unwrap_or_default());
        Ok(DeviceAuthorization {
            device_code: code.into(),
            user_code,
            complete_uri: output
                .verification_uri_complete
                .unwrap_or_else(|| uri.clone()),
            uri,
            expires_in: seconds(output.expires_in),
            interval: seconds(output.interval),
        })
    }

    /// Exchanges a code or a refresh token. Never repeated after an ambiguous failure: each is good once.
    pub fn create_token(
        &self,
        service: &Service,
        client: &ClientRegistration,
        grant: &Grant<'_>,
        now: SystemTime,
    ) -> Result<Tokens, Error> {
        let call = Call::new("sso-oidc:CreateToken");
        let request = self
            .ssooidc(&call, service)?
            .create_token()
            .client_id(&client.id)
            .client_secret(client.secret.expose_secret());
        let output = self
            .wait(with_grant(request, grant).send())?
            .map_err(|error| explained(&call, error))?;
        let access = output
            .access_token
            .filter(|token| !token.is_empty())
            .ok_or_else(|| unreadable(&call, "the access token is missing"))?;
        let life = u64::try_from(output.expires_in).unwrap_or_default();
        if life == 0 {
            return Err(unreadable(&call, "the access token has expired already"));
        }
        Ok(Tokens {
            access: access.into(),
            expires: now + Duration::from_secs(life).min(LONGEST_LIFE),
            refresh: output
                .refresh_token
                .filter(|token| !token.is_empty())
                .map(SecretString::from),
        })
    }

    fn ssooidc(&self, call: &Call, service: &Service) -> Result<Client, Error> {
        let config = self.unsigned_config(Target::SsoOidc, service)?;
        let builder = Builder::from(&config).interceptor(Watch(call.wire.clone()));
        Ok(Client::from_conf(builder.build()))
    }
}

fn with_grant(request: CreateTokenFluentBuilder, grant: &Grant<'_>) -> CreateTokenFluentBuilder {
    match grant {
        Grant::AuthorizationCode {
            code,
            verifier,
            redirect_uri,
        } => request
            .grant_type(CODE_GRANT)
            .code(code.expose_secret())
            .code_verifier(verifier.expose_secret())
            .redirect_uri(*redirect_uri),
        Grant::DeviceCode(code) => request
            .grant_type(DEVICE_GRANT)
            .device_code(code.expose_secret()),
        Grant::RefreshToken(token) => request
            .grant_type(REFRESH_GRANT)
            .refresh_token(token.expose_secret()),
    }
}

/// The page where the person allows the access. The SDK has no operation for it; the AWS CLI puts it beside the service's others.
pub fn authorize_url(
    service: &Service,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    challenge: &str,
    scopes: &[String],
) -> SecretString {
    let region = service
        .region
        .as_ref()
        .map_or("us-east-1", |region| region.value.as_str());
    let base = super::endpoint_url(Target::SsoOidc, service).map_or_else(
        || {
            let suffix = dns_suffix(Partition::of_region(region));
            format!("https://oidc.{region}.{suffix}")
        },
        |url| url.value.trim_end_matches('/').to_owned(),
    );
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state)
        .append_pair("code_challenge_method", "S256")
        .append_pair("code_challenge", challenge)
        .append_pair("scopes", &scopes.join(" "))
        .finish();
    format!("{base}/authorize?{query}").into()
}

/// Source: AWS SDKs' partitions file.
fn dns_suffix(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws | Partition::AwsUsGov => "amazonaws.com",
        Partition::AwsCn => "amazonaws.com.cn",
        Partition::AwsEusc => "amazonaws.eu",
    }
}

/// The service says what is wrong as `error_description` (RFC 6749, 5.2), which the SDK does not take for the message.
fn explained<E>(call: &Call, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let description = error
        .raw_response()
        .and_then(|response| response.body().bytes())
        .and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok())
        .and_then(|body| Some(body.get("error_description")?.as_str()?.to_owned()));
    match (Error::from_sdk(call, error), description) {
        (
            Error::Refused {
                operation,
                host,
                code,
                skew_seconds,
                ..
            },
            Some(description),
        ) => Error::Refused {
            operation,
            host,
            code,
            message: super::error::shortened(&description),
            skew_seconds,
        },
        (error, _) => error,
    }
}

fn unreadable(call: &Call, reason: &str) -> Error {
    Error::Unreadable {
        operation: call.operation,
        host: call.wire.host(),
        reason: reason.to_owned(),
    }
}

impl std::fmt::Debug for ClientRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientRegistration({})", self.id)
    }
}

impl std::fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceAuthorization({})", self.uri)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}
