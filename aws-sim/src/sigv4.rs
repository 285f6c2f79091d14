//! AWS Signature Version 4 as a server checks it: header-signed requests only.
//! Source: "Create a signed AWS API request", AWS IAM User Guide.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::error::ApiError;
use crate::request::Request;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SKEW: Duration = Duration::from_mins(15);
/// RFC 3986's unreserved characters are all that SigV4 leaves alone.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH_ESCAPED: &AsciiSet = &ESCAPED.remove(b'/');

/// The parsed `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Whose secret signed.
    pub access_key_id: String,
    /// `20261123`.
    pub date: String,
    /// `us-east-1`.
    pub region: String,
    /// `sts`.
    pub service: String,
    /// Lower-case names, in the order written.
    pub signed_headers: Vec<String>,
    /// 64 hex digits.
    pub signature: String,
}

impl Authorization {
    /// Reads the header; `MissingAuthenticationToken` or `IncompleteSignature` if it is not one.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        let header = request.header("authorization").ok_or_else(missing)?;
        let fields = header
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| incomplete("Unsupported signing algorithm."))?;
        let fields: BTreeMap<&str, &str> = fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        let field = |name: &str| {
            fields.get(name).copied().ok_or_else(|| {
                incomplete(&format!(
                    "Authorization header requires '{name}' parameter."
                ))
            })
        };
        let credential = field("Credential")?;
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = parts[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        Ok(Self {
            access_key_id: access_key_id.into(),
            date: date.into(),
            region: region.into(),
            service: service.into(),
            signed_headers: field("SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature: field("Signature")?.into(),
        })
    }

    /// Checks clock, scope and signature of a request signed with `secret`.
    pub fn verify(&self, request: &Request, secret: &str, now: SystemTime) -> Result<(), ApiError> {
        let timestamp = request
            .header("x-amz-date")
            .ok_or_else(|| incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."))?;
        self.check_time(timestamp, now)?;
        self.check_signed_headers(request)?;
        if signature(request, self, timestamp, secret) == self.signature {
            return Ok(());
        }
        Err(ApiError::signature_does_not_match(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ))
    }

    fn check_time(&self, timestamp: &str, now: SystemTime) -> Result<(), ApiError> {
        let signed = clock::parse_basic(timestamp).ok_or_else(|| {
            incomplete(&format!(
                "Date must be in ISO-8601 'basic format'. Got '{timestamp}'."
            ))
        })?;
        if !timestamp.starts_with(&self.date) {
            return Err(ApiError::signature_does_not_match(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{timestamp}'.",
                self.date,
                timestamp.get(..8).unwrap_or_default(),
            )));
        }
        let (earliest, latest) = (now - SKEW, now + SKEW);
        let current = clock::basic(now);
        if signed < earliest {
            return Err(ApiError::signature_does_not_match(format!(
                "Signature expired: {timestamp} is now earlier than {} ({current} - 15 min.)",
                clock::basic(earliest)
            )));
        }
        if signed > latest {
            return Err(ApiError::signature_does_not_match(format!(
                "Signature not yet current: {timestamp} is still later than {} ({current} + 15 min.)",
                clock::basic(latest)
            )));
        }
        Ok(())
    }

    /// A signature that leaves out the host or a sent `X-Amz-*` header would let somebody else change it.
    fn check_signed_headers(&self, request: &Request) -> Result<(), ApiError> {
        let must_be_signed =
            |name: &str| name == "host" || name == "x-amz-date" || name == "x-amz-security-token";
        let unsigned = request.headers.iter().map(|(name, _)| name).find(|name| {
            must_be_signed(name) && !self.signed_headers.iter().any(|signed| signed == *name)
        });
        match unsigned {
            None => Ok(()),
            Some(name) => Err(ApiError::signature_does_not_match(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            ))),
        }
    }
}

/// The signature that `secret` gives for `request` signed at `timestamp` (`20261123T060000Z`).
pub fn signature(
    request: &Request,
    authorization: &Authorization,
    timestamp: &str,
    secret: &str,
) -> String {
    let Authorization {
        date,
        region,
        service,
        ..
    } = authorization;
    let canonical = HEXLOWER.encode(&Sha256::digest(canonical_request(
        request,
        &authorization.signed_headers,
    )));
    let to_sign =
        format!("{ALGORITHM}\n{timestamp}\n{date}/{region}/{service}/aws4_request\n{canonical}");
    let key = [date.as_str(), region, service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
            hmac_sha256(&key, part)
        });
    HEXLOWER.encode(&hmac_sha256(&key, &to_sign))
}

fn canonical_request(request: &Request, signed_headers: &[String]) -> String {
    let headers: String = signed_headers
        .iter()
        .map(|name| canonical_header(request, name))
        .collect();
    [
        request.method.as_str(),
        &canonical_path(&request.path),
        &canonical_query(&request.query),
        &headers,
        &signed_headers.join(";"),
        &HEXLOWER.encode(&Sha256::digest(&request.body)),
    ]
    .join("\n")
}

/// Every service but S3 escapes the path that was already escaped once.
fn canonical_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let ends_with_slash =
        matches!(path.rsplit('/').next(), Some("" | "." | "..")) && !kept.is_empty();
    let normal = format!(
        "/{}{}",
        kept.join("/"),
        if ends_with_slash { "/" } else { "" }
    );
    utf8_percent_encode(&normal, PATH_ESCAPED).to_string()
}

fn canonical_query(query: &str) -> String {
    let recoded = |text: &str| {
        utf8_percent_encode(&percent_decode_str(text).decode_utf8_lossy(), ESCAPED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recoded(name), recoded(value)))
        .collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

fn canonical_header(request: &Request, name: &str) -> String {
    let values: Vec<String> = request
        .headers
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    format!("{name}:{}\n", values.join(","))
}

pub fn hmac_sha256(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn missing() -> ApiError {
    ApiError::new(
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(400, "IncompleteSignature", message)
}
