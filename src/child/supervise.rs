//! Running a command beside a server of ours: what the terminal sends reaches it once, what other programs send us is passed
//! on, stopping and continuing work as without us, and we end as it ended.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ExitCode, ExitStatus};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
};
#[cfg(not(target_os = "linux"))]
use signal_hook::iterator::Signals;
#[cfg(target_os = "linux")]
use signal_hook::iterator::{SignalsInfo, exfiltrator::WithOrigin};
use signal_hook::low_level::emulate_default_handler;

use super::{Command, not_run};
use crate::error::CliError;
use crate::hardening;

/// What a person's terminal sends to the whole foreground process group, the command included.
const OF_TERMINAL: [i32; 3] = [SIGINT, SIGQUIT, SIGTSTP];
/// What other programs send to one process. SIGWINCH, SIGPIPE, SIGURG and the rest are nobody's business but the kernel's.
const PASSED_ON: [i32; 5] = [SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT];

/// How a command ended.
#[derive(Debug, Clone, Copy)]
pub enum Ended {
    Code(ExitCode),
    /// By a signal, by which we shall end, too.
    Signal(i32),
}

/// A signal that arrived, and whether the command has it already.
struct Arrived {
    signal: i32,
    from_terminal: bool,
}

/// Runs the command to its end.
pub fn supervise(
    command: &Command,
    environment: Vec<(OsString, OsString)>,
) -> Result<Ended, CliError> {
    let mut child = std::process::Command::new(&command.program);
    child.args(&command.arguments).env_clear().envs(environment);
    attend(command, || spawn(child, command.is_default_shell))
}

/// Runs a command to its end that `start` starts by [`spawn`].
pub fn attend(
    command: &Command,
    start: impl FnOnce() -> std::io::Result<Child>,
) -> Result<Ended, CliError> {
    let mut signals = Arrivals::new().map_err(|error| no_signals(&error))?;
    let child = start().map_err(|error| not_run(&command.program, &error))?;
    // Reaping is ours, below: dropping it does nothing on Unix.
    let child = Pid::from_child(&child);
    loop {
        if let Some(status) = look_at(child) {
            return Ok(status);
        }
        for arrived in signals.wait() {
            if arrived.signal != SIGCHLD && !arrived.from_terminal {
                pass_on(child, arrived.signal);
            }
        }
    }
}

impl Ended {
    /// The exit code for main; or ends this process by the command's signal, so that whoever waits for us sees what a shell
    /// would see without us.
    pub fn into_code(self) -> ExitCode {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => {
                let _ = emulate_default_handler(signal);
                // A signal that could not be raised here: a shell's way to write it.
                ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
        }
    }
}

/// `Some` once the command has ended. One that stopped stops us, too; what continues us continues it.
fn look_at(child: Pid) -> Option<Ended> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    while let Ok(Some((_, status))) = waitpid(Some(child), options) {
        if status.stopped() {
            let _ = kill_process(getpid(), Signal::STOP);
            let _ = kill_process(child, Signal::CONT);
            continue;
        }
        return Some(ended(ExitStatus::from_raw(status.as_raw())));
    }
    None
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(ExitCode::from(u8::try_from(code).unwrap_or(1))),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Code(ExitCode::FAILURE),
    }
}

fn pass_on(child: Pid, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        // It may have ended just now.
        let _ = kill_process(child, signal);
    }
}

/// Starts a program that ends with us.
///
/// If we are killed, it gets SIGTERM (a shell of the user's SIGHUP, because interactive shells ignore the other): on Linux, where
/// the kernel does that.
pub fn spawn(mut child: std::process::Command, is_default_shell: bool) -> std::io::Result<Child> {
    let death = if is_default_shell {
        Signal::HUP
    } else {
        Signal::TERM
    };
    let parent = getpid();
    let prepare = move || {
        hardening::restore_for_command();
        end_with(parent, death)
    };
    // Between fork and exec only the new process can say with whom it ends and which limits it has.
    #[expect(
        unsafe_code,
        reason = "std has no safe way; the closure makes system calls only and allocates nothing"
    )]
    // SAFETY: `prepare` calls setrlimit, prctl and getppid, which are async-signal-safe.
    unsafe {
        child.pre_exec(prepare);
    }
    child.spawn()
}

/// Source: PR_SET_PDEATHSIG(2const). It is about the thread that started the command, which waits here until its end.
#[cfg(target_os = "linux")]
fn end_with(parent: Pid, signal: Signal) -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(signal))?;
    // It may have died before that.
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        Err(std::io::ErrorKind::Interrupted.into())
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
fn end_with(_parent: Pid, _signal: Signal) -> std::io::Result<()> {
    Ok(())
}

fn no_signals(error: &std::io::Error) -> CliError {
    CliError::new(format!(
        "signals cannot be passed on to the command: {error}"
    ))
}

/// Signals as they arrive. On Linux the kernel tells who sent them.
#[cfg(target_os = "linux")]
struct Arrivals(SignalsInfo<WithOrigin>);

#[cfg(target_os = "linux")]
impl Arrivals {
    fn new() -> std::io::Result<Self> {
        let all = OF_TERMINAL.iter().chain(&PASSED_ON).chain(&[SIGCHLD]);
        SignalsInfo::new(all).map(Self)
    }

    fn wait(&mut self) -> Vec<Arrived> {
        let arrived = |origin: signal_hook::low_level::siginfo::Origin| Arrived {
            signal: origin.signal,
            // The kernel's own are the terminal's: Ctrl-C, Ctrl-\, Ctrl-Z, and the hang-up.
            from_terminal: origin.process.is_none(),
        };
        self.0.wait().map(arrived).collect()
    }
}

/// Elsewhere what a terminal can send counts as sent by one.
#[cfg(not(target_os = "linux"))]
struct Arrivals(Signals);

#[cfg(not(target_os = "linux"))]
impl Arrivals {
    fn new() -> std::io::Result<Self> {
        let all = OF_TERMINAL.iter().chain(&PASSED_ON).chain(&[SIGCHLD]);
        Signals::new(all).map(Self)
    }

    fn wait(&mut self) -> Vec<Arrived> {
        let arrived = |signal| Arrived {
            signal,
            from_terminal: OF_TERMINAL.contains(&signal),
        };
        self.0.wait().map(arrived).collect()
    }
}
