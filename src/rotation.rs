//! Replaces a stored access key by a new one, in an order in which no secret is ever only in memory:
//! check → create → keep beside the old → prove → replace → drop sessions → deactivate the old → delete it with the new.

use std::time::{Duration, SystemTime};

use crate::aws::Aws;
use crate::aws::iam::Iam;
use crate::config::chain::{Chain, Link, Service};
use crate::credentials::{AccessKey, Credentials, masked};
use crate::sessions::Sessions;
use crate::vault::Vault;

/// IAM is eventually consistent: a new key may take this long to be known everywhere.
///
/// Source: IAM User Guide, "Changes that I make are not always immediately visible".
const PROPAGATION_LIMIT: Duration = Duration::from_mins(1);
/// AWS allows two access keys per user.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas".
const KEYS_PER_USER: usize = 2;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the profile's chain does not start from a stored access key")]
    NoStoredKey,
    #[error("no access key is stored as '{name}'")]
    KeyMissing { name: String },
    #[error("'{name}' is the key of {arn}, not of an IAM user")]
    NotAUser { name: String, arn: String },
    #[error(
        "user {user} has two access keys already ({keys}), so AWS allows no third; nothing was changed"
    )]
    TwoKeys { user: String, keys: String },
    #[error("the {backend} store cannot be written, so no new key was created: {source}")]
    ReadOnlyStore {
        backend: aws_vault_keystore::Backend,
        source: crate::vault::Error,
    },
    #[error("{source}; it may have created a key all the same, whose secret nobody has")]
    PerhapsCreated { source: crate::aws::Error },
    #[error("the new access key {new} is kept as '{kept_as}', but {what}: {source}")]
    Unfinished {
        new: String,
        kept_as: String,
        what: String,
        source: Cause,
    },
    #[error("the new access key {new} was created, but the store did not take it: {source}")]
    NotStored {
        new: String,
        source: crate::vault::Error,
    },
    #[error(
        "the new access key is stored and works, but the old one {old} could not be {what}: {source}"
    )]
    OldKeyRemains {
        old: String,
        what: &'static str,
        source: crate::aws::Error,
    },
    #[error(transparent)]
    Aws(#[from] crate::aws::Error),
    #[error(transparent)]
    Provider(#[from] crate::provider::Error),
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
}

/// Either side may fail half-way.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Aws(crate::aws::Error),
    #[error(transparent)]
    Vault(crate::vault::Error),
}

impl Error {
    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoStoredKey => vec!["name the profile that `aws-vault add` stored the key for".to_owned()],
            Self::KeyMissing { name } => vec![format!("run `aws-vault add {name}`")],
            Self::NotAUser { .. } => vec!["the keys of the account's root user should be deleted, not rotated".to_owned()],
            Self::TwoKeys { .. } => vec![
                "delete the one that is not in use, in the IAM console or with `aws iam delete-access-key`, and rotate again"
                    .to_owned(),
            ],
            Self::ReadOnlyStore { source, .. } | Self::Vault(source) => source.hints(),
            Self::PerhapsCreated { .. } => vec![
                "the stored key is as it was; `aws iam list-access-keys` shows a new one, if there is one: delete that".to_owned(),
            ],
            Self::Unfinished { kept_as, .. } => vec![
                format!("both keys are stored; `aws-vault exec {kept_as} -- aws sts get-caller-identity` tries the new one"),
                format!("when it works, delete one of them at IAM, then `aws-vault remove {kept_as}`"),
            ],
            Self::NotStored { new, .. } => vec![format!("delete access key {new} in the IAM console: nobody has its secret")],
            Self::OldKeyRemains { old, .. } => {
                vec![format!("delete access key {old} in the IAM console or with `aws iam delete-access-key`")]
            }
            Self::Aws(source) => source.hints(),
            Self::Provider(source) => source.hints(),
        }
    }
}

/// What a rotation works with.
pub struct Rotation<'a> {
    pub aws: &'a Aws,
    pub vault: &'a Vault,
    pub sessions: &'a Sessions,
    /// Location of the store, as in session headers.
    pub location: &'a str,
    /// Runs a chain: the one place where an MFA code may be asked for.
    pub credentials: &'a dyn Fn(&Chain) -> Result<Credentials, crate::provider::Error>,
    /// Tells the user what is being done.
    pub progress: &'a dyn Fn(&str),
    pub sleep: &'a dyn Fn(Duration),
    pub clock: &'a dyn Fn() -> SystemTime,
}

/// What `rotate` did.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub old_access_key_id: String,
    pub new_access_key_id: String,
}

impl Rotation<'_> {
    /// Rotates the key that `chain` starts from. `service` is where the key's own account is reached.
    pub fn run(&self, chain: &Chain, service: &Service) -> Result<Outcome, Error> {
        let name = chain.stored_key().ok_or(Error::NoStoredKey)?;
        let old = self.stored(name)?;
        let user = self.user_of(name, &old, service)?;
        let signer = (self.credentials)(&within_account(chain, &user.account))?;
        let authority = self.aws.iam(&signer, service, Some(&user.name));
        check_room(&authority, &user.name)?;
        self.check_store(name)?;

        (self.progress)("Creating a new access key");
        let new = authority.create_access_key().map_err(|source| {
            if source.is_ambiguous() {
                Error::PerhapsCreated { source }
            } else {
                source.into()
            }
        })?;
        (self.progress)(&format!(
            "Created new access key {}",
            masked(&new.access_key_id)
        ));
        let kept_as = format!("{name} (new)");
        self.keep(&kept_as, &new)?;
        let unfinished = |what: &str, source: Cause| Error::Unfinished {
            new: masked(&new.access_key_id),
            kept_as: kept_as.clone(),
            what: what.to_owned(),
            source,
        };
        self.prove(&new, service)
            .map_err(|error| unfinished("it does not work yet", Cause::Aws(error)))?;
        self.vault.store_access_key(name, &new).map_err(|error| {
            unfinished(
                &format!("it could not replace '{name}'"),
                Cause::Vault(error),
            )
        })?;
        // Its place is taken. If retiring the old key fails, `list` must not show the new one twice.
        let copy = self.vault.remove_access_key(&kept_as);
        self.drop_sessions(name);
        let outcome = self.retire(&old, new, &signer, service, &user.name)?;
        copy?;
        Ok(outcome)
    }

    fn stored(&self, name: &str) -> Result<AccessKey, Error> {
        self.vault
            .access_key(name)?
            .ok_or_else(|| Error::KeyMissing {
                name: name.to_owned(),
            })
    }

    /// GetCallerIdentity needs no permission and no MFA, so the user's name is known even without iam:GetUser.
    fn user_of(&self, name: &str, key: &AccessKey, service: &Service) -> Result<User, Error> {
        let identity = self.aws.caller_identity(&copy(key), service)?;
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

    /// A store that cannot be written would lose the new secret the moment it exists.
    fn check_store(&self, name: &str) -> Result<(), Error> {
        self.vault
            .check_writable(name)
            .map_err(|source| Error::ReadOnlyStore {
                backend: self.vault.backend(),
                source,
            })
    }

    fn keep(&self, kept_as: &str, new: &AccessKey) -> Result<(), Error> {
        self.vault
            .store_access_key(kept_as, new)
            .map_err(|source| Error::NotStored {
                new: new.access_key_id.clone(),
                source,
            })
    }

    /// Waits until AWS knows the new key, by asking, not by sleeping a fixed time.
    fn prove(&self, new: &AccessKey, service: &Service) -> Result<(), crate::aws::Error> {
        let new = copy(new);
        self.until_known(|| self.aws.caller_identity(&new, service).map(drop))
    }

    /// Repeats a call that a key's propagation may refuse, with back-off, up to the limit.
    fn until_known(
        &self,
        call: impl Fn() -> Result<(), crate::aws::Error>,
    ) -> Result<(), crate::aws::Error> {
        let start = (self.clock)();
        let mut pause = Duration::from_millis(250);
        let mut told = false;
        loop {
            match call() {
                Err(error) if error.is_dead_credentials() => {
                    let waited = (self.clock)().duration_since(start).unwrap_or_default();
                    if waited >= PROPAGATION_LIMIT {
                        return Err(error);
                    }
                    if !std::mem::replace(&mut told, true) {
                        (self.progress)("Waiting until AWS knows the new access key");
                    }
                    (self.sleep)(pause);
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                result => return result,
            }
        }
    }

    /// Sessions of every profile that starts from this key, siblings included.
    fn drop_sessions(&self, name: &str) {
        let dropped = self
            .sessions
            .remove(|header| {
                header.stored_key.as_deref() == Some(name) && header.store == self.location
            })
            .unwrap_or_default();
        let foreign = self
            .vault
            .remove_foreign_sessions(Some(name))
            .unwrap_or_default();
        if dropped + foreign > 0 {
            (self.progress)(&format!(
                "Deleted {} sessions for {name}",
                dropped + foreign
            ));
        }
    }

    /// Deactivates and deletes the old key: with the new one, or, where policies want MFA for that, with the credentials that
    /// created it.
    fn retire(
        &self,
        old: &AccessKey,
        new: AccessKey,
        signer: &Credentials,
        service: &Service,
        user: &str,
    ) -> Result<Outcome, Error> {
        let new_access_key_id = new.access_key_id.clone();
        let old_access_key_id = old.access_key_id.clone();
        let new = Credentials::AccessKey(new);
        let with_either = |change: &dyn Fn(&Iam<'_>) -> Result<(), crate::aws::Error>| match self
            .until_known(|| change(&self.aws.iam(&new, service, Some(user))))
        {
            Err(error) if error.code() == Some("AccessDenied") => {
                match change(&self.aws.iam(signer, service, Some(user))) {
                    // The old key signed, and is deactivated by now: the first refusal says why.
                    Err(second) if second.is_dead_credentials() => Err(error),
                    result => result,
                }
            }
            result => result,
        };
        let remains = |what| {
            let old = old_access_key_id.clone();
            move |source| Error::OldKeyRemains { old, what, source }
        };
        (self.progress)(&format!(
            "Deleting old access key {}",
            masked(&old_access_key_id)
        ));
        with_either(&|iam| iam.deactivate_access_key(&old_access_key_id))
            .map_err(remains("deactivated"))?;
        // The last proof before the point of no return.
        self.aws
            .caller_identity(&new, service)
            .map_err(remains("deleted"))?;
        with_either(&|iam| iam.delete_access_key(&old_access_key_id))
            .map_err(remains("deleted"))?;
        (self.progress)(&format!(
            "Deleted old access key {}",
            masked(&old_access_key_id)
        ));
        Ok(Outcome {
            old_access_key_id,
            new_access_key_id,
        })
    }
}

/// Two keys are noticed before anything is changed. Who may not list keys learns of them from CreateAccessKey itself.
fn check_room(iam: &Iam<'_>, user: &str) -> Result<(), Error> {
    let keys = match iam.list_access_keys() {
        Err(error) if error.code() == Some("AccessDenied") => return Ok(()),
        keys => keys?,
    };
    if keys.len() < KEYS_PER_USER {
        return Ok(());
    }
    Err(Error::TwoKeys {
        user: user.to_owned(),
        keys: keys
            .iter()
            .map(|key| {
                let status = if key.active { "active" } else { "inactive" };
                format!("{} {status}", masked(&key.access_key_id))
            })
            .collect::<Vec<_>>()
            .join(", "),
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
