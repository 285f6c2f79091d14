//! The matrix as a table of counts.

use std::fmt::Write as _;

use crate::check::{End, Verdict};
use crate::points::{Blow, Point};
use crate::store::Kind;

pub struct Row {
    store: &'static str,
    blow: &'static str,
    points: usize,
    ends: [usize; 4],
    violations: usize,
}

impl Row {
    pub fn new(kind: Kind, blow: Blow, verdicts: &[(Point, Verdict)]) -> Self {
        let of_blow = || verdicts.iter().filter(|(point, _)| point.blow == blow);
        let kept = || of_blow().filter(|(_, verdict)| verdict.violation.is_none());
        let ends = [End::Unharmed, End::Forward, End::Back, End::OrphanTold];
        Self {
            store: kind.name(),
            blow: blow.name(),
            points: of_blow().count(),
            ends: ends.map(|end| kept().filter(|(_, verdict)| verdict.end == end).count()),
            violations: of_blow().count() - kept().count(),
        }
    }

    pub fn is_clean(&self) -> bool {
        self.violations == 0
    }
}

pub fn render(rows: &[Row], full: bool) -> String {
    let how = if full { "every point" } else { "a sample" };
    let mut text = format!(
        "# Kill matrix of `aws-vault rotate`\n\n\
         Written by `make kill-matrix` ({how}). Each point is one system call of a rotation at which the program is killed, or\n\
         which fails; then I1 to I5 of [rotation.md](rotation.md) are checked against the store and the simulated IAM, `rotate\n\
         --resume` is run, and they are checked again.\n\n\
         | store | blow | points | undisturbed | finished | back at the old key | orphan named | broken invariants |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let line = |text: &mut String, store: &str, blow: &str, numbers: [usize; 6]| {
        let [points, a, b, c, d, violations] = numbers;
        let _ = writeln!(
            text,
            "| {store} | {blow} | {points} | {a} | {b} | {c} | {d} | {violations} |"
        );
    };
    let mut total = [0; 6];
    for row in rows.iter().filter(|row| row.points > 0) {
        let [a, b, c, d] = row.ends;
        let numbers = [row.points, a, b, c, d, row.violations];
        line(&mut text, row.store, row.blow, numbers);
        for (sum, number) in total.iter_mut().zip(numbers) {
            *sum += number;
        }
    }
    line(&mut text, "all", "", total);
    text
}
