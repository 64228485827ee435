//! Names of parameters, resources and conditions that a template does not define, and conditions that need each other.
//! CloudFormation looks at all of them before it makes anything, used or not.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-ref.html>
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html>

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::evaluate::{Call, call, piece};
use super::function::next_variable;
use super::template_condition::named_condition;
use super::types::{LONGEST_ID, anatomy};
use super::{MOST, entries, not_defined, refused_template};
use crate::inventory::cycle::cycle;
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, Span, shorten};

/// Attributes of a resource in which references are resolved.
const READ: [&str; 3] = ["CreationPolicy", "Properties", "UpdatePolicy"];

/// Such names in a template that no macro rewrites, SAM's aside.
pub(super) fn names(tree: &Rc<Tree>, is_of_sam: bool) -> Vec<Problem> {
    let mut all = Names::of(tree, is_of_sam);
    for (_, condition) in entries(tree, "Conditions") {
        all.references(condition, Place::Condition);
    }
    for (_, resource) in entries(tree, "Resources") {
        all.attribute(resource);
        let depends = resource.get("DependsOn").into_iter();
        let depends = depends.flat_map(Tree::one_or_more);
        for on in depends.filter(|on| on.tag.is_none()) {
            all.resource(on.text(), on.span);
        }
        for part in READ.iter().filter_map(|name| resource.get(name)) {
            all.references(part, Place::Other);
        }
    }
    for (_, output) in entries(tree, "Outputs") {
        all.attribute(output);
        all.references(output, Place::Other);
    }
    all.problems
}

/// Whether a function may add resources or conditions.
pub(super) fn adds(tree: &Rc<Tree>) -> bool {
    let is_one = |name: &str| anatomy().adds.iter().any(|start| name.starts_with(start));
    let mut found = { anatomy().tool_sections.iter() }.any(|name| tree.get(name).is_some());
    tree.visit(&mut |key, part| {
        let tag = part.tag.as_deref().map(|tag| tag.trim_start_matches('!'));
        found |= key.is_some_and(is_one)
            || tag.is_some_and(|tag| is_one(tag) || is_one(&format!("Fn::{tag}")));
        !found
    });
    found
}

/// The section that a reference is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Condition,
    Other,
}

/// The names that a template defines, and the problems with those that it uses.
struct Names<'t> {
    parameters: BTreeSet<&'t str>,
    resources: BTreeSet<&'t str>,
    conditions: BTreeSet<&'t str>,
    /// Resources that stand for others, whose names begin with theirs: those of SAM, and modules.
    made: BTreeSet<&'t str>,
    problems: Vec<Problem>,
}

impl<'t> Names<'t> {
    fn of(tree: &'t Rc<Tree>, is_of_sam: bool) -> Self {
        let of = |name: &str| -> BTreeSet<&'t str> {
            let keys = entries(tree, name);
            keys.filter_map(|(key, _)| key.text()).collect()
        };
        let anatomy = anatomy();
        let makes = |resource: &Tree| {
            let kind = resource.get("Type").and_then(|t| t.text());
            let kind = kind.unwrap_or_default();
            kind.ends_with("::MODULE")
                || is_of_sam && kind.starts_with(&anatomy.sam_types)
                || resource.get("Connectors").is_some()
        };
        let resources = entries(tree, "Resources");
        let made = resources.filter(|(_, resource)| makes(resource));
        let made = made.filter_map(|(key, _)| key.text());
        let by_sam = anatomy.sam_makes.iter().filter(|_| is_of_sam);
        let mut made: BTreeSet<&str> = made.chain(by_sam.map(String::as_str)).collect();
        if is_of_sam {
            tree.visit(&mut |key, part| {
                let is_name = key.is_some_and(|key| anatomy.sam_names.iter().any(|n| n == key));
                made.extend(part.text().filter(|_| is_name));
                true
            });
        }
        Names {
            parameters: of("Parameters"),
            resources: of("Resources"),
            conditions: of("Conditions"),
            made,
            problems: Vec::new(),
        }
    }

    fn report(&mut self, name: &str, what: &str, span: Span) {
        let message = not_defined(what, name);
        self.refused(name, message, "define it, or correct the name", span);
    }

    fn refused(&mut self, name: &str, message: String, help: &str, span: Span) {
        if self.problems.len() < MOST {
            self.problems
                .push(refused_template(name, message, help, span));
        }
    }

    fn has_resource(&self, name: &str) -> bool {
        let starts = || (1..=name.len().min(LONGEST_ID)).filter_map(|length| name.get(..length));
        self.resources.contains(name) || starts().any(|start| self.made.contains(start))
    }

    /// A name that must be one of a resource.
    fn resource(&mut self, name: Option<&str>, span: Span) {
        let Some(name) = name.filter(|name| !self.has_resource(name)) else {
            return;
        };
        if self.parameters.contains(name) {
            let message = format!("`{}` is a parameter, not a resource", shorten(name));
            self.refused(name, message, "name a resource", span);
        } else {
            self.report(name, "", span);
        }
    }

    /// A name for `Ref`, which takes no resource in a condition.
    fn reference(&mut self, name: &str, place: Place, span: Span) {
        let is_pseudo = anatomy().pseudo_parameters.iter().any(|p| p == name);
        let is_resource = || place == Place::Other && self.has_resource(name);
        if is_pseudo || self.parameters.contains(name) || is_resource() {
            return;
        }
        if self.has_resource(name) {
            let message = format!(
                "a condition cannot refer to a resource, `{}`",
                shorten(name)
            );
            self.refused(name, message, "refer to a parameter", span);
        } else {
            self.report(name, "", span);
        }
    }

    fn condition(&mut self, name: &Tree) {
        if let Some(text) = name.text().filter(|_| name.tag.is_none()) {
            self.condition_of(text, name.span);
        }
    }

    fn condition_of(&mut self, name: &str, span: Span) {
        if !self.conditions.contains(name) {
            self.report(name, "the condition ", span);
        }
    }

    /// The condition of a resource or an output.
    fn attribute(&mut self, of: &Tree) {
        if let Some(name) = of.get("Condition") {
            self.condition(name);
        }
    }

    /// All references in a part of the template.
    fn references(&mut self, tree: &Rc<Tree>, place: Place) {
        tree.visit(&mut |_, part| {
            let may_be_one = place == Place::Condition || part.tag.is_some();
            if let Some((name, span)) = named_condition(part).filter(|_| may_be_one) {
                self.condition_of(name, span);
            } else if let Some(call) = call(part) {
                self.called(&call, place);
            }
            true
        });
    }

    fn called(&mut self, call: &Call<'_>, place: Place) {
        let argument = call.argument;
        let first = argument.elements().first();
        match call.name.as_str() {
            "Ref" => {
                if let Some(name) = argument.text() {
                    self.reference(name, place, argument.span);
                }
            }
            "Fn::GetAtt" => {
                let name = first.filter(|name| name.tag.is_none());
                let name = name.and_then(|name| name.text());
                let whole = argument.text().and_then(|text| text.split_once('.'));
                self.resource(whole.map(|(name, _)| name).or(name), argument.span);
            }
            "Fn::If" => {
                if let Some(name) = first {
                    self.condition(name);
                }
            }
            "Fn::Sub" => {
                let text = first.filter(|_| argument.text().is_none());
                let text = text.unwrap_or(argument);
                let map = argument.elements().get(1);
                self.variables(text, map.map(AsRef::as_ref), place);
            }
            _ => {}
        }
    }

    /// The variables in a text of `Fn::Sub`.
    fn variables(&mut self, text: &Tree, map: Option<&Tree>, place: Place) {
        let Node::Text(written, offsets) = &text.node else {
            return;
        };
        let whole = piece(written, offsets.as_deref(), text.span);
        let mut done = 0;
        while let Some(variable) = next_variable(written, done) {
            let name = variable.name.as_str();
            done = variable.range.end;
            if name.is_empty()
                || name.starts_with('!')
                || map.is_some_and(|m| m.get(name).is_some())
            {
                continue;
            }
            let span = whole.part(variable.range).span();
            match name.split_once('.') {
                Some((resource, _)) => self.resource(Some(resource), span),
                None => self.reference(name, place, span),
            }
        }
    }
}

/// The problem with conditions that need each other, for each of them: one is enough.
pub(super) fn circle(tree: &Tree) -> Vec<Problem> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut at: BTreeMap<&str, Span> = BTreeMap::new();
    for (key, condition) in entries(tree, "Conditions") {
        let name = key.text().unwrap_or_default();
        at.insert(name, condition.span);
        let of = needs.entry(name).or_default();
        condition.visit(&mut |_, part| {
            of.extend(named_condition(part).map(|(name, _)| name));
            true
        });
    }
    let circle = cycle(&needs).into_iter().flatten();
    let problems = circle.filter_map(|name| {
        let message = format!("the condition `{}` refers to itself", shorten(name));
        let span = *at.get(name)?;
        Some(refused_template(name, message, "remove the circle", span))
    });
    problems.collect()
}
