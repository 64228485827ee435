//! Objects that have a key twice (`{ a = 1, a = 2 }`). Terraform evaluates both and takes the last; `hcl_edit` refuses the
//! text, so each later one is put in parentheses, which make it another key for the parser and the same for Terraform.

use std::borrow::Cow;

use hcl_edit::parser::Error;

use super::Fault;
use crate::parser::Span;

/// The most keys that are rewritten in one text.
const MOST: usize = 100;
/// The most bytes that are parsed again for them.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The longest key, in bytes.
const LONGEST: usize = 1024;

/// A text and the places of its bytes in their file.
pub(super) struct Code<'t> {
    pub(super) text: Cow<'t, str>,
    /// One for each byte and for the end, if the text is not as it is in the file.
    pub(super) offsets: Option<Vec<u32>>,
}

/// Parses a text. `at` is the place of a byte in the file.
///
/// # Errors
///
/// The first place that the parser refuses.
pub(super) fn parse<T>(
    text: &str,
    at: impl Fn(usize) -> u32,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<(T, Code<'_>), Fault> {
    let mut code = Code {
        text: Cow::Borrowed(text),
        offsets: None,
    };
    let mut rewritten = 0;
    loop {
        let error = match parse(&code.text) {
            Ok(parsed) => return Ok((parsed, code)),
            Err(error) => error,
        };
        let start = error.location().offset();
        let place = match &code.offsets {
            Some(all) => all.get(start).or(all.last()).copied().unwrap_or(0),
            None => at(start),
        };
        let is_repeated = error.message().contains("redefined object key");
        let key = key(&code.text, start).filter(|_| is_repeated);
        match key {
            Some(key) if rewritten < MOST && rewritten * text.len() < MOST_BYTES => {
                code.enclose(start, &key, &at);
                rewritten += 1;
            }
            _ => {
                return Err(Fault {
                    message: words(&error),
                    span: Span::new(place as usize, place as usize),
                });
            }
        }
    }
}

/// The key of an object that begins at a place: the shortest text before `=` or `:` that is an expression.
fn key(text: &str, start: usize) -> Option<String> {
    let rest = text.get(start..)?;
    let ends = rest.match_indices(['=', ':']).map(|(at, _)| at);
    for end in ends.take_while(|at| *at <= LONGEST) {
        let key = rest.get(..end)?.trim_end();
        let is_comparison = rest.get(end..)?.starts_with("==");
        if !is_comparison && hcl_edit::parser::parse_expr(key).is_ok() {
            return Some(key.to_owned());
        }
    }
    None
}

impl Code<'_> {
    /// Puts a key in parentheses, and between quotes if it is a word.
    fn enclose(&mut self, start: usize, key: &str, at: &impl Fn(usize) -> u32) {
        let end = start + key.len();
        let is_word = hcl_edit::Ident::try_new(key).is_ok();
        let (open, close) = if is_word { ("(\"", "\")") } else { ("(", ")") };
        let text = self.text.to_mut();
        let mut offsets =
            { self.offsets.take() }.unwrap_or_else(|| (0..=text.len()).map(at).collect());
        for (place, added) in [(end, close), (start, open)] {
            text.insert_str(place, added);
            let own = offsets.get(place).copied().unwrap_or_default();
            offsets.splice(place..place, added.bytes().map(|_| own));
        }
        self.offsets = Some(offsets);
    }
}

/// The words of an error, on one line.
fn words(error: &Error) -> String {
    let message = error.message();
    if message.contains("redefined attribute") {
        return "an argument of a block is set twice".to_owned();
    }
    if message.contains("redefined object key") {
        return "too many keys are given twice in one object".to_owned();
    }
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ")
}
