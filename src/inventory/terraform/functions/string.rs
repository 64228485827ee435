//! Functions of texts. Each byte of a result keeps its place where it comes from a text that is written out.

use std::ops::Range;

use super::super::evaluate::{Machine, perhaps};
use super::super::surroundings::Scope;
use super::super::value::{Node, Piece, Place, Value};

impl Machine<'_> {
    /// Splits a text whose unknown parts cannot contain the separator: the account of an ARN has no `/`.
    fn split_open(&self, separator: &str, whole: &Value, place: Place) -> Option<Value> {
        let Node::Text(pieces) = &whole.node else {
            return None;
        };
        if separator.chars().count() != 1 {
            return None;
        }
        let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in pieces.iter() {
            let Some(text) = piece.text() else {
                let Piece::Hole { hole, .. } = piece else {
                    return None;
                };
                let hole = self.holes.get(*hole)?;
                if hole.kind.may_hold(separator) {
                    return None;
                }
                parts.last_mut()?.push(piece.clone());
                continue;
            };
            let own = Value::pieces_of(vec![piece.clone()], whole.place);
            let mut at = 0;
            for (nth, part) in text.split(separator).enumerate() {
                if nth > 0 {
                    parts.push(Vec::new());
                }
                if let Node::Text(cut) = part_of(&own, at..at + part.len()).node {
                    parts.last_mut()?.extend(cut.iter().cloned());
                }
                at += part.len() + separator.len();
            }
        }
        let parts = parts
            .into_iter()
            .map(|pieces| Value::pieces_of(pieces, place));
        Some(Value::list(parts.collect(), place).inherit(&whole.via))
    }

    pub(super) fn of_text(
        &mut self,
        name: &str,
        arguments: &[Value],
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first()?;
        let second = arguments.get(1);
        match name {
            "format" => self.format(arguments, scope, place),
            "formatlist" => {
                // Every list has the same length; what is none is repeated.
                let mut length = None;
                for argument in arguments.iter().skip(1) {
                    match &argument.node {
                        Node::List(_) => {
                            let own = self.plain_list(argument)?.len();
                            if length.is_some_and(|l| l != own) {
                                self.failures += 1;
                                return None;
                            }
                            length = Some(own);
                        }
                        Node::Hole(_) if self.is_splice(argument) => return None,
                        _ => {}
                    }
                }
                let mut all = Vec::new();
                for at in 0..length.unwrap_or(1) {
                    let row: Option<Vec<Value>> = { arguments.iter() }
                        .map(|argument| match &argument.node {
                            Node::List(_) => argument.elements()?.into_iter().nth(at),
                            _ => Some(argument.clone()),
                        })
                        .collect();
                    all.push(self.format(&row?, scope, place)?);
                }
                Some(Value::list(all, place))
            }
            "join" => {
                let mut elements = Vec::new();
                for argument in arguments.iter().skip(1) {
                    elements.extend(self.plain_list(argument)?);
                }
                if let [one] = elements.as_slice()
                    && perhaps(one).is_some()
                {
                    return Some(one.clone());
                }
                let mut pieces = Vec::new();
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        self.put(first, &mut pieces, scope.module);
                    }
                    if matches!(element.node, Node::Null) {
                        self.failures += 1;
                        return None;
                    }
                    self.put(element, &mut pieces, scope.module);
                }
                Some(Value::pieces_of(pieces, place))
            }
            "split" => {
                let separator = first.text()?;
                let whole = self.as_text(second?, scope.module);
                if separator.is_empty() {
                    return None;
                }
                let Some(text) = known(&whole) else {
                    return self.split_open(&separator, &whole, place);
                };
                let count = text.matches(&separator).count();
                if !self.spend(count, text.len(), place) {
                    return None;
                }
                let mut all = Vec::with_capacity(count + 1);
                let mut cutter = Cutter::new(&whole);
                let mut at = 0;
                for part in text.split(&separator) {
                    all.push(cutter.cut(at..at + part.len()));
                    at += part.len() + separator.len();
                }
                Some(Value::list(all, place))
            }
            "replace" => {
                let whole = self.as_text(first, scope.module);
                let text = known(&whole)?;
                let pattern = second?.text()?;
                let with = arguments.get(2)?;
                let inner = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/'));
                if let Some(inner) = inner.filter(|p| !p.is_empty()) {
                    let with = with.text()?;
                    let pattern = regex::RegexBuilder::new(inner)
                        .size_limit(1 << 20)
                        .build()
                        .ok()?;
                    if !refers_to_groups(&with) {
                        return None;
                    }
                    let mut replaced = String::new();
                    let mut at = 0;
                    for found in pattern.captures_iter(&text) {
                        let all = found.get(0)?;
                        let before = replaced.len();
                        replaced.push_str(text.get(at..all.start())?);
                        found.expand(&with, &mut replaced);
                        at = all.end();
                        if !self.spend(1, replaced.len() - before, place) {
                            return None;
                        }
                    }
                    replaced.push_str(text.get(at..)?);
                    return Some(Value::bound(replaced, whole.place).inherit(&whole.via));
                }
                if pattern.is_empty() {
                    return None;
                }
                let mut pieces = Vec::new();
                let mut cutter = Cutter::new(&whole);
                let mut at = 0;
                for (found, _) in text.match_indices(&pattern) {
                    if self.is_exhausted {
                        return None;
                    }
                    let before = cutter.cut(at..found);
                    self.put(&before, &mut pieces, scope.module);
                    let replaced = cutter.cut(found..found + pattern.len());
                    let start = pieces.len();
                    self.put(with, &mut pieces, scope.module);
                    for piece in pieces.get_mut(start..).unwrap_or_default() {
                        piece.bind(replaced.place);
                        *piece = piece.clone().inherit(&replaced.via);
                    }
                    at = found + pattern.len();
                }
                let rest = cutter.cut(at..text.len());
                self.put(&rest, &mut pieces, scope.module);
                Some(Value::pieces_of(pieces, place))
            }
            "lower" | "upper" => {
                let whole = self.as_text(first, scope.module);
                known(&whole)?;
                let Node::Text(pieces) = &whole.node else {
                    return None;
                };
                let change = |text: &str| match name {
                    "lower" => text.to_lowercase(),
                    _ => text.to_uppercase(),
                };
                let changed = pieces.iter().map(|piece| match piece {
                    Piece::Literal {
                        text,
                        source,
                        offsets,
                        via,
                    } if text.is_ascii() => Piece::Literal {
                        text: change(text),
                        source: *source,
                        offsets: offsets.clone(),
                        via: via.clone(),
                    },
                    piece => Piece::Bound {
                        text: change(piece.text().unwrap_or_default()),
                        place: whole.place,
                        via: whole.via.clone(),
                    },
                });
                let pieces = changed.collect();
                Some(Value::pieces_of(pieces, whole.place).inherit(&whole.via))
            }
            "trimspace" | "trim" | "trimprefix" | "trimsuffix" => {
                let whole = self.as_text(first, scope.module);
                let text = known(&whole)?;
                let of = match second {
                    Some(of) => of.text()?,
                    None => String::new(),
                };
                let kept = match name {
                    "trimspace" => text.trim(),
                    "trim" => text.trim_matches(|c| of.contains(c)),
                    "trimprefix" => text.strip_prefix(&of).unwrap_or(&text),
                    _ => text.strip_suffix(&of).unwrap_or(&text),
                };
                let start = kept.as_ptr() as usize - text.as_ptr() as usize;
                Some(part_of(&whole, start..start + kept.len()))
            }
            "startswith" | "endswith" => {
                let (text, of) = (first.text()?, second?.text()?);
                let is = match name {
                    "startswith" => text.starts_with(&of),
                    _ => text.ends_with(&of),
                };
                Some(Value::new(Node::Boolean(is), place))
            }
            _ => None,
        }
    }

    /// `format`, with `%s`, `%d`, `%v` and `%%`, and the position of an argument: `%[1]s`.
    fn format(&mut self, arguments: &[Value], scope: &Scope<'_>, place: Place) -> Option<Value> {
        let whole = arguments.first()?;
        let text = known(&self.as_text(whole, scope.module))?;
        let mut pieces = Vec::new();
        let mut cutter = Cutter::new(whole);
        let mut at = 0;
        let mut next = 1;
        let mut used = 0;
        while let Some(found) = text.get(at..)?.find('%') {
            let verb = at + found;
            self.put(&cutter.cut(at..verb), &mut pieces, scope.module);
            let mut rest = text.get(verb + 1..)?;
            let mut width = 1;
            if let Some(inner) = rest.strip_prefix('[') {
                let (number, _) = inner.split_once(']')?;
                next = number.parse().ok()?;
                width += number.len() + 2;
                rest = inner.get(number.len() + 1..)?;
            }
            let c = rest.chars().next()?;
            if c == '%' && width == 1 {
                self.put(&cutter.cut(verb..verb + 1), &mut pieces, scope.module);
            } else {
                let argument = arguments.get(next)?;
                used = used.max(next);
                next += 1;
                let is_whole = argument.number().is_some_and(|n| n.fract() == 0.0);
                let is_text = |v: &Value| {
                    matches!(
                        v.node,
                        Node::Text(_) | Node::Json(_) | Node::Hole(_) | Node::Choice(..)
                    )
                };
                let fits = match c {
                    's' | 'v' => {
                        is_text(argument)
                            || matches!(argument.node, Node::Number(_) | Node::Boolean(_))
                    }
                    'd' => is_whole,
                    _ => false,
                };
                if !fits || self.is_splice(argument) {
                    return None;
                }
                // It is where the verb is.
                let Value {
                    place: at_verb,
                    via,
                    ..
                } = cutter.cut(verb..verb + width + c.len_utf8());
                let start = pieces.len();
                self.put(argument, &mut pieces, scope.module);
                for piece in pieces.get_mut(start..).unwrap_or_default() {
                    piece.bind(at_verb);
                    *piece = piece.clone().inherit(&via);
                }
            }
            at = verb + width + c.len_utf8();
        }
        self.put(&cutter.cut(at..text.len()), &mut pieces, scope.module);
        if used + 1 < arguments.len() && !text.contains("%[") {
            // Terraform refuses an argument that is not used.
            self.failures += 1;
            return None;
        }
        Some(Value::pieces_of(pieces, place))
    }
}

/// Whether every `$` of a replacement names a group, as `$1` and `${name}` do; others are read in different ways.
fn refers_to_groups(with: &str) -> bool {
    with.split('$').skip(1).all(|rest| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match rest.strip_prefix('{') {
            Some(inner) => inner
                .split_once('}')
                .is_some_and(|(name, _)| name.chars().all(is_word)),
            None => rest.starts_with(is_word),
        }
    })
}

/// The text of a value, where all of it is known.
fn known(value: &Value) -> Option<String> {
    match &value.node {
        Node::Text(pieces) => pieces.iter().map(Piece::text).collect(),
        _ => None,
    }
}

/// A range of the bytes of a text.
fn part_of(value: &Value, range: Range<usize>) -> Value {
    Cutter::new(value).cut(range)
}

/// Cuts a text into parts from the start to the end, and sees each piece once for all of them.
struct Cutter<'v> {
    whole: &'v Value,
    /// The first piece that the next part may have, and the bytes before it.
    piece: usize,
    before: usize,
}

impl<'v> Cutter<'v> {
    fn new(whole: &'v Value) -> Self {
        Cutter {
            whole,
            piece: 0,
            before: 0,
        }
    }

    /// A range of the bytes, which does not start before the last one.
    fn cut(&mut self, range: Range<usize>) -> Value {
        let Node::Text(pieces) = &self.whole.node else {
            return self.whole.clone();
        };
        let mut parts = Vec::new();
        while let Some(piece) = pieces.get(self.piece) {
            let length = piece.text().map_or(0, str::len);
            let start = range.start.max(self.before);
            let end = range.end.min(self.before + length);
            if start < end {
                parts.push(piece.part(start - self.before..end - self.before));
            }
            if self.before + length > range.end {
                break;
            }
            self.before += length;
            self.piece += 1;
        }
        let span = match (parts.first(), parts.last()) {
            (
                Some(Piece::Literal {
                    source, offsets, ..
                }),
                Some(Piece::Literal {
                    source: last,
                    offsets: ends,
                    ..
                }),
            ) if source == last => offsets
                .first()
                .zip(ends.last())
                .map(|(start, end)| (*source, *start, *end)),
            _ => None,
        };
        let place = match span {
            Some((source, start, end)) => Place {
                source,
                span: crate::parser::Span { start, end },
            },
            None => self.whole.place,
        };
        Value::pieces_of(parts, place).inherit(&self.whole.via)
    }
}
