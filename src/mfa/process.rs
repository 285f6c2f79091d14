//! `mfa_process`: a command whose output is the code, e.g. a hardware token's tool.

use std::fs::File;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::Error;
use crate::config::recursion;

/// Runs the command through the shell. A tool that asks for a touch or a PIN does so on the terminal, not on our streams,
/// which may be somebody's pipe.
///
/// `running` tells an aws-vault that the tool calls what it must not wait for.
pub(super) fn run(command: &str, running: &str) -> Result<Zeroizing<String>, Error> {
    let failed = |reason: String| Error::Process { reason };
    let (shell, flag) = if cfg!(windows) {
        ("cmd.exe", "/C")
    } else {
        ("/bin/sh", "-c")
    };
    let terminal = if cfg!(windows) {
        ("CONIN$", "CONOUT$")
    } else {
        ("/dev/tty", "/dev/tty")
    };
    let stdin = File::open(terminal.0).map_or_else(|_| Stdio::null(), Stdio::from);
    let stderr = File::options()
        .write(true)
        .open(terminal.1)
        .map_or_else(|_| Stdio::inherit(), Stdio::from);
    let output = Command::new(shell)
        .args([flag, command])
        // The command is the user's, but what it calls may be anybody's.
        .env_remove("AWS_VAULT_FILE_PASSPHRASE")
        .env(recursion::VARIABLE, running)
        .stdin(stdin)
        .stderr(stderr)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    String::from_utf8(output.stdout)
        .map(Zeroizing::new)
        .map_err(|_| failed("its output is not text".to_owned()))
}
