//! Edits of policies as text: what a fix changes in a file, byte for byte, and nothing else.
//!
//! A [`Fix`] is a set of [`Edit`]s that belong together. [`remove`] makes those that take strings out of lists and
//! statements out of policies, [`rewrite`] those that put other strings in their place, [`apply`] makes the new text.

mod compatible;
mod json;
mod template_edit;
mod unified;
mod verify;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;

use crate::parser::{Element, Layout, Policy, Source, SourceId, Span};

pub use compatible::{compatible, without_last_elements};
use json::{cut_of, elements, escaped, rewrite_list, statement_list};
use template_edit::Template;
pub use unified::unified;
pub use verify::is_as_edited;

/// These bytes of a file are replaced by this text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// The file.
    pub source: SourceId,
    /// The bytes.
    pub span: Span,
    /// The new text.
    pub text: String,
    /// The strings that it holds, as they are read. Where the bytes are a part of a string, the part; none where elements go.
    pub strings: Vec<String>,
}

/// Why the text of a policy is not edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// The policy is encoded in a string.
    Encoded,
    /// Nothing would be left of it.
    Last,
    /// The policy is Terraform code.
    Code,
    /// A function of the template makes a part of it.
    Call,
    /// Several places of the template have it, through an alias.
    Shared,
    /// A comment stands between the elements.
    Comment,
    /// The element shares its lines with something else.
    Lines,
}

impl Obstacle {
    /// The reason in words, where it is one of a template.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Obstacle::Encoded | Obstacle::Last | Obstacle::Code => None,
            Obstacle::Call => {
                Some("not all of it is literal text: a function of the template makes a part")
            }
            Obstacle::Shared => Some("an alias shares it with another place of the template"),
            Obstacle::Comment => Some("a comment stands between the elements of its list"),
            Obstacle::Lines => Some("it shares its lines with something else"),
        }
    }
}

/// A fix of what a finding reports: edits that are made together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// The effect of the fix; lower case, no full stop.
    pub message: String,
    /// In the order of their places; they do not overlap. None where there is an obstacle.
    pub edits: Vec<Edit>,
    /// True where more may be allowed afterwards than before.
    pub can_widen: bool,
    /// Why it cannot be made in the text.
    pub obstacle: Option<Obstacle>,
}

/// Whether a file has a policy as JSON, rather than encoded in a string: only then its bytes can be edited.
pub fn is_plain(source: &Source, policy: &Policy) -> bool {
    let is_json = || serde_json::from_str::<IgnoredAny>(source.slice(policy.span)).is_ok();
    policy.unknowns.is_none() && is_json()
}

/// Whether a policy is a part of a template or of Terraform code.
fn is_in_code(policy: &Policy) -> bool {
    policy.unknowns.is_some()
}

/// How the file of a policy is written, where it is a template.
pub(crate) fn layout<'s>(source: &'s Source, policy: &Policy) -> Option<&'s Layout> {
    is_in_code(policy).then(|| source.layout()).flatten()
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
/// would be empty goes as a whole.
///
/// # Errors
///
/// [`Obstacle::Last`] where no statement would be left; why the text is not edited.
pub fn remove(
    lists: &Lists,
    source: &Source,
    policy: &Policy,
    gone: &[Span],
) -> Result<Vec<Edit>, Obstacle> {
    let template = if is_in_code(policy) {
        Some(Template::of(policy.source, source)?)
    } else if lists.is_plain(source, policy) {
        None
    } else {
        return Err(Obstacle::Encoded);
    };
    let cut = |array, gone: &[Span]| {
        if let Some(template) = &template {
            return template.cut(array, gone);
        }
        let elements = lists.elements(policy.source, source, array);
        let elements = elements.ok_or(Obstacle::Encoded)?;
        cut_of(policy.source, &elements, gone).ok_or(Obstacle::Last)
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
        edits.extend(if let Some(template) = &template {
            template.cut_statements(&statements)?
        } else {
            let list = statement_list(source, policy).ok_or(Obstacle::Last)?;
            cut(list, &statements)?
        });
    }
    edits.sort();
    if edits.is_empty() {
        return Err(Obstacle::Last);
    }
    Ok(edits)
}

/// The edit that puts a text in the place of a part of a string.
///
/// # Errors
///
/// Why the text is not edited.
pub fn replace(
    lists: &Lists,
    source: &Source,
    policy: &Policy,
    span: Span,
    text: &str,
) -> Result<Edit, Obstacle> {
    if is_in_code(policy) {
        return Template::of(policy.source, source)?.replace(span, text);
    }
    if !lists.is_plain(source, policy) {
        return Err(Obstacle::Encoded);
    }
    Ok(Edit {
        source: policy.source,
        span,
        text: escaped(text),
        strings: vec![text.to_owned()],
    })
}

/// The edits that put other strings in the place of some strings of a policy's `Action` and `Resource`, each named by
/// its span; a string in whose place there is none goes.
///
/// # Errors
///
/// [`Obstacle::Last`] where a list would be empty; why the text is not edited.
pub fn rewrite(
    source: &Source,
    policy: &Policy,
    changes: &[(Span, Vec<String>)],
) -> Result<Vec<Edit>, Obstacle> {
    let template = if is_in_code(policy) {
        Some(Template::of(policy.source, source)?)
    } else if is_plain(source, policy) {
        None
    } else {
        return Err(Obstacle::Encoded);
    };
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
            if own.is_empty() {
                continue;
            }
            edits.extend(match &template {
                Some(template) => template.rewrite(element, &own)?,
                None => rewrite_list(policy.source, source, statement, element, &own)
                    .ok_or(Obstacle::Last)?,
            });
        }
    }
    edits.sort();
    if edits.is_empty() {
        return Err(Obstacle::Last);
    }
    Ok(edits)
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
            &remove(&Lists::default(), &source, policy, &gone).ok()?,
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
                strings: Vec::new(),
            }],
            can_widen: false,
            obstacle: None,
        };
        let fixes = [fix(0, 3), fix(2, 5), fix(3, 4), fix(0, 3)];
        let taken = compatible(&fixes);
        assert_eq!(taken, [&fixes[0], &fixes[2]]);
    }
}
