//! Flags of `login` and `switch-roles`.

use std::time::Duration;

use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::session::{MfaToken, Session};
use crate::cli::parse;
use crate::config::profile::Setting;
use crate::console::services::{self, Service};

const WINDOW: &str = "Browser";

/// Sign in to the AWS console
///
/// Turns temporary credentials into a console session and opens it in your browser. The link is good for a few minutes and is
/// never put on a command line. Without a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.
///
/// What you always want goes into the config file, for one profile or in [default] for all: aws_vault_browser,
/// aws_vault_browser_profile, aws_vault_container, aws_vault_colour, aws_vault_console_duration.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault login work
  aws-vault login --service s3 work     the page of a service; `--path s3/buckets` any page
  aws-vault login work https://eu-west-1.console.aws.amazon.com/ec2/home   the page a colleague sent you
  aws-vault login --browser firefox --container work   cookies of their own for each profile
  aws-vault login --stdout work         print the link instead of opening it
  aws-vault login --switch-role prod    the console's Switch role page, filled in")]
pub struct Login {
    /// Profile of the config file [default: AWS_PROFILE, else you choose]
    // The places are written down because completion takes the first argument out and puts it back at the end.
    #[arg(index = 1)]
    pub profile: Option<String>,

    /// Page of the console to open, as a link
    #[arg(index = 2, conflicts_with_all = ["path", "service"])]
    pub url: Option<String>,

    #[command(flatten)]
    pub session: Session,

    #[command(flatten)]
    pub mfa: MfaToken,

    /// Page of the console to open, e.g. s3/buckets
    #[arg(long)]
    pub path: Option<String>,

    /// Page of a service, e.g. s3, ec2, logs; docs/login.md lists all names
    #[arg(long, value_name = "NAME", conflicts_with = "path", value_parser = parse::service_flag,
          add = ArgValueCandidates::new(|| services::names().map(CompletionCandidate::new).collect()))]
    pub service: Option<Service>,

    /// How long the console session shall last, 15m to 12h, where AWS lets us say [default: as long as the credentials]
    #[arg(long, value_name = "DURATION", value_parser = parse::console_duration_flag)]
    pub console_duration: Option<Setting<Duration>>,

    /// Open the console's Switch role page for the profile's role; needs no credentials
    #[arg(long, conflicts_with_all = ["path", "service", "url", "console_duration", "auto_logout"])]
    pub switch_role: bool,

    /// Print the link instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(short, long)]
    pub stdout: bool,

    /// Print the link as a QR code, for a phone
    #[arg(long, conflicts_with = "stdout")]
    pub qr: bool,

    /// Put the link into the clipboard of your terminal (OSC 52), also through SSH
    #[arg(long, conflicts_with_all = ["stdout", "qr"])]
    pub copy: bool,

    /// Log out of the console first; with the console's multi-session support it is not needed [env: AWS_VAULT_AUTO_LOGOUT]
    #[arg(short, long)]
    pub auto_logout: bool,

    #[command(flatten)]
    pub window: Window,
}

/// Which window the link is opened in.
#[derive(Debug, Clone, Default, Args)]
pub struct Window {
    /// Browser to open: chrome, chromium, edge, brave, vivaldi, opera, firefox, librewolf, safari, …, or the path of a program
    /// [env: AWS_VAULT_BROWSER]
    #[arg(long, value_name = "NAME", help_heading = WINDOW)]
    pub browser: Option<String>,

    /// Profile that you made in the browser
    #[arg(long, value_name = "NAME", help_heading = WINDOW)]
    pub browser_profile: Option<String>,

    /// Keep this profile's cookies apart: a container of Firefox, a browser profile of its own elsewhere. NAME may hold
    /// {profile}, {account} and {role} [default: {profile}]
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "{profile}",
          help_heading = WINDOW)]
    pub container: Option<String>,

    /// Colour of the container: blue, turquoise, green, yellow, orange, red, pink or purple
    #[arg(long, visible_alias = "color", value_name = "COLOUR", help_heading = WINDOW)]
    pub colour: Option<String>,

    /// Open a private window
    #[arg(long, help_heading = WINDOW)]
    pub private: bool,
}

/// List links that switch the console to a role
///
/// One for every profile with a role_arn: whoever is signed in to the console opens the link and switches to the role. The links
/// hold no secret; nothing is asked of AWS or of the keystore. aws_vault_display_name and aws_vault_colour in the config file
/// decide how the console shows the role.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault switch-roles
  aws-vault switch-roles --json
  aws-vault switch-roles --bookmarks >roles.html    import it into your browser")]
pub struct SwitchRoles {
    /// Print a bookmark file that every browser imports
    #[arg(long, conflicts_with = "json")]
    pub bookmarks: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
