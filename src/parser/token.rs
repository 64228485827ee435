//! Pieces of a text that ought to be JSON, to explain why it is not.

use std::ops::Range;

use super::fault::Fault;
use super::quote::shorten;

/// The token at a place: tokens of JSON, and what authors write instead of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// `{` or `[`.
    Open(char),
    /// `}` or `]`.
    Close(char),
    Comma,
    Colon,
    String,
    /// A number, `true`, `false` or `null`.
    Scalar,
    /// Text without quotes.
    Word,
    /// `// …`, `/* … */` or `# …`.
    Comment,
    /// A text in single quotes or backticks.
    SingleQuoted,
    /// A text in typographic quotes.
    SmartQuoted,
    /// A blank that JSON does not know, or an invisible character.
    Space(char),
    /// Any other character.
    Stray(char),
    End,
}

/// Cuts a text into tokens.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The next token, or the fault inside a string.
    pub(super) fn next(&mut self) -> Result<(Token, Range<usize>), Fault> {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        self.at = self.text.len() - self.rest().trim_start_matches(blank).len();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok((Token::End, self.at..self.at));
        };
        let (token, length) = match first {
            '{' | '[' => (Token::Open(first), 1),
            '}' | ']' => (Token::Close(first), 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '"' => (Token::String, self.string(rest)?),
            '#' => (Token::Comment, line(rest).len()),
            '/' if rest.starts_with("//") => (Token::Comment, line(rest).len()),
            '/' if rest.starts_with("/*") => (
                Token::Comment,
                rest.find("*/").map_or(line(rest).len(), |end| end + 2),
            ),
            '\'' | '`' => (Token::SingleQuoted, quoted(rest, &[first])),
            '“' | '”' | '„' | '‟' | '«' | '»' => (
                Token::SmartQuoted,
                quoted(rest, &['“', '”', '‟', '«', '»', '"']),
            ),
            '‘' | '’' | '‚' => (Token::SmartQuoted, quoted(rest, &['‘', '’', '\''])),
            c if is_blank(c) || c.is_control() => (Token::Space(c), c.len_utf8()),
            c if starts_word(c) => word(rest),
            c => (Token::Stray(c), c.len_utf8()),
        };
        let start = self.at;
        self.at += length;
        Ok((token, start..self.at))
    }

    /// The length of the string that `rest` starts with.
    fn string(&self, rest: &str) -> Result<usize, Fault> {
        let mut chars = rest.char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => return Ok(i + 1),
                '\\' => {
                    let length = escape(rest.get(i..).unwrap_or(""))
                        .map_err(|fault| fault.shifted(self.at + i))?;
                    // The escape is ASCII; its backslash is consumed.
                    if let Some(more) = length.checked_sub(2) {
                        chars.nth(more);
                    }
                }
                '\n' | '\r' => break,
                '\t' => {
                    let at = self.at + i;
                    return Err(
                        Fault::new(at..at + 1, "a raw tab inside a string").with_help(
                            "write `\\t`, or a blank; JSON strings hold no control characters",
                        ),
                    );
                }
                c if c < ' ' => {
                    let at = self.at + i;
                    return Err(Fault::new(
                        at..at + 1,
                        format!("control character U+{:04X} inside a string", u32::from(c)),
                    )
                    .with_help("remove it; JSON strings hold no control characters"));
                }
                _ => {}
            }
        }
        Err(self.unclosed(rest))
    }

    fn unclosed(&self, rest: &str) -> Fault {
        let shown = line(rest).trim_end();
        let help = if shown.contains(['“', '”', '„', '’']) {
            "close it with a straight double quote `\"`, not a typographic one".to_owned()
        } else if line(rest).len() == rest.len() {
            "the file ends inside this string; it may have been cut off".to_owned()
        } else {
            "close it with `\"` on the same line; for a line break inside a string write `\\n`"
                .to_owned()
        };
        Fault::new(
            self.at..self.at + shown.len(),
            "a string that is not closed on its line",
        )
        .with_help(help)
    }
}

/// The text up to the end of its first line.
fn line(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or("")
}

/// The start of a text, long enough for any word: a line can be the whole file, and every word of it is looked at.
fn head(text: &str) -> &str {
    const LONGEST: usize = 1024;
    let end = (0..4).map(|more| LONGEST + more);
    let end = { end }.find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The length of a text in quotes of any kind, closed on its line, or of its quote alone.
fn quoted(rest: &str, closing: &[char]) -> usize {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let inside = line(rest).get(first..).unwrap_or("");
    inside
        .char_indices()
        .find(|(_, c)| closing.contains(c))
        .map_or(first, |(i, c)| first + i + c.len_utf8())
}

/// Unicode white space other than JSON's four, and characters that cannot be seen.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
        )
}

fn starts_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '*' | '<' | '$' | '%' | '@' | '!')
}

/// A number, a literal, or text without its quotes.
fn word(rest: &str) -> (Token, usize) {
    let shown = head(rest);
    let closed = |close: &str| line(shown).find(close).map(|i| i + close.len());
    let placeholder = if rest.starts_with('<') {
        closed(">")
    } else if rest.starts_with("${") {
        closed("}")
    } else if rest.starts_with("%(") {
        closed(")s").or(closed(")"))
    } else {
        None
    };
    let from = placeholder.unwrap_or(0);
    let mut chars = shown.get(from..).unwrap_or("").char_indices().peekable();
    let mut length = shown.len();
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        // A colon belongs to `s3:GetObject`, but not to `Effect: "Allow"`.
        let ends = match c {
            ':' => next.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '[' | '{' | '\'')),
            c => c.is_whitespace() || matches!(c, ',' | '{' | '}' | '[' | ']' | '"'),
        };
        if ends {
            length = from + i;
            break;
        }
    }
    let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
    let text = rest.get(..length).unwrap_or("");
    let token = if matches!(text, "true" | "false" | "null") || is_number(text) {
        Token::Scalar
    } else {
        Token::Word
    };
    (token, length)
}

/// A number of JSON that fits into a double.
fn is_number(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The length of the escape that `rest` starts with, both halves of a surrogate pair included.
fn escape(rest: &str) -> Result<usize, Fault> {
    match rest.chars().nth(1) {
        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Ok(2),
        Some('u') => match hex(rest) {
            None => {
                let digits = rest
                    .bytes()
                    .skip(2)
                    .take(4)
                    .take_while(u8::is_ascii_hexdigit)
                    .count();
                Err(Fault::new(
                    0..2 + digits,
                    "`\\u` without four hexadecimal digits after it",
                )
                .with_help("write for example `\\u00e9`, or `\\\\u` for a backslash and a `u`"))
            }
            Some(0xD800..=0xDBFF) => {
                match rest.get(6..).filter(|t| t.starts_with("\\u")).and_then(hex) {
                    Some(0xDC00..=0xDFFF) => Ok(12),
                    _ => Err(half(rest)),
                }
            }
            Some(0xDC00..=0xDFFF) => Err(half(rest)),
            Some(_) => Ok(6),
        },
        Some(c) if c >= ' ' => {
            let help = match c {
                '\'' => "write `'` without a backslash".to_owned(),
                '*' | '?' | '$' | ':' => {
                    format!("write `{c}` without a backslash, or `\\\\` for a backslash")
                }
                _ => "write `\\\\` for a backslash; JSON's escapes are \
                      `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\uXXXX`"
                    .to_owned(),
            };
            Err(Fault::new(
                0..1 + c.len_utf8(),
                format!("`\\{c}` is not an escape of JSON"),
            )
            .with_help(help))
        }
        _ => Err(Fault::new(0..1, "a backslash at the end of the line")
            .with_help("write `\\\\` for a backslash; JSON strings do not go on over lines")),
    }
}

/// The four digits of `\uXXXX`.
fn hex(rest: &str) -> Option<u32> {
    let digits = rest.get(2..6)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

fn half(rest: &str) -> Fault {
    let shown = rest.get(..6).unwrap_or("");
    Fault::new(
        0..shown.len(),
        format!(
            "`{}` is half a character (a lone surrogate)",
            shorten(shown)
        ),
    )
    .with_help("write the character itself, or both halves of its surrogate pair")
}
