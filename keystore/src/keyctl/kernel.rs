//! The system calls of the kernel's key retention service; see keyrings(7) and keyctl(2).
//!
//! Calls them itself, because the ready-made crates cannot do what is needed: `linux-keyutils` knows no keyrings inside
//! keyrings, cuts descriptions at a semicolon, and panics at long ones; neither it nor `keyutils` can make a keyring without
//! the risk of replacing one that another process has just made.

#![allow(unsafe_code, reason = "system calls")]

use std::ffi::CStr;
use std::io;
use std::time::Duration;

use libc::{c_int, c_long};
use zeroize::Zeroizing;

/// The types of keys that we use.
pub(crate) const KEYRING: &CStr = c"keyring";
pub(crate) const USER: &CStr = c"user";

/// Not in the `libc` crate.
const KEYCTL_MOVE_EXCL: c_long = 1;

/// More than most keys and descriptions need.
const FIRST_BUFFER: usize = 4096;

/// The number of a key or keyring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Serial(i32);

impl Serial {
    pub(crate) const THREAD: Serial = Serial(libc::KEY_SPEC_THREAD_KEYRING);
    pub(crate) const PROCESS: Serial = Serial(libc::KEY_SPEC_PROCESS_KEYRING);
    pub(crate) const SESSION: Serial = Serial(libc::KEY_SPEC_SESSION_KEYRING);
    pub(crate) const USER: Serial = Serial(libc::KEY_SPEC_USER_KEYRING);
    pub(crate) const USER_SESSION: Serial = Serial(libc::KEY_SPEC_USER_SESSION_KEYRING);
}

/// Type and description of a key.
pub(crate) struct Description {
    pub(crate) is_keyring: bool,
    pub(crate) is_user: bool,
    pub(crate) text: String,
}

/// The actual number of a special keyring.
pub(crate) fn resolve(special: Serial, create: bool) -> io::Result<Serial> {
    keyctl(
        libc::KEYCTL_GET_KEYRING_ID,
        [special.arg(), c_long::from(create), 0, 0],
    )
    .map(to_serial)
}

/// The user's persistent keyring, which is linked to the other one.
pub(crate) fn persistent(link_to: Serial) -> io::Result<Serial> {
    keyctl(
        libc::KEYCTL_GET_PERSISTENT,
        [c_long::from(-1), link_to.arg(), 0, 0],
    )
    .map(to_serial)
}

/// Makes a key in the keyring, or changes the one of that type and description that is there; keyrings are replaced.
pub(crate) fn add(
    kind: &CStr,
    description: &CStr,
    payload: &[u8],
    keyring: Serial,
) -> io::Result<Serial> {
    let payload_pointer = if payload.is_empty() {
        std::ptr::null()
    } else {
        payload.as_ptr()
    };
    // SAFETY: two texts that end with NUL, and as many bytes as the length says.
    let result = unsafe {
        libc::syscall(
            libc::SYS_add_key,
            kind.as_ptr(),
            description.as_ptr(),
            payload_pointer,
            payload.len(),
            keyring.0,
        )
    };
    checked(result).map(to_serial)
}

/// The key of that type and description in the keyring, or in one inside.
pub(crate) fn search(keyring: Serial, kind: &CStr, description: &CStr) -> io::Result<Serial> {
    let arguments = [keyring.arg(), pointer(kind), pointer(description), 0];
    keyctl(libc::KEYCTL_SEARCH, arguments).map(to_serial)
}

pub(crate) fn link(key: Serial, keyring: Serial) -> io::Result<()> {
    keyctl(libc::KEYCTL_LINK, [key.arg(), keyring.arg(), 0, 0]).map(drop)
}

pub(crate) fn unlink(key: Serial, keyring: Serial) -> io::Result<()> {
    keyctl(libc::KEYCTL_UNLINK, [key.arg(), keyring.arg(), 0, 0]).map(drop)
}

/// Moves a key to a keyring that has none of its type and description; `EEXIST` if it has.
pub(crate) fn move_new(key: Serial, from: Serial, to: Serial) -> io::Result<()> {
    let arguments = [key.arg(), from.arg(), to.arg(), KEYCTL_MOVE_EXCL];
    keyctl(libc::KEYCTL_MOVE, arguments).map(drop)
}

pub(crate) fn set_permissions(key: Serial, permissions: u32) -> io::Result<()> {
    // The bits count, not the sign.
    let permissions = c_long::from(permissions.cast_signed());
    keyctl(libc::KEYCTL_SETPERM, [key.arg(), permissions, 0, 0]).map(drop)
}

/// The kernel removes the key after so long, in whole seconds.
pub(crate) fn set_timeout(key: Serial, after: Duration) -> io::Result<()> {
    let seconds = c_long::from(u32::try_from(after.as_secs()).unwrap_or(u32::MAX));
    keyctl(libc::KEYCTL_SET_TIMEOUT, [key.arg(), seconds, 0, 0]).map(drop)
}

/// Removes the key at once, from every keyring.
pub(crate) fn invalidate(key: Serial) -> io::Result<()> {
    keyctl(libc::KEYCTL_INVALIDATE, [key.arg(), 0, 0, 0]).map(drop)
}

/// What a key holds.
pub(crate) fn read(key: Serial) -> io::Result<Zeroizing<Vec<u8>>> {
    fill(libc::KEYCTL_READ, key)
}

/// The keys in a keyring.
pub(crate) fn links(keyring: Serial) -> io::Result<Vec<Serial>> {
    let numbers = read(keyring)?;
    let numbers = numbers.chunks_exact(size_of::<i32>());
    Ok(numbers
        .filter_map(|number| Some(Serial(i32::from_ne_bytes(number.try_into().ok()?))))
        .collect())
}

/// `None` for descriptions that are no text.
pub(crate) fn describe(key: Serial) -> io::Result<Option<Description>> {
    let bytes = fill(libc::KEYCTL_DESCRIBE, key)?;
    Ok(std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| parse(text.trim_end_matches('\0'))))
}

/// Whether the key still counts, and is not revoked or past its time.
pub(crate) fn is_alive(key: Serial) -> bool {
    let asked = keyctl(libc::KEYCTL_READ, [key.arg(), 0, 0, 0]);
    let dead = [libc::EKEYEXPIRED, libc::EKEYREVOKED, libc::ENOKEY];
    !asked.is_err_and(|error| {
        error
            .raw_os_error()
            .is_some_and(|code| dead.contains(&code))
    })
}

/// `type;uid;gid;permissions;description`, where the last may have semicolons itself.
fn parse(text: &str) -> Option<Description> {
    let mut fields = text.splitn(5, ';');
    let kind = fields.next()?;
    Some(Description {
        is_keyring: kind.as_bytes() == KEYRING.to_bytes(),
        is_user: kind.as_bytes() == USER.to_bytes(),
        text: fields.nth(3)?.to_owned(),
    })
}

/// All that an operation tells about a key, however much it is.
fn fill(operation: u32, key: Serial) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(vec![0_u8; FIRST_BUFFER]);
    loop {
        let room = c_long::try_from(buffer.len()).unwrap_or(c_long::MAX);
        let arguments = [key.arg(), buffer.as_mut_ptr() as c_long, room, 0];
        let length = keyctl(operation, arguments)?;
        let length = usize::try_from(length).unwrap_or_default();
        if length <= buffer.len() {
            buffer.truncate(length);
            return Ok(buffer);
        }
        buffer = Zeroizing::new(vec![0; length]);
    }
}

fn keyctl(operation: u32, arguments: [c_long; 4]) -> io::Result<c_long> {
    let [a, b, c, d] = arguments;
    // SAFETY: the callers above pass numbers, texts that end with NUL, and a buffer with its length, as the operation wants.
    checked(unsafe { libc::syscall(libc::SYS_keyctl, operation, a, b, c, d) })
}

fn checked(result: c_long) -> io::Result<c_long> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

fn pointer(text: &CStr) -> c_long {
    text.as_ptr() as c_long
}

fn to_serial(result: c_long) -> Serial {
    Serial(c_int::try_from(result).unwrap_or_default())
}

impl Serial {
    fn arg(self) -> c_long {
        c_long::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_may_have_semicolons() {
        let parsed = parse("user;0;0;3f010000;a;b;").unwrap();
        assert!(parsed.is_user && !parsed.is_keyring);
        assert_eq!(parsed.text, "a;b;");
        assert!(parse("keyring;0;0;3f010000;").unwrap().is_keyring);
        assert!(parse("user;0;0").is_none());
        assert!(parse("").is_none());
    }
}
