//! Values of references: `var.x`, `local.x`, `module.x.y`, `aws_iam_role.x.arn`.

mod instances;
mod misfit;
mod optional;
mod undefined;

use std::rc::Rc;

use super::evaluate::Machine;
use super::facts::{self, Part};
use super::principals::shape::is_own_name;
use super::surroundings::Scope;
use super::syntax_tree::{Block, Expression, Node as Syntax, Step};
use super::value::Instance;
use super::value::Placed;
use super::value::{Node, Piece, Place, Value};
use crate::inventory;
use crate::parser::HoleKind;
pub(super) use undefined::{Defined, referred, undefined};

/// The most resources that `count` and `for_each` make of one block.
const MOST_INSTANCES: usize = 500;

impl Machine<'_> {
    /// The value of a name, and how many of the steps behind it belong to it.
    pub(super) fn reference(
        &mut self,
        name: &str,
        steps: &[Step],
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<(Value, usize)> {
        if scope.is_template {
            self.failures += 1;
            return None;
        }
        let first = match steps.first() {
            Some(Step::Attribute(name)) => Some(name.as_str()),
            _ => None,
        };
        match name {
            "each" => match first? {
                "key" => Some((scope.each.key.clone()?, 1)),
                "value" => Some((scope.each.value.clone()?, 1)),
                _ => None,
            },
            "count" => match first? {
                "index" => Some((scope.each.index.clone()?, 1)),
                _ => None,
            },
            "path" => {
                let folder = match first? {
                    "module" => {
                        let module = self.modules.get(scope.module)?;
                        let folder = module.code.folder.clone();
                        self.files.relative(&folder)
                    }
                    "root" => ".".to_owned(),
                    _ => return None,
                };
                Some((Value::bound(folder, place), 1))
            }
            _ => {
                let (kind, key, used) = referred(name, steps)?;
                self.defined(scope.module, kind, &key, place)?;
                let value = match kind {
                    Defined::Variable => self.variable(scope.module, &key, place)?,
                    Defined::Local => self.local(scope.module, &key, place)?,
                    Defined::Resource => self.resource(scope.module, &key, place)?,
                    Defined::Module => {
                        let code = Rc::clone(&self.modules.get(scope.module)?.code);
                        let block = Rc::clone(code.modules.get(&key)?);
                        self.calls(scope.module, &block, place)
                    }
                    Defined::Output => self.output(scope.module, &key, place)?,
                };
                Some((value, used))
            }
        }
    }

    /// The value of a variable of a module.
    fn variable(&mut self, module: usize, name: &str, place: Place) -> Option<Value> {
        let of = self.modules.get(module)?;
        let block = of.code.variables.get(name).map(Rc::clone);
        if let Some(given) = of.given.get(name).cloned() {
            return Some(self.with_defaults(given, block.as_deref()));
        }
        let caller = of.caller.clone();
        let each = of.each.clone();
        if let Some((caller, call)) = caller
            && let Some(argument) = call.it.body.get(name)
        {
            let key = (module, format!("var.{name}"));
            let value = self.once(key, place, |machine| {
                let scope = Scope {
                    module: caller,
                    source: call.source,
                    each: &each,
                    frame: None,
                    is_template: false,
                };
                let value = machine.evaluate(argument, &scope);
                machine.with_defaults(value, block.as_deref())
            });
            let is_null = matches!(value.node, Node::Null);
            let nullable = block.as_ref().and_then(|b| b.it.body.get("nullable"));
            let takes_null = !matches!(nullable.map(|n| &n.node), Some(Syntax::Boolean(false)));
            if !is_null || takes_null {
                return Some(value);
            }
        }
        let Some(block) = block else {
            self.failures += 1;
            return None;
        };
        if let Some(default) = block.it.body.get("default") {
            let it = default.clone();
            let key = (module, format!("var.{name}"));
            let source = block.source;
            let value = self.once(key, place, |machine| {
                let value = machine.at_module(module, &Placed { source, it });
                machine.with_defaults(value, Some(&*block))
            });
            if module == 0 {
                self.note_default(name, &value);
            }
            return Some(value);
        }
        let kind = match block.it.body.get("type").map(type_name) {
            Some("list" | "set" | "tuple") => HoleKind::List,
            _ => HoleKind::Text,
        };
        let address = self.modules.get(module).map(|m| m.address.clone());
        let address = address.unwrap_or_default();
        let (shown, option) = if address.is_empty() {
            let option = format!("--parameter {name}=VALUE");
            (format!("var.{name}"), Some(option))
        } else {
            (format!("{address}.var.{name}"), None)
        };
        let at = (place.source, place.span);
        let hole = self.holes.make(shown, kind, at, option);
        Some(Value::new(Node::Hole(hole), place))
    }

    fn local(&mut self, module: usize, name: &str, place: Place) -> Option<Value> {
        let code = Rc::clone(&self.modules.get(module)?.code);
        let Some(local) = code.locals.get(name) else {
            self.failures += 1;
            return None;
        };
        let key = (module, format!("local.{name}"));
        Some(self.once(key, place, |machine| machine.at_module(module, local)))
    }

    /// The resource or data source of a key, or all of them where there are several.
    fn resource(&mut self, module: usize, key: &str, place: Place) -> Option<Value> {
        let code = Rc::clone(&self.modules.get(module)?.code);
        let block = Rc::clone(code.resources.get(key)?);
        let all = self.instances(module, &block);
        let several = |name: &str| block.it.body.get(name).is_some();
        if !several("count") && !several("for_each") {
            let one = all.first()?;
            return Some(Value::new(Node::Resource(Rc::clone(one)), place));
        }
        if let [one] = all.as_slice()
            && let Some(hole) = one.each.optional
        {
            let value = Value::new(Node::Resource(Rc::clone(one)), place);
            return Some(Value::new(Node::Choice(hole, Rc::new(vec![value])), place));
        }
        let value = |instance| Value::new(Node::Resource(Rc::clone(instance)), place);
        let values: Vec<Value> = all.iter().map(value).collect();
        if several("count") {
            return Some(Value::list(values, place));
        }
        let keys = all.iter().filter_map(|i| i.each.key.clone());
        Some(Value::map(keys.zip(values).collect(), place))
    }

    /// An attribute of a resource.
    pub(super) fn attribute(&mut self, of: &Rc<Instance>, name: &str, place: Place) -> Value {
        let key = (of.module, format!("{}.{name}", of.address));
        let instance = Rc::clone(of);
        let value = self.once(key, place, |machine| {
            let at = Place {
                source: instance.block.source,
                span: instance.name_span(),
            };
            machine.attribute_once(&instance, name, at)
        });
        // A name is where it is used.
        match value.node {
            Node::Hole(_) | Node::Text(_) => value.bound_at(place).of(value.subject),
            _ => value,
        }
    }

    fn attribute_once(&mut self, of: &Rc<Instance>, name: &str, place: Place) -> Value {
        let kind = of.kind();
        if of.is_data() {
            if kind == "aws_iam_policy_document" && ["json", "minified_json"].contains(&name) {
                return self.policy_document(of);
            }
            if kind == "template_file" && name == "rendered" {
                return self.template_file(of);
            }
            if kind == "aws_partition" && name == "dns_suffix" {
                let suffix = inventory::url_suffix(self.partition.as_deref());
                return Value::bound(suffix, place);
            }
            if let Some(placeholder) = facts::placeholder(kind, name) {
                if placeholder == "Region"
                    && let Some(region) = self.region(of, place)
                {
                    return region;
                }
                return self.named(placeholder, HoleKind::Reference, place);
            }
        }
        let resource = facts::resource(kind);
        let subject = self.looked_up(of, resource).or(Some(Rc::clone(of)));
        let name = facts::attribute(kind, name);
        if name == "arn"
            && let Some(planned) = self.planned(&of.address, name)
        {
            return planned.of(subject);
        }
        if name == "arn"
            && let Some(resource) = resource.filter(|r| !r.parts.is_empty())
        {
            let given = of.is_data().then(|| self.argument(of, "arn")).flatten();
            let value = match given {
                Some(value) => value,
                None => self.arn(of, resource, place),
            };
            return value.of(subject);
        }
        let is_identity =
            resource.is_some_and(|r| r.identity.iter().any(|i| i == name)) || name == "arn";
        let argument = match resource {
            Some(resource) if is_identity && name != "arn" => resource.name.as_deref(),
            _ => Some(name),
        };
        let value = argument.and_then(|argument| self.argument(of, argument));
        let planned = |machine: &Self| machine.planned(&of.address, name);
        let value = match value {
            Some(value) if !matches!(value.node, Node::Null | Node::Hole(_)) => value,
            found
                if planned(self).is_some()
                    || found
                        .as_ref()
                        .is_some_and(|v| matches!(v.node, Node::Hole(_))) =>
            {
                match (planned(self), found) {
                    (Some(planned), _) => planned,
                    (None, Some(found)) => found,
                    (None, None) => self.open(HoleKind::Text, place, of.module),
                }
            }
            _ => {
                let prefix = is_identity
                    .then(|| self.argument(of, "name_prefix"))
                    .flatten();
                let is_word = is_identity && name != "arn" || facts::is_name(kind, name);
                let hole_kind = if is_word {
                    HoleKind::Word
                } else if ["id", "name"].contains(&name) {
                    HoleKind::Name
                } else {
                    HoleKind::Text
                };
                let shown = match resource.and_then(|r| r.name.as_deref()) {
                    // The id and the name of a resource are the same.
                    Some(own) if is_identity && name != "arn" => own,
                    _ => name,
                };
                let hole = self.named(format!("{}.{shown}", of.address), hole_kind, place);
                match prefix {
                    Some(prefix) if !matches!(prefix.node, Node::Null) => {
                        let mut pieces = Vec::new();
                        self.put(&prefix, &mut pieces, of.module);
                        self.put(&hole, &mut pieces, of.module);
                        Value::pieces_of(pieces, place)
                    }
                    _ => hole,
                }
            }
        };
        if is_identity || is_own_name(kind, name) {
            value.of(subject)
        } else {
            value
        }
    }

    /// The resource of the module that a data source looks up by its name or ARN.
    fn looked_up(
        &mut self,
        of: &Instance,
        resource: Option<&facts::Resource>,
    ) -> Option<Rc<Instance>> {
        let name = resource.filter(|_| of.is_data())?.name.as_deref()?;
        let given = [name, "arn"].map(|name| self.argument(of, name)?.subject);
        { given.into_iter().flatten() }.find(|by| !by.is_data() && by.kind() == of.kind())
    }

    /// The ARN of a resource.
    fn arn(&mut self, of: &Rc<Instance>, resource: &facts::Resource, place: Place) -> Value {
        let mut pieces = Vec::new();
        for part in &resource.parts {
            let value = match part {
                Part::Text(text) => Value::bound(text.clone(), place),
                Part::Placeholder(name) => {
                    let region = { name == "Region" }
                        .then(|| self.region(of, place))
                        .flatten();
                    region.unwrap_or_else(|| self.named(name.clone(), HoleKind::Reference, place))
                }
                Part::Without(start, name) => {
                    let given = self.argument(of, name);
                    let given = given.filter(|value| !matches!(value.node, Node::Null));
                    let value = given.unwrap_or_else(|| {
                        let name = format!("{}.{name}", of.address);
                        self.named(name, HoleKind::Word, place)
                    });
                    let mut own = Vec::new();
                    self.put(&value, &mut own, of.module);
                    if let Some(first) = own.first_mut()
                        && let Some(text) =
                            first.text().and_then(|t| t.strip_prefix(start.as_str()))
                    {
                        *first = Piece::Bound {
                            text: text.to_owned(),
                            place,
                            via: value.via.clone(),
                        };
                    }
                    pieces.extend(own);
                    continue;
                }
                Part::Argument(name, default) => {
                    let given = if resource.name.as_ref() == Some(name) {
                        Some(self.attribute(of, name, place))
                    } else {
                        self.argument(of, name)
                    };
                    match (given, default) {
                        (Some(given), _) if !matches!(given.node, Node::Null) => given,
                        (_, Some(default)) => Value::bound(default.clone(), place),
                        (_, None) => {
                            let name = format!("{}.{name}", of.address);
                            self.named(name, HoleKind::Word, place)
                        }
                    }
                }
            };
            self.put(&value, &mut pieces, of.module);
        }
        // All of it is where the reference to it is.
        let text: Option<String> = pieces.iter().map(Piece::text).collect();
        match text {
            Some(text) => Value::bound(text, place),
            None => Value::pieces_of(pieces, place),
        }
    }

    /// The calls of a module.
    fn calls(&mut self, module: usize, block: &Rc<Placed<Block>>, place: Place) -> Value {
        let all = self.called(module, block);
        let Some(all) = all else {
            return self.open(HoleKind::Text, place, module);
        };
        let several = |name: &str| block.it.body.get(name).is_some();
        let value = |at: &usize| Value::new(Node::Module(*at), place);
        let each = |machine: &Self, at: &usize| machine.modules.get(*at).map(|m| m.each.clone());
        if !several("count") && !several("for_each") {
            return match all.first() {
                Some(at) => value(at),
                None => self.open(HoleKind::Text, place, module),
            };
        }
        let optional = all.first().and_then(|at| each(self, at)?.optional);
        if let (Some(hole), Some(at)) = (optional, all.first()) {
            return Value::new(Node::Choice(hole, Rc::new(vec![value(at)])), place);
        }
        if several("count") {
            return Value::list(all.iter().map(value).collect(), place);
        }
        let members = all
            .iter()
            .filter_map(|at| Some((each(self, at)?.key?, value(at))));
        Value::map(members.collect(), place)
    }

    /// An output of a module.
    pub(super) fn output(&mut self, module: usize, name: &str, place: Place) -> Option<Value> {
        let code = Rc::clone(&self.modules.get(module)?.code);
        if self.tries == 0 {
            self.defined(module, Defined::Output, name, place)?;
        }
        let Some(block) = code.outputs.get(name) else {
            self.failures += 1;
            return None;
        };
        let value = block.it.body.get("value")?;
        let key = (module, format!("output.{name}"));
        let source = block.source;
        Some(self.once(key, place, |machine| {
            let it = value.clone();
            machine.at_module(module, &Placed { source, it })
        }))
    }

    /// The text of `data.template_file.x.rendered`.
    fn template_file(&mut self, of: &Rc<Instance>) -> Value {
        let place = Place {
            source: of.block.source,
            span: of.name_span(),
        };
        let template = self.argument(of, "template");
        let variables = self.argument(of, "vars");
        let rendered = template.and_then(|t| self.rendered(&t, variables.as_ref(), place));
        if let Some(value) = rendered {
            value
        } else {
            let name = format!("{}.rendered", of.address);
            self.named(name, HoleKind::Text, place)
        }
    }
}

/// The first word of a type: `list` of `list(string)`.
fn type_name(of: &Expression) -> &str {
    match &of.node {
        Syntax::Name(name) => name,
        Syntax::Call(call) => &call.name,
        Syntax::Template(parts) => match parts.as_slice() {
            [super::syntax_tree::Part::Literal(literal)] => {
                let text = literal.text.as_str();
                text.split('(').next().unwrap_or(text)
            }
            _ => "",
        },
        _ => "",
    }
}
