//! Name servers that a network namespace cannot reach.
//!
//! systemd-resolved listens at 127.0.0.53, which in another namespace is another loopback. It writes the name servers it asks
//! itself into a file of its own, which takes the place of `/etc/resolv.conf` there.

use std::io;
use std::path::Path;

use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use rustix::thread::UnshareFlags;

const FILE: &str = "/etc/resolv.conf";
/// Source: systemd-resolved.service(8), "/ETC/RESOLV.CONF".
const UPSTREAM: &str = "/run/systemd/resolve/resolv.conf";

/// Replaces the file for this process and what comes of it, if there is need.
pub fn replace_stub() -> io::Result<()> {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    if !names_stub(&text) || !Path::new(UPSTREAM).exists() {
        return Ok(());
    }
    super::inside::unshare(UnshareFlags::NEWNS)?;
    let below = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", below)?;
    mount_bind(UPSTREAM, FILE)?;
    Ok(())
}

fn names_stub(text: &str) -> bool {
    let mut servers = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.any(|server| matches!(server.trim(), "127.0.0.53" | "127.0.0.54"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stub_is_known_by_its_address() {
        for (text, expected) in [
            ("nameserver 127.0.0.53\noptions edns0\n", true),
            ("# nameserver 127.0.0.53\nnameserver 192.0.2.1\n", false),
            ("search x\nnameserver\t127.0.0.54\n", true),
            ("nameserver 127.0.0.1\n", false),
            ("", false),
        ] {
            assert_eq!(names_stub(text), expected, "{text:?}");
        }
    }
}
