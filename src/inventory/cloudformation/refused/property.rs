//! Values of properties that CloudFormation or IAM refuses: names, paths and durations beyond IAM's limits, and lists that are
//! too long or have an element twice.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::evaluate::{Template, call};
use super::super::links::Resource;
use super::super::refused_template;
use super::super::settings::{PropertyText, texts};
use super::super::types;
use super::each;
use crate::inventory::{Node as Made, Piece, iam_limits};
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, shorten};

/// The functions whose values are known to be texts, or lists of a parameter.
const TEXTS: [&str; 4] = ["Ref", "Fn::Join", "Fn::Sub", "Fn::ImportValue"];

/// Such values of a resource that is made for sure.
pub(super) fn values(template: &mut Template<'_>, resource: &Resource) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(properties) = resource.tree.get("Properties").map(Rc::clone) else {
        return problems;
    };
    for name in iam_limits::limited(&resource.kind) {
        if let Some(tree) = properties.get(name)
            && let Some(message) = refusal(template, resource, name)
        {
            let help = "correct it: IAM refuses it, so the stack is not created";
            problems.push(Problem::unresolved(name, message, tree.span).with_help(help));
        }
    }
    problems.extend(names_of_policies(template, resource));
    let Some(of) = types::find(&resource.kind) else {
        return problems;
    };
    for name in &of.lists {
        let Some(tree) = properties.get(name) else {
            continue;
        };
        let is_one = match (call(tree), &tree.node) {
            (None, node) => !matches!(node, Node::List(_) | Node::Null),
            // An attribute, or what a macro returns, may be a list.
            (Some(call), _) if !TEXTS.contains(&call.name.as_str()) => false,
            (Some(_), _) => matches!(
                template.property(&resource.name, name).map(|v| v.node),
                Some(Made::Text(_) | Made::Map(_))
            ),
        };
        if is_one {
            let message = format!("`{name}` takes a list, and this is none");
            let help = "write `[` and `]` around it, or `-` before it";
            problems.push(refused_template(name, message, help, tree.span));
        }
    }
    for name in &of.unique {
        problems.extend(properties.get(name).and_then(|list| repeated(name, list)));
    }
    for (name, most) in &of.most {
        let Some(list) = properties.get(name) else {
            continue;
        };
        let mut count = 0;
        each(list, &mut |one| {
            let is_there = template.evaluate(one).node != Made::Absent;
            count += usize::from(is_there);
        });
        if count > *most {
            let message = format!("`{name}` takes {most}, and this has {count}");
            let help = "remove the others";
            problems.push(refused_template(name, message, help, list.span));
        }
    }
    problems
}

/// The names of inline policies that IAM refuses.
fn names_of_policies(template: &mut Template<'_>, resource: &Resource) -> Vec<Problem> {
    const LIST: &str = "Policies";
    let kind = format!("{}.{LIST}", resource.kind);
    let names: Vec<&str> = iam_limits::limited(&kind).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let properties = resource.tree.get("Properties");
    let list = properties.and_then(|properties| properties.get(LIST));
    let Some(list) = list.filter(|list| call(list).is_none()) else {
        return Vec::new();
    };
    let mut refused = Vec::new();
    for policy in list.elements() {
        for name in &names {
            let Some(tree) = policy.get(name) else {
                continue;
            };
            let Some(pieces) = template.evaluate(tree).pieces() else {
                continue;
            };
            let parts: Vec<Option<&str>> = pieces.iter().map(Piece::text).collect();
            if let Some(message) = iam_limits::refusal(&kind, name, &parts) {
                let help = "correct it: IAM refuses it, so the stack is not created";
                refused.push(Problem::unresolved(*name, message, tree.span).with_help(help));
            }
        }
    }
    refused
}

/// Why IAM refuses a property, whatever the values of the parameters are that may have several.
fn refusal(template: &mut Template<'_>, resource: &Resource, name: &str) -> Option<String> {
    let of = |parts: &[Option<&str>]| iam_limits::refusal(&resource.kind, name, parts);
    let all = texts(template, &resource.name, name);
    if let [PropertyText::Open] = all.as_slice() {
        let value = template.property(&resource.name, name)?;
        let pieces = value.pieces()?;
        let parts: Vec<Option<&str>> = pieces.iter().map(Piece::text).collect();
        return of(&parts);
    }
    let all = all.iter().map(|one| match one {
        PropertyText::Is(text) => of(&[Some(text)]),
        PropertyText::Absent | PropertyText::Open => None,
    });
    let all: Option<Vec<String>> = all.collect();
    all?.into_iter().next()
}

/// An element that a list has twice.
fn repeated(name: &str, list: &Rc<Tree>) -> Option<Problem> {
    let mut seen = BTreeSet::new();
    let mut found = None;
    each(list, &mut |one| {
        let function = call(one).map(|call| (call.name, call.argument.text()));
        let element = match &function {
            None => one.text().map(|text| (String::new(), text)),
            Some((name, text)) => text.map(|text| (name.clone(), text)),
        };
        if let Some((function, text)) = element
            && text != "AWS::NoValue"
            && !seen.insert((function, text.to_owned()))
            && found.is_none()
        {
            let message = format!("`{name}` has `{}` twice", shorten(text));
            let help = "remove one of them";
            found = Some(refused_template(name, message, help, one.span));
        }
    });
    found
}
