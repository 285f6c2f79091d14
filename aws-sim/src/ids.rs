//! Identifiers and secrets that look like AWS's, drawn from one seeded generator so that a test can repeat a run.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

/// SHA-256 in counter mode. Not meant to withstand anybody.
#[derive(Debug, Default)]
pub struct Ids {
    seed: [u8; 32],
    drawn: u64,
}

impl Ids {
    /// A generator nobody has seen before.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self { seed, drawn: 0 })
    }

    /// A generator that always gives the same ids in the same order.
    pub fn repeatable(seed: u64) -> Self {
        Self {
            seed: Sha256::digest(seed.to_be_bytes()).into(),
            drawn: 0,
        }
    }

    /// `AKIA…`, `ASIA…`, `AROA…`, `AIDA…`: a prefix and base32 up to `length` characters.
    pub fn entity(&mut self, prefix: &str, length: usize) -> String {
        let mut id = prefix.to_owned() + &BASE32_NOPAD.encode(&self.bytes(length));
        id.truncate(length);
        id
    }

    /// 40 characters, as every secret access key.
    pub fn secret(&mut self) -> String {
        STANDARD.encode(self.bytes(30))
    }

    /// Between 480 and 690 characters that begin as a real session token does.
    pub fn session_token(&mut self) -> String {
        let length = 350 + usize::from(self.bytes(1)[0]) * 5 / 8;
        String::from("IQoJb3JpZ2luX2Vj") + &STANDARD_NO_PAD.encode(self.bytes(length))
    }

    /// A sign-in token: safe in a query string, longer than a session token.
    pub fn signin_token(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(600))
    }

    /// A UUID, as in `x-amzn-RequestId`.
    pub fn request_id(&mut self) -> String {
        let hex = HEXLOWER.encode(&self.bytes(16));
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 32);
        while bytes.len() < count {
            bytes.extend_from_slice(
                &Sha256::new()
                    .chain_update(self.seed)
                    .chain_update(self.drawn.to_be_bytes())
                    .finalize(),
            );
            self.drawn += 1;
        }
        bytes.truncate(count);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_aws_shapes() {
        let mut ids = Ids::repeatable(1);
        let key = ids.entity("ASIA", 20);
        assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
        assert_eq!(ids.secret().len(), 40);
        assert_eq!(ids.request_id().len(), 36);
        for _ in 0..100 {
            let length = ids.session_token().len();
            assert!((400..=700).contains(&length), "{length}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(Ids::repeatable(7).secret(), Ids::repeatable(7).secret());
        assert_ne!(Ids::repeatable(7).secret(), Ids::repeatable(8).secret());
    }
}
