//! The parts of the texts of a statement, and of its elements.

use crate::reference::RefStatement;
use crate::vocabulary;

/// A part of a text.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Part<'t> {
    Literal(&'t str),
    /// A placeholder of the reference, by its name.
    Placeholder(&'t str),
    /// A variable of IAM (`aws:username`), without `${` and `}`.
    Variable(&'t str),
}

/// The parts of a text of the reference.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inner, behind)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            all.push(Part::Literal(before));
        }
        let is_variable = vocabulary::is_policy_variable(inner) || matches!(inner, "*" | "?" | "$");
        all.push(if is_variable {
            Part::Variable(inner)
        } else {
            Part::Placeholder(inner)
        });
        rest = behind;
    }
    if !rest.is_empty() {
        all.push(Part::Literal(rest));
    }
    all
}

/// The elements of a statement that have lists, each with the name that it has in a policy.
pub(super) fn lists(statement: &RefStatement) -> [(&'static str, &[String]); 2] {
    let name = |negated, not, plain| if negated { not } else { plain };
    [
        (
            name(statement.action.negated, "NotAction", "Action"),
            statement.action.values.as_slice(),
        ),
        (
            name(statement.resource.negated, "NotResource", "Resource"),
            statement.resource.values.as_slice(),
        ),
    ]
}

/// A condition key with its values.
type Line<'s> = (&'s str, &'s [String]);

/// The conditions of a statement by operator, in order: of each the keys with their values.
pub(super) fn conditions(statement: &RefStatement) -> Vec<(&str, Vec<Line<'_>>)> {
    let mut operators: Vec<(&str, Vec<Line<'_>>)> = Vec::new();
    for line in &statement.conditions {
        let key = (line.key.as_str(), line.values.as_slice());
        let mut known = operators.iter_mut();
        match known.find(|(operator, _)| *operator == line.operator) {
            Some((_, keys)) => keys.push(key),
            None => operators.push((&line.operator, vec![key])),
        }
    }
    operators
}
