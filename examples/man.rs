//! Writes the manual pages, one for each command: `cargo run --example man -- DIRECTORY`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aws_vault::cli::args::Cli;
use clap::CommandFactory as _;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: man DIRECTORY");
        return ExitCode::from(2);
    };
    match write(&directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("man: {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}

/// `aws-vault.1`, `aws-vault-exec.1`, …; hidden flags stay hidden.
fn write(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), directory)
}
