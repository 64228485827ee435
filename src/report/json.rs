//! The JSON output, version 1. Within it fields are only ever added.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

use super::region::forward_slashes;
use super::{ReferenceName, Region, Report, RoleResult, escape, words};
use crate::diff;
use crate::edit;
use crate::finding;
use crate::lints::PrincipalName;
use crate::parser::{HoleKind, SourceId, Sources, Span};

/// The JSON Schema of the output, made from the types of this module by a test.
pub const SCHEMA: &str = include_str!("../../rules/schema/output.json");

/// The output of `pcluster-iam lint --format json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Output<'a> {
    /// Of this format. Within a version fields are only ever added.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    version: u32,
    tool: Tool<'a>,
    /// One per role; one per file with `--each`.
    results: Vec<JudgedRole<'a>>,
    /// Roles of templates that resemble no role of ParallelCluster, and were not judged; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_roles: Vec<Principal<'a>>,
    /// On the configuration: ignores and entries of the baseline.
    findings: Vec<Finding<'a>>,
    /// The configuration that was used, and every setting that makes the run report less or fail less.
    weakened: Vec<Weakened<'a>>,
    /// The exit code of the run.
    exit_code: u8,
    /// Of the findings of all results and of those on the configuration.
    summary: Summary,
}

/// A setting that hides findings, lowers them or takes something for granted; or the configuration that was used.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Weakened<'a> {
    /// `configuration`, `replaced-configuration`, `lint`, `fail-on`, `context`, `features`, `attached`, `ignore`,
    /// `baseline`, `unresolved`, or `hidden-requirements` for rows that are not covered and of which the lint is off.
    kind: &'a str,
    /// One line.
    message: String,
    /// The option or the place in the configuration.
    from: Option<String>,
}

/// The program that made the report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tool<'a> {
    /// `pcluster-iam`
    name: &'a str,
    /// Its release.
    version: &'a str,
    /// Day of the catalogue of AWS's actions, such as `2026-09-26`.
    catalog_date: &'a str,
}

/// One reference against the union of some files.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JudgedRole<'a> {
    /// The name of the role in the configuration; null for files of the command line.
    target: Option<&'a str>,
    /// The principal of a template whose policies these are; absent for files that are one role.
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal<'a>>,
    /// Parameters of the template that it depends on; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter<'a>>,
    /// The files, as they were given.
    policies: Vec<String>,
    reference: Reference<'a>,
    /// Placeholders of the reference by name.
    bindings: BTreeMap<&'a str, Binding<'a>>,
    /// The file of the permissions boundary.
    boundary: Option<&'a str>,
    /// The files of service control policies, level by level.
    scps: &'a [Vec<String>],
    /// Inputs that were not given: `permissions-boundary`, `scp`, `managed-policy:ARN` for AWS managed policies that
    /// the role must have besides, and `feature:NAME` for a feature without data for this role and release.
    not_checked: &'a [String],
    /// One row per statement of the reference, action as declared there and action of the catalogue. Empty where a
    /// file could not be read.
    requirements: Vec<Requirement<'a>>,
    /// The places of the policies that `allowed_by` and `denied_by` of the requirements name.
    places: Vec<Region>,
    /// Sorted by path, place and lint.
    findings: Vec<Finding<'a>>,
    /// Values read from the file of `--cluster-config`; null without it.
    cluster_config: Option<TakenFrom<'a>>,
    /// Permissions missing for the release of `--also-version`; null without it.
    upgrade: Option<Upgrade<'a>>,
}

/// A principal that a template defines.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Principal<'a> {
    /// The logical id.
    name: &'a str,
    /// `role`, `user`, `group`, `function`, or `policy` for a policy that is attached to nothing there.
    kind: &'static str,
    region: Region,
}

/// The value of a parameter of a template.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
    /// `--parameter`, the place of its default, or `the worst of its values`.
    from: &'a str,
}

/// Values read from a cluster configuration.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TakenFrom<'a> {
    /// The file.
    path: &'a str,
    taken: Vec<Taken<'a>>,
}

/// One thing that was taken, with its place.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Taken<'a> {
    /// `scheduler`, `feature NAME`, or the name of a placeholder.
    what: &'a str,
    value: &'a str,
    /// Such as `cluster.yaml:12:14`.
    from: &'a str,
}

/// Permissions that are only missing for another release.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Upgrade<'a> {
    reference: Reference<'a>,
    findings: Vec<Finding<'a>>,
}

/// The reference that the policies were compared with. Policy, role and scheduler are null for a reference of the
/// user's own.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Reference<'a> {
    /// Such as `ParallelClusterInstancePolicy`.
    policy: Option<&'a str>,
    /// Such as `instance`.
    role: Option<&'a str>,
    /// Such as `torque`.
    scheduler: Option<&'a str>,
    /// Such as `2.4.1`.
    pcluster_version: Option<&'a str>,
    /// Features that were asked for.
    features: &'a [String],
    /// The feature of its group that fits best, where nobody said which the cluster has.
    assumed: Option<&'a str>,
    /// Why the role was chosen; null where it was asked for. Completes "because …".
    role_reason: Option<&'a str>,
    /// Why the release was chosen; null where it was asked for. Completes "because …".
    version_reason: Option<&'a str>,
}

/// The value of a placeholder.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Binding<'a> {
    /// Null when nothing binds it.
    value: Option<&'a str>,
    /// `default`, an option such as `--region`, or the place it was inferred from; null when nothing binds it.
    from: Option<&'a str>,
}

/// One row of what is required.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Requirement<'a> {
    /// Index of the statement in the reference, from 0.
    statement: usize,
    /// `Sid` of that statement.
    sid: Option<&'a str>,
    /// As AWS spells it.
    action: &'a str,
    /// The action or pattern of the reference that it comes from.
    declared_as: &'a str,
    /// As the reference declares them.
    resources: &'a [String],
    /// True where the reference requires the action on all but these resources.
    not_resource: bool,
    /// The feature of a cluster that needs it; null for every cluster.
    feature: Option<&'a str>,
    /// False where nobody said whether the cluster has that feature.
    feature_is_known: bool,
    #[cfg_attr(test, schemars(schema_with = "tests::verdicts"))]
    verdict: &'static str,
    /// True where the action fits none of the resources, so that nothing is required.
    vacuous: bool,
    /// The verdict where what a template leaves open grants as little and takes as much as it can; absent where nothing
    /// that is left open decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_worst: Option<&'static str>,
    /// The verdict where it grants as much and takes as little as it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_best: Option<&'static str>,
    /// What the template leaves open.
    #[serde(skip_serializing_if = "Option::is_none")]
    holes: Option<Vec<Hole<'a>>>,
    /// A request that fails; null for `covered`.
    witness: Option<Witness<'a>>,
    /// Statements that allow it, as indexes into `places` of the result.
    #[cfg_attr(test, schemars(with = "Vec<u32>"))]
    allowed_by: Indexes<'a>,
    /// Statements that deny it, as indexes into `places` of the result.
    #[cfg_attr(test, schemars(with = "Vec<u32>"))]
    denied_by: Indexes<'a>,
}

/// A value that is not known before a template is deployed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Hole<'a> {
    /// As the template writes it.
    name: &'a str,
    /// `name` for one value without wildcard and colon, `text` for any text, `list` for an unknown number of values.
    kind: &'static str,
    /// A value with which the requirement is covered, where one is plain to see.
    value: Option<&'a str>,
    region: Region,
}

/// The places that the rows of one result name, each once: rows share most of them.
#[derive(Default)]
struct Places {
    all: Vec<(SourceId, Span)>,
    indexes: FxHashMap<(SourceId, Span), usize>,
}

impl Places {
    /// In the order in which the rows name them.
    fn of(rows: &[diff::Row]) -> Self {
        let mut places = Places::default();
        let mut last = None;
        for list in rows
            .iter()
            .flat_map(|row| [&row.allowed_by, &row.denied_by])
        {
            // Rows with the same places share one list.
            if last.is_some_and(|last| Arc::ptr_eq(last, list)) {
                continue;
            }
            last = Some(list);
            for place in list.iter() {
                places.indexes.entry(*place).or_insert_with(|| {
                    places.all.push(*place);
                    places.all.len() - 1
                });
            }
        }
        places
    }
}

/// Places as indexes, each looked up when it is written: a row can have thousands.
struct Indexes<'a> {
    table: Rc<Places>,
    places: &'a [(SourceId, Span)],
}

impl Serialize for Indexes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let indexes = self.places.iter();
        serializer.collect_seq(indexes.filter_map(|place| self.table.indexes.get(place)))
    }
}

/// A concrete request.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Witness<'a> {
    action: &'a str,
    /// An ARN, or `*` where the action has no resource type.
    resource: &'a str,
}

/// One reported problem.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Finding<'a> {
    /// Id of the lint.
    lint: &'a str,
    #[cfg_attr(test, schemars(schema_with = "tests::severities"))]
    severity: &'static str,
    /// One line.
    message: &'a str,
    /// The help.
    help: Option<&'a str>,
    /// The page of the lint.
    url: String,
    /// All actions it is about.
    actions: &'a [String],
    /// The element, pattern or placeholder it is about, where that is not an action.
    subject: Option<&'a str>,
    /// `Sid` of the statement at `region`.
    sid: Option<&'a str>,
    /// Index of the statement of the reference.
    reference_statement: Option<usize>,
    /// `Sid` of that statement.
    reference_sid: Option<&'a str>,
    /// A request that proves it.
    witness: Option<Witness<'a>>,
    region: Region,
    /// Other places.
    related: Vec<Related<'a>>,
    /// Fixes of the finding. `lint --fix` applies those that cannot widen access.
    fixes: Vec<Fix<'a>>,
    /// Stays the same when the file is indented anew or statements are added elsewhere.
    fingerprint: String,
    /// Why it does not count; null when it does.
    suppressed: Option<&'a str>,
}

/// Another place of a finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Related<'a> {
    message: &'a str,
    region: Region,
}

/// Edits that are made together or not at all.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fix<'a> {
    /// Its effect.
    message: &'a str,
    /// True where more may be allowed afterwards than before; `lint --fix` then leaves it to people.
    can_widen: bool,
    /// In the order of their places; they do not overlap.
    edits: Vec<Edit<'a>>,
}

/// A part of a file and what is to stand there.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Edit<'a> {
    region: Region,
    /// The text that replaces the region.
    text: &'a str,
}

/// How many findings there are of each severity, and how many do not count.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
}

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
    let regions = places.all.iter();
    let regions = regions.map(|(at, span)| Region::new(sources.get(*at), *span));
    JudgedRole {
        places: regions.collect(),
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
            .map(|row| requirement(sources, &places, row))
            .collect(),
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
            HoleKind::Name => "name",
            HoleKind::List => "list",
            HoleKind::Document => "document",
            HoleKind::Text | HoleKind::Reference => "text",
        },
        value: value.value.as_deref(),
        region: Region::new(sources.get(value.place.0), value.place.1),
    }
}

fn requirement<'a>(sources: &Sources, places: &Rc<Places>, row: &'a diff::Row) -> Requirement<'a> {
    let open = row.depends.as_deref();
    let table = || Rc::clone(places);
    Requirement {
        statement: row.statement,
        sid: row.sid.as_deref(),
        action: &row.action,
        declared_as: &row.declared_as,
        resources: &row.resources,
        not_resource: row.not_resource,
        feature: row.feature,
        feature_is_known: !row.open,
        verdict: row.verdict.name(),
        vacuous: row.vacuous,
        at_worst: open.map(|o| o.at_worst.name()),
        at_best: open.map(|o| o.at_best.name()),
        holes: open.map(|o| o.values.iter().map(|v| hole(sources, v)).collect()),
        witness: row.witness.as_ref().map(witness),
        allowed_by: Indexes {
            table: table(),
            places: &row.allowed_by,
        },
        denied_by: Indexes {
            table: table(),
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
        fixes: finding.fixes.iter().map(|f| fix(sources, f)).collect(),
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
mod tests {
    use schemars::generate::SchemaSettings;
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde_json::Value;

    use super::*;
    use crate::diff::Verdict;
    use crate::finding::Severity;
    use crate::report::sample;

    pub(super) fn severities(_: &mut SchemaGenerator) -> Schema {
        let all = [Severity::Error, Severity::Warning, Severity::Note];
        json_schema!({ "type": "string", "enum": all.map(Severity::name) })
    }

    pub(super) fn verdicts(_: &mut SchemaGenerator) -> Schema {
        use Verdict::{Conditional, Covered, Denied, Depends, Missing, Partial, Undecided};
        let all = [
            Covered,
            Missing,
            Denied,
            Conditional,
            Partial,
            Depends,
            Undecided,
        ];
        json_schema!({ "type": "string", "enum": all.map(Verdict::name) })
    }

    /// `PCLUSTER_IAM_WRITE_SCHEMA=1` writes the file anew.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<Output<'_>>();
        schema.insert("title".to_owned(), "pcluster-iam lint --format json".into());
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("PCLUSTER_IAM_WRITE_SCHEMA").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/schema/output.json");
            std::fs::write(path, &text).unwrap();
        } else {
            assert_eq!(SCHEMA, text);
        }
    }

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        json(report, 0, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_contract() {
        let report = sample::findings();
        let mut output = output(&report, 0);
        output.tool.version = "(of the crate)";
        insta::assert_snapshot!(serde_json::to_string_pretty(&output).unwrap());
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
        assert_eq!(first.lines().count(), 1, "it is compact");
        assert_eq!(first, written(&sample::findings()));
    }
}
