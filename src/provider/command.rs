//! Commands of the user's own config file that print credentials or a token.
//!
//! The AWS CLI splits `credential_process` into words and starts it without a shell; the Go tool, like AWS's SDKs for Go, Java
//! and JavaScript, gives it to one. The two agree unless the value has something that only a shell understands, so a shell runs
//! exactly those values.

#[cfg(target_os = "linux")]
mod descendants;

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::words::{Unclosed, Words, split};
use crate::config::profile::Setting;
use crate::config::recursion::{self, Running};
use crate::environment::Environment;
use crate::program;

/// A helper may open a browser and wait for a person.
const TIME_LIMIT: Duration = Duration::from_mins(5);
/// Credentials and tokens are a few KiB; a SAML assertion may be a hundred.
const MOST_BYTES: u64 = 1024 * 1024;
const POLL: Duration = Duration::from_millis(5);

/// A command and the setting that names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directive<'a> {
    pub key: &'static str,
    pub profile: &'a str,
    pub command: &'a Setting<String>,
}

/// Why a command yielded nothing. Its own words went to stderr; its output is never shown.
#[derive(Debug, thiserror::Error)]
#[error("{key} of profile '{profile}' ({origin}) {reason}")]
pub struct Error {
    pub key: &'static str,
    pub profile: String,
    /// Line and section of the setting.
    pub origin: String,
    pub reason: Reason,
}

#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("has a quotation mark that is not closed")]
    Unclosed,
    #[error("names no program")]
    Empty,
    #[error("cannot be run: {program} was not found")]
    NotFound { program: String },
    #[error("cannot be run: {0}")]
    NotRun(std::io::Error),
    #[error("failed ({0})")]
    Failed(ExitStatus),
    #[error("did not finish within {} minutes", TIME_LIMIT.as_secs() / 60)]
    TimedOut,
    #[error("printed more than {MOST_BYTES} bytes")]
    TooLong,
    #[error("printed {0}")]
    Output(String),
}

impl Error {
    pub fn hint(&self) -> &'static str {
        match self.reason {
            Reason::Unclosed => "quote as for a shell: '…' or \"…\" around what has spaces in it",
            Reason::Empty => {
                "write the program and its arguments, e.g. /usr/local/bin/helper --account dev"
            }
            Reason::NotFound { .. } => {
                "write the program's absolute path; relative ones would depend on the folder you are in"
            }
            Reason::NotRun(_) | Reason::Failed(_) => {
                "run the command by hand; what it says of itself stands above"
            }
            Reason::TimedOut => "run the command by hand to see what it waits for",
            Reason::TooLong | Reason::Output(_) => "run the command by hand to see what it prints",
        }
    }
}

impl Directive<'_> {
    /// What the command prints. It may ask on the terminal, and its stderr is ours; our stdin is left alone, because it belongs
    /// to the command of `exec`.
    pub(super) fn output(self, environment: &Environment) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.run(environment, TIME_LIMIT)
            .map_err(|reason| self.error(reason))
    }

    pub(super) fn error(self, reason: Reason) -> Error {
        Error {
            key: self.key,
            profile: self.profile.to_owned(),
            origin: self.command.origin.to_string(),
            reason,
        }
    }

    fn run(self, environment: &Environment, limit: Duration) -> Result<Zeroizing<Vec<u8>>, Reason> {
        let terminal = File::open(if cfg!(windows) { "CONIN$" } else { "/dev/tty" }).ok();
        let is_attended = terminal.is_some();
        // An aws-vault that the command calls must not wait for what we are holding.
        let running = Running::of(environment).and(self.profile, self.command);
        let mut command = command(&self.command.value, environment)?;
        command
            .env_clear()
            .envs(
                environment
                    .iter()
                    .filter(|(name, _)| !is_ours(name) || recursion::is_us(&self.command.value)),
            )
            .env(recursion::VARIABLE, running)
            .stdin(terminal.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped());
        // Only the foreground group may ask on the terminal, and Ctrl-C ends all of it. Without one, a group of its own can be
        // ended with everything that the command started.
        #[cfg(unix)]
        if !is_attended {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let mut child = command.spawn().map_err(Reason::NotRun)?;
        let started = Instant::now();
        let output = read(&mut child, limit);
        let status = match output {
            Err(_) => None,
            Ok(_) => wait(&mut child, limit.saturating_sub(started.elapsed())),
        };
        let Some(status) = status else {
            end(&mut child, is_attended);
            return output.and(Err(Reason::TimedOut));
        };
        if !status.success() {
            return Err(Reason::Failed(status));
        }
        output
    }
}

fn command(value: &str, environment: &Environment) -> Result<Command, Reason> {
    if cfg!(windows) {
        let mut command = Command::new("cmd.exe");
        command.args(["/C", value]);
        return Ok(command);
    }
    match split(value) {
        Err(Unclosed) => Err(Reason::Unclosed),
        Ok(Words::ForShell) => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", value]);
            Ok(command)
        }
        Ok(Words::Plain(words)) => {
            let (name, arguments) = words.split_first().ok_or(Reason::Empty)?;
            let program = program::find(name, environment).ok_or_else(|| Reason::NotFound {
                program: name.clone(),
            })?;
            let mut command = Command::new(program);
            command.args(arguments);
            Ok(command)
        }
    }
}

/// Everything up to the end of the output, on a thread because a pipe knows no time limit.
fn read(child: &mut Child, limit: Duration) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let Some(pipe) = child.stdout.take() else {
        return Ok(Zeroizing::default());
    };
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        let result = pipe.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        let _ = sender.send(result.map(|_| bytes));
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(bytes)) if bytes.len() as u64 > MOST_BYTES => Err(Reason::TooLong),
        Ok(result) => result.map_err(Reason::NotRun),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Reason::TimedOut),
    }
}

/// Most programs end when their output does.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Err(_) => return None,
            Ok(None) if started.elapsed() >= limit => return None,
            Ok(None) => std::thread::sleep(POLL),
        }
    }
}

/// Ends the command and all that it has started.
fn end(child: &mut Child, is_attended: bool) {
    #[cfg(unix)]
    if !is_attended {
        let group = rustix::process::Pid::from_child(child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(target_os = "linux")]
    if is_attended {
        descendants::kill(rustix::process::Pid::from_child(child));
    }
    #[cfg(windows)]
    let _ = is_attended;
    let _ = child.kill();
    let _ = child.wait();
}

/// The command is the user's, but what it calls may be anybody's: no passphrase of ours, except for ourselves.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    name == "AWS_VAULT_FILE_PASSPHRASE" || name.to_string_lossy().starts_with("AWS_VAULT_OP_")
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
