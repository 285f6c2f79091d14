//! AWS Sign-In for developer tools: what `aws login` asks for. Nothing is signed; PKCE and a DPoP proof show who asks.
//!
//! Source: AWS Sign-In API Reference, CreateOAuth2Token; AWS CLI 2.32, `aws login`.

use std::time::{Duration, SystemTime};

use aws_sdk_signin::Client;
use aws_sdk_signin::config::Builder;
use aws_sdk_signin::operation::create_o_auth2_token::CreateOAuth2TokenError;
use aws_sdk_signin::types::CreateOAuth2TokenRequestBody;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::dpop::DpopKey;
use super::wire::Watch;
use super::{Aws, Call, Error, Target, endpoint_url};
use crate::config::arn::Partition;
use crate::config::chain::Service;
use crate::credentials::SessionCredentials;

/// The browser comes back to this computer.
pub const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
/// The browser shows a code that a person types in here.
pub const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// AWS gives 15 minutes, and clocks differ a little.
const LONGEST_LIFE: Duration = Duration::from_mins(16);

/// What is exchanged for credentials.
#[derive(Debug)]
pub enum Grant<'a> {
    /// Good once.
    AuthorizationCode {
        code: &'a SecretString,
        verifier: &'a SecretString,
        redirect_uri: &'a str,
    },
    RefreshToken(&'a SecretString),
}

/// Credentials, and what gets the next ones.
#[derive(Debug)]
pub struct SignedIn {
    pub credentials: SessionCredentials,
    pub refresh: SecretString,
    /// The ARN of who signed in; after an authorization code only.
    pub subject: Option<String>,
}

/// `https://eu-west-1.signin.aws.amazon.com`, or the endpoint of one's own: what the browser's addresses begin with.
pub fn sign_in_base(service: &Service) -> Result<String, Error> {
    if let Some(url) = endpoint_url(Target::SignIn, service) {
        return Ok(url.value.trim_end_matches('/').to_owned());
    }
    let region = &service.region.as_ref().ok_or(Error::NoRegion)?.value;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !region.chars().all(is_name) {
        return Err(Error::NoRegion);
    }
    let host = Partition::of_region(region).switch_role_host();
    Ok(format!("https://{region}.{host}"))
}

/// The page that asks the person.
pub fn authorize_url(
    base: &str,
    client: &str,
    redirect_uri: &str,
    state: &str,
    challenge: &str,
) -> SecretString {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client)
        .append_pair("state", state)
        // AWS's own spelling of S256.
        .append_pair("code_challenge_method", "SHA-256")
        .append_pair("scope", "openid")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_challenge", challenge)
        .finish();
    SecretString::from(format!("{base}/v1/authorize?{query}"))
}

impl Aws {
    pub fn sign_in_token(
        &self,
        service: &Service,
        client: &str,
        key: &DpopKey,
        grant: &Grant<'_>,
        now: SystemTime,
    ) -> Result<SignedIn, Error> {
        let call = Call::new("signin:CreateOAuth2Token");
        let body = CreateOAuth2TokenRequestBody::builder().client_id(client);
        let (body, retries) = match grant {
            // AWS takes a code once; a refresh token may be sent again.
            Grant::AuthorizationCode {
                code,
                verifier,
                redirect_uri,
            } => (
                body.grant_type("authorization_code")
                    .code(code.expose_secret())
                    .code_verifier(verifier.expose_secret())
                    .redirect_uri(*redirect_uri),
                Some(RetryConfig::disabled()),
            ),
            Grant::RefreshToken(token) => (
                body.grant_type("refresh_token")
                    .refresh_token(token.expose_secret()),
                None,
            ),
        };
        let body = body
            .build()
            .map_err(|_| unreadable(&call, "the request cannot be built"))?;
        let config = self.unsigned_config(Target::SignIn, service)?;
        let proof = Proof {
            key: key.clone(),
            now,
        };
        let mut builder = Builder::from(&config)
            .allow_no_auth()
            .interceptor(Watch(call.wire.clone()))
            .interceptor(proof);
        if let Some(retries) = retries {
            builder = builder.retry_config(retries);
        }
        let request = Client::from_conf(builder.build())
            .create_o_auth2_token()
            .token_input(body);
        let output = self
            .wait(request.send())?
            .map_err(|error| explained(&call, error))?;
        let output = output
            .token_output
            .ok_or_else(|| unreadable(&call, "no token in it"))?;
        let token = output
            .access_token
            .ok_or_else(|| unreadable(&call, "no credentials in it"))?;
        let life = Duration::from_secs(u64::try_from(output.expires_in).unwrap_or_default());
        if life.is_zero() || life > LONGEST_LIFE {
            return Err(unreadable(
                &call,
                "the credentials live longer than AWS grants, or not at all",
            ));
        }
        let missing = [
            &token.access_key_id,
            &token.secret_access_key,
            &token.session_token,
            &output.refresh_token,
        ];
        if missing.iter().any(|text| text.is_empty()) {
            return Err(unreadable(&call, "a part of the token is missing"));
        }
        Ok(SignedIn {
            credentials: SessionCredentials {
                access_key_id: token.access_key_id,
                secret_access_key: token.secret_access_key.into(),
                session_token: token.session_token.into(),
                expiration: now + life,
            },
            refresh: output.refresh_token.into(),
            subject: output.id_token.as_deref().and_then(subject),
        })
    }
}

/// The `sub` of an id token. It came straight from AWS over TLS, which is proof enough of who made it.
///
/// Source: OpenID Connect Core 1.0, 3.1.3.7 (6).
fn subject(id_token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let [_, claims, _] = id_token.split('.').collect::<Vec<_>>().try_into().ok()?;
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Some(claims.sub)
}

/// `AccessDeniedException` says why in a member of its own, e.g. `TOKEN_EXPIRED`.
fn explained(call: &Call, error: SdkError<CreateOAuth2TokenError, HttpResponse>) -> Error {
    let why = match error.as_service_error() {
        Some(CreateOAuth2TokenError::AccessDeniedException(refusal)) => {
            Some(refusal.error().as_str().to_owned())
        }
        _ => None,
    };
    let mut error = Error::from_sdk(call, error);
    if let (Error::Refused { code, .. }, Some(why)) = (&mut error, why) {
        *code = why;
    }
    error
}

fn unreadable(call: &Call, reason: &str) -> Error {
    Error::Unreadable {
        operation: call.operation,
        host: call.wire.host(),
        reason: reason.to_owned(),
    }
}

/// Adds the proof to every attempt, each with an id of its own.
#[derive(Debug)]
struct Proof {
    key: DpopKey,
    now: SystemTime,
}

#[dyn_dispatch_hint]
impl Intercept for Proof {
    fn name(&self) -> &'static str {
        "aws-vault DPoP"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let url = context.request().uri().to_owned();
        let id = BASE64_URL_SAFE_NO_PAD.encode(random);
        let proof = self.key.proof(&url, &id, self.now);
        context.request_mut().headers_mut().insert("dpop", proof);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::{Endpoints, Origin, Setting};

    #[test]
    fn each_partition_has_its_host() {
        for (region, base) in [
            ("eu-west-1", "https://eu-west-1.signin.aws.amazon.com"),
            ("cn-north-1", "https://cn-north-1.signin.amazonaws.cn"),
            (
                "us-gov-west-1",
                "https://us-gov-west-1.signin.amazonaws-us-gov.com",
            ),
            (
                "eusc-de-east-1",
                "https://eusc-de-east-1.signin.amazonaws-eusc.eu",
            ),
        ] {
            let service = Service {
                region: Some(Setting::new(region.to_owned(), Origin::Default("test"))),
                endpoints: Endpoints::default(),
            };
            assert_eq!(sign_in_base(&service).unwrap(), base);
        }
    }

    #[test]
    fn the_subject_of_an_id_token() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"arn:aws:iam::1:user/jon","x":1}"#);
        let arn = Some("arn:aws:iam::1:user/jon".to_owned());
        assert_eq!(subject(&format!("h.{claims}.s")), arn);
        for bad in ["", "a.b", "a.b.c", "a.e30.c"] {
            assert_eq!(subject(bad), None, "{bad}");
        }
    }
}
