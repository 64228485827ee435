//! The JSON output of `diff`.

use serde::Serialize;

use super::{ComparedRole, DifferenceReport, danger};
use crate::catalog::AccessLevel;
use crate::diff::difference::{Assumption, Change, Path, Value};
use crate::inert;
use crate::parser::{SourceId, Sources, Span};
use crate::report::Region;

#[derive(Serialize)]
struct Output<'a> {
    pub(super) version: u32,
    pub(super) tool: &'static str,
    pub(super) tool_version: &'static str,
    pub(super) catalog_date: &'a str,
    pub(super) old: &'a str,
    pub(super) new: &'a str,
    pub(super) roles: Vec<Role<'a>>,
    pub(super) same: usize,
    pub(super) problems: &'a [String],
    pub(super) skipped: &'a [String],
    pub(super) summary: Summary,
    pub(super) exit_code: u8,
}

#[derive(Serialize)]
struct Summary {
    pub(super) gained: usize,
    pub(super) lost: usize,
    pub(super) escalation: usize,
    pub(super) trust_gained: usize,
    pub(super) trust_lost: usize,
    pub(super) complete: bool,
}

#[derive(Serialize)]
struct Role<'a> {
    pub(super) path: Option<&'a str>,
    pub(super) principal: Option<&'a str>,
    pub(super) kind: &'static str,
    pub(super) change: &'static str,
    pub(super) gained: Vec<Request<'a>>,
    pub(super) lost: Vec<Request<'a>>,
    pub(super) opened: Vec<Way<'a>>,
    pub(super) closed: Vec<Way<'a>>,
    pub(super) trust: Trust<'a>,
    pub(super) depends: bool,
    pub(super) undecided: Vec<&'a str>,
    pub(super) problems: &'a [String],
}

#[derive(Serialize)]
struct Trust<'a> {
    pub(super) gained: Vec<Assumed<'a>>,
    pub(super) lost: Vec<Assumed<'a>>,
    pub(super) undecided: &'a [String],
}

#[derive(Serialize)]
struct Assumed<'a> {
    pub(super) principal: &'a str,
    pub(super) action: &'a str,
    pub(super) context: Vec<Key<'a>>,
    pub(super) regions: Vec<Region>,
}

#[derive(Serialize)]
struct Request<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) context: Vec<Key<'a>>,
    pub(super) access: Option<&'static str>,
    pub(super) danger: Option<&'static str>,
    pub(super) regions: Vec<Region>,
}

#[derive(Serialize)]
struct Key<'a> {
    #[serde(rename = "key")]
    pub(super) name: &'a str,
    pub(super) values: Option<&'a [String]>,
    pub(super) holds: Option<bool>,
}

#[derive(Serialize)]
struct Way<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) was_open: bool,
    pub(super) steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
}

/// The report as JSON, version 1, on one line. Within the version fields are only ever added.
pub fn difference_json(report: &DifferenceReport) -> String {
    let output = Output {
        version: 1,
        tool: "pcluster-iam",
        tool_version: env!("CARGO_PKG_VERSION"),
        catalog_date: &report.catalog_date,
        old: &report.old,
        new: &report.new,
        roles: report
            .roles
            .iter()
            .map(|r| json_role(r, &report.sources))
            .collect(),
        same: report.same,
        problems: &report.problems,
        skipped: &report.others,
        summary: Summary {
            gained: report.count(|d| d.gained.len()),
            lost: report.count(|d| d.lost.len()),
            escalation: report.count(|d| d.opened.len()),
            trust_gained: report.roles.iter().map(|r| r.trust.gained.len()).sum(),
            trust_lost: report.roles.iter().map(|r| r.trust.lost.len()).sum(),
            complete: report.is_complete(),
        },
        exit_code: report.exit_code,
    };
    let text = serde_json::to_string(&output).unwrap_or_default();
    let mut text = inert::json(&text).into_owned();
    text.push('\n');
    text
}

fn json_role<'a>(role: &'a ComparedRole, sources: &Sources) -> Role<'a> {
    let some = |text: &'a str| (!text.is_empty()).then_some(text);
    let requests = |changes: &'a [Change]| -> Vec<Request<'a>> {
        changes.iter().map(|c| json_request(c, sources)).collect()
    };
    let ways = |paths: &'a [Path]| -> Vec<Way<'a>> { paths.iter().map(json_way).collect() };
    let found = &role.difference;
    Role {
        path: some(&role.path),
        principal: some(&role.principal),
        kind: role.kind,
        change: match (role.is_new, role.is_gone) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        },
        gained: requests(&found.gained),
        lost: requests(&found.lost),
        opened: ways(&found.opened),
        closed: ways(&found.closed),
        trust: Trust {
            gained: assumed(&role.trust.gained, sources),
            lost: assumed(&role.trust.lost, sources),
            undecided: &role.trust.undecided,
        },
        depends: role.depends,
        undecided: found.undecided.iter().map(String::as_str).collect(),
        problems: &role.problems,
    }
}

fn assumed<'a>(all: &'a [Assumption], sources: &Sources) -> Vec<Assumed<'a>> {
    let one = |one: &'a Assumption| Assumed {
        principal: &one.principal,
        action: &one.action,
        context: json_keys(&one.context),
        regions: regions(&one.places, sources),
    };
    all.iter().map(one).collect()
}

fn regions(places: &[(SourceId, Span)], sources: &Sources) -> Vec<Region> {
    let places = places.iter();
    places
        .map(|(source, span)| Region::new(sources.get(*source), *span))
        .collect()
}

fn json_keys(keys: &[(String, Value)]) -> Vec<Key<'_>> {
    keys.iter()
        .map(|(name, value)| json_key(name, value))
        .collect()
}

fn json_key<'a>(name: &'a str, value: &'a Value) -> Key<'a> {
    Key {
        name,
        values: match value {
            Value::Texts(texts) => Some(texts.as_slice()),
            _ => None,
        },
        holds: match value {
            Value::Line(holds) => Some(*holds),
            _ => None,
        },
    }
}

fn json_request<'a>(change: &'a Change, sources: &Sources) -> Request<'a> {
    Request {
        action: &change.witness.action,
        resource: &change.witness.resource,
        context: json_keys(&change.context),
        access: change.access.map(AccessLevel::name),
        danger: danger(change),
        regions: regions(&change.places, sources),
    }
}

fn json_way(path: &Path) -> Way<'_> {
    let steps = path.open.steps.iter();
    Way {
        id: &path.open.path.id,
        title: &path.open.path.title,
        was_open: path.was_open,
        steps: steps
            .map(|s| Step {
                action: &s.witness.action,
                resource: &s.witness.resource,
            })
            .collect(),
    }
}
