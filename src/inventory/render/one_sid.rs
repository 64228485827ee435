//! Alternatives that are read side by side, though only one of them exists.

use crate::inventory::value::{Node, Value};

/// Alternatives of statements, of which none has the `Sid` of an earlier one.
pub(super) fn with_own_sids(alternatives: Vec<Value>) -> Vec<Value> {
    let mut known = Vec::new();
    let own = alternatives.into_iter();
    own.map(|one| with_own_sid(one, &mut known)).collect()
}

/// A statement, or a list of them, without each `Sid` that is known; then its own are known, too.
pub(super) fn with_own_sid(value: Value, known: &mut Vec<String>) -> Value {
    let span = value.span;
    let mut own = Vec::new();
    let node = match value.node {
        Node::List(all) => Node::List(
            all.into_iter()
                .map(|v| without(v, known, &mut own))
                .collect(),
        ),
        node => without(Value { node, span }, known, &mut own).node,
    };
    known.extend(own);
    Value { node, span }
}

fn without(mut statement: Value, known: &[String], own: &mut Vec<String>) -> Value {
    if let Node::Map(members) = &mut statement.node {
        members.retain(|(key, value)| {
            let sid = value.text().filter(|_| key.is_text("Sid"));
            let is_known = sid.as_ref().is_some_and(|sid| known.contains(sid));
            own.extend(sid);
            !is_known
        });
    }
    statement
}
