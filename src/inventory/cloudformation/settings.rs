//! The settings of parameters that may have several values.

use std::collections::{BTreeMap, BTreeSet};

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
        let with = |setting: &Vec<(String, String)>| {
            let setting = setting.clone();
            let each = values.iter().map(move |value| {
                let mut one = setting.clone();
                one.push((name.clone(), value.clone()));
                one
            });
            each.collect::<Vec<_>>()
        };
        let more = all.iter().flat_map(with);
        let more: Vec<_> = { more.filter(|one| is_possible(template, one)) }
            .take(MOST_SETTINGS + 1)
            .collect();
        if more.len() > MOST_SETTINGS {
            left_open.insert(name.clone());
        } else {
            all = more;
        }
    }
    (all, left_open)
}

/// For each setting, the parameters with an empty default whose value is not known in it: the defaults of the other
/// parameters make no use of them, so who chooses the setting gives them a value, too. `used` are the parameters whose empty
/// default is a part of a text in each setting.
pub(super) fn unset(
    template: &Template<'_>,
    all: &[Setting],
    used: &[BTreeSet<String>],
) -> Vec<BTreeSet<String>> {
    let is_default = |setting: &Setting| {
        let mut values = setting.iter();
        values.all(|(name, value)| template.default_of(name).as_ref() == Some(value))
    };
    let default = all.iter().position(is_default).and_then(|at| used.get(at));
    let is_chosen = |name: &&String| match default {
        Some(used) => !used.contains(*name),
        None => used.iter().any(|used| !used.contains(*name)),
    };
    let unset = used.iter().map(|own| own.iter().filter(is_chosen).cloned());
    unset.map(Iterator::collect).collect()
}

/// Whether the templates that this one is nested in can give these values to its parameters together.
fn is_possible(template: &Template<'_>, setting: &[(String, String)]) -> bool {
    let has_all = |row: &BTreeMap<String, String>| {
        let mut own = setting.iter();
        own.all(|(name, value)| row.get(name).is_none_or(|of| of == value))
    };
    template.together.is_empty() || template.together.iter().any(has_all)
}

/// The text of a property.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PropertyText {
    /// The resource does not have the property.
    Absent,
    /// The text is not known.
    Open,
    /// The text.
    Is(String),
}

/// The text of a property of a resource, for each value of the parameters that it depends on.
pub(super) fn texts(
    template: &mut Template<'_>,
    logical: &str,
    property: &str,
) -> Vec<PropertyText> {
    let mut all = Vec::new();
    template.property(logical, property);
    let asked = std::mem::take(&mut template.asked);
    for setting in settings(template, &asked).0 {
        template.chosen = setting.into_iter().collect();
        let value = template.property(logical, property);
        all.push(match value.map(|v| v.text()) {
            None => PropertyText::Absent,
            Some(None) => PropertyText::Open,
            Some(Some(text)) => PropertyText::Is(text),
        });
    }
    template.chosen.clear();
    template.asked.clear();
    all
}

/// The text of a property of a resource, if it is the same for every value of the parameters.
pub(super) fn text(
    template: &mut Template<'_>,
    logical: &str,
    property: &str,
) -> Option<PropertyText> {
    let mut all = texts(template, logical, property).into_iter();
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}
