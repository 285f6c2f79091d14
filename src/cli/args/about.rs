//! Flags of the commands that tell something and change nothing.

use clap::{Args, ValueEnum};

use super::session::Session;

/// Show what would happen for a profile
///
/// Prints the chain of steps that leads from a stored key to the credentials of a profile, and the line of the config file that
/// decides each value. Opens no keystore, asks for nothing, calls nobody.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault explain work
  aws-vault explain -d 12h work         why the duration is not what you asked for
  aws-vault explain --json work")]
pub struct Explain {
    /// Profile of the config file [default: AWS_PROFILE, else you choose]
    pub profile: Option<String>,

    #[command(flatten)]
    pub session: Session,

    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Print the version
///
/// Prints the version alone, e.g. 1.2.3, on standard output.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault version")]
pub struct Version {}

/// Print a completion script for your shell
///
/// The script asks aws-vault for candidates as you type, profile names included. That reads the config file only: no keystore is
/// opened.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  source <(aws-vault completion bash)                              in ~/.bashrc
  source <(aws-vault completion zsh)                               in ~/.zshrc, after compinit
  aws-vault completion fish | source                               in ~/.config/fish/config.fish
  aws-vault completion powershell | Out-String | Invoke-Expression in $PROFILE")]
pub struct Completion {
    pub shell: Shell,
}

/// Shells with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}
