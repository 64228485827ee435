//! The roles that ParallelCluster itself creates, known by their names, from `rules/created-roles.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::data::SCHEDULERS;
use super::{RefStatement, Reference, Setting, has_no_scheduler};

static FILE: LazyLock<File> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/created_roles.json"));
    serde_json::from_str(text).unwrap_or_default()
});

#[derive(Default, Deserialize)]
struct File {
    created: Vec<Created>,
    values: BTreeMap<String, String>,
}

/// The start of the names of the log groups of functions.
const LOG_GROUP: &str = "/aws/lambda/pcluster-";

/// A role that ParallelCluster creates.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Created {
    names: Vec<String>,
    /// The roles of `rules/roles.toml` that it may be; none for one that no customer writes policies for.
    pub roles: Vec<String>,
    function: Option<String>,
    services: Vec<String>,
    without: Vec<String>,
    /// The last release that creates it, where newer ones create another role.
    pub last: Option<String>,
}

impl Created {
    /// The role with this path and name.
    pub fn named(path_and_name: &str) -> Option<&'static Created> {
        let is_it = |created: &&Created| {
            let mut names = created.names.iter();
            names.any(|name| fits(name.as_bytes(), path_and_name.as_bytes()))
        };
        FILE.created.iter().find(is_it)
    }

    fn calls(&self, action: &str) -> bool {
        let service = action.split(':').next().unwrap_or_default();
        self.services.iter().any(|s| s == service)
    }

    /// Leaves what one function needs of what a role for all of them needs.
    fn keep_own(&self, function: &str, statements: &mut Vec<RefStatement>) {
        let is_own = |resource: &String| match resource.split_once(LOG_GROUP) {
            Some((_, name)) => name.starts_with('*') || name.starts_with(function),
            None => true,
        };
        for statement in statements.iter_mut() {
            statement.action.values.retain(|action| self.calls(action));
            statement.resource.values.retain(is_own);
        }
        let is_empty =
            |s: &RefStatement| s.action.values.is_empty() || s.resource.values.is_empty();
        statements.retain(|statement| !is_empty(statement));
    }
}

/// Whether a pattern with `*` for any text and `#` for a hexadecimal digit is that of a name.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'*', after)), _) => {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| fits(after, name)))
        }
        (Some((b'#', pattern)), Some((digit, name))) => {
            digit.is_ascii_hexdigit() && fits(pattern, name)
        }
        (Some((one, pattern)), Some((other, name))) => one == other && fits(pattern, name),
        (Some(_), None) => false,
    }
}

impl Reference {
    /// The reference for a role that ParallelCluster created: for one function, what that function calls; without a cluster
    /// configuration, what it has with every one.
    #[must_use]
    pub fn as_created(&self, created: &'static Created, is_configured: bool) -> Reference {
        let has_scheduler = !self.role.as_deref().is_some_and(has_no_scheduler);
        let mut reference = if is_configured || !has_scheduler {
            self.clone()
        } else {
            let scheduler = SCHEDULERS.iter().map(|(name, ..)| *name);
            let scheduler = scheduler.filter(|name| self.scheduler.as_deref() == Some(*name));
            let values = FILE.values.iter();
            let values = values.map(|(name, value)| (name.as_str(), vec![value.clone()]));
            let mut reference = self.for_setting(&Setting {
                labels: scheduler.collect(),
                is_partial: true,
                absent: created.without.iter().map(String::as_str).collect(),
                values: values.collect(),
                ..Setting::default()
            });
            reference.is_created = true;
            reference
        };
        if let Some(function) = &created.function {
            created.keep_own(function, &mut reference.statements);
            created.keep_own(function, &mut reference.generated);
            for gap in reference.gaps.iter_mut().filter(|g| !g.of_configuration) {
                created.keep_own(function, &mut gap.statements);
            }
            let gaps = &mut reference.gaps;
            gaps.retain(|gap| !gap.statements.is_empty());
        }
        reference
    }
}

#[cfg(test)]
mod tests {
    use super::Created;

    #[test]
    fn names_tell_the_role() {
        let long = "team-a-ComputeFleetQueuesNestedStackQueuesNestedSta-0E1F3A4B5C6D";
        for (name, expected) in [
            (
                "parallelcluster/prod/prod-RoleHeadNode-61536C6A275F",
                &["head-node"][..],
            ),
            (
                "hpc/prod/site-RoleE0417928efb829de-60CC23253FD3",
                &["compute-node", "login-node"],
            ),
            (long, &["compute-node"]),
            ("hpc/site-CleanupRoute53Role-C8D9606C82DF", &["lambda"]),
            ("parallelcluster/a/a-PclusterJobRole-2EFDF86056E2", &[]),
            (
                "parallelcluster/ParallelClusterImageCleanup-161b612f-fe18-f38a-f289-b72f0a94e6b7",
                &["image-build-lambda"],
            ),
        ] {
            assert_eq!(Created::named(name).unwrap().roles, expected, "{name}");
        }
        for other in [
            "head-node",
            "prod-RoleForHeadNodeTest-1",
            "my-JobRole-1",
            "RoleHeadNode",
        ] {
            assert!(Created::named(other).is_none(), "{other}");
        }
    }
}
