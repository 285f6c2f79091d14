//! What stops a rotation, and what to do then.

use aws_vault_keystore::Backend;

use crate::credentials::masked;

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
        backend: Backend,
        source: crate::vault::Error,
    },
    #[error("user {user} may not call {action}: {source}")]
    Denied {
        user: String,
        action: &'static str,
        source: crate::aws::Error,
    },
    #[error("{source}; it may have created a key all the same, whose secret nobody has")]
    PerhapsCreated { source: crate::aws::Error },
    #[error(
        "an interrupted rotation of '{name}' has left the access key {} at user {user}, whose secret nobody has",
        masked(access_key_id)
    )]
    Orphan {
        name: String,
        user: String,
        access_key_id: String,
    },
    #[error("the new access key {} was created, but the store did not take it{}: {source}", masked(new), if *deleted { ", so it was deleted again" } else { "" })]
    NotStored {
        new: String,
        deleted: bool,
        source: crate::vault::Error,
    },
    /// The journal is there, so nothing is lost.
    #[error("the rotation of '{name}' is not finished: {what}: {source}")]
    Unfinished {
        name: String,
        what: String,
        source: Cause,
    },
    #[error(
        "the new access key is stored and works, but the old one {} could not be {what}: {source}",
        masked(old)
    )]
    OldKeyRemains {
        old: String,
        what: &'static str,
        source: Cause,
    },
    #[error(
        "neither the old access key {} of '{name}' nor the new one {} works any more",
        masked(old),
        masked(new)
    )]
    Stuck {
        name: String,
        old: String,
        new: String,
    },
    #[error("there is no rotation of '{name}' to undo")]
    NothingToUndo { name: String },
    #[error("the rotation of '{name}' in the {backend} store was begun by a newer aws-vault")]
    NewerJournal { name: String, backend: Backend },
    #[error("the state directory cannot be used: {0}")]
    State(#[from] crate::files::PathError),
    #[error(transparent)]
    Aws(#[from] crate::aws::Error),
    #[error(transparent)]
    Provider(#[from] crate::provider::Error),
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
}

/// Any side may fail half-way.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Aws(#[from] crate::aws::Error),
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    #[error(transparent)]
    Provider(#[from] crate::provider::Error),
}

const RESUME: &str = "`aws-vault rotate --resume` goes on from here; `aws-vault rotate --undo` goes back to the old key";
const POLICY: &str = "`aws-vault rotate --policy` prints the smallest policy that is enough; if your policies demand MFA, give the profile \
                      its mfa_serial";

impl Error {
    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoStoredKey => "name the profile that `aws-vault add` stored the key for".to_owned(),
            Self::KeyMissing { name } => format!("run `aws-vault add {name}`"),
            Self::NotAUser { .. } => "the keys of the account's root user should be deleted, not rotated".to_owned(),
            Self::TwoKeys { .. } => {
                "delete the one that is not in use, in the IAM console or with `aws iam delete-access-key`, and rotate again".to_owned()
            }
            Self::ReadOnlyStore { source, .. }
            | Self::Vault(source)
            | Self::NotStored {
                deleted: true,
                source,
                ..
            } => return source.hints(),
            Self::Denied { .. } => POLICY.to_owned(),
            Self::PerhapsCreated { .. } => {
                "the stored key is as it was; `aws-vault rotate --resume` looks for a key that was made, and offers to delete it".to_owned()
            }
            Self::Orphan { name, .. } => format!(
                "`aws-vault rotate --resume --delete-orphan` deletes it; the key stored as '{name}' stays as it is"
            ),
            Self::NotStored { new, .. } => format!(
                "nobody has the secret of {}: `aws-vault rotate --resume` deletes it when the store can be written again",
                masked(new)
            ),
            Self::Unfinished { source, .. } | Self::OldKeyRemains { source, .. } => {
                return with(RESUME, source);
            }
            Self::Stuck { name, .. } => format!("make a new access key in the IAM console, and `aws-vault add {name}`"),
            Self::NothingToUndo { .. } => {
                "`aws-vault rotate --keep-old` keeps the old key deactivated; without it the old key is deleted".to_owned()
            }
            Self::NewerJournal { .. } => "finish it with that version".to_owned(),
            Self::State(_) => "check the permissions of the directory, and the room on its disk".to_owned(),
            Self::Aws(source) => return source.hints(),
            Self::Provider(source) => return source.hints(),
        };
        vec![hint]
    }
}

fn with(first: &str, source: &Cause) -> Vec<String> {
    let mut hints = vec![first.to_owned()];
    hints.extend(match source {
        Cause::Aws(source) if source.is_denied() => vec![POLICY.to_owned()],
        Cause::Aws(_) => Vec::new(),
        Cause::Vault(source) => source.hints(),
        Cause::Provider(source) => source.hints(),
    });
    hints
}
