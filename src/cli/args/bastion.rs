//! Flags of `aws-vault bastion …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::session::MfaToken;

mod users;

pub use users::{AddUser, Config, EnrollMfa, RemoveUser};

/// Build and keep a bastion account: users in one account, roles in the others
///
/// A file, bastion.toml, names the accounts, the roles, the groups that may assume them, and the users. The commands below
/// compare it with what is there, change what differs, and prove that nobody gets in without MFA.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion init                write a commented bastion.toml
  aws-vault bastion plan                show what it would change; exit status 2 if anything
  aws-vault bastion apply               change it")]
pub struct Bastion {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(Init),
    Plan(Plan),
    Apply(Apply),
    AddUser(AddUser),
    EnrollMfa(EnrollMfa),
    Config(Config),
    Verify(Verify),
    RemoveUser(RemoveUser),
    Graph(Graph),
    Export(Export),
    Import(Import),
    Destroy(Destroy),
}

impl Command {
    /// The word that chose the command, as errors name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "bastion init",
            Self::Plan(_) => "bastion plan",
            Self::Apply(_) => "bastion apply",
            Self::AddUser(_) => "bastion add-user",
            Self::EnrollMfa(_) => "bastion enroll-mfa",
            Self::Config(_) => "bastion config",
            Self::Verify(_) => "bastion verify",
            Self::RemoveUser(_) => "bastion remove-user",
            Self::Graph(_) => "bastion graph",
            Self::Export(_) => "bastion export",
            Self::Import(_) => "bastion import",
            Self::Destroy(_) => "bastion destroy",
        }
    }
}

/// Which file it is about.
#[derive(Debug, Clone, Args)]
pub struct BastionFile {
    /// The file that describes the layout
    #[arg(short, long, value_name = "FILE", default_value = "bastion.toml")]
    pub file: PathBuf,
}

/// Write a commented bastion.toml
///
/// Asks for what the flags leave out. Reads the accounts of an AWS organization if asked to. Overwrites nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion init
  aws-vault bastion init --bastion 111122223333 --account Master=222233334444 --admin-profile admin --user elmerfudd
  aws-vault bastion init --organization --admin-profile root --bastion Identity")]
pub struct Init {
    #[command(flatten)]
    pub file: BastionFile,

    /// The bastion account: its id, or with --organization its name
    #[arg(long, value_name = "ACCOUNT")]
    pub bastion: Option<String>,

    /// Another account, with the profile that may administer IAM there if it has one of its own; may be given again
    #[arg(long = "account", value_name = "NAME=ID[=PROFILE]")]
    pub accounts: Vec<String>,

    /// Profile that may administer IAM, directly or through --admin-role
    #[arg(long, value_name = "PROFILE")]
    pub admin_profile: Option<String>,

    /// Role that the profile assumes in the other accounts [default: OrganizationAccountAccessRole]
    #[arg(long, value_name = "ROLE")]
    pub admin_role: Option<String>,

    /// Take the accounts from AWS Organizations
    #[arg(long)]
    pub organization: bool,

    /// A user of the bastion account; may be given again
    #[arg(long = "user", value_name = "NAME")]
    pub users: Vec<String>,

    /// Region of the profiles that `bastion config` writes [default: the administrator's]
    #[arg(long)]
    pub region: Option<String>,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Show what differs between the file and the accounts
///
/// Reads every account and writes to none. Exit status: 0 when nothing differs, 2 when something does, 1 when an account could
/// not be read.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion plan
  aws-vault bastion plan --json")]
pub struct Plan {
    #[command(flatten)]
    pub file: BastionFile,

    #[command(flatten)]
    pub adopt: Adopt,

    /// JSON instead of text
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Taking over what others made.
#[derive(Debug, Clone, Args)]
pub struct Adopt {
    /// Take over a role or user that exists and is not ours, e.g. role/DeveloperRole@Master; may be given again
    #[arg(long, value_name = "KIND/NAME@ACCOUNT", value_delimiter = ',')]
    pub adopt: Vec<String>,
}

/// Change the accounts so that they are as the file says
///
/// Shows the plan, asks, and does exactly that. If it is interrupted, run it again: it goes on where it stopped. Changes and
/// removes only what it made itself, or was told by name to --adopt.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion apply
  aws-vault bastion apply --plan 1a2b3c4d5e6f7a8b     only if the plan is still that one; does not ask
  aws-vault bastion apply --adopt role/DeveloperRole@Master")]
pub struct Apply {
    #[command(flatten)]
    pub file: BastionFile,

    #[command(flatten)]
    pub adopt: Adopt,

    /// The digest that `bastion plan` printed: refuse if the plan has become another one
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    pub plan: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Prove that the fence holds
///
/// Tries to assume every role without MFA, which must fail, and with --as also with MFA, which must work. Reports roles that trust
/// more than they should, users without MFA, groups without roles, and access keys older than 90 days. Exit status 1 if anything
/// failed.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion verify
  aws-vault bastion verify --as bastion                       also that the roles open for that user with MFA
  aws-vault bastion verify --json")]
pub struct Verify {
    #[command(flatten)]
    pub file: BastionFile,

    /// Profile of a user with an MFA device, whose roles must open
    #[arg(long = "as", value_name = "PROFILE")]
    pub profile: Option<String>,

    /// JSON instead of a table
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Draw who can become what, in which account
///
/// Prints a picture of groups, roles and accounts as SVG, or the text of one for Mermaid or Graphviz. Calls nobody.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion graph > bastion.svg
  aws-vault bastion graph --format dot | dot -Tpdf > bastion.pdf")]
pub struct Graph {
    #[command(flatten)]
    pub file: BastionFile,

    /// How to draw it
    #[arg(long, value_enum, default_value_t = GraphFormat::Svg)]
    pub format: GraphFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A picture for browsers
    Svg,
    /// Text for Markdown
    Mermaid,
    /// Text for Graphviz
    Dot,
}

/// Print the same layout for CloudFormation or Terraform
///
/// For teams whose engine is another one. What that engine makes is its own: `plan` and `apply` leave it alone. Calls nobody.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion export --format stackset > roles.json            for every account but the bastion
  aws-vault bastion export --format cloudformation > bastion.json    the bastion account's users and groups
  aws-vault bastion export --format terraform > bastion.tf.json")]
pub struct Export {
    #[command(flatten)]
    pub file: BastionFile,

    /// For which engine
    #[arg(long, value_enum)]
    pub format: ExportFormat,

    /// Account of a CloudFormation template [default: the bastion account]
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A template for one account
    Cloudformation,
    /// A template for a StackSet over all accounts but the bastion
    Stackset,
    /// A configuration in JSON syntax, for OpenTofu, too
    Terraform,
}

/// Read an existing layout into a file
///
/// Writes a bastion.toml from the roles that trust the bastion account, and its groups and users. Changes nothing at AWS: what was
/// made by others stays theirs until `apply --adopt` names it.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion import --bastion 111122223333 --account Master=222233334444 --admin-profile admin")]
pub struct Import {
    #[command(flatten)]
    pub file: BastionFile,

    /// Id of the bastion account
    #[arg(long, value_name = "ID")]
    pub bastion: String,

    /// Another account, with the profile that may read IAM there if it has one of its own; may be given again
    #[arg(long = "account", value_name = "NAME=ID[=PROFILE]")]
    pub accounts: Vec<String>,

    /// Profile that may read IAM, directly or through --admin-role
    #[arg(long, value_name = "PROFILE")]
    pub admin_profile: String,

    /// Role that the profile assumes in the other accounts [default: OrganizationAccountAccessRole]
    #[arg(long, value_name = "ROLE")]
    pub admin_role: Option<String>,

    /// Partition of all accounts, e.g. aws-us-gov [default: aws]
    #[arg(long)]
    pub partition: Option<String>,

    #[command(flatten)]
    pub mfa: MfaToken,
}

/// Remove what this tool made
///
/// Shows what bears its tag or path, in every account of the file. With --apply, and after you have typed the account's id,
/// removes exactly that.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault bastion destroy             show it, change nothing
  aws-vault bastion destroy --apply")]
pub struct Destroy {
    #[command(flatten)]
    pub file: BastionFile,

    /// Remove it, after a typed confirmation
    #[arg(long)]
    pub apply: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}
