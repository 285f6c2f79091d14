//! Who is at the other end of a local TCP connection.
//!
//! The loopback address is reached by every user of the machine, so an address proves nothing; the kernel knows whose socket
//! it is.

use std::net::SocketAddrV4;

/// A client's socket, as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub uid: u32,
    /// Names the socket in `/proc/PID/fd`.
    inode: u32,
}

/// The program behind a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub pid: u32,
    /// The kernel's short name, at most 15 bytes.
    pub name: String,
}

/// Asks the kernel about sockets of one network namespace.
#[derive(Debug)]
pub struct Sockets {
    #[cfg(target_os = "linux")]
    diag: Option<std::os::fd::OwnedFd>,
    /// Whether `/proc/net` shows that namespace.
    #[cfg(target_os = "linux")]
    is_ours: bool,
}

/// Whether our own user, or root, made the connection from `client` to `server`.
///
/// Root needs no connection to learn our secrets, and is who brings the answers of a Windows browser into WSL.
pub fn is_our_user(client: SocketAddrV4, server: SocketAddrV4) -> bool {
    let (peer, is_ours) = Sockets::of_this_namespace().look_at(client, server);
    is_ours || peer.is_some_and(|peer| peer.uid == 0)
}

/// Other systems have no table that an ordinary program may read: everybody counts as our user.
#[cfg(not(target_os = "linux"))]
impl Sockets {
    pub fn of_this_namespace() -> Self {
        Self {}
    }

    pub fn look_at(&self, _client: SocketAddrV4, _server: SocketAddrV4) -> (Option<Peer>, bool) {
        (None, true)
    }
}

#[cfg(not(target_os = "linux"))]
impl Peer {
    pub fn program(self) -> Option<Program> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::net::{Ipv4Addr, SocketAddrV4};
    use std::os::fd::OwnedFd;

    use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
    };

    use super::{Peer, Program, Sockets};

    impl Sockets {
        pub fn of_this_namespace() -> Self {
            Self {
                diag: Self::ask_kernel().ok(),
                is_ours: true,
            }
        }

        /// The way to ask about this namespace, also from another one.
        pub fn ask_kernel() -> rustix::io::Result<OwnedFd> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            socket_with(
                AddressFamily::NETLINK,
                SocketType::DGRAM,
                flags,
                Some(SOCK_DIAG),
            )
        }

        /// Those of another namespace, from which [`Sockets::ask_kernel`] is.
        pub fn of_namespace(diag: OwnedFd) -> Self {
            Self {
                diag: Some(diag),
                is_ours: false,
            }
        }

        /// The socket at the other end of a connection from `client` to `server`, and whether it is our own user's.
        pub fn look_at(&self, client: SocketAddrV4, server: SocketAddrV4) -> (Option<Peer>, bool) {
            let ours = rustix::process::getuid().as_raw();
            let peer = self.peer(client, server);
            (peer, peer.is_some_and(|peer| peer.uid == ours))
        }

        /// The owner of the socket whose local end is `client`; `None` when there is none on this machine.
        fn peer(&self, client: SocketAddrV4, server: SocketAddrV4) -> Option<Peer> {
            match self.ask(client, server) {
                Ok(peer) => peer,
                // A kernel without sock_diag(7). Another namespace's table is not at hand.
                Err(_) => ["/proc/net/tcp", "/proc/net/tcp6"]
                    .iter()
                    .filter(|_| self.is_ours)
                    .find_map(|table| {
                        let text = std::fs::read_to_string(table).ok()?;
                        peer_in_table(&text, client, server)
                    }),
            }
            // A socket without an inode is closed: nobody reads the answer, and its user reads as root's.
            .filter(|peer| peer.inode != 0)
        }

        /// One exact question; the kernel answers before `sendto` returns.
        fn ask(
            &self,
            client: SocketAddrV4,
            server: SocketAddrV4,
        ) -> rustix::io::Result<Option<Peer>> {
            let diag = self.diag.as_ref().ok_or(rustix::io::Errno::OPNOTSUPP)?;
            let kernel = SocketAddrNetlink::new(0, 0);
            sendto(diag, &question(client, server), SendFlags::empty(), &kernel)?;
            let mut answer = [0; 512];
            loop {
                let (count, _) = recv(diag, &mut answer, RecvFlags::empty())?;
                let answer = &answer[..count.min(512)];
                // One that was not read in its time would make every later answer that of the question before.
                if answer.get(SEQUENCE) == Some(&ports(client, server)) {
                    return match parse_answer(answer, client, server) {
                        Some(answer) => answer.map_err(rustix::io::Errno::from_raw_os_error),
                        None => Ok(None),
                    };
                }
            }
        }
    }

    impl Peer {
        /// Which program holds the socket. Looks through every process of ours, which takes milliseconds.
        pub fn program(self) -> Option<Program> {
            let wanted = format!("socket:[{}]", self.inode);
            let holds = |pid: u32| {
                let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
                files
                    .flatten()
                    .filter_map(|file| std::fs::read_link(file.path()).ok())
                    .any(|target| target.as_os_str() == wanted.as_str())
                    .then_some(pid)
            };
            let processes = std::fs::read_dir("/proc").ok()?;
            let pid = processes
                .flatten()
                .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
                .find_map(holds)?;
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            Some(Program {
                pid,
                name: name.trim_end().to_owned(),
            })
        }
    }

    const MESSAGE_HEADER: usize = 16;
    /// What the kernel repeats in its answer: the ports tell the questions apart.
    const SEQUENCE: std::ops::Range<usize> = 8..12;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const ENOENT: i32 = 2;

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`.
    ///
    /// Source: netlink(7), sock_diag(7).
    fn question(client: SocketAddrV4, server: SocketAddrV4) -> [u8; 72] {
        const AF_INET: u8 = 2;
        const IPPROTO_TCP: u8 = 6;
        let mut message = [0; 72];
        message[0..4].copy_from_slice(&72_u32.to_ne_bytes());
        message[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message[6..8].copy_from_slice(&NLM_F_REQUEST.to_ne_bytes());
        message[SEQUENCE].copy_from_slice(&ports(client, server));
        let body = &mut message[MESSAGE_HEADER..];
        body[0] = AF_INET;
        body[1] = IPPROTO_TCP;
        // Every state, and any cookie.
        body[4..8].fill(0xff);
        body[48..56].fill(0xff);
        body[8..12].copy_from_slice(&ports(client, server));
        body[12..16].copy_from_slice(&client.ip().octets());
        body[28..32].copy_from_slice(&server.ip().octets());
        message
    }

    /// `None` for no such socket, the error number of another refusal.
    fn parse_answer(
        message: &[u8],
        client: SocketAddrV4,
        server: SocketAddrV4,
    ) -> Option<Result<Option<Peer>, i32>> {
        let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
        let body = message.get(MESSAGE_HEADER..)?;
        let word = |at: usize| Some(u32::from_ne_bytes(body.get(at..at + 4)?.try_into().ok()?));
        if kind == NLMSG_ERROR {
            let error = word(0)?.cast_signed().wrapping_neg();
            return Some(if error == ENOENT {
                Ok(None)
            } else {
                Err(error)
            });
        }
        // Without a connection the kernel offers whoever listens on the client's port.
        let exact =
            kind == SOCK_DIAG_BY_FAMILY && body.get(4..8)? == ports(client, server).as_slice();
        let peer = Peer {
            uid: word(64)?,
            inode: word(68)?,
        };
        Some(Ok(exact.then_some(peer)))
    }

    fn ports(client: SocketAddrV4, server: SocketAddrV4) -> [u8; 4] {
        let [a, b] = client.port().to_be_bytes();
        let [c, d] = server.port().to_be_bytes();
        [a, b, c, d]
    }

    /// The socket whose local end is `client`, in the text of `/proc/net/tcp` or `tcp6`.
    ///
    /// Source: proc_pid_net(5): columns 2, 3, 8 and 10 are local address, remote address, uid and inode.
    fn peer_in_table(table: &str, client: SocketAddrV4, server: SocketAddrV4) -> Option<Peer> {
        let is = |text: &str, end: SocketAddrV4| {
            let Some((ip, port)) = text.split_once(':') else {
                return false;
            };
            let v4 = hex(*end.ip());
            // A program may reach an IPv4 address through an IPv6 socket.
            port == format!("{:04X}", end.port())
                && (ip == v4 || ip == format!("{:016X}{}{v4}", 0, mapped()))
        };
        table.lines().find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, _, _, _, _, uid, _, inode, ..] = columns[..] else {
                return None;
            };
            if !(is(local, client) && is(remote, server)) {
                return None;
            }
            Some(Peer {
                uid: uid.parse().ok()?,
                inode: inode.parse().ok()?,
            })
        })
    }

    /// The kernel prints each 32-bit word of an address in the machine's byte order.
    fn hex(ip: Ipv4Addr) -> String {
        format!("{:08X}", u32::from_ne_bytes(ip.octets()))
    }

    /// The third word of an IPv4-mapped IPv6 address, `::ffff:…`.
    fn mapped() -> String {
        format!("{:08X}", u32::from_ne_bytes([0, 0, 0xff, 0xff]))
    }

    #[cfg(test)]
    mod tests {
        use std::net::{SocketAddr, TcpListener, TcpStream};

        use super::*;
        use crate::peer::is_our_user;

        const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
";

        fn end(port: u16) -> SocketAddrV4 {
            SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
        }

        fn v4(address: SocketAddr) -> SocketAddrV4 {
            match address {
                SocketAddr::V4(address) => address,
                SocketAddr::V6(_) => panic!("not IPv4"),
            }
        }

        #[test]
        #[cfg(target_endian = "little")]
        fn the_clients_end_counts() {
            let found = Some(Peer {
                uid: 1000,
                inode: 2,
            });
            assert_eq!(peer_in_table(TABLE, end(0x9C40), end(0x1F90)), found);
            assert_eq!(peer_in_table(TABLE, end(0x9C41), end(0x1F90)), None);
            assert_eq!(peer_in_table("", end(1), end(2)), None);
            let six = TABLE.replace("0100007F", "0000000000000000FFFF00000100007F");
            assert_eq!(peer_in_table(&six, end(0x9C40), end(0x1F90)), found);
        }

        #[test]
        fn a_connection_of_ours_is_found_by_both_ways() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (client, server) = (
                v4(client.local_addr().unwrap()),
                v4(listener.local_addr().unwrap()),
            );
            let ours = Sockets::of_this_namespace();
            let found = ours.ask(client, server).unwrap().unwrap();
            assert_eq!(found.uid, rustix::process::getuid().as_raw());
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            assert_eq!(peer_in_table(&table, client, server), Some(found));
            assert_eq!(found.program().unwrap().pid, std::process::id());
            assert_eq!(ours.look_at(client, server), (Some(found), true));
            assert_eq!(ours.look_at(end(1), server), (None, false));
            let mut none = Sockets {
                diag: None,
                is_ours: true,
            };
            assert!(none.look_at(client, server).1, "without sock_diag");
            none.is_ours = false;
            assert!(!none.look_at(client, server).1, "another namespace");
        }

        #[test]
        fn an_answer_that_was_left_unread_is_not_the_next_ones() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (client, server) = (
                v4(client.local_addr().unwrap()),
                v4(listener.local_addr().unwrap()),
            );
            let ours = Sockets::of_this_namespace();
            let kernel = SocketAddrNetlink::new(0, 0);
            let other = question(end(1), server);
            let diag = ours.diag.as_ref().unwrap();
            sendto(diag, &other, SendFlags::empty(), &kernel).unwrap();
            assert!(ours.look_at(client, server).1);
            assert!(ours.look_at(client, server).1);
        }

        #[test]
        fn whoever_listens_on_the_clients_port_is_nobody() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let server = v4(listener.local_addr().unwrap());
            assert!(!is_our_user(server, end(9)));
        }
    }
}
