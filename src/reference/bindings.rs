//! Values for the placeholders of a reference: given by flags, or inferred from the policies.

pub(crate) use crate::rejection::PARTITIONS;
use crate::rejection::REGION_PREFIXES;

mod open;

pub use open::{Left, Used, is_open};

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::value_shape::{has_shape, is_taken};
use crate::matcher::template::{self, Placeholders};
use crate::matcher::{Piece, Pieces};
use crate::parser::{SourceId, Span};

/// The source of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nothing said otherwise.
    Default,
    /// The option of the command line that gave it.
    Flag(String),
    /// Follows from the value of this placeholder.
    Follows(&'static str),
    /// Read off what is required.
    Required,
    /// Read off the policies, at this place.
    Inferred(SourceId, Span),
}

/// The value of one placeholder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The value; `*` for "judge for every one".
    pub value: String,
    /// The source of the value.
    pub origin: Origin,
}

/// The values of placeholders, by name. A placeholder with a value is *bound*.
#[derive(Clone, Default, Debug)]
pub struct Bindings {
    values: BTreeMap<String, Bound>,
}

/// Two places with different values of one placeholder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dissent {
    /// e.g. `Region`.
    pub name: String,
    /// The first value and its place.
    pub first: (String, SourceId, Span),
    /// The first place with another value.
    pub other: (String, SourceId, Span),
}

/// A Resource of an Allow statement, as the inference reads it.
#[derive(Clone, Debug)]
pub struct Vote<'a> {
    /// The string in pieces, no placeholder replaced.
    pub pieces: &'a Pieces,
    /// The file of the string.
    pub source: SourceId,
    /// Maps bytes of the string to bytes of the file.
    pub place: &'a dyn Place,
}

/// The place of a part of a string in its file.
pub trait Place: std::fmt::Debug {
    /// The bytes in the file of these bytes of the string.
    fn part(&self, range: Range<usize>) -> Span;
}

impl Place for crate::parser::Text {
    fn part(&self, range: Range<usize>) -> Span {
        crate::parser::Text::part(self, range)
    }
}

/// Whether a text has the form of an AWS Region (`us-gov-west-1`): two to four letters, words and a number of one or
/// two digits, with hyphens between them.
pub fn is_region(text: &str) -> bool {
    // Asked of every Resource of a policy; a regular expression takes longer to compile than all of them to look at.
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let mut parts = text.split('-');
    let area = parts.next().unwrap_or_default();
    let number = parts.next_back().unwrap_or_default();
    let mut words = parts.peekable();
    (2..=4).contains(&area.len())
        && is_word(area)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && words.peek().is_some()
        && words.all(is_word)
}

/// Whether a text is an AWS account id: 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The partition that a Region lies in.
pub fn partition_of(region: &str) -> &'static str {
    let mut partitions = PARTITIONS.iter().zip(REGION_PREFIXES);
    let found = partitions.find(|(_, prefix)| !prefix.is_empty() && region.starts_with(*prefix));
    found.map_or("aws", |(name, _)| *name)
}

/// The option of the command line that binds a placeholder.
pub fn option_for(name: &str) -> String {
    match name {
        "Region" => "--region REGION".to_owned(),
        "Account" => "--account ID".to_owned(),
        "Partition" => "--partition NAME".to_owned(),
        CLUSTER => "--cluster-name NAME".to_owned(),
        name => format!("--set {name}=VALUE"),
    }
}

/// Values of one placeholder that are inferred at most.
const MOST_VALUES: usize = 64;

impl Bindings {
    /// The hash in the name of the bucket of the account and Region, where both have one value.
    pub(super) fn bucket_hash(&self) -> Option<String> {
        let known = |name| self.one(name).filter(|value| !is_open(value));
        let name = format!("{}{}", known("Account")?, known("Region")?);
        let digest = Sha256::digest(name.as_bytes());
        let digits = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
        Some(digits.collect())
    }

    /// The partition of the account, unless it is only assumed.
    pub fn known_partition(&self) -> Option<&str> {
        let bound = self.values.get("Partition")?;
        (bound.origin != Origin::Default).then_some(bound.value.as_str())
    }

    /// No placeholder has a value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds a name, replacing an earlier value.
    pub fn set(&mut self, name: &str, value: impl Into<String>, origin: Origin) {
        self.values.insert(
            name.to_owned(),
            Bound {
                value: value.into(),
                origin,
            },
        );
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|b| b.value.as_str())
    }

    /// Value and origin of a name.
    pub fn bound(&self, name: &str) -> Option<&Bound> {
        self.values.get(name)
    }

    /// The value of a name when it is one value rather than `*`.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|v| !v.contains(['*', '?']))
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bound)> {
        self.values.iter().map(|(n, b)| (n.as_str(), b))
    }

    /// As [`Bindings::infer`], but only names that `may` accepts get a value, and votes that disagree give none.
    pub fn infer_others(
        &mut self,
        votes: &[Vote<'_>],
        required: &[Pieces],
        placeholders: &Placeholders,
        may: impl Fn(&str) -> bool,
    ) {
        let mut wider = self.clone();
        wider.infer(votes, required, (&[], &[]), placeholders);
        for (name, bound) in wider.values {
            if self.get(&name).is_none() && may(&name) {
                self.set(&name, bound.value, bound.origin);
            }
        }
    }

    /// Pieces with every bound placeholder replaced by its value.
    pub fn apply(&self, pieces: &Pieces, placeholders: &Placeholders) -> Pieces {
        template::bind(pieces, |n| self.get(placeholders.name(n)))
    }

    /// Infers missing values: Region and Account from the ARN fields of `votes`, any other placeholder (and a Region
    /// that no field names) from a vote that equals one of `required` with the placeholder replaced by one literal.
    /// Those that the policies leave `open` are taken from `required` and from the values of its Conditions, or have one
    /// value that is not known.
    /// Voters that disagree bind nothing and are returned. Binds the partition last: that of the Region, or else `aws`.
    pub fn infer(
        &mut self,
        votes: &[Vote<'_>],
        required: &[Pieces],
        open: (&[Left<'_>], &[Pieces]),
        placeholders: &Placeholders,
    ) -> Vec<Dissent> {
        let mut dissents = Vec::new();
        for (name, field) in [("Region", 3), ("Account", 4)] {
            if self.get(name).is_none() {
                let literals = votes.iter().filter_map(|vote| {
                    let (text, range) = literal_field(vote.pieces, field)?;
                    let valid = if field == 3 {
                        is_region(&text)
                    } else {
                        is_account(&text)
                    };
                    valid.then(|| (text, vote.source, vote.place.part(range)))
                });
                self.agree(name, literals, &mut dissents);
            }
        }
        self.infer_open(votes, required, open, &dissents);
        let named = votes.iter().filter_map(|vote| {
            let parts = service_and_resource(vote.pieces)?;
            Some((vote, parts))
        });
        let named: Vec<_> = named.collect();
        // Binding one name can make another the only unknown of its ARN.
        for _ in 0..3 {
            let region = self.get("Region").map(str::to_owned);
            if self.get("Partition").is_none()
                && let Some(region) = region.filter(|r| !r.contains('*') && !is_open(r))
            {
                self.set(
                    "Partition",
                    partition_of(&region),
                    Origin::Follows("Region"),
                );
            }
            let mut found: BTreeMap<String, Vec<(String, SourceId, Span)>> = BTreeMap::new();
            for pieces in required {
                let bound = self.apply(pieces, placeholders);
                let Some(unknown) = Unknown::of(&bound) else {
                    continue;
                };
                for (vote, parts) in &named {
                    if let Some((n, text, range)) = unknown.stands_for(*parts) {
                        let name = placeholders.name(n);
                        if is_taken(name) || !has_shape(name, &text) {
                            continue;
                        }
                        let single = super::whole_arn(name).is_none() || super::is_list(name);
                        if single && (name != "Region" || is_region(&text)) {
                            let place = vote.place.part(range);
                            found.entry(name.to_owned()).or_default().push((
                                text,
                                vote.source,
                                place,
                            ));
                        }
                    }
                }
            }
            let before = self.values.len();
            for (name, values) in found {
                if !dissents.iter().any(|d: &Dissent| d.name == name) {
                    self.agree(&name, values.into_iter(), &mut dissents);
                }
            }
            if self.values.len() == before {
                break;
            }
        }
        if self.get("Partition").is_none() {
            self.set("Partition", "aws", Origin::Default);
        }
        dissents
    }

    fn agree(
        &mut self,
        name: &str,
        mut votes: impl Iterator<Item = (String, SourceId, Span)>,
        dissents: &mut Vec<Dissent>,
    ) {
        let Some(first) = votes.next() else { return };
        if super::is_list(name) {
            let mut values = vec![first.0];
            for (value, ..) in votes.take(MOST_VALUES) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            self.set(name, values.join(","), Origin::Inferred(first.1, first.2));
            return;
        }
        match votes.find(|(value, ..)| *value != first.0) {
            Some(other) => dissents.push(Dissent {
                name: name.to_owned(),
                first,
                other,
            }),
            None => self.set(name, first.0, Origin::Inferred(first.1, first.2)),
        }
    }
}

/// The text of one of the first five ARN fields where it is literal and not empty, with its bytes.
fn literal_field(pieces: &Pieces, field: usize) -> Option<(String, Range<usize>)> {
    use Piece::Char;
    let [
        (Char('a'), _),
        (Char('r'), _),
        (Char('n'), _),
        (Char(':'), _),
        rest @ ..,
    ] = &**pieces
    else {
        return None;
    };
    let mut rest = rest;
    for _ in 1..field {
        let colon = rest.iter().position(|(p, _)| matches!(p, Char(':')))?;
        rest = rest.get(colon + 1..)?;
    }
    let end = rest.iter().position(|(p, _)| matches!(p, Char(':')));
    let field = rest.get(..end.unwrap_or(rest.len()))?;
    let (first, last) = (field.first()?, field.last()?);
    Some((text_of(field)?, first.1.start as usize..last.1.end as usize))
}

fn text_of(pieces: &[(Piece, Span)]) -> Option<String> {
    pieces
        .iter()
        .map(|(p, _)| {
            if let Piece::Char(c) = p {
                Some(*c)
            } else {
                None
            }
        })
        .collect()
}

/// An ARN with one unbound placeholder, which is in its resource part.
struct Unknown<'a> {
    service: Part<'a>,
    head: Part<'a>,
    placeholder: u32,
    tail: Part<'a>,
}

impl<'a> Unknown<'a> {
    fn of(required: &'a Pieces) -> Option<Self> {
        let (service, resource) = service_and_resource(required)?;
        let mut unknown = resource
            .iter()
            .enumerate()
            .filter_map(|(i, (p, _))| match p {
                Piece::Placeholder(n) => Some((i, *n)),
                _ => None,
            });
        let (at, placeholder) = unknown.next()?;
        if unknown.next().is_some() || text_of(service).is_none() {
            return None;
        }
        Some(Unknown {
            service,
            head: resource.get(..at)?,
            placeholder,
            tail: resource.get(at + 1..)?,
        })
    }

    /// The literal that stands for the placeholder in a vote, whichever partition, Region and account the two have.
    fn stands_for(
        &self,
        (service, vote): (Part<'_>, Part<'_>),
    ) -> Option<(u32, String, Range<usize>)> {
        let at = self.head.len();
        let end = vote.len().checked_sub(self.tail.len())?;
        if !same(service, self.service)
            || !same(self.head, vote.get(..at)?)
            || !same(self.tail, vote.get(end..)?)
        {
            return None;
        }
        let value = vote.get(at..end)?;
        let text = text_of(value)?;
        // A bucket's name has neither; what follows them is the name of an object.
        let is_s3 = || text_of(service).as_deref() == Some("s3");
        if text.is_empty() || text.contains(['/', ':']) && is_s3() {
            return None;
        }
        let place = value.first()?.1.start as usize..value.last()?.1.end as usize;
        Some((self.placeholder, text, place))
    }
}

/// A part of a string in pieces.
type Part<'a> = &'a [(Piece, Span)];

fn same(a: Part<'_>, b: Part<'_>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b)
}

/// The service field and the resource part of an ARN.
fn service_and_resource(pieces: &Pieces) -> Option<(Part<'_>, Part<'_>)> {
    let mut fields = pieces.splitn(6, |(p, _)| *p == Piece::Char(':'));
    let service = fields.nth(2)?;
    Some((service, fields.nth(2)?))
}

/// The placeholder for the name of the cluster.
pub const CLUSTER: &str = "Cluster";

/// The placeholder for the cluster's name in the names of ECR repositories, which have no upper-case letters.
pub const LOWER_CASE_CLUSTER: &str = "LowerCaseCluster";
