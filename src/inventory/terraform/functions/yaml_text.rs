//! Values of a text in YAML, as Terraform reads it: by the rules of YAML 1.1 for what is written without quotes.

use rustc_hash::FxHashMap;

use crate::inventory::json_text::Flat;
use crate::inventory::terraform::encode;
use crate::inventory::terraform::evaluate::{Machine, insert};
use crate::inventory::terraform::value::{Node, Piece, Place, Value};
use crate::parser::yaml::{self, Id, Limits, Scalar, Style, Tree};
use crate::parser::{SourceId, Span};

/// How many values a text may have.
const MOST: usize = 200_000;
/// The mark of a type of YAML's own.
const TYPE: &str = "!!";

const TRUE: [&str; 11] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
];
const FALSE: [&str; 11] = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
];

/// A value that is open: Terraform has one, and it is not read here.
struct Open;

impl Machine<'_> {
    /// The value of a text; `None` where it is not read.
    pub(super) fn of_yaml(&mut self, text: &Value) -> Option<Value> {
        let Node::Text(pieces) = &text.node else {
            return None;
        };
        let is_known = pieces.iter().all(|piece| piece.text().is_some());
        let (source, flat) = encode::flat(pieces, text.place, &text.via);
        let is_read = is_known && !flat.text.contains(TYPE);
        if !is_read || !self.spend(flat.text.len(), 0, text.place) {
            return None;
        }
        let limits = Limits {
            most: MOST,
            what: "text",
            has_unique_keys: false,
        };
        let Ok(tree) = yaml::parse(&flat.text, 0, limits) else {
            self.failures += 1;
            return None;
        };
        let mut reader = Reader {
            tree: &tree,
            flat: &flat,
            source,
            known: FxHashMap::default(),
        };
        let value = reader.value(tree.root()).ok()?;
        Some(value.inherit(&text.via))
    }
}

struct Reader<'t> {
    tree: &'t Tree<'t>,
    flat: &'t Flat,
    source: SourceId,
    /// Values that are read already: an alias is the value that it names.
    known: FxHashMap<Id, Value>,
}

impl Reader<'_> {
    fn value(&mut self, id: Id) -> Result<Value, Open> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        if self.tree.tag(id).is_some() {
            return Err(Open);
        }
        let place = self.place(self.tree.span(id));
        let value = match self.tree.value(id) {
            yaml::Value::Null => Value::new(Node::Null, place),
            yaml::Value::Scalar(text) => match self.tree.style(id) {
                Some(Style::Plain) => self.plain(id, text, place)?,
                _ => self.text(id, text, place),
            },
            yaml::Value::List(items) => {
                let items = items.to_vec();
                let all: Result<Vec<Value>, Open> =
                    { items.into_iter() }.map(|item| self.value(item)).collect();
                Value::list(all?, place)
            }
            yaml::Value::Map => {
                let mut members = Vec::new();
                for (key, value) in self.tree.entries(id).to_vec() {
                    if self.tree.is_merge(key) {
                        return Err(Open);
                    }
                    let key = self.value(key)?;
                    let text = key.text().ok_or(Open)?;
                    let key = match key.node {
                        Node::Text(_) => key,
                        _ => Value::bound(text, key.place),
                    };
                    insert(&mut members, key, self.value(value)?);
                }
                Value::map(members, place)
            }
        };
        self.known.insert(id, value.clone());
        Ok(value)
    }

    /// The value of a word without quotes.
    fn plain(&self, id: Id, text: &str, place: Place) -> Result<Value, Open> {
        let is_number = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        let starts_as_one = text.starts_with(|c: char| is_number(c) && !c.is_alphabetic());
        if TRUE.contains(&text) || FALSE.contains(&text) {
            return Ok(Value::new(Node::Boolean(TRUE.contains(&text)), place));
        }
        if !starts_as_one {
            return Ok(self.text(id, text, place));
        }
        if let Some(number) = { text.parse::<f64>().ok() }.filter(|_| text.chars().all(is_number)) {
            return Ok(Value::new(Node::Number(number), place));
        }
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let is_year = digits(year).is_some_and(|year| year.len() == 4);
        if is_year && month.is_some() {
            // A day is a time for Terraform, so the version of a policy needs quotes.
            let number = |part| digits(part)?.parse::<u8>().ok();
            let (Some(month @ 1..=12), Some(day @ 1..=28)) = (number(month), number(day)) else {
                return Err(Open);
            };
            let year = year.unwrap_or_default();
            let time = format!("{year}-{month:02}-{day:02}T00:00:00Z");
            return Ok(Value::bound(time, place));
        }
        let is_special = [".i", ".I", ".n", ".N", "0x", "0X", "0o", "0O"];
        let unsigned = text.trim_start_matches(['+', '-']);
        if is_special.iter().any(|start| unsigned.starts_with(start)) {
            return Err(Open);
        }
        Ok(self.text(id, text, place))
    }

    /// A text with the place of each byte.
    fn text(&self, id: Id, text: &str, place: Place) -> Value {
        let at = |at: u32| {
            let own = self.flat.offsets.get(at as usize);
            own.or(self.flat.offsets.last())
                .copied()
                .unwrap_or_default()
        };
        let span = self.tree.span(id);
        let offsets: Vec<u32> = match self.tree.scalar(id) {
            Some(Scalar::Plain(_)) => (span.start..=span.end).map(at).collect(),
            Some(Scalar::Mapped(_, offsets)) => offsets.into_iter().map(at).collect(),
            None => return Value::bound(text, place),
        };
        let piece = Piece::Literal {
            text: text.to_owned(),
            source: self.source,
            offsets,
            via: None,
        };
        Value::pieces_of(vec![piece], place)
    }

    fn place(&self, span: Span) -> Place {
        let offsets = &self.flat.offsets;
        let at = |at: u32| offsets.get(at as usize).or(offsets.last()).copied();
        Place {
            source: self.source,
            span: Span {
                start: at(span.start).unwrap_or_default(),
                end: at(span.end).unwrap_or_default(),
            },
        }
    }
}

/// A part of a date, if it is a number without a sign.
fn digits(part: Option<&str>) -> Option<&str> {
    part.filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}
