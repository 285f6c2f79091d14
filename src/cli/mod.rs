//! The command line: one file per subcommand.

use std::process::ExitCode;
use std::time::SystemTime;

use crate::environment::Environment;
use crate::error::CliError;

mod add;
pub mod args;
mod clear;
pub mod completion;
mod context;
mod exec;
mod explain;
mod export;
mod failures;
pub mod formats;
mod list;
mod login;
mod obtain;
mod output;
pub mod parse;
mod passphrase;
mod remove;
mod rotate;
pub mod table;
mod version;

use args::{Cli, Command};
use context::Context;

/// Runs one command.
pub fn run(cli: Cli, environment: Environment, clock: fn() -> SystemTime) -> Result<ExitCode, CliError> {
    // These two need neither a home directory nor a keystore.
    match &cli.command {
        Command::Version(_) => return version::run().map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let context = Context::new(environment, cli.global, clock)?;
    match cli.command {
        Command::Exec(args) => return exec::run(&context, args),
        Command::Add(args) => add::run(&context, &args),
        Command::Clear(args) => clear::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Export(args) => export::run(&context, &args),
        Command::List(args) => list::run(&context, &args),
        Command::Login(args) => login::run(&context, &args),
        Command::Remove(args) => remove::run(&context, &args),
        Command::Rotate(args) => rotate::run(&context, &args),
        Command::Version(_) => Ok(()),
        Command::Completion(_) => Err(CliError::new("this build has no such command yet")),
    }
    .map(|()| ExitCode::SUCCESS)
}

impl Command {
    /// The word that chose the command, as errors name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Clear(_) => "clear",
            Self::Completion(_) => "completion",
            Self::Exec(_) => "exec",
            Self::Explain(_) => "explain",
            Self::Export(_) => "export",
            Self::List(_) => "list",
            Self::Login(_) => "login",
            Self::Remove(_) => "remove",
            Self::Rotate(_) => "rotate",
            Self::Version(_) => "version",
        }
    }
}
