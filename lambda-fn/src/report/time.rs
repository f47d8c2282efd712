//! The time of day, as logs have it.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

/// Now: `2026-01-31T23:59:59.999Z`.
pub(crate) fn now() -> String {
    rfc3339(now_milliseconds())
}

/// Now, in ISO 8601's basic format: `20260131T235959Z`.
pub(crate) fn basic() -> String {
    let now = now();
    let (seconds, _) = now.split_once('.').unwrap_or((&now, ""));
    seconds.replace(['-', ':'], "") + "Z"
}

/// Milliseconds since 1970.
pub(crate) fn now_milliseconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

fn rfc3339(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn the_basic_format_has_digits_two_letters_and_a_length() {
        let text = basic();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!((text.len(), digits.len()), (16, 14), "{text}");
        assert_eq!((text.find('T'), text.find('Z')), (Some(8), Some(15)));
    }

    /// As `date --utc --date=@SECONDS` has them.
    #[test]
    fn known_times() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_799, "2000-02-29T23:59:59.007Z"),
            (1_709_164_800, "2024-02-29T00:00:00.007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1000 + 7), expected);
        }
    }

    #[test]
    fn every_day_of_400_years_follows_the_one_before() {
        let date = |days: u64| {
            let text = rfc3339(days * 86_400_000);
            let part = |range: Range<usize>| text[range].parse::<u64>().unwrap();
            (part(0..4), part(5..7), part(8..10))
        };
        let mut before = date(0);
        for days in 1..146_097 {
            let (year, month, day) = date(days);
            let next = (before.0, before.1, before.2 + 1);
            let first = match before {
                (y, 12, _) => (y + 1, 1, 1),
                (y, m, _) => (y, m + 1, 1),
            };
            assert!([next, first].contains(&(year, month, day)), "{before:?}");
            before = (year, month, day);
        }
    }
}
