//! The dangers of actions that nothing requires, from `rules/dangers.toml`. Read only where a permission is not required.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::catalog::AccessLevel;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rules = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/dangers.json")));
    Table::new(rules.unwrap_or_default())
});

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
    #[serde(rename = "group")]
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    actions: Vec<String>,
    access: Vec<String>,
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

/// Action names, or the beginning of some, in lower case.
struct Named {
    name: String,
    is_beginning: bool,
    /// None for every level.
    access: Vec<String>,
    rank: Rank,
}

struct Table {
    rules: Rules,
    /// By service, the worst first.
    by_service: FxHashMap<String, Vec<Named>>,
    /// Those of all services, the worst first.
    anywhere: Vec<Named>,
}

impl Table {
    fn new(rules: Rules) -> Self {
        let mut by_service: FxHashMap<String, Vec<Named>> = FxHashMap::default();
        let mut anywhere = Vec::new();
        for (danger, found) in rules.dangers.iter().enumerate() {
            let groups = found.groups.iter();
            let actions = groups.flat_map(|group| group.actions.iter().map(move |a| (group, a)));
            for (place, (group, action)) in actions.enumerate() {
                let action = action.to_ascii_lowercase();
                let start = action.strip_suffix('*');
                let (service, name) = { start.unwrap_or(&action) }
                    .split_once(':')
                    .unwrap_or_default();
                let named = Named {
                    name: name.to_owned(),
                    is_beginning: start.is_some(),
                    access: group.access.clone(),
                    rank: Rank { danger, place },
                };
                if service == "*" {
                    anywhere.push(named);
                } else {
                    let of_service = by_service.entry(service.to_owned()).or_default();
                    of_service.push(named);
                }
            }
        }
        Table {
            rules,
            by_service,
            anywhere,
        }
    }
}

impl Named {
    fn is(&self, name: &str, access: AccessLevel) -> bool {
        let start = name.get(..self.name.len());
        (self.is_beginning || name.len() == self.name.len())
            && start.is_some_and(|start| start.eq_ignore_ascii_case(&self.name))
            && (self.access.is_empty() || self.access.iter().any(|level| level == access.name()))
    }
}

/// Every danger, the worst first.
pub fn dangers() -> &'static [Danger] {
    &TABLE.rules.dangers
}

/// How dangerous an action is; `None` where nothing but descriptions is at stake. `service` is in lower case.
pub fn danger_of(service: &str, name: &str, access: AccessLevel) -> Option<Rank> {
    let of_service = TABLE.by_service.get(service);
    let ranks = [of_service.unwrap_or(&Vec::new()), &TABLE.anywhere].map(|list| {
        let named = list.iter().find(|named| named.is(name, access));
        named.map(|named| named.rank)
    });
    ranks.into_iter().flatten().min()
}

/// The `security-severity` of a lint, where it has one.
pub fn security_severity(lint: &str) -> Option<&'static str> {
    let dangers = TABLE.rules.dangers.iter();
    let dangers = dangers.map(|d| (&d.lint, &d.security_severity));
    let ratings = TABLE.rules.ratings.iter();
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
        for action in dangers()
            .iter()
            .flat_map(|d| &d.groups)
            .flat_map(|g| &g.actions)
        {
            let is_known = match action.to_ascii_lowercase().strip_suffix('*') {
                None => all.contains(action),
                Some(start) => match start.strip_prefix("*:") {
                    Some(name) => lower.iter().any(|a| a.contains(&format!(":{name}"))),
                    None => lower.iter().any(|a| a.starts_with(start)),
                },
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
