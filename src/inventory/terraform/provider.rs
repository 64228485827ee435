//! The configurations of providers, and the Region that a resource or data source has from its own.
//!
//! <https://developer.hashicorp.com/terraform/language/meta-arguments/providers>

use std::rc::Rc;

use super::evaluate::Machine;
use super::facts;
use super::surroundings::Code;
use super::syntax_tree::{Block, Body, Expression, Node as Syntax, Part, Step};
use super::value::{Instance, Node, Place, Placed, Value};
use crate::parser::HoleKind;

/// The reference to a configuration of a provider: `aws`, or `aws.eu` for one with an alias. `None` where it is computed.
pub(super) fn reference(of: &Expression) -> Option<String> {
    match &of.node {
        Syntax::Name(name) => Some(name.clone()),
        Syntax::Template(parts) => match parts.as_slice() {
            [Part::Literal(literal)] => Some(literal.text.clone()),
            _ => None,
        },
        Syntax::Traversal(base, steps) => match (&base.node, steps.as_slice()) {
            (Syntax::Name(name), [Step::Attribute(alias)]) => Some(format!("{name}.{alias}")),
            _ => None,
        },
        _ => None,
    }
}

/// The name of the configuration that a `provider` block is.
pub(super) fn name(block: &Block) -> String {
    let own = block.label(0).unwrap_or_default();
    match block.body.get("alias").and_then(reference) {
        Some(alias) => format!("{own}.{alias}"),
        None => own.to_owned(),
    }
}

/// The configurations that a `terraform` block says the caller of the module passes.
pub(super) fn passed(body: &Body) -> Vec<String> {
    let mut all = Vec::new();
    let blocks = body
        .blocks
        .iter()
        .filter(|b| b.kind == "required_providers");
    let listed = blocks.flat_map(|b| &b.body.attributes).map(|a| &a.value);
    // In JSON, the block looks like an argument.
    let object = body.get("required_providers").map(|of| &of.node);
    let objects = match object {
        Some(Syntax::Object(members)) => members.as_slice(),
        _ => &[],
    };
    for of in listed.chain(objects.iter().map(|(_, of)| of)) {
        let Syntax::Object(members) = &of.node else {
            continue;
        };
        for (key, value) in members {
            if let (Some("configuration_aliases"), Syntax::Tuple(of)) =
                (reference(key).as_deref(), &value.node)
            {
                all.extend(of.iter().filter_map(reference));
            }
        }
    }
    all
}

/// Whether a module has a configuration, or gets it; one without an alias is always there.
pub(super) fn is_defined(code: &Code, name: &str) -> bool {
    !name.contains('.')
        || code.providers.contains_key(name)
        || code.passed.iter().any(|p| p == name)
}

/// Whether a call of a module passes it a configuration. One that the module does not list is a warning of Terraform.
pub(super) fn passes(call: &Block, name: &str) -> bool {
    given(call, name).is_some()
}

/// The configuration of the caller that a call passes under a name.
fn given<'b>(call: &'b Block, name: &str) -> Option<&'b Expression> {
    let Syntax::Object(members) = &call.body.get("providers")?.node else {
        return None;
    };
    let mut members = members.iter();
    let found = members.find(|(key, _)| reference(key).as_deref() == Some(name));
    found.map(|(_, given)| given)
}

impl Machine<'_> {
    /// The Region of a resource or data source, unless it is that of the run.
    pub(super) fn region(&mut self, of: &Rc<Instance>, place: Place) -> Option<Value> {
        let kind = of.kind().to_owned();
        let lists = [facts::region("*"), facts::region(&kind)];
        for name in lists.into_iter().flatten() {
            if let Some(value) = self.argument(of, name).filter(is_given) {
                return Some(value);
            }
        }
        let is_open = !facts::region(&kind).is_empty()
            && facts::region("open")
                .iter()
                .any(|name| of.block.it.body.get(name).is_some());
        let provider = match of.block.it.body.get("provider") {
            Some(given) => reference(given),
            None => kind.split('_').next().map(str::to_owned),
        };
        let found = match provider {
            Some(provider) if !is_open => self.provider_region(of.module, &provider),
            _ => Err(()),
        };
        found.unwrap_or_else(|()| {
            let name = format!("{}.region", of.address);
            Some(self.named(name, HoleKind::Word, place))
        })
    }

    /// The Region of a configuration as a module names it; none for that of the run, an error where it is not known.
    fn provider_region(&mut self, module: usize, name: &str) -> Result<Option<Value>, ()> {
        let of = self.modules.get(module).ok_or(())?;
        let own = of.code.providers.get(name).map(Rc::clone);
        let has_alias = name.contains('.');
        let Some((caller, call)) = of.caller.clone() else {
            // The configuration without an alias is what the run is about.
            let own = own.filter(|_| has_alias);
            return match own {
                Some(own) => Ok(self.configured(module, &own)),
                None if has_alias => Err(()),
                None => Ok(None),
            };
        };
        if let Some(given) = given(&call.it, name) {
            let outer = reference(given).ok_or(())?;
            return self.provider_region(caller, &outer);
        }
        match own {
            Some(own) if own.it.body.get("region").is_some() => Ok(self.configured(module, &own)),
            _ if has_alias => Err(()),
            _ => self.provider_region(caller, name),
        }
    }

    fn configured(&mut self, module: usize, block: &Placed<Block>) -> Option<Value> {
        let it = block.it.body.get("region")?.clone();
        let source = block.source;
        let value = self.at_module(module, &Placed { source, it });
        Some(value).filter(is_given)
    }
}

fn is_given(value: &Value) -> bool {
    !matches!(value.node, Node::Null | Node::Absent)
}
