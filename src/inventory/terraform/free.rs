//! The references of an expression that nothing in it defines: all but the variables of its `for`.

use super::syntax_tree::{Call, Expression, Node, Operator, Part, Step};
use crate::parser::Span;

/// Functions whose arguments may fail.
const TRIES: [&str; 2] = ["can", "try"];

/// A name, and the steps behind it.
pub(super) struct Reference<'c> {
    pub(super) name: &'c str,
    pub(super) steps: &'c [Step],
    pub(super) span: Span,
    /// Whether Terraform evaluates it whatever the values are, and its failure is that of the whole: not in a branch of a
    /// condition, in a `for`, or in `try`.
    pub(super) is_certain: bool,
}

/// A call of a function that is evaluated for certain.
pub(super) struct Called<'c> {
    pub(super) call: &'c Call,
    pub(super) span: Span,
}

/// What an expression refers to, and the functions that it surely calls.
pub(super) fn parts<'c>(
    of: &'c Expression,
    is_left_out: &dyn Fn(&Expression) -> bool,
) -> (Vec<Reference<'c>>, Vec<Called<'c>>) {
    let mut walk = Walk::new(is_left_out);
    walk.expression(of);
    (walk.found, walk.calls)
}

/// The references of an expression, in the order in which they are written. Members of objects whose key `is_left_out`
/// are not looked at.
pub(super) fn references<'c>(
    of: &'c Expression,
    is_left_out: &dyn Fn(&Expression) -> bool,
) -> Vec<Reference<'c>> {
    let mut walk = Walk::new(is_left_out);
    walk.expression(of);
    walk.found
}

/// The names of a template, in the order in which they are written.
pub(super) fn names(parts: &[Part]) -> Vec<String> {
    let mut walk = Walk::new(&|_| false);
    walk.parts(parts);
    let names = walk.found.iter().map(|reference| reference.name.to_owned());
    names.collect()
}

struct Walk<'c, 'f> {
    is_left_out: &'f dyn Fn(&Expression) -> bool,
    found: Vec<Reference<'c>>,
    calls: Vec<Called<'c>>,
    /// The variables of each `for` around.
    bound: Vec<&'c str>,
    /// How many parts are around that Terraform may leave out.
    unsure: usize,
}

impl<'c, 'f> Walk<'c, 'f> {
    fn new(is_left_out: &'f dyn Fn(&Expression) -> bool) -> Self {
        Walk {
            is_left_out,
            found: Vec::new(),
            calls: Vec::new(),
            bound: Vec::new(),
            unsure: 0,
        }
    }

    fn parts(&mut self, parts: &'c [Part]) {
        for part in parts {
            match part {
                Part::Literal(_) => {}
                Part::Value(of, _) => self.expression(of),
                Part::If {
                    condition,
                    then,
                    otherwise,
                    ..
                } => {
                    self.expression(condition);
                    self.unsure(|walk| {
                        walk.parts(then);
                        walk.parts(otherwise);
                    });
                }
                Part::For {
                    key,
                    value,
                    over,
                    body,
                    ..
                } => {
                    self.expression(over);
                    self.within(key.as_deref(), value, |walk| walk.parts(body));
                }
            }
        }
    }

    fn within(&mut self, key: Option<&'c str>, value: &'c str, run: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        self.bound.extend(key);
        self.bound.push(value);
        self.unsure(run);
        self.bound.truncate(before);
    }

    fn unsure(&mut self, run: impl FnOnce(&mut Self)) {
        self.unsure += 1;
        run(self);
        self.unsure -= 1;
    }

    fn all(&mut self, all: impl IntoIterator<Item = &'c Expression>) {
        for of in all {
            self.expression(of);
        }
    }

    fn reference(&mut self, name: &'c str, steps: &'c [Step], span: Span) {
        if !self.bound.contains(&name) {
            let is_certain = self.unsure == 0;
            self.found.push(Reference {
                name,
                steps,
                span,
                is_certain,
            });
        }
    }

    fn expression(&mut self, of: &'c Expression) {
        match &of.node {
            Node::Null | Node::Boolean(_) | Node::Number(_) => {}
            Node::Name(name) => self.reference(name, &[], of.span),
            Node::Template(parts) => self.parts(parts),
            Node::Tuple(all) => self.all(all),
            Node::Object(members) => {
                let is_left_out = self.is_left_out;
                let members = members.iter().filter(|(key, _)| !is_left_out(key));
                self.all(members.flat_map(|(k, v)| [k, v]));
            }
            Node::Traversal(base, steps) => {
                match &base.node {
                    Node::Name(name) => self.reference(name, steps, of.span),
                    _ => self.expression(base),
                }
                for step in steps {
                    if let Step::Index(index) = step {
                        self.expression(index);
                    }
                }
            }
            Node::Call(call) => {
                if self.unsure == 0 {
                    let span = of.span;
                    self.calls.push(Called { call, span });
                }
                if TRIES.contains(&call.name.as_str()) {
                    self.unsure(|walk| walk.all(&call.arguments));
                } else {
                    self.all(&call.arguments);
                }
            }
            Node::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                self.expression(condition);
                self.unsure(|walk| walk.all([then, otherwise]));
            }
            // Later releases leave the right side out where the left one decides.
            Node::Binary(Operator::And | Operator::Or, sides) => {
                let [left, right] = &**sides;
                self.expression(left);
                self.unsure(|walk| walk.expression(right));
            }
            Node::Not(inner) | Node::Negative(inner) => self.expression(inner),
            Node::Binary(_, sides) => self.all(sides.iter()),
            Node::For(of) => {
                self.expression(&of.over);
                self.within(of.key.as_deref(), &of.value, |walk| {
                    walk.all(of.name.iter().chain([&of.result]).chain(&of.condition));
                });
            }
        }
    }
}
