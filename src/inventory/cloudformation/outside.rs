//! Parts of a template that are not judged: those that CloudFormation refuses, and those in other templates.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::links::{Resource, references};
use super::{types, unresolved};
use crate::nearest::hint;
use crate::parser::tree::Tree;
use crate::parser::{Problem, ProblemKind, Span, shorten};

/// Keys whose values are policies.
const POLICIES: [&str; 2] = ["AssumeRolePolicyDocument", "PolicyDocument"];

/// What a resource may have beside its type.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html>
const ATTRIBUTES: [&str; 11] = [
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Types of resources that are templates of their own.
const TEMPLATES: [&str; 3] = [
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::Serverless::Application",
];

/// Turns repeated keys outside of policies into parts that could not be read: which of them is deployed is not known.
pub(super) fn repeated(tree: &Rc<Tree>, problems: &mut [Problem]) {
    let mut policies = Vec::new();
    tree.visit(&mut |key, part| {
        let is_policy = key.is_some_and(|k| POLICIES.contains(&k));
        if is_policy {
            policies.push(part.span);
        }
        !is_policy
    });
    policies.sort_unstable_by_key(|span| span.start);
    for problem in problems {
        let span = problem.span;
        let before = policies.partition_point(|of| of.start <= span.start);
        let last = before.checked_sub(1).and_then(|at| policies.get(at));
        let is_of_policy = last.is_some_and(|of| span.end <= of.end);
        if problem.kind == ProblemKind::DuplicateKey && !is_of_policy {
            let message = format!(
                "the template has the key `{}` twice",
                shorten(&problem.subject)
            );
            let mut new = Problem::unresolved(&problem.subject, &message, span)
                .with_help("keep one of them; --unresolved warn judges the last one");
            new.related.clone_from(&problem.related);
            *problem = new;
        }
    }
}

/// Reports what CloudFormation refuses of a resource that makes a policy, and macros.
pub(super) fn attributes(resource: &Resource, problems: &mut Vec<Problem>) {
    required(resource, problems);
    let makes_policies = types::find(&resource.kind).filter(|t| !t.properties.is_empty());
    for (key, _) in resource.tree.entries() {
        let name = key.text().unwrap_or_default();
        if name.starts_with("Fn::") {
            let message = format!("`{}` may add to the resource", shorten(name));
            problems.push(unresolved(name, &message, key.span));
        } else if makes_policies.is_some() && !ATTRIBUTES.contains(&name) {
            let message = format!("`{}` is not an attribute of a resource", shorten(name));
            problems.push(refused(name, &message, key.span));
        }
    }
    let (Some(of), Some(properties)) = (makes_policies, resource.tree.get("Properties")) else {
        return;
    };
    for (key, _) in properties.entries() {
        let name = key.text().unwrap_or_default();
        // Functions are evaluated, or reported there.
        if !is_function(key) && !of.properties.iter().any(|p| p == name) {
            let message = format!("`{}` is not a property of {}", shorten(name), resource.kind);
            problems.push(refused(name, &message, key.span));
        }
    }
}

/// Reports a type that CloudFormation does not have, and the properties that a resource must have and does not.
fn required(resource: &Resource, problems: &mut Vec<Problem>) {
    let kind = resource.kind.as_str();
    let place = resource.tree.get("Type").map_or(resource.span, |t| t.span);
    let Some(of) = types::find(kind) else {
        if types::is_of_iam(kind) {
            let message = format!("`{}` is not a type of resource", shorten(kind));
            let problem = Problem::unresolved("Type", message, place);
            let hint = hint(kind, &types::of_iam());
            problems
                .push(problem.with_help(format!("CloudFormation refuses the template; {hint}")));
        }
        return;
    };
    let properties = resource.tree.get("Properties");
    let has_call = |p: &Tree| { p.entries().iter() }.any(|(k, _)| is_function(k));
    if properties.is_some_and(|p| p.tag.is_some() || has_call(p)) {
        return;
    }
    let is_missing = |name: &&String| properties.is_none_or(|p| p.get(name).is_none());
    let help = "add it: CloudFormation refuses the template";
    // A policy without a document is reported where it is read.
    let own = of.required.iter().filter(|name| *name != "PolicyDocument");
    for name in own.filter(is_missing) {
        let message = format!("`{}` has no `{name}`", shorten(&resource.name));
        problems.push(Problem::unresolved(name, message, place).with_help(help));
    }
    if !of.one_of.is_empty() && of.one_of.iter().all(|name| is_missing(&name)) {
        let name = shorten(&resource.name);
        let message = format!("`{name}` has none of: {}", of.one_of.join(", "));
        let help = "add one of them: CloudFormation refuses the template";
        problems.push(Problem::unresolved("Properties", message, place).with_help(help));
    }
}

/// Whether a key is the name of a function, which may make any property.
fn is_function(key: &Tree) -> bool {
    key.text()
        .is_some_and(|name| name.starts_with("Fn::") || name == "Ref")
}

fn refused(subject: &str, message: &str, span: Span) -> Problem {
    Problem::unresolved(subject, message, span)
        .with_help("remove it, or correct its name: CloudFormation refuses the template")
}

/// Resources that may change what a role may do and are not read, for the list of what was not checked.
pub(super) fn unchecked(resources: &[Resource]) -> Vec<String> {
    let of_iam = resources
        .iter()
        .filter(|r| r.kind.starts_with("AWS::IAM::"));
    let of_iam: BTreeSet<&str> = of_iam.map(|r| r.name.as_str()).collect();
    let mut found = Vec::new();
    for resource in resources {
        let kind = resource.kind.as_str();
        if TEMPLATES.contains(&kind) || kind.ends_with("::MODULE") {
            found.push(format!("nested-template:{}", resource.name));
            continue;
        }
        let is_custom =
            kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource";
        if is_custom && let Some(properties) = resource.tree.get("Properties") {
            let mut names_role = false;
            references(properties, &mut |name| names_role |= of_iam.contains(name));
            if names_role {
                found.push(format!("custom-resource:{}", resource.name));
            }
        }
    }
    crate::inventory::first_of(found)
}
