//! The JSON output, version 1. Within it fields are only ever added.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde::{Serialize, Serializer};

use super::region::forward_slashes;
use super::{Region, Report, RoleResult};
use crate::diff;
use crate::finding;
use crate::parser::{SourceId, Sources, Span};

#[derive(Serialize)]
struct Output<'a> {
    version: u32,
    tool: Tool<'a>,
    results: Vec<JudgedRole<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
    catalog_date: &'a str,
}

#[derive(Serialize)]
struct JudgedRole<'a> {
    policies: Vec<String>,
    reference: Reference<'a>,
    bindings: BTreeMap<&'a str, Binding<'a>>,
    boundary: Option<&'a str>,
    scps: &'a [Vec<String>],
    not_checked: &'a [&'static str],
    requirements: Vec<Requirement<'a>>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Reference<'a> {
    policy: Option<&'a str>,
    role: Option<&'a str>,
    scheduler: Option<&'a str>,
    pcluster_version: Option<&'a str>,
    features: &'a [String],
}

#[derive(Serialize)]
struct Binding<'a> {
    value: Option<&'a str>,
    from: Option<&'a str>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    statement: usize,
    sid: Option<&'a str>,
    action: &'a str,
    declared_as: &'a str,
    resources: &'a [String],
    not_resource: bool,
    verdict: &'static str,
    vacuous: bool,
    witness: Option<Witness<'a>>,
    allowed_by: Places<'a>,
    denied_by: Places<'a>,
}

/// Places as regions, each made when it is written: a row can have thousands.
struct Places<'a> {
    sources: &'a Sources,
    places: &'a [(SourceId, Span)],
}

impl Serialize for Places<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = self.places.iter();
        serializer.collect_seq(places.map(|(at, span)| Region::new(self.sources.get(*at), *span)))
    }
}

#[derive(Serialize)]
struct Witness<'a> {
    action: &'a str,
    resource: &'a str,
}

#[derive(Serialize)]
struct Finding<'a> {
    lint: &'a str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    url: String,
    actions: &'a [String],
    subject: Option<&'a str>,
    sid: Option<&'a str>,
    reference_statement: Option<usize>,
    reference_sid: Option<&'a str>,
    witness: Option<Witness<'a>>,
    region: Region,
    related: Vec<Related<'a>>,
    fingerprint: &'a str,
    suppressed: Option<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    region: Region,
}

#[derive(Serialize)]
struct Summary {
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
}

/// Where the page of a lint stands, from the root of the repository.
pub(super) fn lint_url(lint: &str) -> String {
    format!("rules/lints/{lint}.md")
}

/// Writes the report as one JSON document with a line end.
///
/// # Errors
/// What `out` returns.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let counts = report.counts();
    let output = Output {
        version: 1,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            catalog_date: &report.catalog_date,
        },
        results: report
            .results
            .iter()
            .map(|result| judged_role(&report.sources, result))
            .collect(),
        summary: Summary {
            error: counts.error,
            warning: counts.warning,
            note: counts.note,
            suppressed: 0,
        },
    };
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &output)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn judged_role<'a>(sources: &'a Sources, result: &'a RoleResult) -> JudgedRole<'a> {
    let reference = &result.reference;
    JudgedRole {
        policies: result.policies.iter().map(|p| forward_slashes(p)).collect(),
        reference: Reference {
            policy: reference.policy.as_deref(),
            role: reference.role.as_deref(),
            scheduler: reference.scheduler.as_deref(),
            pcluster_version: reference.pcluster_version.as_deref(),
            features: &reference.features,
        },
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
            .map(|row| requirement(sources, row))
            .collect(),
        findings: result
            .findings
            .iter()
            .map(|f| finding(sources, f))
            .collect(),
    }
}

fn requirement<'a>(sources: &'a Sources, row: &'a diff::Row) -> Requirement<'a> {
    Requirement {
        statement: row.statement,
        sid: row.sid.as_deref(),
        action: &row.action,
        declared_as: &row.declared_as,
        resources: &row.resources,
        not_resource: row.not_resource,
        verdict: row.verdict.name(),
        vacuous: row.vacuous,
        witness: row.witness.as_ref().map(witness),
        allowed_by: Places {
            sources,
            places: &row.allowed_by,
        },
        denied_by: Places {
            sources,
            places: &row.denied_by,
        },
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
        fingerprint: &finding.fingerprint,
        suppressed: None,
    }
}

fn witness(witness: &finding::Witness) -> Witness<'_> {
    Witness {
        action: &witness.action,
        resource: &witness.resource,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        json(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_contract() {
        let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
        let output = written(&sample::findings());
        insta::assert_snapshot!(output.replace(version, "\"version\": \"(of the crate)\""));
    }

    #[test]
    fn regions_quote_the_file() {
        let report = sample::findings();
        let output: Value = serde_json::from_str(&written(&report)).unwrap();
        let findings = &output["results"][0]["findings"];
        assert_eq!(findings.as_array().unwrap().len(), 3);
        let region = &findings[2]["region"];
        let at = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
        let bytes = at("start_byte")..at("end_byte");
        assert_eq!(sample::HEAD_NODE.get(bytes), Some("sqs:*"));
        let line = sample::HEAD_NODE.lines().nth(at("start_line") - 1).unwrap();
        let columns = at("start_column") - 1..at("end_column") - 1;
        assert_eq!(line.get(columns), Some("sqs:*"));
        assert_eq!(output["summary"]["error"], 1);
    }

    #[test]
    fn a_reference_of_the_user_has_no_names() {
        let mut report = sample::report(&[("a.json", "{}")]);
        report.results[0].reference = crate::report::ReferenceName {
            file: Some("ours.json".to_owned()),
            ..Default::default()
        };
        let output: Value = serde_json::from_str(&written(&report)).unwrap();
        let reference = output["results"][0]["reference"].as_object().unwrap();
        assert!(reference["policy"].is_null() && reference["pcluster_version"].is_null());
        assert_eq!(reference["features"], Value::Array(Vec::new()));
    }

    #[test]
    fn it_ends_with_a_line_end_and_repeats() {
        let first = written(&sample::findings());
        assert!(first.ends_with("}\n"));
        assert_eq!(first, written(&sample::findings()));
    }
}
