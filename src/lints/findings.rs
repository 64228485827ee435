//! A run of all lints: its findings sorted, bounded and with their fingerprints.

use rustc_hash::{FxHashMap, FxHashSet};

use super::bounded::of_lints;
use super::view::Context;
use super::{
    ALL, feature_gap, feature_without_data, generated_gap, is_about_coverage, known_gap, layer,
    left_open, policy_size, unreplaced_placeholder,
};
use crate::diff::Verdict;
use crate::diff::comparison::LayerKind;
use crate::finding::{Finding, Label};
use crate::fingerprint::Fingerprint;
use crate::inert;
use crate::parser::{self, Effect};
use crate::parser::{SourceId, Span, Statement};

/// Runs every lint. The findings are sorted by path, place and lint, and have their fingerprints.
///
/// `generous` is the same role where what is not known allows as much as it can: what is dangerous in it only is a
/// note. `best` is the role where everything that is not known allows as much as some value of it can, with those of its
/// entries that are without effect even then.
pub fn run(
    context: &Context<'_>,
    generous: Option<&Context<'_>>,
    best: Option<&Context<'_>>,
) -> Vec<Finding> {
    let mut findings = of_lints(ALL, context);
    if let Some(generous) = generous {
        findings.extend(left_open::dangers(generous, &findings));
    }
    if let Some(best) = best {
        findings.extend(left_open::without_effect(best, &findings));
    }
    findings.iter_mut().for_each(keep_on_one_line);
    explain_rejection(context, &mut findings);
    policy_size::advise(context, &mut findings);
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
    // Statements that are one anchor of YAML, and files that are a policy of the role and a limit, are reported once.
    findings.dedup_by(|later, first| is_repeated(context, first, later));
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

/// Whether two findings say the same of one place.
fn is_repeated(context: &Context<'_>, first: &Finding, later: &Finding) -> bool {
    let name = |finding: &Finding| context.sources.get(finding.label.source).name();
    let said = |finding: &'_ Finding| (finding.lint, finding.severity, finding.label.span);
    first == later
        || said(first) == said(later)
            && first.message == later.message
            && first.help == later.help
            && first.actions == later.actions
            && name(first) == name(later)
}

/// Whether findings, before any is hidden, say that policies have placeholders.
pub fn is_template(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|f| f.lint == unreplaced_placeholder::LINT.id)
}

/// Lints whose help ends with a multi-line statement to paste. They escape line ends in quoted text themselves.
const PASTED: [&str; 9] = [
    "conditional-grant",
    "denied-action",
    "feature-gap",
    "generated-gap",
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

/// Says of a missing permission that a rejected policy would allow it: to fix that policy is enough.
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
        if !actions.all(|action| covered.contains(&(statement, action.as_str()))) {
            continue;
        }
        let mut places = { repaired.iter() }
            .filter(|r| r.row.statement == statement && finding.actions.contains(&r.row.action))
            .flat_map(|r| r.row.allowed_by.iter().copied());
        let by_rejected = places.find(|place| {
            let allowing = compared.and_then(|c| layer::statement_at(c, *place));
            allowing.is_some_and(|s| s.is_rejected && s.effect == Effect::Allow)
        });
        let layer = by_rejected.and_then(|(source, _)| layer::of(compared?, source));
        let aws = match layer.map(|layer| layer.kind) {
            Some(LayerKind::Scp) => "AWS Organizations",
            _ => "IAM",
        };
        let note = format!("a policy that {aws} rejects allows it: fix that policy");
        finding.notes.push(note);
        if let Some((source, span)) = by_rejected {
            finding.label = Label {
                source,
                span,
                message: format!("allowed here, but {aws} rejects this policy"),
            };
            let related = &mut finding.related;
            related.retain(|label| (label.source, label.span) != (source, span));
            let help = format!("fix the policy that {aws} rejects: it allows this");
            finding.help = Some(help);
        }
    }
}

/// Digests of statements without a `Sid`, which can be long and have many findings.
type Texts = FxHashMap<(SourceId, Span), String>;

/// The identity of a finding, for its fingerprint.
pub(super) fn identity(
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
