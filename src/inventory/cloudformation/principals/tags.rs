//! The tags of a role.

use super::super::evaluate::Template;
use crate::inventory::Node as Made;
use crate::parser::Tags;

/// The tags that a role has for sure. It may have those of its stack, too:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>
pub(super) fn tags(template: &mut Template<'_>, role: &str) -> Tags {
    let asked = std::mem::take(&mut template.asked);
    let value = template.property(role, "Tags");
    let is_fixed = template.asked.is_empty();
    template.asked = asked;
    let Some(value) = value.filter(|value| is_fixed && matches!(value.node, Made::List(_))) else {
        return Tags::default();
    };
    let known = value.elements().iter().filter_map(|tag| {
        let of = |key: &str| tag.get(key)?.text();
        Some((of("Key")?, of("Value")?))
    });
    Tags {
        known: known.collect(),
        are_all: false,
    }
}
