//! `aws-vault bastion …`: one file per subcommand.

use std::process::ExitCode;

use super::args::bastion::{Bastion, Command};
use super::context::Context;
use crate::error::CliError;

mod add_user;
mod apply;
mod config;
mod destroy;
mod doors;
mod enroll_mfa;
mod export;
mod graph;
mod import;
mod init;
mod plan;
mod remove_user;
mod shared;
mod verify;

pub fn run(context: &Context, args: Bastion) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Init(args) => super::done(init::run(context, &args)),
        Command::Plan(args) => plan::run(context, &args),
        Command::Apply(args) => apply::run(context, &args),
        Command::AddUser(args) => super::done(add_user::run(context, &args)),
        Command::EnrollMfa(args) => super::done(enroll_mfa::run(context, &args)),
        Command::Config(args) => super::done(config::run(context, &args)),
        Command::Verify(args) => verify::run(context, &args),
        Command::Graph(args) => super::done(graph::run(&args)),
        Command::Export(args) => super::done(export::run(&args)),
        Command::Import(args) => super::done(import::run(context, &args)),
        Command::Destroy(args) => destroy::run(context, &args),
        Command::RemoveUser(args) => super::done(remove_user::run(context, &args)),
    }
}
