//! The lines of a text and where they stand in it.

use std::ops::Range;

/// Byte ranges of all lines, endings included, first line first. A byte order mark belongs to none.
pub fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut lines = Lines::of(text);
    let mut ranges = Vec::new();
    while let Some(line) = lines.next() {
        ranges.push(line.start..lines.at);
    }
    ranges
}

/// Lines that end in LF, CRLF or CR, as Python's universal newlines (and so the AWS CLI) have it.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    number: u32,
}

pub(super) struct Line<'t> {
    pub number: u32,
    /// Offset of the content, which excludes the line ending.
    pub start: usize,
    pub content: &'t str,
}

impl<'t> Lines<'t> {
    pub fn of(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            at,
            number: 0,
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest
            .bytes()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let ending = match &rest.as_bytes()[length..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        self.at = start + length + ending;
        self.number += 1;
        Some(Line {
            number: self.number,
            start,
            content: &rest[..length],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_byte_but_the_mark() {
        for (text, expected) in [
            ("", &[][..]),
            ("\u{feff}", &[]),
            ("a", &["a"]),
            ("\u{feff}a\r\n\rb\n", &["a\r\n", "\r", "b\n"]),
        ] {
            let lines: Vec<_> = line_ranges(text)
                .into_iter()
                .map(|range| &text[range])
                .collect();
            assert_eq!(lines, expected, "{text:?}");
        }
    }
}
