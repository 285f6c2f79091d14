//! What becomes the command: first it leaves the machine's network for one of its own, with the metadata address on its
//! loopback, and hands the listening socket out.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::process::{getppid, parent_process_death_signal, set_parent_process_death_signal};
use rustix::stdio::dup2_stdin;
use rustix::thread::UnshareFlags;

use super::channel::{Channel, Kind};
use super::netlink::{If, Netlink};
use super::{ADDRESS, during, resolver};
use crate::peer::Sockets;

/// Then come the command's own words.
pub const WORD: &str = "__in-namespace";

/// Whoever started us may have to ask a person before it goes on.
const PATIENCE: Option<Duration> = None;

/// Returns only if the command cannot be started, or nobody wants it any more.
pub fn run(words: &[OsString]) -> ExitCode {
    let Ok(channel) = channel() else {
        return super::helper::not_for_people(WORD);
    };
    // Nobody may be there to be told.
    let _ = match (prepare(&channel), words.split_first()) {
        (Err(error), _) => channel.send(Kind::Failed, &error.to_string(), &[]),
        (Ok(()), None) => channel.send(Kind::Failed, "there is no command", &[]),
        (Ok(()), Some((program, arguments))) => {
            let error = Command::new(program).args(arguments).exec();
            let number = error.raw_os_error().unwrap_or_default();
            channel.send(Kind::NotRun, &number.to_string(), &[])
        }
    };
    ExitCode::FAILURE
}

/// The channel is where the standard input will be: a name or a file of its own would be seen by others.
fn channel() -> io::Result<Channel> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::net::sockopt::socket_peercred(&socket)?;
    Channel::new(UnixStream::from(socket), PATIENCE)
}

/// Everything until the command may start.
fn prepare(channel: &Channel) -> io::Result<()> {
    let parent = getppid();
    let death = parent_process_death_signal()?;
    let begin = channel.expect(Kind::Begin)?;
    let stdin = begin.files.first().ok_or(io::ErrorKind::InvalidData)?;
    dup2_stdin(stdin)?;

    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)
        .map_err(during("a user and a network namespace cannot be made"))?;
    channel.send(Kind::Unshared, "", &[])?;
    channel.expect(Kind::Mapped)?;
    let listener = listen().map_err(during(
        "169.254.169.254 cannot be had in a network namespace",
    ))?;
    let sockets = Sockets::ask_kernel()?;
    channel.send(Kind::Listening, "", &[listener.as_fd(), sockets.as_fd()])?;

    channel.expect(Kind::Go)?;
    resolver::replace_stub().map_err(during("the name servers cannot be told"))?;
    // A change of privileges, as that of a new user namespace, makes the kernel forget it.
    set_parent_process_death_signal(death)?;
    if getppid() != parent {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn listen() -> io::Result<TcpListener> {
    let netlink = Netlink::open()?;
    netlink.bring_up_loopback()?;
    netlink.add(*ADDRESS.ip(), None, If::Absent)?;
    TcpListener::bind(ADDRESS)
}

/// Moves this process, which has one thread, into namespaces of its own.
#[expect(
    deprecated,
    reason = "it is unsafe with a table of open files that threads share, and we have neither"
)]
pub fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(namespaces)?)
}
