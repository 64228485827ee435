//! Whether names that are not known have values with which a requirement on many resources is granted.

use std::collections::BTreeMap;

use super::Generous;
use crate::diff::Row;
use crate::diff::partly_known::value_in;
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::{Effect, Policy, Statement};

/// The values of names, by the holes.
type Values<'h> = BTreeMap<&'h str, String>;

impl Generous<'_, '_> {
    /// Whether one value for each name grants the requirement, as far as the strings of `Resource` show it.
    pub(super) fn has_one_value(&self, row: &Row) -> bool {
        if row.not_resource {
            return false;
        }
        let action = row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let statements = || {
            let places = super::places(&self.best, service, name).into_iter();
            let open = places.filter_map(|place| self.open.get(&place));
            open.flatten().filter(|(_, statement)| allows(statement))
        };
        let known = self.most().applying(service, name);
        let known: Vec<&Pattern> = { known.iter() }
            .filter(|a| a.statement.effect == Effect::Allow && !a.statement.not_resource)
            .flat_map(|a| &a.statement.resources)
            .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
            .collect();
        let mut chosen = Values::new();
        row.resources.iter().all(|required| {
            let wanted = Pattern::glob(required);
            if known.iter().any(|known| known.covers(&wanted)) {
                return true;
            }
            let mut all = statements().flat_map(|(policy, statement)| {
                values(policy, statement, required).collect::<Vec<_>>()
            });
            let fits = |(hole, value): &(&str, String)| {
                chosen.get(hole).is_none_or(|known| known == value)
            };
            let Some((hole, value)) = all.find(fits) else {
                return false;
            };
            chosen.insert(hole, value);
            true
        })
    }
}

fn allows(statement: &Statement) -> bool {
    let effect = statement.effect.as_ref().map(|effect| effect.value);
    effect == Some(Effect::Allow) && statement.resource.as_ref().is_some_and(|r| !r.negated)
}

/// The values of names with which a string of the statement covers a required one.
fn values<'p>(
    policy: &'p Policy,
    statement: &'p Statement,
    required: &str,
) -> impl Iterator<Item = (&'p str, String)> {
    let holes = policy
        .unknowns
        .iter()
        .flat_map(|unknowns| unknowns.holes.iter().enumerate());
    let names = holes.filter(|(at, hole)| hole.kind.is_name() && statement.holes.contains(at));
    let texts = || { statement.resource.iter() }.flat_map(|resource| &resource.values);
    names.filter_map(move |(at, hole)| {
        let value = texts().find_map(|text| value_in(text, at, hole.kind, required))?;
        Some((hole.name.as_str(), value))
    })
}
