//! The known context of a requirement's requests.

use super::Requirement;
use crate::diff::comparison::{Comparison, Named};
use crate::diff::context::{Situation, Target};
use crate::diff::statement::{Conditions, Line, Prepared};
use crate::matcher::condition::{KeyValue, Truth};

impl Comparison<'_> {
    /// The lines of a statement's Condition that are not known to hold for a requirement; `assumed` is the Condition of
    /// the requirement's own statement.
    pub fn open_lines<'s>(
        &self,
        requirement: &Requirement,
        statement: &'s Prepared,
        assumed: &Conditions,
    ) -> Vec<&'s Line> {
        self.in_situation(requirement, |situation| {
            let lines = statement.conditions.lines.iter();
            lines
                .filter(|line| situation.line_holds(line, assumed) != Truth::True)
                .collect()
        })
    }

    /// The known values of a condition key (folded) in the requests of a requirement.
    pub fn value_for(&self, requirement: &Requirement, key: &str) -> KeyValue {
        self.in_situation(requirement, |situation| situation.value(key).into_owned())
    }

    /// Asks about the known context of a requirement's requests.
    fn in_situation<T>(
        &self,
        requirement: &Requirement,
        ask: impl FnOnce(&Situation<'_>) -> T,
    ) -> T {
        let action = requirement.row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let named = Named {
            service,
            name,
            known: self.known(service, name),
        };
        ask(&self.situation(named, requirement.stated(), Target::default()))
    }
}
