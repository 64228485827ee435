//! Policies that IAM does not store for their size or version: the faults of a role that no place in a text shows.

use std::collections::BTreeSet;

use super::subject::Reading;
use crate::check;
use crate::parser::{Attachment, Characters, Policy, Sources};
use crate::quota::{INLINE_OF_ROLE, MANAGED};
use crate::rejection::CONSEQUENCE;

/// The faults of the policies of one side, each once.
pub(super) fn problems(reading: &Reading, sources: &Sources) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = reading
        .all()
        .filter_map(|policy| {
            let place = check::place(sources, policy.source, policy.span);
            Some(format!("{place}: {}: {CONSEQUENCE}", fault(policy)?))
        })
        .collect();
    let own = reading.policies.iter();
    let inline: Vec<_> = own.filter(|p| p.attachment == Attachment::Inline).collect();
    let size = Characters::together(inline.iter().map(|p| &***p)).fewest;
    if let Some(first) = inline.first().filter(|_| size > INLINE_OF_ROLE) {
        let place = check::place(sources, first.source, first.span);
        found.insert(format!(
            "{place}: the inline policies have {size} characters without white space, and those of a role take {INLINE_OF_ROLE}"
        ));
    }
    found
}

fn fault(policy: &Policy) -> Option<String> {
    let most = match policy.attachment {
        Attachment::Managed => MANAGED,
        Attachment::Unknown => INLINE_OF_ROLE,
        Attachment::Inline | Attachment::Scp => return None,
    };
    let size = policy.characters.fewest;
    if size > most {
        return Some(format!(
            "the policy has {size} characters without white space, and IAM takes {most}"
        ));
    }
    (policy.attachment == Attachment::Managed && policy.has_old_version())
        .then(|| "a managed policy needs the `Version` 2012-10-17".to_owned())
}
