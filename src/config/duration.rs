//! Durations as Go writes them (`1h30m`), because flags, variables and config files of the Go tool hold such texts.

use std::time::Duration;

/// Why a text is no duration, in Go's words: scripts and people know them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("time: invalid duration {}", quoted(.0))]
    Invalid(String),
    #[error("time: missing unit in duration {}", quoted(.0))]
    MissingUnit(String),
    #[error("time: unknown unit {} in duration {}", quoted(.unit), quoted(.text))]
    UnknownUnit { unit: String, text: String },
    /// Go accepts the sign and AWS refuses the number.
    #[error("negative duration {}", quoted(.0))]
    Negative(String),
}

type Unit = (&'static str, u64);

/// Units in nanoseconds.
const GO_UNITS: &[Unit] = &[
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What the Go tool's command line adds.
const LONG_UNITS: &[Unit] = &[("d", 86_400_000_000_000), ("w", 604_800_000_000_000)];

/// Go's durations plus `d` and `w`, as `--duration` and `AWS_VAULT_DURATION` take them.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    parse_with(text, |unit| {
        find(GO_UNITS, unit).or_else(|| find(LONG_UNITS, unit))
    })
}

/// Go's `time.ParseDuration` exactly, as `AWS_MIN_TTL` and the `AWS_*_TTL` variables take them.
pub fn parse_go(text: &str) -> Result<Duration, DurationError> {
    parse_with(text, |unit| find(GO_UNITS, unit))
}

/// Whole seconds, fractions dropped as AWS's `DurationSeconds` wants them; what does not fit is the largest number.
pub fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// `5400` as `1h30m`: the largest units that are not zero.
pub fn compact(seconds: u64) -> String {
    let parts = [
        (seconds / 3600, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if shown.is_empty() {
        "0s".to_owned()
    } else {
        shown.concat()
    }
}

fn find(units: &[Unit], unit: &str) -> Option<u64> {
    units
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, nanoseconds)| *nanoseconds)
}

fn parse_with(
    text: &str,
    unit_of: impl Fn(&str) -> Option<u64>,
) -> Result<Duration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.is_empty() {
        return Err(invalid());
    }
    let mut total = 0u64;
    let mut rest = if unsigned == "0" { "" } else { unsigned };
    while !rest.is_empty() {
        let (whole, after) = leading_digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), leading_digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(DurationError::MissingUnit(text.to_owned()));
        }
        let scale = unit_of(unit).ok_or_else(|| DurationError::UnknownUnit {
            unit: unit.to_owned(),
            text: text.to_owned(),
        })?;
        total = nanoseconds(whole, fraction, scale)
            .and_then(|part| total.checked_add(part))
            .filter(|total| i64::try_from(*total).is_ok())
            .ok_or_else(invalid)?;
        rest = after;
    }
    if text.starts_with('-') && total > 0 {
        return Err(DurationError::Negative(text.to_owned()));
    }
    Ok(Duration::from_nanos(total))
}

fn leading_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// `None` when the number does not fit. Digits beyond the 18th of a fraction are less than any unit can show.
fn nanoseconds(whole: &str, fraction: &str, scale: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let digits = &fraction[..fraction.len().min(18)];
    let numerator: u128 = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let denominator = 10u128.pow(u32::try_from(digits.len()).ok()?);
    let part = u64::try_from(numerator * u128::from(scale) / denominator).ok()?;
    whole.checked_mul(scale)?.checked_add(part)
}

/// As Go quotes: bytes outside printable ASCII as `\xNN`.
fn quoted(text: &str) -> String {
    let shown: Vec<String> = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect();
    format!("\"{}\"", shown.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_go_accepts() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0s", 0),
            ("1h", 3_600_000_000_000),
            ("+1h30m", 5_400_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1h0m0.000000001s", 3_600_000_000_001),
            ("1ms1us1\u{b5}s1\u{3bc}s1ns", 1_003_001),
            ("0.3333333333333333333h", 1_200_000_000_000 - 1),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            let expected = Ok(Duration::from_nanos(nanoseconds));
            assert_eq!(parse_go(text), expected, "{text}");
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn days_and_weeks_are_for_the_command_line_only() {
        assert_eq!(parse("1w1d12h"), Ok(Duration::from_hours(8 * 24 + 12)));
        assert_eq!(
            parse_go("1d").unwrap_err().to_string(),
            r#"time: unknown unit "d" in duration "1d""#
        );
    }

    #[test]
    fn errors_are_those_of_go() {
        for (text, error) in [
            ("", r#"time: invalid duration """#),
            ("3600", r#"time: missing unit in duration "3600""#),
            ("h", r#"time: invalid duration "h""#),
            (".h", r#"time: invalid duration ".h""#),
            ("-", r#"time: invalid duration "-""#),
            ("1x", r#"time: unknown unit "x" in duration "1x""#),
            ("1 h", r#"time: unknown unit " h" in duration "1 h""#),
            (
                "1h\u{1b}",
                r#"time: unknown unit "h\x1b" in duration "1h\x1b""#,
            ),
            (
                "9223372036854775808ns",
                r#"time: invalid duration "9223372036854775808ns""#,
            ),
            (
                "99999999999999999999h",
                r#"time: invalid duration "99999999999999999999h""#,
            ),
            ("-1h", r#"negative duration "-1h""#),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn seconds_and_short_form() {
        assert_eq!(whole_seconds(Duration::from_millis(1999)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(u64::MAX)), u32::MAX);
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (3600, "1h"),
            (5400, "1h30m"),
            (129_601, "36h1s"),
        ] {
            assert_eq!(compact(seconds), text);
        }
    }
}
