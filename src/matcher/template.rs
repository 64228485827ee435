//! `${…}` and similar placeholders in resource strings: policy variables, placeholders of the reference, and text that
//! templates leave behind in the policies that are checked.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

mod without_sub;

pub use without_sub::of_template;

use std::ops::Range;

use super::arn::{Piece, Pieces};
use super::condition::fold_key;
use crate::parser::{Span, Version};
use crate::vocabulary::{self, canonical_placeholder, is_policy_variable, may_have_placeholders};

/// Numbers the placeholders of a run by name.
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    names: Vec<String>,
}

impl Placeholders {
    /// The number of this name; the same name has the same number.
    pub fn number(&mut self, name: &str) -> u32 {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            });
        at as u32
    }

    /// The number of a policy variable. Condition keys are compared without regard to case, so `${aws:UserName}` and
    /// `${aws:username}` are one variable.
    fn number_of_variable(&mut self, name: &str) -> u32 {
        let folded = |name: &str| {
            let (key, default) = variable_parts(name);
            (fold_key(key), default.map(str::to_owned))
        };
        if self.knows(name) {
            return self.number(name);
        }
        let own = folded(name);
        let same = |known: &String| known.eq_ignore_ascii_case(name) && folded(known) == own;
        match self.names.iter().position(same) {
            Some(at) => at as u32,
            None => self.number(name),
        }
    }

    /// Whether the name has a number.
    pub fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The name behind a number.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("?", String::as_str)
    }
}

/// A placeholder that a template left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leftover {
    /// The reference's name for it (`Region`), or the text between the delimiters where it is unknown.
    pub name: String,
    /// True where `name` is one of the reference's.
    pub known: bool,
    /// The bytes of the leftover in the string, delimiters included.
    pub range: Range<usize>,
    /// True where nothing replaces it any more: AWS gets it as it is.
    pub is_final: bool,
}

/// Splits a string of a policy that is checked into pieces.
pub fn customer(
    text: &str,
    version: Version,
    placeholders: &mut Placeholders,
) -> (Pieces, Vec<Leftover>) {
    if !may_have_placeholders(text) {
        return (literal(text), Vec::new());
    }
    let mut pieces = Vec::with_capacity(text.len());
    let mut leftovers = Vec::new();
    let mut done = 0;
    for found in vocabulary::placeholders(text) {
        let inner = found.inner;
        let piece = match inner {
            "*" | "?" | "$" if found.is_braced => {
                let escaped = inner.chars().next().filter(|_| version == Version::V2012);
                escaped.map(Piece::Char)
            }
            _ if found.is_braced && is_policy_variable(inner) => {
                (version == Version::V2012).then(|| variable(inner, placeholders))
            }
            _ => {
                let canonical = canonical_placeholder(inner);
                let name = canonical.unwrap_or(inner.trim()).to_owned();
                let number = placeholders.number(&name);
                leftovers.push(Leftover {
                    name,
                    known: canonical.is_some(),
                    range: found.range.clone(),
                    is_final: false,
                });
                Some(Piece::Placeholder(number))
            }
        };
        if let Some(piece) = piece {
            plain(text, done..found.range.start, &mut pieces);
            pieces.push((piece, Span::new(found.range.start, found.range.end)));
            done = found.range.end;
        }
    }
    plain(text, done..text.len(), &mut pieces);
    if !leftovers.is_empty() {
        name_fields(&mut pieces, &mut leftovers, placeholders);
    }
    (pieces.into(), leftovers)
}

/// The fields of an ARN that a placeholder may fill, and what it stands for.
const FIELDS: [(usize, &str); 3] = [(1, "Partition"), (3, "Region"), (4, "Account")];

/// Whether a name is that of a field, and not of the one at hand.
fn is_of_other_field(name: &str, field: &str) -> bool {
    name != field && FIELDS.iter().any(|(_, of)| *of == name)
}

fn is_arn(pieces: &[(Piece, Span)]) -> bool {
    let start = pieces.iter().map(|(p, _)| *p).take(4);
    start.eq("arn:".chars().map(Piece::Char))
}

/// A placeholder in the wrong field of an ARN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misplaced {
    /// The reference's name for it.
    pub name: String,
    /// The name for the field.
    pub field: &'static str,
    /// The bytes of the placeholder in the string.
    pub range: Range<usize>,
}

/// The placeholder of the partition, Region or account that fills the field of another one.
pub fn misplaced(text: &str) -> Option<Misplaced> {
    if !text.starts_with("arn:") {
        return None;
    }
    let mut placeholders = Placeholders::default();
    let (pieces, leftovers) = customer(text, Version::V2012, &mut placeholders);
    if leftovers.is_empty() {
        return None;
    }
    let fields: Vec<_> = pieces.split(|(p, _)| *p == Piece::Char(':')).collect();
    FIELDS.iter().find_map(|(at, field)| {
        let [(Piece::Placeholder(number), span)] = fields.get(*at)? else {
            return None;
        };
        let name = placeholders.name(*number);
        is_of_other_field(name, field).then(|| Misplaced {
            name: name.to_owned(),
            field,
            range: span.start as usize..span.end as usize,
        })
    })
}

/// A placeholder that fills the field of the partition, Region or account stands for it, whatever it is called, unless
/// it is that of another field.
fn name_fields(
    pieces: &mut [(Piece, Span)],
    leftovers: &mut [Leftover],
    placeholders: &mut Placeholders,
) {
    if !is_arn(pieces) {
        return;
    }
    let fields = pieces.split_mut(|(p, _)| *p == Piece::Char(':'));
    for (at, field) in fields.enumerate().take(5) {
        let Some((_, name)) = FIELDS.iter().find(|(of, _)| *of == at) else {
            continue;
        };
        if let [(piece @ Piece::Placeholder(_), span)] = field {
            rename(piece, *span, name, leftovers, placeholders);
        }
    }
}

fn rename(
    piece: &mut Piece,
    span: Span,
    name: &str,
    leftovers: &mut [Leftover],
    placeholders: &mut Placeholders,
) {
    if matches!(piece, Piece::Placeholder(own) if is_of_other_field(placeholders.name(*own), name))
    {
        return;
    }
    *piece = Piece::Placeholder(placeholders.number(name));
    let range = span.start as usize..span.end as usize;
    for leftover in leftovers.iter_mut().filter(|l| l.range == range) {
        name.clone_into(&mut leftover.name);
        leftover.known = true;
    }
}

/// Splits a value that stands for one thing, such as a Region: a placeholder that is all of it stands for that.
pub fn customer_value(
    text: &str,
    version: Version,
    of: &str,
    placeholders: &mut Placeholders,
) -> (Pieces, Vec<Leftover>) {
    let (pieces, mut leftovers) = customer(text, version, placeholders);
    let mut own = pieces.to_vec();
    if let [(piece @ Piece::Placeholder(_), span)] = own.as_mut_slice() {
        rename(piece, *span, of, &mut leftovers, placeholders);
    }
    (own.into(), leftovers)
}

/// Splits a string of the reference into pieces: every `${Name}` is a placeholder.
pub fn reference(text: &str, placeholders: &mut Placeholders) -> Pieces {
    let mut pieces = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, end)) = next_placeholder(text, at) {
        plain(text, at..start, &mut pieces);
        let name = text.get(start + 2..end - 1).unwrap_or_default();
        let piece = match name {
            "*" | "?" | "$" => Piece::Char(name.chars().next().unwrap_or('$')),
            name if is_policy_variable(name) => variable(name, placeholders),
            name => Piece::Placeholder(placeholders.number(name)),
        };
        pieces.push((piece, Span::new(start, end)));
        at = end;
    }
    plain(text, at..text.len(), &mut pieces);
    pieces.into()
}

fn variable(name: &str, names: &mut Placeholders) -> Piece {
    // Tags can be set and empty, and a default can be the empty text.
    let (key, default) = variable_parts(name);
    let may_be_empty = key.to_ascii_lowercase().contains("tag/") || default == Some("");
    Piece::Variable {
        name: names.number_of_variable(name),
        may_be_empty,
    }
}

/// Whether five colons stand before what follows.
fn in_resource_part(pieces: &[(Piece, Span)]) -> bool {
    let colons = pieces.iter().filter(|(p, _)| *p == Piece::Char(':'));
    colons.count() >= 5
}

/// Replaces placeholders by their values, where `value` knows one; `*` and `?` of a value are wildcards.
pub fn bind<'v>(pieces: &Pieces, mut value: impl FnMut(u32) -> Option<&'v str>) -> Pieces {
    if !pieces
        .iter()
        .any(|(p, _)| matches!(p, Piece::Placeholder(_)))
    {
        return Pieces::clone(pieces);
    }
    let mut out = Vec::with_capacity(pieces.len() + 32);
    for (piece, span) in pieces.iter().copied() {
        let text = match piece {
            Piece::Placeholder(n) => value(n),
            _ => None,
        };
        // Also open in the policies: in a name it stays one unknown value, whose characters are the name's.
        let text = text.filter(|text| !(text.starts_with("${") && in_resource_part(&out)));
        match text {
            Some(text) => {
                let from = out.len();
                plain(text, 0..text.len(), &mut out);
                for (_, place) in out.iter_mut().skip(from) {
                    *place = span;
                }
            }
            None => out.push((piece, span)),
        }
    }
    out.into()
}

/// The condition key of a policy variable, and its default: `aws:PrincipalTag/team, 'none'`.
pub fn variable_parts(name: &str) -> (&str, Option<&str>) {
    let Some((key, default)) = name.split_once(',') else {
        return (name, None);
    };
    let default = default.trim_start().strip_prefix('\'');
    (key.trim_end(), default.and_then(|d| d.strip_suffix('\'')))
}

/// Replaces policy variables by their values, where `value` knows one; characters of a value stand for themselves.
pub fn resolve(pieces: &Pieces, mut value: impl FnMut(u32) -> Option<String>) -> Pieces {
    let is_variable = |(p, _): &(Piece, Span)| matches!(p, Piece::Variable { .. });
    if !pieces.iter().any(is_variable) {
        return Pieces::clone(pieces);
    }
    let mut out = Vec::with_capacity(pieces.len() + 32);
    for (piece, span) in pieces.iter().copied() {
        let text = match piece {
            Piece::Variable { name, .. } => value(name),
            _ => None,
        };
        match text {
            Some(text) => out.extend(text.chars().map(|c| (Piece::Char(c), span))),
            None => out.push((piece, span)),
        }
    }
    out.into()
}

/// The pieces of a value in which AWS reads no policy variables: they are literal text.
pub fn without_variables(pieces: &Pieces, placeholders: &Placeholders) -> Pieces {
    let is_variable = |(p, _): &(Piece, Span)| matches!(p, Piece::Variable { .. });
    if !pieces.iter().any(is_variable) {
        return Pieces::clone(pieces);
    }
    let mut out = Vec::with_capacity(pieces.len());
    for (piece, span) in pieces.iter().copied() {
        if let Piece::Variable { name, .. } = piece {
            let text = ["${", placeholders.name(name), "}"].concat();
            out.extend(text.chars().map(|c| (Piece::Char(c), span)));
        } else {
            out.push((piece, span));
        }
    }
    out.into()
}

/// The text of pieces, placeholders as `${Name}`.
pub fn spell(pieces: &[(Piece, Span)], placeholders: &Placeholders) -> String {
    let mut out = String::with_capacity(pieces.len());
    for (piece, _) in pieces {
        match piece {
            Piece::Char(c) => out.push(*c),
            Piece::Star | Piece::Word => out.push('*'),
            Piece::Question => out.push('?'),
            Piece::Placeholder(n) | Piece::Variable { name: n, .. } => {
                out.push_str("${");
                out.push_str(placeholders.name(*n));
                out.push('}');
            }
        }
    }
    out
}

/// The names of all `${Name}` in a string of the reference.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (start, end) = next_placeholder(text, at)?;
        at = end;
        text.get(start + 2..end - 1)
    })
    .filter(|name| !is_policy_variable(name))
}

/// A string of the reference with each `${Name}` replaced where `value` knows it.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, end)) = next_placeholder(text, at) {
        out.push_str(text.get(at..start).unwrap_or_default());
        let whole = text.get(start..end).unwrap_or_default();
        let name = text.get(start + 2..end - 1).unwrap_or_default();
        out.push_str(value(name).as_deref().unwrap_or(whole));
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A string with placeholders of any template's style, each spelled `${Name}` with the reference's
/// name where it is one.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in vocabulary::placeholders(text) {
        let inner = found.inner;
        if matches!(inner, "*" | "?" | "$") || is_policy_variable(inner) {
            continue;
        }
        let name = canonical_placeholder(inner).unwrap_or(inner.trim());
        out.push_str(text.get(done..found.range.start).unwrap_or_default());
        out.extend(["${", name, "}"]);
        done = found.range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

fn next_placeholder(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text.get(from..)?.find("${")?;
    let end = start + text.get(start..)?.find('}')? + 1;
    Some((start, end))
}

fn plain(text: &str, range: Range<usize>, pieces: &mut Vec<(Piece, Span)>) {
    let start = range.start;
    for (i, c) in text.get(range).unwrap_or_default().char_indices() {
        let span = Span::new(start + i, start + i + c.len_utf8());
        pieces.push((piece(c), span));
    }
}

/// The pieces of a text without placeholders and variables.
fn literal(text: &str) -> Pieces {
    if text.is_ascii() {
        let each = text.bytes().enumerate();
        each.map(|(i, b)| (piece(b.into()), Span::new(i, i + 1)))
            .collect()
    } else {
        let mut pieces = Vec::with_capacity(text.len());
        plain(text, 0..text.len(), &mut pieces);
        pieces.into()
    }
}

fn piece(c: char) -> Piece {
    match c {
        '*' => Piece::Star,
        '?' => Piece::Question,
        c => Piece::Char(c),
    }
}

#[cfg(test)]
mod tests;
