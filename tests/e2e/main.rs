//! End to end: the real binary in throw-away homes, against the simulated AWS and against moto.
//!
//! Needs Debian's `strace`, `util-linux` (`setsid`, `unshare`), `dbus`, `gnome-keyring`, `pinentry-curses`, `zenity`, `xvfb`,
//! `xdotool` and `chromium`, and the virtual environment that `make venv` makes.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../pty/mod.rs"]
mod pty;
mod support;

mod backup;
mod bad_input;
mod bastion;
mod chain;
mod concurrency;
mod identity_center;
mod interop;
mod leaks;
mod login;
mod moto;
mod moving;
mod picker;
mod prompts;
mod recursion;
mod rotation;
mod secret_service;
mod servers;
mod sources;
mod story;
mod sts_faults;
mod sts_recovery;
mod texts;
mod unlock;
