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

/// The beginning of action names.
struct Beginning {
    name: String,
    access: Vec<String>,
    rank: Rank,
}

struct Table {
    rules: Rules,
    /// By `service:name` in lower case.
    exact: FxHashMap<String, (Rank, Vec<String>)>,
    /// By service, the worst first.
    beginnings: FxHashMap<String, Vec<Beginning>>,
    /// Those of all services, the worst first.
    anywhere: Vec<Beginning>,
}

impl Table {
    fn new(rules: Rules) -> Self {
        let mut exact = FxHashMap::default();
        let mut beginnings: FxHashMap<String, Vec<Beginning>> = FxHashMap::default();
        let mut anywhere = Vec::new();
        for (danger, found) in rules.dangers.iter().enumerate() {
            let groups = found.groups.iter();
            let actions = groups.flat_map(|group| group.actions.iter().map(move |a| (group, a)));
            for (place, (group, action)) in actions.enumerate() {
                let rank = Rank { danger, place };
                let action = action.to_ascii_lowercase();
                let access = group.access.clone();
                let Some(start) = action.strip_suffix('*') else {
                    exact.entry(action).or_insert((rank, access));
                    continue;
                };
                let (service, name) = start.split_once(':').unwrap_or((start, ""));
                let beginning = Beginning {
                    name: name.to_owned(),
                    access,
                    rank,
                };
                if service == "*" {
                    anywhere.push(beginning);
                } else {
                    let of_service = beginnings.entry(service.to_owned()).or_default();
                    of_service.push(beginning);
                }
            }
        }
        Table {
            rules,
            exact,
            beginnings,
            anywhere,
        }
    }
}

/// Every danger, the worst first.
pub fn dangers() -> &'static [Danger] {
    &TABLE.rules.dangers
}

/// How dangerous an action (`service:Name`) is; `None` where nothing but descriptions is at stake.
pub fn danger_of(action: &str, access: AccessLevel) -> Option<Rank> {
    let action = action.to_ascii_lowercase();
    let (service, name) = action.split_once(':')?;
    let counts = |levels: &[String]| levels.is_empty() || levels.iter().any(|l| l == access.name());
    let exact = TABLE.exact.get(&action);
    let exact = exact
        .filter(|(_, levels)| counts(levels))
        .map(|(rank, _)| *rank);
    let of_service = TABLE.beginnings.get(service).map_or(&[][..], Vec::as_slice);
    let starts = [of_service, &TABLE.anywhere].map(|beginnings| {
        let mut all = beginnings.iter();
        let found = all.find(|b| name.starts_with(&b.name) && counts(&b.access));
        found.map(|b| b.rank)
    });
    starts.into_iter().flatten().chain(exact).min()
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
            danger_of(action, access).map(|rank| dangers()[rank.danger].lint.as_str())
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
        let rank = |action: &str| danger_of(action, AccessLevel::Write).unwrap();
        assert!(rank("kms:ScheduleKeyDeletion") < rank("ec2:DeleteVolume"));
        assert!(rank("ec2:DeleteVolume") < rank("ec2:DeleteVpc"));
        assert!(rank("ec2:DeleteVpc") < rank("ec2:RunInstances"));
    }
}
