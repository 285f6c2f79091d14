//! The key that seals the cached steps: from the kernel's keyring while it rests there, else from the store.

use aws_vault_keystore::Secret;

use super::{Error, Provider};
use crate::vault::SessionKey;

impl Provider<'_> {
    /// The key to seal with: the one in use, else a new one.
    pub(super) fn session_key(&self) -> Result<SessionKey, Error> {
        if let Some(key) = self.recalled_key() {
            return Ok(key);
        }
        if let Some(key) = self.stored_key()? {
            return Ok(key);
        }
        let _lock = self.sessions.lock_key()?;
        let key = (self.vault)()?.session_key_or_new()?;
        self.keep_unlocked(&key);
        Ok(key)
    }

    /// The session key, if it was unlocked a short while ago.
    pub(super) fn recalled_key(&self) -> Option<SessionKey> {
        let secret = self.unlocked.recall(&unlock_name(self.location))?;
        SessionKey::from_bytes(secret.expose())
    }

    /// The session key from the store; from now on it need not be asked for again for a while.
    pub(super) fn stored_key(&self) -> Result<Option<SessionKey>, Error> {
        let key = (self.vault)()?.session_key()?;
        if let Some(key) = &key {
            self.keep_unlocked(key);
        }
        Ok(key)
    }

    fn keep_unlocked(&self, key: &SessionKey) {
        let secret = Secret::new(key.expose().to_vec());
        self.unlocked.keep(&unlock_name(self.location), &secret);
    }
}

/// What the session key of a store is called in the kernel's keyring.
pub fn unlock_name(location: &str) -> String {
    format!("aws-vault:session-key:{location}")
}
