//! Values with alternatives, taken apart.

use super::Item;
use crate::inventory::leaves::leaves;
use crate::inventory::value::{Node, Piece, Value};

/// Elements without which a trust policy, or a statement of it, is another one.
pub(super) const PARTS: [&str; 5] = ["Statement", "Effect", "Principal", "Action", "Condition"];

/// The elements of lists, and what is not a list.
pub(super) fn flattened(all: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::with_capacity(all.len());
    for value in all {
        match value.node {
            Node::List(elements) => out.extend(elements),
            _ => out.push(value),
        }
    }
    out
}

/// Whether anything in a value is a choice or is not known at all.
pub(super) fn has_choice(value: &Value) -> bool {
    match &value.node {
        Node::Choice(..) | Node::Hole(_) => true,
        Node::List(elements) => elements.iter().any(has_choice),
        Node::Map(members) => members.iter().any(|(_, v)| has_choice(v)),
        _ => false,
    }
}

/// The values of a list, each with the hole that decides whether it is there. A list within a list is one value, which
/// IAM refuses; alternatives may be lists of any length.
pub(super) fn items(value: &Value, within: Option<usize>) -> Vec<Item<'_>> {
    let mut all = Vec::new();
    for value in value.elements() {
        if let Node::List(_) = value.node {
            all.push(Item { value, within });
        } else {
            let own = leaves(value, within).into_iter();
            all.extend(own.map(|(value, within)| Item { value, within }));
        }
    }
    all
}

/// The statements of a document that is one of several, if the template does not fix which.
pub(super) fn documents<'v>(value: &'v Value, within: Option<usize>, out: &mut Vec<Item<'v>>) {
    match &value.node {
        Node::Choice(hole, of) => of.iter().for_each(|v| documents(v, Some(*hole), out)),
        Node::Map(_) => {
            if let Some(list) = value.get("Statement") {
                out.extend(items(list, within));
            }
        }
        Node::Absent => {}
        _ => out.push(Item { value, within }),
    }
}

/// Whether a value may be a word for some values of its holes.
pub(super) fn may_be(value: &Value, word: &str) -> bool {
    match &value.node {
        Node::Choice(_, of) => of.iter().any(|value| may_be(value, word)),
        // A value that is not a scalar is refused later.
        _ => { value.pieces() }.is_none_or(|pieces| can_spell(&pieces, word)),
    }
}

/// Whether the pieces of a text can spell a word together; a hole stands for any text.
fn can_spell(pieces: &[Piece], word: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return word.is_empty();
    };
    if let Some(text) = first.text() {
        return { word.strip_prefix(text) }.is_some_and(|word| can_spell(rest, word));
    }
    let mut ends = word.char_indices().map(|(at, _)| at).chain([word.len()]);
    ends.any(|at| word.get(at..).is_some_and(|word| can_spell(rest, word)))
}

/// Whether no value of its holes makes an action of a text, which has one colon. It is then refused as it is written.
pub(super) fn is_no_action(value: &Value) -> bool {
    let pieces = value.pieces().unwrap_or_default();
    let known = pieces.iter().filter_map(Piece::text);
    known.map(|text| text.matches(':').count()).sum::<usize>() > 1
}

/// An action whose holes stand for whatever they can: `sqs:*` for `sqs:${Action}`, else `*`.
pub(super) fn any_action(value: &Value) -> Value {
    let pieces = value.pieces().unwrap_or_default();
    let known = pieces.iter().map_while(Piece::text);
    let known: String = known.collect();
    let text = match known.split_once(':') {
        Some((service, name)) if !service.contains(['*', '?']) => {
            // What is known of the end of the name stays out: to say less grants more.
            format!("{service}:{name}*")
        }
        _ => "*".to_owned(),
    };
    Value::bound(text, value.span)
}
