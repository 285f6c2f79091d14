//! Every command-line struct, and nothing else: no I/O, no environment, no decisions. Where the words and the environment
//! meet is `parse.rs`.
//!
//! Flag names, short forms and defaults are those of the Go tool, so that scripts keep working. No flag takes a secret: argv
//! is readable by every user of the machine. (`--mfa-token` is the exception scripts need; its code is good for one use.)

mod about;
mod backup;
pub mod bastion;
mod elsewhere;
mod global;
mod handing_out;
mod keys;
mod login;
mod moving;
mod one_password;
mod serving;
mod session;
mod signin;
mod sso;

use clap::{Parser, Subcommand};

pub use about::{Completion, Explain, Shell, Version};
pub use backup::{Backup, Restore, Status};
pub use bastion::Bastion;
pub use elsewhere::Elsewhere;
pub use global::{Backend, Global, Prompt};
pub use handing_out::{Exec, Export, Format};
pub use keys::{Add, List, Remove, Rotate};
pub use login::{Login, SwitchRoles, Window};
pub use moving::{Backends, Import, MigrateBackend};
pub use one_password::OnePassword;
pub use serving::{Form, Gateway, HttpTokens, LinkLocal, Proxy, Server, Servers};
pub use session::{Clear, Lock, MfaToken, Session};
pub use signin::Signin;
pub use sso::{SignInFlags, Sso, SsoCommand, SsoList, SsoLogin, SsoLogout, SsoPopulate};

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
    Server(Server),
    Proxy(Proxy),
    Login(Login),
    Sso(Sso),
    Signin(Signin),
    SwitchRoles(SwitchRoles),
    Rotate(Rotate),
    Status(Status),
    Backup(Backup),
    Restore(Restore),
    Explain(Explain),
    Backends(Backends),
    Bastion(Bastion),
    Import(Import),
    MigrateBackend(MigrateBackend),
    Version(Version),
    Completion(Completion),
}
