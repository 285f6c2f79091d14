//! Proof of possession of a key: a signed note of one request.
//!
//! Source: RFC 9449, 4.2 and 4.3; RFC 7638 for the key's name.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::EncodedPoint;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Refusal;
use crate::request::Request;

/// Clocks differ a little.
const WINDOW_S: u64 = 300;

pub struct Proof {
    /// Used once.
    pub id: String,
    /// The key's thumbprint.
    pub key: String,
}

pub fn check(request: &Request, now: SystemTime) -> Result<Proof, Refusal> {
    let text =
        request
            .header("dpop")
            .ok_or((400, "INVALID_REQUEST", "the DPoP proof is missing"))?;
    proof(request, text, now).ok_or((400, "INVALID_REQUEST", "the DPoP proof is not valid"))
}

fn proof(request: &Request, text: &str, now: SystemTime) -> Option<Proof> {
    let [header, claims, signature] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
    let (signed, _) = text.rsplit_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).ok();
    let (header, claims) = (json(header)?, json(claims)?);
    let jwk = &header["jwk"];
    let (x, y) = (jwk["x"].as_str()?, jwk["y"].as_str()?);
    let is_right_kind = header["typ"] == "dpop+jwt"
        && header["alg"] == "ES256"
        && jwk["kty"] == "EC"
        && jwk["crv"] == "P-256"
        && jwk.get("d").is_none();
    let url = format!("http://{}{}", request.header("host")?, request.path);
    let age = now
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_secs()
        .abs_diff(claims["iat"].as_u64()?);
    if !is_right_kind || claims["htm"] != request.method || claims["htu"] != url || age > WINDOW_S {
        return None;
    }
    let coordinates: (Vec<u8>, Vec<u8>) = (decode(x)?, decode(y)?);
    let x_bytes: [u8; 32] = coordinates.0.try_into().ok()?;
    let y_bytes: [u8; 32] = coordinates.1.try_into().ok()?;
    let point = EncodedPoint::from_affine_coordinates(&x_bytes.into(), &y_bytes.into(), false);
    let signature = Signature::from_slice(&decode(signature)?).ok()?;
    VerifyingKey::from_encoded_point(&point)
        .ok()?
        .verify(signed.as_bytes(), &signature)
        .ok()?;
    let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    Some(Proof {
        id: claims["jti"]
            .as_str()
            .filter(|id| !id.is_empty())?
            .to_owned(),
        key: URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint)),
    })
}
