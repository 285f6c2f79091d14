//! What is answered, before it becomes bytes.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, SERVER,
};
use http::{Response, StatusCode};
use http_body_util::Full;

pub type Reply = Response<Full<Bytes>>;

/// Source: EC2 User Guide, "Use IMDSv2"; the answer repeats the request's header.
pub const TOKEN_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// The instance metadata service answers everything, credentials too, as plain text.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = with_type(status, body.into(), "text/plain");
    reply
        .headers_mut()
        .insert(SERVER, HeaderValue::from_static("EC2ws"));
    reply
}

pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    with_type(status, body.into(), "application/json")
}

/// `{"Message":…,"Code":…}`: the former is what the Go tool answers, the latter what the SDK for Rust shows.
pub fn json_error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "Code": code, "Message": message });
    json(status, body.to_string())
}

/// The methods that the path knows.
///
/// Source: RFC 9110, section 15.5.6.
pub fn allowing(mut reply: Reply, methods: &'static str) -> Reply {
    reply
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    reply
}

/// No more requests from whoever sent this one.
pub fn closing(mut reply: Reply) -> Reply {
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

fn with_type(status: StatusCode, body: Bytes, kind: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
