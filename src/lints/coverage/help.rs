//! The help of a finding: the statement to add or to change.

use std::fmt::Write as _;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::denials;
use super::notes::depends_on_variable;
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::inert;
use crate::lints::{Compared, count};

use crate::reference::bindings::option_for;
use crate::reference::{self};
use crate::vocabulary::is_policy_variable;

pub(super) fn help(
    compared: &Compared<'_>,
    limit: Option<&str>,
    rows: &[&Requirement],
    actions: &[String],
    resources: &[String],
) -> String {
    let verdict = rows.first().map(|r| r.row.verdict);
    let mut help = String::new();
    if verdict == Some(Verdict::Undecided) {
        help.push_str("split the statement, or write fewer `*` and `?` in one Resource");
        return help;
    }
    help.push_str(&unbound(resources));
    match verdict {
        Some(Verdict::Denied) => {
            help.push_str("narrow or remove the Deny: it wins over every Allow");
            return help;
        }
        Some(Verdict::Conditional) if rows.iter().any(|r| !r.row.denied_by.is_empty()) => {
            help.push_str(
                "make sure that the Deny does not apply to the requests of the role, or narrow it",
            );
            return help;
        }
        Some(Verdict::Conditional) => {
            let own = rows.first().map(|r| compared.condition_of(r.row.statement));
            help.push_str(if depends_on_variable(compared, rows) {
                "make sure that the variable matches in the requests of the role; or "
            } else {
                "make sure that this condition holds for the requests of the role; or "
            });
            help.push_str(match own.flatten() {
                Some(_) => "add this statement, whose condition the required requests meet:\n",
                None => "add this statement, which has no condition:\n",
            });
        }
        _ if rows.iter().any(|r| denials(compared, r).next().is_some()) => {
            help.push_str("exclude this from the Deny; an Allow must grant it:\n");
        }
        _ => {
            let to = limit.map_or_else(String::new, |limit| format!(" to {}", inert::line(limit)));
            let _ = writeln!(
                help,
                "add this statement{to} ({}):",
                count(actions.len(), "action")
            );
        }
    }
    help.push_str(&statement(compared, rows, actions, resources));
    help
}

/// A statement that grants what is missing, ready to paste.
pub(super) fn statement(
    compared: &Compared<'_>,
    rows: &[&Requirement],
    actions: &[String],
    resources: &[String],
) -> String {
    let listed = written(rows, actions);
    let from = rows.first().map(|r| r.row.statement);
    let key = match rows.first() {
        Some(first) if first.row.not_resource => "NotResource",
        _ => "Resource",
    };
    let mut value = json!({ "Effect": "Allow", "Action": listed, key: resources });
    if let Some(condition) = from.and_then(|i| compared.condition_of(i))
        && let Value::Object(members) = &mut value
    {
        members.insert("Condition".to_owned(), condition);
    }
    pretty(&value)
}

/// Actions of a wildcard that a statement to paste names; of more, it has the wildcard that AWS's text has.
pub(super) const NAMED: usize = 4;

/// The actions as AWS's text writes them: a wildcard in place of the many actions that it stands for.
fn written(rows: &[&Requirement], actions: &[String]) -> Vec<String> {
    let of_wildcard = |declared: &str| {
        let of_it = |r: &&&Requirement| r.from_wildcard && &*r.row.declared_as == declared;
        let names = rows.iter().filter(of_it).map(|r| r.row.action.as_str());
        names.collect::<FxHashSet<&str>>()
    };
    let mut many: FxHashMap<&str, &str> = FxHashMap::default();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for row in rows.iter().filter(|r| r.from_wildcard).map(|r| &r.row) {
        if seen.insert(&row.declared_as) {
            let names = of_wildcard(&row.declared_as);
            if names.len() > NAMED {
                many.extend(names.into_iter().map(|name| (name, &*row.declared_as)));
            }
        }
    }
    let mut listed: Vec<String> = Vec::new();
    for action in actions {
        let text = many.get(action.as_str()).copied().unwrap_or(action);
        if !listed.iter().any(|known| known == text) {
            listed.push(text.to_owned());
        }
    }
    listed
}

/// A statement that grants what the first of some rows and those of the same statement are missing.
pub(in crate::lints) fn statement_of(compared: &Compared<'_>, rows: &[&Requirement]) -> String {
    let first = rows.first().map(|r| r.row.statement);
    let rows: Vec<&Requirement> = rows
        .iter()
        .copied()
        .filter(|r| Some(r.row.statement) == first)
        .collect();
    let mut actions: Vec<String> = Vec::new();
    let mut resources: Vec<String> = Vec::new();
    for requirement in &rows {
        let row = &requirement.row;
        if !actions.contains(&row.action) {
            actions.push(row.action.clone());
        }
        for resource in row.resources.iter() {
            if !resources.contains(resource) {
                resources.push(resource.clone());
            }
        }
    }
    statement(compared, &rows, &actions, &resources)
}

/// A statement that allows actions on resources, ready to paste.
pub(in crate::lints) fn allow(actions: &[String], resources: &[String]) -> String {
    pretty(&json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
}

/// `Effect`, `Action`, `Resource`, `Condition` in the order that AWS's pages use.
fn pretty(value: &Value) -> String {
    let mut lines = Vec::new();
    for key in ["Effect", "Action", "Resource", "NotResource", "Condition"] {
        let Some(member) = value.get(key) else {
            continue;
        };
        let member = match member {
            Value::Array(items) if items.len() == 1 => items.first().unwrap_or(member),
            other => other,
        };
        let text = serde_json::to_string_pretty(member).unwrap_or_default();
        lines.push(format!("  \"{key}\": {}", text.replace('\n', "\n  ")));
    }
    format!("{{\n{}\n}}", lines.join(",\n"))
}

/// A line for each placeholder without a value: what it stands for, and the option that gives it.
pub(in crate::lints) fn unbound(resources: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let all = resources.iter().flat_map(|r| placeholder_names(r));
    for name in all.filter(|name| !is_policy_variable(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let line = |name: &str| {
        let meaning = reference::meaning(name);
        let meaning = meaning.map_or_else(String::new, |(meaning, _)| format!(" ({meaning})"));
        let option = option_for(name);
        let (name, option) = (inert::line(name), inert::line(&option));
        format!("`${{{name}}}` has no value here{meaning}: pass {option}\n")
    };
    names.into_iter().map(line).collect()
}

fn placeholder_names(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
