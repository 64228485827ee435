//! The partition, Region and account that policies leave open: they are those of the cluster, whichever these are.

use super::{Bindings, Dissent, Origin, PARTITIONS, Unknown, Vote};
use super::{is_account, is_region, literal_field, service_and_resource};
use crate::matcher::Pieces;
use crate::matcher::template::Placeholders;
use crate::parser::{SourceId, Span};

/// A placeholder in the policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// Its number.
    pub number: u32,
    /// The file.
    pub source: SourceId,
    /// The bytes of the placeholder in the file.
    pub span: Span,
    /// Whether it has a value once the policies are deployed.
    pub is_replaced: bool,
}

/// A placeholder of the partition, Region or account in the policies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left<'a> {
    /// e.g. `Region`.
    pub name: &'a str,
    /// Where it is first; where it has a value, if it is there.
    pub used: Used,
}

/// The name of such a placeholder, the field of an ARN that it fills, and the form of its values.
type Field = (&'static str, usize, fn(&str) -> bool);

const FIELDS: [Field; 3] = [
    ("Region", 3, is_region),
    ("Account", 4, is_account),
    ("Partition", 1, |text| PARTITIONS.contains(&text)),
];

/// Whether a value is one that is not known: the placeholder itself.
pub fn is_open(value: &str) -> bool {
    value.starts_with("${")
}

impl Bindings {
    /// The first placeholders for the partition, Region and account in the policies.
    pub fn left_open<'p>(placeholders: &'p Placeholders, used: &[Used]) -> Vec<Left<'p>> {
        let of = |(name, ..): &Field| {
            let own = || { used.iter() }.filter(|u| placeholders.name(u.number) == *name);
            let used = own().find(|u| u.is_replaced).or_else(|| own().next())?;
            Some(Left {
                name: placeholders.name(used.number),
                used: *used,
            })
        };
        FIELDS.iter().filter_map(of).collect()
    }

    /// Binds those that have no value.
    pub(super) fn infer_open(
        &mut self,
        votes: &[Vote<'_>],
        required: &[Pieces],
        (open, conditions): (&[Left<'_>], &[Pieces]),
        dissents: &[Dissent],
    ) {
        for left in open {
            let (Some((name, field, is_value)), None) = (
                FIELDS.iter().find(|(name, ..)| *name == left.name),
                self.get(left.name),
            ) else {
                continue;
            };
            if dissents.iter().any(|d| d.name == *name) {
                continue;
            }
            let is_partition = *name == "Partition";
            if is_partition && self.get("Region").is_some_and(|region| !is_open(region)) {
                continue;
            }
            let conditions = conditions.iter().filter(|_| !is_partition);
            let in_fields = required.iter().chain(conditions);
            let in_fields = in_fields.filter_map(|r| Some(literal_field(r, *field)?.0));
            let mut values: Vec<String> = in_fields.collect();
            values.extend(in_names(votes, required, left.used.number));
            // A value that nothing puts in the place of the placeholder is none.
            values.retain(|value| left.used.is_replaced && is_value(value));
            values.sort_unstable();
            values.dedup();
            match values.as_slice() {
                [one] => self.set(name, one.clone(), Origin::Required),
                // The partition that nobody names is `aws`.
                _ if is_partition => {}
                _ => {
                    let origin = Origin::Inferred(left.used.source, left.used.span);
                    self.set(name, format!("${{{name}}}"), origin);
                }
            }
        }
    }
}

/// What required names have where those of the policies have the placeholder.
fn in_names(votes: &[Vote<'_>], required: &[Pieces], number: u32) -> Vec<String> {
    let unknown: Vec<Unknown<'_>> = { votes.iter() }
        .filter_map(|vote| Unknown::of(vote.pieces).filter(|u| u.placeholder == number))
        .collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    let parts: Vec<_> = required.iter().filter_map(service_and_resource).collect();
    let found = unknown.iter().flat_map(|unknown| {
        let texts = parts.iter().filter_map(|parts| unknown.stands_for(*parts));
        texts.map(|(_, text, _)| text)
    });
    found.collect()
}
