//! Replaces a stored access key by a new one, so that it can be stopped at any instruction and nothing is lost: what must not be
//! forgotten is in a journal in the keystore before IAM is asked for anything. `steps` decides, `acts` does.

mod acts;
mod authority;
mod creation;
mod error;
pub mod journal;
pub mod policy;
mod proof;
mod relic;
pub mod steps;

use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use crate::aws::Aws;
use crate::aws::iam::AccessKeyMetadata;
use crate::config::chain::{Chain, Link, Service};
use crate::credentials::{AccessKey, Credentials, StoredKey, masked};
use crate::index::Unfinished;
use crate::sessions::Sessions;
use crate::vault::Vault;

use creation::LISTED_AFTER;
pub use error::{Cause, Error};
use journal::{Journal, Phase};
use steps::{Found, Holds, KeyState, Step, next_step};

/// AWS allows two access keys per user.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas".
const KEYS_PER_USER: usize = 2;

/// What a person says to the deletion of a key that nobody has the secret of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Delete,
    /// It is somebody's: leave it, and do not ask again.
    Leave,
    /// Nobody is there to ask.
    Nobody,
}

/// What a rotation works with.
pub struct Rotation<'a> {
    pub aws: &'a Aws,
    pub vault: &'a Vault,
    pub sessions: &'a Sessions,
    /// Location of the store, as in session headers.
    pub location: &'a str,
    /// The chain of the profile; the part of it inside the key's own account signs at IAM.
    pub chain: &'a Chain,
    /// Where the key's own account is reached.
    pub service: &'a Service,
    pub no_session: bool,
    /// `--keep-old`
    pub keep_old: bool,
    /// Runs a chain: the one place where an MFA code may be asked for.
    pub credentials: &'a dyn Fn(&Chain) -> Result<Credentials, crate::provider::Error>,
    /// Remembers how the rotation of a key stands, where it costs nothing to look up; `None`: there is none.
    pub note: &'a dyn Fn(&str, Option<Unfinished>),
    /// Remembers when the key of a name was made.
    pub note_created: &'a dyn Fn(&str, Option<SystemTime>),
    /// Asks whether the key of this id goes.
    pub orphan: &'a dyn Fn(&str) -> Result<Answer, Error>,
    /// Tells the user what is being done.
    pub progress: &'a dyn Fn(&str),
    /// Tells who watches how long it has been waited.
    pub waiting: &'a dyn Fn(Duration),
    pub sleep: &'a dyn Fn(Duration),
    pub clock: &'a dyn Fn() -> SystemTime,
    /// Told once, after a second, while another process rotates.
    pub queue: &'a (dyn Fn() + Sync),
    pub signer: OnceCell<Credentials>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Rotated {
        old: String,
        new: String,
    },
    OldKeyKept {
        old: String,
        new: String,
    },
    /// The stored key is the old one.
    BackAtOld {
        old: String,
    },
    /// Another process has done it.
    NothingToDo,
}

impl Rotation<'_> {
    /// Rotates the key stored as `name`; first finishes what an earlier run left.
    pub fn run(&self, name: &str) -> Result<Outcome, Error> {
        let seen = self.stored(name)?.key.access_key_id;
        let queue = self.queue;
        let _lock = self.sessions.lock_rotation(queue)?;
        if let Some(journal) = self.unfinished(name)? {
            let intent = journal.is_intent();
            let kept = journal.phase == Phase::OldKeyKept;
            self.announce(&journal);
            let outcome = self.drive(journal, false)?;
            // Of an intent nothing is left, and a kept key has had its time: neither is what was asked for now.
            if !intent && !kept {
                return Ok(outcome);
            }
        }
        let old = self.stored(name)?;
        if old.key.access_key_id != seen {
            return Ok(Outcome::NothingToDo);
        }
        self.begin(name, old)
    }

    /// Finishes the unfinished rotation of `name`, or goes back; `None` if there is none.
    pub fn resume(&self, name: &str) -> Result<Option<Outcome>, Error> {
        let queue = self.queue;
        let _lock = self.sessions.lock_rotation(queue)?;
        let Some(journal) = self.unfinished(name)? else {
            (self.note)(name, None);
            return Ok(None);
        };
        self.announce(&journal);
        self.drive(journal, false).map(Some)
    }

    /// Goes back to the old key of a rotation that is not finished, or whose old key was kept.
    pub fn undo(&self, name: &str) -> Result<Outcome, Error> {
        let queue = self.queue;
        let _lock = self.sessions.lock_rotation(queue)?;
        let Some(mut journal) = self.unfinished(name)? else {
            (self.note)(name, None);
            return Err(Error::NothingToUndo {
                name: name.to_owned(),
            });
        };
        if journal.new.is_some() && journal.phase != Phase::Back {
            (self.progress)("Going back to the old access key");
            self.turn(&mut journal, Phase::Back)?;
        }
        self.drive(journal, false)
    }

    /// The journal that tells of the key stored as `name`.
    fn unfinished(&self, name: &str) -> Result<Option<Journal>, Error> {
        let Some(journal) = self.journal_of(name)? else {
            return self.relic_of(name);
        };
        if !journal.is_intent() {
            return Ok(Some(journal));
        }
        // What IAM has made may not be listed at once; and a store's program may outlive a killed rotation for a moment, and
        // still write what it was given.
        if let Some(rest) = LISTED_AFTER.checked_sub(self.age(&journal)) {
            (self.sleep)(rest);
        }
        self.journal_of(name)
    }

    fn journal_of(&self, name: &str) -> Result<Option<Journal>, Error> {
        for key in self.vault.rotation_journals()? {
            match read(self.vault, &key) {
                Ok(Some(journal)) if journal.names.iter().any(|known| known == name) => {
                    return Ok(Some(journal));
                }
                // It was being written when everything ended, before anything was done on the strength of it.
                Ok(None) if key == name => self.forget(name)?,
                Err(error) if key == name => return Err(error),
                // Another key's journal is another rotation's business.
                _ => {}
            }
        }
        Ok(None)
    }

    /// Removes what is left of a journal.
    fn forget(&self, name: &str) -> Result<(), Error> {
        self.vault.remove_rotation_journal(name)?;
        (self.note)(name, None);
        Ok(())
    }

    fn announce(&self, journal: &Journal) {
        let text = match journal.phase {
            Phase::OldKeyKept => format!(
                "Retiring the old key of '{}', which was kept",
                journal.name()
            ),
            _ => format!(
                "Going on with the rotation of '{}', which was interrupted",
                journal.name()
            ),
        };
        (self.progress)(&text);
    }

    /// A new rotation: everything that can be refused is refused before anything is changed.
    fn begin(&self, name: &str, old: StoredKey) -> Result<Outcome, Error> {
        let user = self.user_of(name, &old)?;
        let signer = self.signer(&user.account)?;
        let iam = self.aws.iam(signer, self.service, Some(&user.name));
        let keys = match iam.list_access_keys() {
            Err(error) if error.is_denied() => None,
            keys => Some(keys?),
        };
        check_room(keys.as_deref(), &user.name)?;
        let created = keys
            .iter()
            .flatten()
            .find(|key| key.access_key_id == old.key.access_key_id);
        let mut journal = Journal {
            number: 0,
            phase: Phase::Forward,
            names: self.names_of(name, &old)?,
            profile: self.chain.profile.clone(),
            no_session: self.no_session,
            account: user.account,
            user: user.name,
            started: (self.clock)(),
            keys_before: keys
                .as_ref()
                .map(|keys| keys.iter().map(|key| key.access_key_id.clone()).collect()),
            old: StoredKey {
                created: old.created.or(created.and_then(|key| key.created)),
                ..old
            },
            new: None,
        };
        self.write_intent(&mut journal)?;
        self.drive(journal, true)
    }

    /// Written twice: the second time proves that there is room for what replaces it, the new secret.
    fn write_intent(&self, journal: &mut Journal) -> Result<(), Error> {
        self.note(journal, Some(Unfinished::Interrupted));
        let written = self.store(journal).and_then(|()| self.store(journal));
        written.map_err(|source| {
            let _ = self.vault.remove_rotation_journal(journal.name());
            self.note(journal, None);
            Error::ReadOnlyStore {
                backend: self.vault.backend(),
                source,
            }
        })?;
        // A run that listed the store before the intent was there may have taken the note away.
        self.note(journal, Some(Unfinished::Interrupted));
        Ok(())
    }

    /// One step after the other, until none is left.
    fn drive(&self, mut journal: Journal, nothing_sent: bool) -> Result<Outcome, Error> {
        let mut found = Found {
            stored: self.holdings(&journal)?,
            nothing_sent,
            orphans: None,
            old: KeyState::Unknown,
            new: KeyState::Unknown,
            sessions_dropped: journal.phase == Phase::OldKeyKept,
            keep_old: self.keep_old && journal.phase != Phase::OldKeyKept,
        };
        loop {
            let step = next_step(&journal, &found);
            self.act(&step, &mut journal, &mut found)?;
            let old = journal.old.key.access_key_id.clone();
            let new = journal
                .new
                .as_ref()
                .map(|new| new.key.access_key_id.clone());
            match (step, new) {
                (Step::KeepOld, Some(new)) => return Ok(Outcome::OldKeyKept { old, new }),
                (Step::DropJournal, Some(new)) if journal.phase != Phase::Back => {
                    return Ok(Outcome::Rotated { old, new });
                }
                (Step::DropJournal, _) => return Ok(Outcome::BackAtOld { old }),
                _ => {}
            }
        }
    }

    /// What each name of the journal holds now.
    fn holdings(&self, journal: &Journal) -> Result<Vec<Holds>, Error> {
        let holds = |name: &String| -> Result<Holds, Error> {
            Ok(match self.vault.stored_key(name) {
                Ok(None) => Holds::Nothing,
                // It was being replaced when everything ended; the journal has what belongs there.
                Err(error) if error.is_corrupt() => Holds::Nothing,
                Err(error) => return Err(error.into()),
                Ok(Some(key)) if key.is_same_key(&journal.old) => Holds::Old,
                Ok(Some(key)) if journal.new.as_ref().is_some_and(|new| key.is_same_key(new)) => {
                    Holds::New
                }
                Ok(Some(_)) => Holds::Other,
            })
        };
        journal.names.iter().map(holds).collect()
    }

    /// `name`, then the others that hold the same key.
    fn names_of(&self, name: &str, key: &StoredKey) -> Result<Vec<String>, Error> {
        let mut names = vec![name.to_owned()];
        for other in self.vault.credential_names()? {
            let same = |stored: StoredKey| stored.key.access_key_id == key.key.access_key_id;
            // One that cannot be read is not this rotation's business.
            if other != name
                && self
                    .vault
                    .stored_key(&other)
                    .ok()
                    .flatten()
                    .is_some_and(same)
            {
                names.push(other);
            }
        }
        Ok(names)
    }

    fn stored(&self, name: &str) -> Result<StoredKey, Error> {
        self.vault
            .stored_key(name)?
            .ok_or_else(|| Error::KeyMissing {
                name: name.to_owned(),
            })
    }

    /// GetCallerIdentity needs no permission and no MFA, so the user's name is known even without iam:GetUser.
    fn user_of(&self, name: &str, key: &StoredKey) -> Result<User, Error> {
        let identity = self.aws.caller_identity(&copy(&key.key), self.service)?;
        let user = identity
            .arn
            .split_once(":user/")
            .and_then(|(_, path)| path.rsplit('/').next())
            .ok_or_else(|| Error::NotAUser {
                name: name.to_owned(),
                arn: identity.arn.clone(),
            })?;
        Ok(User {
            name: user.to_owned(),
            account: identity.account,
        })
    }

    /// What the chain yields inside the key's own account: obtained once, and with at most one MFA code.
    fn signer(&self, account: &str) -> Result<&Credentials, Error> {
        if self.signer.get().is_none() {
            let credentials = (self.credentials)(&within_account(self.chain, account))?;
            let _ = self.signer.set(credentials);
        }
        self.signer.get().ok_or(Error::NoStoredKey)
    }

    fn store(&self, journal: &mut Journal) -> Result<(), crate::vault::Error> {
        journal.number += 1;
        let json = journal.encode().map_err(|_| crate::vault::Error::Corrupt {
            name: journal.name().to_owned(),
            backend: self.vault.backend(),
            reason: "the journal cannot be written as JSON",
        })?;
        self.vault
            .store_rotation_journal(journal.name(), journal.number, json)
    }

    fn turn(&self, journal: &mut Journal, phase: Phase) -> Result<(), Error> {
        journal.phase = phase;
        self.store(journal)?;
        self.note(journal, Some(Unfinished::Interrupted));
        Ok(())
    }

    fn note(&self, journal: &Journal, state: Option<Unfinished>) {
        (self.note)(journal.name(), state);
    }
}

/// Every rotation in the store that is not finished.
pub fn journals(vault: &Vault) -> Result<Vec<Journal>, Error> {
    let names = vault.rotation_journals()?;
    let found = names.iter().map(|name| read(vault, name));
    found.filter_map(Result::transpose).collect()
}

/// Removes what was being written when everything ended: nothing was done on the strength of it. The caller holds the lock.
pub fn sweep(vault: &Vault) -> Result<(), Error> {
    for name in vault.rotation_journals()? {
        if read(vault, &name)?.is_none() {
            vault.remove_rotation_journal(&name)?;
        }
    }
    Ok(())
}

/// The last state of a journal; `None` when none was written to its end.
fn read(vault: &Vault, name: &str) -> Result<Option<Journal>, Error> {
    let mut last: Option<Journal> = None;
    for item in vault.rotation_journal(name)? {
        let journal = Journal::decode(item.expose()).map_err(|_| Error::NewerJournal {
            name: name.to_owned(),
            backend: vault.backend(),
        })?;
        last = match (last, journal) {
            (Some(last), Some(journal)) if journal.number <= last.number => Some(last),
            (last, journal) => journal.or(last),
        };
    }
    Ok(last)
}

/// Two keys are noticed before anything is changed. Who may not list keys learns of them from CreateAccessKey itself.
fn check_room(keys: Option<&[AccessKeyMetadata]>, user: &str) -> Result<(), Error> {
    let keys = keys.unwrap_or_default();
    if keys.len() < KEYS_PER_USER {
        return Ok(());
    }
    let shown = |key: &AccessKeyMetadata| {
        let status = if key.active { "active" } else { "inactive" };
        format!("{} {status}", masked(&key.access_key_id))
    };
    Err(Error::TwoKeys {
        user: user.to_owned(),
        keys: keys.iter().map(shown).collect::<Vec<_>>().join(", "),
    })
}

struct User {
    name: String,
    account: String,
}

/// The chain up to where it leaves the user's own account: a role elsewhere has no power over the user's keys.
fn within_account(chain: &Chain, account: &str) -> Chain {
    let stays = |link: &Link| match link {
        Link::GetSessionToken(_) => true,
        Link::AssumeRole(step) => step.role_arn.value.split(':').nth(4) == Some(account),
    };
    let mut own = chain.clone();
    own.links = chain
        .links
        .iter()
        .take_while(|link| stays(link))
        .cloned()
        .collect();
    own
}

/// The one place where a long-term secret exists twice: the SDK signs with one while the other waits for the store.
pub fn copy(key: &AccessKey) -> Credentials {
    use secrecy::ExposeSecret;
    Credentials::AccessKey(AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.expose_secret().into(),
    })
}

impl std::fmt::Debug for Rotation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rotation")
    }
}
