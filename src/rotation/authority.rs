//! Who signs what at IAM, and how long a key is given to be known there.

use std::time::Duration;

use super::creation::LISTED_AFTER;
use super::journal::Journal;
use super::proof::{PROPAGATION_LIMIT, Patience};

use super::{Cause, Error, Rotation, copy};
use crate::aws;
use crate::aws::iam::Iam;
use crate::credentials::StoredKey;

/// A key of a rotation that began longer ago is known everywhere.
const OLD_ENOUGH: Duration = Duration::from_mins(5);

impl Rotation<'_> {
    /// GetCallerIdentity, until it has answered several times in a row.
    pub(super) fn prove_for(&self, key: &StoredKey, limit: Duration) -> Result<(), aws::Error> {
        let credentials = copy(&key.key);
        self.patience(limit).prove(|| {
            self.aws
                .caller_identity(&credentials, self.service)
                .map(drop)
        })
    }

    /// How long ago the rotation began.
    pub(super) fn age(&self, journal: &Journal) -> Duration {
        (self.clock)()
            .duration_since(journal.started)
            .unwrap_or_default()
    }

    fn patience(&self, limit: Duration) -> Patience<'_> {
        Patience {
            clock: self.clock,
            sleep: self.sleep,
            waiting: self.waiting,
            limit,
        }
    }

    /// Makes a change with the first of `hands` that may, else, where policies want MFA for it, with the session of the chain.
    pub(super) fn with_authority(
        &self,
        journal: &Journal,
        hands: &[&StoredKey],
        change: impl Fn(&Iam<'_>) -> Result<(), aws::Error>,
    ) -> Result<Done, Cause> {
        // A key that AWS has known for long is not late.
        let fresh = self.age(journal) < OLD_ENOUGH;
        let limit = if fresh {
            PROPAGATION_LIMIT
        } else {
            LISTED_AFTER
        };
        let mut refusal = None;
        for hand in hands {
            let credentials = copy(&hand.key);
            let attempt = || {
                change(
                    &self
                        .aws
                        .iam(&credentials, self.service, Some(&journal.user)),
                )
            };
            match self.patience(limit).until_known(attempt) {
                Ok(()) => return Ok(Done::Changed),
                Err(error) if is_gone(&error) => return Ok(Done::WasGone),
                // What the chain's own credentials may do is another question.
                Err(error) if error.is_denied() || error.is_dead_credentials() => {
                    refusal = refusal.or(Some(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if self.chain.links.is_empty()
            && let Some(refusal) = refusal
        {
            return Err(refusal.into());
        }
        let signer = match self.signer(&journal.account) {
            Ok(signer) => signer,
            Err(Error::Provider(error)) => return Err(error.into()),
            Err(_) => return Err(refusal.unwrap_or(aws::Error::NoRegion).into()),
        };
        match change(&self.aws.iam(signer, self.service, Some(&journal.user))) {
            Ok(()) => Ok(Done::Changed),
            Err(error) if is_gone(&error) => Ok(Done::WasGone),
            // The old key signed, and is deactivated by now: the first refusal says why.
            Err(error) if error.is_dead_credentials() => Err(refusal.unwrap_or(error).into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// How a change at IAM ended well.
pub(super) enum Done {
    Changed,
    /// There was no such key any more.
    WasGone,
}

pub(super) fn is_gone(error: &aws::Error) -> bool {
    error.code() == Some("NoSuchEntity")
}
