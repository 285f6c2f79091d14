//! Flags of the commands that keep access keys.

use std::time::Duration;

use clap::{ArgGroup, Args};

use super::session::MfaToken;
use crate::cli::parse;

/// Store the access key of an IAM user
///
/// Asks for the access key id and the secret on the terminal, stores them in the keystore under the profile's name, and adds
/// the profile to ~/.aws/config unless it is there already. Sessions made from an earlier key of that name are dropped.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault add work
  aws-vault add --env ci                take AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  aws-vault add --no-add-config ci      leave ~/.aws/config alone")]
pub struct Add {
    /// Name to store the access key under
    pub profile: String,

    /// Read the access key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead of asking
    #[arg(long)]
    pub env: bool,

    /// Add the profile to the config file if it is not there (the default)
    #[arg(long = "add-config", overrides_with = "no_config")]
    config: bool,

    /// Leave the config file alone
    #[arg(long = "no-add-config", overrides_with = "config")]
    no_config: bool,
}

impl Add {
    pub fn add_config(&self) -> bool {
        !self.no_config
    }
}

/// List profiles, stored access keys and sessions
///
/// Shows each profile of the config file with the access key stored for it and the sessions that are alive. Needs no unlocking
/// of the keystore where it can be avoided. With one of the filters, prints one name per line for scripts.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault list
  aws-vault list --profiles             one profile name per line
  aws-vault list --age
  aws-vault list --json")]
pub struct List {
    /// Only the names of profiles, one per line
    #[arg(long)]
    pub profiles: bool,

    /// Only the sessions, one per line
    #[arg(long)]
    pub sessions: bool,

    /// Only the names of stored access keys, one per line
    #[arg(long)]
    pub credentials: bool,

    /// One more column: the age of each stored key, marked with ! when it is over AWS_VAULT_MAX_KEY_AGE (90 days)
    #[arg(long)]
    pub age: bool,

    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Delete a stored access key
///
/// Deletes the access key stored under a name together with every session made from it, after asking. The key still exists at
/// AWS: deactivate or delete it there, or use `aws-vault rotate` first.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault remove work
  aws-vault remove --force work         without asking
  aws-vault remove --mfa-seed work      the seed of the profile's MFA device; or give its serial number")]
pub struct Remove {
    /// Name the access key is stored under
    pub profile: String,

    /// Delete the seed of the profile's MFA device instead, or of the device with this serial number
    #[arg(long, conflicts_with = "sessions_only")]
    pub mfa_seed: bool,

    /// Do not ask
    #[arg(short, long)]
    pub force: bool,

    /// Delete only the sessions
    #[arg(short, long, hide = true)]
    pub sessions_only: bool,
}

/// Replace a stored access key by a new one
///
/// Creates a new access key for the IAM user, proves that it works, stores it under every name that holds the old one,
/// deactivates the old key, proves the new one again, and deletes the old one. What must not be lost is in the keystore before
/// AWS is asked for anything: if it is interrupted, run it again, and it goes on where it stopped, or goes back. AWS allows two
/// keys per user, so one place must be free.
#[derive(Debug, Default, Args)]
#[command(group(ArgGroup::new("way").args(["resume", "undo", "policy", "all", "schedule"])), after_help = "\
EXAMPLES
  aws-vault rotate work
  aws-vault rotate --no-session work    when the key may not be used through a session
  aws-vault rotate --keep-old work      leave the old key deactivated, until the next rotation
  aws-vault rotate --undo work          back to the old key, if it was kept or the rotation was interrupted
  aws-vault rotate --resume             finish what was interrupted
  aws-vault rotate --all --older-than 90d --dry-run
  aws-vault rotate --schedule           a systemd timer and a launchd file that do it every day
  aws-vault rotate --policy             the smallest IAM policy that allows it")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Rotate {
    /// Profile of the config file [default: you choose]
    pub profile: Option<String>,

    /// Use the access key itself, without a GetSessionToken session
    #[arg(short, long)]
    pub no_session: bool,

    /// Deactivate the old key and keep it; the next rotation deletes it
    #[arg(long, conflicts_with_all = ["resume", "undo", "policy", "schedule"])]
    pub keep_old: bool,

    /// Finish interrupted rotations, of all keys or of this profile's
    #[arg(long)]
    pub resume: bool,

    /// Go back to the old key of a rotation that was interrupted, or that kept it
    #[arg(long)]
    pub undo: bool,

    /// Delete a key that an interrupted rotation left at IAM and whose secret nobody has, without asking
    #[arg(long, conflicts_with = "policy")]
    pub delete_orphan: bool,

    /// Rotate every stored key, and print one table
    #[arg(long, conflicts_with = "profile")]
    pub all: bool,

    /// With --all: only keys older than this, e.g. 90d, 12w
    #[arg(long, value_name = "AGE", value_parser = parse::plain_duration)]
    pub older_than: Option<Duration>,

    /// With --all: tell what would be rotated, and change nothing
    #[arg(long, requires = "all")]
    pub dry_run: bool,

    /// Print the smallest IAM policy that allows rotation
    #[arg(long)]
    pub policy: bool,

    /// Print a systemd timer and a launchd file that rotate old keys every day
    #[arg(long, conflicts_with = "profile")]
    pub schedule: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}
