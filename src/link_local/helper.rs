//! The part that root plays: the address on the machine's loopback, and a socket there. It speaks no HTTP, reads no file,
//! keeps of its privileges only the one to take the address back, and obeys nobody but whoever started it, by their end.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Gid, Uid, geteuid, setsid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities, set_no_new_privs,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use socket2::{Domain, Socket, Type};

use super::channel::{Channel, Kind};
use super::netlink::{If, Netlink};
use super::{ADDRESS, during};

/// Then comes the abstract name of the socket at which we are awaited.
pub const WORD: &str = "__link-local-helper";

/// After this many seconds the kernel takes the address back by itself, even from a helper that was killed.
const LIFETIME: u32 = 30;
const RENEWAL: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};
/// The address of another program may vanish at any time.
const WATCH: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};
/// Between two of our calls another helper may take its address away.
const TRIES: usize = 5;
const BACKLOG: i32 = 1024;

/// The machine's loopback with the address on it.
struct Held {
    netlink: Netlink,
    /// Listens for as long as the address is ours: who else tries learns from the port that it is taken.
    listener: TcpListener,
    /// Not there before us, so gone with us.
    is_ours: bool,
}

pub fn run(words: &[OsString]) -> ExitCode {
    let [name] = words else {
        return not_for_people(WORD);
    };
    let connected = SocketAddr::from_abstract_name(name.as_bytes())
        .and_then(|address| UnixStream::connect_addr(&address))
        .and_then(|stream| Channel::new(stream, None));
    let Ok(channel) = connected else {
        return not_for_people(WORD);
    };
    match serve(&channel) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = channel.send(Kind::Failed, &error.to_string(), &[]);
            ExitCode::FAILURE
        }
    }
}

/// What people see who start a helper themselves.
pub fn not_for_people(word: &str) -> ExitCode {
    eprintln!("aws-vault: error: {word} is for aws-vault itself\nhint: see exec --link-local");
    ExitCode::from(2)
}

fn serve(channel: &Channel) -> io::Result<()> {
    let asker = socket_peercred(channel.stream())?;
    if !geteuid().is_root() {
        return Err(io::Error::other("the helper was not started as root"));
    }
    // Away from the terminal, whose Ctrl-C is for the command; and from any folder, which could not be unmounted.
    let _ = setsid();
    std::env::set_current_dir("/")?;
    let (end, told) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::low_level::pipe::register(signal, told.try_clone()?)?;
    }

    let mut held = hold()?;
    let outcome = (|| {
        give_up_privileges(asker.uid, asker.gid)
            .map_err(during("privileges cannot be given up"))?;
        channel.send(Kind::Listening, "", &[held.listener.as_fd()])?;
        held.until_end_of(channel, &end)
    })();
    held.give_back();
    outcome
}

fn hold() -> io::Result<Held> {
    let netlink = Netlink::open()?;
    let mut last = None;
    for _ in 0..TRIES {
        let is_ours = match netlink.add(*ADDRESS.ip(), Some(LIFETIME), If::Absent) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(during("169.254.169.254 cannot be added to lo")(error)),
        };
        match listen() {
            Ok(listener) => {
                return Ok(Held {
                    netlink,
                    listener,
                    is_ours,
                });
            }
            Err(error) => {
                if is_ours {
                    let _ = netlink.remove(*ADDRESS.ip());
                }
                if error.kind() != io::ErrorKind::AddrNotAvailable {
                    return Err(during("169.254.169.254:80 cannot be listened on")(error));
                }
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// On the loopback interface only: a neighbour who routes the address to us finds nothing.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind_device(Some(b"lo"))?;
    socket.bind(&std::net::SocketAddr::from(ADDRESS).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Becomes whoever asked, with nothing more than he has but the power over network addresses.
fn give_up_privileges(user: Uid, group: Gid) -> io::Result<()> {
    // In a user namespace of an ordinary user groups cannot be left, and are that user's own.
    let denied = std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|it| it == "deny\n");
    if !denied {
        set_thread_groups(&[])?;
    }
    set_keep_capabilities(true)?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    let kept = CapabilitySet::NET_ADMIN;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets)?;
    Ok(set_no_new_privs(true)?)
}

impl Held {
    /// Whoever asked never says anything more, so that anything to read means that they are gone.
    fn until_end_of(&mut self, channel: &Channel, end: &UnixStream) -> io::Result<()> {
        loop {
            let mut watched = [
                PollFd::from_borrowed_fd(channel.stream().as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(end.as_fd(), PollFlags::IN),
            ];
            let pause = if self.is_ours { RENEWAL } else { WATCH };
            match poll(&mut watched, Some(&pause)) {
                Ok(0) => self.renew()?,
                Ok(_) => return Ok(()),
                Err(error) if error == rustix::io::Errno::INTR => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn renew(&mut self) -> io::Result<()> {
        let condition = if self.is_ours { If::Any } else { If::Absent };
        match self.netlink.add(*ADDRESS.ip(), Some(LIFETIME), condition) {
            Ok(()) => self.is_ours = true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// First the address, then the port.
    fn give_back(self) {
        if self.is_ours {
            let _ = self.netlink.remove(*ADDRESS.ip());
        }
        drop(self.listener);
    }
}
