//! `rotate` killed, and failed, at every system call that opens, writes, sends or receives; then what the store and IAM hold is
//! checked, the rotation is resumed, and the same is checked again. The invariants I1 to I5 are those of docs/rotation.md.
//!
//! As part of `cargo test`: a sample of about a minute, always the same. `make kill-matrix`: every point, and the table in
//! docs/kill-matrix.md. Needs Debian's `strace`, `dbus`, `gnome-keyring`, `libsecret-tools`, `pass` and `gnupg`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(
    dead_code,
    unused_imports,
    reason = "the parts of the end-to-end tests serve here, too"
)]

#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod matrix;
#[cfg(target_os = "linux")]
mod points;
#[cfg(target_os = "linux")]
#[path = "../program/mod.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "../pty/mod.rs"]
mod pty;
#[cfg(target_os = "linux")]
mod store;
#[cfg(target_os = "linux")]
#[path = "../e2e/support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod table;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    matrix::main()
}

/// The stores and `strace` are Linux's.
#[cfg(not(target_os = "linux"))]
fn main() {}
