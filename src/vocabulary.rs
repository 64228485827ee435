//! `${…}`: policy variables, and the spellings of the placeholders of the reference in templates, which are from
//! `rules/placeholders.toml`.

use std::ops::Range;

use crate::bytes::find_either;

include!(concat!(env!("OUT_DIR"), "/spellings.rs"));

/// The name that the reference uses for a placeholder of a template, given the text between its
/// delimiters (`AWS::Region`, `AWS ACCOUNT ID`).
pub fn canonical_placeholder(inner: &str) -> Option<&'static str> {
    let normal: String = inner
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let found = SPELLINGS
        .binary_search_by(|(spelling, _)| spelling.cmp(&normal.as_str()))
        .ok()?;
    SPELLINGS.get(found).map(|(_, name)| *name)
}

/// Whether `inner` of `${inner}` names a condition key (`aws:username`) rather than a value that
/// some template engine should have filled in (`AWS::Region`, `account_id`).
pub(crate) fn is_policy_variable(inner: &str) -> bool {
    let name = inner.split_once(',').map_or(inner, |(name, _)| name);
    name.split_once(':').is_some_and(|(prefix, key)| {
        !key.is_empty()
            && !key.starts_with(':')
            && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/'))
    })
}

/// A policy variable, or what a template engine should have replaced.
pub(crate) struct Placeholder<'t> {
    /// With its delimiters.
    pub(crate) range: Range<usize>,
    /// The text between the delimiters.
    pub(crate) inner: &'t str,
    /// Whether it is written `${…}`, as policy variables are.
    pub(crate) is_braced: bool,
}

/// Whether a placeholder may begin with a character.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'$' | b'<' | b'{' | b'%' | b'#' | b'@' | b'_')
}

/// The longest name of a placeholder in `<…>` and `{…}`.
const LONGEST: usize = 81;

/// Whether [`placeholders`] may find any, which is quick to know.
pub(crate) fn may_have_placeholders(text: &str) -> bool {
    let mut last = 0;
    text.bytes().any(|byte| {
        let is_one = matches!(byte, b'$' | b'<' | b'{' | b'%') || byte == b'_' && last == b'_';
        last = byte;
        is_one
    })
}

/// The places of `${…}`, `<…>`, `{{…}}`, `${{…}}`, `#{…}`, `@{…}`, `%{…}`, `%(…)s`, `{name}`, `$NAME`, `$(NAME)`, `%NAME%`
/// and `__NAME__`.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let (start, rest) = next_mark(text, at)?;
            if let Some((length, inner)) = placeholder(rest) {
                at = start + length;
                return Some(Placeholder {
                    range: start..at,
                    inner,
                    is_braced: rest.starts_with("${") && !rest.starts_with("${{"),
                });
            }
            at = start + 1;
        }
    })
}

/// Where a placeholder may begin next, and the text from there.
pub(crate) fn next_mark(text: &str, at: usize) -> Option<(usize, &str)> {
    let mut bytes = text.get(at..)?.bytes();
    let start = at + bytes.position(is_mark)?;
    Some((start, text.get(start..)?))
}

/// The placeholder with which a text begins: its length, and the text between its delimiters.
pub(crate) fn placeholder(text: &str) -> Option<(usize, &str)> {
    const BRACES: (u8, u8) = (b'{', b'}');
    const PARENTHESES: (u8, u8) = (b'(', b')');
    let between = |open: &str, stops: (u8, u8), close: &str| {
        let inner = text.strip_prefix(open)?;
        let end = find_either(stops.0, stops.1, inner.as_bytes())?;
        let is_closed = inner.get(end..)?.starts_with(close);
        is_closed.then_some((open.len() + end + close.len(), inner.get(..end)?))
    };
    let named = |(_, inner): &(usize, &str)| is_name(inner.trim());
    match text.as_bytes().first()? {
        b'$' => between("${", BRACES, "}")
            .or_else(|| between("${{", BRACES, "}}"))
            .or_else(|| between("$(", PARENTHESES, ")").filter(named))
            .or_else(|| {
                let name = word(text.get(1..)?);
                is_variable(name).then_some((1 + name.len(), name))
            }),
        b'{' => between("{{", BRACES, "}}").or_else(|| {
            // Documents are full of braces: only a name is worth a look at what follows.
            let inner = text.get(1..)?;
            let name = inner.trim_start();
            let end = name.bytes().position(|b| !is_of_name(b))?;
            let rest = name.get(end..)?.trim_start();
            let length = inner.len() - rest.len();
            let is_it = rest.starts_with('}') && is_name(name.get(..end)?);
            is_it.then_some((length + 2, inner.get(..length)?))
        }),
        b'#' => between("#{", BRACES, "}"),
        b'@' => between("@{", BRACES, "}"),
        b'%' => between("%(", PARENTHESES, ")s")
            .or_else(|| between("%{", BRACES, "}"))
            .or_else(|| {
                let name = word(text.get(1..)?);
                let is_closed = text.get(1 + name.len()..)?.starts_with('%');
                // `%AB%` may be bytes of a URL.
                let is_it = is_closed && name.len() > 2 && is_variable(name);
                is_it.then_some((name.len() + 2, name))
            }),
        b'<' => {
            let mut end = text.bytes().take(LONGEST + 2);
            let inner = text.get(1..end.position(|b| b == b'>')?)?;
            let is_it = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && {
                inner.bytes()
            }
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'.' | b'-'));
            is_it.then_some((inner.len() + 2, inner))
        }
        b'_' => {
            let inner = text.strip_prefix("__")?;
            let inner = inner.get(..inner.find("__")?)?;
            let is_it = inner.starts_with(|c: char| c.is_ascii_uppercase())
                && { inner.bytes() }
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                && !LITERALS.contains(&inner);
            is_it.then_some((inner.len() + 4, inner))
        }
        _ => None,
    }
}

/// The letters, digits and `_` with which a text begins; empty if the first is a digit.
fn word(text: &str) -> &str {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    let mut bytes = text.bytes();
    let end = bytes.position(|b| !(b.is_ascii_alphanumeric() || b == b'_'));
    let end = end.unwrap_or(text.len());
    text.get(..end).filter(|_| !is_digit).unwrap_or_default()
}

/// Whether a text can be the name of a placeholder in `{…}` and `$(…)`.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(is_of_name)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// Whether a word after a mark is the name of a variable of a template: `VPC_ID`, `vpcId`, `region`. AWS has words there, too,
/// most of them in small letters: `$default`, `$aws`.
fn is_variable(word: &str) -> bool {
    let mut rest = word.bytes().skip(1);
    let is_it =
        rest.any(|b| b.is_ascii_uppercase() || b == b'_') || canonical_placeholder(word).is_some();
    is_it && !LITERALS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_templates_leave_behind() {
        for (text, found) in [
            ("${vpc_id}", &["vpc_id"][..]),
            ("${aws:username}", &["aws:username"]),
            ("${{ secrets.VPC }}", &[" secrets.VPC "]),
            ("{{ vpc_id }}", &[" vpc_id "]),
            ("<AWS ACCOUNT ID>", &["AWS ACCOUNT ID"]),
            ("%(vpc)s", &["vpc"]),
            ("%VPC_ID%", &["VPC_ID"]),
            ("%{vpc_id}", &["vpc_id"]),
            ("#{AWS::AccountId}", &["AWS::AccountId"]),
            ("@{vpcId}", &["vpcId"]),
            ("{vpc_id}", &["vpc_id"]),
            ("{ vpc_id }", &[" vpc_id "]),
            ("$VPC_ID", &["VPC_ID"]),
            ("$(VPC_ID)", &["VPC_ID"]),
            ("$vpcId-$region:$Account", &["vpcId", "region", "Account"]),
            ("__VPC_ID__", &["VPC_ID"]),
            ("a${b{c}d", &["c"]),
            ("a-$NAME_1-b<x>", &["NAME_1", "x"]),
        ] {
            let own: Vec<&str> = placeholders(text).map(|p| p.inner).collect();
            assert_eq!(own, found, "{text}");
            assert!(may_have_placeholders(text), "{text}");
        }
    }

    #[test]
    fn texts_of_their_own() {
        for text in [
            "function:f:$LATEST",
            "[$LATEST]",
            "a/$default/$connect",
            "topic/$aws/things",
            "x_$folder$",
            "day=__HIVE_DEFAULT_PARTITION__",
            "__init__.py",
            "a__b__c",
            "pets/{proxy+}",
            "{a,b}",
            "US$100",
            "%2Fa%20b%AB%CD",
            "${open",
            "{{open",
            "<1>",
            "<a/b>",
            "a#b@c",
        ] {
            assert_eq!(placeholders(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn unclosed_placeholders_cost_no_time() {
        for text in ["${", "{{", "#{", "%(", "<", "__", "$(", "$A", "%A"] {
            assert_eq!(placeholders(&text.repeat(100_000)).take(1).count(), 0);
        }
    }
}
