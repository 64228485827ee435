//! The context of requests from the user: `--context KEY=VALUE` and `--context-file FILE`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::Error;
use super::conceal;
use super::input::{self, Content};
use crate::matcher::condition::{self, KeyValue};

/// Larger files are refused: a request has some dozens of condition keys.
const LARGEST: usize = 256 * 1024;

/// The keys of the file, and then those of the command line, which replace the file's.
pub(super) fn context(
    file: Option<&Path>,
    arguments: &[String],
) -> Result<BTreeMap<String, KeyValue>, Error> {
    let mut context = match file {
        Some(path) => read(path)?,
        None => BTreeMap::new(),
    };
    let mut given: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for argument in arguments {
        let bad = |reason: &str, help: &str| Error::BadValue {
            option: "--context",
            value: argument.clone(),
            reason: reason.to_owned(),
            help: help.to_owned(),
        };
        let (key, value) = argument.split_once('=').ok_or_else(|| {
            bad(
                "it has no `=`",
                "write --context KEY=VALUE, for example aws:SourceVpc=vpc-0123456789abcdef0",
            )
        })?;
        if !condition::is_key(key) {
            return Err(bad(
                &format!("`{key}` is not a condition key"),
                "condition keys are written `service:Name`, for example aws:SourceVpc",
            ));
        }
        if value.is_empty() {
            return Err(bad(
                "the value is empty",
                "give a value; for a key that requests do not have, write `null` in a --context-file",
            ));
        }
        given
            .entry(condition::fold_key(key))
            .or_default()
            .push(value);
    }
    for (key, values) in given {
        let values = values.into_iter().map(condition::literal).collect();
        context.insert(key, KeyValue::Values(values));
    }
    Ok(context)
}

/// The members of an object in order, which no map type keeps when keys repeat.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of condition keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, KeyValue>, Error> {
    let bad = |reason: String| Error::BadContext {
        path: path.to_string_lossy().into_owned(),
        reason,
    };
    let bytes = input::read(path, Content::Other).map_err(|problem| bad(problem.message))?;
    let text = String::from_utf8_lossy(&bytes);
    parse(&bytes).map_err(|reason| bad(conceal::message(conceal::Content::Context, &text, reason)))
}

/// The condition keys (folded) that the text of a context file gives.
///
/// # Errors
///
/// The fault of the text.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<String, KeyValue>, String> {
    if bytes.len() > LARGEST {
        return Err(format!("it is larger than {} KiB", LARGEST / 1024));
    }
    let Members(members) = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut context = BTreeMap::new();
    for (key, value) in members {
        if !condition::is_key(&key) {
            return Err(format!("`{key}` is not a condition key (`service:Name`)"));
        }
        let Some(known) = key_value(&value) else {
            return Err(format!(
                "the value of `{key}` must be a string, a number, a Boolean, an array of these, or null"
            ));
        };
        if context.insert(condition::fold_key(&key), known).is_some() {
            return Err(format!("`{key}` is given twice"));
        }
    }
    Ok(context)
}

fn key_value(value: &Value) -> Option<KeyValue> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(condition::literal(text)),
        Value::Bool(_) | Value::Number(_) => Some(condition::literal(&value.to_string())),
        _ => None,
    };
    match value {
        Value::Null => Some(KeyValue::Absent),
        // A key without a value counts as absent.
        Value::Array(several) if several.is_empty() => Some(KeyValue::Absent),
        Value::Array(several) => {
            let values: Option<Vec<_>> = several.iter().map(scalar).collect();
            values.map(KeyValue::Values)
        }
        one => scalar(one).map(|value| KeyValue::Values(vec![value])),
    }
}
