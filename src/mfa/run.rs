//! Running a driver's program: no shell, a time limit, and an answer that is wiped.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::program;

/// A code is six digits; what is longer is no answer.
const MOST_BYTES: u64 = 4096;
const POLL: Duration = Duration::from_millis(10);
/// How long a program's own children may keep its output open after it ended.
const LINGER: Duration = Duration::from_millis(200);

/// What to start.
#[derive(Debug)]
pub(super) struct Invocation {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Written to its standard input.
    pub input: String,
    /// Whether it may ask on the terminal (a PIN, a touch): our own streams may be somebody's pipe.
    pub on_terminal: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub status: ExitStatus,
    pub stdout: Zeroizing<String>,
    /// Empty if it went to the terminal.
    pub stderr: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no answer")]
    TimedOut,
}

/// Runs the program; kills it when `limit` has passed.
pub(super) fn run(
    invocation: &Invocation,
    environment: &Environment,
    limit: Duration,
) -> Result<Outcome, Failure> {
    let terminal = invocation
        .on_terminal
        .then(|| File::options().read(true).write(true).open("/dev/tty"))
        .and_then(Result::ok);
    let (stdin, stderr) = match terminal {
        Some(file) => (Stdio::from(file.try_clone()?), Stdio::from(file)),
        None => (Stdio::piped(), Stdio::piped()),
    };
    let mut child = Command::new(&invocation.program)
        .args(&invocation.arguments)
        .env_clear()
        .envs(program::harmless(environment))
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read its input is free not to.
        let _ = pipe.write_all(invocation.input.as_bytes());
    }
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let status = wait(&mut child, limit)?;
    Ok(Outcome {
        status,
        stdout: received(stdout),
        stderr: received(stderr).to_string(),
    })
}

fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus, Failure> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Err(Failure::TimedOut);
        }
        std::thread::sleep(POLL);
    }
}

/// Reads on a thread of its own: a full pipe would stop the program.
fn read(pipe: impl Read + Send + 'static) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let capacity = usize::try_from(MOST_BYTES).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        let _ = pipe.take(MOST_BYTES).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn received(pipe: Option<Receiver<Zeroizing<Vec<u8>>>>) -> Zeroizing<String> {
    let bytes = pipe
        .and_then(|pipe| pipe.recv_timeout(LINGER).ok())
        .unwrap_or_default();
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Outcome, Failure> {
        let invocation = Invocation {
            program: "/bin/sh".into(),
            arguments: ["-c", script].map(OsString::from).into(),
            input: "typed\n".to_owned(),
            on_terminal: false,
        };
        let environment = [
            ("PATH", "/usr/bin:/bin"),
            ("AWS_VAULT_FILE_PASSPHRASE", "CANARY"),
            ("OP_CONNECT_TOKEN", "CANARY"),
            ("DISPLAY", ":7"),
        ];
        run(&invocation, &environment.into_iter().collect(), limit)
    }

    #[test]
    fn output_status_and_input() {
        let outcome = sh(
            "read word; echo \"$word $DISPLAY\"; echo why >&2; exit 3",
            Duration::from_mins(1),
        );
        let outcome = outcome.unwrap();
        assert_eq!(outcome.stdout.as_str(), "typed :7\n");
        assert_eq!(outcome.stderr, "why\n");
        assert_eq!(outcome.status.code(), Some(3));
    }

    #[test]
    fn our_secrets_stay_here() {
        let outcome = sh("env", Duration::from_mins(1)).unwrap();
        assert!(!outcome.stdout.contains("CANARY"), "{}", *outcome.stdout);
    }

    #[test]
    fn a_program_that_does_not_answer_is_killed() {
        let started = Instant::now();
        let script = "echo $$; exec sleep 600";
        assert!(matches!(
            sh(script, Duration::from_millis(50)),
            Err(Failure::TimedOut)
        ));
        assert!(started.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn a_flood_and_a_lingering_child_do_no_harm() {
        let outcome = sh(
            "yes | head -c 100000; sleep 2 & exit 0",
            Duration::from_mins(1),
        );
        assert_eq!(outcome.unwrap().stdout.len(), 4096);
    }
}
