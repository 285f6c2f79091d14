//! Service errors in our words: the operation, the host, AWS's code and message; never a query string or a body.

use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Call;

/// Longest piece of a service's message that is shown.
const MAX_MESSAGE_CHARS: usize = 300;
const TROUBLE: &str = "AWS may be having trouble: try again, or another region with --region";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{operation} was refused by {host}: {code}: {message}")]
    Refused {
        operation: &'static str,
        host: String,
        code: String,
        message: String,
        /// How far the service's clock is ahead of ours, in seconds, when the refusal is about the time of the signature.
        skew_seconds: Option<i64>,
    },
    #[error("{operation} failed: {host} answered with HTTP status {status}")]
    Failed {
        operation: &'static str,
        host: String,
        status: u16,
    },
    #[error("{operation} failed: {host} cannot be reached ({reason})")]
    Unreachable {
        operation: &'static str,
        host: String,
        reason: String,
    },
    #[error("{operation} failed: {host} did not answer within {seconds} seconds")]
    TimedOut {
        operation: &'static str,
        host: String,
        seconds: u64,
    },
    #[error("{operation} failed: the answer of {host} cannot be understood ({reason})")]
    Unreadable {
        operation: &'static str,
        host: String,
        reason: String,
    },
    #[error("{operation}: by this computer's clock the credentials of {host} have expired already")]
    ExpiredOnArrival {
        operation: &'static str,
        host: String,
        skew_seconds: i64,
    },
    #[error("no region is configured, and no ARN in the profile tells the partition")]
    NoRegion,
    #[error(transparent)]
    CaBundle(#[from] super::tls::BundleError),
    #[error("the asynchronous runtime cannot start: {0}")]
    Runtime(io::Error),
}

impl Error {
    pub(super) fn no_runtime() -> Self {
        Self::Runtime(io::Error::other("not built"))
    }

    /// AWS's error code, if the service gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// A policy forbids the call.
    pub fn is_denied(&self) -> bool {
        matches!(self.code(), Some("AccessDenied" | "AccessDeniedException"))
    }

    /// The call, in the words of a policy's `Action`, where the service refused it.
    pub fn refused_action(&self) -> Option<&'static str> {
        match self {
            Self::Refused { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// STS words a wrong one-time code as AccessDenied; only the message tells it from a policy's refusal.
    pub fn is_wrong_mfa_code(&self) -> bool {
        matches!(self, Self::Refused { code, message, .. }
            if code == "AccessDenied" && message.contains("MultiFactorAuthentication failed"))
    }

    /// The credentials that signed the call are dead: expired, revoked, or their key is gone.
    pub fn is_dead_credentials(&self) -> bool {
        matches!(
            self.code(),
            Some("ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId")
        )
    }

    /// Identity Center does not take the token any more.
    pub fn is_unauthorized(&self) -> bool {
        self.code() == Some("UnauthorizedException")
            || matches!(self, Self::Failed { status: 401, .. })
    }

    /// The service asks for fewer requests.
    pub fn is_throttling(&self) -> bool {
        matches!(
            self.code(),
            Some("TooManyRequestsException" | "Throttling" | "ThrottlingException")
        ) || matches!(self, Self::Failed { status: 429, .. })
    }

    /// Whether the service may have done the work although no proper answer came.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Failed { .. }
            | Self::TimedOut { .. }
            | Self::Unreadable { .. }
            | Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => is_trouble_at_aws(code),
            Self::ExpiredOnArrival { .. }
            | Self::NoRegion
            | Self::CaBundle(_)
            | Self::Runtime(_) => false,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::ExpiredOnArrival { skew_seconds: skew, .. }
            | Self::Refused { skew_seconds: Some(skew), .. } => format!(
                "this computer's clock differs from AWS's by {} minutes: set it (e.g. timedatectl set-ntp true)",
                (skew.abs() + 30) / 60
            ),
            _ if self.is_wrong_mfa_code() => "type the code that the device shows now; each code works once".to_owned(),
            Self::Refused { code, .. } => match code.as_str() {
                "AccessDenied" | "AccessDeniedException" => {
                    "check the role's trust policy, your own policies, and whether MFA is required; \
                     `aws-vault explain PROFILE` shows the calls"
                        .to_owned()
                }
                "InvalidClientTokenId" => "the access key does not exist or is inactive: `aws-vault add` stores another one".to_owned(),
                "SignatureDoesNotMatch" => "the stored secret does not belong to the access key id: `aws-vault add` stores it anew".to_owned(),
                "ExpiredToken" | "ExpiredTokenException" => "`aws-vault clear PROFILE` drops the cached sessions".to_owned(),
                "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" => "AWS asks for fewer requests: wait a little and try again".to_owned(),
                "ValidationError" => "`aws-vault explain PROFILE` shows which setting each value came from".to_owned(),
                "RegionDisabledException" => "name another region with --region or in the profile".to_owned(),
                code if is_trouble_at_aws(code) => TROUBLE.to_owned(),
                _ => return Vec::new(),
            },
            Self::Failed { .. } => TROUBLE.to_owned(),
            Self::Unreachable { .. } | Self::TimedOut { .. } => {
                "check the network, HTTPS_PROXY and any endpoint_url; `aws-vault explain PROFILE` shows the endpoint".to_owned()
            }
            Self::Unreadable { .. } => "is something between you and AWS (a proxy or a captive portal) answering in its place?".to_owned(),
            Self::NoRegion => "add `region = …` to the profile, set AWS_REGION, or pass --region".to_owned(),
            Self::CaBundle(_) => "AWS_CA_BUNDLE or ca_bundle must name a file of PEM certificates".to_owned(),
            Self::Runtime(_) => return Vec::new(),
        };
        vec![hint]
    }

    pub(super) fn from_sdk<E>(call: &Call, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let operation = call.operation;
        let host = call.wire.host();
        let reason = |error: &dyn std::error::Error| innermost(error);
        match error {
            SdkError::TimeoutError(_) => Self::TimedOut {
                operation,
                host,
                seconds: super::OPERATION_TIMEOUT.as_secs(),
            },
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(error) if error.is_timeout() => Self::TimedOut {
                    operation,
                    host,
                    seconds: super::CONNECT_TIMEOUT.as_secs(),
                },
                Some(error) => Self::Unreachable {
                    operation,
                    host,
                    reason: reason(error),
                },
                None => Self::Unreachable {
                    operation,
                    host,
                    reason: "the request could not be sent".to_owned(),
                },
            },
            SdkError::ServiceError(service) => {
                let metadata = service.err().meta();
                let status = service.raw().status().as_u16();
                match metadata.code() {
                    Some(code) => Self::Refused {
                        operation,
                        host,
                        code: shortened(code),
                        message: shortened(metadata.message().unwrap_or("no reason given").trim()),
                        skew_seconds: is_about_time(code, metadata.message())
                            .then(|| call.wire.skew_seconds())
                            .flatten(),
                    },
                    None if status >= 400 => Self::Failed {
                        operation,
                        host,
                        status,
                    },
                    None => Self::Unreadable {
                        operation,
                        host,
                        reason: "no result in it".to_owned(),
                    },
                }
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                if status >= 400 {
                    Self::Failed {
                        operation,
                        host,
                        status,
                    }
                } else {
                    Self::Unreadable {
                        operation,
                        host,
                        reason: "not the XML that AWS sends".to_owned(),
                    }
                }
            }
            other => Self::Unreachable {
                operation,
                host,
                reason: reason(&other),
            },
        }
    }
}

/// Codes of answers with status 5xx.
///
/// Source: "Common Errors" of the STS and IAM API References; IAM's own operations add ServiceFailure.
fn is_trouble_at_aws(code: &str) -> bool {
    matches!(
        code,
        "InternalFailure"
            | "InternalError"
            | "InternalServerError"
            | "ServiceFailure"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
    )
}

/// Codes and wordings by which STS refuses a signature's time.
fn is_about_time(code: &str, message: Option<&str>) -> bool {
    let message = message.unwrap_or_default();
    matches!(code, "RequestTimeTooSkewed" | "RequestExpired")
        || code == "SignatureDoesNotMatch"
            && (message.contains("expired") || message.contains("not yet current"))
}

pub(super) fn shortened(text: &str) -> String {
    let text = crate::error::visible(text).replace('\n', " ");
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The last cause says what really happened ("Connection refused"); the outer ones repeat "dispatch failure".
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    shortened(&last.to_string())
}
