//! The settings of parameters that may have several values.

use std::collections::BTreeSet;

use super::evaluate::Template;

/// How many settings are judged for one principal.
const MOST_SETTINGS: usize = 64;

/// The values of parameters, in one setting of them.
pub(super) type Setting = Vec<(String, String)>;

/// Every combination of the values of some parameters, and those parameters that would make it too many.
pub(super) fn settings(
    template: &Template<'_>,
    names: &BTreeSet<String>,
) -> (Vec<Setting>, BTreeSet<String>) {
    let mut left_open = BTreeSet::new();
    let mut all: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for name in names {
        let values = template.values_of(name);
        if values.is_empty() {
            continue;
        }
        if all.len() * values.len() > MOST_SETTINGS {
            left_open.insert(name.clone());
            continue;
        }
        let with = |setting: &Vec<(String, String)>| {
            let setting = setting.clone();
            let each = values.iter().map(move |value| {
                let mut one = setting.clone();
                one.push((name.clone(), value.clone()));
                one
            });
            each.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    (all, left_open)
}
