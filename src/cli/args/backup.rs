//! Flags of the commands that look after keys: what AWS says of them, and copies for the day the store is lost.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Show what AWS says of every stored access key
///
/// Account and user, age, last use, whether the user has an MFA device, and rotations that are not finished, in one table.
/// Asks AWS about several keys at once; what could not be learned is said for each key. Shows no secret, and asks for no MFA
/// code: a session that is cached is used where IAM wants one.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault status
  aws-vault status --json | jq '.access_keys[] | select(.too_old).name'")]
pub struct Status {
    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Write an encrypted copy of the stored access keys
///
/// Encrypts every stored access key, and the journals of unfinished rotations, to one file, for a passphrase (asked twice) or
/// for recipients of age. The file is read again and compared before success is said. `age -d` opens it without this program.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("for_whom").args(["recipient", "recipients_file"]).multiple(true)), after_help = "\
EXAMPLES
  aws-vault backup keys.age             asks for a passphrase, twice
  aws-vault backup -r age1qqp… keys.age
  aws-vault backup --verify keys.age    a test restore: opens it and compares, and changes nothing
  age -d keys.age | jq '.items[].name'")]
pub struct Backup {
    /// The file to write, or with --verify to read
    pub file: PathBuf,

    /// Encrypt for this public key (age1…) instead of a passphrase; may be repeated
    #[arg(short, long, value_name = "KEY")]
    pub recipient: Vec<String>,

    /// Encrypt for the public keys in this file, one a line
    #[arg(short = 'R', long, value_name = "FILE")]
    pub recipients_file: Vec<PathBuf>,

    /// Replace the file if it is there
    #[arg(long)]
    pub overwrite: bool,

    /// Open a backup and compare it with the store
    #[arg(long, conflicts_with_all = ["for_whom", "overwrite"])]
    pub verify: bool,

    /// With --verify: open it with the secret keys in this file (AGE-SECRET-KEY-…)
    #[arg(short, long, value_name = "FILE", requires = "verify")]
    pub identity: Option<PathBuf>,
}

/// Put access keys of a backup back into the keystore
///
/// Shows for each key of the backup whether it is new, the same as what is stored, or in conflict with it. Nothing that is
/// stored is overwritten unless --overwrite is given.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault restore keys.age
  aws-vault restore --dry-run keys.age
  aws-vault restore -i identity.txt keys.age
  aws-vault --backend=file restore keys.age work")]
pub struct Restore {
    /// The backup
    pub file: PathBuf,

    /// Only these keys
    pub names: Vec<String>,

    /// Open it with the secret keys in this file (AGE-SECRET-KEY-…) instead of a passphrase
    #[arg(short, long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// Replace stored keys that differ
    #[arg(long)]
    pub overwrite: bool,

    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
