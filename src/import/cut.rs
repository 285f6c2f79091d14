//! Cutting byte ranges out of a text, and putting them back.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// What was cut out at one place.
#[derive(Serialize, Deserialize)]
pub struct Piece {
    /// Byte offset in the text before anything was cut.
    at: usize,
    text: String,
}

impl Piece {
    /// In bytes.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Piece({} bytes at {})", self.text.len(), self.at)
    }
}

/// The text without the ranges, and the pieces that went, in order. Ranges may touch and overlap.
pub fn cut(text: &str, ranges: &[Range<usize>]) -> (Zeroizing<String>, Vec<Piece>) {
    let mut rest = Zeroizing::new(String::with_capacity(text.len()));
    let mut pieces = Vec::new();
    let mut kept_to = 0;
    for range in merged(ranges) {
        rest.push_str(&text[kept_to..range.start]);
        kept_to = range.end;
        pieces.push(Piece {
            at: range.start,
            text: text[range].to_owned(),
        });
    }
    rest.push_str(&text[kept_to..]);
    (rest, pieces)
}

/// The text before the cut; `None` if the pieces do not belong to `rest`.
pub fn restore(rest: &str, pieces: &[Piece]) -> Option<Zeroizing<String>> {
    let length = pieces.iter().map(|piece| piece.text.len()).sum::<usize>() + rest.len();
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut used = 0;
    for piece in pieces {
        let end = used + piece.at.checked_sub(text.len())?;
        text.push_str(rest.get(used..end)?);
        text.push_str(&piece.text);
        used = end;
    }
    text.push_str(&rest[used..]);
    Some(text)
}

fn merged(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sorted: Vec<_> = ranges
        .iter()
        .filter(|range| !range.is_empty())
        .cloned()
        .collect();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_of_another_text_do_not_fit() {
        let (_, pieces) = cut("0123456789", &[2..3, 8..9]);
        for other in ["", "0", "0ä2345"] {
            assert!(restore(other, &pieces).is_none(), "{other}");
        }
        let (_, mut swapped) = cut("0123456789", &[2..3, 8..9]);
        swapped.reverse();
        assert!(restore("01345679", &swapped).is_none());
    }

    #[test]
    fn debug_shows_no_secret() {
        let whole = [0..2, 2..6];
        let (_, pieces) = cut("CANARY", &whole);
        assert_eq!(format!("{pieces:?}"), "[Piece(6 bytes at 0)]");
    }

    proptest! {
        #[test]
        fn what_is_cut_comes_back(text in "[a-z\r\n]{0,60}", ends in prop::collection::vec((0..61_usize, 0..61_usize), 0..6)) {
            let within = |at: usize| at.min(text.len());
            let ranges: Vec<_> = ends
                .iter()
                .map(|(a, b)| within(*a.min(b))..within(*a.max(b)))
                .collect();
            let (rest, pieces) = cut(&text, &ranges);
            let kept: String = text
                .char_indices()
                .filter(|(at, _)| !ranges.iter().any(|range| range.contains(at)))
                .map(|(_, c)| c)
                .collect();
            prop_assert_eq!(rest.as_str(), kept);
            let back = restore(&rest, &pieces).unwrap();
            prop_assert_eq!(back.as_str(), text);
        }
    }
}
