//! Values of expressions: a tree whose texts know where each byte is written, with holes for unknown parts.

use std::rc::Rc;

use super::super::leaves::{Branch, Branching};
use super::syntax_tree::Block;
use crate::parser::{SourceId, Span};

/// The bytes that a value or a piece of a text takes beside its text.
const PART: u64 = 64;

/// A place in one of the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) source: SourceId,
    pub(super) span: Span,
}

/// The references, the innermost first, by which another file's value came to be here.
pub(super) type Via = Option<Rc<Link>>;

/// One of them.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) place: Place,
    pub(super) next: Via,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) node: Node,
    /// The whole token.
    pub(super) place: Place,
    pub(super) via: Via,
    /// The resource whose name, id or ARN this value is.
    pub(super) subject: Option<Rc<Instance>>,
    size: u64,
}

/// The kinds of values.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    Number(f64),
    Text(Rc<Vec<Piece>>),
    List(Rc<Vec<Value>>),
    /// Members in the order in which they are written; a key is a text, and once in it.
    Map(Rc<Vec<(Value, Value)>>),
    /// One of these; the hole with this index decides which.
    Choice(usize, Rc<Vec<Value>>),
    /// An unknown value: the index of its hole.
    Hole(usize),
    /// An element that is left out of its list or object.
    Absent,
    /// A text that is this value, as JSON.
    Json(Rc<Value>),
    /// A resource or data source, for its attributes.
    Resource(Rc<Instance>),
    /// A call of a module, for its outputs.
    Module(usize),
}

/// A part of a text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Bytes, with the place of each and of their end.
    Literal {
        text: String,
        source: SourceId,
        offsets: Vec<u32>,
        via: Via,
    },
    /// Bytes that something else contributes: all of them are at the reference to it.
    Bound {
        text: String,
        place: Place,
        via: Via,
    },
    /// A value that is not known.
    Hole { hole: usize, place: Place, via: Via },
}

/// The first references, then the others.
pub(super) fn chain(first: &Via, then: &Via) -> Via {
    let Some(link) = first else {
        return then.clone();
    };
    if then.is_none() {
        return first.clone();
    }
    // Chains are short: a link for each file between a value and its use.
    Some(Rc::new(Link {
        place: link.place,
        next: chain(&link.next, then),
    }))
}

impl Piece {
    /// The bytes; none of a hole.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Piece::Literal { text, .. } | Piece::Bound { text, .. } => Some(text),
            Piece::Hole { .. } => None,
        }
    }

    fn via_mut(&mut self) -> &mut Via {
        match self {
            Piece::Literal { via, .. } | Piece::Bound { via, .. } | Piece::Hole { via, .. } => via,
        }
    }

    /// The place of the piece in the file.
    pub(super) fn place(&self) -> Place {
        match self {
            Piece::Literal {
                source, offsets, ..
            } => Place {
                source: *source,
                span: Span {
                    start: offsets.first().copied().unwrap_or_default(),
                    end: offsets.last().copied().unwrap_or_default(),
                },
            },
            Piece::Bound { place, .. } | Piece::Hole { place, .. } => *place,
        }
    }

    /// Whether it is written within a place.
    pub(super) fn is_within(&self, whole: Place) -> bool {
        let own = self.place();
        let (own_span, span) = (own.span, whole.span);
        own.source == whole.source && span.start <= own_span.start && own_span.end <= span.end
    }

    /// Puts it where a reference to it is.
    pub(super) fn bind(&mut self, place: Place) {
        *self = match self {
            Piece::Hole { hole, .. } => Piece::Hole {
                hole: *hole,
                place,
                via: None,
            },
            Piece::Literal { text, .. } | Piece::Bound { text, .. } => Piece::Bound {
                text: std::mem::take(text),
                place,
                via: None,
            },
        };
    }

    /// The same as part of something that came by these references.
    pub(super) fn inherit(mut self, from: &Via) -> Piece {
        if from.is_some() {
            let via = self.via_mut();
            *via = chain(via, from);
        }
        self
    }

    /// A range of its bytes; all of a hole.
    pub(super) fn part(&self, range: std::ops::Range<usize>) -> Piece {
        let cut = |text: &str| text.get(range.clone()).unwrap_or_default().to_owned();
        match self {
            Piece::Literal {
                text,
                source,
                offsets,
                via,
            } => Piece::Literal {
                text: cut(text),
                source: *source,
                offsets: { offsets.get(range.start..=range.end) }
                    .unwrap_or_default()
                    .to_vec(),
                via: via.clone(),
            },
            Piece::Bound { text, place, via } => Piece::Bound {
                text: cut(text),
                place: *place,
                via: via.clone(),
            },
            Piece::Hole { .. } => self.clone(),
        }
    }
}

impl Branching for Value {
    fn branch(self) -> Branch<Self> {
        match &self.node {
            // Whichever it is, it is the name of one resource.
            Node::Choice(..) if self.is_of_resource() => Branch::Leaf(self),
            Node::List(_) => Branch::List(self.elements().unwrap_or_default()),
            Node::Choice(hole, alternatives) => {
                let alternatives = alternatives.iter().cloned();
                Branch::Choice(*hole, alternatives.map(|a| a.inherit(&self.via)).collect())
            }
            Node::Null | Node::Absent => Branch::Nothing,
            _ => Branch::Leaf(self),
        }
    }
}

impl Node {
    /// About as many bytes as the value takes once nothing in it is shared, and all of its text is written out.
    fn size(&self) -> u64 {
        let sum = |sizes: &mut dyn Iterator<Item = u64>| sizes.fold(PART, u64::saturating_add);
        match self {
            Node::Text(pieces) => sum(&mut pieces.iter().map(|piece| {
                let bytes = piece.text().map_or(0, str::len);
                PART + bytes as u64
            })),
            Node::List(all) | Node::Choice(_, all) => sum(&mut all.iter().map(|v| v.size)),
            Node::Map(all) => {
                let members = all.iter().map(|(k, v)| k.size.saturating_add(v.size));
                sum(&mut members.into_iter())
            }
            // Each quote and backslash of a text within it has a backslash before it.
            Node::Json(inner) => inner.size.saturating_mul(2),
            Node::Null
            | Node::Boolean(_)
            | Node::Number(_)
            | Node::Hole(_)
            | Node::Absent
            | Node::Resource(_)
            | Node::Module(_) => PART,
        }
    }
}

impl Value {
    pub(super) fn new(node: Node, place: Place) -> Self {
        Value {
            size: node.size(),
            node,
            place,
            via: None,
            subject: None,
        }
    }

    /// About as many bytes as it takes once nothing in it is shared.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Another content with the same place and references.
    pub(super) fn with(&self, node: Node) -> Value {
        Value {
            via: self.via.clone(),
            subject: self.subject.clone(),
            ..Value::new(node, self.place)
        }
    }

    /// The same as the name, the id or the ARN of a resource.
    pub(super) fn of(mut self, subject: Option<Rc<Instance>>) -> Value {
        self.subject = subject;
        self
    }

    /// Whether it is the name, the id or the ARN of a resource of the module.
    pub(super) fn is_of_resource(&self) -> bool {
        self.subject.as_ref().is_some_and(|of| !of.is_data())
    }

    pub(super) fn list(elements: Vec<Value>, place: Place) -> Self {
        Value::new(Node::List(Rc::new(elements)), place)
    }

    pub(super) fn map(members: Vec<(Value, Value)>, place: Place) -> Self {
        Value::new(Node::Map(Rc::new(members)), place)
    }

    pub(super) fn pieces_of(pieces: Vec<Piece>, place: Place) -> Self {
        Value::new(Node::Text(Rc::new(pieces)), place)
    }

    /// A text that is not written in a file as such.
    pub(super) fn bound(text: impl Into<String>, place: Place) -> Self {
        let text = text.into();
        let via = None;
        Value::pieces_of(vec![Piece::Bound { text, place, via }], place)
    }

    /// The same as part of something that came by these references.
    pub(super) fn inherit(mut self, from: &Via) -> Value {
        if from.is_some() {
            self.via = chain(&self.via, from);
        }
        self
    }

    /// The same, as what a reference at `place` stands for.
    pub(super) fn referred(self, place: Place) -> Value {
        let last = {
            let mut last = self.place.source;
            let mut link = &self.via;
            while let Some(l) = link {
                last = l.place.source;
                link = &l.next;
            }
            last
        };
        if last == place.source {
            return self;
        }
        let next = None;
        self.inherit(&Some(Rc::new(Link { place, next })))
    }

    /// The same, all of it at one place.
    pub(super) fn bound_at(&self, place: Place) -> Value {
        let node = match &self.node {
            Node::Text(pieces) => {
                let bound = pieces.iter().map(|piece| match piece {
                    Piece::Hole { hole, .. } => Piece::Hole {
                        hole: *hole,
                        place,
                        via: None,
                    },
                    piece => Piece::Bound {
                        text: piece.text().unwrap_or_default().to_owned(),
                        place,
                        via: None,
                    },
                });
                Node::Text(Rc::new(bound.collect()))
            }
            Node::List(all) => Node::List(Rc::new(all.iter().map(|v| v.bound_at(place)).collect())),
            Node::Map(all) => {
                let bound = |(k, v): &(Value, Value)| (k.bound_at(place), v.bound_at(place));
                Node::Map(Rc::new(all.iter().map(bound).collect()))
            }
            node => node.clone(),
        };
        Value::new(node, place)
    }

    /// The elements of a list or the values of an object.
    pub(super) fn elements(&self) -> Option<Vec<Value>> {
        let inherit = |v: &Value| v.clone().inherit(&self.via);
        match &self.node {
            Node::List(all) => Some(all.iter().map(inherit).collect()),
            Node::Map(all) => Some(all.iter().map(|(_, v)| inherit(v)).collect()),
            _ => None,
        }
    }

    /// The members of an object.
    pub(super) fn members(&self) -> Option<Vec<(Value, Value)>> {
        let Node::Map(all) = &self.node else {
            return None;
        };
        let inherit = |v: &Value| v.clone().inherit(&self.via);
        Some(all.iter().map(|(k, v)| (inherit(k), inherit(v))).collect())
    }

    /// The value of a member of an object.
    pub(super) fn get(&self, key: &str) -> Option<Value> {
        let Node::Map(all) = &self.node else {
            return None;
        };
        let found = all.iter().find(|(k, _)| k.is_text(key));
        found.map(|(_, v)| v.clone().inherit(&self.via))
    }

    /// The text of a scalar that is known in full.
    pub(super) fn text(&self) -> Option<String> {
        match &self.node {
            Node::Text(pieces) => pieces.iter().map(Piece::text).collect(),
            Node::Number(number) => Some(number_text(*number)),
            Node::Boolean(value) => Some(value.to_string()),
            _ => None,
        }
    }

    pub(super) fn is_text(&self, text: &str) -> bool {
        match &self.node {
            Node::Text(pieces) => match pieces.as_slice() {
                [one] => one.text() == Some(text),
                _ => self.text().as_deref() == Some(text),
            },
            _ => false,
        }
    }

    /// Whether it is a text that is known in full.
    pub(super) fn is_known_text(&self) -> bool {
        matches!(&self.node, Node::Text(pieces) if pieces.iter().all(|p| p.text().is_some()))
    }

    pub(super) fn number(&self) -> Option<f64> {
        match &self.node {
            Node::Number(number) => Some(*number),
            Node::Text(_) => self.text()?.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match &self.node {
            Node::Boolean(value) => Some(*value),
            Node::Text(_) => match self.text()?.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether nothing in it is left open.
    pub(super) fn is_known(&self) -> bool {
        match &self.node {
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::Absent => true,
            Node::Text(pieces) => pieces.iter().all(|p| p.text().is_some()),
            Node::List(all) => all.iter().all(Value::is_known),
            Node::Map(all) => all.iter().all(|(k, v)| k.is_known() && v.is_known()),
            Node::Json(value) => value.is_known(),
            Node::Choice(..) | Node::Hole(_) | Node::Resource(_) | Node::Module(_) => false,
        }
    }
}

/// A number as Terraform writes it.
pub(super) fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 2^53")]
        let whole = number as i64;
        whole.to_string()
    } else {
        number.to_string()
    }
}

/// A part of the code and its file.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) source: SourceId,
    pub(super) it: T,
}

/// The values of `each.key`, `each.value` and `count.index`.
#[derive(Clone, Debug, Default)]
pub(super) struct Each {
    pub(super) key: Option<Value>,
    pub(super) value: Option<Value>,
    pub(super) index: Option<Value>,
    /// The hole that decides whether it is there at all.
    pub(super) optional: Option<usize>,
    /// Whether an optional one is there once at most.
    pub(super) is_single: bool,
}

/// One resource or data source.
#[derive(Debug)]
pub(super) struct Instance {
    /// `module.iam.aws_iam_role.node["a"]`
    pub(super) address: String,
    pub(super) module: usize,
    pub(super) block: Rc<Placed<Block>>,
    pub(super) each: Each,
}

impl Instance {
    pub(super) fn kind(&self) -> &str {
        self.block.it.label(0).unwrap_or_default()
    }

    pub(super) fn is_data(&self) -> bool {
        self.block.it.kind == "data"
    }

    pub(super) fn source(&self) -> SourceId {
        self.block.source
    }

    pub(super) fn name_span(&self) -> Span {
        self.block.it.name_span()
    }
}
