//! Why a text is not JSON, in words for people who do not write JSON every day.
//!
//! `serde_json` decides whether a text is JSON; [`explain`] goes over a text that it refused a second time.

use std::ops::Range;

use super::fault::Fault;
use super::quote::shorten;
use super::token::{Scanner, Token};

/// Explains a text that `serde_json` refused.
pub(super) fn explain(text: &str, error: &serde_json::Error) -> Fault {
    first_fault(text).unwrap_or_else(|| {
        let start: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let mut at = (start + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or("not JSON");
        Fault::new(at..at, message)
    })
}

/// The first place at which a text stops being JSON.
fn first_fault(text: &str) -> Option<Fault> {
    let mut scanner = Scanner::new(text);
    let mut state = State {
        text,
        wanted: Wanted::Document,
        open: Vec::new(),
        last: 0..0,
        before_last: 0..0,
    };
    loop {
        match scanner.next() {
            Err(fault) => return Some(fault),
            Ok((Token::End, _)) if state.wanted == Wanted::Nothing => return None,
            Ok((token, range)) => {
                if !state.accept(token, &range) {
                    return Some(state.fault(token, range));
                }
                state.before_last = std::mem::replace(&mut state.last, range);
            }
        }
    }
}

/// The tokens that JSON allows next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// The only value of the text.
    Document,
    /// After `[`.
    FirstElement,
    /// After `,` in an array.
    Element,
    /// After `{`.
    FirstKey,
    /// After `,` in an object.
    Key,
    /// After a key.
    Colon,
    /// After `:`.
    MemberValue,
    /// After a value: `,` or the closing bracket.
    Separator,
    /// After the value of the text.
    Nothing,
}

struct State<'a> {
    text: &'a str,
    wanted: Wanted,
    /// The brackets that are open: place and character.
    open: Vec<(usize, char)>,
    last: Range<usize>,
    before_last: Range<usize>,
}

impl State<'_> {
    /// Goes on by one token, if JSON allows it here.
    fn accept(&mut self, token: Token, range: &Range<usize>) -> bool {
        use Wanted::{
            Colon, Document, Element, FirstElement, FirstKey, Key, MemberValue, Separator,
        };
        let next = match (self.wanted, token) {
            (Document | FirstElement | Element | MemberValue, Token::String | Token::Scalar) => {
                self.after_value()
            }
            (Document | FirstElement | Element | MemberValue, Token::Open(bracket)) => {
                self.open.push((range.start, bracket));
                if bracket == '{' {
                    FirstKey
                } else {
                    FirstElement
                }
            }
            (FirstKey | Key, Token::String) => Colon,
            (Colon, Token::Colon) => MemberValue,
            (Separator, Token::Comma) if self.in_object() => Key,
            (Separator, Token::Comma) => Element,
            (FirstElement | FirstKey | Separator, Token::Close(bracket))
                if self.closing() == Some(bracket) =>
            {
                self.open.pop();
                self.after_value()
            }
            _ => return false,
        };
        self.wanted = next;
        true
    }

    fn after_value(&self) -> Wanted {
        if self.open.is_empty() {
            Wanted::Nothing
        } else {
            Wanted::Separator
        }
    }

    fn in_object(&self) -> bool {
        matches!(self.open.last(), Some((_, '{')))
    }

    /// The bracket that closes the innermost open one.
    fn closing(&self) -> Option<char> {
        self.open
            .last()
            .map(|(_, bracket)| if *bracket == '{' { '}' } else { ']' })
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or("")
    }

    fn quote(&self, range: &Range<usize>) -> String {
        format!("`{}`", shorten(self.slice(range)))
    }

    fn fault(&self, token: Token, range: Range<usize>) -> Fault {
        if let Some(fault) = self.foreign_token(token, &range) {
            return fault;
        }
        match (self.wanted, token) {
            (_, Token::End) => self.end(),
            (Wanted::Nothing, _) => self.text_after_end(token, range),
            (Wanted::Element | Wanted::Key, Token::Close(bracket))
                if self.closing() == Some(bracket) =>
            {
                Fault::new(
                    self.last.clone(),
                    format!("trailing comma before `{bracket}`"),
                )
                .with_help("remove the comma: in JSON none follows the last entry")
                .with_related(range, "nothing comes after the comma")
            }
            (Wanted::MemberValue, Token::Close(_) | Token::Comma) => {
                let key = self.quote(&self.before_last);
                Fault::new(
                    range.clone(),
                    format!("the key {key} has no value: found {}", self.quote(&range)),
                )
                .with_help("write a value after the colon, or remove the key")
            }
            (_, Token::Close(found)) => self.mismatched(found, range),
            (Wanted::Separator, Token::String | Token::Scalar | Token::Open(_)) => {
                let found = self.quote(&range);
                Fault::new(range, format!("missing comma before {found}"))
                    .with_help("put a comma between two entries")
                    .with_related(self.last.clone(), "the comma belongs after this")
            }
            (Wanted::Colon, _) => self.missing_colon(token, range),
            (Wanted::FirstKey | Wanted::Key, _) => self.not_a_key(token, range),
            (Wanted::Separator, Token::Colon) if !self.in_object() => {
                Fault::new(range, "found `:` in a list").with_help(
                    "put a key and its value into `{…}`; a list `[…]` contains values only",
                )
            }
            (_, Token::Comma) => Fault::new(range, "found `,` where a value belongs")
                .with_help("remove the comma, or write the value that is missing before it"),
            _ => {
                let expected = match self.wanted {
                    Wanted::Separator => match self.closing() {
                        Some(']') => "`,` or `]`",
                        _ => "`,` or `}`",
                    },
                    _ => "a value",
                };
                let found = self.quote(&range);
                Fault::new(range, format!("expected {expected}, found {found}"))
            }
        }
    }

    /// Faults for text that is not a token of JSON, anywhere.
    fn foreign_token(&self, token: Token, range: &Range<usize>) -> Option<Fault> {
        let text = self.slice(range);
        let inside = text
            .get(text.chars().next().map_or(0, char::len_utf8)..)
            .and_then(|t| t.get(..t.len() - t.chars().next_back().map_or(0, char::len_utf8)))
            .filter(|t| !t.is_empty());
        Some(match token {
            Token::Comment => Fault::new(range.clone(), "JSON has no comments")
                .with_help("remove the comment; the `Sid` of a statement can say what it is for"),
            Token::SingleQuoted => Fault::new(
                range.clone(),
                format!("{} is in the wrong quotes", self.quote(range)),
            )
            .with_help(match inside {
                Some(inside) => format!(
                    "write `\"{}\"`: JSON knows double quotes only (from Python, print with `json.dumps`)",
                    shorten(inside)
                ),
                None => "JSON knows double quotes only".to_owned(),
            }),
            Token::SmartQuoted => Fault::new(
                range.clone(),
                format!("typographic quotes in {}", self.quote(range)),
            )
            .with_help(match inside {
                Some(inside) => format!(
                    "write `\"{}\"` with straight quotes; word processors and web pages put the curly ones in",
                    shorten(inside)
                ),
                None => "use straight double quotes `\"`; word processors and web pages put the curly ones in"
                    .to_owned(),
            }),
            Token::Space(c) => {
                let name = match c {
                    '\u{a0}' => "a no-break space",
                    '\u{feff}' => "a byte order mark",
                    c if c.is_whitespace() => "an unusual blank",
                    c if c.is_control() => "a control character",
                    _ => "an invisible character",
                };
                Fault::new(
                    range.clone(),
                    format!("{name} (U+{:04X}) outside a string", u32::from(c)),
                )
                .with_help("replace it by an ordinary blank; copying from web pages and PDF files brings these in")
            }
            Token::Stray(_) if self.wanted != Wanted::Nothing && self.wanted != Wanted::Colon => {
                Fault::new(
                    range.clone(),
                    format!("{} does not belong here", self.quote(range)),
                )
                .with_help("strings need double quotes")
            }
            Token::Word if self.wanted != Wanted::Nothing => self.unquoted(range.clone()),
            Token::Open('{')
                if self.wanted == Wanted::FirstKey && self.last.end == range.start =>
            {
                let start = self.last.start;
                let rest = self.text.get(start..).unwrap_or("");
                let line = rest.lines().next().unwrap_or("");
                let end = line.find("}}").map_or(2, |i| i + 2);
                unquoted_placeholder(start..start + end, line.get(..end).unwrap_or("{{"))
            }
            _ => return None,
        })
    }

    fn unquoted(&self, range: Range<usize>) -> Fault {
        let text = self.slice(&range);
        let shown = shorten(text);
        if self.last.end == range.start && self.slice(&self.last).ends_with('"') {
            return Fault::new(
                range,
                format!("`{shown}` directly after a closing quote"),
            )
            .with_help("a double quote is missing or too many; for a quote inside a string write `\\\"`")
            .with_related(self.last.clone(), "this is read as one string");
        }
        if text.starts_with(['<', '$', '%']) {
            return unquoted_placeholder(range, text);
        }
        let is_key = matches!(self.wanted, Wanted::FirstKey | Wanted::Key);
        let literal = match text.to_ascii_lowercase().as_str() {
            "true" => Some("true"),
            "false" => Some("false"),
            "null" | "none" | "nil" | "undefined" => Some("null"),
            _ => None,
        };
        if let Some(literal) = literal.filter(|_| !is_key) {
            return Fault::new(range, format!("`{shown}` is not JSON")).with_help(format!(
                "write `{literal}`, in lower case and without quotes"
            ));
        }
        let number = text.parse::<f64>().ok();
        let number = number.filter(|_| text.contains(|c: char| c.is_ascii_digit()));
        if number.is_some_and(f64::is_infinite) {
            return Fault::new(range, format!("the number `{shown}` is too large"))
                .with_help("write fewer digits, or a string in double quotes");
        }
        if number.is_some() {
            return Fault::new(range, format!("`{shown}` is not a number of JSON"))
                .with_help(format!("write `\"{shown}\"` in double quotes"));
        }
        let what = if is_key { "key" } else { "value" };
        Fault::new(range, format!("the {what} `{shown}` is not in quotes"))
            .with_help(format!("write `\"{shown}\"` in double quotes"))
    }

    fn end(&self) -> Fault {
        let Some((at, bracket)) = self.open.last() else {
            return if self.text.is_empty() {
                Fault::new(0..0, "the file is empty").about("document")
            } else {
                Fault::new(0..0, "the file holds nothing but white space").about("document")
            }
            .with_help("put the policy in: a JSON object that starts with `{`");
        };
        let closing = if *bracket == '{' { '}' } else { ']' };
        let message = format!("the text ends before `{bracket}` is closed");
        Fault::new(self.last.clone(), message)
            .with_help(format!(
                "add the missing `{closing}`; the file may also have been cut off"
            ))
            .with_related(*at..*at + 1, "opened here")
    }

    fn text_after_end(&self, token: Token, range: Range<usize>) -> Fault {
        match token {
            Token::Colon if self.slice(&self.last).starts_with('"') => {
                let key = self.quote(&self.last);
                Fault::new(
                    self.last.clone(),
                    format!("the key {key} is outside of `{{…}}`"),
                )
                .with_help("put `{` before the text and `}` after it; a policy starts with `{`")
            }
            Token::Comma => Fault::new(range, "found `,` after the end of the document").with_help(
                "remove everything after the last bracket; write several statements as `\"Statement\": [{…}, {…}]`",
            ),
            Token::Close(bracket) => Fault::new(
                range,
                format!("`{bracket}` closes nothing: it is one too many"),
            )
            .with_help("remove it, or add the bracket that opens what it closes"),
            Token::Open(_) => {
                let message = if self.one_per_line() {
                    "a second JSON document on a line of its own (NDJSON)"
                } else {
                    "a second JSON document after the end of the first"
                };
                Fault::new(range, message).with_help(
                    "put each policy into a file of its own, or all statements into one `Statement` list",
                )
            }
            _ => {
                let found = self.quote(&range);
                Fault::new(
                    range,
                    format!("found {found} after the end of the document"),
                )
                .with_help("remove everything after the last bracket")
            }
        }
    }

    /// True when the first document takes exactly one line.
    fn one_per_line(&self) -> bool {
        let read = self.text.get(..self.last.end).unwrap_or("");
        let rest = self.text.get(self.last.end..).unwrap_or("");
        !read.trim().contains('\n') && rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    fn mismatched(&self, found: char, range: Range<usize>) -> Fault {
        let Some((at, bracket)) = self.open.last() else {
            return Fault::new(range, format!("`{found}` closes nothing"))
                .with_help("a policy starts with `{`");
        };
        let expected = if *bracket == '{' { '}' } else { ']' };
        if self.wanted == Wanted::Colon {
            return self.missing_colon(Token::Close(found), range);
        }
        Fault::new(
            range,
            format!("`{found}` does not close the `{bracket}` that is open: expected `{expected}`"),
        )
        .with_help(format!("add the missing `{expected}` before it"))
        .with_related(*at..*at + 1, "opened here")
    }

    fn missing_colon(&self, token: Token, range: Range<usize>) -> Fault {
        let key = self.quote(&self.last);
        let found = self.quote(&range);
        let fault = Fault::new(
            range,
            format!("expected `:` after the key {key}, found {found}"),
        );
        match token {
            Token::Comma | Token::Close(_) => fault.with_help(
                "in `{…}` every entry is `\"key\": value`; write a list of strings as `[…]`",
            ),
            _ => fault.with_help("write `\"key\": value`, with a colon between them"),
        }
    }

    fn not_a_key(&self, token: Token, range: Range<usize>) -> Fault {
        let found = self.quote(&range);
        let fault = Fault::new(
            range,
            format!("expected a key in double quotes, found {found}"),
        );
        match token {
            Token::Comma => fault.with_help("remove this comma"),
            Token::Open('{') => {
                fault.with_help("put objects without a key into a list: `[{…}, {…}]`")
            }
            _ => fault.with_help("in `{…}` every entry is `\"key\": value`"),
        }
    }
}

fn unquoted_placeholder(range: Range<usize>, text: &str) -> Fault {
    Fault::new(
        range,
        format!("the placeholder `{}` is not in quotes", shorten(text)),
    )
    .with_help("replace it by its value, in double quotes")
}

#[cfg(test)]
mod tests;
