//! Flags of stores that only the Go tool has. People's scripts and aliases give them whatever store is in use, and beside
//! another store they have no effect there either.

use std::time::Duration;

use clap::Args;

use crate::cli::parse;

/// Accepted, and in no help.
#[derive(Debug, Clone, Default, Args)]
pub struct Elsewhere {
    /// Touch ID before a keychain is unlocked
    #[arg(long, global = true, hide = true)]
    pub biometrics: bool,

    #[arg(long, global = true, hide = true)]
    pub(in crate::cli) op_desktop_account_id: Option<String>,

    #[arg(long, global = true, hide = true)]
    pub(in crate::cli) proton_pass_share_id: Option<String>,

    #[arg(long, global = true, hide = true)]
    pub(in crate::cli) proton_pass_item_title_prefix: Option<String>,

    #[arg(long, global = true, hide = true)]
    pub(in crate::cli) proton_pass_api_base: Option<String>,

    #[arg(long, global = true, hide = true, value_parser = parse::plain_duration)]
    pub(in crate::cli) proton_pass_timeout: Option<Duration>,
}
