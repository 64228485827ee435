//! Values of `Ref` and `Fn::GetAtt` for each type of resource. From `rules/cloudformation.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::nearest::nearest_word;

/// One type of resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Type {
    #[serde(rename = "type")]
    kind: String,
    /// The property that names it.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// The value of `Ref`.
    #[serde(default, rename = "ref")]
    pub(super) reference: Option<String>,
    /// The values of `Fn::GetAtt`.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// Attributes that may be any text. One that ends in `*` is the start of several.
    #[serde(default)]
    others: Vec<String>,
    /// Properties that SAM takes from `Globals`, as far as they bear on permissions.
    #[serde(default)]
    pub(super) globals: Vec<String>,
    /// The end of the logical id of the role that SAM makes for a resource without `Role`.
    #[serde(default)]
    pub(super) role: Option<String>,
    /// The AWS managed policies of that role.
    #[serde(default)]
    pub(super) made: Vec<Made>,
    /// All of its properties, where others are reported.
    #[serde(default)]
    pub(super) properties: Vec<String>,
    /// The type must have all of these properties.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// The type must have one of these properties.
    #[serde(default)]
    pub(super) one_of: Vec<String>,
    /// Properties that take a list.
    #[serde(default)]
    pub(super) lists: Vec<String>,
    /// How many elements a list may have.
    #[serde(default)]
    pub(super) most: BTreeMap<String, usize>,
    /// Lists that may not have an element twice.
    #[serde(default)]
    pub(super) unique: Vec<String>,
}

impl Type {
    /// Whether `Fn::GetAtt` has this attribute.
    pub(super) fn has_attribute(&self, name: &str) -> bool {
        let is_it = |other: &String| match other.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => other == name,
        };
        self.attributes.contains_key(name) || self.others.iter().any(is_it)
    }

    /// The attributes with known values, and then the others.
    pub(super) fn all_attributes(&self) -> Vec<&str> {
        let known = self.attributes.keys().chain(&self.others);
        known.map(String::as_str).collect()
    }

    /// The attribute that is written differently only in its capital letters, or that is the nearest word.
    pub(super) fn attribute_like(&self, name: &str) -> Option<&str> {
        let all = self.all_attributes();
        let same = all.iter().find(|other| other.eq_ignore_ascii_case(name));
        { same.copied() }.or_else(|| nearest_word(name, all.iter().copied(), 2))
    }
}

/// An AWS managed policy of the role that SAM makes for a resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// Its path and name.
    pub(super) policy: String,
    /// The property that asks for it.
    #[serde(default)]
    pub(super) with: Option<String>,
    /// The property with which it is another one.
    #[serde(default)]
    pub(super) without: Option<String>,
    /// The value of the property that does not ask for it.
    #[serde(default)]
    pub(super) except: Option<String>,
    /// The partitions where it is this one; all where there are none.
    #[serde(default)]
    pub(super) partitions: Vec<String>,
}

/// What a template may contain.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Anatomy {
    pub(super) version: String,
    pub(super) sections: Vec<String>,
    pub(super) pseudo_parameters: Vec<String>,
    pub(super) adds: Vec<String>,
    pub(super) tool_sections: Vec<String>,
    pub(super) sam_sections: Vec<String>,
    pub(super) sam_types: String,
    pub(super) sam_makes: Vec<String>,
    pub(super) sam_names: Vec<String>,
    /// The values of the attributes of a resource that have a closed list.
    pub(super) policies: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Table {
    service_role: Vec<String>,
    template: Anatomy,
    #[serde(rename = "type")]
    types: Vec<Type>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/cloudformation.toml")).unwrap_or_default()
});

/// How long a logical id may be.
pub(super) const LONGEST_ID: usize = 255;

/// What any template may contain.
pub(super) fn anatomy() -> &'static Anatomy {
    &TABLE.template
}

/// Known facts on a type.
pub(super) fn find(kind: &str) -> Option<&'static Type> {
    TABLE.types.iter().find(|t| t.kind == kind)
}

/// The path of an AWS managed policy, by its name.
pub(super) fn path_of_managed(name: &str) -> &'static str {
    let is_of_service = TABLE.service_role.iter().any(|other| other == name);
    if is_of_service { "service-role/" } else { "" }
}

/// The start of the types of IAM, all of which are known.
const IAM: &str = "AWS::IAM::";

/// Whether a type is one of IAM.
pub(super) fn is_of_iam(kind: &str) -> bool {
    let start = kind.get(..IAM.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(IAM)) && !kind.ends_with("::MODULE")
}

/// The types of IAM.
pub(super) fn of_iam() -> Vec<&'static str> {
    let all = TABLE.types.iter().map(|t| t.kind.as_str());
    all.filter(|kind| is_of_iam(kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_and_every_placeholder_is_known() {
        assert!(TABLE.types.len() > 20);
        for kind in &TABLE.types {
            let forms = kind.reference.iter().chain(kind.attributes.values());
            for form in forms {
                for part in form.split("${").skip(1) {
                    let name = part.split('}').next().unwrap();
                    let known = [
                        "Name",
                        "Host",
                        "Id",
                        "Path",
                        "AWS::Partition",
                        "AWS::Region",
                        "AWS::AccountId",
                        "AWS::URLSuffix",
                    ];
                    assert!(known.contains(&name), "{}: {name}", kind.kind);
                    assert!(
                        !["Name", "Host"].contains(&name) || kind.name.is_some(),
                        "{}",
                        kind.kind
                    );
                }
            }
        }
    }
}
