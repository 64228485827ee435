//! The SARIF output, version 2.1.0, with what GitHub's code scanning requires and shows.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>,
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

mod model;
mod rules;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use self::model::{
    ArtifactChange, ArtifactLocation, BaseIds, Configuration, Described, Driver, Fingerprints, Fix,
    FixProperties, Invocation, Location, Log, Message, Notification, NotificationKind, Outcome,
    PhysicalLocation, Reference, Replacement, Run, RunProperties, Suppression, TextRegion, Tool,
};
use super::repository::{FilePath, Repository};
use super::{Region, Report, escape, identity, words};
use crate::edit::{self, Edit};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{SourceId, Sources, Span};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const INFORMATION: &str = "https://docs.aws.amazon.com/parallelcluster/";
const SOURCE_ROOT: &str = "%SRCROOT%";
/// GitHub refuses a run with more.
const RESULTS: usize = 25_000;
/// More places of one result than GitHub shows would only make the file larger.
const RELATED: usize = 100;
/// The exit code that says that not all could be judged.
const COULD_NOT: u8 = 2;

/// Reasons why a run is incomplete, in the order of the driver's `notifications`.
#[derive(Clone, Copy)]
enum Incomplete {
    /// A file cannot be read as a policy.
    Unreadable,
    /// A verdict was not reached.
    Undecided,
    /// More results than a run may hold.
    Cut,
}

impl Incomplete {
    const ALL: [Self; 3] = [Self::Unreadable, Self::Undecided, Self::Cut];

    /// The notification of a finding about the run itself. An excess that is not decided is a note: the run is
    /// complete.
    fn of(finding: &Finding) -> Option<Self> {
        match finding.lint {
            "invalid-json" => Some(Self::Unreadable),
            "undecided" if finding.severity == Severity::Error => Some(Self::Undecided),
            _ => None,
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable-input",
            Self::Undecided => "undecided-verdict",
            Self::Cut => "results-left-out",
        }
    }

    fn level(self) -> &'static str {
        match self {
            Self::Unreadable | Self::Undecided => "error",
            Self::Cut => "warning",
        }
    }

    fn kind(self) -> NotificationKind {
        let (short, full, help) = match self {
            Self::Unreadable => (
                "A file could not be read.",
                "A file could not be read as an IAM policy, so the permissions of its role were not judged.",
                "Fix the file at the place in the notification.",
            ),
            Self::Undecided => (
                "A verdict was not reached.",
                "The patterns of the policies are too complex to be decided within the limit.",
                "Split the statement in the notification, or write fewer `*` in one of its patterns.",
            ),
            Self::Cut => (
                "Results were left out.",
                "A run contains at most 25,000 results. The most severe are kept.",
                "Fix the reported problems, or use the JSON output, which has all.",
            ),
        };
        NotificationKind {
            id: self.id(),
            name: rules::name(self.id()),
            short_description: message(short),
            full_description: message(full),
            help: message(help),
            default_configuration: Configuration {
                level: self.level(),
            },
        }
    }

    fn reference(self) -> Reference {
        Reference {
            id: self.id(),
            index: Some(self as usize),
        }
    }
}

/// Writes the report as one SARIF log with one run: all lints as rules, errors first, suppressed findings as such.
/// `exit_code` is the one that the program ends with.
///
/// # Errors
/// The result of `out`.
pub fn sarif(
    report: &Report,
    repository: &Repository,
    exit_code: u8,
    out: &mut dyn Write,
) -> io::Result<()> {
    let places = Places {
        sources: &report.sources,
        repository,
    };
    let mut findings: Vec<Named<'_>> = Vec::new();
    let lists = report.lists_by_target();
    for ((target, list), prints) in lists.zip(identity::fingerprints(report)) {
        let named = list.into_iter().zip(prints);
        findings.extend(named.map(|(finding, fingerprint)| Named {
            target,
            finding,
            fingerprint,
        }));
    }
    findings.sort_by_key(|named| Reverse(named.finding.severity));
    let shared = shared_lines(&report.sources, &findings);
    let mut notifications: Vec<Notification> = findings
        .iter()
        .filter_map(|Named { finding, .. }| {
            Some(notification(&places, finding, Incomplete::of(finding)?))
        })
        .collect();
    if let Some(more @ 1..) = findings.len().checked_sub(RESULTS) {
        findings.truncate(RESULTS);
        notifications.push(Notification {
            descriptor: Incomplete::Cut.reference(),
            associated_rule: None,
            level: Incomplete::Cut.level(),
            message: message(&match more {
                1 => "1 more result is left out.".to_owned(),
                more => format!("{more} more results are left out."),
            }),
            locations: Vec::new(),
        });
    }
    let results = findings
        .into_iter()
        .map(|named| outcome(&places, &shared, named))
        .collect();
    let opening = report.results.iter().flat_map(words::opening);
    let weakened = report.weakened.iter().map(super::Weakening::line);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: driver() },
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: BaseIds {
                source_root: Described {
                    description: message("The root of the repository."),
                },
            },
            invocations: [Invocation {
                execution_successful: exit_code != COULD_NOT,
                exit_code,
                tool_execution_notifications: notifications,
                tool_configuration_notifications: Vec::new(),
            }],
            results,
            properties: RunProperties {
                catalog_date: report.catalog_date.clone(),
                judged: opening.map(|l| escape::line(&l).into_owned()).collect(),
                weakened: weakened.chain(words::hidden_lines(report)).collect(),
                not_checked: words::unchecked_lines(report),
            },
        }],
    };
    let mut out = BufWriter::new(out);
    escape::json(&log, &mut out)?;
    out.flush()
}

fn driver() -> Driver {
    Driver {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: INFORMATION,
        rules: rules::rules(),
        notifications: Incomplete::ALL.map(Incomplete::kind).into(),
    }
}

fn notification(places: &Places<'_>, finding: &Finding, why: Incomplete) -> Notification {
    Notification {
        descriptor: why.reference(),
        associated_rule: Some(Reference {
            id: finding.lint,
            index: rules::index(finding.lint),
        }),
        level: why.level(),
        message: message(&linkless(&format!("{}.", finding.message))),
        locations: vec![places.location(&finding.label, None)],
    }
}

/// A finding, its target, and its identity within the run.
struct Named<'a> {
    target: Option<&'a str>,
    finding: &'a Finding,
    fingerprint: String,
}

/// A lint, a file and a line of it.
type Line = (&'static str, SourceId, u32);

fn line(sources: &Sources, finding: &Finding) -> Line {
    let label = &finding.label;
    let at = sources.get(label.source).location(label.span.start);
    (finding.lint, label.source, at.line)
}

/// The lines on which a lint finds something for several targets.
fn shared_lines(sources: &Sources, findings: &[Named<'_>]) -> BTreeSet<Line> {
    let mut first: BTreeMap<Line, Option<&str>> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for named in findings.iter().filter(|named| named.target.is_some()) {
        let line = line(sources, named.finding);
        if *first.entry(line).or_insert(named.target) != named.target {
            shared.insert(line);
        }
    }
    shared
}

fn outcome(places: &Places<'_>, shared: &BTreeSet<Line>, named: Named<'_>) -> Outcome {
    let Named {
        target,
        finding,
        fingerprint,
    } = named;
    let collapses = is_on_one_line(places.sources, finding.label.source)
        || (!shared.is_empty() && shared.contains(&line(places.sources, finding)));
    let related = finding.related.iter().take(RELATED).enumerate();
    Outcome {
        rule_id: finding.lint,
        rule_index: rules::index(finding.lint),
        level: finding.severity.name(),
        message: message(&text(target, finding)),
        locations: [places.location(&finding.label, None)],
        related_locations: related
            .map(|(index, label)| places.location(label, Some(index + 1)))
            .collect(),
        fixes: { finding.fixes.iter() }
            .filter(|f| f.obstacle.is_none())
            .map(|f| places.fix(f))
            .collect(),
        partial_fingerprints: Fingerprints {
            primary_location_line_hash: collapses.then(|| fingerprint.clone()),
            own: fingerprint,
        },
        suppressions: finding
            .suppressed
            .iter()
            .map(|reason| Suppression {
                kind: "external",
                justification: reason.to_string(),
            })
            .collect(),
    }
}

/// GitHub distinguishes alerts by a hash of their line, and makes that hash itself where there is none.
/// On the only line of a policy all findings of a lint would become one alert, and so would those of several targets.
fn is_on_one_line(sources: &Sources, source: SourceId) -> bool {
    let text = sources.get(source).text();
    let text = text.trim_start_matches('\u{feff}').trim();
    !text.is_empty() && !text.contains('\n')
}

/// The message, which stands alone in a list of alerts, then what else there is to say.
fn text(target: Option<&str>, finding: &Finding) -> String {
    let mut text = linkless(&words::titled(target, &finding.message));
    text.push('.');
    let label = Some(&finding.label.message).filter(|m| !m.is_empty());
    for words in label.into_iter().chain(&finding.notes) {
        text.push(' ');
        text.push_str(&sentence(&linkless(words)));
    }
    for (index, label) in finding.related.iter().enumerate().take(RELATED) {
        let words = match label.message.as_str() {
            "" => "see also",
            words => words,
        };
        let words = linkless(words);
        let _ = write!(text, " {} [here]({}).", capitalised(&words), index + 1);
    }
    if let Some(more @ 1..) = finding.related.len().checked_sub(RELATED) {
        let places = if more == 1 { "place" } else { "places" };
        let _ = write!(text, " And at {more} more {places}.");
    }
    if let Some(help) = &finding.help {
        text.push_str("\n\n");
        text.push_str(&capitalised(&linkless(help)));
    }
    text
}

/// Text made safe in which nothing is a link: brackets make one.
fn linkless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape::lines(text).chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Begins with a capital and ends with a full stop.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    capitalised(text) + end
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + chars.as_str(),
        None => String::new(),
    }
}

fn message(text: &str) -> Message {
    Message {
        text: text.to_owned(),
    }
}

/// Makes locations of labels.
struct Places<'a> {
    sources: &'a Sources,
    repository: &'a Repository,
}

impl Places<'_> {
    fn location(&self, label: &Label, id: Option<usize>) -> Location {
        Location {
            id,
            physical_location: PhysicalLocation {
                artifact_location: self.artifact(label.source),
                region: self.region(label.source, label.span),
            },
            message: Some(&label.message)
                .filter(|m| !m.is_empty())
                .map(|m| message(&linkless(m))),
        }
    }

    fn artifact(&self, source: SourceId) -> ArtifactLocation {
        let path = self.repository.path(self.sources.get(source).name());
        ArtifactLocation {
            uri: path.uri(),
            uri_base_id: matches!(path, FilePath::Inside(_)).then_some(SOURCE_ROOT),
        }
    }

    fn region(&self, source: SourceId, span: Span) -> TextRegion {
        let region = Region::new(self.sources.get(source), span);
        TextRegion {
            start_line: region.start_line,
            start_column: region.start_column,
            end_line: region.end_line,
            end_column: region.end_column,
        }
    }

    fn fix(&self, fix: &edit::Fix) -> Fix {
        let of_files = fix.edits.chunk_by(|a, b| a.source == b.source);
        let change = |edits: &[Edit]| {
            let first = edits.first()?;
            let replacements = edits.iter().map(|edit| Replacement {
                deleted_region: self.region(edit.source, edit.span),
                inserted_content: (!edit.text.is_empty()).then(|| message(&edit.text)),
            });
            Some(ArtifactChange {
                artifact_location: self.artifact(first.source),
                replacements: replacements.collect(),
            })
        };
        Fix {
            description: message(&sentence(&linkless(&fix.message))),
            artifact_changes: of_files.filter_map(change).collect(),
            properties: FixProperties {
                can_widen: fix.can_widen,
            },
        }
    }
}
