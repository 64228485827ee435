//! Faults that any object or string of a policy can have, whatever it means.

use std::rc::Rc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::decoded::Text;
use super::json::{Kind, Value};
use super::policy::Problem;
use super::problem::Reader;

/// Reports every key that one object gives more than once, and every string with characters that AWS rejects,
/// everywhere in a policy document.
pub(super) fn document(reader: &mut Reader, value: Value<'_>) {
    // To look at all of them takes less than to stop at the first one: several bytes are looked at together.
    let all_plain = { value.raw().bytes() }.fold(true, |plain, b| {
        plain & (is_plain_byte(b) || matches!(b, b'\t' | b'\n' | b'\r'))
    });
    if all_plain && !repeats_a_key(value) {
        return;
    }
    let needs_look = |value: &Value<'_>| match value.kind() {
        Kind::Object | Kind::Array => true,
        Kind::String => !all_plain && !is_plain(value.raw()),
        _ => false,
    };
    let mut open: Vec<(Value<'_>, Rc<str>)> = vec![(value, Rc::from("policy"))];
    while let Some((value, element)) = open.pop() {
        match value.kind() {
            Kind::Object => {
                let members = value.members();
                repeated(reader, members.iter().map(|m| &m.key));
                for member in members {
                    characters(reader, &member.key, &member.key.value);
                    if needs_look(&member.value) {
                        open.push((member.value, Rc::from(member.key.value)));
                    }
                }
            }
            Kind::Array => {
                let elements = value.elements().into_iter().filter(needs_look);
                open.extend(elements.map(|v| (v, Rc::clone(&element))));
            }
            Kind::String => {
                if let Some(text) = value.string() {
                    characters(reader, &text, &element);
                }
            }
            _ => {}
        }
    }
}

/// Whether an object in a value without escapes gives a key more than once.
fn repeats_a_key(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Object => {
            let mut keys = FxHashSet::with_capacity_and_hasher(8, FxBuildHasher);
            value
                .pairs()
                .any(|(key, value)| !keys.insert(key.raw()) || repeats_a_key(value))
        }
        Kind::Array => value.inner(Kind::Array).any(repeats_a_key),
        _ => false,
    }
}

/// Reports the keys that one object gives more than once.
pub(super) fn object(reader: &mut Reader, value: Value<'_>) {
    repeated(reader, value.members().iter().map(|m| &m.key));
}

fn repeated<'t>(reader: &mut Reader, keys: impl Iterator<Item = &'t Text>) {
    let mut first = FxHashMap::default();
    for key in keys {
        match first.get(key.value.as_str()) {
            None => {
                first.insert(key.value.as_str(), key.span);
            }
            Some(span) => reader.report(Problem::duplicate_key(&key.value, key.span, *span)),
        }
    }
}

/// True when a string needs no closer look: printable ASCII without escapes.
fn is_plain(raw: &str) -> bool {
    raw.bytes().all(is_plain_byte)
}

fn is_plain_byte(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'\\'
}

/// Policies are written in `[\u0009\u000A\u000D\u0020-\u00FF]+`:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
fn characters(reader: &mut Reader, text: &Text, element: &str) {
    let refused = |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    // A value that is not known is shown by its code, which AWS does not get.
    let holes = text.holes.as_deref().unwrap_or_default();
    let is_known = |at: usize| !holes.iter().any(|hole| hole.range.contains(&at));
    let mut all = text.value.char_indices();
    if let Some((at, c)) = all.find(|(at, c)| refused(*c) && is_known(*at)) {
        let code = u32::from(c);
        let shown = if c.is_control() {
            format!("U+{code:04X}")
        } else {
            format!("`{c}` (U+{code:04X})")
        };
        reader.report(
            Problem::invalid_policy(
                element,
                format!("the character {shown} is not allowed in a policy"),
                text.part(at..at + c.len_utf8()),
            )
            .with_help(
                "AWS takes tab, line feed, carriage return and U+0020 to U+00FF; dashes, quotes and blanks \
                 copied from formatted text are often others",
            ),
        );
    }
}
