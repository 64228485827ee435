//! Values as a reader knows them: objects, lists and texts with their places, and holes.

use super::leaves::{Branch, Branching};
use crate::parser::Span;

/// A value and where it is written, in the file of its document.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// The content of the value.
    pub node: Node,
    /// The whole token. What another file contributes has the place of the reference to it.
    pub span: Span,
}

/// The kinds of values.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A text, piece by piece.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Value>),
    /// The members of an object in order, a key once. A key is a [`Node::Text`].
    Map(Vec<(Value, Value)>),
    /// One of these, and which is not known (`Fn::If` with an unknown condition). The index is that of a hole.
    Choice(usize, Vec<Value>),
    /// Nothing is known of the value. The index is that of a hole.
    Hole(usize),
    /// No value: `AWS::NoValue`. Lists and objects leave it out.
    Absent,
}

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Bytes that the file has as they are, from `start` on.
    Plain {
        /// The bytes.
        text: String,
        /// The place of the first byte in the file.
        start: u32,
    },
    /// Bytes with the place of each, and of their end.
    Mapped {
        /// The bytes.
        text: String,
        /// One more than there are bytes.
        offsets: Vec<u32>,
    },
    /// Bytes that another text contributes: all of them stand where the reference to it is written.
    Bound {
        /// The bytes.
        text: String,
        /// The reference.
        span: Span,
    },
    /// A value that is not known.
    Hole {
        /// Index of the hole.
        hole: usize,
        /// The reference.
        span: Span,
    },
}

impl Piece {
    /// The bytes; none of a hole.
    pub fn text(&self) -> Option<&str> {
        match self {
            Piece::Plain { text, .. } | Piece::Mapped { text, .. } | Piece::Bound { text, .. } => {
                Some(text)
            }
            Piece::Hole { .. } => None,
        }
    }

    /// The place of the piece in the file.
    pub fn span(&self) -> Span {
        match self {
            Piece::Plain { text, start } => Span {
                start: *start,
                end: *start + text.len() as u32,
            },
            Piece::Mapped { offsets, .. } => Span {
                start: offsets.first().copied().unwrap_or_default(),
                end: offsets.last().copied().unwrap_or_default(),
            },
            Piece::Bound { span, .. } | Piece::Hole { span, .. } => *span,
        }
    }

    /// The same piece as what a reference stands for.
    #[must_use]
    pub fn bound_at(self, span: Span) -> Piece {
        match self {
            Piece::Plain { text, .. } | Piece::Mapped { text, .. } | Piece::Bound { text, .. } => {
                Piece::Bound { text, span }
            }
            Piece::Hole { hole, .. } => Piece::Hole { hole, span },
        }
    }

    /// A range of its bytes; all of a hole.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Piece {
        let cut = |text: &str| text.get(range.clone()).unwrap_or_default().to_owned();
        match self {
            Piece::Plain { text, start } => Piece::Plain {
                text: cut(text),
                start: *start + range.start as u32,
            },
            Piece::Mapped { text, offsets } => Piece::Mapped {
                text: cut(text),
                offsets: offsets
                    .get(range.start..=range.end)
                    .unwrap_or_default()
                    .to_vec(),
            },
            Piece::Bound { text, span } => Piece::Bound {
                text: cut(text),
                span: *span,
            },
            Piece::Hole { .. } => self.clone(),
        }
    }
}

impl Branching for &Value {
    fn branch(self) -> Branch<Self> {
        match &self.node {
            Node::List(elements) => Branch::List(elements.iter().collect()),
            Node::Choice(hole, alternatives) => {
                Branch::Choice(*hole, alternatives.iter().collect())
            }
            Node::Absent => Branch::Nothing,
            _ => Branch::Leaf(self),
        }
    }
}

impl Value {
    /// A text that the file has as it is.
    pub fn plain(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        Value {
            node: Node::Text(vec![Piece::Plain {
                text,
                start: span.start,
            }]),
            span,
        }
    }

    /// A text that a reference stands for.
    pub fn bound(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        Value {
            node: Node::Text(vec![Piece::Bound { text, span }]),
            span,
        }
    }

    /// An unknown value.
    pub fn hole(hole: usize, span: Span) -> Self {
        Value {
            node: Node::Hole(hole),
            span,
        }
    }

    /// No value.
    pub fn absent(span: Span) -> Self {
        Value {
            node: Node::Absent,
            span,
        }
    }

    /// The text of a scalar that is known in full.
    pub fn text(&self) -> Option<String> {
        match &self.node {
            Node::Text(pieces) => pieces.iter().map(Piece::text).collect(),
            Node::Number(text) => Some(text.clone()),
            Node::Boolean(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The pieces of a scalar as a text; a hole is a piece of its own.
    pub fn pieces(&self) -> Option<Vec<Piece>> {
        let bound = |text: String| {
            vec![Piece::Bound {
                text,
                span: self.span,
            }]
        };
        match &self.node {
            Node::Text(pieces) => Some(pieces.clone()),
            Node::Number(text) => Some(bound(text.clone())),
            Node::Boolean(value) => Some(bound(value.to_string())),
            Node::Hole(hole) | Node::Choice(hole, _) => Some(vec![Piece::Hole {
                hole: *hole,
                span: self.span,
            }]),
            _ => None,
        }
    }

    /// The value of a member of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.member(key).map(|(_, value)| value)
    }

    /// A member of an object.
    pub fn member(&self, key: &str) -> Option<(&Value, &Value)> {
        let Node::Map(members) = &self.node else {
            return None;
        };
        let mut members = members.iter();
        let (key, value) = members.find(|(k, _)| k.is_text(key))?;
        Some((key, value))
    }

    /// Whether it is this text.
    pub fn is_text(&self, text: &str) -> bool {
        match &self.node {
            Node::Text(pieces) => match pieces.as_slice() {
                [one] => one.text() == Some(text),
                _ => self.text().as_deref() == Some(text),
            },
            _ => false,
        }
    }

    /// The elements of a list; a value that is none alone; nothing for no value.
    pub fn elements(&self) -> &[Value] {
        match &self.node {
            Node::List(elements) => elements,
            Node::Absent => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The same value as what a reference stands for: everything in it has the place of the reference.
    #[must_use]
    pub fn bound_at(self, span: Span) -> Value {
        let node = match self.node {
            Node::Text(pieces) => {
                Node::Text(pieces.into_iter().map(|p| p.bound_at(span)).collect())
            }
            Node::List(elements) => {
                Node::List(elements.into_iter().map(|v| v.bound_at(span)).collect())
            }
            Node::Map(members) => {
                let bound = |(k, v): (Value, Value)| (k.bound_at(span), v.bound_at(span));
                Node::Map(members.into_iter().map(bound).collect())
            }
            Node::Choice(hole, of) => {
                Node::Choice(hole, of.into_iter().map(|v| v.bound_at(span)).collect())
            }
            node => node,
        };
        Value { node, span }
    }

    /// Calls `see` with every hole in it.
    pub fn each_hole(&self, see: &mut impl FnMut(usize)) {
        match &self.node {
            Node::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Hole { hole, .. } = piece {
                        see(*hole);
                    }
                }
            }
            Node::List(elements) => elements.iter().for_each(|v| v.each_hole(see)),
            Node::Map(members) => {
                for (key, value) in members {
                    key.each_hole(see);
                    value.each_hole(see);
                }
            }
            Node::Choice(hole, of) => {
                see(*hole);
                for value in of {
                    value.each_hole(see);
                }
            }
            Node::Hole(hole) => see(*hole),
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::Absent => {}
        }
    }
}

/// A permissions boundary that refuses nothing stands for none.
pub fn no_boundary(span: Span) -> Value {
    let word = |text: &str| Value::bound(text, span);
    let map = |members: Vec<(&str, Value)>| Value {
        node: Node::Map(members.into_iter().map(|(k, v)| (word(k), v)).collect()),
        span,
    };
    let all = ["Action", "Resource"].map(|key| (key, word("*")));
    let mut statement = vec![("Effect", word("Allow"))];
    statement.extend(all);
    map(vec![
        ("Version", word("2012-10-17")),
        ("Statement", map(statement)),
    ])
}
