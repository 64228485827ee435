//! The rows that a cluster configuration decides.

use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::lints::GapRows;
use crate::matcher::Pattern;
use crate::reference::{Failure, Reference, Standing};

/// Whether the policies grant every row of this action in the generated role; `None` if that role does not have the
/// action.
pub(super) fn is_enough(generated: &[Requirement], action: &str) -> Option<bool> {
    let mut rows = generated
        .iter()
        .filter(|r| !r.row.vacuous && r.row.action.eq_ignore_ascii_case(action))
        .peekable();
    rows.peek()?;
    Some(rows.all(|r| matches!(r.row.verdict, Verdict::Covered | Verdict::Conditional)))
}

/// Lowers gaps of the documented policy where the generated role decides. A gap is `Enough` if the generated role's
/// rows of the action are granted, or if those that are missing lie on other resources; it is `NotGenerated` if the
/// generated role does not have the action. A generated row that is granted only under a Condition replaces the gap.
pub(super) fn suffice(
    reference: &Reference,
    generated: &[Requirement],
    requirements: &mut [Requirement],
) {
    if generated.is_empty() {
        return;
    }
    let open = requirements.iter_mut();
    for requirement in open.filter(|r| r.row.verdict != Verdict::Covered) {
        match is_enough(generated, &requirement.row.action) {
            Some(true) => match open_row(generated, &requirement.row.action) {
                None => requirement.standing = Standing::Enough,
                // A condition that holds for what this configuration needs need not hold for all of the row.
                Some(open) if requirement.row.verdict != Verdict::Conditional => {
                    requirement.narrow_to(open);
                }
                Some(_) => {}
            },
            // What this configuration needs lies elsewhere: the generated statement says where.
            Some(false) if is_elsewhere(generated, requirement) => {
                requirement.standing = Standing::Enough;
            }
            Some(false) => {}
            None if !reference.is_created => requirement.standing = Standing::NotGenerated,
            None => {
                let named =
                    { requirement.row.feature.iter() }.any(|f| reference.features.contains(f));
                if !named {
                    requirement.standing = Standing::SomeConfigurations;
                }
            }
        }
    }
}

/// A row of this action in the generated role that is granted under a condition that is not known to hold.
fn open_row<'g>(generated: &'g [Requirement], action: &str) -> Option<&'g Requirement> {
    let mut rows = generated.iter().filter(|r| !r.row.vacuous);
    rows.find(|r| {
        r.row.verdict == Verdict::Conditional && r.row.action.eq_ignore_ascii_case(action)
    })
}

/// Marks gaps in actions that this configuration does not use; they are reported as notes.
pub(super) fn leave_idle(idle: &[String], requirements: &mut [Requirement]) {
    let is_idle = |r: &&mut Requirement| {
        let action = &r.row.action;
        r.standing == Standing::Needed && idle.iter().any(|a| a.eq_ignore_ascii_case(action))
    };
    for requirement in requirements.iter_mut().filter(is_idle) {
        requirement.standing = Standing::NotInConfiguration;
    }
}

/// Whether nothing that the generated role has of an action, and these policies do not, is among the resources of a
/// row.
fn is_elsewhere(generated: &[Requirement], requirement: &Requirement) -> bool {
    let action = &requirement.row.action;
    let missing = generated.iter().filter(|r| {
        !r.row.vacuous
            && r.row.action.eq_ignore_ascii_case(action)
            && !matches!(r.row.verdict, Verdict::Covered | Verdict::Conditional)
    });
    let mut resources = missing.flat_map(|r| r.row.resources.iter());
    let of_row = &requirement.row.resources;
    resources.all(|wanted| {
        let mut patterns = of_row.iter();
        !patterns.any(|p| p == "*" || Pattern::glob(p).matches_text(wanted))
    })
}

/// The actions that the configuration surely needs and these policies do not allow.
pub(super) fn missing_of_configuration(reference: &Reference, gaps: &[GapRows]) -> Vec<String> {
    let of_configuration = gaps.iter().filter(|rows| {
        let gap = reference.gaps.get(rows.gap);
        let is_certain = |f| matches!(f, Failure::Certain | Failure::Ungranted);
        gap.is_some_and(|g| g.of_configuration && is_certain(g.failure))
    });
    of_configuration
        .flat_map(|rows| &rows.requirements)
        .filter(|r| r.row.verdict != Verdict::Covered)
        .map(|r| r.row.action.clone())
        .collect()
}

/// Reports an action that the configuration surely needs once: not also as a row without a known call.
pub(super) fn yield_to_configuration(missing: &[String], requirements: &mut [Requirement]) {
    for requirement in requirements {
        let is_weaker = requirement.from_wildcard || requirement.standing != Standing::Needed;
        if is_weaker && missing.contains(&requirement.row.action) {
            requirement.standing = Standing::Enough;
        }
    }
}
