//! A quick filter on action names: rules out candidates before they are judged.

use rustc_hash::FxHashMap;

use super::Settings;
use crate::parser::{Effect, Policy, Text};
use crate::reference::{self, RefStatement, Reference};

/// Whether a text has only characters of names and wildcards.
fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.all(|c| c.is_ascii_alphanumeric() || b"-_*?".contains(&c))
}

/// A pattern without what follows its first wildcard, and whether it is a name.
fn head(text: &str) -> (&str, bool) {
    match text.bytes().position(|b| matches!(b, b'*' | b'?')) {
        Some(at) => (text.get(..at).unwrap_or_default(), false),
        None => (text, true),
    }
}

/// Whether two patterns may match the same name: true where that is not clear.
fn may_overlap(one: &str, other: &str) -> bool {
    let ((a, a_is_name), (b, b_is_name)) = (head(one), head(other));
    if a_is_name && b_is_name {
        return a.eq_ignore_ascii_case(b);
    }
    let (short, is_name, long) = if a.len() <= b.len() {
        (a, a_is_name, b)
    } else {
        (b, b_is_name, a)
    };
    // Without a wildcard nothing can follow, so the lengths must be equal. Both are ASCII.
    let same = { long.get(..short.len()) }.is_some_and(|l| l.eq_ignore_ascii_case(short));
    same && (!is_name || short.len() == long.len())
}

/// An action of the policies with a wildcard in its name, or one that is not understood.
struct Wild<'p> {
    name: &'p str,
    /// The number of the string among those that allow.
    string: Option<usize>,
}

/// The actions that policies name, allowed or denied.
pub(super) struct Named<'p> {
    /// The strings without a wildcard, in lower case.
    names: FxHashMap<String, Vec<Option<usize>>>,
    /// The others, by service in lower case.
    wild: FxHashMap<String, Vec<Wild<'p>>>,
    /// True where they may be any.
    is_open: bool,
    /// How many of them allow.
    strings: usize,
}

/// How well policies may fit a reference at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Meeting {
    /// Whether some requirement may be granted.
    pub(super) meets: bool,
    /// The strings that may grant one.
    pub(super) used: usize,
    /// All strings that allow.
    pub(super) strings: usize,
}

impl Meeting {
    /// Nothing is known.
    pub(super) const OPEN: Meeting = Meeting {
        meets: true,
        used: 1,
        strings: 1,
    };
}

impl<'p> Named<'p> {
    pub(super) fn of(policies: &[&'p Policy], settings: &'p Settings) -> Self {
        let common = &settings.common_policies;
        let attached =
            { settings.attached_policies.iter() }.filter(|f| !common.contains(&f.source));
        let attached = attached.flat_map(|file| &file.document.policies);
        let mut named = Named {
            names: FxHashMap::default(),
            wild: FxHashMap::default(),
            // What limits the role may count as granting, too.
            is_open: settings.limits().next().is_some(),
            strings: 0,
        };
        let policies = policies.iter().copied().chain(attached);
        for statement in policies.flat_map(|p| &p.statements) {
            let Some(action) = &statement.action else {
                continue;
            };
            let effect = statement.effect.as_ref().map(|e| e.value);
            let resources = statement.resource.as_ref();
            let allows = effect == Some(Effect::Allow)
                && !statement.is_absent
                && resources.is_some_and(|r| !r.values.is_empty());
            if action.negated {
                named.is_open = true;
            }
            for text in &action.values {
                let string = allows.then_some(named.strings);
                named.strings += usize::from(allows);
                named.add(text, string);
            }
        }
        named
    }

    fn add(&mut self, text: &'p Text, string: Option<usize>) {
        match text.value.split_once(':') {
            Some((service, name))
                if text.holes.is_none()
                    && is_plain(service)
                    && is_plain(name)
                    && head(service).1 =>
            {
                if head(name).1 {
                    let action = text.value.to_ascii_lowercase();
                    self.names.entry(action).or_default().push(string);
                } else {
                    let service = service.to_ascii_lowercase();
                    let of_service = self.wild.entry(service).or_default();
                    of_service.push(Wild { name, string });
                }
            }
            _ => self.is_open = true,
        }
    }

    /// What the actions of a reference, and of its known gaps, say without their resources.
    pub(super) fn meeting(&self, reference: &Reference) -> Meeting {
        if self.is_open {
            return Meeting::OPEN;
        }
        let mut meeting = Meeting {
            meets: false,
            used: 0,
            strings: self.strings,
        };
        let mut used = vec![false; self.strings];
        let gaps = reference.gaps.iter().flat_map(|gap| &gap.statements);
        for statement in reference.statements.iter().chain(gaps) {
            let hit = |string: &Option<usize>| {
                meeting.meets = true;
                if let Some(used) = string.and_then(|s| used.get_mut(s)) {
                    *used = true;
                }
            };
            self.each_of_statement(statement, hit);
        }
        meeting.used = used.iter().filter(|used| **used).count();
        meeting
    }

    /// Whether all requirements of a reference may be granted: those on every resource alone are looked at.
    pub(super) fn may_grant_all(&self, reference: &Reference) -> bool {
        let mut statements = reference.statements.iter();
        if self.is_open || statements.clone().any(|s| s.effect == Effect::Deny) {
            return true;
        }
        let may_be_granted = |action: &String| {
            let mut is_hit = !is_name(action) || is_free(action);
            self.each_of(action, |_| is_hit = true);
            is_hit
        };
        statements.all(|s| !is_sure(s) || s.action.values.iter().all(may_be_granted))
    }

    /// Whether half of the requirements of a reference may be granted. The answer is no only if fewer than a quarter are
    /// named: some actions that no string names may turn out not to be required.
    pub(super) fn may_grant_most(&self, reference: &Reference) -> bool {
        let mut statements = reference.statements.iter();
        if self.is_open || statements.clone().any(|s| s.effect == Effect::Deny) {
            return true;
        }
        let (mut granted, mut missing) = (0_usize, 0);
        for statement in statements.by_ref().filter(|s| !s.action.negated) {
            let counts = statement.feature.is_none() && !statement.open;
            let is_row = |a: &&String| is_name(a) && !is_free(a);
            for action in statement.action.values.iter().filter(is_row) {
                let mut is_hit = false;
                self.each_of(action, |_| is_hit = true);
                granted += usize::from(is_hit);
                missing += usize::from(!is_hit && counts);
            }
        }
        granted > 0 && granted * 3 >= missing
    }

    /// How many requirements of the statements of a reference, divided, may be granted at most, and how many are missing
    /// at least; `None` where that is not clear. An action that is denied counts as granted: it is not
    /// missing.
    pub(super) fn counts(&self, statements: &[RefStatement]) -> Option<(usize, usize)> {
        if self.is_open || statements.iter().any(|s| s.effect == Effect::Deny) {
            return None;
        }
        let (mut granted, mut missing) = (0, 0);
        for statement in statements.iter().filter(|s| !s.action.negated) {
            let is_required = is_sure(statement) && !statement.is_off;
            for action in statement.action.values.iter().filter(|a| is_name(a)) {
                let mut is_hit = false;
                self.each_of(action, |_| is_hit = true);
                granted += usize::from(is_hit);
                missing += usize::from(!is_hit && is_required && !is_free(action));
            }
        }
        Some((granted, missing))
    }

    /// Calls `hit` for the strings that may have an action in common with a statement of a reference.
    fn each_of_statement(&self, statement: &RefStatement, mut hit: impl FnMut(&Option<usize>)) {
        if statement.action.negated {
            self.each(hit);
            return;
        }
        for action in &statement.action.values {
            self.each_of(action, &mut hit);
        }
    }

    fn each(&self, mut hit: impl FnMut(&Option<usize>)) {
        self.names.values().flatten().for_each(&mut hit);
        self.wild.values().flatten().for_each(|w| hit(&w.string));
    }

    /// Calls `hit` for the strings that may have an action in common with one of a reference.
    fn each_of(&self, action: &str, mut hit: impl FnMut(&Option<usize>)) {
        let action = action.to_ascii_lowercase();
        let split = action.split_once(':');
        let Some((service, name)) = split.filter(|(service, _)| head(service).1) else {
            self.each(hit);
            return;
        };
        if head(name).1 {
            self.names
                .get(&action)
                .into_iter()
                .flatten()
                .for_each(&mut hit);
        } else {
            let same = |own: &str| {
                let own = own.split_once(':');
                own.is_some_and(|(s, n)| s == service && may_overlap(n, name))
            };
            let names = self.names.iter().filter(|(own, _)| same(own));
            names.flat_map(|(_, strings)| strings).for_each(&mut hit);
        }
        let wild = self.wild.get(service).into_iter().flatten();
        wild.filter(|w| may_overlap(w.name, name))
            .for_each(|w| hit(&w.string));
    }
}

/// Whether every action of a statement is a requirement, whatever the values of placeholders and the features.
fn is_sure(statement: &RefStatement) -> bool {
    let (action, resource) = (&statement.action, &statement.resource);
    !action.negated
        && !resource.negated
        && statement.conditions.is_empty()
        && statement.feature.is_none()
        && !statement.open
        && resource.values.iter().any(|r| r == "*")
}

/// Whether an action is written without a wildcard.
fn is_name(action: &str) -> bool {
    head(action).1 && action.contains(':')
}

fn is_free(action: &str) -> bool {
    let split = action.split_once(':');
    split.is_some_and(|(service, name)| reference::needs_no_permission(service, name))
}

#[cfg(test)]
mod tests {
    use super::may_overlap;
    use crate::catalog::Catalog;
    use crate::check::candidates::Candidates;
    use crate::check::fit::best;
    use crate::check::{Against, Settings};
    use crate::parser::{self, Policy, Source, SourceId};
    use crate::reference::{self, Features, Query};

    #[test]
    fn what_cannot_grant_most_does_not() {
        let against = |release| {
            Against::BestOf(
                reference::candidates(Query {
                    role: None,
                    scheduler: "slurm",
                    release,
                    features: &Features::default(),
                })
                .unwrap(),
            )
        };
        let newest = against("3.16.3");
        // Every other action of each role, and one in so many.
        let mut left_out = 0;
        for reference in newest.references() {
            let actions = reference.statements.iter().flat_map(|s| &s.action.values);
            let actions: Vec<&String> = actions.collect();
            for step in [1, 2, 3, 4, 9, 30] {
                let some: Vec<_> = actions.iter().step_by(step).collect();
                let some = serde_json::to_string(&some).unwrap();
                let text = format!(
                    r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": {some}, "Resource": "*"}}}}"#
                );
                let document = parser::parse(SourceId(0), &Source::new("p.json", text));
                let policies: Vec<&Policy> = document.policies.iter().collect();
                let settings = Settings::default();
                let named = super::Named::of(&policies, &settings);
                let may = newest.references().iter().any(|r| named.may_grant_most(r));
                let candidates = Candidates::new(&policies, &newest, &settings);
                let best = best(&candidates, Catalog::embedded());
                let does = best.is_some_and(|(_, judged)| judged.fit.is_most());
                assert!(may || !does, "{:?} {step}", reference.role);
                left_out += usize::from(!may);
            }
        }
        assert!(left_out > 0, "nothing is left out");
    }

    #[test]
    fn patterns_without_a_common_name_do_not_overlap() {
        for (one, other, expected) in [
            ("GetItem", "getitem", true),
            ("GetItem", "GetItems", false),
            ("Get*", "GetItem", true),
            ("Get*", "PutItem", false),
            ("Get*", "G*Item", true),
            ("GetItem*", "Get", false),
            // Not decided: what follows a wildcard is not looked at.
            ("GetItem?", "GetItem", true),
            ("*", "x", true),
            ("*Item", "GetTable", true),
        ] {
            assert_eq!(may_overlap(one, other), expected, "{one} {other}");
            assert_eq!(may_overlap(other, one), expected, "{other} {one}");
        }
    }
}
