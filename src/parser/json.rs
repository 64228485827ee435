//! JSON values with their places. `serde_json` reads; a value is the borrowed text it was read from.
//!
//! A text is checked as a whole by [`read`], once. The values handed out after that are cut out of it, as the grammar
//! asks for them: in a text that is known to be JSON, quotes and brackets alone say where a value ends.

mod places;

pub(super) use places::Places;

use std::fmt;
use std::iter;
use std::ops::Range;

use rustc_hash::FxHashSet;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Written;
use super::decoded::{HolePart, PartEnd, Text};
use super::fault::Fault;
use super::source::Span;
use super::syntax::{self};
use crate::bytes;
use places::Entry;

/// The greatest number of arrays and objects inside one another; `serde_json` stops there as well.
const DEEPEST: usize = 127;

/// The greatest number of values and keys in a text. AWS's largest policy (10,240 characters) holds about a tenth of
/// these. The limit bounds memory: a value of one byte costs many bytes once read.
const MOST_VALUES: usize = 50_000;

/// The longest string, in bytes between its quotes: a document of AWS's largest size, URL-encoded, is shorter.
const LONGEST_STRING: usize = 64 * 1024;

const TOO_LARGE: &str = "an IAM policy has at most 10,240 characters: give the policies of one role, each in a file of its own";

/// A text of JSON and the places of its bytes in the file: the file itself, or a document decoded from a string of it.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) text: &'a str,
    place: Place<'a>,
    /// The places of its values; none before it is read.
    values: &'a [Entry],
}

#[derive(Clone, Copy)]
enum Place<'a> {
    /// The text is that of the file from this byte on.
    From(usize),
    /// The file offset of each byte and of the end.
    Mapped(&'a [u32]),
    /// The same for a text that is made from what a template says, with its holes and parts.
    Written(&'a Written),
}

impl<'a> Layer<'a> {
    /// The text of a file from byte `start` on.
    pub(super) fn file(text: &'a str, start: usize) -> Self {
        Layer {
            text,
            place: Place::From(start),
            values: &[],
        }
    }

    /// A decoded text with the file offset of each of its bytes and of its end.
    pub(super) fn decoded(text: &'a str, offsets: &'a [u32]) -> Self {
        Layer {
            text,
            place: Place::Mapped(offsets),
            values: &[],
        }
    }

    /// A text that is made from what a template says.
    pub(super) fn written(written: &'a Written) -> Self {
        Layer {
            text: &written.text,
            place: Place::Written(written),
            values: &[],
        }
    }

    /// The bytes of the file that a range of the text came from.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        // What a template says comes from several places, not always in their order.
        Span {
            start: start.min(end),
            end,
        }
    }

    fn offset(&self, at: usize) -> u32 {
        match self.place {
            Place::From(start) => (start + at) as u32,
            Place::Mapped(offsets) => mapped(offsets, at),
            Place::Written(written) => mapped(&written.offsets, at),
        }
    }

    /// The value with this index.
    fn value(self, index: u32) -> Value<'a> {
        let entry = self.values.get(index as usize);
        let place = entry.map_or(0..0, |e| e.start as usize..e.end as usize);
        Value {
            layer: self,
            start: place.start,
            raw: self.text.get(place).unwrap_or_default(),
            index,
        }
    }
}

/// The kinds of JSON values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Boolean => "a Boolean",
            Kind::Null => "null",
        })
    }
}

/// A JSON value: its text and where that starts.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    layer: Layer<'a>,
    raw: &'a str,
    start: usize,
    index: u32,
}

/// A key of an object and its value.
pub(super) struct Member<'a> {
    pub(super) key: Text,
    pub(super) value: Value<'a>,
}

impl<'a> Value<'a> {
    pub(super) fn kind(&self) -> Kind {
        match self.raw.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// The text of the value as it was written.
    pub(super) fn raw(&self) -> &'a str {
        self.raw
    }

    /// The whole token, with quotes or brackets.
    pub(super) fn span(&self) -> Span {
        self.layer.span(self.start..self.start + self.raw.len())
    }

    /// The first character: the quote or bracket that opens the value.
    pub(super) fn opening(&self) -> Span {
        self.layer.span(self.start..self.start + 1)
    }

    /// The range to underline: a string without its quotes, anything else whole.
    pub(super) fn label(&self) -> Span {
        if self.kind() == Kind::String && self.raw.len() > 2 {
            self.layer
                .span(self.start + 1..self.start + self.raw.len() - 1)
        } else {
            self.span()
        }
    }

    /// The members of an object in order, duplicates kept; none for other kinds.
    pub(super) fn members(&self) -> Vec<Member<'a>> {
        let read = |(key, value): (Value<'a>, Value<'a>)| {
            let key = key.string()?;
            Some(Member { key, value })
        };
        self.pairs().filter_map(read).collect()
    }

    /// The keys of an object and their values in order, duplicates kept; none for other kinds.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> + use<'a> {
        let mut inner = self.inner(Kind::Object);
        iter::from_fn(move || Some((inner.next()?, inner.next()?)))
    }

    /// The values inside an array or object; none in a value of another kind.
    pub(super) fn inner(&self, kind: Kind) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let layer = self.layer;
        let own = layer.values.get(self.index as usize);
        let end = own.filter(|_| self.kind() == kind).map_or(0, |e| e.after);
        let mut next = self.index + 1;
        iter::from_fn(move || {
            let here = next;
            next = layer
                .values
                .get(here as usize)
                .filter(|_| here < end)?
                .after;
            Some(layer.value(here))
        })
    }

    /// The members of an object, of a repeated key only the last one.
    pub(super) fn last_members(&self) -> Vec<Member<'a>> {
        let mut members = self.members();
        // Most objects are small and give each key once.
        let after = |at: usize| members.iter().skip(at + 1);
        let mut keys = members.iter().map(|m| &m.key.value).enumerate();
        if members.len() <= 16 && keys.all(|(at, key)| after(at).all(|m| m.key.value != *key)) {
            return members;
        }
        let mut seen = FxHashSet::default();
        let mut is_last: Vec<bool> = members
            .iter()
            .rev()
            .map(|m| seen.insert(m.key.value.as_str()))
            .collect();
        members.retain(|_| is_last.pop().unwrap_or(true));
        members
    }

    /// The value of a member of an object; of a repeated key the last.
    pub(super) fn member(&self, key: &str) -> Option<Value<'a>> {
        let named = self.pairs().filter(|(name, _)| name.is_text(key));
        named.last().map(|(_, value)| value)
    }

    /// Whether the value is the string of this text.
    fn is_text(&self, text: &str) -> bool {
        let inner = self.raw.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        match inner {
            Some(inner) if has_escape(inner) => self.string().is_some_and(|t| t.value == text),
            inner => inner == Some(text),
        }
    }

    /// The elements of an array; none for other kinds.
    pub(super) fn elements(&self) -> Vec<Value<'a>> {
        self.inner(Kind::Array).collect()
    }

    /// The text of a number or Boolean as it is written.
    pub(super) fn literal(&self) -> Text {
        let places = self.start..=self.start + self.raw.len();
        Text {
            value: self.raw.to_owned(),
            span: self.span(),
            offsets: match self.layer.place {
                Place::From(_) => None,
                Place::Mapped(_) | Place::Written(_) => {
                    Some(places.map(|at| self.layer.offset(at)).collect())
                }
            },
            holes: None,
            ends: None,
        }
    }

    /// The decoded text of a string.
    pub(super) fn string(&self) -> Option<Text> {
        let inner = self.raw.strip_prefix('"')?.strip_suffix('"')?;
        let span = self.label();
        if matches!(self.layer.place, Place::From(_)) && !has_escape(inner) {
            return Some(Text {
                value: inner.to_owned(),
                span,
                offsets: None,
                holes: None,
                ends: None,
            });
        }
        let holes = self.holes();
        let written_ends = self.ends();
        let mut ends: Vec<PartEnd> = Vec::new();
        let mut parts: Vec<HolePart> = Vec::new();
        let place = |at: usize| self.layer.offset(self.start + 1 + at);
        let shared = |offsets: Vec<u32>| {
            let mut pairs = offsets.windows(2);
            let same = pairs.all(|w| matches!(w, [a, b] if *b == a + 1));
            (!same).then(|| offsets.into_boxed_slice())
        };
        if holes.is_empty() && written_ends.len() <= 1 && !has_escape(inner) {
            return Some(Text {
                value: inner.to_owned(),
                span,
                offsets: shared((0..=inner.len()).map(place).collect()),
                holes: None,
                ends: None,
            });
        }
        let mut written_ends = written_ends.iter().peekable();
        let value: String = serde_json::from_str(self.raw).ok()?;
        let mut offsets = Vec::with_capacity(value.len() + 1);
        let mut at = 0;
        for c in value.chars() {
            if let Some(hole) = holes.iter().find(|h| h.range.start == self.start + 1 + at) {
                // The name of a hole has no escapes.
                let start = offsets.len();
                parts.push(HolePart {
                    range: start..start + hole.range.len(),
                    hole: hole.hole,
                });
            }
            // All bytes of an escaped character stand where the escape starts.
            let (width, step) = match inner.as_bytes().get(at..) {
                Some([b'\\', b'u', ..]) if u32::from(c) > 0xFFFF => (12, 0),
                Some([b'\\', b'u', ..]) => (6, 0),
                Some([b'\\', ..]) => (2, 0),
                _ => (c.len_utf8(), 1),
            };
            offsets.extend((0..c.len_utf8()).map(|i| place(at + i * step)));
            at += width;
            while let Some(end) = written_ends.next_if(|e| e.at <= self.start + 1 + at) {
                let at = offsets.len();
                ends.push(PartEnd { at, ..*end });
            }
        }
        offsets.push(place(at));
        Some(Text {
            value,
            span,
            offsets: shared(offsets),
            holes: (!parts.is_empty()).then(|| parts.into_boxed_slice()),
            ends: (ends.len() > 1).then(|| ends.into_boxed_slice()),
        })
    }

    /// The parts of a text of a template that are not known, within this value.
    fn holes(&self) -> &'a [HolePart] {
        let Place::Written(Written { holes, .. }) = self.layer.place else {
            return &[];
        };
        let end = self.start + self.raw.len();
        let from = holes.partition_point(|h| h.range.start < self.start);
        let to = holes.partition_point(|h| h.range.start < end);
        holes.get(from..to).unwrap_or_default()
    }

    /// The ends of the parts that a text of a template is put together of, within this value.
    fn ends(&self) -> &'a [PartEnd] {
        let Place::Written(Written { ends, .. }) = self.layer.place else {
            return &[];
        };
        let end = self.start + self.raw.len();
        let from = ends.partition_point(|e| e.at < self.start);
        let to = ends.partition_point(|e| e.at < end);
        ends.get(from..to).unwrap_or_default()
    }

    /// Whether the file has another text: the value is decoded from a string, or made from what a template says.
    pub(super) fn is_decoded(&self) -> bool {
        !matches!(self.layer.place, Place::From(..))
    }
}

/// The file offset of a byte; for an index past the end, that of the end.
fn mapped(offsets: &[u32], at: usize) -> u32 {
    let place = offsets.get(at).or(offsets.last());
    place.copied().unwrap_or_default()
}

fn has_escape(inner: &str) -> bool {
    bytes::find(b'\\', inner.as_bytes()).is_some()
}

/// Checks a whole text and gives its value; `places` is where the places of all its values are kept. The fault is at
/// ranges of bytes of `layer.text`.
pub(super) fn read<'a>(layer: Layer<'a>, places: &'a mut Places) -> Result<Value<'a>, Fault> {
    let size = places.find(layer.text);
    if let Some(at) = size.too_deep {
        return Err(Fault::new(
            at..at + 1,
            format!("more than {DEEPEST} arrays and objects inside one another"),
        )
        .with_help("a policy needs five; this is not one"));
    }
    // Faults of a number or an escape only show when it is read.
    if !size.is_plain || serde_json::from_str::<IgnoredAny>(layer.text).is_err() {
        serde_json::from_str::<Checked>(layer.text)
            .map_err(|error| syntax::explain(layer.text, &error))?;
    }
    if let Some((at, what)) = size.too_large {
        return Err(Fault::new(at..at + 1, what)
            .about("size")
            .with_help(TOO_LARGE));
    }
    let layer = Layer {
        values: &places.values,
        ..layer
    };
    Ok(layer.value(0))
}

/// The text after a number, a Boolean or `null`.
const ENDS: [u8; 11] = *b"{}[],:\" \t\n\r";

/// The bytes of a string before its closing quote, given what follows its opening one; all of them where it has none.
fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = text
        .get(at..)
        .and_then(|rest| bytes::find_either(b'"', b'\\', rest))
    {
        if text.get(at + next) == Some(&b'"') {
            return at + next;
        }
        at += next + 2;
    }
    text.len()
}

/// Reads a value to its end as [`serde_json::Value`] would, surrogates and numbers included, and keeps nothing.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Checked, A::Error> {
        while seq.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checked, A::Error> {
        while map.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }
}

#[cfg(test)]
mod tests;
