//! Plans of Terraform as JSON (`terraform show -json`).
//!
//! What a plan knows of a resource becomes a block with that address, so that a plan is judged as a module is. What it does
//! not know yet is a reference, where its configuration says to which resource, else a hole.
//!
//! Format: <https://developer.hashicorp.com/terraform/internals/json-format>

mod json;
mod known;
mod references;
mod today;
mod unknown;

pub(super) use json::{elements, member, members, span, word};
pub(super) use known::Known;

use std::rc::Rc;

use super::evaluate::Machine;
use super::hcl::Fault;
use super::surroundings::Code;
use super::syntax_tree::{Attribute, Block, Body, Expression, Literal, Node as Syntax, Part};
use super::value::Placed;
use super::value::{Place, Value};
use crate::inventory::json_text::{Json, Token};
use crate::parser::{SourceId, Span};
use json::{read, scalar};
use unknown::{hole, is_open, unknown};

/// The deepest nesting of modules.
const DEEPEST: usize = 64;
/// Arguments that are blocks.
const BLOCKS: [&str; 1] = ["inline_policy"];
/// Arguments whose resource is named by the configuration, where the plan does not know them yet.
const REFERENCES: [&str; 13] = [
    "role",
    "role_name",
    "roles",
    "user",
    "user_name",
    "users",
    "group",
    "group_name",
    "groups",
    "policy_arn",
    "policy_arns",
    "managed_policy_arns",
    "permissions_boundary",
];

/// A resource of a plan.
struct Planned<'j> {
    address: String,
    kind: String,
    /// `aws_iam_role.node`, without the key of an instance.
    name: String,
    /// `module.iam.`
    module: String,
    values: &'j Json,
    place: Span,
}

impl Planned<'_> {
    /// The address of its configuration.
    fn configured_as(&self) -> String {
        format!("{}{}", today::without_keys(&self.module), self.name)
    }
}

/// Whether a text may be a plan, by a look at its words.
pub(super) fn may_be(text: &str) -> bool {
    text.contains("\"planned_values\"") && text.contains("\"format_version\"")
}

impl Machine<'_> {
    /// Reads a plan as the module that it is of.
    ///
    /// # Errors
    ///
    /// Why it is not a plan.
    pub(super) fn open_plan(&mut self, source: SourceId) -> Result<Code, Fault> {
        let text = self.files.sources.get(source).text().to_owned();
        let json = read(&text)?;
        let mut planned = planned(&json)?;
        self.incomplete(&json, &planned, source);
        let forgotten = today::forgotten(&json, &planned);
        planned.extend(forgotten);
        let managed = today::Managed::of(&json, &planned);
        let unknown = unknown(&json);
        let configured = references::Configuration::of(&json);
        let mut code = Code::default();
        for resource in &planned {
            let none = Json {
                token: Token::Null,
                start: 0,
                end: 0,
            };
            let open = unknown.get(&resource.address).copied().unwrap_or(&none);
            let mut body = Body::default();
            for (key, value) in members(resource.values) {
                let Some(name) = word(key) else { continue };
                let own = member(open, name).unwrap_or(&none);
                if let Some(kind) = configured.unset(resource, name) {
                    managed.stay(resource, (name, value, own), kind, source, &mut code);
                    continue;
                }
                if BLOCKS.contains(&name) {
                    if let Token::Array(all) = &value.token {
                        let open = match &own.token {
                            Token::Array(all) => all.as_slice(),
                            _ => &[],
                        };
                        for (at, one) in all.iter().enumerate() {
                            let open = open.get(at).unwrap_or(&none);
                            body.blocks.push(block(name, one, open));
                        }
                    }
                    continue;
                }
                if matches!(value.token, Token::Null) && !is_open(own) {
                    continue;
                }
                body.attributes.push(Attribute {
                    name: name.to_owned(),
                    name_span: span(key),
                    value: expression(value, own),
                });
            }
            // Unknown values are not among the values.
            for (key, value) in members(open) {
                let Some(name) = word(key).filter(|_| is_open(value)) else {
                    continue;
                };
                let is_set = configured.unset(resource, name).is_none();
                if body.get(name).is_some() || BLOCKS.contains(&name) || !is_set {
                    continue;
                }
                let at = span(key);
                let value = { REFERENCES.contains(&name) }
                    .then(|| configured.argument(resource, name, &planned, at))
                    .flatten()
                    .unwrap_or_else(|| hole(at));
                body.attributes.push(Attribute {
                    name: name.to_owned(),
                    name_span: at,
                    value,
                });
            }
            let it = Block {
                kind: "resource".to_owned(),
                labels: vec![
                    (resource.kind.clone(), resource.place),
                    (resource.address.clone(), resource.place),
                ],
                body,
                span: resource.place,
                header: resource.place,
            };
            let key = format!("{}.{}", resource.kind, resource.address);
            code.resources.insert(key, Rc::new(Placed { source, it }));
        }
        Ok(code)
    }

    /// Takes from a plan what the code leaves open: values of variables and of attributes.
    ///
    /// # Errors
    ///
    /// Why it is not a plan.
    pub(super) fn take_plan(&mut self, source: SourceId) -> Result<(), Fault> {
        let text = self.files.sources.get(source).text().to_owned();
        let json = read(&text)?;
        for (key, value) in member(&json, "variables").map(members).unwrap_or_default() {
            let value = member(value, "value").filter(|v| !matches!(v.token, Token::Null));
            if let (Some(name), Some(value)) = (word(key), value) {
                let it = expression(value, value);
                let value = self.at_module(0, &Placed { source, it });
                if let Some(root) = self.modules.first_mut() {
                    root.given.insert(name.to_owned(), value);
                }
            }
        }
        let mut known = Known::default();
        let prior = member(&json, "prior_state").and_then(|s| member(s, "values"));
        let mut all = planned(&json)?;
        self.incomplete(&json, &all, source);
        if let Some(root) = prior.and_then(|v| member(v, "root_module")) {
            collect(root, "", 0, &mut all)?;
        }
        for resource in all {
            let attributes = known.resources.entry(resource.address).or_default();
            for (key, value) in members(resource.values) {
                if let (Some(name), Some(text)) = (word(key), scalar(value)) {
                    let place = Place {
                        source,
                        span: span(value),
                    };
                    attributes
                        .entry(name.to_owned())
                        .or_insert_with(|| Value::bound(text, place));
                }
            }
        }
        self.plan = known;
        Ok(())
    }

    /// Reports what keeps a plan from being the whole module.
    fn incomplete(&mut self, json: &Json, planned: &[Planned<'_>], source: SourceId) {
        let addresses = planned.iter().map(|p| p.address.as_str()).collect();
        for (span, message) in super::plan_faults::faults(json, &addresses) {
            let help = "make the plan again, without errors and targets: terraform plan -out PLAN";
            self.unread(Place { source, span }, message, help);
        }
    }

    /// The value of an attribute in the plan.
    pub(super) fn planned(&self, address: &str, attribute: &str) -> Option<Value> {
        self.plan.resources.get(address)?.get(attribute).cloned()
    }
}

/// A value as an expression; `open` is the part of `after_unknown` for it.
fn expression(json: &Json, open: &Json) -> Expression {
    let at = span(json);
    if matches!(open.token, Token::Boolean(true)) && !std::ptr::eq(json, open) {
        return hole(at);
    }
    let inner = |index: usize| elements(open).get(index);
    let node = match &json.token {
        Token::Null | Token::Hole(_) => Syntax::Null,
        Token::Boolean(value) => Syntax::Boolean(*value),
        Token::Number(text) => Syntax::Number(text.clone()),
        Token::Text(text) if text.value.is_empty() => Syntax::Template(Vec::new()),
        Token::Text(text) => Syntax::Template(vec![Part::Literal(Literal {
            text: text.value.clone(),
            offsets: text.offsets.clone(),
        })]),
        Token::Array(all) => {
            let all = all.iter().enumerate();
            Syntax::Tuple(
                all.map(|(i, v)| expression(v, inner(i).unwrap_or(v)))
                    .collect(),
            )
        }
        Token::Object(all) => {
            let all = all.iter().map(|(key, value)| {
                let own = word(key).and_then(|name| member(open, name));
                (
                    expression(key, key),
                    expression(value, own.unwrap_or(value)),
                )
            });
            Syntax::Object(all.collect())
        }
    };
    Expression { node, span: at }
}

fn block(kind: &str, json: &Json, open: &Json) -> Block {
    let mut body = Body::default();
    for (key, value) in members(json) {
        let Some(name) = word(key) else { continue };
        let own = member(open, name);
        body.attributes.push(Attribute {
            name: name.to_owned(),
            name_span: span(key),
            value: expression(value, own.unwrap_or(value)),
        });
    }
    for (key, value) in members(open) {
        if let Some(name) = word(key).filter(|name| is_open(value) && body.get(name).is_none()) {
            body.attributes.push(Attribute {
                name: name.to_owned(),
                name_span: span(json),
                value: hole(span(json)),
            });
        }
    }
    Block {
        kind: kind.to_owned(),
        labels: Vec::new(),
        body,
        span: span(json),
        header: span(json),
    }
}

/// The resources that will be there.
fn planned(json: &Json) -> Result<Vec<Planned<'_>>, Fault> {
    let root = member(json, "planned_values").and_then(|v| member(v, "root_module"));
    let Some(root) = root else {
        return Err(Fault {
            message: "there are no planned values in it".to_owned(),
            span: Span {
                start: json.start,
                end: json.start,
            },
        });
    };
    let mut all = Vec::new();
    collect(root, "", 0, &mut all)?;
    Ok(all)
}

fn collect<'j>(
    module: &'j Json,
    address: &str,
    depth: usize,
    all: &mut Vec<Planned<'j>>,
) -> Result<(), Fault> {
    if depth > DEEPEST {
        return Err(Fault {
            message: "the modules are nested too deeply".to_owned(),
            span: span(module),
        });
    }
    for resource in member(module, "resources")
        .map(elements)
        .unwrap_or_default()
    {
        let text = |name: &str| member(resource, name).and_then(word);
        let (Some(own), Some(kind), Some(name)) = (text("address"), text("type"), text("name"))
        else {
            continue;
        };
        let Some(values) = member(resource, "values") else {
            continue;
        };
        let data = if text("mode") == Some("data") {
            "data."
        } else {
            ""
        };
        let place = member(resource, "address").map_or(span(resource), span);
        all.push(Planned {
            address: own.to_owned(),
            kind: kind.to_owned(),
            name: format!("{data}{kind}.{name}"),
            module: address.to_owned(),
            values,
            place,
        });
    }
    for child in member(module, "child_modules")
        .map(elements)
        .unwrap_or_default()
    {
        let own = member(child, "address").and_then(word).unwrap_or_default();
        collect(child, &format!("{own}."), depth + 1, all)?;
    }
    Ok(())
}
