//! Who may assume a role of a dump.

use super::PartContent;
use crate::parser::json::{Kind, Value};

/// Reads who may assume a role. A trust policy that could not be read leaves it open.
pub(super) fn trust(value: Value<'_>, content: &mut PartContent) {
    let text = match value.kind() {
        Kind::Object => Some(value.raw().to_owned()),
        _ => value.string().map(|text| {
            let decoded = percent_encoding::percent_decode_str(&text.value);
            match decoded.decode_utf8() {
                Ok(decoded) if !text.value.trim_start().starts_with('{') => decoded.into_owned(),
                _ => text.value.clone(),
            }
        }),
    };
    let mut services = Vec::new();
    let document: Option<serde_json::Value> =
        text.and_then(|text| serde_json::from_str(&text).ok());
    let statements = document.as_ref().and_then(|d| d.get("Statement"));
    let all = match statements {
        Some(serde_json::Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => {
            content.trusts_others = true;
            &[]
        }
    };
    for statement in all {
        if statement.get("Effect").and_then(|e| e.as_str()) != Some("Allow") {
            continue;
        }
        let Some(serde_json::Value::Object(principals)) = statement.get("Principal") else {
            content.trusts_others = true;
            continue;
        };
        for (kind, names) in principals {
            let names = match names {
                serde_json::Value::Array(names) => names.as_slice(),
                one => std::slice::from_ref(one),
            };
            for name in names.iter().filter_map(|n| n.as_str()) {
                let service = name.split('.').next().unwrap_or_default();
                if kind == "Service" && service != "*" {
                    services.push(service.to_owned());
                } else if kind == "AWS" || kind == "Federated" {
                    content.trusts_people = true;
                } else {
                    content.trusts_others = true;
                }
            }
        }
    }
    content.services = Some(services);
}
