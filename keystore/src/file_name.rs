//! Item names as file names.

/// The file name of an item.
pub(crate) fn encode(name: &str) -> String {
    name.chars()
        .map(|c| {
            if is_escaped(c) {
                format!("%{:02X}", u32::from(c))
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// Characters that are written as `%XX`. Earlier aws-vault releases escape only the two, and decode any. On Windows, where
/// a file name cannot have most others, and a colon would name another stream of some other file, they could not store such
/// items at all.
fn is_escaped(c: char) -> bool {
    if cfg!(windows) {
        c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_,=@+()".contains(c)
    } else {
        matches!(c, '%' | '/')
    }
}

/// The item name of a directory entry; `None` for entries that are no items.
pub(crate) fn decode(file_name: &str) -> Option<String> {
    if is_listed(file_name) {
        unescape(file_name)
    } else {
        None
    }
}

/// The text with every `%XX` as the byte it stands for; `None` if that is no text.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut name = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                name.push(hex(*high)? << 4 | hex(*low)?);
                rest = after;
            }
            _ => {
                name.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(name).ok()
}

/// Whether a file of that name counts as an item, and not as a hidden file (`.DS_Store`) or an editor's copy (`jon~`).
pub(crate) fn is_listed(name: &str) -> bool {
    !name.starts_with('.') && !name.ends_with('~')
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn escapes_what_earlier_releases_escape() {
        let table = [
            ("jon", "jon"),
            (
                "oidc:https://d.example/start",
                "oidc:https:%2F%2Fd.example%2Fstart",
            ),
            ("100%", "100%25"),
            ("a b,c;é", "a b,c;é"),
        ];
        for (name, file_name) in table {
            assert_eq!(encode(name), file_name);
            assert_eq!(decode(file_name).as_deref(), Some(name));
        }
    }

    #[test]
    fn decodes_any_escape_and_leaves_broken_ones() {
        let table = [
            ("a%20b", Some("a b")),
            ("a%2fb%3a", Some("a/b:")),
            ("100%", Some("100%")),
            ("%4", Some("%4")),
            ("%zz%%41", Some("%zz%A")),
            ("%ff", None),
            (".DS_Store", None),
            ("jon~", None),
        ];
        for (file_name, name) in table {
            assert_eq!(decode(file_name).as_deref(), name, "{file_name}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(name in "[^.\0][^\0]{0,40}[^~\0]") {
            let file_name = encode(&name);
            prop_assert!(!file_name.contains('/'));
            prop_assert_eq!(decode(&file_name), Some(name));
        }

        #[test]
        fn any_entry_decodes_or_not(file_name in any::<String>()) {
            let _ = decode(&file_name);
        }
    }
}
