//! All points of all stores, several at once.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::check::{self, Verdict};
use crate::points::{self, Blow, Point};
use crate::store::{Kind, Store};
use crate::table;

/// Points of each store and blow that the sample takes.
const SAMPLE: usize = 6;
/// Most of a run is waiting: for IAM, for the store, for an intent to come of age.
const WORKERS: usize = 6;

pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test FILTER` runs every test program.
    let filtered_out =
        |word: &String| !word.starts_with('-') && !"kill_matrix".contains(word.as_str());
    if words.iter().any(filtered_out) || words.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let full = words.iter().any(|word| word == "--full");
    let named = |flag: &str| words.iter().find_map(|word| word.strip_prefix(flag));
    let (store, blow) = (named("--store="), named("--blow="));
    let part = named("--part=").map_or((1, 1), part);
    let kinds = Kind::ALL.into_iter();
    let blows: Vec<Blow> = Blow::ALL
        .iter()
        .copied()
        .filter(|it| blow.is_none_or(|blow| blow == it.name()))
        .collect();
    let mut rows = Vec::new();
    for kind in kinds.filter(|kind| store.is_none_or(|store| store == kind.name())) {
        let start = Instant::now();
        let points: Vec<Point> = blows
            .iter()
            .flat_map(|blow| points_of(kind, *blow, full))
            .skip(part.0 - 1)
            .step_by(part.1)
            .collect();
        let verdicts = run(kind, &points);
        rows.extend(
            blows
                .iter()
                .map(|blow| table::Row::new(kind, *blow, &verdicts)),
        );
        println!(
            "{}: {} points in {} s",
            kind.name(),
            points.len(),
            start.elapsed().as_secs()
        );
    }
    println!("\n{}", table::render(&rows));
    if words.iter().any(|word| word == "--write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kill-matrix.md");
        table::update(Path::new(path), &rows, part.0 > 1);
    }
    if rows.iter().all(table::Row::is_clean) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `2/5`: every fifth point, from the second on. For machines on which a test may not run long.
fn part(text: &str) -> (usize, usize) {
    let (nth, of) = text.split_once('/').expect("--part=NTH/OF");
    (nth.parse().unwrap(), of.parse().unwrap())
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
