//! All references of a module, whether they are evaluated or not: Terraform looks at them before it evaluates anything, so it
//! refuses one to nothing in an argument that decides nothing here and in the branch that a condition does not take.
//!
//! The content of a `dynamic` block is left to the evaluation: Terraform looks at it once for each element, so never for none.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/references>

mod unsound;

use std::rc::Rc;

use super::evaluate::{Machine, Unread};
use super::free::{self, Reference};
use super::named_value::{Defined, referred, undefined};
use super::supported;
use super::surroundings::{Code, Module};
use super::syntax_tree::{Block, Expression, Node, Part, Step};
use super::value::Place;
use crate::parser::{SourceId, shorten};

/// The most references that are reported.
const MOST: usize = 500;
/// Arguments that are no expressions of the module, by the kind of their block.
const WORDS: [(&str, &str); 14] = [
    ("resource", "provider"),
    ("data", "provider"),
    ("module", "source"),
    ("module", "version"),
    ("module", "providers"),
    ("output", "type"),
    ("action_trigger", "events"),
    ("lifecycle", "ignore_changes"),
    ("lifecycle", "create_before_destroy"),
    ("lifecycle", "prevent_destroy"),
    ("provisioner", "when"),
    ("provisioner", "on_failure"),
    ("dynamic", "iterator"),
    ("dynamic", "labels"),
];
/// How the names of files with code in JSON end.
const JSON: &str = ".json";
/// Blocks that look like arguments in JSON, and comments.
const IN_JSON: [&str; 4] = ["dynamic", "provisioner", "connection", "//"];

/// Reports what Terraform refuses in the code of all modules, whether it is evaluated or not: see [`Walk`] and `misfits`.
pub(super) fn check(machine: &mut Machine<'_>) {
    if machine.is_plan {
        return;
    }
    let mut all: Vec<(String, Rc<Code>)> = Vec::new();
    let mut add = |address: &str, code: &Rc<Code>| {
        if !all.iter().any(|(_, known)| Rc::ptr_eq(known, code)) {
            all.push((address.to_owned(), Rc::clone(code)));
        }
    };
    for module in &machine.modules {
        add(&module.address, &module.code);
    }
    // The code of a module that is called for no element, which Terraform looks at too.
    let mut codes: Vec<_> = machine.codes.values().collect();
    codes.sort_by(|a, b| a.folder.cmp(&b.folder));
    for code in codes {
        add("", code);
    }
    for unread in machine.misfits(&all) {
        machine.unread(unread.place, unread.message, &unread.help);
    }
    for (address, code) in all {
        let mut walk = Walk {
            machine,
            code: &code,
            address: &address,
            source: SourceId(0),
            is_json: false,
            several: None,
            is_lifecycle: false,
            found: Vec::new(),
        };
        walk.module();
        for unread in walk.found {
            machine.unread(unread.place, unread.message, &unread.help);
        }
    }
}

struct Walk<'c, 'm> {
    machine: &'c Machine<'m>,
    code: &'c Code,
    address: &'c str,
    source: SourceId,
    is_json: bool,
    /// The argument of the block that makes several instances of it: `count` or `for_each`.
    several: Option<&'static str>,
    /// True in `lifecycle`, where a reference may be to a part of all instances.
    is_lifecycle: bool,
    found: Vec<Unread>,
}

impl<'c> Walk<'c, '_> {
    fn module(&mut self) {
        let code = self.code;
        if code.is_partial {
            return;
        }
        let blocks = [&code.resources, &code.modules, &code.outputs];
        for block in blocks.into_iter().flat_map(|all| all.values()) {
            self.enter(block.source);
            self.several = several(&block.it);
            self.found
                .extend(supported::faults(&block.it, block.source));
            self.found
                .extend(unsound::provider(code, block, &self.machine.modules));
            self.found.extend(unsound::count_and_for_each(block));
            self.block(&block.it);
        }
        self.found.extend(unsound::defaults(code));
        let known = &self.machine.unread;
        self.found.extend(unsound::cycle(code, known));
        self.several = None;
        for variable in code.variables.values() {
            self.enter(variable.source);
            let inner = variable.it.body.blocks.iter();
            inner
                .filter(|b| b.kind == "validation")
                .for_each(|b| self.block(b));
        }
        for local in code.locals.values() {
            self.enter(local.source);
            self.expression(&local.it);
        }
    }

    fn enter(&mut self, source: SourceId) {
        self.source = source;
        self.is_json = self
            .machine
            .files
            .sources
            .get(source)
            .name()
            .ends_with(JSON);
    }

    fn block(&mut self, block: &'c Block) {
        let outer = self.is_lifecycle;
        self.is_lifecycle |= block.kind == "lifecycle";
        for attribute in &block.body.attributes {
            let (kind, name) = (block.kind.as_str(), attribute.name.as_str());
            let is_block = self.is_json && IN_JSON.contains(&name);
            if !is_block && !WORDS.contains(&(kind, name)) {
                self.expression(&attribute.value);
            }
        }
        let is_dynamic = block.kind == "dynamic";
        let inner = block.body.blocks.iter();
        inner
            .filter(|b| !(is_dynamic && b.kind == "content"))
            .for_each(|b| self.block(b));
        self.is_lifecycle = outer;
    }

    fn expression(&mut self, of: &'c Expression) {
        let is_json = self.is_json;
        let is_block =
            |key: &Expression| is_json && word(key).is_some_and(|w| IN_JSON.contains(&w));
        let (references, calls) = free::parts(of, &is_block);
        for reference in &references {
            self.reference(reference);
        }
        for call in &calls {
            self.found.extend(unsound::call(call, self.source));
        }
    }

    /// The message and the help for a step behind a resource that its number of instances does not allow.
    fn instance(&self, key: &str, step: Option<&Step>) -> Option<(String, String)> {
        let block = self
            .code
            .resources
            .get(key)
            .filter(|_| !self.is_lifecycle)?;
        let shown = shorten(key);
        match (step?, several(&block.it)) {
            (Step::Attribute(_), Some(name)) => Some((
                format!("`{shown}` has `{name}`, and the reference to it has no index"),
                format!(
                    "write the index of one (`{shown}[…]`), or `{shown}[*]` for all: Terraform refuses the reference"
                ),
            )),
            (Step::Index(index), None) if is_literal(index) => Some((
                format!(
                    "`{shown}` has neither `count` nor `for_each`, and the reference to it has an index"
                ),
                "remove the index: Terraform refuses the reference".to_owned(),
            )),
            _ => None,
        }
    }

    /// The message and the help for a step behind a module that it does not have.
    fn of_module(&self, reference: &Reference<'_>, key: &str) -> Option<(String, String)> {
        if !reference.is_certain {
            return None;
        }
        let call = self.code.modules.get(key)?;
        let several = several(&call.it);
        let is_it = |m: &&Module| { m.caller.as_ref() }.is_some_and(|(_, by)| Rc::ptr_eq(by, call));
        let of = self.machine.modules.iter().find(is_it);
        let code = of.map(|m| (m.address.as_str(), &*m.code));
        unsound::module(code, several, reference.steps.get(1), key)
    }

    fn reference(&mut self, reference: &Reference<'_>) {
        let Reference {
            name, steps, span, ..
        } = *reference;
        if self.found.len() >= MOST {
            return;
        }
        let place = Place {
            source: self.source,
            span,
        };
        let found = if let Some((kind, key, used)) = referred(name, steps) {
            undefined(self.code, self.address, kind, &key).or_else(|| match kind {
                Defined::Module => self.of_module(reference, &key),
                _ => self.instance(&key, steps.get(used)),
            })
        } else if let Some(needed) = repeated(name).filter(|n| self.several != Some(*n)) {
            let message = format!("`{name}` is used outside of a block with `{needed}`");
            let help = format!(
                "write `{needed}` in the block, or another value: Terraform refuses the reference"
            );
            Some((message, help))
        } else if steps.is_empty() && name != "self" {
            let message = format!("`{}` is not a value", shorten(name));
            let help = "write a text between quotes, or all of a reference: Terraform refuses a word alone";
            Some((message, help.to_owned()))
        } else {
            None
        };
        if let Some((message, help)) = found {
            self.found.push(Unread {
                place,
                message,
                help,
            });
        }
    }
}

/// The argument of a block that makes several instances of it.
fn several(block: &Block) -> Option<&'static str> {
    let mut names = ["count", "for_each"].into_iter();
    names.find(|name| block.body.get(name).is_some())
}

/// The argument without which a block does not have a name.
fn repeated(name: &str) -> Option<&'static str> {
    match name {
        "count" => Some("count"),
        "each" => Some("for_each"),
        _ => None,
    }
}

/// Whether an index is written out.
fn is_literal(index: &Expression) -> bool {
    matches!(index.node, Node::Number(_)) || word(index).is_some()
}

/// The word of a key that is written out.
fn word(key: &Expression) -> Option<&str> {
    match &key.node {
        Node::Template(parts) => match parts.as_slice() {
            [Part::Literal(literal)] => Some(&literal.text),
            _ => None,
        },
        _ => None,
    }
}
