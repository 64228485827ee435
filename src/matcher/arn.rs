//! Resource strings of policies and ARN formats of the catalogue, as patterns.
//!
//! `arn:partition:service:region:account:resource`: a wildcard stays inside its field in the first
//! five and crosses `/` and `:` in the resource part.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//!
//! AWS's pages contradict each other where a wildcard could cross fields or where fields are missing.
//! [`Reading`] keeps both: the strict reading is what every source agrees on.

use std::ops::Range;
use std::rc::Rc;

use super::class::Class;
use super::pattern::{Pattern, Token};
use super::symbol::Symbol;
use crate::parser::Span;

/// One unit of a resource string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A character that stands for itself, also from `${*}`.
    Char(char),
    /// `*`
    Star,
    /// `?`
    Question,
    /// One of the names that a value may be: any text that is not empty, without `:` and `/`.
    Word,
    /// A policy variable: a value that depends on the request.
    Variable {
        /// The number of the variable among the names of the run.
        name: u32,
        /// True for tags, which can be set and empty.
        may_be_empty: bool,
    },
    /// A value that is not known: a placeholder of the reference or a leftover of a template.
    Placeholder(u32),
}

/// A string in pieces, each with the bytes of the string that it came from. Shared: most strings of a policy have no
/// placeholder to replace.
pub type Pieces = Rc<[(Piece, Span)]>;

/// How to read what AWS's documentation leaves open.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reading {
    /// Only what every source agrees on: wildcards stay in their field, all six fields are there.
    Strict,
    /// The same, but a placeholder may turn out to be any text.
    Loose,
    /// Whatever some source says: wildcards cross fields and missing fields match anything.
    Wide,
}

/// The meaning of a policy variable in a match.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Variables {
    /// The variable has no value; the string matches nothing.
    Unset,
    /// The variable may have any value.
    Any,
}

/// A string of `Resource` or `NotResource`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourcePattern {
    pieces: Pieces,
    fields: Vec<Range<usize>>,
}

/// The names of the fields of an ARN in messages, by position.
pub const FIELD_NAMES: [&str; 6] = [
    "prefix",
    "partition",
    "service",
    "region",
    "account",
    "name",
];

impl ResourcePattern {
    /// Pieces in order, each with the bytes of the text that it came from.
    pub fn new(pieces: Pieces) -> Self {
        let mut fields = Vec::with_capacity(6);
        let mut start = 0;
        for (i, (piece, _)) in pieces.iter().enumerate() {
            if fields.len() < 5 && *piece == Piece::Char(':') {
                fields.push(start..i);
                start = i + 1;
            }
        }
        fields.push(start..pieces.len());
        ResourcePattern { pieces, fields }
    }

    /// The pieces with their byte ranges.
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// True for `*` and `**`: every resource, and the one of actions without resource types.
    pub fn is_everything(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(|(p, _)| *p == Piece::Star)
    }

    /// Whether the string holds a policy variable.
    pub fn has_variable(&self) -> bool {
        self.pieces
            .iter()
            .any(|(p, _)| matches!(p, Piece::Variable { .. }))
    }

    /// Whether the wide reading can match more than the strict one: fields are missing, or one of the first five
    /// contains a wildcard, a policy variable or a [`Piece::Word`].
    pub fn is_contested(&self) -> bool {
        !self.is_everything()
            && (self.fields.len() < 6
                || self
                    .fields
                    .iter()
                    .take(5)
                    .filter_map(|f| self.pieces.get(f.clone()))
                    .flatten()
                    .any(|(p, _)| {
                        matches!(
                            p,
                            Piece::Star | Piece::Question | Piece::Word | Piece::Variable { .. }
                        )
                    }))
    }

    /// The pieces of one ARN field (0 is `arn`, 5 the resource part), if the string has that many.
    pub fn field(&self, index: usize) -> Option<&[(Piece, Span)]> {
        self.pieces.get(self.fields.get(index)?.clone())
    }

    /// How many ARN fields the string has: 6 for a whole ARN.
    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// The text of a field when it is literal.
    pub fn literal_field(&self, index: usize) -> Option<String> {
        self.field(index)?
            .iter()
            .map(|(p, _)| {
                if let Piece::Char(c) = p {
                    Some(*c)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The service that the string names, read field by field; `None` where it may be of any.
    pub fn service(&self) -> Option<String> {
        let opens_with_value = matches!(
            self.pieces.first(),
            Some((Piece::Placeholder(_) | Piece::Variable { .. }, _))
        );
        let is_whole = self.fields.len() > 3;
        self.literal_field(2)
            .filter(|_| is_whole && !opens_with_value)
    }

    /// The pattern of one field by itself, for saying which field differs.
    pub fn field_pattern(&self, index: usize) -> Option<Pattern> {
        let class = if index < 5 {
            Class::NO_COLON
        } else {
            Class::ANY
        };
        let mut out = Vec::new();
        for (piece, _) in self.field(index)? {
            push(*piece, class, &mut out);
        }
        Some(Pattern::new(out))
    }

    /// The pattern of the whole string, or `None` where it matches nothing under this reading.
    pub fn pattern(&self, reading: Reading, variables: Variables) -> Option<Pattern> {
        if self.is_everything() {
            return Some(Pattern::everything());
        }
        if variables == Variables::Unset && self.has_variable() {
            return None;
        }
        // A string that begins with a placeholder stands for a whole ARN: its fields are not known.
        let opaque = matches!(
            self.pieces.first(),
            Some((Piece::Placeholder(_) | Piece::Variable { .. }, _))
        );
        let short = self.fields.len() < 6 && !opaque;
        match reading {
            Reading::Strict | Reading::Loose => {
                let open_end = short && matches!(self.pieces.last(), Some((Piece::Star, _)));
                if short && !open_end || !opaque && self.literal_field(0).as_deref() != Some("arn")
                {
                    return None;
                }
                let resource = self.fields.get(5).map_or(usize::MAX, |f| f.start);
                let last = self.pieces.len().saturating_sub(1);
                let mut out = Vec::with_capacity(self.pieces.len());
                for (i, (piece, _)) in self.pieces.iter().copied().enumerate() {
                    let any = opaque || i >= resource || open_end && i == last;
                    let class = if any { Class::ANY } else { Class::NO_COLON };
                    match (piece, reading) {
                        (Piece::Placeholder(_), Reading::Loose) => {
                            out.extend([Token::One(class), Token::Run(class)]);
                        }
                        (piece, _) => push(piece, class, &mut out),
                    }
                }
                let pattern = Pattern::new(out);
                Some(if reading == Reading::Loose {
                    pattern.loose()
                } else {
                    pattern
                })
            }
            Reading::Wide => {
                let mut out: Vec<Token> = Vec::with_capacity(self.pieces.len() + 1);
                for (piece, _) in self.pieces.iter().copied() {
                    if let Piece::Placeholder(_) = piece {
                        out.extend([Token::One(Class::ANY), Token::Run(Class::ANY)]);
                    } else {
                        push(piece, Class::ANY, &mut out);
                    }
                }
                if short {
                    out.push(Token::Run(Class::ANY));
                }
                Some(Pattern::new(out).loose())
            }
        }
    }
}

/// The pattern of pieces of the resource part.
pub fn resource_part(pieces: &[(Piece, Span)]) -> Pattern {
    let mut out = Vec::with_capacity(pieces.len());
    for (piece, _) in pieces {
        push(*piece, Class::ANY, &mut out);
    }
    Pattern::new(out)
}

/// Adds the tokens of one piece, its wildcards limited to a class.
fn push(piece: Piece, class: Class, out: &mut Vec<Token>) {
    match piece {
        Piece::Char(c) => out.push(Token::Symbol(Symbol::char(c))),
        Piece::Placeholder(n) => out.push(Token::Symbol(Symbol::placeholder(n))),
        Piece::Question => out.push(Token::One(class)),
        Piece::Word => out.extend([Token::One(Class::WORD), Token::Run(Class::WORD)]),
        Piece::Star
        | Piece::Variable {
            may_be_empty: true, ..
        } => out.push(Token::Run(class)),
        Piece::Variable {
            may_be_empty: false,
            ..
        } => {
            out.extend([Token::One(class), Token::Run(class)]);
        }
    }
}

/// A value that narrows an ARN format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field<'a> {
    /// Any text that is not empty.
    Any,
    /// This text, which may be empty.
    Is(&'a str),
}

/// The characters of a name, from the `Name` of a `${Name}` in an ARN format.
pub type Names<'n> = &'n dyn Fn(&str) -> Class;

/// The ARNs of a resource type: `format` with `${Partition}`, `${Region}` and `${Account}` narrowed, every other
/// `${Name}` any text of its characters that is not empty, and `*` any text.
pub fn format(
    format: &str,
    partition: Field<'_>,
    region: Field<'_>,
    account: Field<'_>,
    names: Names<'_>,
) -> Pattern {
    format_with(format, [partition, region, account], names, Class::ANY)
}

/// The ARNs of a resource type in whose names no `:` occurs.
pub fn plain_format(format: &str, names: Names<'_>) -> Pattern {
    format_with(format, [Field::Any; 3], names, Class::NO_COLON)
}

fn format_with(
    format: &str,
    [partition, region, account]: [Field<'_>; 3],
    names: Names<'_>,
    resource: Class,
) -> Pattern {
    let mut out = Vec::with_capacity(format.len());
    let mut rest = format;
    let mut colons = 0;
    while let Some(c) = rest.chars().next() {
        let class = if colons < 5 {
            Class::NO_COLON
        } else {
            resource
        };
        let named = || rest.strip_prefix("${").and_then(|r| r.split_once('}'));
        if let Some((name, after)) = (c == '$').then(named).flatten() {
            let field = match name {
                "Partition" if colons < 5 => partition,
                "Region" if colons < 5 => region,
                "Account" if colons < 5 => account,
                _ => Field::Any,
            };
            match field {
                Field::Is(text) => out.extend(text.chars().map(|c| Token::Symbol(Symbol::char(c)))),
                Field::Any => {
                    let class = class.and(names(name));
                    out.extend([Token::One(class), Token::Run(class)]);
                }
            }
            rest = after;
            continue;
        }
        match c {
            '*' => out.push(Token::Run(class)),
            ':' => {
                colons += 1;
                out.push(Token::Symbol(Symbol::char(c)));
            }
            c => out.push(Token::Symbol(Symbol::char(c))),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Pattern::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> ResourcePattern {
        ResourcePattern::new(
            text.char_indices()
                .map(|(i, c)| {
                    let piece = match c {
                        '*' => Piece::Star,
                        '?' => Piece::Question,
                        c => Piece::Char(c),
                    };
                    (piece, Span::new(i, i + c.len_utf8()))
                })
                .collect(),
        )
    }

    fn matches(pattern: &str, reading: Reading, arn: &str) -> bool {
        resource(pattern)
            .pattern(reading, Variables::Any)
            .is_some_and(|p| p.matches_text(arn))
    }

    #[test]
    fn an_arn_is_contested_by_its_first_five_fields() {
        for (text, expected) in [
            ("*", false),
            ("arn:aws:s3:::b", false),
            ("arn:aws:s3:::b/*", false),
            ("arn:aws:s3:*::b", true),
            ("arn:aws:s?:::b", true),
            ("arn:aws:s3", true),
            ("arn:aws:s3*", true),
        ] {
            assert_eq!(resource(text).is_contested(), expected, "{text}");
        }
    }

    #[test]
    fn placeholders_of_a_format_have_their_values_in_their_own_fields_alone() {
        let format = format(
            "arn:${Partition}:s:${Region}:${Account}:${Partition}/${Region}/${Account}",
            Field::Is("aws"),
            Field::Is("us-east-1"),
            Field::Is("123456789012"),
            &|_| Class::ANY,
        );
        assert!(format.matches_text("arn:aws:s:us-east-1:123456789012:p/r/a"));
        assert!(!format.matches_text("arn:aws:s:us-east-2:123456789012:p/r/a"));
    }

    #[test]
    fn wildcards_stay_in_the_first_five_fields_and_roam_in_the_resource() {
        use Reading::{Strict, Wide};
        for (pattern, arn, strict, wide) in [
            ("*", "*", true, true),
            ("**", "arn:aws:s3:::b", true, true),
            (
                "arn:aws:s3:::b/*/test/*",
                "arn:aws:s3:::b/1/2/test/x",
                true,
                true,
            ),
            (
                "arn:aws:s3:::b/*/test/*",
                "arn:aws:s3:::b//test/x",
                true,
                true,
            ),
            ("arn:aws:sqs:*:q", "arn:aws:sqs:us-east-1:1:q", false, true),
            ("arn:*:s3:::b", "arn:aws:s3:::b", true, true),
            ("arn:*", "arn:aws:s3:::b", true, true),
            (
                "arn:aws:ec2:*",
                "arn:aws:ec2:us-east-1:1:volume/a",
                true,
                true,
            ),
            ("arn:aws:sqs", "arn:aws:sqs:us-east-1:1:q", false, true),
            (
                "arn:aws:ec2:*:*:*/*",
                "arn:aws:ec2:us-east-1:1:volume/a",
                true,
                true,
            ),
            (
                "arn:aws:sqs:us-east-1:1:q",
                "arn:aws:sqs:us-east-1:1:Q",
                false,
                false,
            ),
            ("arn:*", "*", false, false),
        ] {
            assert_eq!(
                matches(pattern, Strict, arn),
                strict,
                "{pattern} strict on {arn}"
            );
            assert_eq!(matches(pattern, Wide, arn), wide, "{pattern} wide on {arn}");
        }
    }

    #[test]
    fn formats_narrow_to_what_is_known() {
        let arn = "arn:${Partition}:s3:::${BucketName}";
        let names = |name: &str| match name {
            "BucketName" | "TableName" => Class::of("A-Za-z0-9_.-").unwrap(),
            _ => Class::ANY,
        };
        let bucket = format(arn, Field::Is("aws"), Field::Any, Field::Any, &names);
        assert!(bucket.matches_text("arn:aws:s3:::b"));
        assert!(!bucket.matches_text("arn:aws:s3:::b/k"));
        assert!(!bucket.matches_text("arn:aws:s3:::"));
        assert!(!bucket.matches_text("arn:aws-cn:s3:::b"));
        let arn = "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}";
        let table = format(arn, Field::Any, Field::Is("us-east-1"), Field::Any, &names);
        assert!(table.matches_text("arn:x:dynamodb:us-east-1:1:table/a"));
        assert!(!table.matches_text("arn:x:dynamodb:us-east-1:1:table/a/index/b"));
        assert!(!table.matches_text("arn:x:dynamodb:us-east-2:1:table/a"));
    }
}
