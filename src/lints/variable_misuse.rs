//! A policy variable that AWS does not read as one.

use super::variable::{self, Variable};
use super::{Context, Lint};
use crate::catalog::{KnownKey, suggest_global};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::condition::Operator;
use crate::parser::{Policy, SourceId, Text, Version, shorten};

/// Metadata; the page is `rules/lints/variable-misuse.md`.
pub(super) static LINT: Lint = Lint {
    id: "variable-misuse",
    severity: Severity::Warning,
    summary: "a policy variable is malformed, or is in a place where AWS reads none",
    doc: include_str!("../../rules/lints/variable-misuse.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for policy in context.policies() {
        // Under the older version there are no variables, which another lint says.
        if policy.version == Version::V2012 && variable::may_hold(context, policy) {
            of_policy(context, policy, out);
        }
    }
}

fn of_policy(context: &Context<'_>, policy: &Policy, out: &mut Vec<Finding>) {
    let source = policy.source;
    for statement in &policy.statements {
        for text in statement.action.iter().flat_map(|a| &a.values) {
            let mut variables = variable::all(&text.value);
            if let Some(found) = variables.find(Variable::is_policy_variable) {
                let what = "is in an action, where AWS reads no variables";
                out.push(finding(source, text, &found, what, "name the actions"));
            }
        }
        for text in statement.resource.iter().flat_map(|r| &r.values) {
            let found = spelling(source, text).or_else(|| early(source, text));
            out.extend(found.or_else(|| unknown(context, source, text)));
        }
        for condition in &statement.conditions {
            let operator: Option<Operator> = condition.operator.value.parse().ok();
            for text in &condition.values {
                let found = spelling(source, text);
                let found = found.or_else(|| unread(source, text, operator?));
                out.extend(found.or_else(|| unknown(context, source, text)));
            }
        }
    }
}

fn finding(
    source: SourceId,
    text: &Text,
    variable: &Variable<'_>,
    what: &str,
    help: &str,
) -> Finding {
    let written = text.value.get(variable.range.clone()).unwrap_or_default();
    let message = format!("`{}` {what}", shorten(written));
    let label = Label::at(source, text.part(variable.range.clone()));
    let mut finding = LINT.finding(Severity::Warning, message, label);
    finding.help = Some(help.to_owned());
    finding.subject = Some(shorten(&text.value));
    finding
}

/// The first variable of a string that is misspelt.
fn spelling(source: SourceId, text: &Text) -> Option<Finding> {
    variable::all(&text.value).find_map(|variable| {
        let Some(inner) = variable.inner else {
            let what = "has no closing brace";
            return Some(finding(source, text, &variable, what, "close it with `}`"));
        };
        if !variable.is_policy_variable() {
            return None;
        }
        let (key, default) = match inner.split_once(',') {
            Some((key, default)) => (key, Some(default)),
            None => (inner, None),
        };
        if key.contains(char::is_whitespace) {
            let what = "has a space in the name of a variable";
            let help = "remove the space: AWS has no such variable";
            return Some(finding(source, text, &variable, what, help));
        }
        let quoted = |d: &str| d.len() >= 2 && d.starts_with('\'') && d.ends_with('\'');
        if default.is_some_and(|d| !quoted(d.trim())) {
            let what = "has a default without single quotes";
            let help =
                "write `${key, 'default'}`: a comma, a space, and the default in single quotes";
            return Some(finding(source, text, &variable, what, help));
        }
        None
    })
}

/// The first variable whose name is not one of AWS's condition keys.
fn unknown(context: &Context<'_>, source: SourceId, text: &Text) -> Option<Finding> {
    variable::all(&text.value).find_map(|variable| {
        let inner = variable.inner.filter(|_| variable.is_policy_variable())?;
        let (key, default) = inner.split_once(',').unwrap_or((inner, ""));
        let comma = if default.is_empty() { "" } else { "," };
        let what = match context.catalog.condition_key(key) {
            KnownKey::NoGlobal => "is not one of AWS's global condition keys",
            KnownKey::NoneOfService => "is not in the catalogue of AWS's condition keys",
            _ => return None,
        };
        let help = match suggest_global(key) {
            Some(meant) => format!("did you mean `${{{meant}{comma}{default}}}`?"),
            None => "check the spelling".to_owned(),
        };
        Some(finding(source, text, &variable, what, &help))
    })
}

/// A variable before the fifth colon of an ARN.
fn early(source: SourceId, text: &Text) -> Option<Finding> {
    let (mut colons, mut done) = (0, 0);
    for variable in variable::all(&text.value) {
        let between = text
            .value
            .get(done..variable.range.start)
            .unwrap_or_default();
        colons += between.bytes().filter(|b| *b == b':').count();
        done = variable.range.end;
        // A variable at the very start may stand for a whole ARN; the parser asks for `arn:`.
        if colons < 5 && variable.range.start > 0 && variable.is_policy_variable() {
            let what = "is before the fifth colon of an ARN, where AWS reads no variables";
            let help = "write the value, or `*`, and the variable in the resource part";
            return Some(finding(source, text, &variable, what, help));
        }
    }
    None
}

/// A variable in a value that is not a text.
fn unread(source: SourceId, text: &Text, operator: Operator) -> Option<Finding> {
    let reads = operator.comparison.reads_variables();
    let found = variable::all(&text.value).find(Variable::is_policy_variable)?;
    let what = "is in a value that is not a string, where AWS reads no variables";
    let help = "variables work with String and Arn operators";
    (!reads).then(|| finding(source, text, &found, what, help))
}
