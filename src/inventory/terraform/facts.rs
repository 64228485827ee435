//! Values of the attributes of resources, from `rules/terraform.toml`.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

const RULES: &str = include_str!("../../../rules/terraform.toml");

/// A type of resource.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    #[serde(rename = "type")]
    kind: String,
    /// The argument that names it.
    pub(super) name: Option<String>,
    /// The attributes that have the same value.
    #[serde(default)]
    pub(super) identity: Vec<String>,
    /// The attributes that are its ARN under another name.
    #[serde(default)]
    same_as_arn: Vec<String>,
    #[serde(default)]
    arn: String,
    /// The ARN of the resource; empty where its form is not known.
    #[serde(skip)]
    pub(super) parts: Vec<Part>,
}

/// A part of the form of an ARN.
#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    /// `${Region}`
    Placeholder(String),
    /// `{path=/}`: an argument, and what it is when it is not set.
    Argument(String, Option<String>),
    /// `{https://url}`: an argument without this start.
    Without(String, String),
}

/// The schema of a resource, a data source, or a block in one.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepts {
    #[serde(rename = "in")]
    of: String,
    pub(super) arguments: Vec<String>,
    #[serde(default)]
    pub(super) blocks: Vec<String>,
    /// The arguments without which Terraform refuses it.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// Arguments of which the provider takes one.
    #[serde(default)]
    pub(super) one_of: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Facts {
    blocks: Vec<String>,
    iam_types: FxHashMap<String, Vec<String>>,
    region: FxHashMap<String, Vec<String>>,
    functions: FxHashMap<String, Vec<usize>>,
    placeholders: FxHashMap<String, FxHashMap<String, String>>,
    names: FxHashMap<String, Vec<String>>,
    computed: FxHashMap<String, FxHashMap<String, String>>,
    accepts: Vec<Accepts>,
    resource: Vec<Resource>,
}

fn facts() -> Option<&'static Facts> {
    static FACTS: OnceLock<Option<Facts>> = OnceLock::new();
    let read = || {
        let mut facts: Facts = toml::from_str(RULES).ok()?;
        for resource in &mut facts.resource {
            resource.parts = parts(&resource.arn);
        }
        Some(facts)
    };
    FACTS.get_or_init(read).as_ref()
}

fn parts(form: &str) -> Vec<Part> {
    let mut all = Vec::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inner, behind)) = after.split_once('}') else {
            break;
        };
        let (text, is_placeholder) = match before.strip_suffix('$') {
            Some(text) => (text, true),
            None => (before, false),
        };
        if !text.is_empty() {
            all.push(Part::Text(text.to_owned()));
        }
        all.push(if is_placeholder {
            Part::Placeholder(inner.to_owned())
        } else {
            match (inner.split_once('='), inner.rfind("//")) {
                (Some((name, default)), _) => {
                    Part::Argument(name.to_owned(), Some(default.to_owned()))
                }
                (None, Some(at)) => {
                    let (start, name) = inner.split_at(at + 2);
                    Part::Without(start.to_owned(), name.to_owned())
                }
                (None, None) => Part::Argument(inner.to_owned(), None),
            }
        });
        rest = behind;
    }
    if !rest.is_empty() {
        all.push(Part::Text(rest.to_owned()));
    }
    all
}

/// Known facts on a type of resource.
pub(super) fn resource(kind: &str) -> Option<&'static Resource> {
    facts()?.resource.iter().find(|r| r.kind == kind)
}

/// The name of an attribute; `arn` for one that is the ARN under another name.
pub(super) fn attribute<'n>(kind: &str, name: &'n str) -> &'n str {
    let is_arn = |r: &Resource| r.same_as_arn.iter().any(|n| n == name);
    if resource(kind).is_some_and(is_arn) {
        "arn"
    } else {
        name
    }
}

/// The kinds of blocks that files have.
pub(super) fn blocks() -> impl Iterator<Item = &'static str> {
    let of = facts().map_or(&[][..], |f| f.blocks.as_slice());
    of.iter().map(String::as_str)
}

/// The types of the AWS provider for IAM that blocks of a kind (`resource` or `data`) may have.
pub(super) fn iam_types(kind: &str) -> &'static [String] {
    facts()
        .and_then(|f| f.iam_types.get(kind))
        .map_or(&[], Vec::as_slice)
}

/// The arguments that give the Region of one type, of any (`*`), or that leave it open (`open`).
pub(super) fn region(of: &str) -> &'static [String] {
    facts()
        .and_then(|f| f.region.get(of))
        .map_or(&[], Vec::as_slice)
}

/// The functions, each with the least and the most arguments.
pub(super) fn functions() -> Option<&'static FxHashMap<String, Vec<usize>>> {
    facts().map(|f| &f.functions)
}

/// The placeholder that an attribute of a data source stands for.
pub(super) fn placeholder(kind: &str, attribute: &str) -> Option<&'static str> {
    let of = facts()?.placeholders.get(kind)?;
    of.get(attribute).map(String::as_str)
}

/// The type of a resource of its own for each element of an argument that AWS fills in where the code does not set it.
pub(super) fn computed(kind: &str, argument: &str) -> Option<&'static str> {
    let of = facts()?.computed.get(kind)?;
    of.get(argument).map(String::as_str)
}

/// The schema of a type of resource, of a data source (`data.TYPE`), or of a block in one; `*` has what any of the first two
/// may have.
pub(super) fn accepts(of: &str) -> Option<&'static Accepts> {
    facts()?.accepts.iter().find(|a| a.of == of)
}

/// Whether an attribute is one name.
pub(super) fn is_name(kind: &str, attribute: &str) -> bool {
    let names = facts().and_then(|f| f.names.get(kind));
    names.is_some_and(|names| names.iter().any(|n| n == attribute))
}

#[cfg(test)]
mod tests {
    use super::{facts, parts};

    #[test]
    fn the_rules_can_be_read() {
        let facts = facts().expect("rules/terraform.toml is valid");
        let mut kinds: Vec<&str> = facts.resource.iter().map(|r| r.kind.as_str()).collect();
        let count = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), count, "a type is listed twice");
        for resource in &facts.resource {
            let names = resource.identity.iter();
            let named = names.filter(|n| Some(*n) == resource.name.as_ref()).count();
            assert_eq!(
                named,
                usize::from(resource.name.is_some()),
                "{}",
                resource.kind
            );
        }
    }

    #[test]
    fn the_form_of_an_arn_is_cut_into_parts() {
        let parts = parts("arn:${Partition}:iam:::role{path=/}{name}");
        let shown: Vec<String> = parts.iter().map(|p| format!("{p:?}")).collect();
        assert_eq!(
            shown,
            [
                r#"Text("arn:")"#,
                r#"Placeholder("Partition")"#,
                r#"Text(":iam:::role")"#,
                r#"Argument("path", Some("/"))"#,
                r#"Argument("name", None)"#,
            ]
        );
    }
}
