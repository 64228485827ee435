//! Edits of policies as text: what a fix changes in a file, byte for byte, and nothing else.
//!
//! A [`Fix`] is a set of [`Edit`]s that belong together. [`remove`] makes those that take strings out of lists and
//! statements out of policies, [`rewrite`] those that put other strings in their place, [`apply`] makes the new text.

mod unified;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::parser::{Element, Policy, Source, SourceId, Span, Statement};

pub use unified::unified;

/// These bytes of a file are replaced by this text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// The file.
    pub source: SourceId,
    /// The bytes.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A fix of what a finding reports: edits that are made together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// Its effect; lower case, no full stop.
    pub message: String,
    /// In the order of their places; they do not overlap.
    pub edits: Vec<Edit>,
    /// True where more may be allowed afterwards than before.
    pub can_widen: bool,
}

impl Edit {
    /// Whether both change the same bytes.
    fn overlaps(&self, other: &Edit) -> bool {
        self.source == other.source
            && (self.span == other.span
                || self.span.start < other.span.end && other.span.start < self.span.end)
    }
}

/// Whether a file has a policy as JSON, rather than encoded in a string: only then its bytes can be edited.
pub fn is_plain(source: &Source, policy: &Policy) -> bool {
    let is_json = || serde_json::from_str::<IgnoredAny>(source.slice(policy.span)).is_ok();
    policy.unknowns.is_none() && is_json()
}

/// Of some fixes those that can be made together: of two that change the same bytes, the first.
pub fn compatible<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> Vec<&'f Fix> {
    let mut taken: Vec<&Fix> = Vec::new();
    for fix in fixes {
        let clashes = |other: &&Fix| {
            let mut edits = fix.edits.iter();
            edits.any(|edit| other.edits.iter().any(|o| edit.overlaps(o)))
        };
        if !taken.iter().any(clashes) {
            taken.push(fix);
        }
    }
    taken
}

/// The text of a file after edits that do not overlap.
pub fn apply<'e>(source: &Source, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort();
    let text = source.text();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let span = edit.span.range();
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The places where policies can be edited, and those of the elements of their lists. Each is looked up once: a list
/// can have thousands of elements, and each of them a fix of its own.
#[derive(Default)]
pub struct Lists {
    plain: RefCell<Places<bool>>,
    elements: RefCell<Places<Option<Rc<[Span]>>>>,
}

/// A value for each of some places.
type Places<T> = FxHashMap<(SourceId, Span), T>;

impl Lists {
    /// As [`is_plain`].
    pub fn is_plain(&self, source: &Source, policy: &Policy) -> bool {
        let mut known = self.plain.borrow_mut();
        let plain = known.entry((policy.source, policy.span));
        *plain.or_insert_with(|| is_plain(source, policy))
    }

    fn elements(&self, id: SourceId, source: &Source, array: Span) -> Option<Rc<[Span]>> {
        let mut known = self.elements.borrow_mut();
        let found = known.entry((id, array));
        let found = found.or_insert_with(|| elements(source, array).map(Rc::from));
        found.clone()
    }
}

/// The edits that take strings and whole statements, named by their spans, out of a policy. A statement whose list
/// would be empty goes as a whole. `None` where no statement would be left, and for a policy that is encoded.
pub fn remove(lists: &Lists, source: &Source, policy: &Policy, gone: &[Span]) -> Option<Vec<Edit>> {
    if !lists.is_plain(source, policy) {
        return None;
    }
    let cut = |array, gone: &[Span]| {
        let elements = lists.elements(policy.source, source, array)?;
        cut_of(policy.source, &elements, gone)
    };
    let mut edits = Vec::new();
    let mut statements = Vec::new();
    for statement in &policy.statements {
        let empties = |element: &&Element| {
            !element.values.is_empty() && element.values.iter().all(|v| gone.contains(&v.span))
        };
        let elements = [&statement.action, &statement.resource];
        let mut elements = elements.into_iter().flatten();
        if gone.contains(&statement.span) || elements.clone().any(|e| empties(&e)) {
            statements.push(statement.span);
            continue;
        }
        for element in elements.by_ref() {
            if element.values.iter().any(|v| gone.contains(&v.span)) {
                edits.extend(cut(element.value_span, gone)?);
            }
        }
    }
    if !statements.is_empty() {
        let list = statement_list(source, policy)?;
        edits.extend(cut(list, &statements)?);
    }
    edits.sort();
    (!edits.is_empty()).then_some(edits)
}

/// The edits that take elements out of an array, and their commas with them. `None` where none would be left.
fn cut_of(id: SourceId, elements: &[Span], gone: &[Span]) -> Option<Vec<Edit>> {
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
fn elements(source: &Source, array: Span) -> Option<Vec<Span>> {
    let text = source.slice(array);
    let raws: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let place = |raw: &RawValue| {
        let start = array.start as usize + (raw.get().as_ptr() as usize - text.as_ptr() as usize);
        Span::new(start, start + raw.get().len())
    };
    Some(raws.into_iter().map(place).collect())
}

/// The value of `Statement`; of several the last, as every reader takes it.
fn statement_list(source: &Source, policy: &Policy) -> Option<Span> {
    let text = source.slice(policy.span);
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let raw = members.get("Statement")?.get();
    let start = policy.span.start as usize + (raw.as_ptr() as usize - text.as_ptr() as usize);
    Some(Span::new(start, start + raw.len()))
}

/// A text as it is written between the quotes of a JSON string.
pub fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    let inner = quoted.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The edits that put other strings in the place of some strings of a policy's `Action` and `Resource`, each named by
/// its span; a string in whose place there is none goes. `None` where a list would be empty, and for a policy that is
/// encoded.
pub fn rewrite(
    source: &Source,
    policy: &Policy,
    changes: &[(Span, Vec<String>)],
) -> Option<Vec<Edit>> {
    if !is_plain(source, policy) {
        return None;
    }
    let mut edits = Vec::new();
    for statement in &policy.statements {
        for element in [&statement.action, &statement.resource]
            .into_iter()
            .flatten()
        {
            let own = |span: Span| changes.iter().find(|(s, _)| *s == span);
            let own: Vec<&(Span, Vec<String>)> = { element.values.iter() }
                .filter_map(|v| own(v.span))
                .collect();
            if !own.is_empty() {
                edits.extend(rewrite_list(
                    policy.source,
                    source,
                    statement,
                    element,
                    &own,
                )?);
            }
        }
    }
    edits.sort();
    (!edits.is_empty()).then_some(edits)
}

fn rewrite_list(
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
    let edit = |span, text| Edit {
        source: id,
        span,
        text,
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
            [one] if !place.is_array() => Some(vec![edit(span, quoted(one))]),
            [one] => Some(vec![edit(*elements.first()?, quoted(one))]),
            several => Some(vec![edit(span, place.list(several))]),
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
        let texts: Vec<String> = texts.iter().map(|t| quoted(t)).collect();
        edits.push(edit(*token, texts.join(&separator)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::parse;

    /// A policy without the strings and statements at these tokens.
    fn without(text: &str, tokens: &[&str]) -> Option<String> {
        let source = Source::new("p.json", text);
        let document = parse(SourceId(0), &source);
        let policy = &document.policies[0];
        let gone: Vec<Span> = tokens
            .iter()
            .map(|token| {
                let start = text.find(token).unwrap();
                Span::new(start, start + token.len())
            })
            .collect();
        Some(apply(
            &source,
            &remove(&Lists::default(), &source, policy, &gone)?,
        ))
    }

    fn policy(actions: &str) -> String {
        format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}, {{"Sid": "B", "Effect": "Deny", "Action": "x:Y", "Resource": "*"}}]}}"#
        )
    }

    #[test]
    fn commas_go_with_their_elements() {
        let list = r#"[ "s:a" ,"s:b", "s:c"  ]"#;
        for (gone, left) in [
            (&["s:a"][..], r#"[ "s:b", "s:c"  ]"#),
            (&["s:b"], r#"[ "s:a", "s:c"  ]"#),
            (&["s:c"], r#"[ "s:a" ,"s:b"  ]"#),
            (&["s:a", "s:b"], r#"[ "s:c"  ]"#),
            (&["s:b", "s:c"], r#"[ "s:a"  ]"#),
            (&["s:a", "s:c"], r#"[ "s:b"  ]"#),
        ] {
            assert_eq!(without(&policy(list), gone), Some(policy(left)), "{gone:?}");
        }
    }

    #[test]
    fn an_empty_list_takes_its_statement_along() {
        let left =
            r#"{"Statement": [{"Sid": "B", "Effect": "Deny", "Action": "x:Y", "Resource": "*"}]}"#;
        let both = policy(r#"["s:a", "s:b"]"#);
        assert_eq!(without(&both, &["s:a", "s:b"]).as_deref(), Some(left));
        assert_eq!(
            without(&policy(r#""s:a""#), &["s:a"]).as_deref(),
            Some(left)
        );
    }

    #[test]
    fn the_last_statement_stays() {
        assert_eq!(without(&policy("\"s:a\""), &["s:a", "x:Y"]), None);
        let one = r#"{"Statement": {"Effect": "Allow", "Action": "s:a", "Resource": "*"}}"#;
        assert_eq!(without(one, &["s:a"]), None);
    }

    #[test]
    fn an_encoded_policy_is_left_alone() {
        let text = r#"{"PolicyDocument": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s:a\", \"s:b\"], \"Resource\": \"*\"}]}"}"#;
        assert_eq!(without(text, &["s:a"]), None);
        let url = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s%3Aa%22%2C%22s%3Ab%22%5D%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
        assert_eq!(without(url, &["s%3Aa"]), None);
    }

    #[test]
    fn of_two_that_clash_the_first_is_made() {
        let fix = |start, end| Fix {
            message: String::new(),
            edits: vec![Edit {
                source: SourceId(0),
                span: Span::new(start, end),
                text: String::new(),
            }],
            can_widen: false,
        };
        let fixes = [fix(0, 3), fix(2, 5), fix(3, 4), fix(0, 3)];
        let taken = compatible(&fixes);
        assert_eq!(taken, [&fixes[0], &fixes[2]]);
    }
}
