use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::*;

/// Texts and what Python's `configparser` reads from them, set up as `ParallelCluster` 2.x does it.
#[test]
fn the_dialect_is_that_of_configparser() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cluster-config/dialect.json");
    let cases: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 50);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let Ok(file) = parse(text, 0) else {
            assert!(case.get("error").is_some(), "{text:?} is legal");
            continue;
        };
        let expected = case.get("sections").and_then(Value::as_object);
        let expected = expected.unwrap_or_else(|| panic!("{text:?} is no file"));
        assert_eq!(read_back(&file), *expected, "{text:?}");
    }
}

/// Every section with all its keys, inherited ones included; null for a value that cannot be had.
fn read_back(file: &File<'_>) -> Map<String, Value> {
    let keys = |name: &str| -> Vec<String> {
        let section = file.sections.get(name);
        section.map_or(Vec::new(), |s| s.entries.keys().cloned().collect())
    };
    file.names()
        .map(|name| name.value.as_str())
        .filter(|name| *name != DEFAULT)
        .map(|name| {
            let values = [keys(name), keys(DEFAULT)].concat().into_iter().map(|key| {
                let value = file.filled(name, &key).unwrap();
                (key, value.ok().map_or(Value::Null, |v| v.value.into()))
            });
            (name.to_owned(), Value::Object(values.collect()))
        })
        .collect()
}

#[test]
fn places_quote_keys_and_values() {
    let text = "[cluster one]\n key = a b ; why\nlist =\n  x,\n\n  y # no\n";
    let file = parse(text, 0).unwrap();
    let quote = |span: Span| text.get(span.range()).unwrap();
    let entries = &file.sections["cluster one"].entries;
    assert_eq!(quote(file.sections["cluster one"].header), "cluster one");
    assert_eq!(quote(entries["key"].key), "key");
    assert_eq!(quote(entries["key"].place), "a b");
    assert_eq!(
        file.get("cluster one", "list").unwrap().unwrap().value,
        "x,\n\ny"
    );
    assert_eq!(quote(entries["list"].place), "x,\n\n  y");
}

#[test]
fn insertion_ends() {
    let mut text = String::from("[a]\nx0 =\n");
    for level in 1..9 {
        let insert = format!("%(x{})s", level - 1).repeat(1000);
        writeln!(text, "x{level} = {insert}").unwrap();
    }
    let file = parse(&text, 0).unwrap();
    let problem = file.get("a", "x8").unwrap_err();
    assert!(problem.message.contains("too often"), "{}", problem.message);
    assert_eq!(file.get("a", "x0").unwrap(), None);
}
