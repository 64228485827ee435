//! The partition, Region and account that policies leave open: they are those of the cluster, whichever these are.

use super::{Bindings, Dissent, Origin, PARTITIONS, Unknown, Vote};
use super::{is_account, is_region, literal_field, service_and_resource};
use crate::matcher::Pieces;
use crate::matcher::template::Placeholders;
use crate::parser::{SourceId, Span};

/// A placeholder of the partition, Region or account in the policies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left<'a> {
    /// e.g. `Region`.
    pub name: &'a str,
    /// Its number.
    pub number: u32,
    /// The file.
    pub source: SourceId,
    /// The bytes of the placeholder in the file.
    pub span: Span,
}

/// The names of these placeholders, each with the field of an ARN that it fills and the form of its values.
const FIELDS: [(&str, usize, fn(&str) -> bool); 3] = [
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
    pub fn left_open<'p>(
        placeholders: &'p Placeholders,
        used: &[(u32, SourceId, Span)],
    ) -> Vec<Left<'p>> {
        let of = |(name, ..): &(&str, usize, fn(&str) -> bool)| {
            let is_it = |(number, ..): &&(u32, SourceId, Span)| placeholders.name(*number) == *name;
            let (number, source, span) = *used.iter().find(is_it)?;
            Some(Left {
                name: placeholders.name(number),
                number,
                source,
                span,
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
            values.extend(in_names(votes, required, left.number));
            values.retain(|value| is_value(value));
            values.sort_unstable();
            values.dedup();
            match values.as_slice() {
                [one] => self.set(name, one.clone(), Origin::Required),
                // The partition that nobody names is `aws`.
                _ if is_partition => {}
                _ => {
                    let origin = Origin::Inferred(left.source, left.span);
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
