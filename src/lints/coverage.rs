//! Shared by the lints on missing permissions: one finding per statement of the reference.

use std::fmt::Write as _;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::difference::difference;
use super::{Compared, Context, Lint, count, enumerate, layer, open_condition};
use crate::diff::Verdict;
use crate::diff::coverage::{Layer, LayerKind, Requirement};
use crate::finding::{Finding, Label, Severity};
use crate::inert;
use crate::parser::{Effect, SourceId, Span};
use crate::reference::bindings::option_for;
use crate::reference::{self, Feature, Need, Standing};

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
fn deciding_layer<'c>(
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

/// Whether the gap is in a resource type that the reference itself writes out.
fn writes_out_gap(requirement: &Requirement) -> bool {
    let is_written = |name: &str| {
        let mut resources = requirement.row.resources.iter();
        resources.any(|r| {
            let last = r.splitn(6, ':').nth(5).unwrap_or_default();
            last.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/'))
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
    let (label, related) = place(context, compared, key, rows)?;
    // A list of what is not required names nothing.
    let named = if first.row.not_resource {
        &[]
    } else {
        resources.as_slice()
    };
    let mut message = if key.by_reading {
        left_open(compared, first, &actions)
    } else {
        of_wildcards(compared, rows, named).unwrap_or_else(|| say(&actions, named))
    };
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
            [one] => format!("are granted on only a part of `{one}`"),
            _ => "are granted on only a part of the required resources".to_owned(),
        },
        Verdict::Denied => "are denied".to_owned(),
        Verdict::Conditional => "depend on a condition that is not known to hold".to_owned(),
        _ => return None,
    };
    Some(format!(
        "{} of the actions of {}, which ParallelCluster is not known to call, {verb}",
        rows.len(),
        enumerate(&wildcards)
    ))
}

/// Places drawn beside the primary one.
const RELATED: usize = 8;

/// The grant or Deny that decides where there is one; else the nearest statement.
fn place(
    context: &Context<'_>,
    compared: &Compared<'_>,
    key: &Key<'_>,
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
    if row.verdict != Verdict::Denied
        && let Some(layer) = key.layer
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
        // A grant of a layer does not help if the role's own policies have none.
        let own = key.layer.is_none() && matches!(row.verdict, Verdict::Missing | Verdict::Partial);
        let counts = |place: &(SourceId, Span)| {
            let layer = layer::of(compared, place.0);
            !own || layer.is_none_or(|l| l.kind == LayerKind::Identity)
        };
        for place in row.allowed_by.iter().filter(|p| !beside && counts(p)) {
            let narrow = (row.verdict == Verdict::Partial && !denies)
                .then(|| too_narrow(compared, *place))
                .flatten();
            add(narrow.unwrap_or_else(|| deciding(context, compared, *place, row.verdict, false)));
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

/// The resources of a grant of the role's own that does not reach far enough; `None` where its Condition is what narrows.
fn too_narrow(compared: &Compared<'_>, (source, span): (SourceId, Span)) -> Option<Label> {
    let statement = layer::statement_at(compared, (source, span))?;
    let layer = layer::of(compared, source);
    if !statement.conditions.is_empty() || layer.is_some_and(|l| l.kind != LayerKind::Identity) {
        return None;
    }
    let first = statement.resources.first()?;
    let is_one = statement.resources.iter().all(|r| r.nth == first.nth);
    let (span, words) = match (statement.not_resource, is_one) {
        (true, _) => (statement.resource_key, "allowed on all but what this lists"),
        (false, true) => (first.span, "allowed on this only"),
        (false, false) => (statement.resource_key, "allowed on these only"),
    };
    Some(Label {
        source,
        span,
        message: words.to_owned(),
    })
}

/// The effect of a statement on a requirement, beside the token that decides: its Condition if that is unknown.
fn deciding(
    context: &Context<'_>,
    compared: &Compared<'_>,
    (source, span): (SourceId, Span),
    verdict: Verdict,
    deny: bool,
) -> Label {
    let statement = layer::statement_at(compared, (source, span));
    let condition = statement.and_then(|s| s.conditions.span);
    let variable = statement.filter(|s| s.resources.iter().any(|r| r.pattern.has_variable()));
    let (span, words) = match (verdict, deny, condition) {
        (Verdict::Conditional, true, Some(condition)) => {
            (condition, "a Deny takes it away where this condition holds")
        }
        (Verdict::Conditional, true, None) => (
            span,
            "AWS's pages leave open whether this Deny takes it away",
        ),
        (Verdict::Conditional, false, None) if variable.is_some_and(|s| s.not_resource) => (
            span,
            "allowed only where the variable in its NotResource has a value that excludes nothing of it",
        ),
        (Verdict::Conditional, false, None) if variable.is_some() => (
            span,
            "allowed only where the variable in its Resource turns out to match",
        ),
        (Verdict::Partial | Verdict::Conditional, false, Some(condition)) => {
            (condition, "allowed only where this condition holds")
        }
        (Verdict::Partial, true, _) => (span, "this Deny takes some of it away"),
        (_, true, _) => (span, "this Deny takes it away"),
        (Verdict::Undecided, false, _) => (span, "this may allow it"),
        (_, false, _) => (span, "this allows some of it"),
    };
    let limit = layer::of(compared, source).and_then(|l| layer::name(context, l));
    Label {
        source,
        span,
        message: match limit {
            Some(limit) => format!("{words} ({limit})"),
            None => words.to_owned(),
        },
    }
}

fn notes(
    context: &Context<'_>,
    compared: &Compared<'_>,
    statement: usize,
    rows: &[&Requirement],
    actions: &[String],
) -> Vec<String> {
    let reference = compared.reference;
    let verdict = rows.first().map(|r| r.row.verdict);
    let is_open = verdict == Some(Verdict::Conditional);
    // Of what hangs on something, that comes first; else what it is needed for.
    let mut notes = Vec::new();
    if is_open {
        notes.extend(failing(context, compared, rows));
    }
    let feature = reference.statement(statement).and_then(|s| s.feature);
    let mut reasons: Vec<(&Need, Vec<String>)> = Vec::new();
    for action in actions {
        if let Some(need) = reference.need(action, feature) {
            match reasons.iter_mut().find(|(same, _)| same.text == need.text) {
                Some((_, list)) => list.push(action.clone()),
                None => reasons.push((need, vec![action.clone()])),
            }
        }
    }
    let mut standings: Vec<Standing> = rows.iter().map(|r| r.standing).collect();
    standings.dedup();
    notes.extend(
        standings
            .iter()
            .filter_map(|s| s.reason())
            .map(str::to_owned),
    );
    let only_one = reasons.len() == 1;
    for (need, of) in reasons.iter().take(4) {
        let text = &need.text;
        let is_known =
            !need.is_unused() || of.iter().any(|action| reference.is_known_needed(action));
        notes.push(match (is_known, only_one) {
            (true, true) => format!("needed for: {text}"),
            (true, false) => format!("{} needed for: {text}", enumerate(of)),
            (false, true) => format!("AWS's policy asks for it, but no use of it is known: {text}"),
            (false, false) => format!(
                "AWS's policy asks for {}, but no use of it is known: {text}",
                enumerate(of)
            ),
        });
    }
    let named = rows
        .iter()
        .find_map(|r| r.row.feature)
        .and_then(Feature::find);
    if let Some(feature) = named {
        notes.push(format!(
            "needed only with {} (the feature `{}`)",
            feature.title(),
            feature.name()
        ));
    }
    if !is_open {
        notes.extend(failing(context, compared, rows));
    }
    let types = missing_types(rows);
    if !types.is_empty() {
        notes.push(format!(
            "not granted in full for the resource {}",
            type_list(&types)
        ));
        if rows
            .iter()
            .all(|r| r.gap_is_optional() && !writes_out_gap(r))
        {
            notes.push(
                "not every call needs these types: check whether your clusters use them".into(),
            );
        }
    }
    if rows
        .iter()
        .any(|r| r.from_wildcard && !reference.is_known_needed(&r.row.action))
    {
        let declared = rows
            .first()
            .map(|r| r.row.declared_as.clone())
            .unwrap_or_default();
        notes.push(format!(
            "the reference writes `{declared}`; ParallelCluster is not known to use {}",
            if actions.len() == 1 {
                "this action"
            } else {
                "these actions"
            }
        ));
    }
    notes.push(format!(
        "required by {}",
        reference.describe_statement(statement)
    ));
    notes
}

/// The resource types on which an action is granted only in part.
pub(super) fn missing_types(rows: &[&Requirement]) -> Vec<String> {
    // A gap in some values of a condition key is a gap in every type.
    let by_context = rows.iter().any(|r| !r.stated().is_empty());
    let partial = rows.iter().any(|r| r.row.verdict == Verdict::Partial);
    let mut types: Vec<String> = Vec::new();
    if !partial || by_context {
        return types;
    }
    for t in rows.iter().flat_map(|r| r.types()).filter(|t| t.gap) {
        if !types.contains(&t.name) {
            types.push(t.name.clone());
        }
    }
    types
}

/// A request that fails, and on what that hangs.
fn failing(context: &Context<'_>, compared: &Compared<'_>, rows: &[&Requirement]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(witness) = rows.first().and_then(|r| r.row.witness.as_ref()) {
        let word = match rows.first().map(|r| r.row.verdict) {
            Some(Verdict::Conditional) => "may fail",
            _ => "fails",
        };
        let stated = rows
            .first()
            .and_then(|r| open_condition::stated(compared, r));
        let stated = stated.map_or_else(String::new, |s| format!(", {s}"));
        notes.push(format!(
            "{word}, for example: `{}` on `{}`{stated}",
            witness.action, witness.resource
        ));
    }
    if let Some(first) = rows.first() {
        if first.row.verdict == Verdict::Conditional {
            notes.extend(open_condition::notes(compared, first));
        }
        let others = first.refused_by().iter().skip(1);
        let others = others.filter_map(|at| compared.comparison.layers.get(*at));
        for limit in others.filter_map(|l| layer::name(context, l)) {
            notes.push(format!("{limit} does not allow it either"));
        }
        notes.extend(contested(compared, first));
    }
    notes
}

/// The message where AWS's pages leave the verdict open.
fn left_open(compared: &Compared<'_>, requirement: &Requirement, actions: &[String]) -> String {
    let place = requirement.contested;
    let statement = place.and_then(|place| layer::statement_at(compared, place));
    let verb = if actions.len() == 1 { "is" } else { "are" };
    let denied = statement.is_none_or(|s| s.effect == Effect::Deny);
    let what = if denied { "denied" } else { "allowed" };
    format!(
        "AWS's pages leave open whether {} {verb} {what} for some of the required requests",
        enumerate(actions)
    )
}

/// The open reading of AWS's documentation that the verdict depends on, and an unambiguous way to write it.
fn contested(compared: &Compared<'_>, requirement: &Requirement) -> Option<String> {
    let place = requirement.contested?;
    let statement = layer::statement_at(compared, place)?;
    let mut resources = statement.resources.iter();
    let effect = match statement.effect {
        Effect::Allow => "allows this only",
        Effect::Deny => "denies this",
    };
    Some(match resources.find(|r| r.pattern.is_contested()) {
        Some(resource) => format!(
            "AWS does not document how far `{}` reaches: it {effect} if a wildcard can match the colons of an ARN, or if \
             missing fields match anything; write all six fields of the ARN, each with its own wildcard",
            resource.text
        ),
        None => format!(
            "AWS documents wildcards before the colon of an action as invalid: the statement {effect} if AWS accepts \
             them; name the services"
        ),
    })
}

fn type_list(types: &[String]) -> String {
    format!(
        "{} {}",
        if types.len() == 1 { "type" } else { "types" },
        enumerate(types)
    )
}

fn help(
    compared: &Compared<'_>,
    limit: Option<&str>,
    rows: &[&Requirement],
    actions: &[String],
    resources: &[String],
) -> String {
    let verdict = rows.first().map(|r| r.row.verdict);
    let mut help = String::new();
    if verdict == Some(Verdict::Undecided) {
        help.push_str("write fewer `*` and `?` in one Resource, or split the statement");
        return help;
    }
    help.push_str(&unbound(resources));
    match verdict {
        Some(Verdict::Denied) => {
            help.push_str("narrow or remove the Deny: it wins over every Allow");
            return help;
        }
        Some(Verdict::Conditional) if rows.iter().any(|r| !r.row.denied_by.is_empty()) => {
            help.push_str(
                "make sure that the Deny does not apply to the requests of the role, or narrow it",
            );
            return help;
        }
        Some(Verdict::Conditional) => {
            let own = rows.first().map(|r| compared.condition_of(r.row.statement));
            help.push_str("make sure that this condition holds for the requests of the role; or ");
            help.push_str(match own.flatten() {
                Some(_) => "add this statement, whose condition the required requests meet:\n",
                None => "add this statement, which has no condition:\n",
            });
        }
        _ if rows.iter().any(|r| denials(compared, r).next().is_some()) => {
            help.push_str(
                "narrow the Deny: it must not match what this statement allows, and an Allow must:\n",
            );
        }
        _ => {
            let to = limit.map_or_else(String::new, |limit| format!(" to {}", inert::line(limit)));
            let _ = writeln!(
                help,
                "add this statement{to} ({}):",
                count(actions.len(), "action")
            );
        }
    }
    help.push_str(&statement(compared, rows, actions, resources));
    help
}

/// A statement that grants what lacks, ready to paste.
fn statement(
    compared: &Compared<'_>,
    rows: &[&Requirement],
    actions: &[String],
    resources: &[String],
) -> String {
    let listed = written(rows, actions);
    let from = rows.first().map(|r| r.row.statement);
    let key = match rows.first() {
        Some(first) if first.row.not_resource => "NotResource",
        _ => "Resource",
    };
    let mut value = json!({ "Effect": "Allow", "Action": listed, key: resources });
    if let Some(condition) = from.and_then(|i| compared.condition_of(i))
        && let Value::Object(members) = &mut value
    {
        members.insert("Condition".to_owned(), condition);
    }
    pretty(&value)
}

/// Actions of a wildcard that a statement to paste names; of more, it has the wildcard that AWS's text has.
const NAMED: usize = 4;

/// The actions as AWS's text writes them: a wildcard in place of the many actions that it stands for.
fn written(rows: &[&Requirement], actions: &[String]) -> Vec<String> {
    let of_wildcard = |declared: &str| {
        let of_it = |r: &&&Requirement| r.from_wildcard && &*r.row.declared_as == declared;
        let names = rows.iter().filter(of_it).map(|r| r.row.action.as_str());
        names.collect::<FxHashSet<&str>>()
    };
    let mut many: FxHashMap<&str, &str> = FxHashMap::default();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for row in rows.iter().filter(|r| r.from_wildcard).map(|r| &r.row) {
        if seen.insert(&row.declared_as) {
            let names = of_wildcard(&row.declared_as);
            if names.len() > NAMED {
                many.extend(names.into_iter().map(|name| (name, &*row.declared_as)));
            }
        }
    }
    let mut listed: Vec<String> = Vec::new();
    for action in actions {
        let text = many.get(action.as_str()).copied().unwrap_or(action);
        if !listed.iter().any(|known| known == text) {
            listed.push(text.to_owned());
        }
    }
    listed
}

/// A statement that grants what the first of some rows and those of the same statement lack.
pub(super) fn statement_of(compared: &Compared<'_>, rows: &[&Requirement]) -> String {
    let first = rows.first().map(|r| r.row.statement);
    let rows: Vec<&Requirement> = rows
        .iter()
        .copied()
        .filter(|r| Some(r.row.statement) == first)
        .collect();
    let mut actions: Vec<String> = Vec::new();
    let mut resources: Vec<String> = Vec::new();
    for requirement in &rows {
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
    statement(compared, &rows, &actions, &resources)
}

/// A statement that allows actions on resources, ready to paste.
pub(super) fn allow(actions: &[String], resources: &[String]) -> String {
    pretty(&json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
}

/// `Effect`, `Action`, `Resource`, `Condition` in the order that AWS's pages use.
fn pretty(value: &Value) -> String {
    let mut lines = Vec::new();
    for key in ["Effect", "Action", "Resource", "NotResource", "Condition"] {
        let Some(member) = value.get(key) else {
            continue;
        };
        let member = match member {
            Value::Array(items) if items.len() == 1 => items.first().unwrap_or(member),
            other => other,
        };
        let text = serde_json::to_string_pretty(member).unwrap_or_default();
        lines.push(format!("  \"{key}\": {}", text.replace('\n', "\n  ")));
    }
    format!("{{\n{}\n}}", lines.join(",\n"))
}

/// A line for each placeholder without a value: what it stands for, and the option that gives it.
pub(super) fn unbound(resources: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in resources.iter().flat_map(|r| placeholder_names(r)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let line = |name: &str| {
        let meaning = reference::meaning(name);
        let meaning = meaning.map_or_else(String::new, |(meaning, _)| format!(" ({meaning})"));
        let option = option_for(name);
        let (name, option) = (inert::line(name), inert::line(&option));
        format!("`${{{name}}}` is not known here{meaning}: give {option}\n")
    };
    names.into_iter().map(line).collect()
}

fn placeholder_names(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
