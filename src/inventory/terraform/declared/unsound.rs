//! Blocks that Terraform refuses for more than one word in them.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::inventory::terraform::evaluate::Unread;
use crate::inventory::terraform::free::{self, Reference};
use crate::inventory::terraform::provider::{self, is_defined};
use crate::inventory::terraform::surroundings::{Code, Module};
use crate::inventory::terraform::syntax_tree::{Block, Expression, Step};
use crate::inventory::terraform::value::{Place, Placed};
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
    let mut uses: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    let mut users: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for (name, local) in &code.locals {
        let own = uses.entry(name).or_default();
        for reference in references(&local.it) {
            if let ("local", Some(Step::Attribute(used))) =
                (reference.name, reference.steps.first())
            {
                own.push(used);
                users.entry(used).or_default().push(name);
            }
        }
    }
    // Without those that need none of the others, and so on, only cycles and what needs them are left.
    let mut open: FxHashMap<&str, usize> = uses.iter().map(|(n, all)| (*n, all.len())).collect();
    let is_free = |name: &&&str| code.locals.get(**name).is_none();
    let mut next: Vec<&str> = users.keys().filter(is_free).copied().collect();
    next.extend(
        uses.iter()
            .filter(|(_, all)| all.is_empty())
            .map(|(n, _)| *n),
    );
    while let Some(name) = next.pop() {
        open.remove(name);
        for user in users.get(name).into_iter().flatten() {
            if let Some(count) = open.get_mut(user) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    next.push(user);
                }
            }
        }
    }
    let mut names = code.locals.keys().map(String::as_str);
    let mut name = names.find(|name| open.contains_key(name))?;
    let mut passed: Vec<&str> = Vec::new();
    let mut seen = FxHashSet::default();
    while seen.insert(name) {
        passed.push(name);
        let used = uses.get(name).into_iter().flatten();
        name = used.copied().find(|used| open.contains_key(used))?;
    }
    let cycle = passed.into_iter().skip_while(|passed| *passed != name);
    let told = |name: &str| format!("`local.{name}` refers to itself");
    let is_told = |name: &str| known.iter().any(|u| u.message == told(name));
    if cycle.into_iter().any(is_told) {
        return None;
    }
    let local = code.locals.get(name)?;
    let help = "break the cycle: Terraform refuses it too";
    Some(unread(local.source, local.it.span, told(name), help))
}
