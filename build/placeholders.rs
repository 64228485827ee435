//! The placeholders of the references: `rules/placeholders.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::input::{fail, one_of, read};
use super::packs::Pack;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    name: String,
    meaning: String,
    example: String,
    spellings: Vec<String>,
    arn: Option<String>,
    shape: Option<String>,
    except: Option<String>,
    #[serde(default)]
    infer: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholders {
    literal: Vec<Literal>,
    placeholder: Vec<Placeholder>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Literal {
    word: String,
    #[serde(rename = "source")]
    _source: String,
}

/// The placeholders, after a check that the policies use no others.
pub(super) fn write(
    rules: &Path,
    packs: &BTreeMap<String, (PathBuf, Pack)>,
    out: &Path,
    code: &mut String,
) {
    let path = rules.join("placeholders.toml");
    let placeholders: Placeholders = read(&path);
    let mut spelled: BTreeMap<&str, &str> = BTreeMap::new();
    for placeholder in &placeholders.placeholder {
        for spelling in &placeholder.spellings {
            let normal = spelling
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if !normal || spelled.insert(spelling, &placeholder.name).is_some() {
                fail(
                    &path,
                    &format!("`{spelling}` is not in normal form, or stands twice"),
                );
            }
        }
    }
    let mut spellings = "static SPELLINGS: &[(&str, &str)] = &[\n".to_owned();
    for (spelling, name) in &spelled {
        let _ = writeln!(spellings, "    ({spelling:?}, {name:?}),");
    }
    let literals: Vec<&str> = placeholders
        .literal
        .iter()
        .map(|l| l.word.as_str())
        .collect();
    let _ = writeln!(spellings, "];\nstatic LITERALS: &[&str] = &{literals:?};");
    super::input::write(out, "spellings.rs", spellings);
    code.push_str("pub(super) static MEANINGS: &[(&str, &str, &str)] = &[\n");
    for p in &placeholders.placeholder {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, {:?}),",
            p.name, p.meaning, p.example
        );
    }
    code.push_str("];\npub(super) static ARNS: &[(&str, &str, bool)] = &[\n");
    for p in &placeholders.placeholder {
        if let Some(arn) = &p.arn {
            let _ = writeln!(code, "    ({:?}, {arn:?}, {}),", p.name, p.infer);
        }
    }
    code.push_str("];\npub(super) static SHAPES: &[(&str, &str, &str)] = &[\n");
    for p in &placeholders.placeholder {
        if p.shape.is_some() || p.except.is_some() {
            let shape = p.shape.as_deref().unwrap_or("*");
            let except = p.except.as_deref().unwrap_or_default();
            let _ = writeln!(code, "    ({:?}, {shape:?}, {except:?}),", p.name);
        }
    }
    code.push_str("];\n");
    let known: Vec<&str> = placeholders
        .placeholder
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    for (path, pack) in packs.values() {
        let values = pack.statements.iter().flat_map(|s| {
            let values = s.condition.values().flat_map(BTreeMap::values).flatten();
            s.resources.iter().chain(&s.not_resources).chain(values)
        });
        for rest in values.flat_map(|v| v.split("${").skip(1)) {
            let name = rest.split('}').next().unwrap_or_default();
            one_of(path, "placeholder in rules/placeholders.toml", name, &known);
        }
    }
}
