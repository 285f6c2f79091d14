//! The command line: one file per subcommand.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::SystemTime;

use crate::config::ConfigFile;
use crate::environment::Environment;
use crate::error::CliError;
use crate::index::Index;
use crate::provider::Style;
use crate::sessions::state_dir;

mod add;
pub mod args;
mod backends;
mod backup;
mod bastion;
mod clear;
pub mod completion;
mod context;
mod exec;
mod explain;
mod export;
mod failures;
pub mod formats;
mod import;
mod key_age;
mod list;
mod lock;
mod login;
mod migrate_backend;
mod negations;
mod obtain;
mod other_stores;
mod output;
pub mod parse;
mod passphrase;
mod pick;
mod prompt;
mod qr;
mod quick;
mod remove;
mod restore;
mod rotate;
mod server;
mod serving;
mod sign_in;
mod signin;
mod sso;
mod status;
mod stores;
mod switch_roles;
pub mod table;
mod target;
mod usage_error;
mod variables;
mod version;

use args::{Cli, Command};
use context::Context;
use output::print;

/// Runs one command.
pub fn run(
    cli: Cli,
    environment: Environment,
    clock: fn() -> SystemTime,
) -> Result<ExitCode, CliError> {
    // These two need neither a home directory nor a keystore.
    match &cli.command {
        Command::Completion(args) => return done(print(&completion::script(args.shell)?)),
        Command::Version(_) => return done(version::run()),
        Command::Proxy(args) => return done(server::proxy(args)),
        _ => {}
    }
    let sign_in = cli.command.sign_in(&environment)?;
    let context = Context::new(environment, cli.global, clock, sign_in)?;
    if !matches!(cli.command, Command::Rotate(_)) {
        context.tell_of_unfinished_rotations();
    }
    match cli.command {
        Command::Add(args) => done(add::run(&context, &args)),
        Command::Backup(args) => done(backup::run(&context, &args)),
        Command::Backends(args) => done(backends::run(&context, &args)),
        Command::Bastion(args) => bastion::run(&context, args),
        Command::Clear(args) => done(clear::run(&context, &args)),
        Command::Exec(args) => exec::run(&context, args),
        Command::Explain(args) => done(explain::run(&context, &args)),
        Command::Export(args) => done(export::run(&context, &args)),
        Command::Import(args) => done(import::run(&context, &args)),
        Command::List(args) => done(list::run(&context, &args)),
        Command::Lock(_) => done(lock::run(&context)),
        Command::Login(args) => done(login::run(&context, &args)),
        Command::MigrateBackend(args) => done(migrate_backend::run(&context, &args)),
        Command::Remove(args) => done(remove::run(&context, &args)),
        Command::Restore(args) => done(restore::run(&context, &args)),
        Command::Server(args) => done(server::run(&context, &args)),
        Command::Rotate(args) => done(rotate::run(&context, &args)),
        Command::Signin(args) => done(signin::run(&context, &args)),
        Command::Sso(args) => done(sso::run(&context, &args)),
        Command::Status(args) => done(status::run(&context, &args)),
        Command::SwitchRoles(args) => done(switch_roles::run(&context, &args)),
        Command::Completion(_) | Command::Proxy(_) | Command::Version(_) => Ok(ExitCode::SUCCESS),
    }
}

/// Answers the shell's completion script, if it is what calls; pressing Tab opens no keystore.
pub fn complete(
    words: &[OsString],
    environment: &Environment,
) -> Option<Result<ExitCode, CliError>> {
    let old = words
        .get(1)
        .is_some_and(|word| word == completion::OLD_PROTOCOL);
    if !old && !completion::is_asked(environment) {
        return None;
    }
    let names = known_profiles(environment);
    let directory = std::env::current_dir().ok();
    let names = move || names.clone();
    let answer = if old {
        completion::old_answer(&words[2..], environment, directory.as_deref(), names)
    } else {
        completion::answer(words, environment, directory.as_deref(), names)
    };
    Some(answer.and_then(|answer| done(print(&String::from_utf8_lossy(&answer)))))
}

/// Profiles of the config file, and names of stored keys as last seen. What cannot be read is not offered.
fn known_profiles(environment: &Environment) -> Vec<String> {
    let config = ConfigFile::path_from(environment).and_then(|path| ConfigFile::load(&path));
    let configured = config
        .iter()
        .flat_map(ConfigFile::profiles)
        .map(|profile| profile.name.to_owned());
    let index = state_dir(environment)
        .map(|dir| Index::load(&dir))
        .unwrap_or_default();
    let stored = index.stores.into_values().flatten();
    configured
        .chain(stored)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn done(result: Result<(), CliError>) -> Result<ExitCode, CliError> {
    result.map(|()| ExitCode::SUCCESS)
}

impl Command {
    /// How people sign in, if the command comes to that.
    fn sign_in(&self, environment: &Environment) -> Result<Style, CliError> {
        let (device_code, print) = match self {
            Self::Exec(args) => (args.session.device_code, args.stdout),
            Self::Export(args) => (args.session.device_code, args.stdout),
            Self::Login(args) => (args.session.device_code, args.stdout),
            Self::Server(args) => (args.session.device_code, args.stdout),
            Self::Sso(args) => args
                .command
                .flags()
                .map_or((false, false), |flags| (flags.device_code, flags.stdout)),
            _ => (false, false),
        };
        sign_in::style(environment, device_code, print)
    }

    /// The word that chose the command, as errors name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Backends(_) => "backends",
            Self::Backup(_) => "backup",
            Self::Bastion(bastion) => bastion.command.name(),
            Self::Clear(_) => "clear",
            Self::Completion(_) => "completion",
            Self::Exec(_) => "exec",
            Self::Explain(_) => "explain",
            Self::Export(_) => "export",
            Self::Import(_) => "import",
            Self::List(_) => "list",
            Self::Lock(_) => "lock",
            Self::Login(_) => "login",
            Self::MigrateBackend(_) => "migrate-backend",
            Self::Remove(_) => "remove",
            Self::Restore(_) => "restore",
            Self::Proxy(_) => "proxy",
            Self::Rotate(_) => "rotate",
            Self::Server(_) => "server",
            Self::Signin(_) => "signin",
            Self::Sso(_) => "sso",
            Self::Status(_) => "status",
            Self::SwitchRoles(_) => "switch-roles",
            Self::Version(_) => "version",
        }
    }
}
