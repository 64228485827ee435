//! The values that the parameters of a nested stack get from its parent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::{Node, Piece, Value};
use crate::parser::{Hole, SourceId, Span};

/// A place in a file.
type Place = (SourceId, Span);

/// A nested stack of a template.
#[derive(Clone, PartialEq, Debug)]
pub struct Nested {
    /// Its logical id.
    pub name: String,
    /// The paths and URLs of its template, as far as they are known.
    pub templates: BTreeSet<String>,
    pub(super) source: SourceId,
    /// The names of the parameters that the parent has itself.
    pub(super) of_parent: BTreeSet<String>,
    /// The values of the parameters, for each setting of the parent's own parameters.
    pub(super) rows: Vec<BTreeMap<String, Value>>,
    pub(super) holes: Arc<[Hole]>,
}

/// The values that nested stacks give to one parameter.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Passed {
    /// The distinct values, as they are shown.
    pub(super) all: Vec<String>,
    /// The one of each row.
    of_rows: Vec<String>,
    pub(super) values: Vec<PassedValue>,
}

/// One of them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PassedValue {
    pub(super) pieces: Vec<Piece>,
    pub(super) holes: Arc<[Hole]>,
    pub(super) at: Place,
}

/// The value of a parameter in each row of some nested stacks, or the default where a row has none. `None` where it is not
/// passed, or where nothing says what it has in some row.
fn in_rows(
    name: &str,
    nested: &[Nested],
    default: Option<(&str, Place)>,
) -> Option<Vec<PassedValue>> {
    let is_passed = |of: &Nested| of.rows.iter().any(|row| row.contains_key(name));
    if !nested.iter().any(is_passed) {
        return None;
    }
    let rows = nested
        .iter()
        .flat_map(|of| of.rows.iter().map(move |row| (of, row)));
    let values = rows.map(|(of, row)| match row.get(name) {
        Some(value) => Some(PassedValue {
            pieces: pieces(value)?,
            holes: Arc::clone(&of.holes),
            at: (of.source, value.span),
        }),
        None => default.map(|(text, at)| PassedValue {
            pieces: vec![Piece::Bound {
                text: text.to_owned(),
                span: at.1,
            }],
            holes: Arc::default(),
            at,
        }),
    });
    values.collect()
}

/// The pieces of a value. A list is a text with commas.
fn pieces(value: &Value) -> Option<Vec<Piece>> {
    let Node::List(elements) = &value.node else {
        return value.pieces();
    };
    let mut all = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        let (text, span) = (",".to_owned(), value.span);
        all.extend((at > 0).then_some(Piece::Bound { text, span }));
        all.extend(element.pieces()?);
    }
    Some(all)
}

/// The values that nested stacks give to a parameter.
pub(super) fn passed(
    name: &str,
    nested: &[Nested],
    default: Option<(&str, Place)>,
) -> Option<Passed> {
    let mut all = Passed {
        all: Vec::new(),
        of_rows: Vec::new(),
        values: Vec::new(),
    };
    for value in in_rows(name, nested, default)? {
        let shown = shown(&value.pieces, &value.holes);
        all.of_rows.push(shown.clone());
        if !all.all.contains(&shown) {
            all.all.push(shown);
            all.values.push(value);
        }
    }
    Some(all)
}

impl Nested {
    /// Whether a template has all parameters that the parent passes.
    pub fn fits(&self, parameters: &BTreeSet<String>) -> bool {
        let mut passed = self.rows.iter().flat_map(BTreeMap::keys);
        passed.all(|name| parameters.contains(name))
    }
}

/// The names of the parameters that nested stacks pass.
pub(super) fn names(nested: &[Nested]) -> BTreeSet<&str> {
    let rows = nested.iter().flat_map(|of| &of.rows);
    rows.flat_map(BTreeMap::keys).map(String::as_str).collect()
}

/// Whether some nested stack passes no value of a parameter.
pub(super) fn is_left_out(name: &str, nested: &[Nested]) -> bool {
    let mut rows = nested.iter().flat_map(|of| &of.rows);
    rows.any(|row| !row.contains_key(name))
}

/// Whether the value of the command line is that of a parent's parameter, which has the same name as one that it passes.
pub(super) fn is_of_parent(name: &str, nested: &[Nested]) -> bool {
    let passes = |of: &&Nested| of.rows.iter().any(|row| row.contains_key(name));
    { nested.iter().filter(passes) }.any(|of| of.of_parent.contains(name))
}

/// The values that some parameters have together, for each setting of the parents.
pub(super) fn together<'p>(
    parameters: impl Iterator<Item = (&'p String, &'p Passed)>,
    nested: &[Nested],
) -> Vec<BTreeMap<String, String>> {
    let count = nested.iter().map(|of| of.rows.len()).sum();
    let mut rows = vec![BTreeMap::new(); count];
    for (name, passed) in parameters {
        for (row, value) in rows.iter_mut().zip(&passed.of_rows) {
            row.insert(name.clone(), value.clone());
        }
    }
    rows
}

impl Passed {
    /// Whether a part of some value is not known.
    pub(super) fn is_open(&self) -> bool {
        let mut pieces = self.values.iter().flat_map(|value| &value.pieces);
        pieces.any(|piece| piece.text().is_none())
    }
}

/// A text with its holes as they are written.
pub(super) fn shown(pieces: &[Piece], holes: &[Hole]) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Hole { hole, .. } => holes.get(*hole).map(Hole::marker),
        piece => piece.text().map(str::to_owned),
    });
    pieces.flatten().collect()
}
