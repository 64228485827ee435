//! The lints: one file per lint, each with its metadata, its check and its page of prose.
//!
//! A lint reads the [`Context`] and makes [`Finding`]s; it prints nothing. To add one, write
//! `src/lints/NAME.rs`, name it in [`ALL`], and give it a page and two fixtures (CONTRIBUTING.md).

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::Catalog;
use crate::diff::Verdict;
use crate::diff::coverage::{Comparison, LayerKind, Requirement};
use crate::diff::effect::Ineffective;
use crate::diff::escalation::OpenPath;
use crate::diff::excess::ExcessReport;
use crate::diff::prepare::LeftoverPlace;
use crate::diff::statement::{Action, Prepared};
use crate::edit;
use crate::finding::{Finding, Label, Severity};
use crate::fingerprint::Fingerprint;
use crate::inert;
use crate::inventory;
use crate::matcher::ActionPattern;
use crate::parser::{self, Document, Policy};
use crate::parser::{Effect, Problem, SourceId, Sources, Span, Statement};
use crate::reference::Reference;
use crate::reference::bindings::{Bindings, Dissent};

mod allow_not_action;
mod arn;
mod condition;
mod conditional_grant;
mod coverage;
mod cross_account_trust;
mod danger;
mod denied_action;
mod depends;
mod difference;
mod duplicate_key;
mod duplicate_value;
mod effect;
mod empty_element;
mod escalation;
mod excess;
mod excess_cost;
mod excess_credentials;
mod excess_data_access;
mod excess_destruction;
mod excess_exposure;
mod excess_privileges;
mod exposed_credentials;
mod feature_gap;
mod feature_without_data;
mod federated_trust;
mod fix;
mod generated_gap;
mod ineffective_condition;
mod ineffective_resource;
mod ineffective_statement;
mod invalid_arn;
mod invalid_condition;
mod invalid_json;
mod invalid_policy;
mod known_gap;
mod layer;
mod log_stream_arn;
mod missing_action;
mod missing_trust;
mod mixed_scope;
mod old_version;
mod open;
mod open_condition;
mod open_trust;
mod over_broad_action;
mod over_broad_resource;
mod partial_resource;
mod policy_size;
mod privilege_escalation;
mod problem;
mod redundant;
mod redundant_entry;
mod redundant_statement;
mod release_mismatch;
mod trust;
mod unconditional_grant;
mod undecided;
mod unknown_action;
mod unknown_condition_key;
mod unneeded_action;
mod unneeded_trust;
mod unreplaced_placeholder;
mod unresolved;
mod unrestricted_assume_role;
mod unsupported_condition_key;
pub(crate) mod unused_ignore;
mod variable;
mod variable_misuse;
mod weak_condition;
mod writable_code;
mod wrong_partition;
mod wrong_role;

/// A check and what is said about it.
pub struct Lint {
    /// Kebab-case name of the problem; never changes.
    pub id: &'static str,
    /// The severity it usually has; a finding may be milder where the page says so.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    /// The page: what it checks, why it matters, an example, how to fix it.
    pub doc: &'static str,
    /// The release of this program that brought it.
    pub since: &'static str,
    check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// Every lint, sorted by id.
pub static ALL: &[&Lint] = &[
    &allow_not_action::LINT,
    &conditional_grant::LINT,
    &cross_account_trust::LINT,
    &denied_action::LINT,
    &depends::LINT,
    &duplicate_key::LINT,
    &duplicate_value::LINT,
    &empty_element::LINT,
    &excess_cost::LINT,
    &excess_credentials::LINT,
    &excess_data_access::LINT,
    &excess_destruction::LINT,
    &excess_exposure::LINT,
    &excess_privileges::LINT,
    &exposed_credentials::LINT,
    &feature_gap::LINT,
    &feature_without_data::LINT,
    &federated_trust::LINT,
    &generated_gap::LINT,
    &ineffective_condition::LINT,
    &ineffective_resource::LINT,
    &ineffective_statement::LINT,
    &invalid_arn::LINT,
    &invalid_condition::LINT,
    &invalid_json::LINT,
    &invalid_policy::LINT,
    &known_gap::LINT,
    &log_stream_arn::LINT,
    &missing_action::LINT,
    &missing_trust::LINT,
    &mixed_scope::LINT,
    &old_version::LINT,
    &open_trust::LINT,
    &over_broad_action::LINT,
    &over_broad_resource::LINT,
    &partial_resource::LINT,
    &policy_size::LINT,
    &privilege_escalation::LINT,
    &redundant_entry::LINT,
    &redundant_statement::LINT,
    &release_mismatch::LINT,
    &unconditional_grant::LINT,
    &undecided::LINT,
    &unknown_action::LINT,
    &unknown_condition_key::LINT,
    &unneeded_action::LINT,
    &unneeded_trust::LINT,
    &unreplaced_placeholder::LINT,
    &unresolved::LINT,
    &unrestricted_assume_role::LINT,
    &unsupported_condition_key::LINT,
    &unused_ignore::LINT,
    &variable_misuse::LINT,
    &weak_condition::LINT,
    &writable_code::LINT,
    &wrong_partition::LINT,
    &wrong_role::LINT,
];

/// The lint with this id.
pub fn find(id: &str) -> Option<&'static Lint> {
    ALL.iter().copied().find(|l| l.id == id)
}

/// Whether a lint reports that something required is not granted.
pub fn is_about_coverage(id: &str) -> bool {
    [
        conditional_grant::LINT.id,
        denied_action::LINT.id,
        depends::LINT.id,
        feature_gap::LINT.id,
        generated_gap::LINT.id,
        missing_action::LINT.id,
        partial_resource::LINT.id,
        undecided::LINT.id,
    ]
    .contains(&id)
}

/// Whether a lint is about what AWS's own policies lack.
pub fn is_about_gaps(id: &str) -> bool {
    id == known_gap::LINT.id
}

/// Whether a note says that a policy becomes too long with what the report says to add.
pub fn is_about_size(note: &str) -> bool {
    note.starts_with(policy_size::ADVICE)
}

/// Whether the subject of a lint's findings is a feature of ParallelCluster.
pub fn is_about_features(id: &str) -> bool {
    [feature_gap::LINT.id, feature_without_data::LINT.id].contains(&id)
}

/// One file of a role and what was read from it.
#[derive(Clone, Debug)]
pub struct File {
    /// Names its text.
    pub source: SourceId,
    /// Its policies and problems.
    pub document: Document,
    /// The same at the other extremes of what is not known; `None` where nothing is left open.
    pub extremes: Option<Arc<Extremes>>,
    /// The principal of a template or an account dump whose policies these are.
    pub principal: Option<Arc<PrincipalName>>,
}

impl File {
    /// A file that is read as it is.
    pub fn new(source: SourceId, document: Document) -> Self {
        File {
            source,
            document,
            extremes: None,
            principal: None,
        }
    }

    /// The policies of a principal that a file defines, under one setting of its parameters.
    pub fn of(
        document: &inventory::Document,
        source: SourceId,
        principal: Option<&Arc<PrincipalName>>,
    ) -> Self {
        let extremes = document.best.clone().map(|best| {
            Arc::new(Extremes {
                best,
                texts: document.texts.clone(),
            })
        });
        File {
            source,
            document: document.worst.clone(),
            extremes,
            principal: principal.cloned(),
        }
    }
}

/// Readings of policies in which values are not known. [`File::document`] has the worst one.
#[derive(Debug)]
pub struct Extremes {
    /// As [`parser::Extreme::Best`].
    pub best: Document,
    /// As [`parser::Extreme::BestOfTexts`]; `None` where no value is a name.
    pub texts: Option<Document>,
}

/// Which principal of a file policies are attached to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrincipalName {
    /// The logical id, the address, or the name.
    pub name: String,
    /// `role`, `user`, `group`, `policy`, `function`.
    pub kind: &'static str,
    /// Where it is defined.
    pub source: SourceId,
    /// Its name there.
    pub span: Span,
}

/// Rows that the documented reference lacks, for one reason.
pub struct GapRows {
    /// Index into [`Reference::gaps`].
    pub gap: usize,
    /// Judged like the reference's own rows.
    pub requirements: Vec<Requirement>,
}

/// The comparison, if everything could be read.
#[derive(Clone)]
pub struct Compared<'a> {
    /// The two sides.
    pub comparison: &'a Comparison<'a>,
    /// The statements of the reference.
    pub required: &'a [Prepared],
    /// The reference by name, and its known gaps.
    pub reference: &'a Reference,
    /// The file that is compared with in place of ParallelCluster's policies.
    pub reference_file: Option<&'a str>,
    /// Other roles of the cluster that share the IAM role.
    pub shared_roles: &'a [String],
    /// True where the role was not asked for, but fits best.
    pub role_is_chosen: bool,
    /// The rows of the reference.
    pub requirements: &'a [Requirement],
    /// The same rows with the policies that AWS refuses to store, where there are some.
    pub repaired: Option<&'a [Requirement]>,
    /// The rows of what ParallelCluster generates for the configuration.
    pub generated: &'a [Requirement],
    /// The contents of the AWS managed policies that the role must have.
    pub managed: &'a [Prepared],
    /// What the configuration says to keep.
    pub kept: &'a [Requirement],
    /// Policies of the role that are not in the input.
    pub unread: &'a [Unread],
    /// The rows that it is known to lack.
    pub gaps: &'a [GapRows],
    /// Overly broad permissions.
    pub excess: &'a ExcessReport,
    /// Entries without effect.
    pub ineffective: &'a [Ineffective],
    /// Ways to more permissions that are open.
    pub escalation: &'a [OpenPath],
    /// The values of placeholders.
    pub bindings: &'a Bindings,
    /// Places that speak for different Regions, accounts or names.
    pub dissents: &'a [Dissent],
    /// A role that fits where the one that was asked for does not.
    pub other_role: Option<OtherRole>,
}

/// A role whose reference is granted in full, beside one of which less than half is.
#[derive(Clone, Debug)]
pub struct OtherRole {
    /// Its name.
    pub role: String,
    /// Rows of the role that was asked for of which something is granted.
    pub granted: usize,
    /// All rows of that role.
    pub all: usize,
}

/// Policies that a role has and the input does not contain.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The ARN, or the name with its kind.
    pub name: String,
    /// True where a value that a template leaves open names it.
    pub is_value: bool,
    /// Where the input names it.
    pub place: (SourceId, Span),
    /// How many actions may be granted by it alone, and the role surely fails without.
    pub actions: usize,
}

impl Unread {
    /// Whether the role could not be judged without it. A value that is open is known to be so.
    pub fn decides(&self) -> bool {
        self.actions > 0 && !self.is_value
    }
}

/// Policies of one role that are too many or too long to be judged.
#[derive(Debug)]
pub struct Oversize {
    /// The file in which the bound is reached.
    pub source: SourceId,
    /// The statement that reaches it.
    pub span: Span,
    /// The exceeded bound.
    pub message: String,
}

impl Compared<'_> {
    /// Whether the role may do everything for certain, so that a list of what is not required says nothing more.
    fn may_do_everything(&self) -> bool {
        let mut paths = self.escalation.iter();
        let granted = self.comparison.granted;
        let is_unlimited = |s: &Prepared| {
            let mut actions = s.actions.iter();
            s.effect == Effect::Allow
                && s.conditions.is_empty()
                && s.is_on_everything()
                && !s.not_action
                && actions.any(|a| a.pattern == ActionPattern::Everything)
        };
        paths.any(|open| open.path.subsumes && !open.in_reference)
            && self.comparison.layers.len() == 1
            && granted.iter().all(|s| s.effect == Effect::Allow)
            && granted.iter().any(is_unlimited)
    }

    /// `what ParallelCluster requires`, or `our-minimum.json`.
    fn requirer(&self) -> &str {
        self.reference_file
            .unwrap_or("what ParallelCluster requires")
    }

    /// `not required by ParallelCluster`, or `not in our-minimum.json`.
    fn not_required(&self) -> String {
        match self.reference_file {
            Some(path) => format!("not in {path}"),
            None => "not required by ParallelCluster".to_owned(),
        }
    }

    /// The `Condition` of a statement of the reference as AWS writes it, placeholders bound.
    fn condition_of(&self, index: usize) -> Option<serde_json::Value> {
        let bind = |name: &str| self.bindings.get(name).map(str::to_owned);
        self.reference.condition_of(index, &bind)
    }
}

/// Everything a lint may look at.
pub struct Context<'a> {
    /// The texts.
    pub sources: &'a Sources,
    /// The files of the role, and those of what limits it.
    pub files: &'a [&'a File],
    /// Placeholders that templates left behind.
    pub leftovers: &'a [LeftoverPlace],
    /// AWS's services.
    pub catalog: &'a Catalog,
    /// Why the policies were not compared, where it is their size.
    pub oversize: Option<Oversize>,
    /// `None` where a file could not be read or there is too much of them: then nothing is said of coverage.
    pub compared: Option<Compared<'a>>,
    /// True where parts of a template that could not be read are accepted.
    pub accepts_unresolved: bool,
    /// For fixes.
    pub lists: edit::Lists,
}

impl<'a> Context<'a> {
    /// The same role, compared in another way.
    #[must_use]
    pub fn with(&self, compared: Option<Compared<'a>>) -> Self {
        Context {
            oversize: None,
            lists: edit::Lists::default(),
            compared,
            ..*self
        }
    }
}

impl Context<'_> {
    fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.files.iter().flat_map(|f| &f.document.policies)
    }

    fn problems(&self) -> impl Iterator<Item = (SourceId, &Problem)> {
        self.files
            .iter()
            .flat_map(|f| f.document.problems.iter().map(|p| (f.source, p)))
    }

    /// The statement that a place lies in.
    fn statement_at(&self, source: SourceId, span: Span) -> Option<&Statement> {
        let mut policies = self.policies().filter(|p| p.source == source);
        policies.find_map(|policy| {
            // What a template says is not always in the order of its places.
            if policy.unknowns.is_some() {
                let mut statements = policy.statements.iter();
                return statements.find(|s| s.span.start <= span.start && span.end <= s.span.end);
            }
            let after = |s: &Statement| s.span.start <= span.start;
            let at = policy.statements.partition_point(after).checked_sub(1)?;
            let statement = policy.statements.get(at)?;
            (span.end <= statement.span.end).then_some(statement)
        })
    }

    /// The place for what is missing in a role: the nearest statement, else the `Statement` key, else the name of the role, and
    /// in a file that names none its start.
    fn nearest(&self, comparison: &Comparison<'_>, service: &str) -> Label {
        let limits = { comparison.layers.iter() }.filter(|l| l.kind != LayerKind::Identity);
        let limits: Vec<SourceId> = limits.flat_map(|l| l.sources.iter().copied()).collect();
        let own = || self.files.iter().filter(|f| !limits.contains(&f.source));
        let policies = own().flat_map(|f| &f.document.policies);
        nearest_of(comparison.granted, policies, service).unwrap_or_else(|| {
            let named = own().find_map(|f| f.principal.as_ref());
            let first = || own().chain(self.files).map(|f| f.source).next();
            let (source, span) = named.map_or_else(
                || (first().unwrap_or(SourceId(0)), Span::default()),
                |principal| (principal.source, principal.span),
            );
            Label {
                source,
                span,
                message: format!("no policy here allows any `{service}` action"),
            }
        })
    }
}

/// The place for what some statements lack, which are those of `policies`.
fn nearest_of<'p>(
    statements: &[Prepared],
    mut policies: impl Iterator<Item = &'p Policy>,
    service: &str,
) -> Option<Label> {
    let same_service = |s: &&Prepared| {
        s.effect == Effect::Allow
            && !s.not_action
            && s.actions.iter().any(|a| {
                a.text
                    .split_once(':')
                    .is_some_and(|(p, _)| p.eq_ignore_ascii_case(service))
            })
    };
    let policies: Vec<&Policy> = policies.by_ref().collect();
    // The texts of attached AWS managed policies are no place to write in.
    let is_own = |s: &&Prepared| policies.iter().any(|p| p.source == s.source);
    let mut policies = policies.iter().copied();
    let statements = || statements.iter().filter(is_own);
    if let Some(statement) = statements().find(same_service) {
        return Some(Label {
            source: statement.source,
            span: statement.action_key,
            message: format!("closest statement: it allows other `{service}` actions"),
        });
    }
    let any_service = |s: &&Prepared| {
        let everything = |a: &Action| a.pattern == ActionPattern::Everything;
        s.effect == Effect::Allow && (s.not_action || s.actions.iter().any(everything))
    };
    if let Some(statement) = statements().find(any_service) {
        return Some(Label {
            source: statement.source,
            span: statement.action_key,
            message: format!("closest statement: it does not suffice for `{service}`"),
        });
    }
    let policy = policies.next()?;
    Some(Label {
        source: policy.source,
        span: policy.statement_key,
        message: format!("no statement here allows any `{service}` action"),
    })
}

impl Lint {
    /// A finding of this lint, to be filled in.
    fn finding(&self, severity: Severity, message: String, label: Label) -> Finding {
        Finding {
            lint: self.id,
            severity,
            own_severity: severity,
            message,
            notes: Vec::new(),
            help: None,
            actions: Vec::new(),
            subject: None,
            sid: None,
            reference_statement: None,
            reference_sid: None,
            witness: None,
            label,
            related: Vec::new(),
            fixes: Vec::new(),
            fingerprint: Fingerprint::default(),
            suppressed: None,
        }
    }
}

/// Runs every lint. The findings are sorted by path, place and lint, and have their fingerprints.
///
/// `generous` is the same role where what is not known allows as much as it can: what is dangerous in it only is a note.
pub fn run(context: &Context<'_>, generous: Option<&Context<'_>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lint in ALL {
        let before = findings.len();
        (lint.check)(context, &mut findings);
        bound(lint, &mut findings, before);
    }
    if let Some(generous) = generous {
        findings.extend(open::dangers(generous, &findings));
    }
    findings.iter_mut().for_each(keep_on_one_line);
    policy_size::advise(context, &mut findings);
    explain_rejection(context, &mut findings);
    findings.sort_by(|a, b| {
        let key = |f: &'_ Finding| {
            (
                context.sources.get(f.label.source).name(),
                f.label.span,
                f.lint,
                std::cmp::Reverse(f.severity),
                f.reference_statement,
            )
        };
        key(a).cmp(&key(b))
    });
    // Statements that are one anchor of YAML are found out once.
    findings.dedup();
    let mut seen: FxHashMap<String, u64> = FxHashMap::default();
    let mut texts = Texts::default();
    for finding in &mut findings {
        let statement = context.statement_at(finding.label.source, finding.label.span);
        if finding.sid.is_none() {
            finding.sid = statement
                .and_then(|s| s.sid.as_ref())
                .map(|s| parser::name(&s.value));
        }
        let identity = identity(context, finding, statement, &mut texts);
        let ordinal = seen.entry(identity.clone()).or_default();
        finding.fingerprint = Fingerprint::new(identity, *ordinal);
        *ordinal += 1;
    }
    findings
}

/// Whether findings, before any is hidden, say that policies have placeholders.
pub fn is_template(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|f| f.lint == unreplaced_placeholder::LINT.id)
}

/// Lints whose help ends with a statement to paste, which has lines of its own. They keep other text from having any.
const PASTED: [&str; 8] = [
    "conditional-grant",
    "denied-action",
    "feature-gap",
    "known-gap",
    "missing-action",
    "partial-resource",
    "policy-size",
    "unconditional-grant",
];

/// Spells out the line ends of quoted text.
fn keep_on_one_line(finding: &mut Finding) {
    let notes = finding.notes.iter_mut();
    let help = finding.help.iter_mut();
    let texts = notes.chain(help.filter(|_| !PASTED.contains(&finding.lint)));
    for text in texts.chain([&mut finding.message]) {
        if text.contains(['\n', '\r']) {
            *text = inert::line(text).into_owned();
        }
    }
}

/// Says of what is missing where a policy allows it that AWS refuses to store.
fn explain_rejection(context: &Context<'_>, findings: &mut [Finding]) {
    let compared = context.compared.as_ref();
    let Some(repaired) = compared.and_then(|c| c.repaired) else {
        return;
    };
    let covered: FxHashSet<(usize, &str)> = { repaired.iter() }
        .filter(|r| r.row.verdict == Verdict::Covered)
        .map(|r| (r.row.statement, r.row.action.as_str()))
        .collect();
    for finding in findings.iter_mut().filter(|f| is_about_coverage(f.lint)) {
        let Some(statement) = finding.reference_statement else {
            continue;
        };
        let mut actions = finding.actions.iter();
        if actions.all(|action| covered.contains(&(statement, action.as_str()))) {
            let note = "a policy that IAM rejects allows it: fix that policy";
            finding.notes.push(note.to_owned());
        }
    }
}

/// Findings of one lint and severity in one file beyond these are counted: nobody reads them. The parser and some lints
/// stop at a thousand by themselves, and add one that counts.
const MOST: usize = 1_001;

/// Replaces the findings of a lint, from `start` on, that are too many in one file by one that counts them.
fn bound(lint: &Lint, findings: &mut Vec<Finding>, start: usize) {
    if findings.len() <= start + MOST {
        return;
    }
    let mut kept: FxHashMap<(SourceId, Severity), usize> = FxHashMap::default();
    let mut cut: Vec<(usize, Finding)> = Vec::new();
    for finding in findings.split_off(start) {
        let kept = kept
            .entry((finding.label.source, finding.severity))
            .or_default();
        *kept += 1;
        if *kept <= MOST {
            findings.push(finding);
            continue;
        }
        let same = |(_, f): &&mut (usize, Finding)| {
            f.label.source == finding.label.source && f.severity == finding.severity
        };
        if let Some((count, first)) = cut.iter_mut().find(same) {
            *count += 1;
            first.label.span = first.label.span.min(finding.label.span);
        } else {
            let more = lint.finding(finding.severity, String::new(), finding.label);
            cut.push((1, more));
        }
    }
    for (more, mut finding) in cut {
        let more = count(more, "more finding");
        finding.message = format!("{more} from here on");
        // The number is part of what it is about: who accepts so many accepts no greater number.
        finding.subject = Some(more);
        findings.push(finding);
    }
}

/// Replacements of the texts of statements without a `Sid`, which can be long and have many findings.
type Texts = FxHashMap<(SourceId, Span), String>;

/// The subject of a finding, for its fingerprint.
fn identity(
    context: &Context<'_>,
    finding: &Finding,
    statement: Option<&Statement>,
    texts: &mut Texts,
) -> String {
    let mut parts = vec![finding.lint.to_owned()];
    let principal = context.files.iter().find_map(|f| f.principal.as_ref());
    parts.extend(principal.map(|p| p.name.clone()));
    if let (Some(index), Some(compared)) = (finding.reference_statement, &context.compared) {
        let reference = compared.reference;
        let (policy, statement) = reference.identity_of(index);
        parts.push(reference.role.clone().unwrap_or_default());
        parts.push(policy.to_owned());
        parts.push(statement);
    } else if let Some(compared) = &context.compared
        && [
            feature_gap::LINT.id,
            feature_without_data::LINT.id,
            generated_gap::LINT.id,
            known_gap::LINT.id,
        ]
        .contains(&finding.lint)
    {
        // The place of the nearest statement does not matter.
        parts.push(compared.reference.role.clone().unwrap_or_default());
        parts.push(finding.subject.clone().unwrap_or_default());
    } else {
        let source = context.sources.get(finding.label.source);
        parts.push(source.identity().to_owned());
        parts.push(finding.sid.clone().unwrap_or_else(|| {
            let Some(statement) = statement else {
                return String::new();
            };
            let digest = texts
                .entry((finding.label.source, statement.span))
                .or_insert_with(|| {
                    let text = match &statement.canonical {
                        Some(canonical) => canonical,
                        None => source.slice(statement.span),
                    };
                    let canonical = serde_json::from_str::<serde_json::Value>(text);
                    let canonical = canonical.map_or_else(|_| text.to_owned(), |v| v.to_string());
                    Fingerprint::new(canonical, 0).to_string()
                });
            digest.clone()
        }));
        parts.push(
            finding
                .subject
                .clone()
                .unwrap_or_else(|| finding.actions.join(" ")),
        );
    }
    parts.join("\u{1f}")
}

/// `a`, `b` and 3 more: a list for a message, the first few in backticks.
fn enumerate(items: &[String]) -> String {
    const SHOWN: usize = 4;
    let quoted: Vec<String> = items.iter().take(SHOWN).map(|i| format!("`{i}`")).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => quoted.join(""),
        },
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// `1 action`, `3 actions`.
fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
