//! A command that waits in a network of its own until its server is ready.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{getegid, geteuid};

use super::channel::{Channel, Kind};
use super::inside;
use super::network::{Connected, Tool};
use crate::environment::Environment;
use crate::peer::Sockets;

/// Each of its steps is a few system calls.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the command is to have besides its own loopback.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    By(&'a Tool, &'a Environment),
    Nothing,
}

/// Why there is no such namespace.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Most often the kernel's or a container's rule against user namespaces.
    #[error("{0}")]
    Namespace(io::Error),
    #[error("{0} does not connect the command's network: {1}")]
    Network(&'static str, io::Error),
}

/// Namespaces with the future command in them.
#[derive(Debug)]
pub struct Waiting {
    child: Option<Child>,
    channel: Channel,
    network: Option<Connected>,
}

/// Makes the namespaces. `command`: the program with its arguments and environment. `spawn` starts what becomes it, so that it
/// ends with us.
///
/// Yields the socket that listens at the metadata address there, and what the kernel knows of the sockets there.
pub fn open(
    words: &[&std::ffi::OsStr],
    variables: &[(std::ffi::OsString, std::ffi::OsString)],
    network: Network<'_>,
    spawn: impl FnOnce(Command) -> io::Result<Child>,
) -> Result<(TcpListener, Sockets, Waiting), NotMade> {
    let (ours, theirs) = UnixStream::pair().map_err(NotMade::Namespace)?;
    let mut stage = Command::new("/proc/self/exe");
    stage
        .arg0("aws-vault")
        .arg(inside::WORD)
        .args(words)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    let child = spawn(stage).map_err(NotMade::Namespace)?;
    let process = child.id();
    let mut waiting = Waiting {
        child: Some(child),
        channel: Channel::new(ours, Some(PATIENCE)).map_err(NotMade::Namespace)?,
        network: None,
    };
    let (listener, sockets) = waiting.prepare(process).map_err(NotMade::Namespace)?;
    if let Network::By(tool, environment) = network {
        let connected = tool.connect(process, environment);
        let connected = connected.map_err(|error| NotMade::Network(tool.name(), error))?;
        waiting.network = Some(connected);
    }
    Ok((listener, sockets, waiting))
}

impl Waiting {
    fn prepare(&self, process: u32) -> io::Result<(TcpListener, Sockets)> {
        let stdin = io::stdin();
        self.channel.send(Kind::Begin, "", &[stdin.as_fd()])?;
        self.channel.expect(Kind::Unshared)?;
        let known = make_user_known(process);
        known.map_err(super::during("the user of the namespace cannot be set"))?;
        self.channel.send(Kind::Mapped, "", &[])?;
        let files = self.channel.expect(Kind::Listening)?.files;
        let [listener, sockets] =
            <[OwnedFd; 2]>::try_from(files).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok((listener.into(), Sockets::of_namespace(sockets)))
    }

    /// Lets the command start. Its network lives as long as this does.
    pub fn go(&mut self) -> io::Result<Child> {
        self.channel.send(Kind::Go, "", &[])?;
        // The channel closes when the command is there.
        let Some(failure) = self.channel.receive()? else {
            return self.child.take().ok_or(io::ErrorKind::NotFound.into());
        };
        Err(match (failure.kind, failure.text.parse()) {
            (Kind::NotRun, Ok(number)) => io::Error::from_raw_os_error(number),
            _ => io::Error::other(failure.text),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The user stays who he is, and root keeps everybody, as far as that is allowed: files keep their owners.
///
/// Source: user_namespaces(7), "User and group ID mappings".
fn make_user_known(process: u32) -> io::Result<()> {
    let of = |name: &str| format!("/proc/{process}/{name}");
    if geteuid().is_root() {
        let everybody = |name: &str| {
            let known = fs::read_to_string(format!("/proc/self/{name}"))?;
            fs::write(of(name), identical(&known))
        };
        if everybody("uid_map").is_ok() {
            return everybody("gid_map");
        }
    }
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    fs::write(of("uid_map"), format!("{user} {user} 1\n"))?;
    // Whoever may leave groups could get around rules that deny a group.
    fs::write(of("setgroups"), "deny")?;
    fs::write(of("gid_map"), format!("{group} {group} 1\n"))
}

/// Every number of a map means itself.
fn identical(map: &str) -> String {
    let lines = map.lines().filter_map(|line| {
        let mut columns = line.split_whitespace();
        let (first, count) = (columns.next()?, columns.nth(1)?);
        Some(format!("{first} {first} {count}\n"))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_themselves() {
        let rootless = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(identical(rootless), "0 0 1\n1 1 65536\n");
        assert_eq!(identical("0 0 4294967295\n"), "0 0 4294967295\n");
    }
}
