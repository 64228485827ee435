//! The obvious way to judge one request: no patterns compared with patterns, no automata.

mod document;
mod patterns;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use document::statements;
pub use patterns::{action_matches, glob_matches, resource_matches};
use patterns::{arn_matches, matches, resource_could_match, resource_may_match, samples};

use super::catalogue::{self, Listed, Own};

/// One line of a Condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// What is known of a condition key.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    Absent,
    /// With any value.
    Present,
    /// With a text that matches a pattern.
    Like(String),
    /// The same, ending with a name of IAM: it has neither `*` nor `?`.
    Named(String),
    Values(Vec<String>),
}

impl Fact {
    /// Whether the key may be so: absent, or with these values.
    fn allows(&self, value: Option<&[String]>) -> bool {
        match (self, value) {
            (Fact::Absent, None) | (Fact::Present, Some(_)) => true,
            (Fact::Like(pattern), Some([one])) => matches(pattern, one),
            (Fact::Named(pattern), Some([one])) => {
                matches(pattern, one) && !one.contains(['*', '?'])
            }
            (Fact::Values(own), Some(values)) => own == values,
            _ => false,
        }
    }
}

/// What is known of the condition keys of some requests.
#[derive(Clone, Default, Debug)]
pub struct Known {
    /// What a requirement states, by the key in lower case.
    stated: BTreeMap<String, Fact>,
    /// The type of the resource of an action.
    on: Option<(&'static Listed, usize)>,
    /// What the user says, and what follows from the account.
    given: BTreeMap<String, Fact>,
    /// Whose requests they are, and the service that they go to; without a principal nothing is known.
    by: Option<(&'static str, String)>,
}

impl Known {
    fn fact(value: Option<Vec<String>>) -> Fact {
        value.map_or(Fact::Absent, Fact::Values)
    }

    /// The same where a requirement states a key.
    pub fn with(&self, key: &str, value: Option<Vec<String>>) -> Self {
        let mut known = self.clone();
        known.stated.insert(key.to_lowercase(), Self::fact(value));
        known
    }

    /// The same where the user gives a key.
    pub fn given(mut self, key: &str, value: Option<Vec<String>>) -> Self {
        self.given.insert(key.to_lowercase(), Self::fact(value));
        self
    }

    /// The same for the requests of a principal that go to a service.
    pub fn by(mut self, principal: &'static str, service: &str) -> Self {
        self.by = Some((principal, service.to_owned()));
        self
    }

    /// The same for requests on one type of an action.
    pub fn on(&self, action: &'static Listed, kind: usize) -> Self {
        Known {
            on: Some((action, kind)),
            ..self.clone()
        }
    }

    /// What is known of a key.
    pub fn get(&self, key: &str) -> Option<Fact> {
        let key = key.to_lowercase();
        if let Some(stated) = self.stated.get(&key) {
            return Some(stated.clone());
        }
        if self
            .on
            .is_some_and(|(action, kind)| action.lacks(kind, &key))
        {
            return Some(Fact::Absent);
        }
        if let Some(given) = self.given.get(&key) {
            return Some(given.clone());
        }
        let (principal, service) = self.by.as_ref()?;
        Some(match catalogue::of_principal(principal, service, &key)? {
            Own::Absent => Fact::Absent,
            Own::Present => Fact::Present,
            Own::Like(pattern) => {
                let pattern = pattern.replace("${Partition}", "aws");
                let pattern = pattern.replace("${Account}", "123456789012");
                let pattern = pattern.replace("${Region}", "*");
                let names = ["${RoleName}", "${UserName}"];
                match names.iter().find_map(|name| pattern.strip_suffix(name)) {
                    Some(before) => Fact::Named(before.to_owned()),
                    None => Fact::Like(pattern),
                }
            }
        })
    }

    /// What is known of a key in all requests, for policy variables.
    fn everywhere(&self, key: &str) -> Option<Fact> {
        let given = self.given.get(&key.to_lowercase()).cloned();
        given.or_else(|| {
            let (principal, _) = self.by.as_ref()?;
            let own = catalogue::of_principal(principal, "", &key.to_lowercase());
            (own == Some(Own::Absent)).then_some(Fact::Absent)
        })
    }
}

/// One statement, as its JSON would say it.
#[derive(Clone, Debug)]
pub struct Statement {
    pub allow: bool,
    pub not_action: bool,
    pub actions: Vec<String>,
    pub not_resource: bool,
    pub resources: Vec<String>,
    pub conditions: Vec<Line>,
}

/// For certain, or possibly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    No,
    Maybe,
    Yes,
}

/// A string that matches no resource of these tests.
const NOTHING: &str = "arn:aws:none:::nothing";

/// What a resource string with policy variables stands for: as it is when they have no value, or any text; nothing where
/// that cannot be. Escapes stand for characters that no resource of these tests has.
fn variable<'a>(pattern: &'a str, known: &Known) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    if !pattern.contains("${") {
        return (Some(pattern.into()), Some(pattern.into()));
    }
    let mut text = pattern
        .replace("${*}", "\u{1}")
        .replace("${?}", "\u{2}")
        .replace("${$}", "$");
    let (mut unset, mut void) = (false, false);
    while let Some(start) = text.find("${") {
        let end = start + text[start..].find('}').unwrap();
        let key = text[start + 2..end].to_lowercase();
        // Before the fifth colon AWS reads no variables: no resource of these tests has such a text. In `NotResource`
        // nothing of it is certain.
        if text[..start].matches(':').count() < 5 {
            return (None, Some(NOTHING.into()));
        }
        match known.everywhere(&key) {
            Some(Fact::Values(values)) if values.len() == 1 => {
                let value = values[0].clone();
                text.replace_range(start..=end, &value);
            }
            fact => {
                // The value of a tag may be empty.
                let any = if key.contains("tag/") { "*" } else { "?*" };
                text.replace_range(start..=end, any);
                unset = true;
                void |= fact == Some(Fact::Absent);
            }
        }
    }
    (
        (!unset).then(|| text.clone().into()),
        (!void).then(|| text.into()),
    )
}

impl Statement {
    fn names(&self, action: &str) -> bool {
        self.actions.iter().any(|p| action_matches(p, action)) != self.not_action
    }

    fn is_listed(&self, action: &str) -> bool {
        !self.not_action && self.actions.iter().any(|a| a.eq_ignore_ascii_case(action))
    }

    /// Whether the lists match a request, each string read as `matches` does. Conditions and variables are no subject.
    fn lists(&self, action: &str, resource: &str, matches: fn(&str, &str) -> bool) -> bool {
        let listed = self.resources.iter().any(|p| matches(p, resource));
        self.names(action) && listed != self.not_resource
    }

    /// Whether the widest lists of the statement match a request, or the narrowest.
    pub fn most(&self, action: &str, resource: &str, most: bool) -> bool {
        if most == self.not_resource {
            self.lists(action, resource, resource_matches)
        } else {
            self.lists(action, resource, resource_could_match)
        }
    }

    /// Whether the statement matches a request.
    pub fn applies(&self, action: &str, resource: &str, known: &Known) -> Sure {
        if self.actions.iter().any(|p| action_matches(p, action)) == self.not_action {
            return Sure::No;
        }
        let unset = |matches: fn(&str, &str) -> bool| {
            let mut read = self.resources.iter().map(|p| variable(p, known).0);
            read.any(|p| p.is_some_and(|p| matches(&p, resource)))
        };
        let any = |matches: fn(&str, &str) -> bool| {
            let mut read = self.resources.iter().map(|p| variable(p, known).1);
            read.any(|p| p.is_some_and(|p| matches(&p, resource)))
        };
        // A contested reading never helps an Allow; for a Deny it may count.
        let (mut certain, possible) = match (self.allow, self.not_resource) {
            (true, false) => (unset(resource_matches), any(resource_matches)),
            (true, true) => (!any(resource_may_match), !unset(resource_may_match)),
            (false, false) => (unset(resource_matches), any(resource_may_match)),
            (false, true) => (!any(resource_may_match), !unset(resource_matches)),
        };
        // A variable without a value in `NotResource`: the list matches nothing, or the statement does not count.
        certain &= !self.not_resource
            || self
                .resources
                .iter()
                .all(|p| variable(p, known).0.is_some());
        let holds = hold(&self.conditions, known);
        let found = if certain {
            Sure::Yes
        } else if possible {
            Sure::Maybe
        } else {
            Sure::No
        };
        found.min(holds)
    }
}

/// The ways in which a key may be there or not: no value, or any of many texts; for operators on sets also two of them. An
/// empty value is no value: `Null` says that of both.
pub fn candidates(key: &str, lines: &[&Line], fact: Option<&Fact>) -> Vec<Option<Vec<String>>> {
    if let Some(Fact::Values(values)) = fact {
        return vec![Some(values.clone())];
    }
    let values = || lines.iter().flat_map(|line| &line.values);
    let mut texts: BTreeSet<String> = values().cloned().collect();
    texts.extend(values().flat_map(|v| samples(v)));
    if let Some(Fact::Like(pattern) | Fact::Named(pattern)) = fact {
        texts.extend(samples(pattern));
    }
    texts.extend(["true", "false", "A", "zz"].map(str::to_owned));
    for a in ["", "a", "b", "z"] {
        for b in ["a", "b", "z"] {
            texts.insert(format!("{a}{b}"));
        }
    }
    texts.extend(catalogue::values_of(key));
    // Some operators compare without regard to case.
    let cased = texts
        .iter()
        .flat_map(|t| [t.to_lowercase(), t.to_uppercase()]);
    texts.extend(cased.collect::<Vec<_>>());
    texts.retain(|text| catalogue::can_be(key, text));
    let mut all: Vec<Option<Vec<String>>> = vec![None];
    all.extend(texts.iter().map(|t| Some(vec![t.clone()])));
    // Of the keys of this world this one alone has several values.
    if key == "aws:tagkeys" && lines.iter().any(|line| line.set()) {
        for a in &texts {
            all.extend(texts.iter().map(|b| Some(vec![a.clone(), b.clone()])));
        }
    }
    all.retain(|value| fact.is_none_or(|f| f.allows(value.as_deref())));
    all
}

/// Whether all lines of a Condition hold: for certain only if they do with every value that the keys may have, and not at
/// all if they do with none.
pub fn hold(lines: &[Line], known: &Known) -> Sure {
    let mut by_key: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        by_key
            .entry(line.key.to_lowercase())
            .or_default()
            .push(line);
    }
    let together = |(key, lines): (&String, &Vec<&Line>)| {
        if lines.iter().any(|line| line.operator == "?") {
            return Sure::Maybe;
        }
        let fact = known.get(key);
        let (mut always, mut never) = (true, true);
        for value in candidates(key, lines, fact.as_ref()) {
            let tests = || lines.iter().map(|line| line.test(value.as_deref()));
            always &= tests().all(|t| t == Some(true));
            never &= tests().any(|t| t == Some(false));
        }
        match (always, never) {
            (true, _) => Sure::Yes,
            (_, true) => Sure::No,
            _ => Sure::Maybe,
        }
    };
    by_key.iter().map(together).min().unwrap_or(Sure::Yes)
}

impl Line {
    /// A line of which nothing is known.
    fn open() -> Self {
        Line {
            operator: "?".to_owned(),
            key: String::new(),
            values: Vec::new(),
        }
    }

    fn set(&self) -> bool {
        self.operator.starts_with("For")
    }

    /// Whether the line holds in a request with these values; `None` where this evaluator does not know the operator.
    pub fn test(&self, request: Option<&[String]>) -> Option<bool> {
        let (set, rest) = match self.operator.split_once(':') {
            Some((set, rest)) => (set, rest),
            None => ("", self.operator.as_str()),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        if name == "Null" {
            return match set {
                "ForAllValues" => Some(true),
                "ForAnyValue" => Some(false),
                _ => Some(
                    self.values
                        .iter()
                        .any(|v| (v == "true") == request.is_none()),
                ),
            };
        }
        let (negated, one): (bool, fn(&str, &str) -> bool) = match name {
            "StringEquals" => (false, |v, p| v == p),
            "StringNotEquals" => (true, |v, p| v == p),
            "StringEqualsIgnoreCase" => (false, |v, p| v.eq_ignore_ascii_case(p)),
            "StringNotEqualsIgnoreCase" => (true, |v, p| v.eq_ignore_ascii_case(p)),
            "StringLike" => (false, |v, p| matches(p, v)),
            "StringNotLike" => (true, |v, p| matches(p, v)),
            "Bool" => (false, |v, p| v.eq_ignore_ascii_case(p)),
            "ArnEquals" | "ArnLike" => (false, arn_matches),
            "ArnNotEquals" | "ArnNotLike" => (true, arn_matches),
            _ => return None,
        };
        let Some(values) = request else {
            return match set {
                "ForAllValues" => Some(true),
                "ForAnyValue" if if_exists => None,
                "ForAnyValue" => Some(false),
                _ => Some(if_exists || negated),
            };
        };
        let each = |v: &String| self.values.iter().any(|p| one(v, p)) != negated;
        match set {
            "ForAllValues" => Some(values.iter().all(each)),
            "ForAnyValue" => Some(values.iter().any(each)),
            // AWS does not say how a plain operator takes several values.
            _ => {
                let found: Vec<bool> = values.iter().map(each).collect();
                let first = found.first().copied();
                first.filter(|f| found.iter().all(|other| other == f))
            }
        }
    }
}

/// The statements that may hold with what is known, their Conditions settled: judged once, not for every request.
pub fn settle(statements: &[Statement], known: &Known) -> Vec<Statement> {
    let settled = statements.iter().filter_map(|s| {
        let conditions = match hold(&s.conditions, known) {
            Sure::No => return None,
            Sure::Maybe => vec![Line::open()],
            Sure::Yes => Vec::new(),
        };
        Some(Statement {
            conditions,
            ..s.clone()
        })
    });
    settled.collect()
}

/// (sure, possible, denied for certain)
pub fn outcome<'s>(
    statements: impl Iterator<Item = &'s Statement>,
    action: &str,
    resource: &str,
    known: &Known,
) -> (bool, bool, bool) {
    let mut best = Sure::No;
    let mut worst = Sure::No;
    for statement in statements {
        let side = if statement.allow {
            &mut best
        } else {
            &mut worst
        };
        *side = (*side).max(statement.applies(action, resource, known));
    }
    (
        best == Sure::Yes && worst == Sure::No,
        best != Sure::No && worst != Sure::Yes,
        worst == Sure::Yes,
    )
}

/// The same over several layers: each must allow, any can deny.
pub fn layered(
    layers: &[Vec<Statement>],
    action: &str,
    resource: &str,
    known: &Known,
) -> (bool, bool, bool) {
    let each = layers
        .iter()
        .map(|statements| outcome(statements.iter(), action, resource, known));
    each.fold((true, true, false), |all, one| {
        (all.0 && one.0, all.1 && one.1, all.2 || one.2)
    })
}

/// Whether a reference may require a request under some reading, its Conditions aside. What is checked against `*` is
/// required wherever it is listed without a wildcard.
pub fn may_be_required(reference: &[Statement], action: &str, resource: &str) -> bool {
    let allowed = reference
        .iter()
        .filter(|s| s.allow)
        .any(|s| resource == "*" && s.is_listed(action) || s.most(action, resource, true));
    let denied = { reference.iter() }.any(|s| !s.allow && s.most(action, resource, false));
    allowed && !denied
}

/// Whether a reference requires a request as the verdicts read it, its Conditions aside.
pub fn is_required(reference: &[Statement], action: &str, resource: &str) -> bool {
    let strictly = |s: &Statement| s.lists(action, resource, resource_matches);
    let allowed = { reference.iter() }
        .filter(|s| s.allow)
        .any(|s| strictly(s) || resource == "*" && s.is_listed(action));
    allowed && !reference.iter().any(|s| !s.allow && strictly(s))
}
