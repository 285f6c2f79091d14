//! Earlier versions had no journal: they kept the new key as a second item, `NAME (new)`, until it was proved.

use std::time::SystemTime;

use super::journal::{Journal, Phase};
use super::{Error, Rotation, copy};
use crate::credentials::StoredKey;

fn relic_name(name: &str) -> String {
    format!("{name} (new)")
}

impl Rotation<'_> {
    /// The rotation that an earlier version left half done, as a journal, which is stored. Somebody may have a profile of such
    /// a name: both keys must work, and be the same user's.
    pub(super) fn relic_of(&self, name: &str) -> Result<Option<Journal>, Error> {
        let (Some(old), Some(new)) = (
            self.vault.stored_key(name)?,
            self.vault.stored_key(&relic_name(name))?,
        ) else {
            return Ok(None);
        };
        if old.is_same_key(&new) {
            return Ok(None);
        }
        let whose = |key: &StoredKey| self.aws.caller_identity(&copy(&key.key), self.service);
        match (whose(&old), whose(&new)) {
            (Ok(old), Ok(new)) if old == new => {}
            (Err(error), _) | (_, Err(error)) if !error.is_dead_credentials() => {
                return Err(error.into());
            }
            // The copy of a key that does not work is left to its owner.
            _ => return Ok(None),
        }
        let user = self.user_of(name, &old)?;
        let mut names = self.names_of(name, &old)?;
        names.retain(|other| *other != relic_name(name));
        let mut journal = Journal {
            number: 0,
            phase: Phase::Forward,
            names,
            profile: self.chain.profile.clone(),
            no_session: self.no_session,
            account: user.account,
            user: user.name,
            started: SystemTime::UNIX_EPOCH,
            keys_before: None,
            old,
            new: Some(new),
        };
        self.write_intent(&mut journal)?;
        Ok(Some(journal))
    }

    /// The second item goes with the journal, which was made of it.
    pub(super) fn drop_relic(&self, journal: &Journal) -> Result<(), Error> {
        let name = relic_name(journal.name());
        let Some(new) = &journal.new else {
            return Ok(());
        };
        if journal.names.contains(&name) {
            return Ok(());
        }
        if self
            .vault
            .stored_key(&name)
            .ok()
            .flatten()
            .is_some_and(|relic| relic.is_same_key(new))
        {
            self.vault.remove_access_key(&name)?;
        }
        Ok(())
    }
}
