//! The matrix as a table of counts.

use std::fmt::Write as _;
use std::path::Path;

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

    fn numbers(&self) -> [usize; 6] {
        let [unharmed, forward, back, orphan] = self.ends;
        [
            self.points,
            unharmed,
            forward,
            back,
            orphan,
            self.violations,
        ]
    }
}

/// A line of the table: store, blow, numbers.
type Line = (String, String, [usize; 6]);

pub fn render(rows: &[Row]) -> String {
    let line = |row: &Row| (row.store.to_owned(), row.blow.to_owned(), row.numbers());
    table(
        &rows
            .iter()
            .filter(|row| row.points > 0)
            .map(line)
            .collect::<Vec<_>>(),
    )
}

/// Writes the document. A run of one store replaces the lines of that store and leaves the others; or, of a part of the points,
/// adds to them.
pub fn update(path: &Path, rows: &[Row], add: bool) {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    let replaced = |store: &str, blow: &str| {
        rows.iter()
            .any(|row| row.store == store && row.blow == blow)
    };
    let mut lines: Vec<Line> = old
        .lines()
        .filter_map(parsed)
        .filter(|(store, blow, _)| store != "all" && !replaced(store, blow))
        .collect();
    for row in rows.iter().filter(|row| row.points > 0) {
        let mut numbers = row.numbers();
        let before = old.lines().filter_map(parsed);
        let before =
            before.filter(|(store, blow, _)| add && store == row.store && blow == row.blow);
        for (_, _, counts) in before {
            for (sum, count) in numbers.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        lines.push((row.store.to_owned(), row.blow.to_owned(), numbers));
    }
    let order = |line: &Line| {
        let store = Kind::ALL.iter().position(|kind| kind.name() == line.0);
        let blow = Blow::ALL.iter().position(|blow| blow.name() == line.1);
        (store, blow)
    };
    lines.sort_by_key(order);
    let text = format!(
        "# Kill matrix of `aws-vault rotate`\n\n\
         Written by `make kill-matrix`. Each point is one system call of a rotation at which the program is killed, or which fails;\n\
         then I1 to I5 of [rotation.md](rotation.md) are checked against the store and the simulated IAM, `rotate --resume` is run,\n\
         and they are checked again. With `pass`, calls of the programs that it starts fail as well.\n\n{}",
        table(&lines)
    );
    std::fs::write(path, text).unwrap();
}

fn table(lines: &[Line]) -> String {
    let mut text = "\
        | store | blow | points | not noticed | finished | back at the old key | orphan named | broken invariants |\n\
        | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let mut total = [0; 6];
    for (store, blow, numbers) in lines {
        write(&mut text, store, blow, numbers);
        for (sum, number) in total.iter_mut().zip(numbers) {
            *sum += number;
        }
    }
    write(&mut text, "all", "", &total);
    text
}

fn write(text: &mut String, store: &str, blow: &str, numbers: &[usize; 6]) {
    let numbers = numbers.map(|number| number.to_string()).join(" | ");
    let _ = writeln!(text, "| {store} | {blow} | {numbers} |");
}

/// What `write` wrote.
fn parsed(line: &str) -> Option<Line> {
    let cells: Vec<&str> = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split(" | ")
        .collect();
    let [store, blow, numbers @ ..] = cells.as_slice() else {
        return None;
    };
    let numbers: Vec<usize> = numbers
        .iter()
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    Some((
        store.to_string(),
        blow.to_string(),
        numbers.try_into().ok()?,
    ))
}
