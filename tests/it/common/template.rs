//! Values of a template, and the ways to write them as YAML and as JSON.
//!
//! Texts may hold marks: invisible characters that say where a part of the policy begins and ends in what is written.

use std::ops::Range;

use super::chance::Chance;

/// A value of a template.
#[derive(Clone, Debug)]
pub enum Made {
    /// A text, maybe with marks.
    Text(String),
    /// `true`, a number.
    Raw(String),
    List(Vec<Made>),
    Map(Vec<(Made, Made)>),
    /// A function by its long name, and its argument.
    Call(&'static str, Box<Made>),
    /// A value between two marks.
    Marked(usize, Box<Made>),
    /// A value with a name for aliases.
    Anchor(String, Box<Made>),
    /// The name, and the value for a form without aliases.
    Alias(String, Box<Made>),
}

impl Made {
    pub fn text(text: impl Into<String>) -> Self {
        Made::Text(text.into())
    }

    pub fn call(name: &'static str, arguments: Vec<Made>) -> Self {
        Made::Call(name, Box::new(Made::List(arguments)))
    }

    pub fn map<const N: usize>(entries: [(&str, Made); N]) -> Self {
        Made::Map(entries.map(|(k, v)| (Made::text(k), v)).to_vec())
    }

    pub fn no_value() -> Self {
        Made::Call("Ref", Box::new(Made::text("AWS::NoValue")))
    }
}

const BEGIN: char = '\u{e000}';
const END: char = '\u{e001}';
const STOP: char = '\u{e002}';

/// The mark before a part.
pub fn begin(id: usize) -> String {
    format!("{BEGIN}{id}{STOP}")
}

/// The mark behind a part.
pub fn end(id: usize) -> String {
    format!("{END}{id}{STOP}")
}

/// Takes the marks out of a text: the text, and each part with its place, outer parts first.
pub fn unmarked(text: &str) -> (String, Vec<(usize, Range<usize>)>) {
    let mut plain = String::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find([BEGIN, END]) {
        plain.push_str(&rest[..at]);
        let stop = rest[at..].find(STOP).unwrap() + at;
        let mark = &rest[at..stop];
        let id: usize = mark.chars().skip(1).collect::<String>().parse().unwrap();
        if mark.starts_with(BEGIN) {
            open.push((parts.len(), plain.len()));
            parts.push((id, 0..0));
        } else {
            let (index, start) = open.pop().unwrap();
            assert_eq!(parts[index].0, id, "marks that cross");
            parts[index].1 = start..plain.len();
        }
        rest = &rest[stop + STOP.len_utf8()..];
    }
    plain.push_str(rest);
    (plain, parts)
}

/// Writes values as YAML, each time in one of its ways.
pub struct Yaml<'c> {
    pub chance: &'c mut Chance,
    /// Plain, quoted and block scalars, tags and long forms at random; else the first way of each.
    pub varied: bool,
}

impl Yaml<'_> {
    fn coin(&mut self, n: usize) -> bool {
        self.varied && self.chance.rarely(n)
    }

    /// What follows a key or a dash whose content may stand at this indentation.
    pub fn block(&mut self, made: &Made, indent: usize) -> String {
        let pad = " ".repeat(indent);
        match made {
            Made::Map(entries) if !entries.is_empty() && (indent == 0 || !self.coin(4)) => {
                let lines = entries.iter().map(|(key, value)| {
                    let key = self.flow(key);
                    format!("\n{pad}{key}:{}", self.block(value, indent + 2))
                });
                lines.collect()
            }
            Made::List(elements) if !elements.is_empty() && !self.coin(3) => {
                let lines = elements.iter().map(|element| {
                    let mut value = self.block(element, indent + 2);
                    // A map or a list may begin beside its dash.
                    let own_line = format!("\n{pad}  ");
                    if value.starts_with(&own_line) && !self.coin(4) {
                        value = format!(" {}", &value[own_line.len()..]);
                    }
                    format!("\n{pad}-{value}")
                });
                lines.collect()
            }
            Made::Call(name, argument) => {
                if self.coin(4) {
                    let long = Made::Map(vec![(Made::text(*name), (**argument).clone())]);
                    return self.block(&long, indent);
                }
                let short = name.trim_start_matches("Fn::");
                format!(" !{short}{}", self.block(argument, indent))
            }
            Made::Marked(id, of) => {
                // The mark comes before the first character of the value.
                let value = self.block(of, indent);
                let blank = value.len() - value.trim_start_matches([' ', '\n']).len();
                let (before, value) = value.split_at(blank);
                format!("{before}{}{value}{}", begin(*id), end(*id))
            }
            Made::Anchor(name, of) => format!(" &{name}{}", self.block(of, indent)),
            Made::Text(text) if self.coin(8) && is_block(text) => {
                let kind = *self.chance.one(&["|-", ">-", "|2-"]);
                format!(" {kind}\n{pad}{text}")
            }
            Made::Text(text) if self.coin(4) && is_plain(text, "{}!") => format!(" {text}"),
            _ => format!(" {}", self.flow(made)),
        }
    }

    /// A value on one line.
    pub fn flow(&mut self, made: &Made) -> String {
        match made {
            Made::Text(text) => self.scalar(text),
            Made::Raw(text) => text.clone(),
            Made::List(elements) => {
                let all: Vec<String> = elements.iter().map(|e| self.flow(e)).collect();
                format!("[{}]", all.join(", "))
            }
            Made::Map(entries) => {
                let all = entries
                    .iter()
                    .map(|(k, v)| format!("{}: {}", self.flow(k), self.flow(v)));
                format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
            }
            Made::Call(name, argument) => {
                if self.coin(3) {
                    return format!("{{'{name}': {}}}", self.flow(argument));
                }
                let short = name.trim_start_matches("Fn::");
                format!("!{short} {}", self.flow(argument))
            }
            Made::Marked(id, of) => format!("{}{}{}", begin(*id), self.flow(of), end(*id)),
            Made::Anchor(name, of) => format!("&{name} {}", self.flow(of)),
            Made::Alias(name, _) => format!("*{name} "),
        }
    }

    fn scalar(&mut self, text: &str) -> String {
        let way = if self.varied { self.chance.below(5) } else { 1 };
        match way {
            0 | 4 if is_plain(text, "") => text.to_owned(),
            2 | 3 => format!("\"{}\"", self.escaped(text)),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }

    /// A text in double quotes, with escapes that are not needed and sometimes over two lines.
    fn escaped(&mut self, text: &str) -> String {
        let mut in_mark = false;
        let mut out = String::new();
        for c in text.chars() {
            in_mark = in_mark && c != STOP || c == BEGIN || c == END;
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '-' | 'a' | 'e' if !in_mark && self.chance.rarely(12) => {
                    let code = u32::from(c);
                    out.push_str(&match self.chance.below(3) {
                        0 => format!("\\x{code:02x}"),
                        1 => format!("\\u{code:04X}"),
                        _ => format!("\\U{code:08x}"),
                    });
                }
                _ => out.push(c),
            }
        }
        out
    }
}

/// Whether YAML reads a text without quotes as this text; with the characters that are allowed besides.
fn is_plain(marked: &str, more: &str) -> bool {
    let (text, _) = unmarked(marked);
    let is_safe =
        |c: char| c.is_ascii_alphanumeric() || "-_./:$*+=@".contains(c) || more.contains(c);
    let is_date = text == "2012-10-17";
    is_date
        || text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(is_safe)
            && !text.ends_with(':')
            && !["true", "false", "null", "yes", "no", "on", "off"]
                .contains(&text.to_lowercase().as_str())
}

fn is_block(marked: &str) -> bool {
    let (text, _) = unmarked(marked);
    !text.is_empty() && !text.contains('\n') && text.trim() == text
}

/// Writes a value as JSON, functions in their long forms; with blanks and escapes at random.
pub fn json(chance: &mut Chance, varied: bool, made: &Made) -> String {
    let blank = |chance: &mut Chance| {
        if varied {
            *chance.one(&["", "", " ", "\n", "\t"])
        } else {
            ""
        }
    };
    match made {
        Made::Text(text) => {
            let mut in_mark = false;
            let mut out = String::from("\"");
            for c in text.chars() {
                in_mark = in_mark && c != STOP || c == BEGIN || c == END;
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    '-' | 'a' | '/' if varied && !in_mark && chance.rarely(15) => {
                        out.push_str(&format!("\\u{:04x}", u32::from(c)));
                    }
                    _ => out.push(c),
                }
            }
            out + "\""
        }
        Made::Raw(text) => text.clone(),
        Made::List(elements) => {
            let all: Vec<String> = { elements.iter() }
                .map(|e| {
                    format!(
                        "{}{}{}",
                        blank(chance),
                        json(chance, varied, e),
                        blank(chance)
                    )
                })
                .collect();
            format!("[{}]", all.join(","))
        }
        Made::Map(entries) => {
            let all: Vec<String> = { entries.iter() }
                .map(|(k, v)| {
                    let key = match k {
                        Made::Raw(key) => format!("\"{key}\""),
                        key => json(chance, varied, key),
                    };
                    format!("{}{key}:{}", blank(chance), json(chance, varied, v))
                })
                .collect();
            format!("{{{}}}", all.join(","))
        }
        Made::Call(name, argument) => format!("{{\"{name}\":{}}}", json(chance, varied, argument)),
        Made::Marked(id, of) => format!("{}{}{}", begin(*id), json(chance, varied, of), end(*id)),
        Made::Anchor(_, of) | Made::Alias(_, of) => json(chance, varied, of),
    }
}
