//! Where a rotation can be hit: the Nth call of each kind that it makes.

use std::collections::BTreeMap;
use std::fmt;

use crate::store::{self, Kind, Store};
use crate::support::run;

/// What is lost or gained by these: files, what is in them, what is said to AWS and to the keyring.
const CALLS: [&str; 24] = [
    "openat",
    "read",
    "write",
    "writev",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "connect",
    "sendto",
    "sendmsg",
    "recvfrom",
    "recvmsg",
    "flock",
    "clone3",
    "close",
    "statx",
    "lseek",
    "getdents64",
    "epoll_wait",
    "getrandom",
];
/// The ones that a disk can fail.
const OF_DISKS: &[&str] = &[
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
];

/// The ones that a keyring's socket and the network can fail.
const OF_SOCKETS: &[&str] = &["connect", "sendto", "sendmsg", "recvfrom", "recvmsg"];

/// What happens to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// The program is killed when it makes the call.
    Kill,
    /// A program that it started is killed: `pass`, `gpg`.
    KillChild,
    /// The call fails.
    Error(&'static str),
}

impl Blow {
    pub const ALL: &[Self] = &[
        Self::Kill,
        Self::KillChild,
        Self::Error("ENOSPC"),
        Self::Error("EIO"),
        Self::Error("EROFS"),
        Self::Error("EDQUOT"),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::KillChild => "SIGKILL of a child",
            Self::Error(name) => name,
        }
    }

    fn calls(self) -> Vec<&'static str> {
        match self {
            Self::Kill | Self::KillChild => CALLS.to_vec(),
            Self::Error("EIO") => [OF_DISKS, OF_SOCKETS].concat(),
            Self::Error(_) => OF_DISKS.to_vec(),
        }
    }
}

#[derive(Clone, Copy)]
pub struct Point {
    pub call: &'static str,
    /// From 1.
    pub nth: usize,
    pub blow: Blow,
    /// The programs that it starts are hit as well: with `pass` it is they who write.
    pub follow: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} {}", self.blow.name(), self.call, self.nth)
    }
}

impl Point {
    /// What starts the program so that it is hit here.
    pub fn strace(&self) -> Vec<String> {
        let what = match self.blow {
            Blow::Kill | Blow::KillChild => "signal=KILL".to_owned(),
            Blow::Error(name) => format!("error={name}"),
        };
        let mut words: Vec<String> = ["strace", "--quiet=all", "-o", "/dev/null"]
            .map(str::to_owned)
            .into();
        if self.follow {
            words.push("-f".to_owned());
        }
        words.push(format!("--trace={}", self.call));
        words.push(format!("--inject={}:{what}:when={}", self.call, self.nth));
        words
    }
}

/// Every point of an undisturbed rotation, in the order of `CALLS`.
pub fn found(kind: Kind, blow: Blow) -> Vec<Point> {
    // Only `pass` starts programs.
    if blow == Blow::KillChild && kind != Kind::Pass {
        return Vec::new();
    }
    let follow = kind == Kind::Pass && blow != Blow::Kill;
    let mut store = Store::new(kind);
    let sim = store::world();
    store.reset(&sim);
    let log = store.home.path("strace.log");
    let trace = format!("--trace={}", CALLS.join(","));
    let mut strace = vec!["strace", "--quiet=all", "-o", log.to_str().unwrap(), &trace];
    if follow {
        strace.push("-f");
    }
    run(&mut store.home.through(&strace, ["rotate", "bastion"])).ok();
    let log = std::fs::read_to_string(&log).unwrap();
    let most = most_calls(&log, follow, blow == Blow::KillChild);
    let points = blow.calls().into_iter().flat_map(|call| {
        let count = most.get(call).copied().unwrap_or(0);
        (1..=count).map(move |nth| Point {
            call,
            nth,
            blow,
            follow,
        })
    });
    points.collect()
}

/// How often a process made each call: the whole log is one process's, or each line begins with its process.
fn most_calls(log: &str, many: bool, children_only: bool) -> BTreeMap<&str, usize> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in log.lines() {
        let (process, rest) = if many {
            line.split_once(' ').unwrap_or(("", line))
        } else {
            ("", line)
        };
        if let Some((call, _)) = rest.trim_start().split_once('(') {
            *counts.entry((process, call)).or_default() += 1;
        }
    }
    let main = log
        .lines()
        .next()
        .and_then(|line| line.split(' ').next())
        .unwrap_or_default();
    let mut most = BTreeMap::new();
    for ((process, call), count) in counts {
        // The program itself is `Blow::Kill`'s business.
        if !children_only || process != main {
            let most: &mut usize = most.entry(call).or_default();
            *most = (*most).max(count);
        }
    }
    most
}
