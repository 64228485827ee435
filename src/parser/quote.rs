//! User input quoted in messages.

use crate::{inert, nearest};

/// User input for a message: long texts and line breaks would hide the words around them.
pub(crate) fn shorten(text: &str) -> String {
    shorten_to(text, 60)
}

/// As [`shorten`], to so many code points.
pub(crate) fn shorten_to(text: &str, longest: usize) -> String {
    let start: String = text.chars().take(longest).collect();
    let line = inert::line(&start);
    if text.chars().nth(longest).is_some() {
        format!("{line}…")
    } else {
        line.into_owned()
    }
}

/// A noun with its indefinite article, by its first letter.
pub(crate) fn with_article(noun: &str) -> String {
    match noun.chars().next().map(|c| c.to_ascii_lowercase()) {
        Some('a' | 'e' | 'i' | 'o') => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

/// A character as a message names it.
pub(super) fn named(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        c if c.is_control() => format!("U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    }
}

/// A `Sid` as everything that is found in its statement names it: whole, unless no person wrote it.
pub(crate) fn name(sid: &str) -> String {
    const LONGEST: usize = 256;
    if sid.len() <= LONGEST {
        sid.to_owned()
    } else {
        shorten(sid)
    }
}

/// The name of the grammar that was probably meant by `word`.
pub(super) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let names = names.iter().map(|name| (*name, *name));
    nearest::nearest(word, names, |name| name.len() / 3)
}

#[cfg(test)]
mod tests {
    use super::with_article;

    #[test]
    fn an_article_fits_its_noun() {
        for (noun, expected) in [
            ("account", "an account"),
            ("Region", "a Region"),
            ("IAM role", "an IAM role"),
            ("user", "a user"),
            ("argument", "an argument"),
            ("block", "a block"),
        ] {
            assert_eq!(with_article(noun), expected);
        }
    }
}
