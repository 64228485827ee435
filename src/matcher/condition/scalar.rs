//! Values of conditions that are more than texts: numbers, points in time, networks.

use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use super::{Comparison, Truth};

/// A number as it is written, without loss: sign, digits before and behind the point.
#[derive(PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    whole: String,
    part: String,
}

impl Decimal {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + part.len() == 0 || !only_digits(whole) || !only_digits(part) {
            return None;
        }
        let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
        Some(Decimal {
            negative: negative && (whole.len() + part.len() > 0),
            whole: whole.to_owned(),
            part: part.to_owned(),
        })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        fn size(d: &Decimal) -> (usize, &str, &str) {
            (d.whole.len(), &d.whole, &d.part)
        }
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (negative, _) => {
                if negative {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// ISO 8601, a day or a month alone, or seconds since 1970.
pub(crate) fn date(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        // Four digits are a year.
        return if text.len() > 4 {
            OffsetDateTime::from_unix_timestamp(seconds).ok()
        } else {
            None
        };
    }
    let day = |text: &str| {
        let day = time::Date::parse(text, &Iso8601::DEFAULT).ok()?;
        Some(day.midnight().assume_utc())
    };
    match text.len() {
        7 => day(&[text, "-01"].concat()),
        10 => day(text),
        _ => OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok(),
    }
}

/// How a value of a request compares with one of a policy, where both are known.
pub(super) fn scalars(comparison: Comparison, value: &str, wanted: &str) -> Truth {
    let known = |found: Option<bool>| found.map_or(Truth::Unknown, Truth::of);
    match comparison {
        Comparison::Numeric(order) => known(
            Decimal::parse(value)
                .zip(Decimal::parse(wanted))
                .map(|(a, b)| order.holds(a.cmp(&b))),
        ),
        Comparison::Date(order) => known(
            date(value)
                .zip(date(wanted))
                .map(|(a, b)| order.holds(a.cmp(&b))),
        ),
        Comparison::Bool => Truth::of(value.eq_ignore_ascii_case(wanted)),
        // Two different texts can stand for the same bytes.
        Comparison::Binary if value != wanted => Truth::Unknown,
        Comparison::Binary => Truth::True,
        Comparison::IpAddress => known(
            network(value)
                .zip(network(wanted))
                .and_then(|(a, b)| within(a, b)),
        ),
        _ => Truth::Unknown,
    }
}

/// An address and how many of its bits count.
pub(crate) fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|b| *b <= all)?,
        None => all,
    };
    Some((address, bits))
}

/// Whether a network lies within another; not known where it reaches beyond it.
pub(super) fn within(
    (address, bits): (IpAddr, u32),
    (wanted, wanted_bits): (IpAddr, u32),
) -> Option<bool> {
    let same = |count: u32| match (address, wanted) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            Some(shared(a.to_bits().into(), b.to_bits().into(), 32) >= count)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => Some(shared(a.to_bits(), b.to_bits(), 128) >= count),
        _ => None,
    };
    match same(wanted_bits.min(bits)) {
        Some(true) if bits >= wanted_bits => Some(true),
        Some(true) => None,
        _ => Some(false),
    }
}

/// How many leading bits two numbers of this width share.
fn shared(a: u128, b: u128, width: u32) -> u32 {
    (a ^ b).leading_zeros().saturating_sub(128 - width)
}
