//! Flags of sessions: how they are obtained, and how they are forgotten.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use crate::cli::parse;
use crate::config::profile::Setting;

/// How credentials are obtained, common to every command that hands them out.
#[derive(Debug, Clone, Default, Args)]
pub struct Session {
    /// How long the credentials shall live, e.g. 1h, 30m, 1d [env: AWS_VAULT_DURATION]
    #[arg(short, long, value_name = "DURATION", value_parser = parse::duration_flag)]
    pub duration: Option<Setting<Duration>>,

    /// Use the access key itself, without a GetSessionToken session
    #[arg(short, long)]
    pub no_session: bool,

    /// Sign in to IAM Identity Center with a code, for a browser elsewhere [env: AWS_VAULT_DEVICE_CODE]
    #[arg(long)]
    pub device_code: bool,

    /// What the role may do at most: a policy document, or the file that holds it
    #[arg(long, value_name = "JSON|FILE")]
    pub policy: Option<String>,

    /// A managed policy that says the same; can be given several times
    #[arg(long, value_name = "ARN")]
    pub policy_arn: Vec<String>,

    /// Look, but do not touch: AWS's managed policy ReadOnlyAccess
    #[arg(long, conflicts_with_all = ["policy", "policy_arn"])]
    pub read_only: bool,

    /// AWS Region, instead of the profile's
    #[arg(long, value_parser = parse::region_flag)]
    pub region: Option<Setting<String>>,

    /// Assume this role with the credentials of PROFILE, without a profile of its own
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,

    /// Profile whose credentials assume the role, for --role-arn or ACCOUNT:ROLE [env: AWS_VAULT_SOURCE]
    #[arg(long, visible_alias = "via", value_name = "PROFILE")]
    pub source: Option<String>,
}

/// The MFA code given beforehand.
#[derive(Debug, Clone, Default, Args)]
pub struct MfaToken {
    /// MFA code to use instead of asking; other users can see it while the command starts
    #[arg(short = 't', long, value_name = "CODE", value_parser = parse::secret_flag)]
    pub mfa_token: Option<SecretString>,
}

/// Forget sessions
///
/// Deletes the cached temporary credentials of one profile, or of all. Stored access keys stay. Credentials that a command
/// already holds live on until they expire.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault clear
  aws-vault clear work")]
pub struct Clear {
    /// Only the sessions of this profile
    pub profile: Option<String>,
}

/// Lock the session cache
///
/// After a keystore was unlocked, the key of the session cache (never an access key) rests in the kernel's keyring for a
/// while, so that you are not asked for every command. This forgets it at once: the next command opens the keystore again.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault lock
  aws-vault --unlock-ttl 1h exec work   stay unlocked for an hour from the next unlocking on
  export AWS_VAULT_UNLOCK_TTL=0         never stay unlocked")]
pub struct Lock {}
