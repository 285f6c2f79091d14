//! Flags of `login`.

use clap::Args;

use super::session::{MfaToken, Session};

/// Sign in to the AWS console
///
/// Turns temporary credentials into a console session and opens it in your browser. The link is good for a few minutes and is
/// never put on a command line. Without a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault login work
  aws-vault login --path s3/buckets work
  aws-vault login --stdout work         print the link instead of opening it")]
pub struct Login {
    /// Profile of the config file [default: AWS_PROFILE, else you choose]
    pub profile: Option<String>,

    #[command(flatten)]
    pub session: Session,

    #[command(flatten)]
    pub mfa: MfaToken,

    /// Page of the console to open, e.g. s3/buckets
    #[arg(long)]
    pub path: Option<String>,

    /// Print the link instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(short, long)]
    pub stdout: bool,

    /// Log out of the console first [env: AWS_VAULT_AUTO_LOGOUT]
    #[arg(short, long)]
    pub auto_logout: bool,
}
