//! Ends the program that connects a namespace when whoever started it ends, even by SIGKILL: such a program gives up its
//! privileges, at which the kernel forgets what should happen to it, and it would keep the namespace alive.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Then come the program and its arguments.
pub const WORD: &str = "__keep-network";

pub fn run(words: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = words.split_first() else {
        return super::helper::not_for_people(WORD);
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let status = command
        .spawn()
        .and_then(|mut child| until_nobody_wants_it(&mut child));
    match status {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Our standard input ends with whoever started us.
fn until_nobody_wants_it(child: &mut Child) -> io::Result<()> {
    let itself = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let stdin = io::stdin();
    let mut watched = [
        PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(itself.as_fd(), PollFlags::IN),
    ];
    retry_on_intr(|| poll(&mut watched, None))?;
    // It may have ended by itself.
    child.kill()?;
    child.wait()?;
    Ok(())
}
