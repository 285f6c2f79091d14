//! Flags of the local credential servers.

use clap::{Args, ValueEnum};

/// Servers beside the command, which renew what a long job holds.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Local servers")]
pub struct Servers {
    /// Serve container credentials to the command, and renew them while it runs
    #[arg(short = 's', long = "ecs-server", visible_alias = "server")]
    pub ecs: bool,

    /// Serve instance metadata (EC2) to the command, and renew the credentials while it runs
    #[arg(long = "ec2-server")]
    pub ec2: bool,

    /// Get the first credentials when the command asks for them, not before it starts
    #[arg(long)]
    pub lazy: bool,

    /// Hand the token of --ecs-server over in a file instead of the environment
    #[arg(long, requires = "ecs")]
    pub token_file: bool,

    /// Whether --ec2-server wants a session token (IMDSv2)
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true
    )]
    pub http_tokens: HttpTokens,

    /// Tell on stderr which program was given credentials
    #[arg(long)]
    pub verbose: bool,
}

/// EC2's own words for it (`modify-instance-metadata-options --http-tokens`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum HttpTokens {
    /// Only with a token (the default)
    #[default]
    Required,
    /// Also without, for programs that know only IMDSv1
    Optional,
}

impl Servers {
    pub fn any(&self) -> bool {
        self.ecs || self.ec2
    }
}
