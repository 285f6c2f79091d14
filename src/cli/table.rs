//! The table of `aws-vault list`. Its text is a contract: scripts cut it into columns.

use crate::error::visible;

/// Narrowest column, in characters.
const WIDTH: usize = 25;
/// Blanks after the longest cell.
const PADDING: usize = 2;

/// One line; what is absent shows as `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub profile: Option<String>,
    pub credentials: Option<String>,
    pub sessions: Vec<String>,
}

/// Header, rule and rows. Every column is padded, the last one too, so every line ends in blanks, as the Go tool prints it.
pub fn render(rows: &[Row]) -> String {
    let head = [
        ["Profile", "Credentials", "Sessions"],
        ["=======", "===========", "========"],
    ];
    let head = head.map(|line| line.map(str::to_owned));
    padded(
        &head
            .into_iter()
            .chain(rows.iter().map(cells))
            .collect::<Vec<_>>(),
    )
}

/// The same with a fourth column, for those who ask for it: the first three stay as they are.
pub fn render_with_age(rows: &[Row], age: &dyn Fn(&str) -> String) -> String {
    let head = [
        ["Profile", "Credentials", "Sessions", "Age"],
        ["=======", "===========", "========", "==="],
    ];
    let head = head.map(|line| line.map(str::to_owned));
    let row = |row: &Row| {
        let [profile, credentials, sessions] = cells(row);
        let age = row
            .credentials
            .as_deref()
            .map_or_else(|| "-".to_owned(), age);
        [profile, credentials, sessions, age]
    };
    padded(
        &head
            .into_iter()
            .chain(rows.iter().map(row))
            .collect::<Vec<_>>(),
    )
}

fn padded<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        let longest = lines.iter().map(|line| line[column].chars().count()).max();
        WIDTH.max(longest.unwrap_or(0) + PADDING)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    lines.iter().fold(String::new(), |mut text, line| {
        for (cell, width) in line.iter().zip(widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
        }
        text.push('\n');
        text
    })
}

/// A table of any columns: as narrow as its cells allow, the last one without trailing blanks. The first row is the head.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let cells: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    cells.iter().fold(String::new(), |mut text, row| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(
                ' ',
                width(column) - cell.chars().count() + PADDING,
            ));
        }
        text.push_str(line.trim_end());
        text.push('\n');
        text
    })
}

/// `TYPE:REMAIN`, the time left as Go prints a duration of whole seconds; negative for a session that has expired.
pub fn session_label(kind: &str, remaining_seconds: i64) -> String {
    format!("{kind}:{}", go_duration(remaining_seconds))
}

fn cells(row: &Row) -> [String; 3] {
    let or_dash = |cell: &Option<String>| cell.as_deref().map_or_else(|| "-".to_owned(), one_line);
    let sessions = Some(row.sessions.join(", ")).filter(|labels| !labels.is_empty());
    [
        or_dash(&row.profile),
        or_dash(&row.credentials),
        or_dash(&sessions),
    ]
}

/// A name with a line break in it must not look like two rows.
fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\u{a}")
}

fn go_duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let total = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [["Key", "Age"], ["a long\nname", "3d"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            columns(&rows),
            "Key              Age\na long\\u{a}name  3d\n"
        );
    }

    #[test]
    fn columns_are_25_wide_and_padded_to_the_end() {
        let rows = [
            Row {
                profile: Some("default".into()),
                ..Row::default()
            },
            Row {
                profile: Some("work".into()),
                credentials: Some("work".into()),
                sessions: vec![
                    "sts.GetSessionToken:59m12s".into(),
                    "sts.AssumeRole:1h0m0s".into(),
                ],
            },
            Row {
                credentials: Some("lost".into()),
                ..Row::default()
            },
        ];
        let labels = "sts.GetSessionToken:59m12s, sts.AssumeRole:1h0m0s  ";
        let expected = [
            format!("{:25}{:25}{:51}\n", "Profile", "Credentials", "Sessions"),
            format!("{:25}{:25}{:51}\n", "=======", "===========", "========"),
            format!("{:25}{:25}{:51}\n", "default", "-", "-"),
            format!("{:25}{:25}{labels}\n", "work", "work"),
            format!("{:25}{:25}{:51}\n", "-", "lost", "-"),
        ];
        assert_eq!(render(&rows), expected.concat());
        assert_eq!(
            render(&[]).lines().map(str::len).collect::<Vec<_>>(),
            [75, 75]
        );
    }

    #[test]
    fn a_long_cell_widens_its_column_counted_in_characters() {
        for (name, width) in [
            ("x".repeat(23), 25),
            ("x".repeat(24), 26),
            ("ü".repeat(30), 32),
        ] {
            let row = Row {
                profile: Some(name),
                ..Row::default()
            };
            let first = render(&[row])
                .lines()
                .next()
                .map(|line| line.chars().count());
            assert_eq!(first, Some(width + 50));
        }
    }

    #[test]
    fn names_cannot_drive_the_terminal_or_fake_a_row() {
        let row = Row {
            profile: Some("a\u{1b}]0;x\u{7}\nb\tc\u{202e}".into()),
            ..Row::default()
        };
        let table = render(&[row]);
        assert_eq!(table.lines().count(), 3);
        assert!(
            !table.contains(['\u{1b}', '\u{7}', '\t', '\u{202e}']),
            "{table:?}"
        );
    }

    #[test]
    fn time_left_reads_as_in_go() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m0s"),
            (3552, "59m12s"),
            (3600, "1h0m0s"),
            (129_600, "36h0m0s"),
            (-5, "-5s"),
            (-3661, "-1h1m1s"),
            (i64::MIN, "-2562047788015215h30m8s"),
        ] {
            assert_eq!(
                session_label("sts.AssumeRole", seconds),
                format!("sts.AssumeRole:{text}")
            );
        }
    }
}
