//! The program: parse, run, print the error, exit.

use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use aws_vault::cli::{self, parse};
use aws_vault::environment::Environment;
use aws_vault::hardening;

#[expect(clippy::disallowed_methods, reason = "the clock enters here")]
fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    #[cfg(target_os = "linux")]
    if let Some(code) = aws_vault::link_local::stage(&words) {
        return code;
    }
    hardening::apply();
    let environment = Environment::of_process();
    if let Some(answer) = cli::complete(&words, &environment) {
        return answer.unwrap_or(ExitCode::FAILURE);
    }
    let cli = match parse::parse(words.into_iter().skip(1), &environment) {
        Ok(cli) => cli,
        Err(message) => return say(&message),
    };
    let command = cli.command.name();
    match cli::run(cli, environment, SystemTime::now) {
        Ok(code) => code,
        Err(error) => {
            let _ = std::io::stderr().write_all(error.render(Some(command)).as_bytes());
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Help, the version, or why the command line makes no sense.
fn say(message: &parse::Message) -> ExitCode {
    let bytes = message.text.as_bytes();
    // Nobody is left to tell when the stream is gone.
    let _ = if message.to_stdout {
        std::io::stdout().write_all(bytes)
    } else {
        std::io::stderr().write_all(bytes)
    };
    ExitCode::from(message.exit_code)
}
