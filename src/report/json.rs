//! The JSON output, version 1. Within it fields are only ever added.

mod model;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;
use std::sync::Arc;

use super::region::forward_slashes;
use super::{ReferenceName, Region, Report, RoleResult, escape, words};
use crate::diff;
use crate::edit;
use crate::finding;
use crate::lints::PrincipalName;
use crate::parser::{HoleKind, Sources};
use model::{
    Binding, Edit, Finding, Fix, Hole, Indexes, JudgedRole, Output, Parameter, PlaceTable, Places,
    Principal, Reference, Related, Requirement, Statement, Summary, Taken, TakenFrom, Tool,
    Upgrade, Weakened, Witness,
};

/// The JSON Schema of the output, made from the types of this module by a test.
pub const SCHEMA: &str = include_str!("../../rules/schema/output.json");

/// The page of a lint, from the root of the repository.
pub(super) fn lint_url(lint: &str) -> String {
    format!("rules/lints/{lint}.md")
}

/// Writes the report as one JSON document on one line. `code` is the exit code of the run.
///
/// # Errors
/// The result of `out`.
pub fn json(report: &Report, code: u8, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    escape::json(&output(report, code), &mut out)?;
    out.flush()
}

/// Writes one line for each result, as `results` of [`json`] has it, and then the rest of the document on a last one. `code`
/// is the exit code of the run.
///
/// # Errors
/// The result of `out`.
pub fn jsonl(report: &Report, code: u8, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for result in &report.results {
        escape::json(&judged_role(&report.sources, result), &mut out)?;
    }
    escape::json(&document(report, code, Vec::new()), &mut out)?;
    out.flush()
}

fn output(report: &Report, code: u8) -> Output<'_> {
    let results = report.results.iter();
    let results = results.map(|result| judged_role(&report.sources, result));
    document(report, code, results.collect())
}

/// The document with these results.
fn document<'a>(report: &'a Report, exit_code: u8, results: Vec<JudgedRole<'a>>) -> Output<'a> {
    let counts = report.counts();
    Output {
        version: 1,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            catalog_date: &report.catalog_date,
        },
        results,
        other_roles: report
            .others
            .iter()
            .map(|other| principal(&report.sources, other))
            .collect(),
        findings: report
            .configuration
            .iter()
            .map(|f| finding(&report.sources, f))
            .collect(),
        weakened: { report.weakened.iter() }
            .map(|weakening| Weakened {
                kind: weakening.kind,
                message: weakening.message.clone(),
                from: Some(weakening.from.clone()),
            })
            .chain(
                words::hidden_lines(report)
                    .into_iter()
                    .map(|message| Weakened {
                        kind: "hidden-requirements",
                        message,
                        from: None,
                    }),
            )
            .collect(),
        exit_code,
        summary: Summary {
            error: counts.error,
            warning: counts.warning,
            note: counts.note,
            suppressed: counts.suppressed,
        },
    }
}

fn judged_role<'a>(sources: &'a Sources, result: &'a RoleResult) -> JudgedRole<'a> {
    let places = Rc::new(Places::of(&result.requirements));
    let statements = statements(&result.requirements);
    JudgedRole {
        places: PlaceTable::new(sources, &places),
        target: result.target.as_deref(),
        principal: { result.principal.as_ref() }.map(|p| principal(sources, p)),
        parameters: { result.parameters.iter() }
            .map(|(name, value, from)| Parameter { name, value, from })
            .collect(),
        policies: result.policies.iter().map(|p| forward_slashes(p)).collect(),
        reference: name(&result.reference),
        bindings: result
            .bindings
            .iter()
            .map(|binding| {
                let from = Some(binding.from.as_str()).filter(|from| !from.is_empty());
                let value = binding.value.as_deref();
                (binding.name.as_str(), Binding { value, from })
            })
            .collect(),
        boundary: result.boundary.as_deref(),
        scps: &result.scps,
        not_checked: &result.not_checked,
        requirements: result
            .requirements
            .iter()
            .map(|row| requirement(sources, &places, statements.get(&row.statement), row))
            .collect(),
        statements,
        findings: result
            .findings
            .iter()
            .map(|f| finding(sources, f))
            .collect(),
        cluster_config: result.cluster_config.as_ref().map(|from| TakenFrom {
            path: &from.path,
            taken: from
                .facts
                .iter()
                .map(|(what, value, from)| Taken { what, value, from })
                .collect(),
        }),
        upgrade: result.upgrade.as_ref().map(|upgrade| Upgrade {
            reference: name(&upgrade.reference),
            findings: upgrade
                .findings
                .iter()
                .map(|f| finding(sources, f))
                .collect(),
        }),
    }
}

fn principal<'a>(sources: &Sources, principal: &'a PrincipalName) -> Principal<'a> {
    Principal {
        name: &principal.name,
        kind: principal.kind,
        region: Region::new(sources.get(principal.source), principal.span),
    }
}

fn name(reference: &ReferenceName) -> Reference<'_> {
    Reference {
        policy: reference.policy.as_deref(),
        role: reference.role.as_deref(),
        scheduler: reference.scheduler.as_deref(),
        pcluster_version: reference.pcluster_version.as_deref(),
        features: &reference.features,
        assumed: reference.assumed.as_deref(),
        role_reason: reference
            .role_reason
            .as_deref()
            .or(reference.role_was_chosen.then_some("it fits best")),
        version_reason: reference.version_reason.as_deref(),
    }
}

fn hole<'a>(sources: &Sources, value: &'a diff::OpenValue) -> Hole<'a> {
    Hole {
        name: &value.name,
        kind: match value.kind {
            HoleKind::Word | HoleKind::Name => "name",
            HoleKind::List => "list",
            HoleKind::Document => "document",
            HoleKind::Text | HoleKind::Reference => "text",
        },
        value: value.value.as_deref(),
        region: Region::new(sources.get(value.place.0), value.place.1),
    }
}

/// The statements of the reference that rows are about.
fn statements(rows: &[diff::Row]) -> BTreeMap<usize, Statement<'_>> {
    let mut all: BTreeMap<usize, Statement<'_>> = BTreeMap::new();
    let mut last = None;
    for row in rows {
        // The actions of a statement mostly share one list.
        if last.is_some_and(|(at, list)| at == row.statement && Arc::ptr_eq(list, &row.resources)) {
            continue;
        }
        last = Some((row.statement, &row.resources));
        let statement = all.entry(row.statement).or_insert_with(|| Statement {
            sid: row.sid.as_deref(),
            resources: Vec::new(),
            not_resource: row.not_resource,
        });
        for resource in row.resources.iter() {
            if !statement.resources.contains(&resource.as_str()) {
                statement.resources.push(resource);
            }
        }
    }
    all
}

fn requirement<'a>(
    sources: &Sources,
    places: &Rc<Places>,
    statement: Option<&Statement<'_>>,
    row: &'a diff::Row,
) -> Requirement<'a> {
    let open = row.depends.as_deref();
    let indexes = |of: &'a diff::Places| Indexes {
        table: Rc::clone(places),
        places: of,
    };
    let whole = row.verdict != diff::Verdict::Covered || row.vacuous;
    let all = statement.is_some_and(|s| s.resources.iter().eq(row.resources.iter()));
    Requirement {
        statement: row.statement,
        sid: whole.then_some(row.sid.as_deref()),
        action: &row.action,
        declared_as: &row.declared_as,
        resources: (whole || !all).then_some(&row.resources),
        not_resource: whole.then_some(row.not_resource),
        feature: (whole || row.feature.is_some()).then_some(row.feature),
        feature_is_known: whole.then_some(!row.open),
        verdict: row.verdict.name(),
        vacuous: row.vacuous,
        at_worst: open.map(|o| o.at_worst.name()),
        at_best: open.map(|o| o.at_best.name()),
        holes: open.map(|o| o.values.iter().map(|v| hole(sources, v)).collect()),
        witness: whole.then(|| row.witness.as_ref().map(witness)),
        allowed_by: indexes(&row.allowed_by),
        denied_by: (whole || !row.denied_by.is_empty()).then(|| indexes(&row.denied_by)),
    }
}

fn finding<'a>(sources: &Sources, finding: &'a finding::Finding) -> Finding<'a> {
    Finding {
        lint: finding.lint,
        severity: finding.severity.name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        url: lint_url(finding.lint),
        actions: &finding.actions,
        subject: finding.subject.as_deref(),
        sid: finding.sid.as_deref(),
        reference_statement: finding.reference_statement,
        reference_sid: finding.reference_sid.as_deref(),
        witness: finding.witness.as_ref().map(witness),
        region: Region::of_label(sources, &finding.label),
        related: finding
            .related
            .iter()
            .map(|label| Related {
                message: &label.message,
                region: Region::of_label(sources, label),
            })
            .collect(),
        fixes: { finding.fixes.iter() }
            .filter(|f| f.obstacle.is_none())
            .map(|f| fix(sources, f))
            .collect(),
        fingerprint: finding.fingerprint.to_string(),
        suppressed: finding.suppressed.as_deref(),
    }
}

fn fix<'a>(sources: &Sources, fix: &'a edit::Fix) -> Fix<'a> {
    let edits = fix.edits.iter().map(|edit| Edit {
        region: Region::new(sources.get(edit.source), edit.span),
        text: &edit.text,
    });
    Fix {
        message: &fix.message,
        can_widen: fix.can_widen,
        edits: edits.collect(),
    }
}

fn witness(witness: &finding::Witness) -> Witness<'_> {
    Witness {
        action: &witness.action,
        resource: &witness.resource,
    }
}

#[cfg(test)]
mod tests;
