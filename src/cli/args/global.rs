//! Flags that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::{Elsewhere, OnePassword};
use crate::cli::parse;

const GLOBAL: &str = "Global options";

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

    /// Name of the `keychain` keystore (macOS) [default: aws-vault] [env: AWS_VAULT_KEYCHAIN_NAME]
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub keychain: Option<String>,

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

    #[command(flatten)]
    pub one_password: OnePassword,

    #[command(flatten)]
    pub elsewhere: Elsewhere,

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
    pub(in crate::cli) version: Option<bool>,
}

/// Keystores by the names of the Go tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Files encrypted with a passphrase
    File,
    /// A keychain of macOS
    Keychain,
    /// The keyrings of the Linux kernel; a reboot empties them
    Keyctl,
    /// KDE Wallet
    Kwallet,
    /// A vault of 1Password, through the program `op`
    Op,
    /// A vault of 1Password behind a Connect server
    OpConnect,
    /// The password store of `pass`, encrypted by GnuPG
    Pass,
    /// The password store of `passage`, encrypted by age
    Passage,
    /// The desktop's Secret Service (GNOME Keyring, KeePassXC, …)
    SecretService,
    /// The Credential Manager of Windows
    Wincred,
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
    /// Nowhere: computed from a seed that `bastion enroll-mfa --keep-seed` keeps
    Vault,
    /// Refused with an explanation; the Go tool once had it.
    #[value(hide = true)]
    Pass,
}
