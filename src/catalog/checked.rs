//! Facts that the catalogue's package does not have: some types, the text after the ARN format in requests, and the types
//! of actions that two generations of a service share. From `rules/resource-types.toml`.

/// A type whose ARNs in requests have text after the ARN format.
#[derive(Debug)]
pub struct Checked {
    /// The service of the actions and of the ARN.
    pub service: &'static str,
    /// The name of the type.
    pub kind: &'static str,
    /// The text after the ARN.
    pub suffix: &'static str,
    /// Actions of the service whose requests do not have that text.
    except: &'static [&'static str],
    /// AWS's announcement.
    pub ends: &'static str,
    /// The place of the announcement.
    pub ends_source: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/checked.rs"));

/// The types of a service whose ARNs in requests have text after the ARN format.
pub fn checked_types(service: &str) -> impl Iterator<Item = &'static Checked> {
    CHECKED.iter().filter(move |c| c.service == service)
}

/// The text after the ARN format of a type in the requests of an action.
pub(super) fn suffix(service: &str, action: &str, kind: &str) -> &'static str {
    let mut checked = checked_types(service);
    let found = checked.find(|c| {
        let mut except = c.except.iter();
        c.kind == kind && !except.any(|e| e.eq_ignore_ascii_case(action))
    });
    found.map_or("", |c| c.suffix)
}

/// The types of an action as a row of the catalogue has them, where the package lists those of one generation of the
/// service only.
pub(super) fn listed(service: &str, action: &str) -> Option<&'static str> {
    let mut listed = LISTED.iter().filter(|(of, ..)| *of == service);
    listed
        .find(|(_, name, _)| *name == action)
        .map(|(.., types)| *types)
}

/// The rows of the types of a service that the package does not have.
pub(super) fn rows_of(service: &str) -> impl Iterator<Item = &str> + use<'_> {
    let own = TYPES.iter().filter(move |(of, ..)| *of == service);
    own.map(|(.., row)| *row)
}

/// The row of such a type.
pub(super) fn row_named(service: &str, name: &str) -> Option<&'static str> {
    let mut own = TYPES.iter();
    own.find(|(of, kind, _)| (*of, *kind) == (service, name))
        .map(|(.., row)| *row)
}
