//! MFA codes from a seed in the vault, for those who chose `--prompt vault`.

use secrecy::ExposeSecret as _;

use super::{Error, Provider};
use crate::mfa::{self, TokenCode, totp};

impl Provider<'_> {
    /// A code of the device that nobody used yet; waits for the next 30 seconds if need be.
    pub(super) fn code_of_vault(&self, serial: &str) -> Result<TokenCode, Error> {
        let missing = || mfa::Error::NoSeed {
            serial: serial.to_owned(),
        };
        let text = (self.vault)()?.mfa_seed(serial)?.ok_or_else(missing)?;
        let seed = totp::Seed::parse(text.expose_secret()).ok_or_else(missing)?;
        let _lock = self.sessions.lock_codes(serial, || {
            (self.notice)(&format!(
                "waiting for another aws-vault, which uses a code of {serial}"
            ));
        })?;
        let (step, wait) = totp::next(self.sessions.spent_step(serial), (self.clock)());
        if !wait.is_zero() {
            (self.notice)(&format!(
                "AWS takes each MFA code once; the next one of {serial} begins in {} s",
                wait.as_secs() + 1
            ));
            std::thread::sleep(wait);
        }
        // Noted before it is sent: whoever comes after a killed process must not send it again.
        self.sessions.note_spent(serial, step)?;
        Ok(seed.code(step))
    }
}
