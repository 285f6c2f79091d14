//! Flags of the commands about one user.

use clap::Args;

use super::BastionFile;
use crate::cli::args::session::MfaToken;

/// Add a user to the bastion account
///
/// Adds the user to the file if need be, and makes what is missing at AWS: the user, the groups, a console password that is shown
/// once and must be changed at the first sign-in, and an access key.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion add-user elmerfudd --store bastion        the access key goes into this computer's vault
  aws-vault bastion add-user bugs --group Developers --no-access-key")]
pub struct AddUser {
    /// Name of the user
    pub user: String,

    #[command(flatten)]
    pub file: BastionFile,

    /// Group of a user who is not in the file yet; may be given again
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,

    /// A user who is not in the file yet gets no console password
    #[arg(long)]
    pub no_console: bool,

    /// A user who is not in the file yet gets no access key
    #[arg(long)]
    pub no_access_key: bool,

    /// Store the access key for this profile instead of showing it
    #[arg(long, value_name = "PROFILE")]
    pub store: Option<String>,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Give a user a virtual MFA device
///
/// Makes the device, shows its QR code and key on the terminal, takes two codes that follow each other, and enables it. With
/// --stdin, the otpauth URI goes to stdout for a password manager, and the two codes come from stdin.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion enroll-mfa elmerfudd
  aws-vault bastion enroll-mfa --as bastion elmerfudd         by the user, with the key stored for that profile")]
pub struct EnrollMfa {
    /// Name of the user
    pub user: String,

    #[command(flatten)]
    pub file: BastionFile,

    /// Profile to do it with, e.g. the user's own [default: the administrator of the file]
    #[arg(long = "as", value_name = "PROFILE")]
    pub profile: Option<String>,

    /// Name of the device [default: the user's]
    #[arg(long)]
    pub name: Option<String>,

    /// Print the otpauth URI on stdout and read two codes from stdin, one a line
    #[arg(long)]
    pub stdin: bool,

    /// Keep the seed in the vault, beside the access key: --prompt=vault then computes the codes. Warns and asks
    #[arg(long, conflicts_with = "stdin")]
    pub keep_seed: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Write a user's profiles into ~/.aws/config
///
/// Appends the user's own profile and one for each role, and changes nothing that is there. Prints links that switch to each role
/// in the console.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion config elmerfudd
  aws-vault bastion config --print elmerfudd                  for somebody else's computer")]
pub struct Config {
    /// Name of the user
    pub user: String,

    #[command(flatten)]
    pub file: BastionFile,

    /// Name of the user's own profile
    #[arg(long, default_value = "bastion")]
    pub profile: String,

    /// Serial number of the user's MFA device [default: that of `enroll-mfa`]
    #[arg(long, value_name = "ARN")]
    pub mfa_serial: Option<String>,

    /// Region of the profiles [default: the file's]
    #[arg(long)]
    pub region: Option<String>,

    /// Print the profiles instead of writing them
    #[arg(long)]
    pub print: bool,
}

/// Remove a user from the bastion account
///
/// Removes the console password, access keys, MFA devices, memberships and policies, then the user, and the user's table in the
/// file. If it is interrupted, run it again.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion remove-user elmerfudd")]
pub struct RemoveUser {
    /// Name of the user
    pub user: String,

    #[command(flatten)]
    pub file: BastionFile,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}
