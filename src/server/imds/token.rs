//! Tokens of IMDSv2: their own end, sealed with a key of this process. No table of tokens, so nothing grows and nothing is
//! forgotten before its time.

use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderName;
use zeroize::Zeroizing;

use crate::server::clock::{Deadline, Now};

/// Source: EC2 User Guide, "Use IMDSv2".
pub const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

const NONCE_BYTES: usize = 12;
/// Nonce, two clocks, authentication tag.
const TOKEN_BYTES: usize = NONCE_BYTES + 16 + 16;
/// In Base64 without padding: as long as EC2's, 56 with padding, give or take.
const TOKEN_LENGTH: usize = TOKEN_BYTES * 4 / 3 + 1;

/// Issues tokens and recognises them.
pub struct Tokens {
    cipher: Aes256Gcm,
}

/// A token's life: 1 second to 6 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl(u16);

impl Tokens {
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key)?;
        Ok(Self {
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)),
        })
    }

    pub fn issue(&self, ttl: Ttl, now: Now) -> Result<String, getrandom::Error> {
        let end = Deadline::after(now, Duration::from_secs(ttl.seconds()));
        let (wall, boot) = end.to_millis();
        let plain = [wall.to_be_bytes(), boot.to_be_bytes()].concat();
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), plain.as_slice())
            .expect("AES-GCM seals 16 bytes");
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// How long a token still lives; `None` when it does not, or was never ours.
    pub fn left(&self, token: &[u8], now: Now) -> Option<Duration> {
        // Looked at before anything is decoded: headers may be long.
        if token.len() != TOKEN_LENGTH {
            return None;
        }
        // The decoder wants room for whole groups of three bytes.
        let mut bytes = [0; TOKEN_BYTES + 3];
        let count = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (nonce, sealed) = bytes[..count].split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let plain = self.cipher.decrypt(&Nonce::from(nonce), sealed).ok()?;
        let (wall, boot) = plain.split_at_checked(8)?;
        let millis = |bytes: &[u8]| Some(u64::from_be_bytes(bytes.try_into().ok()?));
        let end = Deadline::from_millis((millis(wall)?, millis(boot)?));
        Some(end.left(now)).filter(|left| !left.is_zero())
    }
}

impl Ttl {
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = text.parse().ok().filter(|_| is_number)?;
        (1..=21_600).contains(&seconds).then_some(Self(seconds))
    }

    pub fn seconds(self) -> u64 {
        self.0.into()
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_dies_to_the_second() {
        let tokens = Tokens::new().unwrap();
        let token = tokens.issue(Ttl(60), Now::test(0)).unwrap();
        assert_eq!(token.len(), TOKEN_LENGTH);
        let left = |now| tokens.left(token.as_bytes(), now);
        assert_eq!(left(Now::test(0)), Some(Duration::from_secs(60)));
        assert_eq!(left(Now::test(59)), Some(Duration::from_secs(1)));
        assert_eq!(left(Now::test(60)), None);
        let mut set_back = Now::test(60);
        set_back.wall -= Duration::from_hours(1);
        assert_eq!(left(set_back), None, "the time since boot counts too");
    }

    #[test]
    fn nobody_elses_token() {
        let now = Now::test(0);
        let token = Tokens::new().unwrap().issue(Ttl(60), now).unwrap();
        let tokens = Tokens::new().unwrap();
        assert_eq!(tokens.left(token.as_bytes(), now), None);
        let own = tokens.issue(Ttl(60), now).unwrap();
        for wrong in [
            String::new(),
            "x".repeat(TOKEN_LENGTH),
            "A".repeat(TOKEN_LENGTH),
            format!("{own}A"),
            own[1..].to_owned(),
            own.to_lowercase(),
            "A".repeat(100_000),
        ] {
            assert_eq!(tokens.left(wrong.as_bytes(), now), None, "{wrong:.80}");
        }
    }

    #[test]
    fn lives_from_a_second_to_six_hours() {
        for good in ["1", "21600", "0060"] {
            assert!(Ttl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "0",
            "21601",
            "-1",
            "+1",
            "abc",
            "1.5",
            "1 ",
            "99999999999",
        ] {
            assert_eq!(Ttl::parse(bad), None, "{bad}");
        }
    }
}
