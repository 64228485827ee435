//! The statements of several documents, of which one is put over another by its `Sid`.

use std::rc::Rc;

use crate::inventory::terraform::value::{Node, Place, Value};

/// Replaces the statement with the same `Sid`, or adds one. With a `Sid` that is not known, it may replace any, or none.
pub(super) fn put_by_sid(statements: &mut Vec<Value>, statement: Value) {
    let sid = statement.get("Sid");
    let (hole, sids) = match sid.as_ref().map(|sid| &sid.node) {
        Some(Node::Choice(hole, of)) => (*hole, of.to_vec()),
        Some(Node::Hole(hole)) => {
            let known = statements.iter().filter_map(|s| s.get("Sid"));
            let known = known.filter(|sid| sid.text().is_some());
            // Or no statement has it.
            let none = Value::new(Node::Null, statement.place);
            (*hole, known.chain([none]).collect())
        }
        _ => (0, Vec::new()),
    };
    let all: Vec<Value> = sids.iter().map(|sid| with_sid(&statement, sid)).collect();
    if all.iter().any(|s| same_sid(statements, s).is_some()) {
        let lists = all.into_iter().map(|s| vec![s]);
        put_one_of(statements, hole, lists.collect(), statement.place);
        return;
    }
    let known = same_sid(statements, &statement);
    match known.and_then(|at| statements.get_mut(at)) {
        Some(old) => *old = statement,
        None => statements.push(statement),
    }
}

/// The index of the statement with the same `Sid`, if that is known and not empty.
pub(super) fn same_sid(statements: &[Value], statement: &Value) -> Option<usize> {
    let own = statement.get("Sid")?.text().filter(|s| !s.is_empty())?;
    let is_same = |s: &Value| s.get("Sid").is_some_and(|sid| sid.is_text(&own));
    statements.iter().position(is_same)
}

/// Adds a choice between lists of statements; a single list may be absent. A statement whose `Sid` is there already becomes a
/// choice at its place.
pub(super) fn put_one_of(
    statements: &mut Vec<Value>,
    hole: usize,
    mut lists: Vec<Vec<Value>>,
    place: Place,
) {
    let mut all = lists.iter().flatten();
    if all.any(|s| same_sid(statements, s).is_some()) && lists.len() == 1 {
        lists.push(Vec::new());
    }
    for old in statements.iter_mut() {
        let one = [old.clone()];
        let is_it = |s: &Value| same_sid(&one, s).is_some();
        if lists.iter().flatten().any(is_it) {
            let new = lists.iter_mut().map(|list| {
                let at = list.iter().position(is_it);
                at.map_or_else(|| old.clone(), |at| list.remove(at))
            });
            let node = Node::Choice(hole, Rc::new(new.collect()));
            *old = Value::new(node, old.place);
        }
    }
    if lists.iter().any(|list| !list.is_empty()) {
        statements.push(one_of(hole, lists, place));
    }
}

/// One of several lists.
pub(super) fn one_of(hole: usize, lists: Vec<Vec<Value>>, place: Place) -> Value {
    let lists = lists.into_iter().map(|list| Value::list(list, place));
    Value::new(Node::Choice(hole, Rc::new(lists.collect())), place)
}

/// A statement with this `Sid`, or without any.
fn with_sid(statement: &Value, sid: &Value) -> Value {
    let Some(members) = statement.members() else {
        return statement.clone();
    };
    let is_none = matches!(sid.node, Node::Null | Node::Absent) || sid.is_text("");
    let members = members.into_iter().filter_map(|(key, value)| {
        if !key.is_text("Sid") {
            return Some((key, value));
        }
        (!is_none).then(|| (key, sid.clone()))
    });
    Value::map(members.collect(), statement.place)
}
