//! References between resources of IAM that CloudFormation or IAM refuses, whatever the parameters are.

mod plain_text;
mod property;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::evaluate::{Template, call};
use super::links::Resource;
use crate::inventory::{Node as Made, Piece, Value};
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, Span};

/// Properties that take names.
const NAMES: [&str; 6] = [
    "Roles",
    "Users",
    "Groups",
    "RoleName",
    "UserName",
    "GroupName",
];

/// Such references in the resources that are made for sure.
pub(super) fn references(template: &mut Template<'_>, made: &[&Resource]) -> Vec<Problem> {
    let own: Vec<&Resource> = { made.iter().copied() }
        .filter(|resource| resource.kind.starts_with("AWS::IAM::"))
        .collect();
    let mut problems = Vec::new();
    for resource in &own {
        let Some(properties) = resource.tree.get("Properties").map(Rc::clone) else {
            continue;
        };
        for (key, tree) in properties.entries() {
            match key.text() {
                Some(property @ ("ManagedPolicyArns" | "PermissionsBoundary")) => {
                    each(tree, &mut |tree| {
                        problems.extend(no_arn(template, property, tree));
                    });
                }
                Some(list) if NAMES.contains(&list) && takes_others(&resource.kind, list) => {
                    each(tree, &mut |tree| {
                        problems.extend(no_name(template, list, tree));
                    });
                }
                _ => {}
            }
        }
    }
    for resource in &own {
        problems.extend(plain_text::names(resource));
        problems.extend(property::values(template, resource));
    }
    problems.extend(circles(&own));
    template.problems.clear();
    template.taken.clear();
    problems
}

/// Whether a property names principals beside the resource itself: a role's `RoleName` is its own.
fn takes_others(kind: &str, property: &str) -> bool {
    !matches!(
        (kind, property),
        ("AWS::IAM::Role", "RoleName")
            | ("AWS::IAM::User", "UserName" | "Groups")
            | ("AWS::IAM::Group", "GroupName")
    )
}

/// The elements of a list that are there whatever the conditions are.
fn each(tree: &Rc<Tree>, see: &mut impl FnMut(&Rc<Tree>)) {
    match (&tree.node, call(tree)) {
        (Node::List(elements), None) => elements.iter().for_each(|one| each(one, see)),
        (_, Some(call)) if !["Ref", "Fn::GetAtt", "Fn::Sub"].contains(&call.name.as_str()) => {}
        _ => see(tree),
    }
}

/// The known beginning of a text.
fn beginning(value: &Value) -> Option<String> {
    let pieces = match &value.node {
        Made::Text(_) => value.pieces()?,
        _ => return None,
    };
    pieces.first().and_then(Piece::text).map(str::to_owned)
}

/// An ARN where IAM takes a name.
fn no_name(template: &mut Template<'_>, list: &str, tree: &Rc<Tree>) -> Option<Problem> {
    let value = template.evaluate(tree);
    let is_arn = beginning(&value).is_some_and(|text| text.starts_with("arn:"));
    is_arn.then(|| {
        let message = format!("`{list}` takes names, and this is an ARN: IAM refuses it");
        Problem::unresolved(list, message, tree.span)
            .with_help("write the name: `!Ref` of the resource")
    })
}

/// Anything but an ARN where IAM takes one.
fn no_arn(template: &mut Template<'_>, property: &str, tree: &Rc<Tree>) -> Option<Problem> {
    let refused = |what: &str| {
        let takes = match property {
            "ManagedPolicyArns" => "ARNs",
            _ => "an ARN",
        };
        let message = format!("`{property}` takes {takes}, and {what}: IAM refuses it");
        let help = "write a managed policy: `!Ref` of an `AWS::IAM::ManagedPolicy`, or its ARN";
        Problem::unresolved(property, message, tree.span).with_help(help)
    };
    if let Some(call) = call(tree) {
        let name = call.argument.text().filter(|_| call.name == "Ref")?;
        let kind = template.kind_of(name)?;
        let is_name = kind.starts_with("AWS::IAM::") && kind != "AWS::IAM::ManagedPolicy";
        return is_name.then(|| refused(&format!("the `Ref` of an `{kind}` is a name")));
    }
    let is_empty = tree.text() == Some("");
    let text = beginning(&template.evaluate(tree)).or_else(|| is_empty.then(String::new))?;
    let is_arn = text.starts_with("arn:") || text.starts_with("{{");
    (!is_arn).then(|| refused("this is none"))
}

/// Resources that need each other to be made first.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html> (circular dependency)
fn circles(own: &[&Resource]) -> Vec<Problem> {
    let names: BTreeSet<&str> = own.iter().map(|r| r.name.as_str()).collect();
    let needs: BTreeMap<&str, BTreeMap<String, Span>> = { own.iter() }
        .map(|resource| (resource.name.as_str(), needs_of(resource, &names)))
        .collect();
    let mut problems = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (name, first) in &needs {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = vec![*name];
        while let Some(at) = open.pop() {
            for next in needs.get(at).into_iter().flat_map(BTreeMap::keys) {
                if !before.contains_key(next.as_str()) {
                    before.insert(next, at);
                    open.push(next);
                }
            }
        }
        let mut circle = vec![*name];
        let mut at = before.get(name).copied();
        while let Some(previous) = at.filter(|previous| previous != name) {
            circle.push(previous);
            at = before.get(previous).copied();
        }
        if at.is_none() || circle.iter().any(|name| told.contains(name)) {
            continue;
        }
        told.extend(&circle);
        let needed = circle.last().unwrap_or(name);
        let Some(span) = first.get(*needed) else {
            continue;
        };
        circle.sort_unstable();
        let all = circle.iter().map(|name| format!("`{name}`"));
        let all = all.collect::<Vec<_>>().join(", ");
        let message =
            format!("circular dependency between {all}: CloudFormation refuses the template");
        let help = "name the other resource on one side only";
        problems.push(Problem::unresolved("Resources", message, *span).with_help(help));
    }
    problems
}

/// The resources that one needs, and where it says so. What a condition decides is left out.
fn needs_of(resource: &Resource, names: &BTreeSet<&str>) -> BTreeMap<String, Span> {
    let mut found = BTreeMap::new();
    let mut add = |name: &str, span: Span| {
        let name = name.split('.').next().unwrap_or_default();
        if names.contains(name) {
            found.entry(name.to_owned()).or_insert(span);
        }
    };
    if let Some(properties) = resource.tree.get("Properties") {
        properties.visit(&mut |_, part| {
            let Some(call) = call(part) else {
                return true;
            };
            let argument = call.argument;
            let first = argument.elements().first().and_then(|t| t.text());
            match call.name.as_str() {
                "Ref" => add(argument.text().unwrap_or_default(), part.span),
                "Fn::GetAtt" => add(argument.text().or(first).unwrap_or_default(), part.span),
                "Fn::Sub" if first.is_none() => {
                    let text = argument.text().unwrap_or_default();
                    let names = text.split("${").skip(1).filter_map(|t| t.split_once('}'));
                    names.for_each(|(name, _)| add(name.trim(), part.span));
                }
                "Fn::Join" | "Fn::Select" | "Fn::Split" => return true,
                _ => {}
            }
            false
        });
    }
    if let Some(needed) = resource.tree.get("DependsOn") {
        for one in needed.one_or_more() {
            add(one.text().unwrap_or_default(), one.span);
        }
    }
    found
}
