//! Flags of the commands that hand credentials to programs.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::serving::Servers;
use super::session::{MfaToken, Session};

/// Run a command with temporary credentials
///
/// Replaces itself with the command, whose environment holds temporary credentials and no other AWS credentials. Without a
/// command, starts your shell. From the first word of the command on, every word belongs to it; a `--` before it is good
/// style but not needed.
#[derive(Debug, Args)]
#[command(
    override_usage = "aws-vault exec [OPTIONS] [PROFILE] [--] [COMMAND] [ARGUMENTS]...",
    after_help = "\
EXAMPLES
  aws-vault exec work -- aws s3 ls
  aws-vault exec -d 1h work -- terraform apply
  aws-vault exec work                   a shell with credentials
  aws-vault exec                        choose the profile from a list
  aws-vault exec --role-arn arn:aws:iam::222233334444:role/Dev work -- aws s3 ls
  aws-vault exec --source work 222233334444:Dev -- aws s3 ls   a role without a profile
  aws-vault exec --nest other           another one inside it
  aws-vault exec --profile-env work     for programs that fetch credentials by AWS_PROFILE themselves
  aws-vault exec --ecs-server work -- terraform apply     credentials that are renewed while it runs
  aws-vault exec --ec2-server --link-local work -- ./old-program     for what knows only 169.254.169.254"
)]
pub struct Exec {
    /// Profile of the config file [default: AWS_PROFILE, else you choose]
    #[arg(index = 1)]
    pub profile: Option<String>,

    /// The command and its arguments [default: your shell]
    #[arg(index = 2, trailing_var_arg = true)]
    pub command: Vec<OsString>,

    #[command(flatten)]
    pub session: Session,

    #[command(flatten)]
    pub mfa: MfaToken,

    #[command(flatten)]
    pub servers: Servers,

    /// Tell the command the profile (AWS_PROFILE) instead of giving it credentials [env: AWS_VAULT_PROFILE_ENV]
    #[arg(long)]
    pub profile_env: bool,

    /// Allow it inside a subshell of aws-vault
    #[arg(long)]
    pub nest: bool,

    /// Print links instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(long)]
    pub stdout: bool,

    /// Print the credentials as JSON, like `export --format=json`
    #[arg(short, long, hide = true)]
    pub json: bool,
}

/// Print temporary credentials
///
/// Prints temporary credentials in a format that a shell, a program or the AWS SDKs (`credential_process`) read. Standard
/// output is the document and nothing else. Values are quoted for the shell only where they need it.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  eval \"$(aws-vault export --format=export-env work)\"
  aws-vault export --format=fish work | source
  aws-vault export --format=nu work | from json | load-env
  credential_process = aws-vault export --format=json work      (in ~/.aws/config)")]
pub struct Export {
    /// Profile of the config file [default: you choose]
    pub profile: Option<String>,

    /// What to print
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub format: Format,

    #[command(flatten)]
    pub session: Session,

    #[command(flatten)]
    pub mfa: MfaToken,

    /// Allow it inside a subshell of aws-vault; `--format=json` always is
    #[arg(long)]
    pub nest: bool,

    /// Print links instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(long)]
    pub stdout: bool,
}

/// Formats of `export`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// NAME=value lines (the default)
    #[default]
    Env,
    /// `export NAME=value` lines for a POSIX shell
    ExportEnv,
    /// The document of `credential_process`
    Json,
    /// A section of ~/.aws/credentials
    Ini,
    /// $Env:NAME = 'value' lines
    Powershell,
    /// set NAME=value lines
    Cmd,
    /// set -gx NAME value lines
    Fish,
    /// A record for Nushell's load-env
    Nu,
    /// NAME=value lines of a .env file
    Dotenv,
}
