//! Facts that are missing from the AWS catalogue: resource types that ParallelCluster uses, resources that accounts
//! share or that AWS owns, and the Regions of requests. From `rules/resource-types.toml`, `rules/actions.toml`,
//! `rules/name-characters.toml` and `rules/regions.toml`.

use super::data::{
    ABSENT_KEYS, DIRECTIONS, FREE_ACTIONS, NAMES, NEEDED_TYPES, OUTSIDE, REGION_PASSED,
    REGION_UNKNOWN, REGIONS, SAME_KEYS, SHARED, US_EAST_1,
};

/// Resource types of an action, or else of all actions of its service, that ParallelCluster uses although the catalogue
/// calls them optional.
pub fn needed_types(service: &str, name: &str) -> &'static [&'static str] {
    let types = types_needed_for(service, name);
    types
        .or_else(|| types_needed_for(service, "*"))
        .unwrap_or_default()
}

fn types_needed_for(service: &str, name: &str) -> Option<&'static [&'static str]> {
    let length = service.len() + 1 + name.len();
    let is = |action: &str| {
        action.len() == length
            && action.split_once(':').is_some_and(|(s, n)| {
                s.eq_ignore_ascii_case(service) && n.eq_ignore_ascii_case(name)
            })
    };
    let found = NEEDED_TYPES.iter().find(|(action, _)| is(action));
    found.map(|(_, types)| *types)
}

/// Whether accounts share some resources of a service with one another.
pub fn shares(service: &str) -> bool {
    SHARED.iter().any(|(s, _)| *s == service)
}

/// Whether accounts share resources of a type with one another.
pub fn is_shared(service: &str, kind: &str) -> bool {
    let mut shared = SHARED.iter();
    shared.any(|(s, kinds)| *s == service && kinds.contains(&kind))
}

/// The Region of a request, as in `aws:RequestedRegion`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestRegion {
    /// The cluster's.
    Own,
    /// The one endpoint of the partition: `us-east-1` in `aws`.
    UsEast1,
    /// One of these two.
    OwnOrUsEast1,
    /// Not known.
    Unknown,
}

/// The Region of the requests of an action (in lower case).
pub fn request_region(service: &str, name: &str) -> RequestRegion {
    let is_it = |listed: &&str| match listed.split_once(':') {
        Some((s, n)) => s == service && n == name,
        None => *listed == service,
    };
    if REGION_PASSED.iter().any(is_it) {
        RequestRegion::OwnOrUsEast1
    } else if US_EAST_1.iter().any(is_it) {
        RequestRegion::UsEast1
    } else if REGION_UNKNOWN.iter().any(is_it) {
        RequestRegion::Unknown
    } else {
        RequestRegion::Own
    }
}

/// The Regions that there were when this program was made.
pub fn regions() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().copied()
}

/// Whether a name is built as those of all Regions are: with a direction before its number.
pub fn is_region_name(name: &str) -> bool {
    let direction = name.rsplit('-').nth(1);
    direction.is_some_and(|word| DIRECTIONS.contains(&word))
}

/// The other name of a condition key (folded) with the same value in the requests of a service, and whether the other one is
/// the global one.
pub fn same_key(service: &str, key: &str) -> Option<(String, bool)> {
    let mut same = SAME_KEYS.iter().filter(|(of, ..)| *of == service);
    same.find_map(|(_, global, own)| {
        let renamed = |from: &str, to: &str| {
            let rest = key.strip_prefix(from)?;
            (rest.is_empty() != from.ends_with('/')).then(|| format!("{to}{rest}"))
        };
        let of_own = renamed(own, global).map(|name| (name, true));
        of_own.or_else(|| renamed(global, own).map(|name| (name, false)))
    })
}

/// The condition keys, in lower case, that some requests of an action (in lower case) do not have.
pub fn absent_keys(service: &str, name: &str) -> impl Iterator<Item = &'static str> {
    let own = ABSENT_KEYS.iter().filter(move |(action, _)| {
        action
            .split_once(':')
            .is_some_and(|(s, n)| s == service && n == name)
    });
    own.map(|(_, key)| *key)
}

/// Whether AWS lets every principal call an action, whatever policies allow or deny.
pub fn needs_no_permission(service: &str, name: &str) -> bool {
    let mut free = FREE_ACTIONS.iter();
    free.any(|(s, n)| s.eq_ignore_ascii_case(service) && n.eq_ignore_ascii_case(name))
}

/// The characters that AWS allows in a name, as [`Class::of`](crate::matcher::Class::of) reads them; `None` if that is
/// not known. `service` is that of the ARN, and `name` is between `${` and `}` in its format.
pub fn name_characters(service: &str, name: &str) -> Option<&'static str> {
    let found = NAMES.binary_search_by(|(s, n, _)| (*s, *n).cmp(&(service, name)));
    found
        .ok()
        .and_then(|at| NAMES.get(at))
        .map(|(.., characters)| *characters)
}

/// The account field in ARNs of a resource type that AWS itself owns.
pub fn account_alternatives(service: &str, kind: &str) -> &'static [&'static str] {
    OUTSIDE
        .iter()
        .find(|(s, k, _)| *s == service && *k == kind)
        .map_or(&[], |(.., accounts)| accounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::matcher::Class;

    #[test]
    fn names_are_those_of_the_catalogue_and_their_characters_make_a_class() {
        let catalog = Catalog::embedded();
        for (service, name, characters) in NAMES {
            assert!(Class::of(characters).is_some(), "{service} {name}");
            let hole = format!("${{{name}}}");
            let is = |arn: &str| arn.split(':').nth(2) == Some(service) && arn.contains(&hole);
            let mut types = catalog.services().flat_map(|s| s.resource_types());
            assert!(types.any(|t| is(t.arn)), "{service} has no name `{name}`");
            assert_eq!(name_characters(service, name), Some(*characters));
        }
        assert_eq!(name_characters("sqs", "TableName"), None);
    }
}
