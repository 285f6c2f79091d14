//! The steps, done. Each can be done again: what is done already is found done.

use super::authority::Done;
use super::creation::LISTED_AFTER;
use super::journal::{Journal, Phase};
use super::proof::PROPAGATION_LIMIT;
use super::steps::{Found, Holds, KeyState, Step};
use super::{Cause, Error, Rotation, copy};
use crate::credentials::{StoredKey, masked};
use crate::index::Unfinished;

impl Rotation<'_> {
    pub(super) fn act(
        &self,
        step: &Step,
        journal: &mut Journal,
        found: &mut Found,
    ) -> Result<(), Error> {
        match step {
            Step::CreateKey => self.create_key(journal, found),
            Step::LookForOrphan => self.look_for_orphan(journal, found),
            Step::OfferOrphan(id) => self.offer_orphan(id, journal, found),
            Step::ProveNew => self.prove_new(journal, found),
            Step::LookForNew => self.look_for_new(journal, found),
            Step::StoreNew => {
                let new = new_key(journal)?.duplicate();
                self.fill(
                    journal,
                    found,
                    [Holds::Old, Holds::Nothing],
                    Holds::New,
                    &new,
                )
            }
            Step::RestoreOld => {
                let old = journal.old.duplicate();
                self.fill(
                    journal,
                    found,
                    [Holds::New, Holds::Nothing],
                    Holds::Old,
                    &old,
                )
            }
            Step::DropSessions => {
                journal
                    .names
                    .iter()
                    .for_each(|name| self.drop_sessions(name));
                found.sessions_dropped = true;
                Ok(())
            }
            Step::DeactivateOld => self.deactivate_old(journal, found),
            Step::ProveNewAlone => {
                let proof = self.prove_for(new_key(journal)?, PROPAGATION_LIMIT);
                proof.map_err(unfinished(
                    journal,
                    "the new key has to be proved once more",
                ))?;
                found.old = KeyState::Dispensable;
                Ok(())
            }
            Step::DeleteOld => self.delete_old(journal, found),
            Step::KeepOld => self.keep_old(journal),
            Step::TurnBack => {
                (self.progress)("Going back to the old access key");
                found.sessions_dropped = false;
                self.turn(journal, Phase::Back)
            }
            Step::TurnForward => {
                (self.progress)("The old access key is gone, so the new one stays");
                self.turn(journal, Phase::Forward)
            }
            Step::ProveOld => self.prove_old(journal, found),
            Step::ReactivateOld => self.reactivate_old(journal, found),
            Step::DeleteNew => self.delete_new(journal, found),
            Step::DropJournal => self.drop_journal(journal),
            Step::Stuck => Err(Error::Stuck {
                name: journal.name().to_owned(),
                old: journal.old.key.access_key_id.clone(),
                new: journal
                    .new
                    .as_ref()
                    .map_or_else(String::new, |new| new.key.access_key_id.clone()),
            }),
        }
    }

    fn prove_new(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        match self.prove_for(new_key(journal)?, LISTED_AFTER * 2) {
            Ok(()) => found.new = KeyState::Works,
            Err(error) if error.is_dead_credentials() => found.new = KeyState::Refused,
            Err(error) => return Err(unfinished(journal, "the new key is not proved yet")(error)),
        }
        Ok(())
    }

    /// A key that is refused may be late, or somebody deleted it. One that IAM lists is given the rest of its time.
    fn look_for_new(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        let new = new_key(journal)?;
        let id = &new.key.access_key_id;
        let signer = self.signer(&journal.account)?;
        let keys = self
            .aws
            .iam(signer, self.service, Some(&journal.user))
            .list_access_keys();
        let what = format!("the new key {} does not work", masked(id));
        let keys = keys.map_err(unfinished(journal, &what))?;
        if keys.iter().all(|key| key.access_key_id != *id) {
            (self.progress)(&format!(
                "The new access key {} is not at IAM any more",
                masked(id)
            ));
            found.new = KeyState::Gone;
            return Ok(());
        }
        if self.age(journal) >= PROPAGATION_LIMIT
            && let Err(error) = self.aws.caller_identity(&copy(&new.key), self.service)
        {
            return Err(unfinished(journal, &what)(error));
        }
        found.new = KeyState::Unknown;
        Ok(())
    }

    /// Puts `key` into every name that holds one of `from`.
    fn fill(
        &self,
        journal: &Journal,
        found: &mut Found,
        from: [Holds; 2],
        to: Holds,
        key: &StoredKey,
    ) -> Result<(), Error> {
        for (name, holds) in journal.names.iter().zip(&mut found.stored) {
            if from.contains(holds) {
                self.vault
                    .store_key(name, &key.key, key.created)
                    .map_err(unfinished(
                        journal,
                        &format!("the key could not be stored as '{name}'"),
                    ))?;
                *holds = to;
            }
            (self.note_created)(name, key.created);
        }
        Ok(())
    }

    /// Sessions of every profile that starts from this key, siblings included.
    fn drop_sessions(&self, name: &str) {
        let own = self.sessions.remove(|header| {
            header.stored_key.as_deref() == Some(name) && header.store == self.location
        });
        let foreign = self.vault.remove_foreign_sessions(Some(name));
        let dropped = own.unwrap_or_default() + foreign.unwrap_or_default();
        if dropped > 0 {
            (self.progress)(&format!("Deleted {dropped} sessions for {name}"));
        }
    }

    fn deactivate_old(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        let id = &journal.old.key.access_key_id;
        let verb = if found.keep_old {
            "Deactivating"
        } else {
            "Deleting"
        };
        (self.progress)(&format!("{verb} old access key {}", masked(id)));
        let done = self.with_authority(journal, &[new_key(journal)?], |iam| {
            iam.deactivate_access_key(id)
        });
        found.old = match done {
            Ok(Done::Changed) => KeyState::Deactivated,
            Ok(Done::WasGone) => KeyState::Gone,
            Err(cause) => return self.old_remains(journal, found, "deactivated", cause),
        };
        Ok(())
    }

    fn delete_old(&self, journal: &mut Journal, found: &mut Found) -> Result<(), Error> {
        let id = journal.old.key.access_key_id.clone();
        match self.with_authority(journal, &[new_key(journal)?], |iam| {
            iam.delete_access_key(&id)
        }) {
            Ok(_) => {}
            Err(cause) => {
                self.old_remains(journal, found, "deleted", cause)
                    .inspect_err(|_| {
                        // It cannot be used any more: nothing is urgent, and the next rotation tries again.
                        let _ = self.keep_old(journal);
                    })?;
            }
        }
        (self.progress)(&format!("Deleted old access key {}", masked(&id)));
        found.old = KeyState::Gone;
        Ok(())
    }

    /// Who may not change a key may still see that it is gone.
    fn old_remains(
        &self,
        journal: &Journal,
        found: &mut Found,
        what: &'static str,
        source: Cause,
    ) -> Result<(), Error> {
        let old = &journal.old.key.access_key_id;
        let new = copy(&new_key(journal)?.key);
        let keys = self
            .aws
            .iam(&new, self.service, Some(&journal.user))
            .list_access_keys();
        if keys.is_ok_and(|keys| keys.iter().all(|key| key.access_key_id != *old)) {
            found.old = KeyState::Gone;
            return Ok(());
        }
        Err(Error::OldKeyRemains {
            old: old.clone(),
            what,
            source,
        })
    }

    fn keep_old(&self, journal: &mut Journal) -> Result<(), Error> {
        journal.phase = Phase::OldKeyKept;
        self.store(journal)
            .map_err(unfinished(journal, "the journal could not be written"))?;
        self.note(journal, Some(Unfinished::OldKeyKept));
        Ok(())
    }

    fn prove_old(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        let proof = if found.old == KeyState::Reactivated {
            self.prove_for(&journal.old, PROPAGATION_LIMIT)
        } else {
            self.aws
                .caller_identity(&copy(&journal.old.key), self.service)
                .map(drop)
        };
        match proof {
            Ok(()) => found.old = KeyState::Works,
            Err(error) if error.is_dead_credentials() && found.old == KeyState::Unknown => {
                found.old = KeyState::Refused;
            }
            Err(error) => return Err(unfinished(journal, "the old key does not work yet")(error)),
        }
        Ok(())
    }

    fn reactivate_old(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        let id = &journal.old.key.access_key_id;
        let hands: Vec<&StoredKey> = journal.new.iter().collect();
        let done = self.with_authority(journal, &hands, |iam| iam.reactivate_access_key(id));
        found.old = match done.map_err(unfinished(
            journal,
            "the old key could not be activated again",
        ))? {
            Done::Changed => KeyState::Reactivated,
            Done::WasGone => KeyState::Gone,
        };
        Ok(())
    }

    fn delete_new(&self, journal: &Journal, found: &mut Found) -> Result<(), Error> {
        let new = new_key(journal)?;
        let id = &new.key.access_key_id;
        let done = self.with_authority(journal, &[&journal.old, new], |iam| {
            iam.delete_access_key(id)
        });
        done.map_err(unfinished(
            journal,
            &format!("the new key {} could not be deleted", masked(id)),
        ))?;
        (self.progress)(&format!("Deleted new access key {}", masked(id)));
        found.new = KeyState::Gone;
        Ok(())
    }

    pub(super) fn drop_journal(&self, journal: &Journal) -> Result<(), Error> {
        self.drop_relic(journal)?;
        self.vault.remove_rotation_journal(journal.name())?;
        self.note(journal, None);
        Ok(())
    }
}

fn new_key(journal: &Journal) -> Result<&StoredKey, Error> {
    journal.new.as_ref().ok_or_else(|| Error::KeyMissing {
        name: journal.name().to_owned(),
    })
}

fn unfinished<E: Into<Cause>>(journal: &Journal, what: &str) -> impl FnOnce(E) -> Error + use<E> {
    let (name, what) = (journal.name().to_owned(), what.to_owned());
    move |source| Error::Unfinished {
        name,
        what,
        source: source.into(),
    }
}
