//! A statement that another statement covers.

use super::redundant::{action_covers, budget};
use super::{Context, Lint, effect, fix};
use crate::diff::statement::{Action, Conditions, Prepared};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::search::Budget;

/// Metadata; the page is `rules/lints/redundant-statement.md`.
pub(super) static LINT: Lint = Lint {
    id: "redundant-statement",
    severity: Severity::Note,
    summary: "another statement allows or denies all that this one does",
    doc: include_str!("../../rules/lints/redundant-statement.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut budget = budget();
    // Instances of one resource (`for_each`) have the statement in one place.
    let stay = |wide: &Prepared, narrow: &Prepared| {
        let [wide, narrow] = [wide, narrow].map(|s| (s.source, s.span));
        wide != narrow && fix::stay_as_they_are(context, wide, narrow)
    };
    for layer in &compared.comparison.layers {
        let statements: Vec<Sketched<'_>> = layer.statements.iter().map(Sketched::new).collect();
        for (index, narrow) in statements.iter().enumerate() {
            let mut others = statements.iter().enumerate().filter(|(i, _)| *i != index);
            let by = others.find(|(i, wide)| {
                covers(wide, narrow, &mut budget)
                    && stay(wide.statement, narrow.statement)
                    // If both are the same, the first one stays.
                    && (*i < index || !covers(narrow, wide, &mut budget))
            });
            if budget.left() == 0 {
                return;
            }
            if let Some((_, wide)) = by {
                out.push(finding(context, narrow.statement, wide.statement));
            }
        }
    }
}

/// A statement, and what says of most pairs at once that neither covers the other.
struct Sketched<'a> {
    statement: &'a Prepared,
    /// The lengths of the actions that it spells out, each as one bit.
    lengths: u64,
    has_wildcards: bool,
}

impl<'a> Sketched<'a> {
    fn new(statement: &'a Prepared) -> Self {
        let spelled_out = |a: &&Action| !a.pattern.is_wildcard();
        let lengths = statement.actions.iter().filter(spelled_out);
        Sketched {
            statement,
            lengths: lengths.fold(0, |lengths, a| lengths | 1 << (a.text.len() % 64)),
            has_wildcards: statement.actions.iter().any(|a| a.pattern.is_wildcard()),
        }
    }

    /// False where an action that the other one spells out has none of its length here.
    fn may_list(&self, other: &Sketched<'_>) -> bool {
        self.has_wildcards || other.lengths & !self.lengths == 0
    }
}

fn finding(context: &Context<'_>, narrow: &Prepared, wide: &Prepared) -> Finding {
    let by = match &wide.sid {
        Some(sid) if !sid.is_empty() => format!("the statement `{sid}`"),
        _ => "another statement".to_owned(),
    };
    let verb = effect::verb(narrow.effect);
    let opening = |s: &Prepared| context.sources.get(s.source).opening(s.span);
    let message = format!("{by} {verb} all that this one {verb}");
    let label = Label::at(narrow.source, opening(narrow));
    let mut finding = LINT.finding(Severity::Note, message, label);
    finding.related.push(Label {
        source: wide.source,
        span: opening(wide),
        message: "this one".to_owned(),
    });
    finding.help = Some("remove it, or narrow the other one".to_owned());
    finding.subject = Some("statement".to_owned());
    finding
}

/// Whether one statement applies wherever another one does, string by string. Answers no when no steps
/// are left.
fn covers(wide: &Sketched<'_>, narrow: &Sketched<'_>, budget: &mut Budget) -> bool {
    // A shorter negated list leaves more.
    let (outer, inner) = if wide.statement.not_action {
        (narrow, wide)
    } else {
        (wide, narrow)
    };
    if !outer.may_list(inner) {
        return false;
    }
    let (listed, lists) = (&inner.statement.actions, &outer.statement.actions);
    let (wide, narrow) = (wide.statement, narrow.statement);
    if wide.effect != narrow.effect
        || wide.not_action != narrow.not_action
        || wide.not_resource != narrow.not_resource
        || narrow.resources.is_empty()
        || !weaker(&wide.conditions, &narrow.conditions)
    {
        return false;
    }
    let actions = listed
        .iter()
        .all(|i| lists.iter().any(|o| action_covers(o, i, budget)));
    let (outer, inner) = if wide.not_resource {
        (&narrow.resources, &wide.resources)
    } else {
        (&wide.resources, &narrow.resources)
    };
    actions
        && inner
            .iter()
            .all(|i| outer.iter().any(|o| o.covers_within(i, budget)))
}

/// Whether a Condition holds wherever another one does: each of its lines is one of the other's.
fn weaker(wide: &Conditions, narrow: &Conditions) -> bool {
    let among = |normal: &str| narrow.lines.iter().any(|l| l.normal == normal);
    !wide.unreadable && wide.lines.iter().all(|l| among(&l.normal))
}
