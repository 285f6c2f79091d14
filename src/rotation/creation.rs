//! CreateAccessKey, the one call that cannot be repeated: its answer holds a secret that is said once.

use std::time::Duration;

use super::authority::is_gone;
use super::journal::Journal;
use super::steps::Found;
use super::{Answer, Error, Rotation};
use crate::aws;
use crate::aws::iam::AccessKeyMetadata;
use crate::credentials::masked;

/// How long an intent is left alone before its key is looked for: what IAM has made may not be listed at once.
pub(super) const LISTED_AFTER: Duration = Duration::from_secs(5);
/// Two clocks, in case the user could not list keys when the intent was written.
const CLOCK_DIFFERENCE: Duration = Duration::from_mins(5);

impl Rotation<'_> {
    pub(super) fn create_key(&self, journal: &mut Journal, found: &mut Found) -> Result<(), Error> {
        (self.progress)("Creating a new access key");
        let iam = self.aws.iam(
            self.signer(&journal.account)?,
            self.service,
            Some(&journal.user),
        );
        let new = match iam.create_access_key() {
            Ok(new) => new,
            Err(source) if source.is_ambiguous() => return Err(Error::PerhapsCreated { source }),
            Err(source) => {
                self.drop_journal(journal)?;
                return Err(denied(&journal.user, source));
            }
        };
        found.nothing_sent = false;
        let user = journal.user.clone();
        let iam = self
            .aws
            .iam(self.signer(&journal.account)?, self.service, Some(&user));
        let id = new.key.access_key_id.clone();
        journal.new = Some(new);
        if let Err(source) = self.store(journal) {
            // Its secret exists only here. The old key works, so the new one goes.
            let deleted = iam.delete_access_key(&id).is_ok();
            if deleted {
                self.drop_journal(journal)?;
            }
            return Err(Error::NotStored {
                new: id,
                deleted,
                source,
            });
        }
        (self.progress)(&format!("Created new access key {}", masked(&id)));
        Ok(())
    }

    pub(super) fn look_for_orphan(
        &self,
        journal: &Journal,
        found: &mut Found,
    ) -> Result<(), Error> {
        let iam = self.aws.iam(
            self.signer(&journal.account)?,
            self.service,
            Some(&journal.user),
        );
        let keys = match iam.list_access_keys() {
            Ok(keys) => keys,
            // Whether there is one shows when the next key is made.
            Err(error) if error.is_denied() => {
                (self.progress)(&format!(
                    "Cannot look whether a key was made: iam:ListAccessKeys is not allowed for {}",
                    journal.user
                ));
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let is_orphan = |key: &AccessKeyMetadata| {
            key.access_key_id != journal.old.key.access_key_id
                && match &journal.keys_before {
                    Some(known) => !known.contains(&key.access_key_id),
                    None => key
                        .created
                        .is_some_and(|created| created + CLOCK_DIFFERENCE >= journal.started),
                }
        };
        found.orphans = Some(
            keys.into_iter()
                .filter(is_orphan)
                .map(|key| key.access_key_id)
                .collect(),
        );
        Ok(())
    }

    pub(super) fn offer_orphan(
        &self,
        id: &str,
        journal: &Journal,
        found: &mut Found,
    ) -> Result<(), Error> {
        match (self.orphan)(id)? {
            Answer::Delete => {
                let iam = self.aws.iam(
                    self.signer(&journal.account)?,
                    self.service,
                    Some(&journal.user),
                );
                gone_is_done(iam.delete_access_key(id))
                    .map_err(|source| denied(&journal.user, source))?;
                (self.progress)(&format!(
                    "Deleted access key {}, whose secret nobody had",
                    masked(id)
                ));
            }
            Answer::Leave => (self.progress)(&format!("Left access key {} alone", masked(id))),
            Answer::Nobody => {
                return Err(Error::Orphan {
                    name: journal.name().to_owned(),
                    user: journal.user.clone(),
                    access_key_id: id.to_owned(),
                });
            }
        }
        if let Some(orphans) = &mut found.orphans {
            orphans.retain(|orphan| orphan != id);
        }
        Ok(())
    }
}

fn gone_is_done(result: Result<(), aws::Error>) -> Result<(), aws::Error> {
    match result {
        Err(error) if is_gone(&error) => Ok(()),
        result => result,
    }
}

fn denied(user: &str, source: aws::Error) -> Error {
    match source.refused_action() {
        Some(action) if source.is_denied() => Error::Denied {
            user: user.to_owned(),
            action,
            source,
        },
        _ => source.into(),
    }
}
