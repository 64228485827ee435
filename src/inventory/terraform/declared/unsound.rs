//! Blocks that Terraform refuses for more than one word in them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::inventory::cycle::cycle as cycle_of;
use crate::inventory::terraform::evaluate::Unread;
use crate::inventory::terraform::facts;
use crate::inventory::terraform::free::{self, Called, Reference};
use crate::inventory::terraform::named_value::{Defined, undefined};
use crate::inventory::terraform::provider::{self, is_defined};
use crate::inventory::terraform::surroundings::{Code, Module};
use crate::inventory::terraform::syntax_tree::{Block, Expression, Step};
use crate::inventory::terraform::value::{Place, Placed};
use crate::nearest::nearest_word;
use crate::parser::{SourceId, Span, shorten};

fn unread(source: SourceId, span: Span, message: String, help: &str) -> Unread {
    Unread {
        place: Place { source, span },
        message,
        help: help.to_owned(),
    }
}

fn references(of: &Expression) -> Vec<Reference<'_>> {
    free::references(of, &|_| false)
}

/// A block that says twice how often it is there.
///
/// <https://developer.hashicorp.com/terraform/language/meta-arguments/for_each>
pub(super) fn count_and_for_each(block: &Placed<Block>) -> Option<Unread> {
    block.it.body.get("count")?;
    let second = block.it.body.attribute("for_each")?;
    let message = "`count` and `for_each` are in one block".to_owned();
    let help = "remove one of them: Terraform refuses both";
    Some(unread(block.source, second.name_span, message, help))
}

/// A call of a function that there is not, or with arguments that it does not take.
pub(super) fn call(of: &Called<'_>, source: SourceId) -> Option<Unread> {
    let name = of.call.name.as_str();
    let known = facts::functions().filter(|_| !name.contains("::"))?;
    let shown = shorten(name);
    let Some(counts) = known.get(name) else {
        let meant = nearest_word(name, known.keys().map(String::as_str), 2);
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`? Terraform refuses the call"),
            None => "correct the name: Terraform refuses the call".to_owned(),
        };
        let message = format!("there is no function `{shown}`");
        return Some(unread(source, of.span, message, &help));
    };
    let given = of.call.arguments.len();
    let (least, most) = (counts.first().copied()?, counts.get(1).copied());
    let is_few = given < least && !of.call.expands;
    // The last argument may be a list of none.
    let is_many =
        most.is_some_and(|most| given.saturating_sub(usize::from(of.call.expands)) > most);
    if !is_few && !is_many {
        return None;
    }
    let takes = match most {
        Some(most) if most == least => least.to_string(),
        Some(most) => format!("{least} to {most}"),
        None => format!("at least {least}"),
    };
    let message = format!("`{shown}` takes {takes} arguments, and this call has {given}");
    let help = "correct the arguments: Terraform refuses the call";
    Some(unread(source, of.span, message, help))
}

/// A reference to an output of a module that it does not have, or to one of several modules without an index.
///
/// <https://developer.hashicorp.com/terraform/language/block/module>
pub(super) fn module(
    code: Option<(&str, &Code)>,
    several: Option<&str>,
    step: Option<&Step>,
    name: &str,
) -> Option<(String, String)> {
    let Some(Step::Attribute(output)) = step else {
        return None;
    };
    if let Some(several) = several {
        let shown = shorten(name);
        let message =
            format!("`module.{shown}` has `{several}`, and the reference to it has no index");
        let help = format!(
            "write the index of one (`module.{shown}[…]`), or `module.{shown}[*]` for all: Terraform refuses the reference"
        );
        return Some((message, help));
    }
    let (address, code) = code?;
    undefined(code, address, Defined::Output, output)
}

/// A configuration of a provider that the module neither has nor gets from one of its callers.
///
/// <https://developer.hashicorp.com/terraform/language/meta-arguments/resource-provider>
pub(super) fn provider(code: &Code, block: &Placed<Block>, modules: &[Module]) -> Option<Unread> {
    let given = block.it.body.get("provider")?;
    let name = provider::reference(given).filter(|name| !is_defined(code, name))?;
    let mut calls = { modules.iter() }
        .filter(|m| std::ptr::eq(Rc::as_ptr(&m.code), code))
        .filter_map(|m| m.caller.as_ref());
    if calls.any(|(_, call)| provider::passes(&call.it, &name)) {
        return None;
    }
    let message = format!("the module has no provider `{}`", shorten(&name));
    let help = "write a `provider` block with this `alias`, or list it among the \
                `configuration_aliases`: Terraform refuses the reference";
    Some(unread(block.source, given.span, message, help))
}

/// Defaults of variables that are not written out.
///
/// <https://developer.hashicorp.com/terraform/language/block/variable#default>
pub(super) fn defaults(code: &Code) -> Vec<Unread> {
    let mut found = Vec::new();
    for (name, variable) in &code.variables {
        let Some(default) = variable.it.body.get("default") else {
            continue;
        };
        if let Some(first) = references(default).first() {
            let message = format!(
                "the default of `var.{}` refers to another value",
                shorten(name)
            );
            let help = "write the value itself, or a local value: Terraform refuses the default";
            found.push(unread(variable.source, first.span, message, help));
        }
    }
    found
}

/// The first cycle of local values, unless it is reported where they are used.
///
/// <https://developer.hashicorp.com/terraform/language/values/locals>
pub(super) fn cycle(code: &Code, known: &[Unread]) -> Option<Unread> {
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, local) in &code.locals {
        let own = uses.entry(name).or_default();
        for reference in references(&local.it) {
            if let ("local", Some(Step::Attribute(used))) =
                (reference.name, reference.steps.first())
            {
                own.insert(used);
            }
        }
    }
    let cycle = cycle_of(&uses)?;
    let told = |name: &str| format!("`local.{name}` refers to itself");
    let is_told = |name: &&str| known.iter().any(|u| u.message == told(name));
    if cycle.iter().any(is_told) {
        return None;
    }
    // The first one that is written.
    let mut names = code.locals.keys().map(String::as_str);
    let name = names.find(|name| cycle.contains(name))?;
    let local = code.locals.get(name)?;
    let help = "break the cycle: Terraform refuses it too";
    Some(unread(local.source, local.it.span, told(name), help))
}
