//! Refusals in AWS's words: SDKs and people match on the code, people search for the message.

/// An error answer of the query protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Whose fault it is: below 500 the sender's.
    pub code: String,
    /// One sentence, as AWS words it.
    pub message: String,
}

impl ApiError {
    /// Any error.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// 403: authenticated, but not allowed.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    /// 403 for a refused action, worded with caller, action and resource.
    pub fn not_authorized(caller: &str, action: &str, resource: &str) -> Self {
        Self::access_denied(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}"
        ))
    }

    /// 400: a parameter breaks a rule.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// 403 for an unknown, inactive or not yet propagated key, and for a token that belongs to another key.
    pub fn invalid_client_token_id() -> Self {
        Self::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        )
    }

    /// 403 for temporary credentials past their expiry.
    pub fn expired_token() -> Self {
        Self::new(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        )
    }

    /// 403 for a wrong secret, a changed request or a wrong clock: AWS uses one code for all three.
    pub fn signature_does_not_match(message: impl Into<String>) -> Self {
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    /// 404: no such user, key or device.
    pub fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }
}
