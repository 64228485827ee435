//! Points in time in conditions, as far as IAM checks them when it stores a policy.

use std::ops::RangeInclusive;

/// The years that IAM reads: the limits that the tests of <https://github.com/getmoto/moto> record.
const YEARS: RangeInclusive<i64> = -292_275_054..=292_278_993;

/// Whether IAM accepts a value of a date operator: seconds since 1970, or a date and a time in a form of ISO 8601. It takes
/// parts of it alone, such as `2027-01` or `01T`, and compares no day with the length of its month.
///
/// <https://www.w3.org/TR/NOTE-datetime>
pub(super) fn is_accepted(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    if !value.contains(['t', '-']) {
        let digits = value.strip_prefix('+').unwrap_or(&value);
        return is_digits(digits) && digits.parse::<i64>().is_ok();
    }
    let (date, time) = value.split_once('t').unwrap_or((&value, ""));
    is_day(date) && (time.is_empty() || is_time(time))
}

/// A year, a month or a day. A year may be negative.
fn is_day(date: &str) -> bool {
    let (sign, date) = match date.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, date),
    };
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| is_digits(year));
    let year = year.and_then(|year| year.parse::<i64>().ok());
    year.is_some_and(|year| YEARS.contains(&(sign * year)))
        && parts.next().is_none_or(|month| is_within(month, 1, 12))
        && parts.next().is_none_or(|day| is_within(day, 1, 31))
        && parts.next().is_none()
}

/// Hours, minutes and seconds, each with the larger ones before it, and an offset from UTC.
fn is_time(time: &str) -> bool {
    let at = time.find(['z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(at).unwrap_or((time, ""));
    let mut parts = clock.split(':');
    let is_second = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        is_within(whole, 0, 59) && is_within(part, 0, 999_999_999)
    };
    parts.next().is_none_or(|hour| is_within(hour, 0, 23))
        && parts.next().is_none_or(|minute| is_within(minute, 0, 59))
        && parts.next().is_none_or(is_second)
        && parts.next().is_none()
        && is_offset(zone)
}

/// `Z`, or hours and perhaps minutes of two digits each, with a sign.
fn is_offset(zone: &str) -> bool {
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return matches!(zone, "" | "z");
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    let is_pair = |text: &str, most| text.len() == 2 && is_within(text, 0, most);
    is_pair(hours, 23) && is_pair(minutes, 59)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_within(text: &str, least: u64, most: u64) -> bool {
    let number = text.parse::<u64>().ok().filter(|_| is_digits(text));
    number.is_some_and(|number| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time() {
        for good in [
            "2019-07-01T13:20:15Z",
            "2016-12-13T21:20:37.593194+00:00",
            "2016-12-13t2:00:00.593194+23",
            "01T",
            "-292275054",
            "292278993-01",
            "2027",
            "2027-01",
            "2027-01-31",
            "2027-01-01",
            "2027-12",
            "2027-12-31T23:59:59Z",
            // IAM compares no day with its month.
            "2027-02-30",
            "2027-02-31",
            "2027-01-31T10",
            "2027-01-31T10:20Z",
            "2027-01-31T10:20-05:00",
            "2027-01-31T10:20:30.5",
            "0",
            "1577836800",
            "9223372036854775807",
            " 1577836800 ",
        ] {
            assert!(is_accepted(good), "{good}");
        }
        for bad in [
            "",
            "tomorrow",
            "sdfdsf",
            "T",
            "234-13",
            "2027-13-01T00:00:00Z",
            "2020-01-32",
            "2020-00-01",
            "2020-00",
            "2020-13",
            "2020-12-00",
            "2020-12-32",
            "2020-a-01",
            "2020--01",
            "2020-01-01-01",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:60:00Z",
            "2020-01-01T00:00:61Z",
            "2020-01-01T00:00:00:00Z",
            "2020-01-01T00:00:00Zulu",
            "2016-12-13t2:00:00.593194+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "1577836800.5",
            "9223372036854775808",
            "-292275055",
            "292278994-01",
            "${aws:TokenIssueTime}",
            "2020-01-01 00:00:00",
            "+2020-01-01",
        ] {
            assert!(!is_accepted(bad), "{bad}");
        }
    }
}
