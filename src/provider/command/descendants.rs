//! Everything that a helper has started, where it shares our process group and a signal to the group would hit us.

#![cfg(target_os = "linux")]

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Kills what a process has started and what that has started, but not the process itself. Each is stopped before it is asked for
/// its children, so that none is started meanwhile.
pub(super) fn kill(of: Pid) {
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let _ = kill_process(parent, Signal::STOP);
        found.extend(children(parent));
        next += 1;
    }
    for process in found.into_iter().skip(1) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Those whose parent it is. Not by `/proc/PID/task/TID/children`, which not every kernel has.
fn children(of: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    processes
        .filter(|id| parent(*id) == Some(of.as_raw_nonzero().get()))
        .filter_map(Pid::from_raw)
        .collect()
}

/// Source: proc_pid_stat(5); the name in parentheses may hold anything, parentheses too.
fn parent(id: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}
