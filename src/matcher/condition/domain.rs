//! The values that condition keys can have: `rules/condition-values.toml`.

use std::net::IpAddr;
use std::sync::{LazyLock, OnceLock};

use super::{
    Class, Comparison, KeyValue, Pattern, Pieces, Symbol, Token, network, pattern, plain, scalar,
};

include!(concat!(env!("OUT_DIR"), "/condition_values.rs"));

/// An entry of the data.
struct FormEntry {
    /// Folded.
    keys: &'static [&'static str],
    forms: &'static [&'static str],
    title: &'static str,
    help: &'static str,
}

/// The values that a condition key can have.
#[derive(Debug)]
pub struct Domain {
    /// A noun phrase for the values, with its article; empty where another value is not worth a message.
    pub title: &'static str,
    /// How a value is written.
    pub help: &'static str,
    /// Every value is of one of these.
    forms: Vec<Pattern>,
    /// Networks without an address that is a value.
    never: Vec<(IpAddr, u32)>,
    /// The texts of these addresses.
    never_texts: Vec<Pattern>,
}

/// One for each entry of the data, read when a policy has one of its keys.
static DOMAINS: LazyLock<Vec<OnceLock<Domain>>> = LazyLock::new(|| {
    let entries = FORMS.len() + NEVER.len();
    std::iter::repeat_with(OnceLock::new)
        .take(entries)
        .collect()
});

/// The values that a condition key (folded) can have; `None` where they may be any.
pub fn domain(key: &str) -> Option<&'static Domain> {
    let forms = FORMS.iter().map(|entry| entry.keys);
    let mut keys = forms.chain(NEVER.iter().map(|(keys, _)| *keys));
    let at = keys.position(|keys| keys.contains(&key))?;
    Some(DOMAINS.get(at)?.get_or_init(|| Domain::read(at)))
}

impl Domain {
    /// An entry of the data.
    fn read(at: usize) -> Self {
        if let Some(entry) = FORMS.get(at) {
            return Domain {
                title: entry.title,
                help: entry.help,
                forms: entry.forms.iter().filter_map(|f| form(f)).collect(),
                never: Vec::new(),
                never_texts: Vec::new(),
            };
        }
        let networks = NEVER.get(at - FORMS.len());
        let networks = networks.into_iter().flat_map(|(_, networks)| *networks);
        let never: Vec<_> = networks.filter_map(|n| network(n)).collect();
        Domain {
            title: "",
            help: "",
            forms: vec![Pattern::everything()],
            never_texts: never.iter().flat_map(|n| texts(*n)).collect(),
            never,
        }
    }

    /// Patterns that match every value.
    pub fn forms(&self) -> &[Pattern] {
        &self.forms
    }

    /// Whether each value has one of a few forms.
    pub fn has_forms(&self) -> bool {
        self.never.is_empty()
    }

    /// Whether no address of a network is a value.
    pub fn never_has(&self, (address, bits): (IpAddr, u32)) -> bool {
        let mut never = self.never.iter();
        never.any(|network| scalar::within((address, bits), *network) == Some(true))
    }

    /// Whether no value of the key is one that a value of a policy stands for.
    pub fn excludes(&self, comparison: Comparison, wanted: &Pieces) -> bool {
        match comparison {
            Comparison::IpAddress => {
                let wanted = plain(wanted).and_then(|text| network(&text));
                wanted.is_some_and(|network| self.never_has(network))
            }
            Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like => {
                let is_like = comparison == Comparison::Like;
                let fold = comparison == Comparison::EqualsIgnoreCase;
                let wanted = super::texts::opened(&pattern(wanted, is_like, fold));
                let mut forms = self.forms.iter();
                let overlaps = |form: &Pattern| {
                    form.overlaps(&wanted) || fold && super::lower(form).overlaps(&wanted)
                };
                !forms.any(overlaps) || self.never_is(&wanted)
            }
            _ => false,
        }
    }

    fn never_is(&self, wanted: &Pattern) -> bool {
        self.never_texts.iter().any(|never| never.covers(wanted))
    }

    /// At least the values of the key that a pattern matches.
    pub(super) fn meet(&self, value: Pattern) -> Vec<KeyValue> {
        let open = super::texts::opened(&value);
        let met: Vec<&Pattern> = { self.forms.iter() }
            .filter(|form| form.overlaps(&open))
            .collect();
        let one = |pattern: Pattern| KeyValue::Values(vec![pattern]);
        if met.iter().all(|form| value.covers(form)) {
            met.into_iter().map(|form| one(form.clone())).collect()
        } else if self.never_is(&open) {
            Vec::new()
        } else {
            vec![one(value)]
        }
    }
}

/// The pattern of a form; `None` where it cannot be read.
fn form(text: &str) -> Option<Pattern> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let Some(class) = rest.strip_prefix('[') else {
            tokens.push(Token::Symbol(Symbol::char(first)));
            rest = rest.get(first.len_utf8()..)?;
            continue;
        };
        let (class, after) = class.split_once("]{")?;
        let (count, after) = after.split_once('}')?;
        let class = Class::of(class)?;
        let (least, is_open) = match count.strip_suffix(',') {
            Some(least) => (least, true),
            None => (count, false),
        };
        let least: usize = least.parse().ok()?;
        tokens.extend(std::iter::repeat_n(Token::One(class), least));
        tokens.extend(is_open.then_some(Token::Run(class)));
        rest = after;
    }
    Some(Pattern::new(tokens))
}

/// Patterns of the texts of a network's addresses; none for IPv6, where an address has many.
fn texts((address, bits): (IpAddr, u32)) -> Vec<Pattern> {
    let IpAddr::V4(address) = address else {
        return Vec::new();
    };
    let octets = address.octets();
    let whole = (bits / 8) as usize;
    let start = octets.iter().take(whole);
    let start = start.fold(String::new(), |text, octet| text + &octet.to_string() + ".");
    let rest = bits % 8;
    match octets.get(whole) {
        Some(octet) if rest > 0 => {
            let last = *octet | u8::MAX >> rest;
            let each = (*octet..=last).map(|octet| format!("{start}{octet}.*"));
            each.map(|text| Pattern::glob(&text)).collect()
        }
        _ => vec![Pattern::glob(&format!("{start}*"))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::template::{Placeholders, customer};
    use crate::parser::Version;

    #[test]
    fn every_form_and_network_is_read() {
        for entry in FORMS {
            for text in entry.forms {
                assert!(form(text).is_some(), "{text}");
            }
        }
        for text in NEVER.iter().flat_map(|(_, never)| *never) {
            assert!(network(text).is_some(), "{text}");
        }
    }

    #[test]
    fn values_that_a_key_never_has() {
        use Comparison::{Equals, EqualsIgnoreCase, IpAddress, Like};
        for (key, comparison, value, never) in [
            ("aws:sourcevpc", Equals, "vpc-0a1b2c3d", false),
            ("aws:sourcevpc", Equals, "vpc-0123456789abcdef0", false),
            ("aws:sourcevpc", Equals, "vpc-0123456789abcdef", true),
            ("aws:sourcevpc", Equals, "vpc-0123456789abcdef01", true),
            ("aws:sourcevpc", Equals, "vpc-0A1B2C3D", true),
            ("aws:sourcevpc", EqualsIgnoreCase, "VPC-0A1B2C3D", false),
            ("aws:sourcevpc", EqualsIgnoreCase, "VPC-XXXXXXXX", true),
            ("aws:sourcevpc", Equals, "vpc-*", true),
            ("aws:sourcevpc", Like, "vpc-*", false),
            ("aws:sourcevpc", Like, "*", false),
            ("aws:sourcevpc", Like, "my-*", true),
            ("aws:sourcevpc", Equals, "my-vpc", true),
            ("aws:sourcevpc", Equals, "${aws:PrincipalTag/vpc}", false),
            ("aws:sourcevpc", Equals, "my-${aws:PrincipalTag/vpc}", true),
            ("aws:sourcevpc", Equals, "", true),
            ("aws:sourcevpce", Equals, "vpc-0a1b2c3d", true),
            ("aws:sourcevpce", Equals, "vpce-0a1b2c3d", false),
            ("aws:principalorgid", Equals, "o-a1b2c3d4e5", false),
            ("aws:principalorgid", Equals, "o-a1b2c3d4e", true),
            ("aws:principalorgid", Equals, "o-…", true),
            ("aws:principalorgid", Like, "o-*", false),
            ("aws:principalaccount", Equals, "123456789012", false),
            ("aws:principalaccount", Equals, "1234-5678-9012", true),
            ("aws:principalaccount", Equals, "12345678901", true),
            ("aws:principalaccount", Like, "1234567890??", false),
            ("aws:principalaccount", Like, "arn:aws:iam::*", true),
            ("aws:sourceip", IpAddress, "10.0.0.0/8", true),
            ("aws:sourceip", IpAddress, "10.255.255.255", true),
            ("aws:sourceip", IpAddress, "10.0.0.0/7", false),
            ("aws:sourceip", IpAddress, "9.255.255.255", false),
            ("aws:sourceip", IpAddress, "11.0.0.0", false),
            ("aws:sourceip", IpAddress, "172.15.255.255", false),
            ("aws:sourceip", IpAddress, "172.16.0.0", true),
            ("aws:sourceip", IpAddress, "172.31.255.255", true),
            ("aws:sourceip", IpAddress, "172.32.0.0", false),
            ("aws:sourceip", IpAddress, "192.168.0.0/15", false),
            ("aws:sourceip", IpAddress, "0.0.0.0/0", false),
            ("aws:sourceip", IpAddress, "0.0.0.0", true),
            ("aws:sourceip", IpAddress, "203.0.113.0/24", false),
            ("aws:sourceip", IpAddress, "::1", true),
            ("aws:sourceip", IpAddress, "fd00::/8", true),
            ("aws:sourceip", IpAddress, "::/0", false),
            ("aws:sourceip", IpAddress, "2001:db8::/32", false),
            ("aws:sourceip", Like, "10.*", true),
            ("aws:sourceip", Like, "10*", false),
            ("aws:sourceip", Like, "172.16.*", true),
            ("aws:sourceip", Like, "172.32.*", false),
            ("aws:sourceip", Equals, "192.168.1.1", true),
            ("aws:sourceip", Equals, "203.0.113.7", false),
        ] {
            let (wanted, _) = customer(value, Version::V2012, &mut Placeholders::default());
            let found = domain(key).unwrap().excludes(comparison, &wanted);
            assert_eq!(found, never, "{comparison:?} {value} for {key}");
        }
        assert!(domain("aws:vpcsourceip").is_none());
    }
}
