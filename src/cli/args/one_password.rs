//! Flags of the stores in 1Password.

use std::time::Duration;

use clap::Args;

use crate::cli::parse;

const GLOBAL: &str = "Global options";

/// Where the items are in 1Password, for `op` and `op-connect`.
#[derive(Debug, Clone, Default, Args)]
pub struct OnePassword {
    /// Vault of the `op` and `op-connect` keystores [env: AWS_VAULT_OP_VAULT_ID, OP_VAULT_ID]
    #[arg(long, global = true, value_name = "ID", help_heading = GLOBAL)]
    pub op_vault_id: Option<String>,

    /// How long 1Password may take to answer [default: 15s] [env: AWS_VAULT_OP_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse::plain_duration, help_heading = GLOBAL)]
    pub op_timeout: Option<Duration>,

    /// What the titles of its items begin with [default: aws-vault] [env: AWS_VAULT_OP_ITEM_TITLE_PREFIX]
    #[arg(long, global = true, value_name = "TEXT", help_heading = GLOBAL)]
    pub op_item_title_prefix: Option<String>,

    /// The tag of its items [default: aws-vault] [env: AWS_VAULT_OP_ITEM_TAG]
    #[arg(long, global = true, value_name = "TAG", help_heading = GLOBAL)]
    pub op_item_tag: Option<String>,

    /// URL of the `op-connect` server [env: AWS_VAULT_OP_CONNECT_HOST, OP_CONNECT_HOST]
    #[arg(long, global = true, value_name = "URL", help_heading = GLOBAL)]
    pub op_connect_host: Option<String>,
}
