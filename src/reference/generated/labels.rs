//! The settings of a cluster configuration, and the releases and settings that a rule is for.

use std::collections::{BTreeMap, BTreeSet};

use crate::matcher::template;
use crate::reference::data::SCHEDULERS;

/// The settings of a cluster configuration that decide the roles of the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Setting {
    /// The labels that hold, as in the rules of `rules/generated.toml`.
    pub labels: BTreeSet<&'static str>,
    /// True where no configuration is known.
    pub is_open: bool,
    /// True where only `labels` are known, and the other labels may hold or not.
    pub is_partial: bool,
    /// Labels that do not hold, where other ones are not known.
    pub absent: BTreeSet<&'static str>,
    /// Values of placeholders. A placeholder with an empty list names nothing in this cluster.
    pub values: BTreeMap<&'static str, Vec<String>>,
}

impl Setting {
    /// Whether a rule holds: `a and not b or c`; without a configuration, or for a part of one, whether it surely does.
    pub(in crate::reference) fn holds(&self, rule: &str) -> bool {
        let is_scheduler = |label: &str| SCHEDULERS.iter().any(|(name, ..)| *name == label);
        let has = |label: &str| label == "always" || self.labels.contains(label);
        let is_known = |label: &str| is_scheduler(label) || self.absent.contains(label);
        let lacks =
            |label: &str| !self.is_open && !has(label) && (!self.is_partial || is_known(label));
        rule.split(" or ").any(|all| {
            let mut all = all.split(" and ");
            all.all(|one| match one.strip_prefix("not ") {
                Some(one) => lacks(one),
                None => has(one),
            })
        })
    }

    /// A text with each placeholder replaced that has values; several texts for several values.
    pub(super) fn expand(&self, text: &str) -> Vec<String> {
        let mut all = vec![text.to_owned()];
        for name in template::names(text) {
            let Some(values) = self.values.get(name) else {
                continue;
            };
            let one = |text: &String| -> Vec<String> {
                let fill = |value: &String| {
                    template::fill(text, |other| (other == name).then(|| value.clone()))
                };
                values.iter().map(fill).collect()
            };
            all = all.iter().flat_map(one).collect();
        }
        all
    }
}
