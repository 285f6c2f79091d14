//! Keeps our own memory from other processes while it holds secrets.
//!
//! Dumpable = 0: no core file, no ptrace attach, `/proc/PID/environ` and `/proc/PID/mem` owned by root. `execve` resets it, so the
//! command we run is as debuggable as ever. A resource limit however is inherited, so the command gets its own back.

#[cfg(unix)]
use std::sync::OnceLock;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The core limit the user had. Process-wide like the limit itself.
#[cfg(unix)]
static CORE_LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// The limit of open files that the user had: programs that use select(2) break with a higher one.
#[cfg(unix)]
static FILE_LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// Forbids core dumps and, on Linux, that another process of the same user reads our memory. First thing in `main`.
///
/// A kernel or sandbox that refuses leaves us as safe as any other program, so that is no error.
#[cfg(unix)]
pub fn apply() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);

    let limit = *CORE_LIMIT.get_or_init(|| getrlimit(Resource::Core));
    // The hard limit stays: lowering that could not be undone for the command.
    let none = Rlimit {
        current: Some(0),
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Core, none);
}

/// Gives the limits back before the process becomes the user's command. Makes system calls only.
#[cfg(unix)]
pub fn restore_for_command() {
    if let Some(limit) = CORE_LIMIT.get() {
        let _ = setrlimit(Resource::Core, *limit);
    }
    if let Some(limit) = FILE_LIMIT.get() {
        let _ = setrlimit(Resource::Nofile, *limit);
    }
}

/// As many open files as the system lets us have: a server has one for each connection.
#[cfg(unix)]
pub fn allow_many_files() {
    let limit = *FILE_LIMIT.get_or_init(|| getrlimit(Resource::Nofile));
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}

/// Nothing yet: Windows needs a process DACL and a Windows Error Reporting exclusion.
#[cfg(windows)]
pub fn apply() {}

#[cfg(windows)]
pub fn restore_for_command() {}

#[cfg(windows)]
pub fn allow_many_files() {}
