//! What was removed from a file, kept in the keystore so that it can be put back: the newest removal last.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Error;
use super::cut::{self, Piece};

/// All removals from one file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// For people who look into their keystore.
    path: String,
    removals: Vec<Removal>,
}

/// One of them.
#[derive(Debug, Serialize, Deserialize)]
struct Removal {
    /// SHA-256 of the file before and after, in hex.
    before: String,
    after: String,
    pieces: Vec<Piece>,
}

impl Record {
    pub fn new(path: &Path) -> Self {
        Self {
            version: 1,
            path: path.display().to_string(),
            removals: Vec::new(),
        }
    }

    pub fn decode(path: &Path, json: &[u8]) -> Result<Self, Error> {
        let bad = |reason: String| Error::BadRecord {
            path: path.to_owned(),
            reason,
        };
        // The position only: the message of the parser may quote what it read.
        let record: Self = serde_json::from_slice(json)
            .map_err(|error| bad(format!("line {}, column {}", error.line(), error.column())))?;
        match record.version {
            1 => Ok(record),
            other => Err(bad(format!("its version is {other}"))),
        }
    }

    pub fn encode(&self) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        // Six bytes is the longest escape of one; a vector that grows leaves copies of secrets behind.
        let pieces: usize = self.pieces().map(|piece| piece.length() * 6 + 64).sum();
        let room = pieces + self.removals.len() * 256 + self.path.len() * 6 + 256;
        let mut json = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *json, self)?;
        Ok(json)
    }

    /// Notes that `pieces` go, which makes `after` of `before`. An earlier note of a removal that never took place is dropped:
    /// its writer was killed before it changed the file.
    pub fn push(&mut self, before: &str, after: &str, pieces: Vec<Piece>) {
        let before = digest(before);
        self.forget(&before);
        self.removals.push(Removal {
            before,
            after: digest(after),
            pieces,
        });
    }

    /// Takes the newest removal back: the text that the file had before.
    pub fn undo(&mut self, path: &Path, text: &str) -> Result<Zeroizing<String>, Error> {
        let now = digest(text);
        self.forget(&now);
        let newest = self.removals.last().ok_or(Error::NothingToUndo {
            path: path.to_owned(),
        })?;
        if newest.after != now {
            return Err(Error::ChangedSince {
                path: path.to_owned(),
            });
        }
        let restored = cut::restore(text, &newest.pieces)
            .filter(|restored| digest(restored) == newest.before)
            .ok_or_else(|| Error::BadRecord {
                path: path.to_owned(),
                reason: "its pieces do not fit".to_owned(),
            })?;
        Ok(restored)
    }

    /// Drops what `text` shows to be undone, once the file has it.
    pub fn settle(&mut self, text: &str) {
        self.forget(&digest(text));
    }

    pub fn is_empty(&self) -> bool {
        self.removals.is_empty()
    }

    fn forget(&mut self, now: &str) {
        while self
            .removals
            .last()
            .is_some_and(|removal| removal.before == now)
        {
            self.removals.pop();
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.removals.iter().flat_map(|removal| &removal.pieces)
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            use std::fmt::Write as _;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/home/jon/.aws/credentials";

    fn removed(record: &mut Record, text: &str, part: &str) -> String {
        let at = text.find(part).unwrap();
        let (rest, pieces) = cut::cut(text, std::slice::from_ref(&(at..at + part.len())));
        record.push(text, &rest, pieces);
        rest.to_string()
    }

    #[test]
    fn removals_are_undone_newest_first() {
        let path = Path::new(PATH);
        let mut record = Record::new(path);
        let first = removed(&mut record, "a\u{feff}b\r\nc", "b\r\n");
        let second = removed(&mut record, &first, "c");
        let json = record.encode().unwrap();
        let mut record = Record::decode(path, &json).unwrap();
        let back = record.undo(path, &second).unwrap();
        assert_eq!(back.as_str(), first);
        record.settle(&back);
        let back = record.undo(path, &back).unwrap();
        assert_eq!(back.as_str(), "a\u{feff}b\r\nc");
        record.settle(&back);
        assert!(record.is_empty());
    }

    #[test]
    fn a_removal_that_never_took_place_is_forgotten() {
        let path = Path::new(PATH);
        let mut record = Record::new(path);
        removed(&mut record, "abc", "b");
        let rest = removed(&mut record, "abc", "b");
        assert_eq!(record.removals.len(), 1);
        assert_eq!(record.undo(path, &rest).unwrap().as_str(), "abc");
        assert!(matches!(
            record.undo(path, "abc"),
            Err(Error::NothingToUndo { .. })
        ));
    }

    #[test]
    fn another_text_is_not_touched() {
        let path = Path::new(PATH);
        let mut record = Record::new(path);
        removed(&mut record, "abc", "b");
        assert!(matches!(
            record.undo(path, "acx"),
            Err(Error::ChangedSince { .. })
        ));
        assert!(!format!("{record:?}").contains("abc"));
    }

    #[test]
    fn what_is_no_record() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"version":2,"path":"","removals":[]}"#,
            r#"{"version":"CANARY"}"#,
        ] {
            let error = Record::decode(Path::new(PATH), json.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains("CANARY"), "{error}");
        }
    }
}
