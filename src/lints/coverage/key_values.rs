//! Requirements for some values of a condition key, where the statement of the reference lists others, too.

use crate::diff::coverage::Requirement;
use crate::lints::{Compared, enumerate};
use crate::matcher::template;
use crate::reference::Need;

/// The values that a finding is about.
pub(super) struct Values {
    key: String,
    values: Vec<String>,
}

impl Values {
    /// The values of some requirements; `None` where these are for all values of the statement.
    pub(super) fn of(compared: &Compared<'_>, rows: &[&Requirement]) -> Option<Self> {
        let mut found: Option<Values> = None;
        for row in rows {
            let required = compared.required;
            let own = required.iter().find(|s| s.position == row.position)?;
            let line = own.conditions.lines.iter().find(|line| {
                let mut parts = required
                    .iter()
                    .filter(|s| s.index == own.index && s.position != own.position);
                parts.any(|part| {
                    let mut lines = part.conditions.lines.iter();
                    lines.any(|other| other.key == line.key && other.values != line.values)
                })
            })?;
            let found = found.get_or_insert_with(|| Values {
                key: line.key.clone(),
                values: Vec::new(),
            });
            for value in &line.values {
                if !found.values.contains(value) {
                    found.values.push(value.clone());
                }
            }
        }
        found
    }

    /// Completes a message.
    pub(super) fn words(&self, compared: &Compared<'_>) -> String {
        let value = |name: &str| compared.bindings.get(name).map(str::to_owned);
        let bound = self.values.iter().map(|v| template::fill(v, value));
        let bound: Vec<String> = bound.collect();
        format!("where `{}` is {}", self.key, enumerate(&bound))
    }

    /// Why the actions are needed with these values.
    pub(super) fn needs(&self, compared: &Compared<'_>, actions: &[String]) -> Vec<&'static Need> {
        let all = compared.reference.needs_of_values(&self.key, &self.values);
        all.into_iter()
            .filter(|need| need.actions.iter().any(|action| actions.contains(action)))
            .collect()
    }
}
