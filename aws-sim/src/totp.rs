//! RFC 6238 with the parameters every virtual MFA device of AWS uses: HMAC-SHA1, 30 seconds, 6 digits.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha1::Sha1;

/// AWS takes the code of the current step and of one step on either side, for clocks that are a little off.
const WINDOW: u64 = 1;

/// The seed is not base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seed of an MFA device is not base32")]
pub struct InvalidSeed;

/// What is allowed beyond AWS's rules; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leniency {
    /// A code works as often as one likes.
    pub reuse: bool,
    /// Further 30-second steps on either side of now.
    pub extra_steps: u64,
}

/// A user's virtual MFA device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// `arn:aws:iam::ACCOUNT:mfa/NAME`.
    pub serial: String,
    /// Base32; padding, spaces and lower case are accepted.
    pub seed: SecretString,
    /// The newest step whose code was accepted. A code works once, and none older than it works any more.
    #[serde(skip)]
    pub last_step: Option<u64>,
}

impl Device {
    /// Accepts `code` once, at `unix` seconds.
    pub fn accept(
        &mut self,
        code: &str,
        unix: u64,
        leniency: Leniency,
    ) -> Result<bool, InvalidSeed> {
        let now = step_at(unix);
        let reach = WINDOW + leniency.extra_steps;
        for step in now.saturating_sub(reach)..=now + reach {
            let fresh = leniency.reuse || self.last_step.is_none_or(|last| step > last);
            if fresh && self::code(self.seed.expose_secret(), step)? == code {
                self.last_step = self.last_step.max(Some(step));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An unused code that is accepted at `unix` seconds and for the 30 seconds that follow; `None` when those of this
    /// step and the next are used up.
    pub fn next_code(&self, unix: u64) -> Result<Option<String>, InvalidSeed> {
        let now = step_at(unix);
        let unused =
            (now..=now + WINDOW).find(|step| self.last_step.is_none_or(|last| *step > last));
        unused
            .map(|step| code(self.seed.expose_secret(), step))
            .transpose()
    }
}

/// The number of whole 30-second steps in `unix` seconds.
pub fn step_at(unix: u64) -> u64 {
    unix / 30
}

/// The six digits of one step.
pub fn code(seed: &str, step: u64) -> Result<String, InvalidSeed> {
    let mut mac = Hmac::<Sha1>::new_from_slice(&decoded(seed)?).map_err(|_| InvalidSeed)?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    // RFC 4226 section 5.3: the low four bits of the last byte say where to read 31 bits.
    let offset = usize::from(digest[digest.len() - 1] & 0x0f);
    let word = [
        digest[offset],
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ];
    Ok(format!(
        "{:06}",
        (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000
    ))
}

fn decoded(seed: &str) -> Result<Vec<u8>, InvalidSeed> {
    let plain: String = seed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .collect();
    BASE32_NOPAD
        .decode(plain.to_ascii_uppercase().as_bytes())
        .map_err(|_| InvalidSeed)
}
