//! The files that the IAM console offers when an access key is made: `NAME_accessKeys.csv`, or `NAME_credentials.csv` with the
//! console's password beside the key.

use std::ops::Range;
use std::path::Path;

use super::{Content, Found};
use crate::config::ini::{SyntaxError, line_ranges};
use crate::credentials::AccessKey;

/// Every key in the text; `name` is for rows that name no user.
pub fn find(text: &str, name: Option<&str>) -> Result<Vec<Found>, SyntaxError> {
    let refuse = |line: usize, message| SyntaxError {
        line: line + 1,
        message,
    };
    let mut lines = line_ranges(text).into_iter().enumerate();
    let (_, head) = lines.next().ok_or(refuse(0, "the file is empty"))?;
    let columns = Columns::of(text, &head).ok_or(refuse(
        0,
        "no columns `Access key ID` and `Secret access key`",
    ))?;
    let mut found = Vec::new();
    for (number, line) in lines {
        let cells = cells(text, &line);
        if cells.iter().all(|cell| value(text, cell).is_empty()) {
            continue;
        }
        let (Some(id), Some(secret)) = (cells.get(columns.id), cells.get(columns.secret)) else {
            return Err(refuse(number, "the row is too short"));
        };
        if value(text, id).is_empty() && value(text, secret).is_empty() {
            continue;
        }
        let user = columns
            .user
            .and_then(|user| cells.get(user))
            .map(|cell| value(text, cell))
            .filter(|user| !user.is_empty());
        let name = name.or(user).ok_or(refuse(
            number,
            "the row does not tell the user's name: give the profile's name after --csv FILE",
        ))?;
        found.push(Found {
            name: name.to_owned(),
            content: Content::LongTerm(AccessKey {
                access_key_id: value(text, id).to_owned(),
                secret_access_key: value(text, secret).into(),
            }),
            bytes: columns.bytes(text, &line, &cells),
        });
    }
    Ok(found)
}

/// The user's name in the name that the console gives to the file.
pub fn name_from(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    ["_accessKeys", "_credentials"]
        .iter()
        .find_map(|ending| stem.strip_suffix(ending))
        .filter(|name| !name.is_empty())
}

struct Columns {
    id: usize,
    secret: usize,
    user: Option<usize>,
}

impl Columns {
    fn of(text: &str, head: &Range<usize>) -> Option<Self> {
        let cells = cells(text, head);
        let position = |title: &str| {
            cells
                .iter()
                .position(|cell| value(text, cell).eq_ignore_ascii_case(title))
        };
        Some(Self {
            id: position("Access key ID")?,
            secret: position("Secret access key")?,
            user: position("User name"),
        })
    }

    /// The whole row, unless more than the user's name would go with the key: the console's password is none of ours.
    fn bytes(&self, text: &str, line: &Range<usize>, cells: &[Range<usize>]) -> Vec<Range<usize>> {
        let foreign = cells.iter().enumerate().any(|(column, cell)| {
            ![Some(self.id), Some(self.secret), self.user].contains(&Some(column))
                && !value(text, cell).is_empty()
        });
        if foreign {
            vec![cells[self.id].clone(), cells[self.secret].clone()]
        } else {
            vec![line.clone()]
        }
    }
}

/// Between commas, except those in quotes.
fn cells(text: &str, line: &Range<usize>) -> Vec<Range<usize>> {
    let content = text[line.clone()].trim_end_matches(['\r', '\n']);
    let mut cells = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, byte) in content.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                cells.push(line.start + start..line.start + at);
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(line.start + start..line.start + content.len());
    cells
}

/// Ids, secrets and user names hold no quotes, so one pair around a cell is all there can be.
fn value<'t>(text: &'t str, cell: &Range<usize>) -> &'t str {
    let cell = text[cell.clone()].trim();
    cell.strip_prefix('"')
        .and_then(|cell| cell.strip_suffix('"'))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::super::cut::{cut, restore};
    use super::*;

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_consoles_files() {
        for (text, name, rest) in [
            (
                format!("Access key ID,Secret access key\r\n{KEY}"),
                Some("jon"),
                "Access key ID,Secret access key\r\n",
            ),
            (
                format!("\u{feff}Access key ID,Secret access key\r\n{KEY}\r\n"),
                Some("jon"),
                "\u{feff}Access key ID,Secret access key\r\n",
            ),
            (
                format!("User Name,Access key ID,Secret access key\njon,{KEY}\n\n"),
                None,
                "User Name,Access key ID,Secret access key\n\n",
            ),
            (
                format!(
                    "User name,Password,Access key ID,Secret access key,Console login link\njon,\"a,\"\"b\",{KEY},https://x\n"
                ),
                None,
                "User name,Password,Access key ID,Secret access key,Console login link\njon,\"a,\"\"b\",,,https://x\n",
            ),
            (
                format!(
                    "\"Access key ID\",\"Secret access key\"\n\"{}\"\n",
                    KEY.replace(',', "\",\"")
                ),
                Some("jon"),
                "\"Access key ID\",\"Secret access key\"\n",
            ),
        ] {
            let found = find(&text, name).unwrap();
            let [one] = &found[..] else { panic!("{text}") };
            let Content::LongTerm(key) = &one.content else {
                panic!("{text}")
            };
            assert_eq!(one.name, "jon", "{text}");
            assert_eq!(
                format!(
                    "{},{}",
                    key.access_key_id,
                    key.secret_access_key.expose_secret()
                ),
                KEY
            );
            let (left, pieces) = cut(&text, &one.bytes);
            assert_eq!(left.as_str(), rest);
            assert_eq!(restore(&left, &pieces).unwrap().as_str(), text);
            assert!(
                find(&left, name).unwrap().is_empty(),
                "nothing is found twice"
            );
        }
    }

    #[test]
    fn what_is_no_such_file() {
        for (text, name, line) in [
            ("", None, 1),
            ("[default]\naws_access_key_id = x\n", None, 1),
            ("Access key ID,Secret access key\nAKIA\n", Some("jon"), 2),
            ("Access key ID,Secret access key\n\nAKIA,x\n", None, 3),
        ] {
            assert_eq!(find(text, name).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn the_files_name_tells_the_user() {
        for (path, name) in [
            ("/d/jon_accessKeys.csv", Some("jon")),
            ("jon.b_credentials.csv", Some("jon.b")),
            ("_accessKeys.csv", None),
            ("keys.csv", None),
        ] {
            assert_eq!(name_from(Path::new(path)), name, "{path}");
        }
    }
}
