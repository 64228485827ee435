//! References to something that the module does not define. Terraform looks at all references before it evaluates any, so it
//! refuses these in `try` and `can` too; outputs of a called module are the exception.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/references>

use std::rc::Rc;

use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::value::Place;
use crate::nearest::nearest;
use crate::parser::shorten;

/// The kinds of what a module defines.
#[derive(Clone, Copy)]
pub(super) enum Defined {
    Variable,
    Local,
    /// A resource or data source, by its address.
    Resource,
    Module,
    Output,
}

impl Defined {
    /// The words before the name in a reference.
    fn prefix(self) -> &'static str {
        match self {
            Defined::Variable => "var.",
            Defined::Local => "local.",
            Defined::Resource => "",
            Defined::Module => "module.",
            Defined::Output => "output.",
        }
    }
}

impl Machine<'_> {
    /// Reports a reference, and returns `None`, if the module surely does not define what it refers to.
    pub(super) fn defined(
        &mut self,
        module: usize,
        kind: Defined,
        name: &str,
        place: Place,
    ) -> Option<()> {
        let code = Rc::clone(&self.modules.get(module)?.code);
        let is_defined = match kind {
            Defined::Variable => code.variables.contains_key(name),
            Defined::Local => code.locals.contains_key(name),
            Defined::Resource => code.resources.contains_key(name),
            Defined::Module => code.modules.contains_key(name),
            Defined::Output => code.outputs.contains_key(name),
        };
        if is_defined || code.is_partial || self.is_plan {
            return Some(());
        }
        let prefix = kind.prefix();
        let message = match self.modules.get(module).map(|m| m.address.as_str()) {
            Some("") | None => format!("the module does not define `{prefix}{}`", shorten(name)),
            Some(address) => {
                let address = shorten(address);
                format!("`{address}` does not define `{prefix}{}`", shorten(name))
            }
        };
        let names: Vec<&String> = match kind {
            Defined::Variable => code.variables.keys().collect(),
            Defined::Local => code.locals.keys().collect(),
            Defined::Resource => code.resources.keys().collect(),
            Defined::Module => code.modules.keys().collect(),
            Defined::Output => code.outputs.keys().collect(),
        };
        let names = names.iter().map(|known| (known.as_str(), *known));
        let meant = nearest(name, names, |known| {
            let label = known.rsplit('.').next().unwrap_or(known);
            label.len() / 3
        });
        let help = match meant {
            Some(meant) => format!("did you mean `{prefix}{}`?", shorten(meant)),
            None => "define it, or correct the name: Terraform refuses the reference".to_owned(),
        };
        self.unread(place, message, &help);
        self.failures += 1;
        None
    }
}
