//! Flags of the commands that move keys: into a store, and from store to store.

use std::path::PathBuf;

use clap::Args;

use super::Backend;

/// Move access keys out of clear text
///
/// Reads the access keys that stand in ~/.aws/credentials (or AWS_SHARED_CREDENTIALS_FILE), asks AWS whether they work, stores
/// them in the keystore, and then, with --scrub or after asking, removes exactly their lines from the file. Every other byte
/// stays. What was removed is kept in the keystore, too, and `import --undo` puts it back.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault import
  aws-vault import --scrub --rotate     what lay in clear text is replaced at once
  aws-vault import --csv elmerfudd_accessKeys.csv work
  aws-vault import --env ci             take AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  aws-vault import --undo")]
pub struct Import {
    /// Only this profile of the credentials file; with --csv and --env, the name to store the key under
    pub profile: Option<String>,

    /// Read the file that the IAM console gives with a new access key
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// Read AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, conflicts_with = "csv", requires = "profile")]
    pub env: bool,

    /// Do not ask AWS whether the keys work
    #[arg(long)]
    pub offline: bool,

    /// Replace stored keys of the same names
    #[arg(long)]
    pub overwrite: bool,

    /// Remove what was stored from the file, without asking
    #[arg(long, conflicts_with_all = ["env", "no_scrub"])]
    pub scrub: bool,

    /// Leave the file alone, without asking
    #[arg(long)]
    pub no_scrub: bool,

    /// Replace each key by a new one at once, like `aws-vault rotate`
    #[arg(long, conflicts_with = "offline")]
    pub rotate: bool,

    /// Put back what an earlier import removed from the file
    #[arg(long, conflicts_with_all = ["profile", "env", "offline", "overwrite", "scrub", "no_scrub", "rotate"])]
    pub undo: bool,
}

/// List the keystores
///
/// Shows every keystore that this program knows, whether it can be used here and why not, and which one is in use and why.
/// Unlocks nothing and starts nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault backends
  aws-vault backends --json
  aws-vault --backend=file backends     is the `file` keystore usable?")]
pub struct Backends {
    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Copy stored access keys to another keystore
///
/// Copies every stored access key, or that of one profile, from one keystore to another. Each copy is read back and compared;
/// only then, and only with --delete-source, is it removed from the first keystore. Sessions stay where they are.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault migrate-backend --from file --to secret-service --dry-run
  aws-vault migrate-backend --from file --to secret-service --delete-source
  aws-vault migrate-backend --from secret-service --to file --profile work")]
pub struct MigrateBackend {
    /// Keystore to copy from
    #[arg(long, value_name = "NAME")]
    pub from: Backend,

    /// Keystore to copy to
    #[arg(long, value_name = "NAME")]
    pub to: Backend,

    /// Only this access key
    #[arg(long)]
    pub profile: Option<String>,

    /// Tell what would be copied, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Replace access keys of the same name
    #[arg(long)]
    pub overwrite: bool,

    /// Remove from the first keystore what has been copied
    #[arg(long)]
    pub delete_source: bool,
}
