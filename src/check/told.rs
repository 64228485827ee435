//! What a result tells of the run: names, values, what was not looked at.

use std::path::Path;

use super::Settings;
use super::trial::Trial;
use crate::lints::File;
use crate::matcher::template;
use crate::parser::{SourceId, Sources, Span};
use crate::reference::bindings::Origin;
use crate::reference::names;
use crate::reference::{self, Reference};
use crate::report::{Binding, ReferenceName};

/// What was not given, and so not looked at: layers, and AWS managed policies that the role must have besides.
pub(super) fn not_checked(
    sources: &Sources,
    files: &[&File],
    settings: &Settings,
    trial: Option<&Trial<'_>>,
) -> Vec<String> {
    let boundary = settings
        .boundary
        .is_none()
        .then_some("permissions-boundary");
    let scps = settings.scps.is_empty().then_some("scp");
    let layers = boundary.into_iter().chain(scps).map(str::to_owned);
    let managed = trial.into_iter().flat_map(|trial| {
        let partition = trial.bindings.one("Partition");
        let bind = move |name: &str| partition.filter(|_| name == "Partition").map(str::to_owned);
        let arns = trial.reference.managed_policies.iter();
        arns.map(move |arn| template::fill(arn, bind))
    });
    let given = |arn: &str| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let is_it = |text: &str| text == name;
        let attached = settings.attached.iter();
        // A file that bears the policy's name is its text.
        let texts = files.iter().any(|file| {
            let path = Path::new(sources.get(file.source).name());
            path.file_stem().and_then(|s| s.to_str()).is_some_and(is_it)
        });
        texts
            || attached
                .map(|a| a.rsplit('/').next().unwrap_or_default())
                .any(is_it)
    };
    let managed = managed.filter(|arn| !given(arn));
    let features = trial
        .into_iter()
        .flat_map(|t| &t.reference.unknown_features);
    layers
        .chain(managed.map(|arn| format!("managed-policy:{arn}")))
        .chain(features.map(|f| format!("feature:{f}")))
        .collect()
}

pub(super) fn names<'f>(
    sources: &Sources,
    files: impl IntoIterator<Item = &'f File>,
) -> Vec<String> {
    files
        .into_iter()
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
    }
}

pub(super) fn bindings_of(sources: &Sources, trial: &Trial<'_>) -> Vec<Binding> {
    let mut wanted = reference::placeholders(trial.reference);
    wanted.extend(["Partition", "Region", "Account"].map(str::to_owned));
    let bound = names::known().filter(|name| trial.bindings.bound(name).is_some());
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
