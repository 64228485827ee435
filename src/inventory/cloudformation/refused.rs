//! References between resources of IAM that CloudFormation or IAM refuses, whatever the parameters are.

mod plain_text;
mod property;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::evaluate::{Template, call};
use super::links::Resource;
use super::types::anatomy;
use crate::inventory::cycle::cycle;
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

/// Circles that are reported at most.
const MOST_CIRCLES: usize = 10;

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
    problems.extend(circles(made));
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
fn circles(made: &[&Resource]) -> Vec<Problem> {
    // SAM makes other resources of its own, and orders them.
    let of_sam = anatomy().sam_types.as_str();
    let own = || { made.iter() }.filter(|r| !r.kind.starts_with(of_sam));
    let names: BTreeSet<&str> = own().map(|r| r.name.as_str()).collect();
    let mut needs: BTreeMap<&str, BTreeMap<String, Span>> = own()
        .map(|resource| (resource.name.as_str(), needs_of(resource, &names)))
        .collect();
    let mut problems = Vec::new();
    while problems.len() < MOST_CIRCLES {
        let all = needs.iter();
        let all = all.map(|(name, of)| (*name, of.keys().map(String::as_str).collect()));
        let Some(circle) = cycle(&all.collect()) else {
            break;
        };
        let circle: Vec<String> = circle.into_iter().map(str::to_owned).collect();
        let place = circle.iter().zip(circle.iter().cycle().skip(1));
        let place = place
            .min()
            .and_then(|(name, next)| needs.get(name.as_str())?.get(next));
        let mut shown: Vec<String> = { circle.iter() }.map(|n| format!("`{n}`")).collect();
        shown.sort_unstable();
        let message = format!(
            "circular dependency between {}: CloudFormation refuses the template",
            shown.join(", ")
        );
        let help = "name the other resource on one side only";
        let problem = place.map(|span| Problem::unresolved("Resources", message, *span));
        problems.extend(problem.map(|problem| problem.with_help(help)));
        needs.retain(|name, _| !circle.iter().any(|of| of == name));
        for of in needs.values_mut() {
            of.retain(|name, _| !circle.contains(name));
        }
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
                "Fn::Sub" => {
                    let text = argument.text().or(first).unwrap_or_default();
                    let map = argument.elements().get(1);
                    let names = text.split("${").skip(1).filter_map(|t| t.split_once('}'));
                    let own = names.map(|(name, _)| name.trim());
                    let own = own.filter(|name| map.is_none_or(|m| m.get(name).is_none()));
                    own.for_each(|name| add(name, part.span));
                    return map.is_some();
                }
                "Fn::If" | "Fn::Transform" => {}
                // The values in its argument are evaluated, too.
                name => return !name.starts_with("Fn::ForEach"),
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
