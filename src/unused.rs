//! Findings of `unused-ignore`: ignores, keeps and baseline entries that match nothing or have expired.

use crate::baseline::Located;
use crate::config::{Ignore, Keep};
use crate::finding::{Finding, Label};
use crate::fingerprint::Fingerprint;
use crate::lints::enumerate;
use crate::lints::unused_ignore::LINT;
use crate::parser::{SourceId, Sources};

/// An ignore that hides nothing. `matches` is how many findings an expired one would hide.
pub(crate) fn of_ignore(
    sources: &Sources,
    source: SourceId,
    ignore: &Ignore,
    expired: Option<usize>,
) -> Finding {
    let (message, span, words, help) = match (expired, &ignore.until) {
        (Some(0), Some(until)) => (
            format!("this ignore expired on {} and matches nothing", until.value),
            until.span,
            String::new(),
            "remove it",
        ),
        (Some(matches), Some(until)) => (
            format!("this ignore expired on {}", until.value),
            until.span,
            match matches {
                1 => "1 finding counts again".to_owned(),
                several => format!("{several} findings count again"),
            },
            "fix what it hid, or give a later day and a reason",
        ),
        _ => (
            "this ignore matches nothing".to_owned(),
            ignore.span,
            String::new(),
            "remove it, or correct what it matches; all its fields must match one finding",
        ),
    };
    let label = Label {
        source,
        span,
        message: words,
    };
    let mut finding = LINT.finding(LINT.severity, message, label);
    finding.help = Some(help.to_owned());
    finding.notes = vec![format!("its reason: {}", ignore.reason)];
    finding.subject = Some(identity(ignore));
    finish(sources, finding)
}

/// A `[[keep]]` that no policy grants, or that has expired.
pub(crate) fn of_keep(
    sources: &Sources,
    source: SourceId,
    keep: &Keep,
    has_expired: bool,
) -> Finding {
    let actions: Vec<String> = keep.actions.iter().map(|a| a.value.clone()).collect();
    let (message, span, help) = match &keep.until {
        Some(until) if has_expired => (
            format!("this keep expired on {}", until.value),
            until.span,
            "remove it, or give a later day and say why",
        ),
        _ => (
            "this keep matches nothing: no policy grants any of it".to_owned(),
            keep.span,
            "remove it, or correct its actions and resources",
        ),
    };
    let label = Label {
        source,
        span,
        message: String::new(),
    };
    let mut finding = LINT.finding(LINT.severity, message, label);
    finding.help = Some(help.to_owned());
    finding.notes = vec![format!("its reason: {}", keep.reason)];
    let resources = keep.resources.iter().map(|r| r.value.as_str());
    let resources: Vec<&str> = resources.collect();
    finding.subject = Some(format!(
        "{} on {}",
        actions.join(", "),
        resources.join(", ")
    ));
    finish(sources, finding)
}

/// An entry of the baseline whose findings are fixed, all or some of them.
pub(crate) fn of_entry(
    sources: &Sources,
    source: SourceId,
    located: &Located,
    gone: &[&str],
) -> Finding {
    let entry = &located.entry;
    let message = if gone.is_empty() {
        format!(
            "no finding matches this entry on `{}` any more (fixed, or judged differently)",
            entry.lint
        )
    } else {
        let actions = gone.iter().map(|action| (*action).to_owned());
        let actions: Vec<String> = actions.collect();
        format!(
            "this baseline entry on `{}` lists actions that are already fixed: {}",
            entry.lint,
            enumerate(&actions)
        )
    };
    let label = Label {
        source,
        span: located.span,
        message: String::new(),
    };
    let mut finding = LINT.finding(LINT.severity, message, label);
    finding.help = Some("`pcluster-iam baseline --prune` removes what hides nothing".to_owned());
    finding.actions = gone.iter().map(|action| (*action).to_owned()).collect();
    finding.subject = Some(match &entry.target {
        Some(target) => format!("{target} {}", entry.fingerprint),
        None => entry.fingerprint.clone(),
    });
    finish(sources, finding)
}

fn finish(sources: &Sources, mut finding: Finding) -> Finding {
    let path = sources.get(finding.label.source).identity();
    let subject = finding.subject.as_deref().unwrap_or_default();
    finding.fingerprint = Fingerprint::new(format!("{}\u{1f}{path}\u{1f}{subject}", LINT.id), 0);
    finding
}

/// The fields of an ignore, in words.
fn identity(ignore: &Ignore) -> String {
    let text = |value: &crate::parser::Spanned<String>| value.value.clone();
    let fields = [
        ("lint", ignore.lint.as_ref().map(|l| l.value.to_owned())),
        ("path", ignore.path.as_ref().map(text)),
        ("sid", ignore.sid.as_ref().map(text)),
        ("reference-sid", ignore.reference_sid.as_ref().map(text)),
        (
            "subject",
            ignore.subject.as_ref().map(|s| s.value.text.clone()),
        ),
    ];
    let given = fields
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", value?)));
    given.collect::<Vec<_>>().join(", ")
}
