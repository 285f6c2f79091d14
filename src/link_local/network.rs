//! The rest of the network inside a namespace: carried in and out by a program of the same user.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use super::keeper;
use crate::environment::Environment;
use crate::program;

/// Old versions of pasta wait for ever if they cannot open the device.
const PATIENCE: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};
const DEVICE: &str = "/dev/net/tun";

/// A program that connects a namespace, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// Debian's `passt`: addresses, routes and the machine's own loopback services as outside.
    Pasta(PathBuf),
    /// An address of its own, behind address translation.
    Slirp4netns(PathBuf),
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    #[error("neither pasta nor slirp4netns is installed")]
    Program,
    #[error("/dev/net/tun cannot be opened ({0})")]
    Device(io::Error),
}

/// A namespace's network, for as long as this lives.
#[derive(Debug)]
pub struct Connected {
    keeper: Child,
}

/// Finds a program, and makes sure that it could work.
pub fn tool(environment: &Environment) -> Result<Tool, Missing> {
    let pasta = program::find("pasta", environment).map(Tool::Pasta);
    let found = pasta.or_else(|| program::find("slirp4netns", environment).map(Tool::Slirp4netns));
    let found = found.ok_or(Missing::Program)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(DEVICE)
        .map_err(Missing::Device)?;
    Ok(found)
}

impl Tool {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pasta(_) => "pasta",
            Self::Slirp4netns(_) => "slirp4netns",
        }
    }

    fn command_line(&self, process: u32, is_root: bool) -> (&PathBuf, Vec<String>) {
        let (program, words): (_, &[&str]) = match self {
            // The gateway is the gateway, not this machine's loopback. What the command listens at stays its own: pasta would
            // open the port on every address of the machine. Ports of this machine's loopback are the command's, too.
            Self::Pasta(program) => (
                program,
                &[
                    "--foreground",
                    "--quiet",
                    // Written when everything is set up.
                    "--pid",
                    "/dev/stdout",
                    "--config-net",
                    "--no-map-gw",
                    "-t",
                    "none",
                    "-u",
                    "none",
                    "-T",
                    "auto",
                    "-U",
                    "auto",
                ],
            ),
            Self::Slirp4netns(program) => (
                program,
                &[
                    "--configure",
                    "--ready-fd=1",
                    "--mtu=65520",
                    "--disable-host-loopback",
                ],
            ),
        };
        let mut words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        if matches!(self, Self::Pasta(_)) && is_root {
            // Otherwise it becomes `nobody`, who may not enter a namespace of root's.
            words.extend(["--runas".to_owned(), "0".to_owned()]);
        }
        words.push(process.to_string());
        if matches!(self, Self::Slirp4netns(_)) {
            words.push("tap0".to_owned());
        }
        (program, words)
    }

    /// Connects the namespace of a process, and waits until that is done.
    pub fn connect(&self, process: u32, environment: &Environment) -> io::Result<Connected> {
        let is_root = rustix::process::geteuid().is_root();
        let (program, words) = self.command_line(process, is_root);
        let keeper = Command::new("/proc/self/exe")
            .arg0("aws-vault")
            .arg(keeper::WORD)
            .arg(program)
            .args(words)
            .env_clear()
            .envs(program::harmless(environment))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What a terminal sends is for the command.
            .process_group(0)
            .spawn()?;
        let mut connected = Connected { keeper };
        if !connected.is_ready()? {
            return Err(io::Error::other(connected.last_words()));
        }
        Ok(connected)
    }
}

impl Connected {
    /// Waits for the first thing that the program says. `false`: it ended.
    fn is_ready(&mut self) -> io::Result<bool> {
        let stdout = self.keeper.stdout.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let mut watched = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)];
        if retry_on_intr(|| poll(&mut watched, Some(&PATIENCE)))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(stdout.read(&mut [0])? > 0)
    }

    /// What a program said that has ended.
    fn last_words(&mut self) -> String {
        let mut said = String::new();
        if let Some(stderr) = self.keeper.stderr.take() {
            let _ = stderr.take(4096).read_to_string(&mut said);
        }
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        last.unwrap_or("it ended at once").trim().to_owned()
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_are_told() {
        let words = |tool: &Tool, is_root| tool.command_line(7, is_root).1.join(" ");
        let pasta = Tool::Pasta("/usr/bin/pasta".into());
        assert!(words(&pasta, false).ends_with("-t none -u none -T auto -U auto 7"));
        assert!(words(&pasta, true).ends_with("--runas 0 7"));
        let slirp = Tool::Slirp4netns("/usr/bin/slirp4netns".into());
        assert!(words(&slirp, true).ends_with("--disable-host-loopback 7 tap0"));
    }
}
