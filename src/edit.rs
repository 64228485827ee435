//! Edits of policies as text: what a fix changes in a file, byte for byte, and nothing else.
//!
//! A [`Fix`] is a set of [`Edit`]s that belong together. [`remove`] makes those that take strings out of lists and
//! statements out of policies, [`set_list`] the one that writes a list anew, [`apply`] makes the new text.

mod unified;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::parser::{Element, Policy, Source, SourceId, Span, Statement};

pub use unified::unified;

/// These bytes of a file are replaced by this text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// Which file.
    pub source: SourceId,
    /// Which bytes.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A way to mend what a finding reports: edits that are made together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does; lower case, no full stop.
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

/// Whether a policy stands in its file as JSON, rather than encoded in a string: only then its bytes can be edited.
pub fn is_plain(source: &Source, policy: &Policy) -> bool {
    serde_json::from_str::<IgnoredAny>(source.slice(policy.span)).is_ok()
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

/// The edits that take strings and whole statements, named by their spans, out of a policy. A statement whose list
/// would be empty goes as a whole. `None` where no statement would be left, and for a policy that is encoded.
pub fn remove(source: &Source, policy: &Policy, gone: &[Span]) -> Option<Vec<Edit>> {
    if !is_plain(source, policy) {
        return None;
    }
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
                edits.extend(cut(policy.source, source, element.value_span, gone)?);
            }
        }
    }
    if !statements.is_empty() {
        let list = statement_list(source, policy)?;
        edits.extend(cut(policy.source, source, list, &statements)?);
    }
    edits.sort();
    (!edits.is_empty()).then_some(edits)
}

/// The edits that take elements out of an array, and their commas with them. `None` where none would be left.
fn cut(id: SourceId, source: &Source, array: Span, gone: &[Span]) -> Option<Vec<Edit>> {
    let elements = elements(source, array)?;
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
    for element in &elements {
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

/// Where the elements of an array stand.
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

/// The edits that give a statement's element other values, in the manner in which the list was written.
pub fn set_list(
    id: SourceId,
    source: &Source,
    statement: &Statement,
    element: &Element,
    key: &str,
    values: &[String],
) -> Vec<Edit> {
    let mut edits = Vec::new();
    if element.key.value != key {
        edits.push(Edit {
            source: id,
            span: element.key.span,
            text: key.to_owned(),
        });
    }
    let is_array = source.slice(element.value_span).starts_with('[');
    let span = if is_array || element.values.iter().any(|v| v.value.is_empty()) {
        element.value_span
    } else {
        // With its quotes.
        Span {
            start: element.value_span.start.saturating_sub(1),
            end: element.value_span.end + 1,
        }
    };
    let written: Vec<String> = values.iter().map(|v| quoted(v)).collect();
    let text = match (
        written.as_slice(),
        layout(source, statement, element, is_array),
    ) {
        ([one], _) if !is_array => one.clone(),
        (_, Some(Layout { before, after })) => {
            let separator = format!(",{before}");
            format!("[{before}{}{after}]", written.join(&separator))
        }
        (_, None) => format!("[{}]", written.join(", ")),
    };
    edits.push(Edit {
        source: id,
        span,
        text,
    });
    edits
}

/// White space before each element of a list and before its bracket.
struct Layout {
    before: String,
    after: String,
}

/// How a list is broken into lines; `None` for one that stands on one.
fn layout(
    source: &Source,
    statement: &Statement,
    element: &Element,
    is_array: bool,
) -> Option<Layout> {
    if is_array {
        let array = element.value_span;
        let elements = elements(source, array)?;
        let (first, last) = (elements.first()?, elements.last()?);
        let between = |start, end| source.slice(Span { start, end }).to_owned();
        let before = between(array.start + 1, first.start);
        if elements.len() > 1 || before.contains('\n') {
            let after = between(last.end, array.end.saturating_sub(1));
            return before.contains('\n').then_some(Layout { before, after });
        }
    }
    // A lone value in a statement that is broken into lines: the list is, too.
    if !source.slice(statement.span).contains('\n') {
        return None;
    }
    let head = source.text().get(..element.key.span.start as usize)?;
    let line = head.rsplit('\n').next()?;
    let indent: String = line
        .chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .collect();
    let unit = if indent.starts_with('\t') { "\t" } else { "  " };
    let end = if source.text().contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    Some(Layout {
        before: format!("{end}{indent}{unit}"),
        after: format!("{end}{indent}"),
    })
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
        Some(apply(&source, &remove(&source, policy, &gone)?))
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
