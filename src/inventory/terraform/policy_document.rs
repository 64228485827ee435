//! `data "aws_iam_policy_document"`, by its own rules.
//!
//! Rules: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>

mod blocks;
mod by_sid;
mod lists;

use std::rc::Rc;

use super::encode;
use super::evaluate::Machine;
use super::surroundings::{Frame, Scope};
use super::syntax_tree::{Attribute, Block, Body};
use super::value::{Instance, Node, Piece, Place, Value};
use crate::parser::shorten;
use by_sid::{one_of, put_by_sid, put_one_of, same_sid};
use lists::{is_empty_list, single};

/// The arguments of a statement that are elements of a policy.
const ELEMENTS: [(&str, &str); 4] = [
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

/// A block with what its variables stand for; with the hole by which it may be absent.
pub(super) struct Expanded<'b> {
    pub(super) body: &'b Body,
    pub(in crate::inventory::terraform) block: &'b Block,
    /// The variable of a `dynamic` block, and its value.
    pub(super) iterator: Option<(String, Value)>,
    pub(super) optional: Option<usize>,
    /// The alternatives before the one in which it is there.
    pub(super) before: usize,
}

impl Machine<'_> {
    /// The text that the data source makes.
    pub(super) fn policy_document(&mut self, of: &Rc<Instance>) -> Value {
        let block = Rc::clone(&of.block);
        let source = block.source;
        let span = block.it.span;
        let place = Place { source, span };
        let header = Place {
            source,
            span: block.it.header,
        };
        let scope = Self::scope(of.module, source, &of.each);
        let body = &block.it.body;
        let word = |text: &str, at: Place| Value::bound(text, at);
        let named = |argument| Some((argument, body.get(argument)?));
        let version = match body.attribute("version") {
            Some(version) => self.evaluate(&version.value, &scope),
            None => word("2012-10-17", header),
        };
        let mut statements: Vec<Value> = Vec::new();
        for base in self.documents(named("source_policy_documents"), &scope) {
            self.overlay(&mut statements, &base, Some(of));
        }
        // As older versions of the provider have it.
        for base in self.single(body.get("source_json"), &scope) {
            self.overlay(&mut statements, &base, None);
        }
        let mut own: Vec<Value> = Vec::new();
        for expanded in self.blocks(body, "statement", &scope) {
            let is_open = expanded.optional.is_some();
            let statement = self.unsure_if(is_open, |m| m.statement(&expanded, &scope));
            self.unique(&own, &statement, of);
            own.push(statement);
        }
        for statement in own {
            put_by_sid(&mut statements, statement);
        }
        for over in self.documents(named("override_policy_documents"), &scope) {
            self.overlay(&mut statements, &over, None);
        }
        for over in self.single(body.get("override_json"), &scope) {
            self.overlay(&mut statements, &over, None);
        }
        let mut members = vec![(word("Version", header), version)];
        if let Some(id) = body.attribute("policy_id") {
            let at = Place {
                source,
                span: id.name_span,
            };
            let value = self.evaluate(&id.value, &scope);
            members.push((word("Id", at), value));
        }
        members.push((word("Statement", header), Value::list(statements, place)));
        let document = Value::map(members, place);
        Value::new(Node::Json(Rc::new(document)), place)
    }

    /// The documents of a list of texts.
    fn documents(
        &mut self,
        of: Option<(&str, &super::syntax_tree::Expression)>,
        scope: &Scope<'_>,
    ) -> Vec<Value> {
        let Some((argument, of)) = of else {
            return Vec::new();
        };
        let value = self.evaluate(of, scope);
        self.require_list(argument, &value, of, scope.source);
        match &value.node {
            Node::List(_) => value.elements().unwrap_or_default(),
            Node::Null => Vec::new(),
            Node::Hole(_) => vec![self.as_list(&value)],
            _ => vec![value],
        }
    }

    fn single(
        &mut self,
        of: Option<&super::syntax_tree::Expression>,
        scope: &Scope<'_>,
    ) -> Vec<Value> {
        let value = of.map(|of| self.evaluate(of, scope));
        value
            .filter(|v| !matches!(v.node, Node::Null))
            .into_iter()
            .collect()
    }

    /// Reports a statement whose `Sid` one of the others has: the provider stops with an error.
    fn unique(&mut self, others: &[Value], statement: &Value, of: &Instance) {
        let Some(sid) = statement.get("Sid") else {
            return;
        };
        let known = sid.text().filter(|text| !text.is_empty());
        let Some(text) = known.filter(|_| same_sid(others, statement).is_some()) else {
            return;
        };
        let message = format!(
            "`{}` has two statements with the Sid `{}`",
            shorten(&of.address),
            shorten(&text)
        );
        let help = "give each statement a Sid of its own, or none: Terraform refuses both";
        self.unread(sid.place, message, help);
    }

    /// Puts the statements of a document over those that are there, by their `Sid`. Those of the source documents of a
    /// data source may not share one.
    fn overlay(
        &mut self,
        statements: &mut Vec<Value>,
        document: &Value,
        source_of: Option<&Instance>,
    ) {
        let inner = match &document.node {
            Node::Json(inner) => (**inner).clone().inherit(&document.via),
            Node::Text(pieces) if pieces.iter().all(|p| p.text() == Some("")) => return,
            Node::Text(_) => match encode::decode(self, document) {
                Ok(value) => value,
                Err((message, place)) => {
                    let message = format!("the policy is not JSON: {message}");
                    self.unread(place, message, "correct the JSON");
                    return;
                }
            },
            Node::Choice(hole, of) => {
                // Any of them, or none.
                let mut all = Vec::new();
                for alternative in of.iter() {
                    let mut own = Vec::new();
                    let alternative = alternative.clone().inherit(&document.via);
                    self.overlay(&mut own, &alternative, source_of);
                    all.push(own);
                }
                let place = document.place;
                if source_of.is_none() {
                    put_one_of(statements, *hole, all, place);
                } else {
                    statements.push(one_of(*hole, all, place));
                }
                return;
            }
            Node::List(_) => {
                for one in document.elements().unwrap_or_default() {
                    self.overlay(statements, &one, source_of);
                }
                return;
            }
            Node::Null | Node::Absent => return,
            _ => {
                statements.push(document.clone());
                return;
            }
        };
        match inner.get("Statement") {
            Some(list) if matches!(list.node, Node::List(_)) => {
                for statement in list.elements().unwrap_or_default() {
                    if let Some(of) = source_of {
                        self.unique(statements, &statement, of);
                    }
                    put_by_sid(statements, statement);
                }
            }
            Some(one) => {
                if matches!(one.node, Node::Map(_)) {
                    let message =
                        "`Statement` is an object, and the data source reads a list of them";
                    let help = "write it as a list, `[{ … }]`: Terraform refuses the document";
                    self.unread(one.place, message, help);
                }
                if let Some(of) = source_of {
                    self.unique(statements, &one, of);
                }
                put_by_sid(statements, one);
            }
            None => {
                if !matches!(inner.node, Node::Map(_)) {
                    statements.push(inner);
                }
            }
        }
    }

    fn statement(&mut self, of: &Expanded<'_>, scope: &Scope<'_>) -> Value {
        let source = scope.source;
        let place = Place {
            source,
            span: of.block.span,
        };
        let header = Place {
            source,
            span: of.block.header,
        };
        let frame = of.iterator.as_ref().map(|(name, value)| Frame {
            name,
            value,
            outer: scope.frame,
        });
        let scope = Scope {
            frame: frame.as_ref().or(scope.frame),
            ..*scope
        };
        let key = |word: &str, attribute: &Attribute| {
            let at = Place {
                source,
                span: attribute.name_span,
            };
            Value::bound(word, at)
        };
        let body = of.body;
        let is_certain = of.optional.is_none();
        let mut members = Vec::new();
        if let Some(sid) = body.attribute("sid") {
            let value = self.evaluate(&sid.value, &scope);
            if !value.is_text("") && !matches!(value.node, Node::Null) {
                members.push((key("Sid", sid), value));
            }
        }
        match body.attribute("effect") {
            Some(effect) => {
                let value = self.evaluate(&effect.value, &scope);
                if matches!(value.node, Node::Null) {
                    members.push((
                        Value::bound("Effect", header),
                        Value::bound("Allow", header),
                    ));
                } else {
                    members.push((key("Effect", effect), value));
                }
            }
            None => members.push((
                Value::bound("Effect", header),
                Value::bound("Allow", header),
            )),
        }
        for (argument, element) in ELEMENTS {
            let Some(attribute) = body.attribute(argument) else {
                continue;
            };
            let value = self.evaluate(&attribute.value, &scope);
            if is_certain {
                self.require_list(argument, &value, &attribute.value, source);
            }
            let is_empty = matches!(value.node, Node::Null) || is_empty_list(&value);
            if is_empty {
                continue;
            }
            let value = match &value.node {
                Node::Hole(_) => self.as_list(&value),
                _ => variables(&value),
            };
            members.push((key(element, attribute), single(value)));
        }
        for (kind, element) in [
            ("principals", "Principal"),
            ("not_principals", "NotPrincipal"),
        ] {
            let blocks = self.blocks(body, kind, &scope);
            let Some(first) = blocks.first() else {
                continue;
            };
            let at = Place {
                source,
                span: first.block.header,
            };
            members.push((
                Value::bound(element, at),
                self.principals(&blocks, &scope, at, is_certain),
            ));
        }
        let conditions = self.blocks(body, "condition", &scope);
        if let Some(first) = conditions.first() {
            let at = Place {
                source,
                span: first.block.header,
            };
            let value = self.conditions(&conditions, &scope, at, is_certain);
            members.push((Value::bound("Condition", at), value));
        }
        let statement = Value::map(members, place);
        match of.optional {
            Some(hole) => {
                let absent = Value::new(Node::Absent, place);
                let mut all = vec![absent.clone(); of.before];
                all.extend([statement, absent]);
                Value::new(Node::Choice(hole, Rc::new(all)), place)
            }
            None => statement,
        }
    }

    fn inner_scope<'s>(frame: Option<&'s Frame<'s>>, scope: &Scope<'s>) -> Scope<'s> {
        Scope {
            frame: frame.or(scope.frame),
            ..*scope
        }
    }

    fn principals(
        &mut self,
        blocks: &[Expanded<'_>],
        scope: &Scope<'_>,
        place: Place,
        is_certain: bool,
    ) -> Value {
        let mut members: Vec<(Value, Value)> = Vec::new();
        for of in blocks {
            let frame = of.iterator.as_ref().map(|(name, value)| Frame {
                name,
                value,
                outer: scope.frame,
            });
            let scope = Self::inner_scope(frame.as_ref(), scope);
            let kind = of.body.get("type").map(|t| self.evaluate(t, &scope));
            let names = of.body.get("identifiers").map(|i| {
                let names = self.evaluate(i, &scope);
                if is_certain && of.optional.is_none() {
                    self.require_list("identifiers", &names, i, scope.source);
                }
                names
            });
            let (Some(kind), Some(names)) = (kind, names) else {
                continue;
            };
            let kind = self.as_text(&kind, scope.module);
            match kind.text() {
                Some(text) => {
                    let known = members.iter_mut().find(|(k, _)| k.is_text(&text));
                    match known {
                        Some((_, all)) => {
                            let mut list = all.elements().unwrap_or_default();
                            list.extend(names.elements().unwrap_or_else(|| vec![names]));
                            *all = Value::list(list, place);
                        }
                        None => members.push((kind, names)),
                    }
                }
                None => members.push((kind, names)),
            }
        }
        // The provider writes `"Principal": "*"` for the type `*` with the identifier `*`.
        if let [(kind, names)] = members.as_slice()
            && kind.is_text("*")
            && { names.elements() }.is_some_and(|all| all.iter().all(|name| name.is_text("*")))
        {
            return kind.clone();
        }
        Value::map(members, place)
    }

    fn conditions(
        &mut self,
        blocks: &[Expanded<'_>],
        scope: &Scope<'_>,
        place: Place,
        is_certain: bool,
    ) -> Value {
        let mut operators: Vec<(Value, Value)> = Vec::new();
        for of in blocks {
            let frame = of.iterator.as_ref().map(|(name, value)| Frame {
                name,
                value,
                outer: scope.frame,
            });
            let scope = Self::inner_scope(frame.as_ref(), scope);
            let at = Place {
                source: scope.source,
                span: of.block.span,
            };
            let [test, variable, values] = self.unsure_if(of.optional.is_some(), |machine| {
                ["test", "variable", "values"].map(|name| {
                    let value = of.body.get(name).map(|v| machine.evaluate(v, &scope));
                    value.unwrap_or_else(|| Value::list(Vec::new(), at))
                })
            });
            if let Some(written) = of.body.get("values")
                && is_certain
                && of.optional.is_none()
            {
                self.require_list("values", &values, written, scope.source);
            }
            if of.optional.is_some() || !test.is_known_text() || !variable.is_known_text() {
                // It restricts, if it is there, by what is not known.
                let hole = match of.optional {
                    Some(hole) => hole,
                    None => self.decider(&test, at, scope.module),
                };
                let name = Value::pieces_of(
                    vec![Piece::Hole {
                        hole,
                        place: at,
                        via: None,
                    }],
                    at,
                );
                operators.push((name, Value::new(Node::Hole(hole), at)));
                continue;
            }
            let values = match &values.node {
                Node::Hole(_) => self.as_list(&values),
                _ => single(variables(&values)),
            };
            let (operator, key) = (
                test.text().unwrap_or_default(),
                variable.text().unwrap_or_default(),
            );
            match operators.iter_mut().find(|(o, _)| o.is_text(&operator)) {
                None => {
                    let lines = Value::map(vec![(variable, values)], at);
                    operators.push((test, lines));
                }
                Some((_, lines)) => {
                    let mut own = lines.members().unwrap_or_default();
                    match own.iter_mut().find(|(k, _)| k.is_text(&key)) {
                        Some((_, old)) => {
                            let list = |v: &Value| match &v.node {
                                Node::List(_) => v.elements().unwrap_or_default(),
                                _ => vec![v.clone()],
                            };
                            let mut all = list(old);
                            all.extend(list(&values));
                            *old = Value::list(all, at);
                        }
                        None => own.push((variable, values)),
                    }
                    *lines = Value::map(own, lines.place);
                }
            }
        }
        Value::map(operators, place)
    }
}

/// The same with `${` for `&{`.
fn variables(value: &Value) -> Value {
    let node = match &value.node {
        Node::Text(pieces) => {
            let swapped = pieces.iter().map(|piece| {
                let mut piece = piece.clone();
                if let Piece::Literal { text, .. } | Piece::Bound { text, .. } = &mut piece
                    && text.contains("&{")
                {
                    *text = text.replace("&{", "${");
                }
                piece
            });
            Node::Text(Rc::new(swapped.collect()))
        }
        Node::List(all) => Node::List(Rc::new(all.iter().map(variables).collect())),
        Node::Choice(hole, all) => {
            Node::Choice(*hole, Rc::new(all.iter().map(variables).collect()))
        }
        _ => return value.clone(),
    };
    value.with(node)
}
