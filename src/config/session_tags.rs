//! `session_tags` and `transitive_session_tags`, extensions of aws-vault.

/// `k=v,k=v`, blanks around keys and values dropped, the last value of a key kept; `None` when a piece has no `=`.
///
/// A value may hold further `=`, as in base64.
pub(super) fn parse(text: &str) -> Option<Vec<(String, String)>> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for piece in text.split(',') {
        let (key, value) = piece.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        tags.retain(|(known, _)| known != key);
        tags.push((key.to_owned(), value.to_owned()));
    }
    Some(tags)
}

/// A list of keys, blank ones dropped.
pub(super) fn parse_keys(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (text, expected) in [
            ("tag1=value1", Some("tag1:value1")),
            ("tag1=value1,tag2=value2", Some("tag1:value1 tag2:value2")),
            (
                " tag1 = value1 ,\ttag2\t=\tvalue 2 ",
                Some("tag1:value1 tag2:value 2"),
            ),
            ("tag1=a=b==", Some("tag1:a=b==")),
            ("tag1=", Some("tag1:")),
            ("tag1=1,tag2=2,tag1=3", Some("tag2:2 tag1:3")),
            ("", None),
            ("tag1", None),
            ("tag1=value1,", None),
            ("tag1=value1,tag2", None),
        ] {
            let shown = parse(text).map(|tags| {
                let tags: Vec<String> = tags
                    .iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                tags.join(" ")
            });
            assert_eq!(shown.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn keys() {
        for (text, expected) in [
            ("", ""),
            (",", ""),
            ("tag1", "tag1"),
            ("tag1,tag2", "tag1+tag2"),
            (" tag1 ,\ttag 2 ", "tag1+tag 2"),
            ("tag1,,tag2,", "tag1+tag2"),
            (" , tag1", "tag1"),
        ] {
            assert_eq!(parse_keys(text).join("+"), expected, "{text:?}");
        }
    }
}
