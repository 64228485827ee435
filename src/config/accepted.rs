//! The tables of a configuration about findings: their severities, and those that were accepted.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::ignore::{Ignore, Subject};
use super::reader::path_pattern;
use super::reader::{Reader, Value, span};
use super::single_value;
use super::{Day, FIXED, Level};
use crate::nearest::hint;
use crate::parser::{Span, Spanned, shorten};

/// Keys of an ignore.
pub(super) const IGNORE: [&str; 7] = [
    "lint",
    "path",
    "reason",
    "reference-sid",
    "sid",
    "subject",
    "until",
];

/// An ignore has one or more of these fields.
pub(super) const FIELDS: [&str; 5] = ["lint", "path", "sid", "reference-sid", "subject"];

type Levels = BTreeMap<&'static str, Level>;
type Spans = BTreeMap<&'static str, Span>;

/// Severities by lint, and where each is.
pub(super) fn levels(reader: &mut Reader, value: &Value<'_>) -> (Levels, Spans) {
    let mut levels = BTreeMap::new();
    let mut spans = BTreeMap::new();
    for (key, value) in reader
        .table("lints", value)
        .into_iter()
        .flat_map(DeTable::iter)
    {
        let name = &**key.get_ref();
        let lint = match single_value::lint(name) {
            Ok(lint) => lint,
            Err(help) => {
                let message = format!("`{}` is not a lint", shorten(name));
                reader.wrong(span(key.span()), message, help);
                continue;
            }
        };
        let Some(text) = reader.text(name, value) else {
            continue;
        };
        match Level::parse(&text.value) {
            Some(_) if FIXED.contains(&lint) => {
                let message = format!("the severity of `{lint}` cannot be changed");
                let help = "it reports what could not be judged, with exit code 2".to_owned();
                reader.wrong(span(key.span()), message, help);
            }
            Some(level) => {
                levels.insert(lint, level);
                spans.insert(lint, span(key.span()));
            }
            None => {
                let message = format!("`{}` is not a severity", shorten(&text.value));
                let help = hint(&text.value, &["error", "warning", "note", "off"]);
                reader.wrong(text.span, message, help);
            }
        }
    }
    (levels, spans)
}

pub(super) fn ignore(reader: &mut Reader, head: Span, table: &DeTable<'_>) -> Option<Ignore> {
    let mut ignore = Ignore {
        span: head,
        lint: None,
        path: None,
        sid: None,
        reference_sid: None,
        subject: None,
        reason: String::new(),
        until: None,
    };
    let mut usable = true;
    for (key, value) in table {
        match &**key.get_ref() {
            "lint" => ignore.lint = ignored_lint(reader, value),
            "path" => {
                ignore.path = reader.text("path", value);
                if let Some(path) = &ignore.path {
                    path_pattern(reader, path);
                }
            }
            "sid" => ignore.sid = reader.text("sid", value),
            "reference-sid" => ignore.reference_sid = reader.text("reference-sid", value),
            "subject" => {
                ignore.subject = reader.text("subject", value).map(|text| Spanned {
                    value: Subject { text: text.value },
                    span: text.span,
                });
            }
            "reason" => match reader.text("reason", value) {
                Some(reason) => ignore.reason = reason.value,
                None => usable = false,
            },
            "until" => ignore.until = until(reader, value),
            _ => reader.unknown(key, "an ignore", &IGNORE),
        }
    }
    if !table.contains_key("reason") {
        let help = "say why it is accepted: reason = \"reviewed in SEC-142\"".to_owned();
        reader.wrong(head, "an ignore has no `reason`", help);
        usable = false;
    }
    if !FIELDS.iter().any(|field| table.contains_key(*field)) {
        let help = format!(
            "say which findings are meant by one or more of {}",
            FIELDS.join(", ")
        );
        reader.wrong(
            head,
            "an ignore names nothing, so it would hide everything",
            help,
        );
        usable = false;
    }
    usable.then_some(ignore)
}

fn ignored_lint(reader: &mut Reader, value: &Value<'_>) -> Option<Spanned<&'static str>> {
    let text = reader.text("lint", value)?;
    match single_value::lint(&text.value) {
        Ok(lint) if FIXED.contains(&lint) => {
            let message = format!("`{lint}` cannot be ignored");
            let help = "it reports what could not be judged, with exit code 2".to_owned();
            reader.wrong(text.span, message, help);
            None
        }
        Ok(lint) => Some(Spanned {
            value: lint,
            span: text.span,
        }),
        Err(help) => {
            let message = format!("`{}` is not a lint", shorten(&text.value));
            reader.wrong(text.span, message, help);
            None
        }
    }
}

/// A day as a string or as TOML writes one.
pub(super) fn until(reader: &mut Reader, value: &Value<'_>) -> Option<Spanned<Day>> {
    let at = span(value.span());
    let text = match value.get_ref() {
        DeValue::Datetime(day) => day.to_string(),
        _ => reader.text("until", value)?.value,
    };
    let day = single_value::day(&text);
    if day.is_none() {
        let message = format!("`{}` is not a day", shorten(&text));
        reader.wrong(at, message, "write it as 2027-01-31".to_owned());
    }
    day.map(|value| Spanned { value, span: at })
}
