//! Programs that end, or are ended, and what they said.

use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any deadline in the program.
const PATIENCE: Duration = Duration::from_secs(90);

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ran {
    /// It must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status.code(), Some(0), "{self:#?}");
        self
    }

    /// It must have failed with exit code 1 and these words on stderr, with a hint and nothing on stdout.
    #[track_caller]
    pub fn fails(self, says: &str) -> Self {
        self.exits(1, says)
    }

    #[track_caller]
    pub fn exits(self, code: i32, says: &str) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        assert!(self.stderr.contains(says), "no {says:?} in {self:#?}");
        self
    }

    #[track_caller]
    pub fn hints(self, says: &str) -> Self {
        let hint = self
            .stderr
            .lines()
            .any(|line| line.starts_with("hint: ") && line.contains(says));
        assert!(hint, "no hint with {says:?} in {self:#?}");
        self
    }

    /// The line of the error, without what was said before it.
    #[track_caller]
    pub fn error(&self) -> &str {
        let line = self
            .stderr
            .lines()
            .find(|line| line.starts_with("aws-vault: error: "));
        line.unwrap_or_else(|| panic!("no error in {self:#?}"))
    }

    /// The value of a `NAME=value` line on stdout.
    #[track_caller]
    pub fn var(&self, name: &str) -> &str {
        self.find_var(name)
            .unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }

    pub fn find_var(&self, name: &str) -> Option<&str> {
        self.stdout
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }
}

/// A program in the background.
#[derive(Debug)]
pub struct Running {
    pub pid: Pid,
    started: Instant,
    output: mpsc::Receiver<std::io::Result<Output>>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let child = must_start(command);
        let pid = Pid::from_child(&child);
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        Self {
            pid,
            started,
            output,
        }
    }

    pub fn kill(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    #[track_caller]
    pub fn finish(self) -> Ran {
        let Ok(output) = self.output.recv_timeout(PATIENCE) else {
            self.kill(Signal::KILL);
            panic!("still running after {PATIENCE:?}: {:?}", self.output.recv());
        };
        let output = output.unwrap();
        Ran {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: self.started.elapsed(),
        }
    }
}

/// Runs a command to its end, with stdin closed unless the command says otherwise.
#[track_caller]
pub fn run(command: &mut Command) -> Ran {
    Running::start(command).finish()
}

/// Waits for programs that run at the same time, all of which must succeed.
#[track_caller]
pub fn all_ok(running: impl IntoIterator<Item = Running>) -> Vec<Ran> {
    running
        .into_iter()
        .map(|running| running.finish().ok())
        .collect()
}

/// Starts a program that the tests need.
#[track_caller]
pub fn must_start(command: &mut Command) -> Child {
    let package = match command.get_program().to_str() {
        Some("strace") => "install the Debian package strace",
        Some("dbus-daemon") => "install the Debian package dbus",
        Some("gnome-keyring-daemon") => "install the Debian package gnome-keyring",
        Some("Xvfb") => "install the Debian packages xvfb, xdotool and zenity",
        Some("setsid" | "unshare") => "install the Debian package util-linux",
        Some(path) if path.contains("venv") => "run `make venv`",
        _ => "is it installed?",
    };
    match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!(
            "{} does not start ({error}): {package}",
            command.get_program().display()
        ),
    }
}
