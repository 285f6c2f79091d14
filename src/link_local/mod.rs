//! The true address of the instance metadata service, for programs that know no other.
//!
//! An ordinary program cannot listen at 169.254.169.254. There are two ways, and neither serves HTTP with any privilege:
//!
//! * The command gets a network namespace of its own ([`namespace`]), with that address on its loopback. What prepares it
//!   ([`inside`]) hands the listening socket out to us and becomes the command. [`network`] keeps the rest of the network.
//! * A helper that sudo starts ([`helper`]) puts the address on the machine's loopback, hands the listening socket to us
//!   ([`alias`]), and takes the address back when we end.
//!
//! The helpers are this program again, started with a word of its own: between fork and exec of a program with threads,
//! hardly anything may be done.

mod alias;
mod channel;
pub mod helper;
mod inside;
mod keeper;
mod namespace;
mod netlink;
mod network;
mod resolver;

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::ExitCode;

pub use alias::{Alias, NotAdded};
pub use namespace::{Network, NotMade, Waiting, open};
pub use network::{Missing, Tool, tool};

/// Source: Amazon EC2 User Guide, "Access instance metadata for an EC2 instance".
pub const ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(169, 254, 169, 254), 80);

/// The first word of a command line that is for one of our helpers, and what it does.
const STAGES: [(&str, Stage); 3] = [
    (inside::WORD, inside::run),
    (keeper::WORD, keeper::run),
    (helper::WORD, helper::run),
];

type Stage = fn(&[OsString]) -> ExitCode;

/// Plays a helper's part, if that is what this process was started for. Comes before everything else: helpers know no
/// profiles, hold no secrets, and what becomes the command must not be hardened.
pub fn stage(words: &[OsString]) -> Option<ExitCode> {
    let word = words.get(1)?;
    let (_, stage) = STAGES.iter().find(|(name, _)| word == name)?;
    Some(stage(&words[2..]))
}

/// Whether something listens at the address already: the metadata service of a cloud, or another server of ours.
pub fn is_taken() -> bool {
    const LONG_ENOUGH_ON_A_CLOUD: std::time::Duration = std::time::Duration::from_millis(300);
    std::net::TcpStream::connect_timeout(&ADDRESS.into(), LONG_ENOUGH_ON_A_CLOUD).is_ok()
}

/// What was tried when an error came.
fn during(what: &str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}
