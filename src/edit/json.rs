//! Edits of policies in JSON: commas go with their elements, and what is new is laid out like the rest.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Edit;
use crate::parser::{Element, Policy, Source, SourceId, Span, Statement};

/// The edits that take elements out of an array, and their commas with them. `None` where none would be left.
pub(super) fn cut_of(id: SourceId, elements: &[Span], gone: &[Span]) -> Option<Vec<Edit>> {
    // The span of a string is that between its quotes.
    let goes = |e: &Span| gone.iter().any(|g| e.start <= g.start && g.end <= e.end);
    let mut edits = Vec::new();
    let mut kept: Option<Span> = None;
    let mut run: Option<Span> = None;
    let mut push = |start: u32, end: u32| {
        edits.push(Edit {
            source: id,
            span: Span { start, end },
            text: String::new(),
            strings: Vec::new(),
        });
    };
    for element in elements {
        if goes(element) {
            let start = run.map_or(element.start, |r| r.start);
            run = Some(Span {
                start,
                end: element.end,
            });
            continue;
        }
        if let Some(run) = run.take() {
            match kept {
                // With the comma before it, so that the line of the element that stays is untouched.
                Some(before) => push(before.end, run.end),
                None => push(run.start, element.start),
            }
        }
        kept = Some(*element);
    }
    let before = kept?;
    if let Some(run) = run {
        push(before.end, run.end);
    }
    Some(edits)
}

/// The places of the elements of an array.
pub(super) fn elements(source: &Source, array: Span) -> Option<Vec<Span>> {
    let text = source.slice(array);
    let raws: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let place = |raw: &RawValue| {
        let start = array.start as usize + (raw.get().as_ptr() as usize - text.as_ptr() as usize);
        Span::new(start, start + raw.get().len())
    };
    Some(raws.into_iter().map(place).collect())
}

/// The value of `Statement`; of several the last, as every reader takes it.
pub(super) fn statement_list(source: &Source, policy: &Policy) -> Option<Span> {
    let text = source.slice(policy.span);
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let raw = members.get("Statement")?.get();
    let start = policy.span.start as usize + (raw.as_ptr() as usize - text.as_ptr() as usize);
    Some(Span::new(start, start + raw.len()))
}

/// A text as it is written between the quotes of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    let inner = quoted.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The edits that put other strings in the place of strings of one list.
pub(super) fn rewrite_list(
    id: SourceId,
    source: &Source,
    statement: &Statement,
    element: &Element,
    changes: &[&(Span, Vec<String>)],
) -> Option<Vec<Edit>> {
    let place = Place {
        source,
        statement,
        element,
    };
    let edit = |span, text, strings: &[String]| Edit {
        source: id,
        span,
        text,
        strings: strings.to_vec(),
    };
    let elements = if place.is_array() {
        elements(source, element.value_span)?
    } else {
        Vec::new()
    };
    let is_on_one_line = !source.slice(element.value_span).contains('\n');
    if elements.len() < 2 && is_on_one_line {
        // A lone string, in brackets or not.
        let [(_, texts)] = changes else { return None };
        let span = if place.is_array() {
            element.value_span
        } else {
            place.token()
        };
        return match texts.as_slice() {
            [] => None,
            [one] if !place.is_array() => Some(vec![edit(span, quoted(one), texts)]),
            [one] => Some(vec![edit(*elements.first()?, quoted(one), texts)]),
            several => Some(vec![edit(span, place.list(several), texts)]),
        };
    }
    let separator = place.separator(&elements);
    let gone = changes.iter().filter(|(_, texts)| texts.is_empty());
    let gone: Vec<Span> = gone.map(|(span, _)| *span).collect();
    let mut edits = if gone.is_empty() {
        Vec::new()
    } else {
        cut_of(id, &elements, &gone)?
    };
    for (span, texts) in changes.iter().filter(|(_, texts)| !texts.is_empty()) {
        // The span of a string is that between its quotes.
        let holds = |e: &&Span| e.start <= span.start && span.end <= e.end;
        let token = elements.iter().find(holds)?;
        let words: Vec<String> = texts.iter().map(|t| quoted(t)).collect();
        edits.push(edit(*token, words.join(&separator), texts));
    }
    Some(edits)
}

/// The layout of a list, to write in the same manner.
struct Place<'a> {
    source: &'a Source,
    statement: &'a Statement,
    element: &'a Element,
}

impl Place<'_> {
    fn is_array(&self) -> bool {
        let values = &self.element.values;
        values.len() != 1 || values.iter().any(|v| v.span != self.element.value_span)
    }

    /// A lone string with its quotes.
    fn token(&self) -> Span {
        let value = self.element.value_span;
        if self.source.slice(value).starts_with('"') {
            return value;
        }
        Span {
            start: value.start.saturating_sub(1),
            end: value.end + 1,
        }
    }

    /// The text between two elements of the list.
    fn separator(&self, elements: &[Span]) -> String {
        let between = |start, end| self.source.slice(Span { start, end }).to_owned();
        if let [first, second, ..] = elements {
            return between(first.end, second.start);
        }
        let first = elements.first().map(|first| first.start);
        first.map_or_else(String::new, |first| {
            format!(",{}", between(self.element.value_span.start + 1, first))
        })
    }

    /// A list in the place of a lone string: on lines of its own where its statement is broken into lines.
    fn list(&self, texts: &[String]) -> String {
        let texts: Vec<String> = texts.iter().map(|t| quoted(t)).collect();
        let text = self.source.text();
        let line = |at: u32| {
            let head = text.get(..at as usize).unwrap_or_default();
            let line = head.rsplit('\n').next().unwrap_or_default();
            let end = line.find(|c| !matches!(c, ' ' | '\t'));
            line.get(..end.unwrap_or(line.len())).unwrap_or_default()
        };
        if !self.source.slice(self.statement.span).contains('\n') {
            // From the end of the key to the value: its quote, the colon, and blanks or none.
            let blank = self.source.slice(Span {
                start: self.element.key.span.end,
                end: self.element.value_span.start,
            });
            let is_dense = !blank.contains(|c: char| c.is_ascii_whitespace());
            return format!("[{}]", texts.join(if is_dense { "," } else { ", " }));
        }
        let indent = line(self.element.key.span.start);
        let outer = line(self.statement.span.start);
        let unit = indent.strip_prefix(outer).filter(|unit| !unit.is_empty());
        let unit = unit.unwrap_or("  ");
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let before = format!("{end}{indent}{unit}");
        format!(
            "[{before}{}{end}{indent}]",
            texts.join(&format!(",{before}"))
        )
    }
}
