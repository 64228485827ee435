//! Arguments of the data source that are lists.

use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::syntax_tree::Expression;
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::SourceId;

impl Machine<'_> {
    /// Reports a value that is not a list, whatever is not known in it: Terraform makes none of a text.
    pub(super) fn require_list(
        &mut self,
        argument: &str,
        value: &Value,
        written: &Expression,
        source: SourceId,
    ) {
        let Some(kind) = other_kind(value) else {
            return;
        };
        let span = written.span;
        let message = format!("`{argument}` is {kind} where Terraform takes a list only");
        let help = "write `[` and `]` around it: Terraform refuses the data source";
        self.unread(Place { source, span }, message, help);
    }
}

/// The kind of a value that is not a list for certain.
fn other_kind(value: &Value) -> Option<&'static str> {
    match &value.node {
        Node::Text(_) | Node::Json(_) => Some("a string"),
        Node::Number(_) => Some("a number"),
        Node::Boolean(_) => Some("a boolean"),
        Node::Map(_) => Some("an object"),
        Node::Choice(_, of) => {
            let is_set = |v: &&Value| !matches!(v.node, Node::Null | Node::Absent);
            let mut kinds = of.iter().filter(is_set).map(other_kind);
            let first = kinds.next()??;
            kinds.all(|kind| kind.is_some()).then_some(first)
        }
        Node::Null
        | Node::List(_)
        | Node::Hole(_)
        | Node::Absent
        | Node::Resource(_)
        | Node::Module(_) => None,
    }
}

pub(super) fn is_empty_list(value: &Value) -> bool {
    match &value.node {
        Node::List(all) => all.is_empty(),
        Node::Map(all) => all.is_empty(),
        Node::Null => true,
        _ => false,
    }
}

/// A list of one is written without the brackets.
pub(super) fn single(value: Value) -> Value {
    match &value.node {
        Node::List(all) => match all.as_slice() {
            [one] if matches!(one.node, Node::Text(_)) => one.clone().inherit(&value.via),
            _ => value,
        },
        _ => value,
    }
}
