//! The address on the machine's own loopback, by way of a helper with privileges.

use std::io::{self, Read as _};
use std::net::{Shutdown, TcpListener};
use std::os::fd::AsFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

use super::channel::{Channel, Kind};
use super::helper;
use crate::environment::Environment;
use crate::program;

/// For the helper's few system calls, once sudo has let it start.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// The address is there as long as this lives, or for as long as the process does.
#[derive(Debug)]
pub struct Alias {
    helper: Channel,
}

/// Why the address is not there.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    #[error("sudo is not installed")]
    NoSudo,
    #[error("sudo did not start the helper")]
    Refused,
    #[error("{0}")]
    Failed(io::Error),
}

impl Alias {
    /// Yields the socket that listens at the metadata address. sudo may ask for a password on the terminal.
    pub fn add(environment: &Environment) -> Result<(TcpListener, Self), NotAdded> {
        let name = name().map_err(NotAdded::Failed)?;
        let meeting = SocketAddr::from_abstract_name(&name)
            .and_then(|address| UnixListener::bind_addr(&address))
            .map_err(NotAdded::Failed)?;
        let mut starter = start(&name, environment)?;
        let helper = meet(&meeting, &mut starter)?;
        // sudo's front end is about to end, and must not stay a zombie until we end.
        std::thread::spawn(move || starter.wait());
        let received = helper.expect(Kind::Listening).map_err(NotAdded::Failed)?;
        let socket = received.files.into_iter().next();
        let socket = socket.ok_or_else(|| NotAdded::Failed(io::ErrorKind::InvalidData.into()))?;
        Ok((socket.into(), Self { helper }))
    }
}

impl Drop for Alias {
    /// Waits until the address is gone, so that the next command finds it free.
    fn drop(&mut self) {
        let mut stream = self.helper.stream();
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0]);
    }
}

fn name() -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let random = u64::from_ne_bytes(random);
    Ok(format!("aws-vault-link-local-{random:016x}"))
}

fn start(name: &str, environment: &Environment) -> Result<Child, NotAdded> {
    let own = std::env::current_exe().map_err(NotAdded::Failed)?;
    let mut command = if geteuid().is_root() {
        Command::new(&own)
    } else {
        let sudo = program::find("sudo", environment).ok_or(NotAdded::NoSudo)?;
        through(&sudo, &own)
    };
    command
        .arg(helper::WORD)
        .arg(name)
        .env_clear()
        .envs(program::harmless(environment))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.spawn().map_err(NotAdded::Failed)
}

/// In the background, once the password is given: in the foreground sudo would take the command's terminal.
fn through(sudo: &Path, own: &Path) -> Command {
    let mut command = Command::new(sudo);
    command.args(["-b", "--"]).arg(own);
    command
}

/// The first who comes as root is the helper: others may see the name, and get nothing.
fn meet(meeting: &UnixListener, starter: &mut Child) -> Result<Channel, NotAdded> {
    let mut deadline = None;
    loop {
        let mut watched = [PollFd::from_borrowed_fd(meeting.as_fd(), PollFlags::IN)];
        if poll(&mut watched, Some(&LOOK)).is_ok_and(|ready| ready > 0) {
            let (stream, _) = meeting.accept().map_err(NotAdded::Failed)?;
            if is_root(&stream) {
                return Channel::new(stream, Some(PATIENCE)).map_err(NotAdded::Failed);
            }
            continue;
        }
        let ended = starter.try_wait().map_err(NotAdded::Failed)?;
        if ended.is_some_and(|status| !status.success()) {
            return Err(NotAdded::Refused);
        }
        // Until sudo is done somebody may be typing a password.
        if ended.is_some()
            && *deadline.get_or_insert_with(|| Instant::now() + PATIENCE) < Instant::now()
        {
            return Err(NotAdded::Failed(io::ErrorKind::TimedOut.into()));
        }
    }
}

fn is_root(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid.is_root())
}
