//! Flags of `sso` and its commands.

use clap::{Args, Subcommand};

/// Sign in to IAM Identity Center, and see what is yours there
///
/// Profiles with sso_session or sso_start_url sign in by themselves when they need to; these commands do it beforehand, end it,
/// and make profiles of everything that is yours.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault sso login corp              sign in to [sso-session corp]
  aws-vault sso list                    accounts and roles that are yours
  aws-vault sso populate corp           a profile for each of them
  aws-vault sso logout --all")]
pub struct Sso {
    #[command(subcommand)]
    pub command: SsoCommand,
}

#[derive(Debug, Subcommand)]
pub enum SsoCommand {
    Login(SsoLogin),
    Logout(SsoLogout),
    List(SsoList),
    Populate(SsoPopulate),
}

impl SsoCommand {
    /// The flags of a command that may sign in.
    pub fn flags(&self) -> Option<&SignInFlags> {
        match self {
            Self::Login(args) => Some(&args.flags),
            Self::List(args) => Some(&args.flags),
            Self::Populate(args) => Some(&args.flags),
            Self::Logout(_) => None,
        }
    }

    pub fn flags_mut(&mut self) -> Option<&mut SignInFlags> {
        match self {
            Self::Login(args) => Some(&mut args.flags),
            Self::List(args) => Some(&mut args.flags),
            Self::Populate(args) => Some(&mut args.flags),
            Self::Logout(_) => None,
        }
    }
}

/// How people sign in.
#[derive(Debug, Clone, Default, Args)]
pub struct SignInFlags {
    /// Sign in with a code, for a browser elsewhere [env: AWS_VAULT_DEVICE_CODE]
    #[arg(long)]
    pub device_code: bool,

    /// Print the sign-in page's address instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(long)]
    pub stdout: bool,
}

/// Sign in
///
/// Opens the sign-in page in your browser and waits until it brings the answer back to this computer. Where there is no browser
/// (SSH, a container), or with --device-code, the page may be opened anywhere and shows a code to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault sso login
  aws-vault sso login --device-code corp    sign in with a browser elsewhere")]
pub struct SsoLogin {
    /// An sso-session, or a profile that uses one [default: AWS_PROFILE, else the only one]
    pub name: Option<String>,

    #[command(flatten)]
    pub flags: SignInFlags,
}

/// Sign out
///
/// Ends the session at AWS, and forgets its tokens and the role credentials they bought. What a command already holds lives on
/// until it expires.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault sso logout corp
  aws-vault sso logout --all")]
pub struct SsoLogout {
    /// An sso-session, or a profile that uses one [default: AWS_PROFILE, else the only one]
    #[arg(conflicts_with = "all")]
    pub name: Option<String>,

    /// Every sign-in that the config file names
    #[arg(long)]
    pub all: bool,
}

/// List the accounts and roles that are yours
///
/// Asks IAM Identity Center, signing in first if need be, and shows which profile of the config file leads to each role.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault sso list
  aws-vault sso list --json corp")]
pub struct SsoList {
    /// An sso-session, or a profile that uses one [default: AWS_PROFILE, else the only one]
    pub name: Option<String>,

    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub flags: SignInFlags,
}

/// Write a profile for each account and role that is yours
///
/// Shows what would change in the config file and asks before it writes. Profiles that lead to a role already stay as they are,
/// whatever they are called and whatever else stands in them. Run it again when your access has changed; --prune removes the
/// profiles it wrote for roles that are no longer yours.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault sso populate corp
  aws-vault sso populate --template '{role}@{account_name}' --region eu-west-1 corp
  aws-vault sso populate --prune --yes corp     in a script")]
pub struct SsoPopulate {
    /// An sso-session, or a profile that uses one [default: AWS_PROFILE, else the only one]
    pub name: Option<String>,

    /// Names of the profiles, made of {account_name}, {account_id}, {role} and {session}
    #[arg(long, default_value = "{account_name}-{role}", value_name = "TEXT")]
    pub template: String,

    /// Region to write into each new profile
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Remove profiles that an earlier run wrote and that lead nowhere now
    #[arg(long)]
    pub prune: bool,

    /// Show the changes, write nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    #[command(flatten)]
    pub flags: SignInFlags,
}
