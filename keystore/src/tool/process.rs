//! Ends a program together with everything it has started.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Kills the child and its descendants: the programs are shell scripts, and what hangs is the GnuPG they wait for. They cannot
/// have a process group of their own, as that could not ask at the terminal. A passphrase prompt belongs to the GnuPG agent,
/// which is no descendant and closes it in its own time.
pub(super) fn kill_tree(child: &mut Child) {
    let processes = running();
    let mut family = vec![child.id()];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(children(&processes, parent));
        next += 1;
    }
    for process in family {
        if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            // Fails if it has just ended by itself.
            let _ = kill_process(process, Signal::KILL);
        }
    }
    let _ = child.wait();
}

/// A process and its parent.
type Process = (u32, u32);

fn children(processes: &[Process], parent: u32) -> impl Iterator<Item = u32> {
    processes
        .iter()
        .filter(move |process| process.1 == parent)
        .map(|process| process.0)
}

#[cfg(target_os = "linux")]
fn running() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((process, parent(&stat)?))
        })
        .collect()
}

/// Elsewhere only the program itself is ended; what it has started ends when its pipes break.
#[cfg(not(target_os = "linux"))]
fn running() -> Vec<Process> {
    Vec::new()
}

/// The second field after the program's name, which is in parentheses and may have any character in it; see proc(5).
#[cfg(target_os = "linux")]
fn parent(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_behind_the_name() {
        assert_eq!(parent("7 (sh) S 3 7 7 0"), Some(3));
        assert_eq!(parent("7 (a) S 9 (b) S 3 7 7 0"), Some(3));
        assert_eq!(parent("7 (sh"), None);
        let own = running()
            .into_iter()
            .find(|process| process.0 == std::process::id());
        assert_eq!(
            own.map(|own| own.1),
            Some(std::os::unix::process::parent_id())
        );
    }
}
