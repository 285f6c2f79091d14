//! "Did you mean …?"

use similar::TextDiff;

/// How much of a word must agree for another to be offered.
const LIKENESS: f32 = 0.6;

/// The known word that is most like `word`, if any is.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let likeness = |other: &str| TextDiff::from_chars(word.as_str(), other.to_lowercase()).ratio();
    known
        .into_iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, other)| other)
}

/// ` (did you mean 'Master'?)`, or the known names when none is like it.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(other) = nearest(word, known.clone()) {
        return format!(" (did you mean '{other}'?)");
    }
    let known: Vec<&str> = known.into_iter().take(9).collect();
    if known.is_empty() || known.len() > 8 {
        return String::new();
    }
    format!(" (there are: {})", known.join(", "))
}

/// The parser's own words for an unknown key, "unknown field `x`, expected one of `a`, `b`", with the likeliest of them.
pub fn with_suggestion(message: &str) -> String {
    let message = message.trim().replace('\n', " ");
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match words.split_first() {
        Some((unknown, known)) if message.starts_with("unknown field") => {
            let hint = hint(unknown, known.iter().copied());
            format!("there is no key '{unknown}' here{hint}")
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_alike() {
        for (word, expected) in [
            ("Mastr", Some("Master")),
            ("master", Some("Master")),
            ("Prodcut", Some("Product")),
            ("xyz", None),
        ] {
            assert_eq!(nearest(word, ["Master", "Product"]), expected, "{word}");
        }
        assert_eq!(hint("xyz", ["a", "b"]), " (there are: a, b)");
        assert_eq!(hint("xyz", []), "");
    }
}
