//! Object paths of collections.

use dbus::strings::Path;

const COLLECTION_PREFIX: &str = "/org/freedesktop/secrets/collection/";

/// The path that GNOME Keyring and others give a collection: all but ASCII letters and digits as `_xx`.
pub(super) fn usual_path(collection: &str) -> Path<'static> {
    let escaped: String = collection
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("_{byte:02x}")
            }
        })
        .collect();
    format!("{COLLECTION_PREFIX}{escaped}").into()
}

/// Whether the path is that of the collection, with `_xx` for any of its bytes.
pub(super) fn is_of(path: &str, collection: &str) -> bool {
    let Some(escaped) = path.strip_prefix(COLLECTION_PREFIX) else {
        return false;
    };
    escaped == collection || decode(escaped).as_deref() == Some(collection)
}

fn decode(escaped: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'_' {
            let (digits, after) = tail.split_at_checked(2)?;
            let value = |digit: u8| char::from(digit).to_digit(16);
            decoded.push(u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()?);
            rest = after;
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_found_by_their_path() {
        for name in ["awsvault", "aws vault", "aws_vault", "é", "a-b.c/d"] {
            assert!(is_of(&usual_path(name), name), "{name}");
            assert!(!is_of(&usual_path(name), "other"));
        }
        assert_eq!(
            &*usual_path("aws vault"),
            "/org/freedesktop/secrets/collection/aws_20vault"
        );
        assert!(is_of(
            "/org/freedesktop/secrets/collection/aws_vault",
            "aws_vault"
        ));
        assert!(!is_of(
            "/org/freedesktop/secrets/aliases/awsvault",
            "awsvault"
        ));
    }

    #[test]
    fn broken_escapes_decode_to_nothing() {
        for broken in ["_", "a_2", "_zz", "_ff", "_+1", "_2\u{e9}"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
