//! Names that need each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

/// The names of a circle, each with the next one among those that it needs, if there is one.
pub(super) fn cycle<'a>(needs: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, all) in needs {
        left.insert(name, all.len());
        for other in all {
            left.entry(other).or_default();
            needed.entry(other).or_default().push(name);
        }
    }
    // Take away what needs nothing, until only names are left that lead to a circle.
    let mut open: Vec<&str> = { left.keys().copied() }
        .filter(|name| needs.get(name).is_none_or(BTreeSet::is_empty))
        .collect();
    while let Some(done) = open.pop() {
        left.remove(done);
        for of in needed.get(done).into_iter().flatten() {
            if let Some(count) = left.get_mut(of) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    open.push(of);
                }
            }
        }
    }
    let mut at = left.keys().next().copied()?;
    let mut passed = Vec::new();
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        passed.push(at);
        let mut all = needs.get(at)?.iter().copied();
        at = all.find(|name| left.contains_key(name))?;
    }
    Some(passed.into_iter().skip_while(|name| *name != at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_behind_what_leads_to_it() {
        for (needs, expected) in [
            (&[][..], None),
            (&[("a", &["b", "x"][..]), ("b", &["c"]), ("c", &[])], None),
            (&[("a", &["a"])], Some(vec!["a"])),
            (
                &[("a", &["c"]), ("b", &["c"]), ("c", &["0", "b"])],
                Some(vec!["c", "b"]),
            ),
            (
                &[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"])],
                Some(vec!["a", "b", "c"]),
            ),
        ] {
            let needs = needs
                .iter()
                .map(|(name, all)| (*name, all.iter().copied().collect()));
            assert_eq!(cycle(&needs.collect()), expected);
        }
    }
}
