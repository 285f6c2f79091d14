//! Time as AWS writes it. Everything is whole seconds since the epoch on the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const BASIC: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Seconds since 1970; 0 for earlier times.
pub fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// `2026-11-23T06:00:00Z`, as in XML answers.
pub fn iso8601(time: SystemTime) -> String {
    written(time, ISO_8601)
}

/// `20261123T060000Z`, as in `X-Amz-Date`.
pub fn basic(time: SystemTime) -> String {
    written(time, BASIC)
}

/// Reads `X-Amz-Date`.
pub fn parse_basic(text: &str) -> Option<SystemTime> {
    parsed(text, BASIC)
}

/// Reads `2026-11-23T06:00:00Z`.
pub fn parse_iso8601(text: &str) -> Option<SystemTime> {
    parsed(text, ISO_8601)
}

/// `time` moved by `seconds`, which may be negative.
pub fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 {
        time.checked_sub(distance)
    } else {
        time.checked_add(distance)
    };
    moved.unwrap_or(time)
}

fn written(time: SystemTime, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from(time)
        .format(format)
        .unwrap_or_default()
}

fn parsed(text: &str, format: &[BorrowedFormatItem<'_>]) -> Option<SystemTime> {
    PrimitiveDateTime::parse(text, format)
        .ok()
        .map(|time| time.assume_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_round_trip() {
        let time = UNIX_EPOCH + Duration::from_secs(1_525_697_128);
        assert_eq!(iso8601(time), "2018-05-07T12:45:28Z");
        assert_eq!(basic(time), "20180507T124528Z");
        assert_eq!(parse_basic("20180507T124528Z"), Some(time));
        assert_eq!(parse_iso8601("2018-05-07T12:45:28Z"), Some(time));
    }

    #[test]
    fn a_shift_may_be_negative() {
        let time = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(unix(shifted(time, -400)), 600);
        assert_eq!(unix(shifted(time, 400)), 1400);
    }
}
