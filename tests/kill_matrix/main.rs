//! `rotate` killed, and failed, at every system call that opens, writes, sends or receives; then what the store and IAM hold is
//! checked, the rotation is resumed, and the same is checked again. The invariants I1 to I5 are those of docs/rotation.md.
//!
//! As part of `cargo test`: a sample of about a minute, always the same. `make kill-matrix`: every point, and the table in
//! docs/kill-matrix.md. Needs Debian's `strace`, `dbus`, `gnome-keyring`, `libsecret-tools`, `pass` and `gnupg`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(
    dead_code,
    unused_imports,
    reason = "the parts of the end-to-end tests serve here, too"
)]

mod check;
mod points;
#[path = "../pty/mod.rs"]
mod pty;
mod store;
#[path = "../e2e/support/mod.rs"]
mod support;
mod table;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use check::Verdict;
use points::{Blow, Point};
use store::{Kind, Store};

/// Points of each store and blow that the sample takes.
const SAMPLE: usize = 6;
/// Most of a run is waiting: for IAM, for the store, for an intent to come of age.
const WORKERS: usize = 6;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test FILTER` runs every test program.
    let filtered_out =
        |word: &String| !word.starts_with('-') && !"kill_matrix".contains(word.as_str());
    if words.iter().any(filtered_out) || words.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let full = words.iter().any(|word| word == "--full");
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for blow in Blow::ALL {
            let points = points_of(kind, *blow, full);
            println!(
                "{} under {}: {} points",
                kind.name(),
                blow.name(),
                points.len()
            );
            rows.push(table::Row::new(kind, *blow, &run(kind, &points)));
        }
    }
    let table = table::render(&rows, full);
    println!("\n{table}");
    if full {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kill-matrix.md");
        std::fs::write(path, &table).unwrap();
    }
    if rows.iter().all(table::Row::is_clean) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every point, or a sample that is spread over all of them.
fn points_of(kind: Kind, blow: Blow, full: bool) -> Vec<Point> {
    let all = points::found(kind, blow);
    if full {
        return all;
    }
    let every = all.len().div_ceil(SAMPLE).max(1);
    all.into_iter().skip(every / 2).step_by(every).collect()
}

fn run(kind: Kind, points: &[Point]) -> Vec<(Point, Verdict)> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS.min(points.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut store = Store::new(kind);
                    let mut verdicts = Vec::new();
                    while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let verdict = check::at(&mut store, point);
                        if let Some(why) = &verdict.violation {
                            println!("VIOLATION {} {point}: {why}", kind.name());
                            store = Store::new(kind);
                        }
                        verdicts.push((*point, verdict));
                    }
                    verdicts
                })
            })
            .collect();
        let verdicts = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        verdicts.collect()
    })
}
