//! The policy with the missing permissions.

use crate::catalog::Catalog;
use crate::check::{self, Chosen, Settings};
use crate::diff::coverage::Requirement;
use crate::diff::{Row, Verdict};
use crate::matcher::template;
use crate::parser::{self, Effect, Policy, Source, SourceId};
use crate::quota::{MANAGED, size};
use crate::reference::{self, RefCondition, RefList, RefStatement, Reference};

/// Actions of a wildcard that are named one by one; of more, the wildcard is written.
const NAMED: usize = 4;

/// Placeholders that templates and Terraform code have expressions for.
pub const OF_THE_RUN: [&str; 3] = ["Partition", "Region", "Account"];

/// The policy to attach, and the gaps that it cannot close.
#[derive(Debug)]
pub struct Missing {
    /// Policy documents, each small enough for a managed policy; none where nothing is missing.
    pub documents: Vec<String>,
    /// The statements of each document, with the placeholders of [`OF_THE_RUN`] in them.
    pub statements: Vec<Vec<RefStatement>>,
    /// Placeholders in them that nothing binds.
    pub unbound: Vec<String>,
    /// Requirements that are not covered even with the documents attached.
    pub left: Vec<Row>,
    /// Single statements that are too large for a managed policy by themselves.
    pub too_large: usize,
    /// True where the reference denies something that the documents allow.
    pub denies: bool,
}

/// Finds what no Allow of the policies grants for sure, and grants it as the reference does. `settings` has the values
/// of `chosen`.
pub fn missing(
    catalog: &Catalog,
    policies: &[Policy],
    chosen: &Chosen,
    settings: &Settings,
) -> Missing {
    missing_of_any(catalog, &[(policies, settings)], chosen)
}

/// The same for the policies that a role has under several settings of a template's parameters, each with its layers:
/// grants what is missing under any of them.
pub fn missing_of_any(
    catalog: &Catalog,
    all: &[(&[Policy], &Settings)],
    chosen: &Chosen,
) -> Missing {
    let value = |name: &str| {
        let mut given = chosen.given.iter().rev();
        let found = given.find(|(n, ..)| n == name);
        found.map(|(_, value, _)| value.clone())
    };
    let localized = chosen.reference.in_partition(value("Partition").as_deref());
    let reference = localized.as_ref();
    let of_each = { all.iter() }.map(|(p, settings)| uncovered(catalog, p, chosen, settings));
    let uncovered = of_any(of_each, |requirement| &requirement.row);
    let whole = match all.first() {
        Some((_, settings)) if uncovered.iter().any(|r| r.from_wildcard) => {
            check::coverage(catalog, &[], reference, &without_limits(settings))
        }
        _ => Vec::new(),
    };
    let mut statements: Vec<RefStatement> = Vec::new();
    for required in &reference.statements {
        let rows = uncovered
            .iter()
            .filter(|r| r.row.statement == required.index);
        let rows: Vec<&Requirement> = rows.collect();
        let of_wildcard = |rows: &'_ [Requirement], declared: &str| -> Vec<Row> {
            let rows = rows.iter().map(|r| &r.row);
            let of_it = |r: &&Row| r.statement == required.index && &*r.declared_as == declared;
            rows.filter(of_it).cloned().collect()
        };
        let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        let mut add = |action: &str, resources: Vec<String>| match groups
            .iter_mut()
            .find(|(r, _)| *r == resources)
        {
            Some((_, actions)) if actions.iter().any(|a| a == action) => {}
            Some((_, actions)) => actions.push(action.to_owned()),
            None => groups.push((resources, vec![action.to_owned()])),
        };
        if required.action.negated {
            if let Some(first) = rows.first() {
                let resources = rows.iter().flat_map(|r| r.row.resources.iter());
                let resources = distinct(resources.chain(first.row.resources.iter()));
                for action in &required.action.values {
                    add(action, resources.clone());
                }
            }
        } else {
            for requirement in &rows {
                let row = &requirement.row;
                let same = of_wildcard(&uncovered, &row.declared_as);
                // The wildcard itself, as AWS's text has it, where much or all of it is missing.
                let is_much = || {
                    same.len() > NAMED || same.len() == of_wildcard(&whole, &row.declared_as).len()
                };
                if requirement.from_wildcard && is_much() {
                    add(
                        &row.declared_as,
                        distinct(same.iter().flat_map(|r| r.resources.iter())),
                    );
                } else {
                    add(&row.action, row.resources.to_vec());
                }
            }
        }
        let single = groups.len() == 1;
        for (at, (resources, actions)) in groups.into_iter().enumerate() {
            let number = if single {
                String::new()
            } else {
                (at + 1).to_string()
            };
            statements.push(RefStatement {
                sid: required.sid.as_ref().map(|sid| sid.clone() + &number),
                effect: Effect::Allow,
                action: RefList {
                    negated: required.action.negated,
                    values: actions,
                },
                resource: RefList {
                    negated: required.resource.negated,
                    values: resources,
                },
                ..required.clone()
            });
        }
    }
    unique_sids(&mut statements);
    let (packed, too_large) = pack(statements, &value);
    let documents: Vec<String> = packed.iter().map(|d| render(d, &value)).collect();
    let statements = packed.iter().map(|document| {
        let all = document.iter();
        all.map(|s| open(s, reference, &value)).collect()
    });
    let statements = statements.collect();
    let unbound = documents.iter().flat_map(|text| template::names(text));
    let unbound = distinct_texts(unbound);
    let of_each =
        { all.iter() }.map(|(p, settings)| left(catalog, p, &documents, chosen, settings));
    let left = of_any(of_each, |row| row);
    let denies = !documents.is_empty()
        && reference
            .statements
            .iter()
            .any(|s| s.effect == Effect::Deny);
    Missing {
        documents,
        statements,
        unbound,
        left,
        too_large,
        denies,
    }
}

/// The rows that the Allow statements by themselves do not cover: what a Deny or a limit takes, no policy can grant.
fn uncovered(
    catalog: &Catalog,
    policies: &[Policy],
    chosen: &Chosen,
    settings: &Settings,
) -> Vec<Requirement> {
    let mut allows = policies.to_vec();
    for policy in &mut allows {
        let is_allow = |s: &parser::Statement| {
            let effect = s.effect.as_ref();
            effect.is_some_and(|e| e.value == Effect::Allow)
        };
        policy.statements.retain(is_allow);
    }
    let alone = without_limits(settings);
    let mut rows = check::coverage(catalog, &allows, &chosen.reference, &alone);
    rows.retain(|r| r.row.verdict != Verdict::Covered && !r.row.vacuous);
    rows
}

/// The rows of several lists, each once.
fn of_any<T>(lists: impl Iterator<Item = Vec<T>>, row: impl Fn(&T) -> &Row) -> Vec<T> {
    let is_same = |one: &Row, other: &Row| {
        (one.statement, &one.action, &one.resources)
            == (other.statement, &other.action, &other.resources)
            && one.declared_as == other.declared_as
    };
    let mut all: Vec<T> = Vec::new();
    for list in lists {
        let known = all.len();
        let is_new = |one: &T| {
            let mut before = all.iter().take(known);
            !before.any(|other| is_same(row(one), row(other)))
        };
        let new: Vec<T> = list.into_iter().filter(is_new).collect();
        all.extend(new);
    }
    all
}

fn without_limits(settings: &Settings) -> Settings {
    Settings {
        given: settings.given.clone(),
        context: settings.context.clone(),
        ..Settings::default()
    }
}

/// A statement with every placeholder filled in but for those of [`OF_THE_RUN`], as the reference has them.
fn open(statement: &RefStatement, of: &Reference, value: reference::Bind<'_>) -> RefStatement {
    let is_kept =
        |name: &str, value: &String| OF_THE_RUN.contains(&name) && !value.contains(['*', ',']);
    let kept = |name: &str| value(name).filter(|value| !is_kept(name, value));
    let mut of = of.statements.iter();
    let required = of.find(|s| s.index == statement.index);
    let mut written: Vec<(String, String)> = Vec::new();
    for text in required.iter().flat_map(|s| &s.resource.values) {
        let names = template::names(text);
        let is_open = { names }.any(|n| reference::whole_arn(n).is_some() && value(n).is_none());
        for one in reference::expand(text, value) {
            // While a placeholder for a whole ARN has no value, it is the better text.
            let open = template::fill(if is_open { text } else { &one }, kept);
            let bound = template::fill(&one, value);
            written.push((reference::as_written(bound.clone()), open.clone()));
            written.push((bound, open));
        }
    }
    let mut open = bound(statement, &kept);
    let resources = open.resource.values.iter().flat_map(|text| {
        let mut known = written.iter();
        match known.find(|(bound, _)| bound == text) {
            Some((_, open)) => vec![open.clone()],
            None => reference::several(text, &kept),
        }
    });
    let resources: Vec<String> = resources.collect();
    open.resource.values = distinct(resources.iter());
    open
}

/// A statement with the values of its conditions filled in, several where a placeholder has several.
fn bound(statement: &RefStatement, value: reference::Bind<'_>) -> RefStatement {
    let conditions = statement.conditions.iter().map(|condition| {
        let values = condition.values.iter();
        let values = values.flat_map(|text| reference::expand(text, value));
        RefCondition {
            values: values.map(|text| template::fill(&text, value)).collect(),
            ..condition.clone()
        }
    });
    RefStatement {
        conditions: conditions.collect(),
        ..statement.clone()
    }
}

fn distinct<'t>(texts: impl Iterator<Item = &'t String>) -> Vec<String> {
    distinct_texts(texts.map(String::as_str))
}

fn distinct_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.iter().any(|t| t == text) {
            all.push(text.to_owned());
        }
    }
    all
}

/// A `Sid` occurs once in a policy; later ones get a number.
fn unique_sids(statements: &mut [RefStatement]) {
    let mut seen: Vec<String> = Vec::new();
    for statement in statements {
        let Some(sid) = &mut statement.sid else {
            continue;
        };
        let own = sid.clone();
        let mut number = 1;
        while seen.contains(sid) {
            number += 1;
            *sid = format!("{own}x{number}");
        }
        seen.push(sid.clone());
    }
}

fn render(statements: &[RefStatement], value: reference::Bind<'_>) -> String {
    let reference = Reference {
        statements: statements.iter().map(|s| bound(s, value)).collect(),
        ..Reference::default()
    };
    reference::render(&reference, value)
}

/// Puts statements into as few documents as their order allows, and says how many are too large for one.
fn pack(
    statements: Vec<RefStatement>,
    value: reference::Bind<'_>,
) -> (Vec<Vec<RefStatement>>, usize) {
    let mut documents: Vec<Vec<RefStatement>> = Vec::new();
    let mut too_large = 0;
    // The next one is the last.
    let mut open: Vec<RefStatement> = statements;
    open.reverse();
    while let Some(statement) = open.pop() {
        if size(&render(std::slice::from_ref(&statement), value)) > MANAGED {
            if let Some((first, second)) = halves(&statement) {
                open.extend([second, first]);
                continue;
            }
            too_large += 1;
        }
        let fits = documents.last_mut().is_some_and(|document| {
            document.push(statement.clone());
            let fits = size(&render(document, value)) <= MANAGED;
            if !fits {
                document.pop();
            }
            fits
        });
        if !fits {
            documents.push(vec![statement]);
        }
    }
    (documents, too_large)
}

/// A statement as two that allow the same: each with half of its actions, or of its resources.
fn halves(statement: &RefStatement) -> Option<(RefStatement, RefStatement)> {
    let (mut first, mut second) = (statement.clone(), statement.clone());
    let lists = if !statement.action.negated && statement.action.values.len() > 1 {
        (&mut first.action.values, &mut second.action.values)
    } else if !statement.resource.negated && statement.resource.values.len() > 1 {
        (&mut first.resource.values, &mut second.resource.values)
    } else {
        return None;
    };
    let half = lists.0.len() / 2;
    *lists.1 = lists.0.split_off(half);
    // The name stays with the first.
    second.sid = None;
    Some((first, second))
}

/// Requirements that are not covered although the documents are attached.
fn left(
    catalog: &Catalog,
    policies: &[Policy],
    documents: &[String],
    chosen: &Chosen,
    settings: &Settings,
) -> Vec<Row> {
    let mut all = policies.to_vec();
    // The new documents get numbers that no file has. Their places are never shown.
    let first = policies
        .iter()
        .map(|p| p.source.0 + 1)
        .max()
        .unwrap_or_default();
    for (at, text) in documents.iter().enumerate() {
        let source = Source::new("missing", text.as_str());
        let id = SourceId(first + at as u32);
        all.extend(parser::parse(id, &source).policies);
    }
    let rows = check::coverage(catalog, &all, &chosen.reference, settings);
    let rows = rows.into_iter().map(|r| r.row);
    rows.filter(|r| r.verdict != Verdict::Covered).collect()
}
