//! Values with alternatives, taken apart.

use super::{Draft, Item};
use crate::inventory::value::{Node, Piece, Value};
use crate::parser::{Extreme, Flags};

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

/// The values of lists, taken apart.
pub(super) struct Items<'v> {
    /// As [`super::Attached::joins_lists`].
    joins_lists: bool,
    found: Vec<Item<'v>>,
}

impl<'v> Items<'v> {
    pub(super) fn new(joins_lists: bool) -> Self {
        Items {
            joins_lists,
            found: Vec::new(),
        }
    }

    /// The values of a list, each with the hole that decides whether it is there. A list within a list is one value,
    /// which IAM refuses; alternatives of a whole list may be lists of any length.
    pub(super) fn of_list(mut self, value: &'v Value, within: Option<usize>) -> Vec<Item<'v>> {
        let branches = Vec::new();
        self.list(&Item {
            value,
            within,
            branches,
        });
        self.found
    }

    /// The statements of a document that is one of several, if the template does not fix which.
    pub(super) fn of_documents(mut self, value: &'v Value, within: Option<usize>) -> Vec<Item<'v>> {
        let branches = Vec::new();
        self.document(Item {
            value,
            within,
            branches,
        });
        self.found
    }

    fn list(&mut self, list: &Item<'v>) {
        for element in list.value.elements() {
            let element = list.with(element);
            match (&list.value.node, &element.value.node) {
                (_, Node::List(_)) => self.found.push(element),
                (Node::List(_), _) => self.value(element, self.joins_lists),
                _ => self.value(element, true),
            }
        }
    }

    /// A value that is none, or one of several. `may_be_list` is true where an alternative may be a list of values.
    fn value(&mut self, item: Item<'v>, may_be_list: bool) {
        match &item.value.node {
            Node::Choice(hole, of) => {
                for (at, one) in of.iter().enumerate() {
                    self.value(item.in_branch(one, *hole, at), may_be_list);
                }
            }
            Node::List(elements) if may_be_list => {
                for one in elements {
                    self.value(item.with(one), self.joins_lists);
                }
            }
            Node::Absent => {}
            _ => self.found.push(item),
        }
    }

    fn document(&mut self, item: Item<'v>) {
        match &item.value.node {
            Node::Choice(hole, of) => {
                for (at, one) in of.iter().enumerate() {
                    self.document(item.in_branch(one, *hole, at));
                }
            }
            Node::Map(_) => {
                if let Some(list) = item.value.get("Statement") {
                    self.list(&item.with(list));
                }
            }
            Node::Absent => {}
            _ => self.found.push(item),
        }
    }
}

impl<'v> Item<'v> {
    /// Another value in the same place.
    fn with(&self, value: &'v Value) -> Self {
        Item {
            value,
            within: self.within,
            branches: self.branches.clone(),
        }
    }

    /// An alternative.
    fn in_branch(&self, value: &'v Value, hole: usize, at: usize) -> Self {
        let mut item = self.with(value);
        item.within = Some(hole);
        item.branches.push((hole, at));
        item
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

impl Draft<'_> {
    /// An unknown statement may allow and deny everything.
    pub(super) fn any_statement(&mut self, value: &Value, hole: usize) {
        let word = |text: &str| Value::bound(text, value.span);
        self.unknown.push(hole);
        let members = [("Effect", "Allow"), ("Action", "*"), ("Resource", "*")];
        self.open('{', value.span);
        for (key, text) in members {
            self.key(&word(key));
            self.value(&word(text));
            self.separate();
        }
        self.close('}', value.span);
        self.statements.push(Flags {
            is_absent: self.extreme == Extreme::Worst,
            may_allow: false,
            holes: vec![hole],
            branches: Vec::new(),
        });
    }
}
