//! Which user is at the other end of a local TCP connection.

use std::net::{Ipv4Addr, SocketAddrV4};

/// Whether our own user made the connection from `client` to `server`.
///
/// The loopback address is reached by every user of the machine, and the secret path of a redirect stands in the opener's
/// `/proc/PID/cmdline`, which all of them may read. Root needs no connection to learn our secrets, and is who brings the answers of
/// a Windows browser into WSL.
#[cfg(target_os = "linux")]
pub(super) fn is_our_user(client: SocketAddrV4, server: SocketAddrV4) -> bool {
    let ours = rustix::process::getuid().as_raw();
    // A browser may reach an IPv4 address through an IPv6 socket.
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        std::fs::read_to_string(table).is_ok_and(|text| {
            user(&text, client, server).is_some_and(|user| user == ours || user == 0)
        })
    })
}

/// Other systems have no table that an ordinary program may read.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_our_user(_client: SocketAddrV4, _server: SocketAddrV4) -> bool {
    true
}

/// The user of the socket whose local end is `client`, from the text of `/proc/net/tcp` or `tcp6`.
///
/// Source: proc_pid_net(5): columns 2, 3 and 8 are local address, remote address and uid.
#[cfg_attr(not(target_os = "linux"), expect(dead_code))]
fn user(table: &str, client: SocketAddrV4, server: SocketAddrV4) -> Option<u32> {
    let is = |text: &str, end: SocketAddrV4| {
        let Some((ip, port)) = text.split_once(':') else {
            return false;
        };
        let v4 = hex(*end.ip());
        port == format!("{:04X}", end.port())
            && (ip == v4 || ip == format!("{:016X}{}{v4}", 0, mapped()))
    };
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [_, local, remote, _, _, _, _, uid, ..] = columns[..] else {
            return None;
        };
        (is(local, client) && is(remote, server)).then(|| uid.parse().ok())?
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_clients_end_counts() {
        let end = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        assert_eq!(user(TABLE, end(0x9C40), end(0x1F90)), Some(1000));
        assert_eq!(user(TABLE, end(0x9C41), end(0x1F90)), None);
        assert_eq!(user("", end(1), end(2)), None);
        let six = TABLE.replace("0100007F", "0000000000000000FFFF00000100007F");
        assert_eq!(user(&six, end(0x9C40), end(0x1F90)), Some(1000));
    }

    #[test]
    fn a_connection_of_ours_is_found() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (SocketAddr::V4(client), SocketAddr::V4(server)) =
            (client.local_addr().unwrap(), listener.local_addr().unwrap())
        else {
            panic!("not IPv4")
        };
        assert!(is_our_user(client, server));
        assert!(!is_our_user(
            SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1),
            server
        ));
    }
}
