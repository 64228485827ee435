//! Trust policies of a role, in a form in which the order and the spelling of their parts are the same.

use crate::check;
use crate::parser::{Sources, TrustPolicy, TrustStatement};

/// Trust policies of a role.
#[derive(Clone, Default)]
pub(super) struct Trusted {
    /// Each statement, sorted.
    statements: Vec<String>,
    /// The place of the first one.
    place: Option<String>,
}

impl Trusted {
    pub(super) fn add(&mut self, trusts: &[TrustPolicy], sources: &Sources) {
        for trust in trusts {
            let place = || check::place(sources, trust.source, trust.statement_key);
            self.place.get_or_insert_with(place);
            self.statements
                .extend(trust.statements.iter().map(canonical));
        }
        self.settle();
    }

    /// The trust policies of two roles put together.
    pub(super) fn join(&self, other: &Trusted) -> Trusted {
        let mut both = self.clone();
        both.statements.extend(other.statements.iter().cloned());
        both.place = both.place.or_else(|| other.place.clone());
        both.settle();
        both
    }

    fn settle(&mut self) {
        self.statements.sort_unstable();
        self.statements.dedup();
    }

    /// Why the change to other trust policies is not compared; `None` without a change, and where a side has none.
    pub(super) fn change(&self, new: &Trusted) -> Option<String> {
        let place = self.place.as_ref().and(new.place.as_ref())?;
        (self.statements != new.statements).then(|| {
            format!(
                "{place}: the trust policy changes, and who gains the role is not compared; `pcluster-iam lint` reports who can \
                 assume it"
            )
        })
    }
}

/// A statement without what makes no difference.
fn canonical(statement: &TrustStatement) -> String {
    let sorted = |mut all: Vec<String>| {
        all.sort_unstable();
        all.dedup();
        all
    };
    let rest = &statement.rest;
    let principals = statement.principals.iter();
    let principals = principals.map(|p| format!("{:?} {}", p.kind, p.value.value));
    let actions = rest.action.iter().flat_map(|element| {
        let negated = element.negated;
        let actions = element.values.iter();
        actions.map(move |a| format!("{negated} {}", a.value.to_ascii_lowercase()))
    });
    let lines = rest.conditions.iter().map(|line| {
        let values = line.values.iter().map(|v| v.value.clone());
        format!(
            "{} {} {:?}",
            line.operator.value.to_ascii_lowercase(),
            line.key.value.to_ascii_lowercase(),
            sorted(values.collect())
        )
    });
    format!(
        "{:?} {:?} {:?} {:?} {}",
        rest.effect.as_ref().map(|e| e.value),
        sorted(principals.collect()),
        sorted(actions.collect()),
        sorted(lines.collect()),
        rest.condition_unreadable
    )
}
