//! stdout is for the answer alone; everything else that is said goes to stderr.

use std::io::{IsTerminal, Write};

use crate::error::{CliError, visible};

/// A line on stderr.
pub fn notice(message: &str) {
    let _ = writeln!(std::io::stderr(), "aws-vault: {}", visible(message));
}

/// The answer of a command. A reader that has gone away (`| head`) is no error of ours.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CliError::new(
            format!("standard output cannot be written: {error}"),
        )),
        _ => Ok(()),
    }
}

pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}
