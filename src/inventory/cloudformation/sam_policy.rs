//! Policy templates of SAM (`S3ReadPolicy: {BucketName: x}`) that SAM refuses. From `rules/sam-policies.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::refused_template;
use crate::inventory::{Node, Value};
use crate::nearest::nearest_word;
use crate::parser::{Problem, shorten};

#[derive(Debug, Default, Deserialize)]
struct Table {
    templates: BTreeMap<String, Vec<String>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/sam-policies.toml")).unwrap_or_default()
});

/// Why SAM refuses a policy template. One of a later release of SAM may have any other name, so only a misspelled one is
/// reported.
pub(super) fn refused(key: &Value, parameters: &Value) -> Option<Problem> {
    let name = key.text()?;
    let Some(wanted) = TABLE.templates.get(&name) else {
        let all = TABLE.templates.keys().map(String::as_str);
        let meant = nearest_word(&name, all, 2)?;
        let message = format!("`{}` is not a policy template of SAM", shorten(&name));
        let help = format!("did you mean `{meant}`? SAM refuses the function");
        return Some(Problem::unresolved(&name, message, key.span).with_help(help));
    };
    let has = |parameter: &&String| match &parameters.node {
        Node::Map(_) => parameters.get(parameter).is_some(),
        // A function may give all of them.
        node => !matches!(node, Node::Null | Node::Text(_) | Node::List(_)),
    };
    let missing: Vec<String> = { wanted.iter() }
        .filter(|parameter| !has(parameter))
        .map(|parameter| format!("`{parameter}`"))
        .collect();
    let message = format!("the policy template `{name}` has no {}", missing.join(", "));
    let refused = || refused_template(&name, message, "add it", key.span);
    (!missing.is_empty()).then(refused)
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_templates_are_read() {
        assert!(TABLE.templates.len() > 80);
        assert_eq!(TABLE.templates["S3ReadPolicy"], ["BucketName"]);
    }
}
