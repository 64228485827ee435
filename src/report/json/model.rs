//! The shape of the JSON output. The schema comes from these types.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

use crate::diff;
use crate::parser::{SourceId, Sources, Span};
use crate::report::Region;

/// The output of `pcluster-iam lint --format json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Output<'a> {
    /// The version of this format. Within a version fields are only ever added.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    pub(super) version: u32,
    pub(super) tool: Tool<'a>,
    /// One per role; one per file with `--each`.
    pub(super) results: Vec<JudgedRole<'a>>,
    /// Roles of templates that resemble no role of ParallelCluster, and were not judged; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) other_roles: Vec<Principal<'a>>,
    /// On the configuration: ignores and entries of the baseline.
    pub(super) findings: Vec<Finding<'a>>,
    /// The configuration that was used, and every setting that makes the run report less or fail less.
    pub(super) weakened: Vec<Weakened<'a>>,
    /// The exit code of the run.
    pub(super) exit_code: u8,
    /// The counts of the findings of all results and of those on the configuration.
    pub(super) summary: Summary,
}

/// A setting that hides findings, lowers them or takes something for granted; or the configuration that was used.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Weakened<'a> {
    /// `configuration`, `replaced-configuration`, `lint`, `fail-on`, `context`, `features`, `attached`, `ignore`,
    /// `keep`, `select`, `baseline`, `unresolved`, or `hidden-requirements` for rows that are not covered and whose
    /// lint is off.
    pub(super) kind: &'a str,
    /// One line.
    pub(super) message: String,
    /// The option or the place in the configuration.
    pub(super) from: Option<String>,
}

/// The program that made the report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Tool<'a> {
    /// `pcluster-iam`
    pub(super) name: &'a str,
    /// Its release.
    pub(super) version: &'a str,
    /// Day of the catalogue of AWS's actions, such as `2026-09-26`.
    pub(super) catalog_date: &'a str,
}

/// One reference against the union of some files.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct JudgedRole<'a> {
    /// The name of the role in the configuration; null for files of the command line.
    pub(super) target: Option<&'a str>,
    /// The principal of a template whose policies these are; absent for files that are one role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<Principal<'a>>,
    /// Parameters of the template that it depends on; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter<'a>>,
    /// The files, as they were given.
    pub(super) policies: Vec<String>,
    pub(super) reference: Reference<'a>,
    /// Placeholders of the reference by name.
    pub(super) bindings: BTreeMap<&'a str, Binding<'a>>,
    /// The file of the permissions boundary.
    pub(super) boundary: Option<&'a str>,
    /// The files of service control policies, level by level.
    pub(super) scps: &'a [Vec<String>],
    /// Inputs that were not given: `permissions-boundary`, `scp`, `scp-deny-list:FILES` for a level of service control
    /// policies that only denies, `managed-policy:ARN` for AWS managed policies that the role must have besides,
    /// `feature:NAME` for a feature without data for this role and release, `value:NAME`
    /// for a value that a template leaves open and that decides no requirement, and parts of a role that the file names
    /// but does not contain: `permissions-boundary:ARN`, `attached-policy:ARN`, `group:NAME`, `sam-policy:NAME`,
    /// `sam-connector:NAME`, `trust-policy`.
    pub(super) not_checked: &'a [String],
    /// One row per statement of the reference, action as declared there and action of the catalogue. Empty where a
    /// file could not be read.
    pub(super) requirements: Vec<Requirement<'a>>,
    /// The statements of the reference that rows are about, by their index.
    pub(super) statements: BTreeMap<usize, Statement<'a>>,
    /// The places that `allowed_by` and `denied_by` of the requirements name.
    pub(super) places: PlaceTable,
    /// Sorted by path, place and lint.
    pub(super) findings: Vec<Finding<'a>>,
    /// Values read from the file of `--cluster-config`; null without it.
    pub(super) cluster_config: Option<TakenFrom<'a>>,
    /// Permissions missing for the release of `--also-version`; null without it.
    pub(super) upgrade: Option<Upgrade<'a>>,
}

/// A principal that a template defines.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Principal<'a> {
    /// The logical id in a template, the address in a module, the name in a dump.
    pub(super) name: &'a str,
    /// `role`, `user`, `group`, `function`, or `policy` for a policy that is attached to nothing there.
    pub(super) kind: &'static str,
    pub(super) region: Region,
}

/// The value of a parameter of a template.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// `--parameter`, the place of its default, or `the worst of its values`.
    pub(super) from: &'a str,
}

/// Values read from a cluster configuration.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TakenFrom<'a> {
    /// The file.
    pub(super) path: &'a str,
    pub(super) taken: Vec<Taken<'a>>,
}

/// One thing that was taken, with its place.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Taken<'a> {
    /// `scheduler`, `feature NAME`, or the name of a placeholder.
    pub(super) what: &'a str,
    pub(super) value: &'a str,
    /// Such as `cluster.yaml:12:14`.
    pub(super) from: &'a str,
}

/// Permissions that are only missing for another release.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Upgrade<'a> {
    pub(super) reference: Reference<'a>,
    pub(super) findings: Vec<Finding<'a>>,
}

/// The reference that the policies were compared with. Policy, role and scheduler are null for a reference of the
/// user's own.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Reference<'a> {
    /// Such as `ParallelClusterInstancePolicy`.
    pub(super) policy: Option<&'a str>,
    /// Such as `instance`.
    pub(super) role: Option<&'a str>,
    /// Such as `torque`.
    pub(super) scheduler: Option<&'a str>,
    /// Such as `2.4.1`.
    pub(super) pcluster_version: Option<&'a str>,
    /// Features that were asked for.
    pub(super) features: &'a [String],
    /// The feature of its group that fits best, where it is not known which the cluster has.
    pub(super) assumed: Option<&'a str>,
    /// Why the role was chosen; null where it was asked for. Completes "because …".
    pub(super) role_reason: Option<&'a str>,
    /// Why the release was chosen; null where it was asked for. Completes "because …".
    pub(super) version_reason: Option<&'a str>,
}

/// The value of a placeholder.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Binding<'a> {
    /// Null when nothing binds it.
    pub(super) value: Option<&'a str>,
    /// `default`, `the reference`, an option such as `--region`, or the place it was inferred from; null when nothing binds it.
    pub(super) from: Option<&'a str>,
}

/// A statement of the reference.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Statement<'a> {
    /// Its `Sid`.
    pub(super) sid: Option<&'a str>,
    /// As the reference declares them; only those that some action of it can apply to.
    pub(super) resources: Vec<&'a str>,
    /// True where the reference requires its actions on all but these resources.
    pub(super) not_resource: bool,
}

/// One row of what is required. A covered row that is not vacuous is short: it leaves out what its statement says, and what says
/// nothing more: the feature and the denying statements where there are none, and the witness.
#[expect(
    clippy::option_option,
    reason = "a field is absent in a short row, null or a value"
)]
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Requirement<'a> {
    /// Index of the statement in the reference, from 0.
    pub(super) statement: usize,
    /// `Sid` of that statement. Absent in a short row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<Option<&'a str>>,
    /// As AWS spells it.
    pub(super) action: &'a str,
    /// The action or pattern of the reference that it comes from.
    pub(super) declared_as: &'a str,
    /// The resources of the statement that the action can apply to. Absent in a short row where these are all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resources: Option<&'a [String]>,
    /// True where the reference requires the action on all but these resources. Absent in a short row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_resource: Option<bool>,
    /// The feature of a cluster that needs it; null for every cluster. Absent in a short row where it is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) feature: Option<Option<&'a str>>,
    /// False where it is not known whether the cluster has that feature. Absent in a short row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) feature_is_known: Option<bool>,
    #[cfg_attr(test, schemars(schema_with = "super::tests::verdicts"))]
    pub(super) verdict: &'static str,
    /// True where nothing is required: the action fits no resource, needs no permission, or its feature is off.
    pub(super) vacuous: bool,
    /// The verdict if the unknown values of a template grant as little and deny as much as they can; absent where
    /// nothing that is left open decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_worst: Option<&'static str>,
    /// The verdict if the unknown values grant as much and deny as little as they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_best: Option<&'static str>,
    /// The unknown values that decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) holes: Option<Vec<Hole<'a>>>,
    /// A request that shows the verdict: it fails, or for `conditional` succeeds only under a condition. Null for
    /// `covered` and `undecided`; absent in a short row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) witness: Option<Option<Witness<'a>>>,
    /// Statements that allow it, as indexes into `places` of the result.
    #[cfg_attr(test, schemars(with = "Vec<u32>"))]
    pub(super) allowed_by: Indexes<'a>,
    /// Statements that deny it, as indexes into `places` of the result. Absent in a short row where there are none.
    #[cfg_attr(test, schemars(with = "Option<Vec<u32>>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) denied_by: Option<Indexes<'a>>,
}

/// A value that is not known before a template is deployed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Hole<'a> {
    /// As the template writes it.
    pub(super) name: &'a str,
    /// `name` for one value without wildcard and colon, `text` for any text, `list` for an unknown number of values.
    pub(super) kind: &'static str,
    /// A value with which the requirement is covered, where one is plain to see.
    pub(super) value: Option<&'a str>,
    pub(super) region: Region,
}

/// The places that the rows of one result name, each once: rows share most of them.
#[derive(Default)]
pub(super) struct Places {
    pub(super) all: Vec<(SourceId, Span)>,
    pub(super) indexes: FxHashMap<(SourceId, Span), usize>,
}

impl Places {
    /// In the order in which the rows name them.
    pub(super) fn of(rows: &[diff::Row]) -> Self {
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

/// Places as a table with one list for each column: the place with index 3 is the fourth entry of every list but `paths`.
/// The columns are those of a region.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PlaceTable {
    /// The files, as they were given.
    pub(super) paths: Vec<String>,
    /// The file of each place, as an index into `paths`.
    pub(super) path: Vec<usize>,
    pub(super) start_line: Vec<u32>,
    pub(super) start_column: Vec<u32>,
    pub(super) end_line: Vec<u32>,
    pub(super) end_column: Vec<u32>,
    pub(super) start_byte: Vec<u32>,
    pub(super) end_byte: Vec<u32>,
}

impl PlaceTable {
    /// The regions of places, in their order.
    pub(super) fn new(sources: &Sources, places: &Places) -> Self {
        let mut table = PlaceTable::default();
        let mut files: FxHashMap<SourceId, usize> = FxHashMap::default();
        for (at, span) in &places.all {
            let source = sources.get(*at);
            let region = Region::new(source, *span);
            let path = *files.entry(*at).or_insert_with(|| {
                table.paths.push(region.path);
                table.paths.len() - 1
            });
            table.path.push(path);
            table.start_line.push(region.start_line);
            table.start_column.push(region.start_column);
            table.end_line.push(region.end_line);
            table.end_column.push(region.end_column);
            table.start_byte.push(region.start_byte);
            table.end_byte.push(region.end_byte);
        }
        table
    }
}

/// Places as indexes, each looked up when it is written: a row can have thousands.
pub(super) struct Indexes<'a> {
    pub(super) table: Rc<Places>,
    pub(super) places: &'a [(SourceId, Span)],
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
pub(super) struct Witness<'a> {
    pub(super) action: &'a str,
    /// An ARN, or `*` where the action has no resource type.
    pub(super) resource: &'a str,
}

/// One reported problem.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Finding<'a> {
    /// Id of the lint.
    pub(super) lint: &'a str,
    #[cfg_attr(test, schemars(schema_with = "super::tests::severities"))]
    pub(super) severity: &'static str,
    /// One line.
    pub(super) message: &'a str,
    /// The help.
    pub(super) help: Option<&'a str>,
    /// The page of the lint.
    pub(super) url: String,
    /// All actions it is about.
    pub(super) actions: &'a [String],
    /// The element, pattern or placeholder it is about, where that is not an action.
    pub(super) subject: Option<&'a str>,
    /// `Sid` of the statement at `region`.
    pub(super) sid: Option<&'a str>,
    /// Index of the statement of the reference.
    pub(super) reference_statement: Option<usize>,
    /// `Sid` of that statement.
    pub(super) reference_sid: Option<&'a str>,
    /// A request that proves it.
    pub(super) witness: Option<Witness<'a>>,
    pub(super) region: Region,
    /// Other places.
    pub(super) related: Vec<Related<'a>>,
    /// Fixes of the finding. `lint --fix` applies those that cannot widen access.
    pub(super) fixes: Vec<Fix<'a>>,
    /// Stays the same when the file is indented anew or statements are added elsewhere.
    pub(super) fingerprint: String,
    /// Why it does not count; null when it does.
    pub(super) suppressed: Option<&'a str>,
}

/// Another place of a finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Related<'a> {
    pub(super) message: &'a str,
    pub(super) region: Region,
}

/// Edits that are made together or not at all.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Fix<'a> {
    /// Its effect.
    pub(super) message: &'a str,
    /// True where more may be allowed afterwards than before; `lint --fix` then leaves it to people.
    pub(super) can_widen: bool,
    /// In the order of their places; they do not overlap.
    pub(super) edits: Vec<Edit<'a>>,
}

/// A part of a file and what is to stand there.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Edit<'a> {
    pub(super) region: Region,
    /// The text that replaces the region.
    pub(super) text: &'a str,
}

/// How many findings there are of each severity, and how many do not count.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Summary {
    pub(super) error: usize,
    pub(super) warning: usize,
    pub(super) note: usize,
    pub(super) suppressed: usize,
}
