//! Run metadata in a result: names, bindings, and what was not checked.

use std::collections::BTreeSet;
use std::path::Path;

use super::Settings;
use super::trial::Trial;
use crate::finding::Finding;
use crate::lints::File;
use crate::parser::{self, ATTACHED, BOUNDARY, HoleKind, Policy, SourceId, Sources, Span, shorten};
use crate::reference::bindings::Origin;
use crate::reference::cluster_names;
use crate::reference::{self, Reference};
use crate::result::{Binding, ReferenceName};

/// Prefix of a `not_checked` entry: an AWS managed policy that the role needs.
pub(super) const NEEDED: &str = "managed-policy:";
/// Prefix of a `not_checked` entry: service control policies that only deny.
const DENY_LIST: &str = "scp-deny-list:";

/// The files of each level of service control policies, and whether the policy that AWS attaches is taken to stand beside them.
fn levels_of(sources: &Sources, settings: &Settings) -> Vec<(Vec<String>, bool)> {
    let (full, text) = reference::FULL_ACCESS;
    let is_full = |file: &&File| {
        let source = sources.get(file.source);
        source.name() == full && source.text() == text
    };
    let levels = settings.scps.iter().map(|level| {
        let given = level.iter().filter(|file| !is_full(file));
        (
            names(sources, given),
            level.iter().any(|file| is_full(&file)),
        )
    });
    levels.collect()
}

/// The files of each level of service control policies.
pub(super) fn levels(sources: &Sources, settings: &Settings) -> Vec<Vec<String>> {
    let levels = levels_of(sources, settings).into_iter();
    levels.map(|(names, _)| names).collect()
}

/// Inputs that were not given, and so not checked: layers, and AWS managed policies that the role must have besides.
pub(super) fn not_checked(
    sources: &Sources,
    files: &[&File],
    settings: &Settings,
    trial: Option<&Trial<'_>>,
    inline: &[&str],
) -> Vec<String> {
    let limits = settings
        .boundary
        .iter()
        .chain(settings.scps.iter().flatten());
    let named = files.iter().copied().chain(limits);
    let named: Vec<&String> = named.flat_map(|f| &f.document.named).collect();
    let is_boundary = |name: &&&String| name.starts_with(BOUNDARY);
    let of_boundary = settings.boundary.iter();
    let of_boundary = of_boundary.flat_map(|f| &f.document.named);
    let boundaries: Vec<String> = if settings.boundary.is_some() {
        of_boundary.filter(|n| is_boundary(&n)).cloned().collect()
    } else if named.iter().any(|n| is_boundary(&n)) {
        named
            .iter()
            .filter(is_boundary)
            .map(|n| (*n).clone())
            .collect()
    } else {
        vec!["permissions-boundary".to_owned()]
    };
    let scps = settings.scps.is_empty().then(|| "scp".to_owned());
    let deny_lists = levels_of(sources, settings).into_iter();
    let deny_lists = { deny_lists.filter(|(_, is_beside)| *is_beside) }
        .map(|(names, _)| format!("{DENY_LIST}{}", names.join(" + ")));
    let layers = boundaries.into_iter().chain(scps).chain(deny_lists);
    let managed = trial.into_iter().flat_map(|trial| {
        let arns = trial.reference.managed_policies.iter();
        let arns = arns.filter(|arn| !inline.contains(&arn.as_str()));
        arns.map(move |arn| trial.in_partition(arn))
    });
    let given = |arn: &str| {
        let mut attached = settings.attached.iter();
        let mut files = files.iter();
        files.any(|file| bears_name(sources.get(file.source).name(), arn))
            || attached.any(|a| parser::name_in(a) == parser::name_in(arn))
    };
    let is_attached = |arn: &String| {
        let mut arns = named.iter().filter_map(|n| n.strip_prefix(ATTACHED));
        arns.any(|attached| attached == arn)
    };
    let managed = managed.filter(|arn| !is_attached(arn));
    let managed = managed.map(|arn| format!("{NEEDED}{arn}"));
    let others = named
        .iter()
        .filter(|n| !is_boundary(n))
        // What these grant was counted.
        .filter(|n| {
            n.strip_prefix(ATTACHED)
                .is_none_or(|arn| reference::managed_text(arn).is_none())
        })
        .map(|n| (*n).clone());
    let is_given = |what: &String| {
        let arn = what.strip_prefix(NEEDED).or(what.strip_prefix(ATTACHED));
        arn.is_some_and(&given)
    };
    let mut listed: Vec<String> = Vec::new();
    for what in managed.chain(others).filter(|w| !is_given(w)) {
        if !listed.contains(&what) {
            listed.push(what);
        }
    }
    let features = trial
        .into_iter()
        .flat_map(|t| &t.reference.unknown_features);
    layers
        .chain(listed)
        .chain(features.map(|f| format!("feature:{f}")))
        .collect()
}

/// Whether a file bears the name of a managed policy: it is its text.
pub fn bears_name(path: &str, arn: &str) -> bool {
    let name = Path::new(path).file_stem().and_then(|s| s.to_str());
    name.is_some_and(|name| name == parser::name_in(arn))
}

/// Values that a template leaves open and that may be anything, if they decide no requirement: what they grant or exclude
/// besides is not known.
pub(super) fn open_values(files: &[&File], findings: &[Finding]) -> Vec<String> {
    let documents = files.iter().flat_map(|file| {
        let best = file.extremes.iter().map(|e| &e.best);
        best.chain([&file.document])
    });
    let mut names: Vec<&str> = Vec::new();
    for policy in documents.flat_map(|d| &d.policies) {
        for name in open_names(policy) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let is_named = |name: &str| {
        let quoted = format!("`{}`", shorten(name));
        let is_quoted = |f: &Finding| {
            let texts = f.notes.iter().chain([&f.message]);
            texts.into_iter().any(|text| text.contains(&quoted))
        };
        let deciding = ["depends", "unresolved"];
        let mut findings = findings.iter().filter(|f| deciding.contains(&f.lint));
        findings.any(is_quoted)
    };
    let unnamed = names.into_iter().filter(|name| !is_named(name));
    unnamed.map(|name| format!("value:{name}")).collect()
}

/// The names of what statements of a policy leave open.
fn open_names(policy: &Policy) -> impl Iterator<Item = &str> {
    let unknowns = policy.unknowns.iter();
    unknowns.flat_map(|unknowns| {
        let of_statements = policy.statements.iter().flat_map(|s| &s.holes);
        let indexes = of_statements.chain(&unknowns.statements);
        let holes = indexes.filter_map(|index| unknowns.holes.get(*index));
        let anything = holes.filter(|h| matches!(h.kind, HoleKind::Text | HoleKind::List));
        // No name is an action: an expression in the place of one is not known to be a name.
        let actions = policy.statements.iter().flat_map(|s| &s.action);
        let parts = actions.flat_map(|a| &a.values).filter_map(|text| {
            let [part] = text.holes.as_deref()? else {
                return None;
            };
            let is_whole = part.range == (0..text.value.len());
            is_whole.then(|| unknowns.holes.get(part.hole))?
        });
        let in_place_of_action = parts.filter(|h| h.kind.is_name());
        anything
            .chain(in_place_of_action)
            .map(|hole| hole.name.as_str())
    })
}

pub(super) fn names<'f>(
    sources: &Sources,
    files: impl IntoIterator<Item = &'f File>,
) -> Vec<String> {
    // The parts of a dump are in one file.
    let mut seen = BTreeSet::new();
    files
        .into_iter()
        .filter(|f| seen.insert(f.source))
        .map(|f| sources.get(f.source).name().to_owned())
        .collect()
}

pub(super) fn name_of_file(sources: &Sources, file: Option<&File>) -> Option<String> {
    file.map(|f| sources.get(f.source).name().to_owned())
}

pub(super) fn name_of(reference: &Reference, settings: &Settings, chosen: bool) -> ReferenceName {
    ReferenceName {
        policy: reference.policy.clone(),
        role: reference.role.clone(),
        scheduler: reference.scheduler.clone(),
        pcluster_version: reference.pcluster_version.clone(),
        features: reference.features.iter().map(|f| (*f).to_owned()).collect(),
        assumed: reference.assumed.map(str::to_owned),
        file: settings.reference_file.clone(),
        role_was_chosen: chosen,
        version_is_default: !settings.version_given,
        version_reason: settings.version_reason.clone(),
        role_reason: settings.role_reason.clone(),
    }
}

pub(super) fn bindings_of(sources: &Sources, trial: &Trial<'_>) -> Vec<Binding> {
    let mut wanted = reference::placeholders(trial.reference);
    wanted.extend(["Partition", "Region", "Account"].map(str::to_owned));
    let bound = cluster_names::known().filter(|name| trial.bindings.bound(name).is_some());
    wanted.extend(bound.map(str::to_owned));
    wanted
        .into_iter()
        .map(|name| match trial.bindings.bound(&name) {
            None => Binding {
                name,
                value: None,
                from: String::new(),
                inferred: false,
            },
            Some(bound) => Binding {
                name,
                value: Some(bound.value.clone()),
                from: match &bound.origin {
                    Origin::Default => "default".to_owned(),
                    Origin::Required => "the reference".to_owned(),
                    Origin::Flag(flag) => flag.clone(),
                    Origin::Follows(other) => (*other).to_owned(),
                    Origin::Inferred(source, span) => place(sources, *source, *span),
                },
                inferred: matches!(bound.origin, Origin::Inferred(..)),
            },
        })
        .collect()
}

/// `head-node.json:12:14`
pub fn place(sources: &Sources, source: SourceId, span: Span) -> String {
    let source = sources.get(source);
    let at = source.location(span.start);
    format!("{}:{}:{}", source.name(), at.line, at.column)
}
