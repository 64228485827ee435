//! Code in HCL's own syntax to [`Body`].

mod repeated_key;

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression as Code, ForExpr, ObjectKey, TraversalOperator, UnaryOperator,
};
use hcl_edit::structure::{Body as CodeBody, Structure};
use hcl_edit::template::{Directive, Element, Template};

use super::literal::{self, Style};
use super::syntax_tree::{
    Attribute, Block, Body, Call, Expression, For, Node, Operator, Part, Step,
};
use crate::parser::Span;

/// Code that cannot be read, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) span: Span,
}

/// Reads a file.
///
/// # Errors
///
/// The first place that is not HCL.
pub(super) fn body(text: &str) -> Result<Body, Fault> {
    let inner = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - inner.len();
    // A last line without its end is read by Terraform.
    let owned;
    let inner = if inner.ends_with('\n') {
        inner
    } else {
        owned = format!("{inner}\n");
        owned.as_str()
    };
    let (body, code) = repeated_key::parse(
        inner,
        |at| (start + at).min(text.len()) as u32,
        hcl_edit::parser::parse_body,
    )?;
    let places = (code.offsets.as_deref()).map_or(Places::From(start), Places::Mapped);
    let text = &code.text;
    Ok(Reader { text, places }.body(&body))
}

/// Reads a text with `${…}` and `%{…}`. `offsets` has the place of each byte and of the end.
///
/// # Errors
///
/// The first place that is not a template.
pub(super) fn template(text: &str, offsets: &[u32]) -> Result<Vec<Part>, Fault> {
    let (template, code) = repeated_key::parse(
        text,
        |at| offsets.get(at).or(offsets.last()).copied().unwrap_or(0),
        hcl_edit::parser::parse_template,
    )?;
    let places = Places::Mapped(code.offsets.as_deref().unwrap_or(offsets));
    let text = &code.text;
    Ok(Reader { text, places }.template(&template, Style::Bare))
}

/// The places of the bytes of a text in their file.
#[derive(Clone, Copy)]
enum Places<'a> {
    From(usize),
    Mapped(&'a [u32]),
}

/// Turns what `hcl_edit` read into what is evaluated.
struct Reader<'a> {
    text: &'a str,
    places: Places<'a>,
}

impl Reader<'_> {
    fn at(&self, offset: usize) -> u32 {
        match self.places {
            Places::From(start) => (start + offset) as u32,
            Places::Mapped(all) => all.get(offset).or(all.last()).copied().unwrap_or(0),
        }
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        Span {
            start: self.at(range.start),
            end: self.at(range.end),
        }
    }

    fn raw(&self, range: Option<Range<usize>>) -> &str {
        self.text.get(range.unwrap_or_default()).unwrap_or_default()
    }

    fn body(&self, body: &CodeBody) -> Body {
        let mut read = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => read.attributes.push(Attribute {
                    name: attribute.key.as_str().to_owned(),
                    name_span: self.span(attribute.key.span()),
                    value: self.expression(&attribute.value),
                }),
                Structure::Block(block) => {
                    let span = self.span(block.span());
                    let labels = block
                        .labels
                        .iter()
                        .filter_map(hcl_edit::structure::BlockLabel::span);
                    let words = labels.chain(block.ident.span());
                    let end = words.map(|w| w.end).max().unwrap_or_default();
                    let start = block.span().unwrap_or_default().start;
                    read.blocks.push(Block {
                        kind: block.ident.as_str().to_owned(),
                        labels: { block.labels.iter() }
                            .map(|label| (label.as_str().to_owned(), self.span(label.span())))
                            .collect(),
                        body: self.body(&block.body),
                        span,
                        header: self.span(Some(start..end.max(start))),
                    });
                }
            }
        }
        read
    }

    fn expression(&self, code: &Code) -> Expression {
        let span = self.span(code.span());
        let boxed = |code: &Code| Box::new(self.expression(code));
        let node = match code {
            Code::Null(_) => Node::Null,
            Code::Bool(value) => Node::Boolean(*value.value()),
            Code::Number(_) => {
                let written = self.raw(code.span());
                let written = written.chars().filter(|c| !c.is_whitespace());
                Node::Number(written.collect())
            }
            Code::String(_) => {
                let range = code.span().unwrap_or_default();
                let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                let literal = self.literal(inner, Style::Quoted);
                Node::Template(if literal.text.is_empty() {
                    Vec::new()
                } else {
                    vec![Part::Literal(literal)]
                })
            }
            Code::StringTemplate(template) => {
                let elements: Vec<&Element> = template.iter().collect();
                Node::Template(self.parts(&elements, Style::Quoted))
            }
            Code::HeredocTemplate(heredoc) => {
                let elements: Vec<&Element> = heredoc.template.iter().collect();
                let mut parts = self.parts(&elements, Style::Heredoc);
                if self.raw(code.span()).starts_with("<<-") {
                    literal::dedent(&mut parts);
                }
                Node::Template(parts)
            }
            Code::Array(array) => Node::Tuple(array.iter().map(|e| self.expression(e)).collect()),
            Code::Object(object) => {
                let members = object.iter().map(|(key, value)| {
                    let key = match key {
                        ObjectKey::Ident(ident) => self.word(ident.as_str(), ident.span()),
                        ObjectKey::Expression(Code::Variable(name)) => {
                            self.word(name.as_str(), name.span())
                        }
                        ObjectKey::Expression(key) => self.expression(key),
                    };
                    (key, self.expression(value.expr()))
                });
                Node::Object(members.collect())
            }
            Code::Parenthesis(inner) => return self.expression(inner.inner()),
            Code::Variable(name) => Node::Name(name.as_str().to_owned()),
            Code::Conditional(conditional) => Node::Conditional(Box::new([
                self.expression(&conditional.cond_expr),
                self.expression(&conditional.true_expr),
                self.expression(&conditional.false_expr),
            ])),
            Code::FuncCall(call) => {
                let mut name = String::new();
                for part in &call.name.namespace {
                    name.push_str(part.as_str());
                    name.push_str("::");
                }
                name.push_str(call.name.name.as_str());
                Node::Call(Box::new(Call {
                    // The functions of Terraform itself have a namespace too.
                    name: name.strip_prefix("core::").unwrap_or(&name).to_owned(),
                    arguments: call.args.iter().map(|a| self.expression(a)).collect(),
                    expands: call.args.expand_final(),
                }))
            }
            Code::Traversal(traversal) => {
                let steps = traversal.operators.iter();
                let steps = steps.map(|step| self.step(step.value())).collect();
                Node::Traversal(boxed(&traversal.expr), steps)
            }
            Code::UnaryOp(unary) => match unary.operator.value() {
                UnaryOperator::Neg => Node::Negative(boxed(&unary.expr)),
                UnaryOperator::Not => Node::Not(boxed(&unary.expr)),
            },
            Code::BinaryOp(binary) => {
                let operator = match binary.operator.value() {
                    BinaryOperator::Eq => Operator::Equal,
                    BinaryOperator::NotEq => Operator::NotEqual,
                    BinaryOperator::LessEq => Operator::LessOrEqual,
                    BinaryOperator::GreaterEq => Operator::GreaterOrEqual,
                    BinaryOperator::Less => Operator::Less,
                    BinaryOperator::Greater => Operator::Greater,
                    BinaryOperator::Plus => Operator::Add,
                    BinaryOperator::Minus => Operator::Subtract,
                    BinaryOperator::Mul => Operator::Multiply,
                    BinaryOperator::Div => Operator::Divide,
                    BinaryOperator::Mod => Operator::Remainder,
                    BinaryOperator::And => Operator::And,
                    BinaryOperator::Or => Operator::Or,
                };
                let sides = [&binary.lhs_expr, &binary.rhs_expr];
                Node::Binary(operator, Box::new(sides.map(|side| self.expression(side))))
            }
            Code::ForExpr(of) => Node::For(Box::new(self.for_expression(of))),
        };
        Expression { node, span }
    }

    fn for_expression(&self, of: &ForExpr) -> For {
        let intro = &of.intro;
        let name = |ident: &hcl_edit::Ident| ident.as_str().to_owned();
        For {
            key: intro.key_var.as_ref().map(|ident| name(ident)),
            value: name(&intro.value_var),
            over: self.expression(&intro.collection_expr),
            name: of.key_expr.as_ref().map(|key| self.expression(key)),
            result: self.expression(&of.value_expr),
            condition: of.cond.as_ref().map(|cond| self.expression(&cond.expr)),
            groups: of.grouping,
        }
    }

    fn step(&self, step: &TraversalOperator) -> Step {
        match step {
            TraversalOperator::AttrSplat(_) => Step::Attributes,
            TraversalOperator::FullSplat(_) => Step::Elements,
            TraversalOperator::GetAttr(name) => Step::Attribute(name.as_str().to_owned()),
            TraversalOperator::Index(index) => Step::Index(self.expression(index)),
            TraversalOperator::LegacyIndex(index) => Step::Index(Expression {
                node: Node::Number(index.value().to_string()),
                span: self.span(index.span()),
            }),
        }
    }

    /// A word as a text.
    fn word(&self, text: &str, range: Option<Range<usize>>) -> Expression {
        let range = range.unwrap_or_default();
        let offsets = (range.start..=range.end).map(|at| self.at(at)).collect();
        let literal = super::syntax_tree::Literal {
            text: text.to_owned(),
            offsets,
        };
        Expression {
            node: Node::Template(vec![Part::Literal(literal)]),
            span: self.span(Some(range)),
        }
    }

    fn literal(&self, range: Range<usize>, style: Style) -> super::syntax_tree::Literal {
        let raw = self.text.get(range.clone()).unwrap_or_default();
        literal::decode(raw, style, |at| self.at(range.start + at))
    }

    fn template(&self, template: &Template, style: Style) -> Vec<Part> {
        let elements: Vec<&Element> = template.iter().collect();
        self.parts(&elements, style)
    }

    /// The parts of a template, with blanks beside `~` taken away.
    fn parts(&self, elements: &[&Element], style: Style) -> Vec<Part> {
        let mut parts = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(literal) => {
                    let mut literal = self.literal(literal.span().unwrap_or_default(), style);
                    let before = at.checked_sub(1).and_then(|at| elements.get(at));
                    if before.is_some_and(|e| strips(e).1) {
                        literal::strip_start(&mut literal, style);
                    }
                    if elements.get(at + 1).is_some_and(|e| strips(e).0) {
                        literal::strip_end(&mut literal, style);
                    }
                    parts.push(Part::Literal(literal));
                }
                Element::Interpolation(of) => {
                    let span = self.span(element.span());
                    parts.push(Part::Value(self.expression(&of.expr), span));
                }
                Element::Directive(directive) => {
                    let span = self.span(element.span());
                    parts.push(self.directive(directive, style, span));
                }
            }
        }
        parts
    }

    fn directive(&self, directive: &Directive, style: Style, span: Span) -> Part {
        // What a directive contains is stripped beside its own words.
        let inner = |template: &Template, start: bool, end: bool| {
            let mut parts = self.template(template, style);
            if let Some(Part::Literal(first)) = parts.first_mut().filter(|_| start) {
                literal::strip_start(first, style);
            }
            if let Some(Part::Literal(last)) = parts.last_mut().filter(|_| end) {
                literal::strip_end(last, style);
            }
            parts
        };
        match directive {
            Directive::If(of) => {
                let (first, last) = (&of.if_expr, of.endif_expr.strip.strip_start());
                let next = of.else_expr.as_ref().map(|e| e.strip);
                let end = next.map_or(last, hcl_edit::template::Strip::strip_start);
                Part::If {
                    condition: self.expression(&first.cond_expr),
                    then: inner(&first.template, first.strip.strip_end(), end),
                    otherwise: of
                        .else_expr
                        .as_ref()
                        .map_or_else(Vec::new, |e| inner(&e.template, e.strip.strip_end(), last)),
                    span,
                }
            }
            Directive::For(of) => {
                let (first, last) = (&of.for_expr, &of.endfor_expr);
                Part::For {
                    key: first.key_var.as_ref().map(|k| k.as_str().to_owned()),
                    value: first.value_var.as_str().to_owned(),
                    over: self.expression(&first.collection_expr),
                    body: inner(
                        &first.template,
                        first.strip.strip_end(),
                        last.strip.strip_start(),
                    ),
                    span,
                }
            }
        }
    }
}

/// Whether an element takes away the blanks before and after it.
fn strips(element: &Element) -> (bool, bool) {
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(of) => (of.strip.strip_start(), of.strip.strip_end()),
        Element::Directive(directive) => match &**directive {
            Directive::If(of) => (
                of.if_expr.strip.strip_start(),
                of.endif_expr.strip.strip_end(),
            ),
            Directive::For(of) => (
                of.for_expr.strip.strip_start(),
                of.endfor_expr.strip.strip_end(),
            ),
        },
    }
}
