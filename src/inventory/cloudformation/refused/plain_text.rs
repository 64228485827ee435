//! Names of CloudFormation (`${AWS::Region}`) in a text outside of `Fn::Sub`, where IAM refuses what is left of them.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::super::evaluate::call;
use super::super::links::Resource;
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, Span};

/// The beginning of such a name.
const NAME: &str = "${AWS::";

/// Keys of a resource and of its policies whose values IAM checks in full.
const CHECKED: [&str; 3] = ["ManagedPolicyArns", "PermissionsBoundary", "Principal"];

/// Keys of a policy whose values are ARNs, of which IAM checks the partition.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html> (invalid ARN prefix,
/// missing ARN field)
const ARNS: [&str; 2] = ["Resource", "NotResource"];

/// The names in a resource that make IAM refuse it.
pub(super) fn names(resource: &Resource) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(properties) = resource.tree.get("Properties") else {
        return problems;
    };
    properties.visit(&mut |key, part| {
        if call(part).is_some() {
            return false;
        }
        let Some(key) = key else { return true };
        let is_checked = CHECKED.contains(&key);
        if is_checked || ARNS.contains(&key) {
            texts(part, &mut FxHashSet::default(), &mut |text, span| {
                let is_refused = if is_checked {
                    text.contains(NAME)
                } else {
                    text.starts_with("arn:${AWS::Partition}:")
                };
                if is_refused {
                    problems.push(problem(key, text, span));
                }
            });
        }
        !is_checked
    });
    problems
}

/// The texts that are there whatever the conditions are, and that no function makes. What aliases of YAML share is looked
/// at once.
fn texts(tree: &Rc<Tree>, seen: &mut FxHashSet<*const Tree>, see: &mut impl FnMut(&str, Span)) {
    if !seen.insert(Rc::as_ptr(tree)) || call(tree).is_some() {
        return;
    }
    match &tree.node {
        Node::Text(text, _) => see(text, tree.span),
        Node::List(elements) => elements.iter().for_each(|one| texts(one, seen, see)),
        Node::Map(entries) => entries
            .iter()
            .for_each(|(_, value)| texts(value, seen, see)),
        Node::Null | Node::Boolean(_) | Node::Number(_) => {}
    }
}

fn problem(key: &str, text: &str, span: Span) -> Problem {
    let from = text.find(NAME).unwrap_or_default();
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.find('}').map_or(rest.len(), |end| end + 1);
    let name = rest.get(..end).unwrap_or_default();
    let message = format!("`{name}` is plain text in this `{key}`: IAM refuses it");
    Problem::unresolved(key, message, span)
        .with_help("write `!Sub` before the text (`Fn::Sub` in JSON)")
}
