//! The codes of a virtual MFA device, computed from its seed: SHA-1, six digits, a new one every 30 seconds.
//!
//! Source: RFC 6238 (TOTP) and RFC 4226 section 5.3 (truncation).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::TokenCode;

const STEP_SECONDS: u64 = 30;
/// A step that was used further ahead than this is what a clock left that has been put right.
const PLAUSIBLE_STEPS: u64 = 4;

/// What a device computes its codes from.
pub struct Seed(Zeroizing<Vec<u8>>);

impl Seed {
    /// The `Base32StringSeed` of IAM; blanks, padding and lower case are accepted. `None` if it is no base32.
    pub fn parse(text: &str) -> Option<Self> {
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        let digits = text.chars().filter(|c| !c.is_whitespace() && *c != '=');
        plain.extend(digits.map(|c| c.to_ascii_uppercase()));
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(plain.as_bytes()).ok()?);
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The code of a 30-second step.
    pub fn code(&self, step: u64) -> TokenCode {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let digest = hmac::sign(&key, &step.to_be_bytes());
        let digest = digest.as_ref();
        let offset = usize::from(digest[digest.len() - 1] & 0x0f);
        let word = digest[offset..offset + 4]
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
        TokenCode::of_number((word & 0x7fff_ffff) % 1_000_000)
    }

    /// The step whose code this is, near `now`.
    pub fn step_of(&self, code: &TokenCode, now: SystemTime) -> Option<u64> {
        let now = step_at(now);
        let near = now.saturating_sub(PLAUSIBLE_STEPS)..=now + PLAUSIBLE_STEPS;
        near.into_iter().find(|step| self.code(*step) == *code)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// The number of whole steps since 1970.
pub fn step_at(now: SystemTime) -> u64 {
    since_1970(now).as_secs() / STEP_SECONDS
}

/// The first step whose code AWS may still take, and how long it is until then. `last`: the newest step whose code was used; AWS
/// takes each code once.
pub fn next(last: Option<u64>, now: SystemTime) -> (u64, Duration) {
    let current = step_at(now);
    let next = match last {
        Some(last) if last <= current + PLAUSIBLE_STEPS => current.max(last + 1),
        _ => current,
    };
    let begins = Duration::from_secs(next * STEP_SECONDS);
    (next, begins.saturating_sub(since_1970(now)))
}

fn since_1970(now: SystemTime) -> Duration {
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn the_rfcs_codes() {
        let seed = Seed::parse("GEZD GNBV gy3t qojq GEZDGNBVGY3TQOJQ====").unwrap();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let computed = seed.code(step_at(at(seconds)));
            assert_eq!(computed.as_str(), code);
            assert_eq!(
                seed.step_of(&computed, at(seconds + 60)),
                Some(seconds / 30)
            );
        }
        assert_eq!(seed.step_of(&seed.code(1), at(3000)), None);
        for bad in ["", "   ", "A1", "0000"] {
            assert!(Seed::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn no_code_is_used_twice() {
        let seconds = Duration::from_secs;
        for (last, now, expected) in [
            (None, 100, (3, seconds(0))),
            (Some(2), 100, (3, seconds(0))),
            (Some(3), 100, (4, seconds(20))),
            // The second code of an enrolment may be the coming one.
            (Some(4), 100, (5, seconds(50))),
            // The clock was an hour ahead when it was noted.
            (Some(123), 100, (3, seconds(0))),
        ] {
            assert_eq!(next(last, at(now)), expected, "{last:?} {now}");
        }
    }
}
