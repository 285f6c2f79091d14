//! Proof that a request comes from the holder of a key, so that a stolen refresh token alone is worth nothing.
//!
//! Source: RFC 9449 (DPoP), with ECDSA on P-256 as AWS Sign-In wants it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;
use zeroize::Zeroizing;

/// A private key that never leaves this computer. Wiped when dropped.
#[derive(Clone)]
pub struct DpopKey(SigningKey);

impl DpopKey {
    pub fn new() -> Result<Self, getrandom::Error> {
        loop {
            let mut scalar = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *scalar)?;
            // All but one in 2^32 are numbers below the curve's order.
            if let Some(key) = Self::from_bytes(&*scalar) {
                return Ok(key);
            }
        }
    }

    pub fn from_bytes(scalar: &[u8]) -> Option<Self> {
        SigningKey::from_slice(scalar).ok().map(Self)
    }

    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }

    /// The proof for one POST to `url`; `id` must be a new one each time.
    pub(super) fn proof(&self, url: &str, id: &str, now: SystemTime) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        let coordinate = |bytes: Option<&_>| {
            bytes.map_or_else(String::new, |bytes: &p256::FieldBytes| {
                BASE64_URL_SAFE_NO_PAD.encode(bytes)
            })
        };
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {
                "kty": "EC",
                "crv": "P-256",
                "x": coordinate(point.x()),
                "y": coordinate(point.y()),
            },
        });
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let claims = json!({ "jti": id, "htm": "POST", "htu": url, "iat": since.as_secs() });
        let encode = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature: Signature = self.0.sign(signed.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("{signed}.{signature}")
    }
}

impl std::fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DpopKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Verifier as _;

    use super::*;

    #[test]
    fn the_signature_is_the_keys_and_the_note_is_the_requests() {
        let key = DpopKey::new().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let proof = key.proof("https://x/v1/token", "id", now);
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let signature = Signature::from_slice(&decode(signature)).unwrap();
        let verifying = *key.0.verifying_key();
        assert!(verifying.verify(signed.as_bytes(), &signature).is_ok());
        let claims: serde_json::Value =
            serde_json::from_slice(&decode(signed.split('.').nth(1).unwrap())).unwrap();
        assert_eq!(
            claims,
            json!({ "jti": "id", "htm": "POST", "htu": "https://x/v1/token", "iat": 1_800_000_000 })
        );
        let header = String::from_utf8(decode(signed.split('.').next().unwrap())).unwrap();
        assert!(!header.contains("\"d\""), "{header}");
    }

    #[test]
    fn a_key_comes_back_as_it_went_and_is_not_shown() {
        let key = DpopKey::new().unwrap();
        let back = DpopKey::from_bytes(&key.to_bytes()).unwrap();
        assert_eq!(back.to_bytes(), key.to_bytes());
        assert_eq!(format!("{key:?}"), "DpopKey(…)");
        assert!(DpopKey::from_bytes(&[0; 32]).is_none());
        assert!(DpopKey::from_bytes(b"short").is_none());
    }
}
