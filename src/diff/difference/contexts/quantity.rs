//! Numbers, dates and addresses that distinguish the bounds of conditions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use time::OffsetDateTime;

use super::{Family, text_of};
use crate::matcher::condition::{Comparison, KeyValue, Test, Truth, date, network};

/// A value of each cell that is not a text, and which of the lines list it; `None` where a value cannot be read.
pub(super) fn scalars(family: Family, tests: &[&Test]) -> Option<Vec<(Vec<String>, Vec<bool>)>> {
    let is_own = |t: &&&Test| t.operator.is_some_and(|o| o.comparison != Comparison::Null);
    let listed = tests.iter().filter(is_own).flat_map(|t| &t.values);
    let listed: Vec<String> = listed.map(text_of).collect::<Option<_>>()?;
    let mut tried: Vec<String> = Vec::new();
    match family {
        Family::Numeric => tried.extend(numbers(&listed)?),
        Family::Date => {
            for text in &listed {
                let seconds = date(text)?.unix_timestamp();
                for near in [0, -1, 1] {
                    let time = OffsetDateTime::from_unix_timestamp(seconds.checked_add(near)?);
                    tried.push(written(time.ok()?));
                }
            }
        }
        Family::IpAddress => tried.extend(addresses(&listed)?),
        _ => {
            tried.clone_from(&listed);
            tried.push("b3RoZXI=".to_owned());
        }
    }
    let held = tried.into_iter().map(|text| {
        let truths = tests.iter().map(|test| {
            let operator = test.operator?;
            if operator.comparison == Comparison::Null {
                return Some(true);
            }
            // Without its negation and its prefix, a line tests whether it lists one value.
            let operator = crate::matcher::condition::Operator {
                quantifier: None,
                negated: false,
                ..operator
            };
            let plain = Test::new(Some(operator), test.key.clone(), test.values.clone());
            match plain.evaluate(&KeyValue::one(&text)) {
                Truth::True => Some(true),
                Truth::False => Some(false),
                Truth::Unknown => (family == Family::Binary).then_some(false),
            }
        });
        let truths = truths.collect::<Option<Vec<bool>>>()?;
        Some((vec![text.clone()], truths))
    });
    held.collect()
}

/// A point in time as conditions write it.
fn written(time: OffsetDateTime) -> String {
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The listed numbers, and numbers next to each and between two of them.
fn numbers(listed: &[String]) -> Option<Vec<String>> {
    let parts = |text: &String| -> Option<(bool, String, String)> {
        let text = text.trim();
        let digits = text.trim_start_matches(['-', '+']);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let fits = whole.len() <= 18 && part.len() <= 12 && whole.len() + part.len() > 0;
        (fits && only_digits(whole) && only_digits(part))
            .then(|| (text.starts_with('-'), whole.to_owned(), part.to_owned()))
    };
    let read: Vec<(bool, String, String)> = listed.iter().map(parts).collect::<Option<_>>()?;
    let longest = read
        .iter()
        .map(|(_, _, part)| part.len())
        .max()
        .unwrap_or(0)
        + 1;
    let mut units: Vec<i128> = Vec::new();
    for (negative, whole, part) in read {
        let number: i128 = format!("0{whole}{part:0<longest$}").parse().ok()?;
        units.push(if negative { -number } else { number });
    }
    let one = 10_i128.pow(longest as u32);
    let write = |number: i128| {
        let size = number.abs();
        let (whole, part) = (size / one, size % one);
        let sign = if number < 0 { "-" } else { "" };
        let part = format!("{part:0>longest$}");
        match part.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}.{part}"),
        }
    };
    let near = units
        .iter()
        .flat_map(|n| [*n, n - one, n + one, n - 1, n + 1]);
    Some(near.map(write).collect())
}

/// The first and the last address of each network, and those next to it.
fn addresses(listed: &[String]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for text in listed {
        let (address, bits) = network(text)?;
        match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                let near = borders(address.to_bits().into(), mask.into(), u32::MAX.into());
                let near = near.filter_map(|bits| u32::try_from(bits).ok());
                found.extend(near.map(|bits| Ipv4Addr::from_bits(bits).to_string()));
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                let near = borders(address.to_bits(), mask, u128::MAX);
                found.extend(near.map(|bits| Ipv6Addr::from_bits(bits).to_string()));
            }
        }
    }
    found.extend(["203.0.113.9".to_owned(), "2001:db8::9".to_owned()]);
    Some(found)
}

/// The first and the last number of a network, and those next to it that are at most `highest`.
fn borders(address: u128, mask: u128, highest: u128) -> impl Iterator<Item = u128> {
    let (first, last) = (address & mask, address | (highest & !mask));
    let before = first.checked_sub(1);
    let after = last.checked_add(1).filter(|after| *after <= highest);
    [Some(first), Some(last), before, after]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{addresses, numbers};

    #[test]
    fn addresses_at_the_borders_of_networks() {
        let near = |network: &str| {
            let found = addresses(&[network.to_owned()]).unwrap();
            found[..found.len() - 2].join(" ")
        };
        for (network, expected) in [
            (
                "203.0.113.70/26",
                "203.0.113.64 203.0.113.127 203.0.113.63 203.0.113.128",
            ),
            (
                "203.0.113.7",
                "203.0.113.7 203.0.113.7 203.0.113.6 203.0.113.8",
            ),
            ("0.0.0.0/0", "0.0.0.0 255.255.255.255"),
            ("0.0.0.0/1", "0.0.0.0 127.255.255.255 128.0.0.0"),
            (
                "255.255.255.0/24",
                "255.255.255.0 255.255.255.255 255.255.254.255",
            ),
            (
                "255.255.255.254",
                "255.255.255.254 255.255.255.254 255.255.255.253 255.255.255.255",
            ),
            (
                "2001:db8::/127",
                "2001:db8:: 2001:db8::1 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8::2",
            ),
            ("::/0", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(near(network), expected, "{network}");
        }
        assert_eq!(addresses(&["nowhere".to_owned()]), None);
    }

    #[test]
    fn numbers_next_to_those_that_are_listed() {
        let near =
            |listed: &[&str]| numbers(&listed.iter().map(|&l| l.to_owned()).collect::<Vec<_>>());
        let list = |texts: &[&str]| Some(texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
        assert_eq!(near(&["1.5"]), list(&["1.5", "0.5", "2.5", "1.49", "1.51"]));
        assert_eq!(near(&["1"]), list(&["1", "0", "2", "0.9", "1.1"]));
        assert_eq!(near(&[".123456789012"]).map(|all| all.len()), Some(5));
        assert_eq!(near(&["123456789012345678"]).map(|all| all.len()), Some(5));
        assert_eq!(
            near(&["-3", " +.5"]),
            list(&[
                "-3", "-4", "-2", "-3.01", "-2.99", "0.5", "-0.5", "1.5", "0.49", "0.51",
            ])
        );
        for text in [
            "",
            ".",
            "-",
            "1e5",
            "0x10",
            "1,5",
            "1.5.5",
            "1234567890123456789",
            ".1234567890123",
        ] {
            assert_eq!(near(&[text]), None, "{text}");
        }
    }
}
