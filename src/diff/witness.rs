//! Turns a word of the decision procedure into a request that a person recognises.

use super::scope::Scope;
use crate::catalog;
use crate::matcher::template::Placeholders;
use crate::matcher::{Pattern, Symbol};
use crate::reference::as_written;
use crate::reference::bindings::{is_account, is_region, partition_of};

/// Tried in this order where any Region would do.
const REGIONS: [&str; 9] = [
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "ap-northeast-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "us-iso-east-1",
];

/// Tried in this order where any account would do.
const ACCOUNTS: [&str; 3] = ["123456789012", "111122223333", "444455556666"];

/// A shortest word names an arbitrary Region or account by one letter; this puts a real one in its
/// place where the word then still shows the same (`holds`), and lets no name end in a separator.
/// The rest stays as it is.
pub(super) fn readable(
    word: &[Symbol],
    scope: &Scope,
    placeholders: &Placeholders,
    wanted: &[&Pattern],
    holds: impl Fn(&[Symbol]) -> bool,
) -> String {
    let colon = Symbol::char(':');
    let mut fields: Vec<Vec<Symbol>> = word.splitn(6, |s| *s == colon).map(<[_]>::to_vec).collect();
    let partition = fields
        .get(1)
        .map(|f| text(f, placeholders))
        .unwrap_or_default();
    let regions = REGIONS.iter().filter(|r| partition_of(r) == partition);
    if fields.len() == 6 {
        let invented = |f: &[Symbol], known: Option<&String>, real: fn(&str) -> bool| {
            let t = text(f, placeholders);
            !t.is_empty() && !t.contains("${") && !real(&t) && known != Some(&t)
        };
        let candidates: [(usize, Vec<&str>, bool); 2] = [
            (3, regions.copied().collect(), {
                fields
                    .get(3)
                    .is_some_and(|f| invented(f, scope.region.as_ref(), is_region))
            }),
            (4, ACCOUNTS.to_vec(), {
                fields
                    .get(4)
                    .is_some_and(|f| invented(f, scope.account.as_ref(), is_account))
            }),
        ];
        for (index, values, replace) in candidates {
            if !replace {
                continue;
            }
            for value in values {
                let mut changed = fields.clone();
                if let Some(field) = changed.get_mut(index) {
                    *field = value.chars().map(Symbol::char).collect();
                }
                if holds(&changed.join(&colon)) {
                    fields = changed;
                    break;
                }
            }
        }
    }
    // `parallelcluster-` is a shortest name for `parallelcluster-*`; with a letter it reads as one.
    let last = fields
        .last()
        .and_then(|f| f.last())
        .and_then(|s| s.as_char());
    if last.is_some_and(|c| !c.is_ascii_alphanumeric()) {
        let mut longer = fields.clone();
        if let Some(field) = longer.last_mut() {
            field.push(Symbol::char('a'));
        }
        if holds(&longer.join(&colon)) {
            fields = longer;
        }
    }
    let mut word = fields.join(&colon);
    let length = bare_length(&word, placeholders);
    // A reference may ask for the longer form alone.
    if let Some(bare) = word.get(..length)
        && (wanted.is_empty() || wanted.iter().any(|p| p.matches(bare)))
    {
        word.truncate(length);
    }
    as_written(text(&word, placeholders))
}

/// The length of an ARN without what requests carry behind it.
fn bare_length(word: &[Symbol], placeholders: &Placeholders) -> usize {
    let arn = text(word, placeholders);
    let service = arn.split(':').nth(2).unwrap_or_default();
    let suffix = catalog::checked_types(service).find_map(|kind| {
        let of_type = arn.splitn(6, ':').nth(5)?.strip_prefix(kind.kind)?;
        let named = of_type.strip_prefix(':')?.strip_suffix(kind.suffix)?;
        (!named.is_empty()).then(|| kind.suffix.chars().count())
    });
    word.len() - suffix.unwrap_or_default()
}

/// The word as text; placeholders as `${Name}`.
fn text(word: &[Symbol], placeholders: &Placeholders) -> String {
    let mut out = String::with_capacity(word.len());
    for symbol in word {
        match (symbol.as_char(), symbol.as_placeholder()) {
            (Some(c), _) => out.push(c),
            (None, Some(n)) => {
                out.push_str("${");
                out.push_str(placeholders.name(n));
                out.push('}');
            }
            (None, None) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}
