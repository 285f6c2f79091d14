//! Flags of the local credential servers.

use std::net::Ipv4Addr;

use clap::{Args, ValueEnum};

use super::session::{MfaToken, Session};

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

    /// Serve --ec2-server at 169.254.169.254 itself, for programs that know no other address (Linux)
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        requires = "ec2"
    )]
    pub link_local: Option<LinkLocal>,

    /// Hand the token of --ecs-server over in a file instead of the environment
    #[arg(long, requires = "ecs")]
    pub token_file: bool,

    #[command(flatten)]
    pub manner: Manner,
}

/// How a server serves, whether beside a command or alone.
#[derive(Debug, Clone, Default, Args)]
pub struct Manner {
    /// Get the first credentials when a program asks for them, not before
    #[arg(long)]
    pub lazy: bool,

    /// Whether instance metadata wants a session token (IMDSv2)
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

/// Serve credentials to programs that are started elsewhere
///
/// Runs in the foreground until Ctrl-C. Prints the variables that a program needs to be given credentials by it: container
/// credentials, or with --ec2 instance metadata. Credentials are renewed for as long as it runs. Only programs of your own user
/// are answered. Several profiles are served below /profile/NAME, the first one also at the bare address.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault server work                          paste the printed lines into another terminal
  aws-vault server --port 9078 work play         an address that does not change
  aws-vault server --format=fish work
  aws-vault server --port 9078 --token-file work both stay the same: for a run configuration of an IDE
  aws-vault server --docker work > aws.env       for containers: see docs/servers.md
  aws-vault server --link-local work             for programs that know only 169.254.169.254")]
pub struct Server {
    /// Profiles of the config file [default: AWS_PROFILE, else you choose]
    pub profiles: Vec<String>,

    /// Port to listen on [default: a free one; 9078 with --docker]
    #[arg(long)]
    pub port: Option<u16>,

    /// How to print the variables
    #[arg(long, value_enum, default_value_t = Form::ExportEnv, hide_default_value = true)]
    pub format: Form,

    /// Print the variables of instance metadata (EC2) instead
    #[arg(long)]
    pub ec2: bool,

    /// Serve the containers of a bridge network, each profile with a token of its own [default network: 169.254.170.2/24]
    #[arg(long, value_name = "GATEWAY", num_args = 0..=1, require_equals = true, default_missing_value = "169.254.170.2/24", conflicts_with = "ec2", value_parser = gateway)]
    pub docker: Option<Gateway>,

    /// Hand the token over in a file, which with --port is the same from day to day
    #[arg(long, conflicts_with_all = ["ec2", "docker"])]
    pub token_file: bool,

    /// Serve instance metadata at 169.254.169.254 itself, which sudo adds to this machine's loopback (Linux)
    #[arg(long, conflicts_with_all = ["docker", "port", "token_file"])]
    pub link_local: bool,

    #[command(flatten)]
    pub manner: Manner,

    #[command(flatten)]
    pub session: Session,

    #[command(flatten)]
    pub mfa: MfaToken,

    /// Print links instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(long)]
    pub stdout: bool,

    /// The Go tool's switch for its root helper, which does not exist here
    #[arg(long, hide = true)]
    pub stop: bool,
}

/// Do what the Go tool's root helper did: nothing
///
/// The Go tool starts this with sudo for `exec --ec2-server`. Servers need no helper here, so there is nothing to start, and
/// `--stop` succeeds.
#[derive(Debug, Args)]
#[command(
    hide = true,
    after_help = "\
EXAMPLES
  aws-vault exec --ec2-server work -- COMMAND     what it was for
  aws-vault server work                           a server that stands alone"
)]
pub struct Proxy {
    /// Succeed, as there is nothing to stop
    #[arg(long)]
    pub stop: bool,
}

/// How a command comes to the metadata service's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkLocal {
    /// In a network of its own if that can be connected, else with sudo (the default)
    Auto,
    /// In a network namespace of its own, connected by pasta or slirp4netns
    Namespace,
    /// The address is added to this machine's loopback with sudo
    Sudo,
    /// In a network namespace of its own without any other network
    Offline,
}

/// How `server` prints variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// `export NAME=value` lines for a POSIX shell (the default)
    ExportEnv,
    /// NAME=value lines
    Env,
    /// set -gx NAME value lines
    Fish,
    /// $Env:NAME = 'value' lines
    Powershell,
    /// set NAME=value lines
    Cmd,
}

/// Our own address on a network of containers, and how long its prefix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway {
    pub address: Ipv4Addr,
    pub prefix: u8,
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

impl From<Form> for super::Format {
    fn from(form: Form) -> Self {
        match form {
            Form::ExportEnv => Self::ExportEnv,
            Form::Env => Self::Env,
            Form::Fish => Self::Fish,
            Form::Powershell => Self::Powershell,
            Form::Cmd => Self::Cmd,
        }
    }
}

fn gateway(text: &str) -> Result<Gateway, String> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "24"));
    let gateway = Gateway {
        address: address
            .parse()
            .map_err(|_| "not an IPv4 address".to_owned())?,
        prefix: prefix
            .parse()
            .ok()
            .filter(|prefix| (8..=32).contains(prefix))
            .ok_or("the prefix must be a number from 8 to 32")?,
    };
    Ok(gateway)
}
