//! The code of a module as blocks and expressions, whichever of its two spellings a file uses.

use crate::parser::Span;

/// The content of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) attributes: Vec<Attribute>,
    pub(super) blocks: Vec<Block>,
}

/// `key = value`.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) name_span: Span,
    pub(super) value: Expression,
}

/// `kind "label" "label" { … }`.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    /// The text of each label, and where it is.
    pub(super) labels: Vec<(String, Span)>,
    pub(super) body: Body,
    /// From the kind to the closing brace.
    pub(super) span: Span,
    /// The kind and the labels.
    pub(super) header: Span,
}

impl Body {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Expression> {
        self.attribute(name).map(|a| &a.value)
    }
}

impl Block {
    pub(super) fn label(&self, index: usize) -> Option<&str> {
        self.labels.get(index).map(|(text, _)| text.as_str())
    }

    /// The place of its name: the last label, else the kind.
    pub(super) fn name_span(&self) -> Span {
        self.labels.last().map_or(self.header, |(_, span)| *span)
    }
}

/// An expression and where it is.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) node: Node,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(String),
    /// A text between quotes, or a heredoc.
    Template(Vec<Part>),
    Tuple(Vec<Expression>),
    Object(Vec<(Expression, Expression)>),
    /// A name, and what follows it: `var.x`, `local.list[0]`.
    Name(String),
    Traversal(Box<Expression>, Vec<Step>),
    Call(Box<Call>),
    Conditional(Box<[Expression; 3]>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
    For(Box<For>),
}

/// A step behind an expression.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Attribute(String),
    Index(Expression),
    /// `.*`, which only attributes follow.
    Attributes,
    /// `[*]`
    Elements,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Expression>,
    /// Whether the last argument is a list of arguments: `concat(lists...)`.
    pub(super) expands: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
}

/// `[for key, value in over : result if condition]`, or with `{ name => result }`.
#[derive(Clone, Debug)]
pub(super) struct For {
    pub(super) key: Option<String>,
    pub(super) value: String,
    pub(super) over: Expression,
    pub(super) name: Option<Expression>,
    pub(super) result: Expression,
    pub(super) condition: Option<Expression>,
    /// Whether the results of one name are collected: `result...`.
    pub(super) groups: bool,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(Literal),
    /// `${…}`, with the place of all of it.
    Value(Expression, Span),
    If {
        condition: Expression,
        then: Vec<Part>,
        otherwise: Vec<Part>,
        span: Span,
    },
    For {
        key: Option<String>,
        value: String,
        over: Expression,
        body: Vec<Part>,
        span: Span,
    },
}

/// Bytes of a template, with the place of each and of their end.
#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    pub(super) text: String,
    pub(super) offsets: Vec<u32>,
}

impl Literal {
    /// Leaves a range of its bytes.
    pub(super) fn cut(&mut self, range: std::ops::Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
        let offsets = self.offsets.get(range.start..=range.end);
        self.offsets = offsets.unwrap_or_default().to_vec();
        self.text = text;
    }
}
