//! The loopback interface of a network namespace: up, and with an address more.
//!
//! Source: rtnetlink(7), netlink(7).

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// `lo` is the first interface of every network namespace.
const LO: u32 = 1;

const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const MESSAGE_HEADER: usize = 16;

const AF_INET: u8 = 2;
const IFF_UP: u32 = 1;
const RT_SCOPE_HOST: u8 = 254;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_CACHEINFO: u16 = 6;

/// Shown by `ip address`, so that whoever finds the address knows whose it is. At most 15 bytes, and begins with the interface.
const LABEL: &str = "lo:aws-vault";

/// Whether an address may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum If {
    /// [`io::ErrorKind::AlreadyExists`] if it is.
    Absent,
    /// Its lifetime begins anew.
    Any,
}

/// The kernel's tables of one network namespace.
#[derive(Debug)]
pub struct Netlink(OwnedFd);

impl Netlink {
    pub fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok(Self(socket))
    }

    pub fn bring_up_loopback(&self) -> io::Result<()> {
        // struct ifinfomsg: family, padding, type, index, flags, mask of flags.
        let mut body = vec![0; 4];
        body.extend(LO.to_ne_bytes());
        body.extend(IFF_UP.to_ne_bytes());
        body.extend(IFF_UP.to_ne_bytes());
        self.ask(RTM_NEWLINK, 0, &body)
    }

    /// For this host alone (`/32 scope host`). `seconds`: after which the kernel takes it back; `None`: never.
    pub fn add(&self, address: Ipv4Addr, seconds: Option<u32>, condition: If) -> io::Result<()> {
        let mut body = address_body(address);
        body.extend(attribute(IFA_LABEL, format!("{LABEL}\0").as_bytes()));
        if let Some(seconds) = seconds {
            // struct ifa_cacheinfo: preferred, valid, created, updated.
            let lifetimes = [seconds, seconds, 0, 0].map(u32::to_ne_bytes);
            body.extend(attribute(IFA_CACHEINFO, lifetimes.as_flattened()));
        }
        let flags = match condition {
            If::Absent => NLM_F_CREATE | NLM_F_EXCL,
            If::Any => NLM_F_CREATE | NLM_F_REPLACE,
        };
        self.ask(RTM_NEWADDR, flags, &body)
    }

    pub fn remove(&self, address: Ipv4Addr) -> io::Result<()> {
        self.ask(RTM_DELADDR, 0, &address_body(address))
    }

    /// The kernel answers before `sendto` returns.
    fn ask(&self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(
            &self.0,
            &message(kind, flags, body),
            SendFlags::empty(),
            &kernel,
        )?;
        let mut answer = [0; 1024];
        let (count, _) = recv(&self.0, &mut answer, RecvFlags::empty())?;
        outcome(&answer[..count.min(1024)]).ok_or(io::ErrorKind::InvalidData)?
    }
}

/// `struct nlmsghdr`, then the body.
fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(MESSAGE_HEADER + body.len()).expect("a few attributes");
    let mut message = Vec::with_capacity(MESSAGE_HEADER + body.len());
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    // Sequence and port: one question at a time, to the kernel.
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// `struct ifaddrmsg`: family, prefix length, flags, scope, index; then the address.
fn address_body(address: Ipv4Addr) -> Vec<u8> {
    let mut body = vec![AF_INET, 32, 0, RT_SCOPE_HOST];
    body.extend(LO.to_ne_bytes());
    body.extend(attribute(IFA_LOCAL, &address.octets()));
    body.extend(attribute(IFA_ADDRESS, &address.octets()));
    body
}

/// `struct rtattr`, padded to four bytes.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).expect("a short value");
    let mut attribute = length.to_ne_bytes().to_vec();
    attribute.extend(kind.to_ne_bytes());
    attribute.extend(value);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// `struct nlmsgerr` of an answer; `None` if it is none.
fn outcome(answer: &[u8]) -> Option<io::Result<()>> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let code = answer.get(MESSAGE_HEADER..MESSAGE_HEADER + 4)?;
    let code = i32::from_ne_bytes(code.try_into().ok()?);
    match (kind, code) {
        (NLMSG_ERROR, 0) => Some(Ok(())),
        (NLMSG_ERROR, code) => Some(Err(Errno::from_raw_os_error(code.wrapping_neg()).into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded() {
        assert_eq!(attribute(2, &[1, 2, 3]).len(), 8);
        assert_eq!(attribute(2, &[1, 2, 3, 4]).len(), 8);
        assert_eq!(attribute(3, b"lo:x\0")[..2], 9_u16.to_ne_bytes());
    }

    #[test]
    fn the_kernel_says_what_is_wrong() {
        let answer = |code: i32| {
            let mut answer = message(NLMSG_ERROR, 0, &code.to_ne_bytes());
            answer.extend([0; 16]);
            outcome(&answer)
        };
        assert!(answer(0).unwrap().is_ok());
        let exists = answer(-17).unwrap().unwrap_err();
        assert_eq!(exists.kind(), io::ErrorKind::AlreadyExists);
        assert!(outcome(&[0; 8]).is_none());
        assert!(outcome(&message(RTM_NEWADDR, 0, &[0; 4])).is_none());
    }

    /// Without privileges in the machine's own namespace: nothing may be changed, and the answer is the kernel's.
    #[test]
    fn what_is_not_there_cannot_be_removed() {
        let gone = Netlink::open()
            .unwrap()
            .remove(Ipv4Addr::new(192, 0, 2, 77));
        let number = gone.unwrap_err().raw_os_error();
        let (not_allowed, not_there) = (Some(1), Some(99));
        assert!(number == not_allowed || number == not_there, "{number:?}");
    }
}
