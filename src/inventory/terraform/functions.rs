//! The functions that are evaluated. What another one makes is a hole that is named as it is written.

mod collection;
mod string;
mod yaml_text;

use std::rc::Rc;

use super::encode;
use super::evaluate::{Machine, equal, first_there, perhaps};
use super::free;
use super::hcl;
use super::surroundings::{Frame, Scope};
use super::syntax_tree::{Call, Expression};
use super::value::Each;
use super::value::{Node, Piece, Place, Value};
use crate::parser::HoleKind;

impl Machine<'_> {
    /// The result of a function for its arguments.
    pub(super) fn call(&mut self, call: &Call, scope: &Scope<'_>, place: Place) -> Value {
        let known = match call.name.as_str() {
            "try" => self.first_that_works(call, scope),
            "can" => {
                let before = self.failures;
                let value = call.arguments.first().map(|a| self.attempt(a, scope));
                let works = self.failures == before;
                self.failures = before;
                match value {
                    Some(value) if value.is_known() || !works => {
                        Some(Value::new(Node::Boolean(works), place))
                    }
                    _ => None,
                }
            }
            _ => {
                let mut arguments: Vec<Value> = Vec::new();
                for argument in &call.arguments {
                    arguments.push(self.evaluate(argument, scope));
                }
                let mut is_open = false;
                if call.expands {
                    match arguments.pop() {
                        Some(last) => match last.elements() {
                            Some(elements) => arguments.extend(elements),
                            None => arguments.push(self.as_list(&last)),
                        },
                        None => is_open = true,
                    }
                    is_open |= { arguments.iter() }
                        .skip(call.arguments.len().saturating_sub(1))
                        .any(|a| self.is_splice(a));
                }
                // The functions of lists take what is open in them along.
                let takes_open = ["concat", "flatten", "setunion"].contains(&call.name.as_str());
                if is_open && !takes_open || self.is_exhausted {
                    None
                } else {
                    self.apply(&call.name, &arguments, scope, place)
                }
            }
        };
        known.unwrap_or_else(|| self.open(kind_of(&call.name), place, scope.module))
    }

    fn apply(
        &mut self,
        name: &str,
        arguments: &[Value],
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first();
        match name {
            "jsonencode" => {
                let value = first?.clone();
                Some(Value::new(Node::Json(Rc::new(value)), place))
            }
            "jsondecode" => match &first?.node {
                Node::Json(inner) => {
                    let via = first?.via.clone();
                    Some((**inner).clone().inherit(&via))
                }
                Node::Text(_) => {
                    if let Ok(value) = encode::decode(self, first?) {
                        Some(value)
                    } else {
                        self.failures += 1;
                        None
                    }
                }
                _ => None,
            },
            "yamldecode" => match &first?.node {
                // JSON is YAML too.
                Node::Json(inner) => {
                    let via = first?.via.clone();
                    Some((**inner).clone().inherit(&via))
                }
                Node::Text(_) => match encode::decode(self, first?) {
                    Ok(value) => Some(value),
                    Err(_) => self.of_yaml(first?),
                },
                _ => None,
            },
            "file" => {
                let (source, text) = self.read_file(&first?.text()?, scope, place)?;
                Some(whole(source, &text, place))
            }
            "templatefile" => {
                let (source, text) = self.read_file(&first?.text()?, scope, place)?;
                let template = whole(source, &text, place);
                self.rendered(&template, arguments.get(1), place)
            }
            "sensitive" | "nonsensitive" | "tolist" | "tomap" | "ephemeralasnull" => first.cloned(),
            "tostring" => match &first?.node {
                Node::Number(_) | Node::Boolean(_) => Some(self.as_text(first?, scope.module)),
                // A hole is one text, whatever it is.
                Node::Null | Node::Text(_) | Node::Json(_) | Node::Hole(_) | Node::Choice(..) => {
                    first.cloned()
                }
                _ => {
                    self.failures += 1;
                    None
                }
            },
            "tonumber" => {
                if let Node::Null = &first?.node {
                    first.cloned()
                } else {
                    if first?.is_known() && first?.number().is_none() {
                        self.failures += 1;
                    }
                    first?.number().map(|n| Value::new(Node::Number(n), place))
                }
            }
            "tobool" => match &first?.node {
                Node::Null => first.cloned(),
                _ => first?
                    .boolean()
                    .map(|b| Value::new(Node::Boolean(b), place)),
            },
            "coalesce" => {
                let is_clear = |v: &Value| perhaps(v).is_some() || v.is_known();
                if arguments.iter().all(is_clear)
                    && let Some(one) = self.indexed(arguments, 0, (place, scope.module))
                {
                    return Some(one);
                }
                for argument in arguments {
                    match &argument.node {
                        // The name of a resource is neither null nor empty.
                        _ if argument.subject.is_some() => return Some(argument.clone()),
                        Node::Null => {}
                        Node::Text(pieces) if pieces.iter().all(|p| p.text() == Some("")) => {}
                        // A text with a known part is not empty.
                        Node::Text(pieces)
                            if pieces
                                .iter()
                                .any(|p| p.text().is_some_and(|t| !t.is_empty())) =>
                        {
                            return Some(argument.clone());
                        }
                        Node::Text(_) | Node::Hole(_) | Node::Choice(..) => return None,
                        _ => return Some(argument.clone()),
                    }
                }
                self.failures += 1;
                None
            }
            _ => self
                .collection(name, arguments, scope, place)
                .or_else(|| self.of_text(name, arguments, scope, place)),
        }
    }

    /// Evaluates an expression that may fail.
    fn attempt(&mut self, of: &Expression, scope: &Scope<'_>) -> Value {
        self.tries += 1;
        let value = self.evaluate(of, scope);
        self.tries -= 1;
        value
    }

    /// The first argument that Terraform can evaluate.
    fn first_that_works(&mut self, call: &Call, scope: &Scope<'_>) -> Option<Value> {
        let mut open: Option<usize> = None;
        let mut all = Vec::new();
        for argument in &call.arguments {
            let before = self.failures;
            let value = self.attempt(argument, scope);
            if self.failures > before {
                self.failures = before;
                continue;
            }
            let is_open = matches!(value.node, Node::Hole(_));
            if let Node::Hole(hole) = value.node {
                open.get_or_insert(hole);
            }
            let is_certain = !is_open && perhaps(&value).is_none();
            all.push(value);
            if is_certain {
                break;
            }
        }
        if let Some(one) = first_there(&all, 0) {
            return Some(one);
        }
        match (open, all.as_slice()) {
            (None, _) => all.into_iter().next(),
            // An unknown value may work or not.
            (Some(hole), [one, ..]) => {
                let place = one.place;
                let all = Rc::new(all);
                Some(Value::new(Node::Choice(hole, all), place))
            }
            (Some(_), []) => None,
        }
        .or_else(|| {
            self.failures += 1;
            None
        })
    }

    /// Reads a file that the code names.
    fn read_file(
        &mut self,
        path: &str,
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<(crate::parser::SourceId, String)> {
        let _ = scope;
        let folder = self.files.folder().to_path_buf();
        let read = { self.files.resolve(&folder, path) }.and_then(|real| {
            let source = self.files.read(&real)?;
            if super::shown::may_be(self.files.sources.get(source).text()) {
                Ok(source)
            } else {
                Err("it is not a policy, so its text is not used".to_owned())
            }
        });
        match read {
            Ok(source) => {
                let text = self.files.sources.get(source).text().to_owned();
                self.spend(1, text.len(), place).then_some((source, text))
            }
            Err(reason) => {
                self.failures += 1;
                let message = format!(
                    "cannot read the file `{}`: {reason}",
                    crate::parser::shorten_to(path, 100)
                );
                self.unread(
                    place,
                    message,
                    "check the path: it is relative to the outermost module",
                );
                None
            }
        }
    }

    /// A template with its variables filled in.
    pub(super) fn rendered(
        &mut self,
        template: &Value,
        variables: Option<&Value>,
        place: Place,
    ) -> Option<Value> {
        let Node::Text(pieces) = &template.node else {
            return None;
        };
        let [
            Piece::Literal {
                text,
                source,
                offsets,
                ..
            },
        ] = pieces.as_slice()
        else {
            return if pieces.is_empty() {
                Some(template.clone())
            } else {
                None
            };
        };
        let parts = match hcl::template(text, offsets) {
            Ok(parts) => parts,
            Err(fault) => {
                let at = Place {
                    source: *source,
                    span: fault.span,
                };
                let message = format!("the file is not a template: {}", fault.message);
                self.unread(at, message, "correct the file");
                return None;
            }
        };
        let members = match variables.map(|v| &v.node) {
            Some(Node::Map(_)) => variables?.members()?,
            None => Vec::new(),
            Some(_) => return None,
        };
        let are_known = members.iter().all(|(k, _)| k.is_known_text());
        let named: Vec<(String, Value)> = { members.into_iter() }
            .filter_map(|(k, v)| Some((k.text()?, v)))
            .collect();
        let is_given = |name: &str| named.iter().any(|(known, _)| known == name);
        let missing = free::names(&parts).into_iter().find(|n| !is_given(n));
        if let Some(name) = missing.filter(|_| are_known) {
            self.failures += 1;
            if self.tries > 0 {
                return None;
            }
            let file = self.files.sources.get(*source).name().to_owned();
            let message =
                format!("the template `{file}` uses `{name}`, which the call does not set");
            let help =
                "set it among the variables of the template: Terraform refuses the call without it";
            self.unread(place, message, help);
        }
        let mut pieces = Vec::new();
        self.with_frames(&named, None, &mut |machine, frame| {
            let scope = Scope {
                module: 0,
                source: *source,
                each: &Each::default(),
                frame,
                is_template: true,
            };
            machine.template(&parts, &scope, &mut pieces);
        });
        let value = Value::pieces_of(
            pieces,
            Place {
                source: *source,
                span: template.place.span,
            },
        );
        let value = if template.place.source == *source {
            value
        } else {
            let mut value = value;
            value.place = template.place;
            value
        };
        Some(value.referred(place))
    }

    /// Runs something with variables.
    fn with_frames(
        &mut self,
        named: &[(String, Value)],
        outer: Option<&Frame<'_>>,
        run: &mut dyn FnMut(&mut Self, Option<&Frame<'_>>),
    ) {
        match named.split_first() {
            None => run(self, outer),
            Some(((name, value), rest)) => {
                let frame = Frame { name, value, outer };
                self.with_frames(rest, Some(&frame), run);
            }
        }
    }
}

/// Whether a value is in a list; `None` where that is not known.
fn is_in(list: &[Value], value: &Value) -> Option<bool> {
    let mut open = false;
    for element in list {
        match equal(element, value) {
            Some(true) => return (!open).then_some(true),
            Some(false) => {}
            None => open = true,
        }
    }
    (!open).then_some(false)
}

/// The unknown part of a function's value.
fn kind_of(name: &str) -> HoleKind {
    match name {
        "concat" | "flatten" | "keys" | "values" | "tolist" | "toset" | "distinct" | "compact"
        | "split" | "sort" | "formatlist" | "setunion" | "setproduct" | "slice" | "reverse"
        | "setsubtract" | "setintersection" | "chunklist" | "range" | "matchkeys" | "regexall"
        | "coalescelist" | "try" | "jsondecode" | "yamldecode" | "merge" | "lookup" | "element"
        | "one" | "tomap" => HoleKind::List,
        _ => HoleKind::Text,
    }
}

/// The text of a file.
fn whole(source: crate::parser::SourceId, text: &str, _reference: Place) -> Value {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    let span = crate::parser::Span::new(start, text.len());
    let piece = Piece::Literal {
        text: body.to_owned(),
        source,
        offsets: (start as u32..=text.len() as u32).collect(),
        via: None,
    };
    Value::pieces_of(vec![piece], Place { source, span })
}
