//! References to something that the module does not define. Terraform looks at all references before it evaluates any, so it
//! refuses these in `try` and `can` too; outputs of a called module are the exception.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/references>

use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::surroundings::Code;
use crate::inventory::terraform::syntax_tree::{Expression, Node as Syntax, Part, Step};
use crate::inventory::terraform::value::Place;
use crate::nearest::nearest;
use crate::parser::shorten;

/// The first words of references to blocks that are not read, and to values that no block defines.
const NO_RESOURCES: [&str; 11] = [
    "action",
    "count",
    "each",
    "ephemeral",
    "output",
    "path",
    "provider",
    "run",
    "self",
    "terraform",
    "tofu",
];

/// The kinds of what a module defines.
#[derive(Clone, Copy)]
pub(in crate::inventory::terraform) enum Defined {
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

/// What a reference refers to, its name or address, and how many of its steps belong to that. `None` for references to
/// blocks that are not read, and to what no block defines.
pub(in crate::inventory::terraform) fn referred(
    name: &str,
    steps: &[Step],
) -> Option<(Defined, String, usize)> {
    let word = |at: usize| match steps.get(at) {
        Some(Step::Attribute(name)) => Some(name.as_str()),
        Some(Step::Index(Expression {
            node: Syntax::Template(parts),
            ..
        })) => match parts.as_slice() {
            [Part::Literal(literal)] => Some(literal.text.as_str()),
            _ => None,
        },
        _ => None,
    };
    let first = word(0);
    let named = |kind: Defined| Some((kind, first?.to_owned(), 1));
    match name {
        "var" => named(Defined::Variable),
        "local" => named(Defined::Local),
        "module" => named(Defined::Module),
        "data" => {
            let key = format!("data.{}.{}", first?, word(1)?);
            Some((Defined::Resource, key, 2))
        }
        "resource" => {
            let key = format!("{}.{}", first?, word(1)?);
            Some((Defined::Resource, key, 2))
        }
        _ if NO_RESOURCES.contains(&name) => None,
        _ => Some((Defined::Resource, format!("{name}.{}", first?), 1)),
    }
}

/// The message and the help for a reference, if the module surely does not define what it refers to.
pub(in crate::inventory::terraform) fn undefined(
    code: &Code,
    address: &str,
    kind: Defined,
    name: &str,
) -> Option<(String, String)> {
    let names: Vec<&String> = match kind {
        Defined::Variable => code.variables.keys().collect(),
        Defined::Local => code.locals.keys().collect(),
        Defined::Resource => code.resources.keys().collect(),
        Defined::Module => code.modules.keys().collect(),
        Defined::Output => code.outputs.keys().collect(),
    };
    let is_defined = match kind {
        Defined::Variable => code.variables.contains_key(name),
        Defined::Local => code.locals.contains_key(name),
        Defined::Resource => code.resources.contains_key(name),
        Defined::Module => code.modules.contains_key(name),
        Defined::Output => code.outputs.contains_key(name),
    };
    if is_defined || code.is_partial {
        return None;
    }
    let prefix = kind.prefix();
    let message = if address.is_empty() {
        format!("the module does not define `{prefix}{}`", shorten(name))
    } else {
        let address = shorten(address);
        format!("`{address}` does not define `{prefix}{}`", shorten(name))
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
    Some((message, help))
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
        let of = self.modules.get(module)?;
        let found = undefined(&of.code, &of.address, kind, name).filter(|_| !self.is_plan);
        let Some((message, help)) = found else {
            return Some(());
        };
        self.unread(place, message, &help);
        self.failures += 1;
        None
    }
}
