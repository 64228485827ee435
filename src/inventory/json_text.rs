//! JSON in a text whose bytes have places and whose parts may be unknown (holes): a heredoc, a template file,
//! `jsondecode`, a policy that a CloudFormation template has as a text.

use crate::parser::Span;

/// The deepest nesting.
const DEEPEST: usize = 128;
/// The character for a hole in [`Flat::text`]; JSON has no such character.
pub(super) const HOLE: char = '\0';

/// A text that is in one file with all of its bytes.
#[derive(Default, Debug)]
pub(super) struct Flat {
    pub(super) text: String,
    /// The place of each byte and of the end.
    pub(super) offsets: Vec<u32>,
    /// The offset of a hole, its index and its place.
    pub(super) holes: Vec<(usize, usize, Span)>,
}

/// A value and where it starts and ends.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) token: Token,
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Debug)]
pub(super) enum Token {
    Null,
    Boolean(bool),
    Number(String),
    Text(Text),
    Array(Vec<Json>),
    /// The members in order, a repeated key as often as it is written.
    Object(Vec<(Json, Json)>),
    /// A hole that is a value of its own.
    Hole(usize),
}

/// A decoded string.
#[derive(Default, Debug)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) offsets: Vec<u32>,
    /// The offset of a hole, its index and its place; the text has [`HOLE`] there.
    pub(super) holes: Vec<(usize, usize, Span)>,
}

/// The text of a file.
pub(super) fn of_file(text: &str) -> Flat {
    let inner = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - inner.len();
    Flat {
        text: inner.to_owned(),
        offsets: (start as u32..=text.len() as u32).collect(),
        holes: Vec::new(),
    }
}

/// Reads a text.
///
/// # Errors
///
/// An error and its place.
pub(super) fn parse(flat: &Flat) -> Result<Json, (String, u32)> {
    let mut reader = Reader {
        flat,
        bytes: flat.text.as_bytes(),
        at: 0,
        depth: 0,
    };
    let value = reader.value()?;
    reader.blank();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("the text goes on after the end of the JSON value")),
    }
}

struct Reader<'f> {
    flat: &'f Flat,
    bytes: &'f [u8],
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, (String, u32)>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn place(&self, at: usize) -> u32 {
        let offsets = &self.flat.offsets;
        offsets.get(at).or(offsets.last()).copied().unwrap_or(0)
    }

    fn fault(&self, message: &str) -> (String, u32) {
        (message.to_owned(), self.place(self.at))
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, c: u8) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// The hole at this place.
    fn hole(&self) -> Option<(usize, Span)> {
        let at = self.flat.holes.binary_search_by_key(&self.at, |h| h.0);
        let (_, hole, span) = self.flat.holes.get(at.ok()?)?;
        Some((*hole, *span))
    }

    fn value(&mut self) -> Read<Json> {
        self.blank();
        let from = self.at;
        let token = match self.peek() {
            None => return Err(self.fault("the text ends where a JSON value is expected")),
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Token::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(0) => match self.hole() {
                Some((hole, span)) => {
                    self.at += 1;
                    return Ok(Json {
                        token: Token::Hole(hole),
                        start: span.start,
                        end: span.end,
                    });
                }
                None => return Err(self.fault("a control character is not JSON")),
            },
            Some(_) => self.word()?,
        };
        Ok(Json {
            token,
            start: self.place(from),
            end: self.end(from),
        })
    }

    /// The place behind what was read last. What a reference contributes has one place: the end is then that of the reference.
    fn end(&self, from: usize) -> u32 {
        self.place(self.at).max(self.place(from))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Token>) -> Read<Token> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault("the JSON is nested too deeply"));
        }
        self.at += 1;
        let token = read(self);
        self.depth -= 1;
        token
    }

    fn array(&mut self) -> Read<Token> {
        let mut all = Vec::new();
        self.blank();
        if self.eat(b']') {
            return Ok(Token::Array(all));
        }
        loop {
            all.push(self.value()?);
            self.blank();
            if self.eat(b']') {
                return Ok(Token::Array(all));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `]` in the JSON"));
            }
        }
    }

    fn object(&mut self) -> Read<Token> {
        let mut all = Vec::new();
        self.blank();
        if self.eat(b'}') {
            return Ok(Token::Object(all));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a key in double quotes in the JSON"));
            }
            let from = self.at;
            let key = Json {
                token: Token::Text(self.string()?),
                start: self.place(from),
                end: self.end(from),
            };
            self.blank();
            if !self.eat(b':') {
                return Err(self.fault("expected `:` behind the key in the JSON"));
            }
            all.push((key, self.value()?));
            self.blank();
            if self.eat(b'}') {
                return Ok(Token::Object(all));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `}` in the JSON"));
            }
        }
    }

    fn word(&mut self) -> Read<Token> {
        for (word, token) in [
            ("true", Token::Boolean(true)),
            ("false", Token::Boolean(false)),
            ("null", Token::Null),
        ] {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(token);
            }
        }
        Err(self.fault("this is not JSON"))
    }

    fn number(&mut self) -> Read<Token> {
        let from = self.at;
        while matches!(
            self.peek(),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let text = self.flat.text.get(from..self.at).unwrap_or_default();
        if serde_json::from_str::<serde_json::Number>(text).is_ok() {
            Ok(Token::Number(text.to_owned()))
        } else {
            self.at = from;
            Err(self.fault("this is not a JSON number"))
        }
    }

    fn string(&mut self) -> Read<Text> {
        self.at += 1;
        let mut text = Text::default();
        loop {
            let here = self.place(self.at);
            match self.peek() {
                None => return Err(self.fault("a string of the JSON has no end")),
                Some(b'"') => {
                    text.offsets.push(here);
                    self.at += 1;
                    return Ok(text);
                }
                Some(0) => {
                    let Some((hole, span)) = self.hole() else {
                        return Err(self.fault("a control character is not JSON"));
                    };
                    text.holes.push((text.value.len(), hole, span));
                    text.value.push(HOLE);
                    text.offsets.push(here);
                    self.at += 1;
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    text.value.push(c);
                    let bytes = std::iter::repeat_n(here, c.len_utf8());
                    text.offsets.extend(bytes);
                }
                Some(c) if c < b' ' => {
                    return Err(self.fault("a string of the JSON contains a control character"));
                }
                Some(_) => {
                    let rest = self.flat.text.get(self.at..).unwrap_or_default();
                    let run = rest
                        .find(|c: char| c == '"' || c == '\\' || c < ' ')
                        .unwrap_or(rest.len());
                    text.value.push_str(rest.get(..run).unwrap_or_default());
                    let offsets = self.flat.offsets.get(self.at..self.at + run);
                    text.offsets.extend(offsets.unwrap_or_default());
                    self.at += run;
                }
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let from = self.at;
        let c = self.bytes.get(from + 1).copied();
        self.at += 2;
        Ok(match c {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let pair = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
                if !pair {
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                self.at += 2;
                let second = self.hex()?;
                let code =
                    0x10000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF);
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at = from;
                return Err(self.fault("this is not an escape of JSON"));
            }
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.flat.text.get(self.at..self.at + 4);
        let all_hex = |d: &&str| d.bytes().all(|b| b.is_ascii_hexdigit());
        let code = digits.filter(all_hex).map(|d| u32::from_str_radix(d, 16));
        match code {
            Some(Ok(code)) => {
                self.at += 4;
                Ok(code)
            }
            _ => Err(self.fault("expected four hexadecimal digits in the JSON")),
        }
    }
}
