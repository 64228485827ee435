//! CloudFormation, SAM and CDK templates: the principals that a template defines, with its functions evaluated.
//!
//! The text becomes a tree; `evaluate` turns its parts into values, with a hole for what is known only when the
//! stack is deployed; `principals` finds the roles, users, groups and policies, and what is attached to which.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

mod anatomy;
mod connectors;
mod dangling;
mod evaluate;
mod function;
mod json_document;
mod links;
mod names;
mod nested;
mod outside;
mod parameter;
mod parameter_value;
mod passed;
mod principals;
mod refused;
mod sam;
mod sam_policy;
mod settings;
mod template_condition;
mod types;
mod work;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use passed::Nested;

use super::Inventory;
use crate::parser::tree::{self, Tree};
use crate::parser::{Problem, Source, SourceId, Span};

/// Values that the command line gives.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Parameters by name. `None` is the value that the stack has, which is not known.
    pub parameters: BTreeMap<String, Option<String>>,
    /// The Region, account and partition, where they are known.
    pub region: Option<String>,
    /// See above.
    pub account: Option<String>,
    /// See above.
    pub partition: Option<String>,
    /// The nested stacks whose template it is.
    pub nested: Vec<Nested>,
}

/// How many faults of one kind are reported for which CloudFormation refuses the template.
const MOST: usize = 100;

/// The macro of SAM.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// Macros of AWS that change nothing of a policy.
const HARMLESS: [&str; 6] = [
    SAM,
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::ServiceCatalog",
];

/// Whether a text may be a template, by a look at its words.
pub fn may_be_template(text: &str) -> bool {
    text.contains("Resources") && text.contains("AWS::")
}

/// Reads a template. `None` where the text is none.
///
/// # Errors
///
/// The error in a text that was meant to be a template.
pub fn read(
    id: SourceId,
    source: &Source,
    given: &Given,
) -> Option<Result<Inventory, Box<Problem>>> {
    let text = source.text();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    if !may_be_template(body) {
        return None;
    }
    let mut problems = Vec::new();
    let is_json = body.trim_start().starts_with('{');
    let mut tree = if is_json {
        tree::of_json(body, start, &mut problems)
    } else {
        tree::of_yaml(body, start, tree::TEMPLATE, &mut problems)
    };
    // YAML in braces, where the name does not say that it is JSON.
    if is_json && tree.is_err() && is_yaml(source.name()) {
        let mut of_yaml = Vec::new();
        if let Ok(read) = tree::of_yaml(body, start, tree::TEMPLATE, &mut of_yaml) {
            (tree, problems) = (Ok(read), of_yaml);
        }
    }
    let tree = match tree {
        Ok(tree) => tree,
        // Text that is no JSON gets the explanations of the reader of policies.
        Err(_) if is_json => return None,
        Err(problem) if is_meant(body) => return Some(Err(problem)),
        Err(_) => return None,
    };
    if !is_template(&tree) {
        return None;
    }
    outside::repeated(&tree, &mut problems);
    macros(&tree, &mut problems);
    let aliases = { problems.iter() }.position(|p| p.subject == tree::ALIAS && !p.rejected);
    let aliases = aliases.map(|at| problems.remove(at));
    let is_of_sam = transforms(&tree).iter().any(|one| one.text() == Some(SAM));
    let refused = parameter::refused(&tree, given);
    problems.extend(parameter::refused_of_parents(&tree, given));
    let defaults = parameter::refused_defaults(&tree, given);
    let whole = sam::with_globals(Rc::clone(&tree));
    let mut template = evaluate::Template::new(id, whole, given);
    template.made_roles = sam::roles(&template.tree);
    let mut inventory = principals::inventory(template, problems);
    // The tools of SAM write them out.
    inventory.problems.extend(aliases.filter(|_| !is_of_sam));
    inventory.problems.extend(defaults);
    // Without principals there is nothing to say of the rest.
    if !inventory.principals.is_empty() {
        add_refused(&mut inventory, &tree, is_of_sam);
    }
    inventory.refused_parameters = refused;
    Some(Ok(inventory))
}

/// Adds faults for which CloudFormation refuses the whole template, if no macro rewrites it that is not known: without it
/// there is none of its principals. A principal that reports the same at the same place reports it no more.
fn add_refused(inventory: &mut Inventory, tree: &Rc<Tree>, is_of_sam: bool) {
    let is_known = |one: &Rc<Tree>| one.text().is_some_and(|name| HARMLESS.contains(&name));
    if !transforms(tree).iter().all(is_known) {
        return;
    }
    let without = anatomy::sam_without_macro(tree).filter(|_| !is_of_sam);
    let is_of_sam = is_of_sam || without.is_some();
    let mut refused = anatomy::refused(tree, is_of_sam);
    let mut circle = Vec::new();
    if !dangling::adds(tree) {
        refused.extend(dangling::names(tree, is_of_sam));
        circle = dangling::circle(tree);
    }
    let is_same = |own: &Problem| {
        let same = |of: &Problem| of.span == own.span && of.message == own.message;
        refused.iter().chain(&circle).any(same)
    };
    let documents = { inventory.principals.iter_mut() }.flat_map(|p| &mut p.documents);
    for document in documents {
        document.worst.problems.retain(|own| !is_same(own));
    }
    refused.extend(circle.into_iter().next());
    refused.extend(without);
    inventory.problems.extend(refused);
}

/// Whether a file is YAML by its name.
fn is_yaml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".yaml", ".yml"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether a text that is no YAML was meant to be a template.
fn is_meant(text: &str) -> bool {
    let mut lines = text.lines();
    lines.any(|l| {
        l.starts_with("AWSTemplateFormatVersion")
            || l.starts_with("Resources:")
            || l.trim_start().starts_with("Type: AWS::")
    })
}

/// Whether a document has resources of AWS.
fn is_template(tree: &Tree) -> bool {
    let Some(resources) = tree.get("Resources") else {
        return false;
    };
    let is_resource = |(_, value): &(Rc<Tree>, Rc<Tree>)| {
        let kind = value.get("Type").and_then(|t| t.text());
        kind.is_some_and(|k| {
            ["AWS::", "Custom::", "Alexa::"]
                .iter()
                .any(|p| k.starts_with(p))
        })
    };
    tree.get("AWSTemplateFormatVersion").is_some() || resources.entries().iter().any(is_resource)
}

/// Reports the macros that may rewrite what is judged.
fn macros(tree: &Tree, problems: &mut Vec<Problem>) {
    for (key, _) in tree.entries() {
        let name = key.text().unwrap_or_default();
        if is_function(key) {
            let message = format!("`{}` may add to the template", crate::parser::shorten(name));
            problems.push(unresolved(name, &message, key.span));
        }
    }
    for one in transforms(tree) {
        match one.text() {
            Some(name) if HARMLESS.contains(&name) => {}
            Some(name) => {
                let message = format!(
                    "the macro `{}` may rewrite the template",
                    crate::parser::shorten(name)
                );
                problems.push(unresolved("Transform", &message, one.span));
            }
            None => {
                let message = "this macro may rewrite the template";
                problems.push(unresolved("Transform", message, one.span));
            }
        }
    }
}

/// The macros of the whole template.
fn transforms(tree: &Tree) -> &[Rc<Tree>] {
    let transform = tree.get("Transform");
    transform.map_or(&[], |one| one.one_or_more())
}

/// The entries of a section that no function makes.
fn entries<'t>(
    tree: &'t Tree,
    section: &str,
) -> impl Iterator<Item = &'t (Rc<Tree>, Rc<Tree>)> + use<'t> {
    let section = tree.get(section).filter(|of| of.tag.is_none());
    let entries = section.into_iter().flat_map(|of| of.entries());
    entries.filter(|(key, _)| !is_function(key))
}

fn is_function(key: &Tree) -> bool {
    key.text().is_some_and(|name| name.starts_with("Fn::"))
}

/// The message on a name that the template does not define. What of a principal has the same is not reported twice.
fn not_defined(what: &str, name: &str) -> String {
    let name = crate::parser::shorten(name);
    format!("{what}`{name}` is not defined in the template")
}

/// A part for which CloudFormation refuses the whole template.
fn refused_template(subject: &str, message: String, help: &str, span: Span) -> Problem {
    let help = format!("{help}: CloudFormation refuses the template");
    Problem::unresolved(subject, message, span).with_help(help)
}

/// A part that could not be read.
fn unresolved(subject: &str, message: &str, span: Span) -> Problem {
    Problem::unresolved(subject, message, span).with_help(
        "write the value in the template, or give the template that the macro makes: \
         `aws cloudformation get-template --template-stage Processed`; --unresolved warn accepts it",
    )
}
