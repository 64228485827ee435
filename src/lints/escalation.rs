//! Shared by the lints on privilege escalation.

use super::{Context, Lint, enumerate};
use crate::diff::escalation::OpenPath;
use crate::finding::{Finding, Label, Severity};
use crate::parser::{SourceId, Span};

/// So many paths of one finding are named.
const NAMED: usize = 8;

/// One finding for the open paths of a lint that begin at the same place and are equally severe. `gain` says what several
/// paths do; it follows the subject.
pub(super) fn check(
    lint: &Lint,
    context: &Context<'_>,
    gain: fn(usize) -> String,
    out: &mut Vec<Finding>,
) {
    let Some(compared) = &context.compared else {
        return;
    };
    let may_do_everything = compared.may_do_everything();
    let mut groups: Vec<(Severity, (SourceId, Span), Vec<&OpenPath>)> = Vec::new();
    for path in compared
        .escalation
        .iter()
        .filter(|p| p.path.lint == lint.id)
    {
        let severity = if path.in_reference {
            Severity::Note
        } else {
            Severity::Warning
        };
        let place = path.steps.first().and_then(|s| s.places.first()).copied();
        let Some(place) = place else {
            continue;
        };
        let mut known = groups.iter_mut();
        match known.find(|(s, p, _)| (*s, *p) == (severity, place)) {
            Some((.., paths)) => paths.push(path),
            None => groups.push((severity, place, vec![path])),
        }
    }
    for (severity, place, paths) in groups {
        let mut finding = finding(
            lint,
            severity,
            place,
            &paths,
            compared.reference_file.is_some(),
            gain,
        );
        if may_do_everything && paths.iter().any(|open| open.path.subsumes) {
            "the role can do everything".clone_into(&mut finding.message);
            let note = "its unneeded permissions are not listed one by one";
            finding.notes.push(note.to_owned());
        }
        out.push(finding);
    }
}

fn finding(
    lint: &Lint,
    severity: Severity,
    (source, span): (SourceId, Span),
    paths: &[&OpenPath],
    is_own: bool,
    gain: fn(usize) -> String,
) -> Finding {
    let mut actions: Vec<String> = Vec::new();
    for step in paths.iter().flat_map(|p| &p.steps) {
        if !actions.contains(&step.witness.action) {
            actions.push(step.witness.action.clone());
        }
    }
    let message = match paths {
        [one] => format!("the role can {}", one.path.title),
        several => {
            let firsts = several.iter().filter_map(|p| p.steps.first());
            let mut firsts = firsts.map(|s| &s.witness.action);
            let gain = gain(several.len());
            // An entry with a wildcard, or `NotAction`, may open each path by another action.
            match firsts.next() {
                Some(first) if firsts.all(|other| other == first) => format!("`{first}` {gain}"),
                _ => format!("the statement {gain}"),
            }
        }
    };
    let mut finding = lint.finding(severity, message, Label::at(source, span));
    for path in paths.iter().take(NAMED) {
        let title = if paths.len() == 1 {
            "with"
        } else {
            path.path.title.as_str()
        };
        finding.notes.push(format!("{title}: {}", steps(path)));
    }
    if let Some(more) = paths.len().checked_sub(NAMED).filter(|more| *more > 0) {
        finding.notes.push(format!("and {more} more"));
    }
    if severity == Severity::Note {
        finding
            .notes
            .push("the reference of this role and release allows it, too".to_owned());
    }
    let mut tight: Vec<&str> = Vec::new();
    for path in paths {
        let general = path.path.general.as_ref().filter(|_| is_own);
        let help = general.unwrap_or(&path.path.tight);
        if !tight.contains(&help.as_str()) {
            tight.push(help);
        }
    }
    finding.help = Some(tight.join("; "));
    for (other, at) in paths
        .iter()
        .flat_map(|p| &p.steps)
        .flat_map(|s| s.places.iter())
    {
        let known = finding.related.iter().map(|l| (l.source, l.span));
        if (*other, *at) != (source, span) && !{ known }.any(|place| place == (*other, *at)) {
            finding.related.push(Label {
                source: *other,
                span: *at,
                message: "takes part".to_owned(),
            });
        }
    }
    finding.witness = paths
        .first()
        .and_then(|p| p.steps.first())
        .map(|s| s.witness.clone());
    finding.subject = paths.first().map(|p| p.path.id.clone());
    finding.actions = actions;
    finding
}

/// The requests of a path, in its order.
fn steps(path: &OpenPath) -> String {
    let steps: Vec<String> = path
        .steps
        .iter()
        .map(|s| s.witness.action.clone())
        .collect();
    let on = path.steps.first().map_or("", |s| &s.witness.resource);
    match steps.as_slice() {
        [_] => format!("{} on `{on}`", enumerate(&steps)),
        _ => format!("{}; the first on `{on}`", enumerate(&steps)),
    }
}
