//! Flags of `signin`.

use clap::Args;

use crate::cli::parse;
use crate::config::profile::Setting;

/// Sign in with your console credentials, without any access key
///
/// Opens AWS's sign-in page in your browser, as `aws login` does, and writes login_session into the profile. From then on the
/// profile yields credentials for 15 minutes at a time, renewed without you until AWS ends the sign-in (after 12 hours at most).
/// What renews them is kept in the keystore; the AWS CLI's own sign-ins are not touched. `aws-vault clear PROFILE` forgets it.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES
  aws-vault signin dev
  aws-vault signin --region eu-west-1 dev
  aws-vault signin --remote dev         the browser is on another computer: type in the code it shows
  aws-vault exec dev -- terraform plan  also for programs that do not know such profiles")]
pub struct Signin {
    /// Profile of the config file, made if it is not there [default: AWS_PROFILE]
    pub profile: Option<String>,

    /// AWS Region to sign in at, instead of the profile's
    #[arg(long, value_parser = parse::region_flag)]
    pub region: Option<Setting<String>>,

    /// Sign in with a browser on another computer, and type in the code that it shows
    #[arg(long)]
    pub remote: bool,

    /// Print the page's address instead of opening a browser [env: AWS_VAULT_STDOUT]
    #[arg(long)]
    pub stdout: bool,
}
