//! The time of day, as logs have it.

use std::time::{SystemTime, UNIX_EPOCH};

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
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    let (year, month, day) = date(days);
    let (seconds, milliseconds) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that a leap day is the last of its year; from the first of
    // March of the year 0, 719,468 days before 1970.
    let days = days + 719_468;
    // 400 years have 146,097 days, always.
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days, and again from August on.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
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
