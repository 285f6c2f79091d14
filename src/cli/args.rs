//! Every command-line struct, and nothing else: no I/O, no environment, no decisions. Where the words and the environment
//! meet is `parse.rs`.
//!
//! Flag names, short forms and defaults are those of the Go tool, so that scripts keep working. No flag takes a secret: argv
//! is readable by every user of the machine. (`--mfa-token` is the exception scripts need; its code is good for one use.)

mod moving;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

use crate::cli::parse;
use crate::config::profile::Setting;

pub use moving::{Backends, Import, MigrateBackend};

const GLOBAL: &str = "Global options";

/// Keep AWS access keys in the operating system's keystore, hand out temporary credentials
///
/// Long-term keys never leave the keystore: commands run with temporary credentials that AWS issued for them. Profiles are
/// read from ~/.aws/config (or AWS_CONFIG_FILE).
#[derive(Debug, Parser)]
#[command(
    name = "aws-vault",
    version,
    propagate_version = true,
    disable_version_flag = true,
    max_term_width = 100,
    after_help = "\
EXAMPLES
  aws-vault add work                    store the access key of an IAM user
  aws-vault exec work -- aws s3 ls      run a command with temporary credentials
  aws-vault login work                  open the AWS console
  aws-vault explain work                show what would happen, without doing it"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that may stand before or after the command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Tell on stderr what is done and why; never prints a secret
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub debug: bool,

    /// Keystore to use [env: AWS_VAULT_BACKEND]
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub backend: Option<Backend>,

    /// Folder of the `file` keystore [default: ~/.awsvault/keys/] [env: AWS_VAULT_FILE_DIR]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub file_dir: Option<PathBuf>,

    /// Collection of the `secret-service` keystore [default: awsvault]
    /// [env: AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME]
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub secret_service_collection: Option<String>,

    /// Folder of the `pass` or `passage` keystore [env: AWS_VAULT_PASS_PASSWORD_STORE_DIR]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub pass_dir: Option<PathBuf>,

    /// Program to run as `pass` or `passage` [env: AWS_VAULT_PASS_CMD]
    #[arg(long, global = true, value_name = "PROGRAM", help_heading = GLOBAL)]
    pub pass_cmd: Option<String>,

    /// Folder inside the `pass` or `passage` keystore [env: AWS_VAULT_PASS_PREFIX]
    #[arg(long, global = true, value_name = "FOLDER", help_heading = GLOBAL)]
    pub pass_prefix: Option<String>,

    /// How long the key of the session cache stays unlocked, 0 for not at all (Linux) [default: 15m]
    /// [env: AWS_VAULT_UNLOCK_TTL]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse::plain_duration, help_heading = GLOBAL)]
    pub unlock_ttl: Option<Duration>,

    /// Where MFA codes are asked for [default: the terminal, else a dialog] [env: AWS_VAULT_PROMPT]
    #[arg(long, global = true, value_name = "DRIVER", help_heading = GLOBAL)]
    pub prompt: Option<Prompt>,

    /// `backend` was filled in from AWS_VAULT_BACKEND.
    #[arg(skip)]
    pub backend_of_variable: bool,

    /// Print the version
    #[arg(short = 'v', long, global = true, action = ArgAction::Version, help_heading = GLOBAL)]
    pub(super) version: Option<bool>,
}

/// Keystores by the names of the Go tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Files encrypted with a passphrase
    File,
    /// The keyrings of the Linux kernel; a reboot empties them
    Keyctl,
    /// KDE Wallet
    Kwallet,
    /// The password store of `pass`, encrypted by GnuPG
    Pass,
    /// The password store of `passage`, encrypted by age
    Passage,
    /// The desktop's Secret Service (GNOME Keyring, KeePassXC, …)
    SecretService,
}

/// Ways to ask for an MFA code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Prompt {
    /// On the controlling terminal
    Terminal,
    /// In a dialog of KDE
    Kdialog,
    /// In a dialog of GTK
    Zenity,
    /// In a dialog of macOS
    Osascript,
    /// Nowhere: a YubiKey computes them
    Ykman,
    /// In GnuPG's dialog, PINENTRY_PROGRAM or `pinentry`
    Pinentry,
    /// In a dialog of Windows
    Wincredui,
    /// Refused with an explanation; the Go tool once had it.
    #[value(hide = true)]
    Pass,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Add(Add),
    #[command(visible_alias = "ls")]
    List(List),
    #[command(visible_alias = "rm")]
    Remove(Remove),
    Clear(Clear),
    Lock(Lock),
    Exec(Exec),
    Export(Export),
    Login(Login),
    Rotate(Rotate),
    Explain(Explain),
    Backends(Backends),
    Import(Import),
    MigrateBackend(MigrateBackend),
    Version(Version),
    Completion(Completion),
}

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
  aws-vault remove --force work         without asking")]
pub struct Remove {
    /// Name the access key is stored under
    pub profile: String,

    /// Do not ask
    #[arg(short, long)]
    pub force: bool,

    /// Delete only the sessions
    #[arg(short, long, hide = true)]
    pub sessions_only: bool,
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

/// How credentials are obtained, common to every command that hands them out.
#[derive(Debug, Clone, Default, Args)]
pub struct Session {
    /// How long the credentials shall live, e.g. 1h, 30m, 1d [env: AWS_VAULT_DURATION]
    #[arg(short, long, value_name = "DURATION", value_parser = parse::duration_flag)]
    pub duration: Option<Setting<Duration>>,

    /// Use the access key itself, without a GetSessionToken session
    #[arg(short, long)]
    pub no_session: bool,

    /// AWS Region, instead of the profile's
    #[arg(long, value_parser = parse::region_flag)]
    pub region: Option<Setting<String>>,
}

/// The MFA code given beforehand.
#[derive(Debug, Clone, Default, Args)]
pub struct MfaToken {
    /// MFA code to use instead of asking; other users can see it while the command starts
    #[arg(short = 't', long, value_name = "CODE", value_parser = parse::secret_flag)]
    pub mfa_token: Option<SecretString>,
}

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
  aws-vault exec --nest other           another one inside it
  aws-vault exec --profile-env work     for programs that fetch credentials by AWS_PROFILE themselves"
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

/// Replace a stored access key by a new one
///
/// Creates a new access key for the IAM user, stores it, proves that it works, and deletes the old one. If it is interrupted,
/// run it again: it goes on where it stopped. AWS allows two keys per user, so one place must be free.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault rotate work
  aws-vault rotate --no-session work    when the key may not be used through a session")]
pub struct Rotate {
    /// Profile of the config file [default: you choose]
    pub profile: Option<String>,

    /// Use the access key itself, without a GetSessionToken session
    #[arg(short, long)]
    pub no_session: bool,

    #[command(flatten)]
    pub mfa: MfaToken,
}

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
