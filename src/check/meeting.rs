//! A look at the names of actions that says which candidates policies cannot fit.

use rustc_hash::FxHashMap;

use super::Settings;
use crate::parser::{Policy, Text};
use crate::reference::Reference;

/// Signs of names and their patterns. A text with others may be anything.
fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.all(|c| c.is_ascii_alphanumeric() || b"-_*?".contains(&c))
}

/// A pattern without what follows its first wildcard, and whether it is a name.
fn head(text: &str) -> (&str, bool) {
    match text.find(['*', '?']) {
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
    // A name does not grow; both are ASCII.
    let same = { long.get(..short.len()) }.is_some_and(|l| l.eq_ignore_ascii_case(short));
    same && (!is_name || short.len() == long.len())
}

/// The actions that policies name, allowed or denied.
pub(super) struct Named<'p> {
    /// Their names, by service in lower case.
    by_service: FxHashMap<String, Vec<&'p str>>,
    /// True where they may be any.
    is_open: bool,
}

impl<'p> Named<'p> {
    pub(super) fn of(policies: &[&'p Policy], settings: &'p Settings) -> Self {
        let attached = settings.attached_policies.iter();
        let attached = attached.flat_map(|file| &file.document.policies);
        let mut named = Named {
            by_service: FxHashMap::default(),
            is_open: false,
        };
        for policy in policies.iter().copied().chain(attached) {
            for action in policy.statements.iter().filter_map(|s| s.action.as_ref()) {
                named.is_open |= action.negated;
                action.values.iter().for_each(|text| named.add(text));
            }
        }
        named
    }

    fn add(&mut self, text: &'p Text) {
        match text.value.split_once(':') {
            Some((service, name))
                if text.holes.is_none()
                    && is_plain(service)
                    && is_plain(name)
                    && head(service).1 =>
            {
                let service = service.to_ascii_lowercase();
                self.by_service.entry(service).or_default().push(name);
            }
            _ => self.is_open = true,
        }
    }

    /// Whether some action of a reference, or of its known gaps, may be among them. If not, no requirement of it is
    /// granted.
    pub(super) fn may_meet(&self, reference: &Reference) -> bool {
        let gaps = reference.gaps.iter().flat_map(|gap| &gap.statements);
        let mut statements = reference.statements.iter().chain(gaps);
        self.is_open
            || statements.any(|statement| {
                let mut actions = statement.action.values.iter();
                statement.action.negated || actions.any(|action| self.may_have(action))
            })
    }

    fn may_have(&self, action: &str) -> bool {
        let Some((service, name)) = action.split_once(':') else {
            return true;
        };
        if !head(service).1 {
            return true;
        }
        let known = match self.by_service.get(service) {
            None if service.bytes().any(|c| c.is_ascii_uppercase()) => {
                self.by_service.get(&service.to_ascii_lowercase())
            }
            known => known,
        };
        known.is_some_and(|names| names.iter().any(|own| may_overlap(own, name)))
    }
}

#[cfg(test)]
mod tests {
    use super::may_overlap;
    use crate::catalog::Catalog;
    use crate::check::fit::fitting;
    use crate::check::trial::trials;
    use crate::check::{Against, Settings};
    use crate::parser::{self, Policy, Source, SourceId};
    use crate::reference::{self, Features, Query};

    #[test]
    fn what_is_left_out_never_fits() {
        let references = reference::candidates(Query {
            role: None,
            scheduler: "slurm",
            release: "3.16.3",
            features: &Features::default(),
        });
        let against = Against::BestOf(references.unwrap());
        let settings = Settings::default();
        let all = against.references().len();
        let mut left_out = 0;
        let wrong: Vec<String> = [
            ("Allow", "Action", "braket:*"),
            ("Allow", "Action", "sqs:SendMessage"),
            ("Allow", "Action", "S3:get*"),
            ("Allow", "Action", "dynamodb:Query"),
            ("Allow", "Action", "iam:Pass????"),
            ("Allow", "Action", "*:Describe*"),
            ("Allow", "NotAction", "iam:*"),
            ("Deny", "Action", "ec2:RunInstances"),
        ]
        .into_iter()
        .filter_map(|(effect, element, action)| {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", "{element}": "{action}", "Resource": "*"}}}}"#
            );
            let document = parser::parse(SourceId(0), &Source::new("p.json", text));
            let policies: Vec<&Policy> = document.policies.iter().collect();
            let outcome = |is_known: bool| {
                let trials = trials(&policies, &against, &settings, is_known);
                let fitting = fitting(&trials, Catalog::embedded(), &against);
                let fit = fitting.map(|j| (j.trial.reference.role.clone(), j.fit.granted, j.fit.all));
                (trials.len(), fit)
            };
            let (some, every) = (outcome(true), outcome(false));
            left_out += all - some.0;
            (some.1 != every.1 || every.0 != all).then(|| format!("{action}: {some:?} {every:?}"))
        })
        .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(left_out > all, "{left_out} of {all}");
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
