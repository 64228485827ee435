//! The variables of a template: the names in it that nothing in it defines.

use crate::inventory::terraform::syntax_tree::{Expression, For, Node, Part, Step};

/// The names, in the order in which they are written.
pub(super) fn names(parts: &[Part]) -> Vec<String> {
    let mut names = Names::default();
    names.parts(parts);
    names.found
}

#[derive(Default)]
struct Names {
    found: Vec<String>,
    /// The variables of each `for` around.
    bound: Vec<String>,
}

impl Names {
    fn parts(&mut self, parts: &[Part]) {
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
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For {
                    key,
                    value,
                    over,
                    body,
                    ..
                } => {
                    self.expression(over);
                    self.within(key.as_ref(), value, |names| names.parts(body));
                }
            }
        }
    }

    fn within(&mut self, key: Option<&String>, value: &str, run: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        self.bound.extend(key.cloned());
        self.bound.push(value.to_owned());
        run(self);
        self.bound.truncate(before);
    }

    fn all<'e>(&mut self, all: impl IntoIterator<Item = &'e Expression>) {
        for of in all {
            self.expression(of);
        }
    }

    fn expression(&mut self, of: &Expression) {
        match &of.node {
            Node::Null | Node::Boolean(_) | Node::Number(_) => {}
            Node::Name(name) => {
                if !self.bound.contains(name) {
                    self.found.push(name.clone());
                }
            }
            Node::Template(parts) => self.parts(parts),
            Node::Tuple(all) => self.all(all),
            Node::Object(members) => self.all(members.iter().flat_map(|(k, v)| [k, v])),
            Node::Traversal(base, steps) => {
                self.expression(base);
                for step in steps {
                    if let Step::Index(index) = step {
                        self.expression(index);
                    }
                }
            }
            Node::Call(call) => self.all(&call.arguments),
            Node::Conditional(parts) => self.all(parts.iter()),
            Node::Not(inner) | Node::Negative(inner) => self.expression(inner),
            Node::Binary(_, sides) => self.all(sides.iter()),
            Node::For(of) => self.of_for(of),
        }
    }

    fn of_for(&mut self, of: &For) {
        self.expression(&of.over);
        self.within(of.key.as_ref(), &of.value, |names| {
            names.all(of.name.iter().chain([&of.result]).chain(&of.condition));
        });
    }
}
