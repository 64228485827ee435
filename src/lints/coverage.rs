//! Shared by the lints on missing permissions: one finding per statement of the reference.

mod help;
mod key_values;
mod notes;

pub(super) use help::{allow, statement_of, unbound};
pub(super) use notes::missing_types;

use std::fmt::Write as _;
use std::ptr;

use super::difference::difference;
use super::{Compared, Context, Lint, count, enumerate, layer};
use crate::diff::comparison::Layer;
use crate::diff::coverage::Requirement;
use crate::diff::{Row, Verdict};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{SourceId, Span};
use crate::reference::{Feature, Standing};
use help::{NAMED, help};
use key_values::Values;
use notes::{deciding, depends_on_variable, left_open, notes, too_narrow};

/// Reports the rows with this verdict, one finding per statement and severity. `say` makes the
/// message from the list of actions and the list of resources.
pub(super) fn report(
    lint: &'static Lint,
    verdict: Verdict,
    context: &Context<'_>,
    out: &mut Vec<Finding>,
    say: fn(&[String], &[String]) -> String,
) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut groups: Vec<(Key<'_>, Vec<&Requirement>)> = Vec::new();
    for requirement in compared
        .requirements
        .iter()
        .filter(|r| r.row.verdict == verdict && !r.row.open && r.standing != Standing::Enough)
    {
        let key = Key {
            statement: requirement.row.statement,
            severity: severity(requirement, compared),
            layer: deciding_layer(compared, requirement),
            by_reading: verdict == Verdict::Conditional && requirement.contested.is_some(),
        };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(requirement),
            None => groups.push((key, vec![requirement])),
        }
    }
    for (key, rows) in groups {
        out.extend(finding(lint, context, compared, &key, &rows, say));
    }
}

/// The key that the rows of one finding share.
#[derive(Clone, Copy)]
struct Key<'c> {
    statement: usize,
    severity: Severity,
    /// The layer that limits the role and decides; `None` for the role's own policies.
    layer: Option<&'c Layer<'c>>,
    /// Whether the verdict is open because AWS's pages are, not because of a Condition.
    by_reading: bool,
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        let layer = |k: &Self| k.layer.map(|l| l.sources.clone());
        let own = |k: &Self| (k.statement, k.severity, k.by_reading);
        own(self) == own(other) && layer(self) == layer(other)
    }
}

/// The permissions boundary or SCP that does not allow, or denies, what the role's own policies allow.
pub(super) fn deciding_layer<'c>(
    compared: &'c Compared<'_>,
    requirement: &Requirement,
) -> Option<&'c Layer<'c>> {
    let row = &requirement.row;
    match row.verdict {
        Verdict::Denied => layer::of(compared, row.denied_by.first()?.0),
        Verdict::Missing | Verdict::Partial => layer::refusing(compared, requirement),
        _ => None,
    }
}

/// A wildcard of the reference asks for more than ParallelCluster is known to use; and a call may do
/// without a resource type that the catalogue calls optional, unless no other is asked for.
pub(super) fn severity(requirement: &Requirement, compared: &Compared<'_>) -> Severity {
    let row = &requirement.row;
    match requirement.standing {
        Standing::Needed => {}
        Standing::NotGenerated | Standing::NotInConfiguration | Standing::Enough => {
            return Severity::Note;
        }
        _ => return Severity::Warning,
    }
    let known = !requirement.from_wildcard || compared.reference.is_known_needed(&row.action);
    match row.verdict {
        Verdict::Conditional => Severity::Warning,
        Verdict::Partial if requirement.gap_is_optional() && !writes_out_gap(requirement) => {
            Severity::Warning
        }
        _ if known => Severity::Error,
        _ => Severity::Warning,
    }
}

/// Says which feature needs something, and how to turn it off where only the default has it on.
pub(super) fn needed_only(compared: &Compared<'_>, feature: Feature) -> String {
    let (title, name) = (feature.title(), feature.name());
    let note = format!("needed only with {title} (the feature `{name}`)");
    if compared.reference.has_by_default(feature) {
        format!("{note}, which is on by default: add `no-{name}` to `--feature` if it is off")
    } else {
        note
    }
}

/// Whether the gap is in a resource type that the reference itself writes out.
fn writes_out_gap(requirement: &Requirement) -> bool {
    // `instance/*`, and an index in `table/NAME/index/*`.
    let is_written = |name: &str| {
        let mut resources = requirement.row.resources.iter();
        resources.any(|r| {
            let last = r.splitn(6, ':').nth(5).unwrap_or_default();
            last.rsplit('/').skip(1).any(|word| word == name)
        })
    };
    let mut gaps = requirement.types().iter().filter(|t| t.gap);
    gaps.any(|t| is_written(&t.name))
}

fn finding(
    lint: &'static Lint,
    context: &Context<'_>,
    compared: &Compared<'_>,
    key: &Key<'_>,
    rows: &[&Requirement],
    say: fn(&[String], &[String]) -> String,
) -> Option<Finding> {
    let first = rows.first()?;
    let mut actions: Vec<String> = Vec::new();
    let mut resources: Vec<String> = Vec::new();
    for requirement in rows {
        let row = &requirement.row;
        if !actions.contains(&row.action) {
            actions.push(row.action.clone());
        }
        for resource in row.resources.iter() {
            if !resources.contains(resource) {
                resources.push(resource.clone());
            }
        }
    }
    let (label, related) = place(context, compared, key.layer, rows)?;
    // A list of what is not required names nothing.
    let named = if first.row.not_resource {
        &[]
    } else {
        resources.as_slice()
    };
    let mut message = if key.by_reading {
        left_open(compared, first, &actions)
    } else if depends_on_variable(compared, rows) {
        let verb = if actions.len() == 1 { "is" } else { "are" };
        format!(
            "{} {verb} granted only if a policy variable matches",
            enumerate(&actions)
        )
    } else {
        of_wildcards(compared, rows, named).unwrap_or_else(|| say(&actions, named))
    };
    if let Some(values) = Values::of(compared, rows) {
        let _ = write!(message, ", {}", values.words(compared));
    }
    let limit = key.layer.and_then(|l| layer::name(context, l));
    if let Some(limit) = &limit {
        let _ = match first.row.verdict {
            Verdict::Denied => write!(message, " by {limit}"),
            _ => write!(message, ": {limit} does not allow it"),
        };
    }
    let mut finding = lint.finding(key.severity, message, label);
    finding.related = related;
    finding.notes = notes(context, compared, key.statement, rows, &actions);
    finding.help = Some(help(compared, limit.as_deref(), rows, &actions, &resources));
    finding.reference_statement = Some(key.statement);
    finding.reference_sid = first.row.sid.as_deref().map(str::to_owned);
    finding.witness.clone_from(&first.row.witness);
    finding.actions = actions;
    Some(finding)
}

/// The message for many actions that AWS's text has only by a wildcard, and that ParallelCluster is not known to call.
fn of_wildcards(
    compared: &Compared<'_>,
    rows: &[&Requirement],
    resources: &[String],
) -> Option<String> {
    let is_only_listed =
        |r: &&Requirement| r.from_wildcard && !compared.reference.is_known_needed(&r.row.action);
    if rows.len() <= NAMED || !rows.iter().all(is_only_listed) {
        return None;
    }
    let mut wildcards: Vec<String> = Vec::new();
    for row in rows.iter().map(|r| &r.row) {
        if !wildcards.iter().any(|known| **known == *row.declared_as) {
            wildcards.push(row.declared_as.to_string());
        }
    }
    let verb = match rows.first()?.row.verdict {
        Verdict::Missing => "are not granted".to_owned(),
        Verdict::Partial => match resources {
            [one] => format!("are not granted on all of `{one}`"),
            _ => "are not granted on all required resources".to_owned(),
        },
        Verdict::Denied => "are denied".to_owned(),
        Verdict::Conditional => "depend on a condition that is not known to hold".to_owned(),
        _ => return None,
    };
    Some(format!(
        "{} of {} {verb}; no call of them by ParallelCluster is known",
        count(rows.len(), "action"),
        enumerate(&wildcards)
    ))
}

/// Places drawn beside the primary one.
const RELATED: usize = 8;

/// The grant or Deny that decides where there is one; else the nearest statement.
pub(super) fn place(
    context: &Context<'_>,
    compared: &Compared<'_>,
    by: Option<&Layer<'_>>,
    rows: &[&Requirement],
) -> Option<(Label, Vec<Label>)> {
    let row = &rows.first()?.row;
    let mut labels: Vec<Label> = Vec::new();
    let mut add = |label: Label| {
        if labels.len() <= RELATED
            && !labels
                .iter()
                .any(|l| (l.source, l.span) == (label.source, label.span))
        {
            labels.push(label);
        }
    };
    let is_in_part = row.verdict == Verdict::Partial && !grants(compared, by, row).is_empty();
    if row.verdict != Verdict::Denied
        && !is_in_part
        && let Some(layer) = by
    {
        let service = row.action.split(':').next().unwrap_or_default();
        add(layer::nearest(context, layer, service)?);
    } else if row.verdict == Verdict::Missing
        && let Some((label, message)) = difference(compared, rows.first()?)
    {
        add(Label { message, ..label });
    }
    let denies = rows.iter().any(|r| denials(compared, r).next().is_some());
    for requirement in rows {
        let row = &requirement.row;
        for place in denials(compared, requirement) {
            add(deciding(context, compared, place, row.verdict, true));
        }
        // If a Deny decides, the grants do not matter.
        let beside = denies && matches!(row.verdict, Verdict::Denied | Verdict::Conditional);
        let places = if beside {
            Vec::new()
        } else {
            grants(compared, by, row)
        };
        for place in places {
            let narrow = (row.verdict == Verdict::Partial && !denies)
                .then(|| too_narrow(context, compared, place))
                .flatten();
            add(narrow.unwrap_or_else(|| deciding(context, compared, place, row.verdict, false)));
        }
    }
    // The text of an attached AWS managed policy is no place to write in: a label there comes second.
    let is_given = |l: &Label| context.files.iter().any(|f| f.source == l.source);
    let label = if let Some(at) = labels.iter().position(is_given) {
        labels.remove(at)
    } else {
        let service = row.action.split(':').next().unwrap_or_default();
        context.nearest(compared.comparison, service)
    };
    labels.truncate(RELATED);
    Some((label, labels))
}

/// The grants that do not suffice: those of the layer that decides, or of the layers with a grant that may not hold.
fn grants(compared: &Compared<'_>, by: Option<&Layer<'_>>, row: &Row) -> Vec<(SourceId, Span)> {
    let layer_of = |(source, _): &(SourceId, Span)| layer::of(compared, *source).map(ptr::from_ref);
    let may_fail = |place: &&(SourceId, Span)| {
        layer::statement_at(compared, **place).is_some_and(|s| {
            !s.conditions.is_empty() || s.resources.iter().any(|r| r.pattern.has_variable())
        })
    };
    let all = row.allowed_by.iter();
    let layers: Vec<_> = match row.verdict {
        Verdict::Missing | Verdict::Partial => vec![by.map(ptr::from_ref)],
        Verdict::Conditional => all.clone().filter(may_fail).map(layer_of).collect(),
        _ => Vec::new(),
    };
    all.filter(|p| layers.is_empty() || layers.contains(&layer_of(p)))
        .copied()
        .collect()
}

/// The Deny statements that bear on the verdict: what is missing or partial whatever a Condition says
/// is not for a Deny that may not hold.
fn denials<'c>(
    compared: &'c Compared<'_>,
    requirement: &'c Requirement,
) -> impl Iterator<Item = (SourceId, Span)> + 'c {
    let row = &requirement.row;
    row.denied_by.iter().copied().filter(move |place| {
        matches!(row.verdict, Verdict::Conditional | Verdict::Denied)
            || layer::statement_at(compared, *place).is_none_or(|s| s.conditions.is_empty())
    })
}
