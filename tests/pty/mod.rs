//! A pseudo-terminal with a person at it.

#![allow(clippy::unwrap_used, dead_code)]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// For a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Pty {
    screen: File,
    terminal: OwnedFd,
    /// Everything shown so far.
    pub shown: String,
    /// How much of it `wait_for` has passed.
    seen: usize,
    /// The beginning of a character whose other bytes have not come yet.
    partial: Vec<u8>,
}

impl Pty {
    pub fn open() -> Self {
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = ioctl_tiocgptpeer(&screen, flags).unwrap();
        Self {
            screen: File::from(screen),
            terminal,
            shown: String::new(),
            seen: 0,
            partial: Vec::new(),
        }
    }

    /// A command whose controlling terminal is this one, but whose stdin is `/dev/null`: a prompt that reads stdin fails.
    ///
    /// Stdout and stderr are the terminal unless changed. `setsid` is part of Debian's util-linux.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "sh", "-c", r#"exec "$0" "$@" </dev/null"#])
            .arg(program)
            .stdin(Stdio::from(self.terminal.try_clone().unwrap()))
            .stdout(Stdio::from(self.terminal.try_clone().unwrap()))
            .stderr(Stdio::from(self.terminal.try_clone().unwrap()));
        command
    }

    /// A program that is a person's own, such as a shell: the terminal is its stdin, too.
    pub fn interactive(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(program)
            .stdin(Stdio::from(self.terminal.try_clone().unwrap()))
            .stdout(Stdio::from(self.terminal.try_clone().unwrap()))
            .stderr(Stdio::from(self.terminal.try_clone().unwrap()));
        command
    }

    pub fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.screen.write_all(keys.as_ref()).unwrap();
    }

    /// Waits until the text shows, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && self.read(left),
                "no {text:?} in {:?}",
                self.shown
            );
        }
    }

    /// Waits for the end of the command and takes what it showed last.
    pub fn finish(&mut self, mut child: Child) -> std::process::ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            // A command that writes much would wait for us to read.
            self.read(Duration::from_millis(10));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "still running: {:?}", self.shown);
        };
        while self.read(Duration::ZERO) {}
        status
    }

    /// Echo and line editing by the kernel, as a shell expects to find them.
    pub fn is_as_found(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        modes
            .contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN)
    }

    fn read(&mut self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).unwrap();
        let mut fds = [PollFd::new(&self.screen, PollFlags::IN)];
        if poll(&mut fds, Some(&patience)).unwrap() == 0 {
            return false;
        }
        let mut buffer = [0; 4096];
        let count = self.screen.read(&mut buffer).unwrap_or(0);
        self.partial.extend_from_slice(&buffer[..count]);
        let whole = match std::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.partial.len(),
        };
        let whole: Vec<u8> = self.partial.drain(..whole).collect();
        self.shown.push_str(&String::from_utf8_lossy(&whole));
        count > 0
    }
}
