//! The values that condition keys can have: `rules/condition-values.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::input::{self, fail, read};

/// `rules/condition-values.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    form: Vec<Form>,
    network: Vec<Networks>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    keys: Vec<String>,
    forms: Vec<String>,
    title: String,
    help: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Networks {
    keys: Vec<String>,
    never: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

/// Writes the forms of values, and the networks that keys never have.
pub(super) fn write(rules: &Path, out: &Path) {
    let path = rules.join("condition-values.toml");
    let values: Values = read(&path);
    let folded = |keys: &[String]| -> Vec<String> {
        keys.iter().map(|key| key.to_ascii_lowercase()).collect()
    };
    let mut seen: Vec<String> = Vec::new();
    let lists = { values.form.iter() }.map(|f| &f.keys);
    for key in lists
        .chain(values.network.iter().map(|n| &n.keys))
        .flatten()
    {
        let key = key.to_ascii_lowercase();
        if seen.contains(&key) {
            fail(&path, &format!("`{key}` is in two entries"));
        }
        seen.push(key);
    }
    let mut code = "static FORMS: &[FormEntry] = &[\n".to_owned();
    for form in &values.form {
        let _ = writeln!(
            code,
            "    FormEntry {{ keys: &{:?}, forms: &{:?}, title: {:?}, help: {:?} }},",
            folded(&form.keys),
            form.forms,
            form.title,
            form.help
        );
    }
    code.push_str("];\nstatic NEVER: &[(&[&str], &[&str])] = &[\n");
    for networks in &values.network {
        let keys = folded(&networks.keys);
        let _ = writeln!(code, "    (&{keys:?}, &{:?}),", networks.never);
    }
    code.push_str("];\n");
    input::write(out, "condition_values.rs", code);
}
