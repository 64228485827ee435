//! The dangers of actions that nothing requires, from `rules/dangers.toml`. Read only where a permission is not required.

use std::sync::LazyLock;

use serde::Deserialize;

use super::on_demand::OnDemand;
use crate::catalog::AccessLevel;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let rules = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/dangers.json")));
    rules.unwrap_or_default()
});

/// The actions of each service, the worst first; `*` has those of all services.
static ACTIONS: LazyLock<Vec<OnDemand<Vec<Named>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/dangerous.txt"))));

fn actions_of(service: &str) -> &'static [Named] {
    let of_service = ACTIONS.iter().find(|of| of.key == service);
    of_service.map_or(&[], |of| of.get(Named::all))
}

/// A kind of harm.
#[derive(Debug, Deserialize)]
pub struct Danger {
    /// The lint that reports it.
    pub lint: String,
    /// The gain of the role, after "can".
    pub effect: String,
    /// From 0.0 to 10.0.
    #[serde(rename = "security-severity")]
    security_severity: String,
}

#[derive(Default, Deserialize)]
struct Rules {
    #[serde(rename = "danger")]
    dangers: Vec<Danger>,
    #[serde(rename = "rating")]
    ratings: Vec<Rating>,
}

#[derive(Deserialize)]
struct Rating {
    lint: String,
    #[serde(rename = "security-severity")]
    security_severity: String,
}

/// How dangerous an action is: the least is the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rank {
    /// Index into [`dangers`].
    pub danger: usize,
    /// The place among all actions of the danger.
    place: usize,
}

/// Action names, or the beginning of some.
struct Named {
    name: &'static str,
    is_beginning: bool,
    /// Names of levels with commas between; none stands for every level.
    access: &'static str,
    rank: Rank,
}

impl Named {
    /// The actions that a line of the data has.
    fn all(line: &'static str) -> Vec<Self> {
        line.split(';').filter_map(Named::read).collect()
    }

    fn read(text: &'static str) -> Option<Self> {
        let mut fields = text.split('|');
        let (name, access) = (fields.next()?, fields.next()?);
        let mut number = || fields.next()?.parse().ok();
        let start = name.strip_suffix('*');
        Some(Named {
            name: start.unwrap_or(name),
            is_beginning: start.is_some(),
            access,
            rank: Rank {
                danger: number()?,
                place: number()?,
            },
        })
    }

    fn is(&self, name: &str, access: AccessLevel) -> bool {
        let start = name.get(..self.name.len());
        (self.is_beginning || name.len() == self.name.len())
            && start.is_some_and(|start| start.eq_ignore_ascii_case(self.name))
            && (self.access.is_empty()
                || self.access.split(',').any(|level| level == access.name()))
    }
}

/// Every danger, the worst first.
pub fn dangers() -> &'static [Danger] {
    &RULES.dangers
}

/// How dangerous an action is; `None` where nothing but descriptions is at stake. `service` is in lower case.
pub fn danger_of(service: &str, name: &str, access: AccessLevel) -> Option<Rank> {
    let ranks = [service, "*"].into_iter().filter_map(|service| {
        let list = actions_of(service);
        let named = list.iter().find(|named| named.is(name, access));
        named.map(|named| named.rank)
    });
    ranks.min()
}

/// The `security-severity` of a lint, where it has one.
pub fn security_severity(lint: &str) -> Option<&'static str> {
    let dangers = RULES.dangers.iter();
    let dangers = dangers.map(|d| (&d.lint, &d.security_severity));
    let ratings = RULES.ratings.iter();
    let mut rated = dangers.chain(ratings.map(|r| (&r.lint, &r.security_severity)));
    rated
        .find(|(id, _)| id.as_str() == lint)
        .map(|(_, severity)| severity.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_action_of_the_rules_is_one_of_aws() {
        let catalog = Catalog::embedded();
        let all: Vec<String> = { catalog.services() }
            .flat_map(|s| s.actions().map(|a| a.spelled()).collect::<Vec<_>>())
            .collect();
        let lower: Vec<String> = all.iter().map(|a| a.to_ascii_lowercase()).collect();
        let dangerous: Vec<(&str, &Named)> = { ACTIONS.iter() }
            .flat_map(|of| actions_of(of.key).iter().map(|named| (of.key, named)))
            .collect();
        assert!(dangerous.len() > 100, "{}", dangerous.len());
        for (service, named) in dangerous {
            let action = format!("{service}:{}", named.name);
            let start = action.to_ascii_lowercase();
            let is_known = match (named.is_beginning, service) {
                (false, _) => all.contains(&action),
                (true, "*") => lower
                    .iter()
                    .any(|a| a.contains(start.trim_start_matches('*'))),
                (true, _) => lower.iter().any(|a| a.starts_with(&start)),
            };
            assert!(is_known, "{action}");
        }
    }

    #[test]
    fn the_worst_danger_counts() {
        let lint = |action: &str, access| {
            let (service, name) = action.split_once(':').unwrap();
            danger_of(service, name, access).map(|rank| dangers()[rank.danger].lint.as_str())
        };
        for (action, access, expected) in [
            (
                "iam:PutRolePolicy",
                AccessLevel::PermissionsManagement,
                Some("excess-privileges"),
            ),
            (
                "iam:DeleteRolePolicy",
                AccessLevel::PermissionsManagement,
                Some("excess-privileges"),
            ),
            (
                "iam:DeleteRole",
                AccessLevel::Write,
                Some("excess-destruction"),
            ),
            (
                "secretsmanager:getsecretvalue",
                AccessLevel::Read,
                Some("excess-credentials"),
            ),
            (
                "s3:GetObject",
                AccessLevel::Read,
                Some("excess-data-access"),
            ),
            (
                "s3:PutBucketPolicy",
                AccessLevel::PermissionsManagement,
                Some("excess-exposure"),
            ),
            (
                "s3:DeleteBucketPolicy",
                AccessLevel::PermissionsManagement,
                Some("excess-exposure"),
            ),
            (
                "sqs:DeleteQueue",
                AccessLevel::Write,
                Some("excess-destruction"),
            ),
            ("ec2:DeleteTags", AccessLevel::Tagging, None),
            ("ec2:RunInstances", AccessLevel::Write, Some("excess-cost")),
            ("ec2:DescribeInstances", AccessLevel::List, None),
            ("s3:GetBucketLocation", AccessLevel::Read, None),
            ("sqs:SendMessage", AccessLevel::Write, None),
        ] {
            assert_eq!(lint(action, access), expected, "{action}");
        }
        let rank = |action: &str| {
            let (service, name) = action.split_once(':').unwrap();
            danger_of(service, name, AccessLevel::Write).unwrap()
        };
        assert!(rank("kms:ScheduleKeyDeletion") < rank("ec2:DeleteVolume"));
        assert!(rank("ec2:DeleteVolume") < rank("ec2:DeleteVpc"));
        assert!(rank("ec2:DeleteVpc") < rank("ec2:RunInstances"));
    }
}
