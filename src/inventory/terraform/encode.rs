//! Values as JSON text, and JSON text as values.

use super::evaluate::{Machine, insert};
use super::value::{Node, Piece, Place, Value, Via};
use crate::inventory::json_text::{self, Flat, HOLE, Json, Text, Token};
use crate::parser::{HoleKind, SourceId, Span};

/// Appends the JSON of a value, as `jsonencode` writes it.
pub(super) fn json(machine: &mut Machine<'_>, value: &Value, out: &mut Vec<Piece>, module: usize) {
    let place = value.place;
    if !machine.spend(1, 2, place) {
        return;
    }
    let via = value.via.clone();
    let mark = |text: &str, out: &mut Vec<Piece>| {
        out.push(Piece::Bound {
            text: text.to_owned(),
            place,
            via: via.clone(),
        });
    };
    match &value.node {
        Node::Null | Node::Absent => mark("null", out),
        Node::Boolean(_) | Node::Number(_) => mark(&value.text().unwrap_or_default(), out),
        Node::Text(_) | Node::Json(_) => {
            let mut inner = Vec::new();
            machine.put(value, &mut inner, module);
            mark("\"", out);
            let start = out.len();
            out.extend(inner.iter().flat_map(escaped));
            let made = out.get(start..).unwrap_or_default().iter();
            let bytes = made.filter_map(Piece::text).map(str::len).sum();
            machine.spend(inner.len(), bytes, place);
            mark("\"", out);
        }
        Node::List(_) => {
            mark("[", out);
            for (at, element) in value.elements().unwrap_or_default().iter().enumerate() {
                if at > 0 {
                    mark(",", out);
                }
                json(machine, element, out, module);
            }
            mark("]", out);
        }
        Node::Map(_) => {
            let mut members = value.members().unwrap_or_default();
            members.sort_by_key(|(k, _)| k.text());
            mark("{", out);
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    mark(",", out);
                }
                json(machine, key, out, module);
                mark(":", out);
                json(machine, value, out, module);
            }
            mark("}", out);
        }
        Node::Hole(hole) | Node::Choice(hole, _) => {
            machine.as_list(&Value::new(Node::Hole(*hole), place));
            let hole = *hole;
            out.push(Piece::Hole { hole, place, via });
        }
        Node::Resource(_) | Node::Module(_) => {
            let open = machine.open(HoleKind::List, place, module);
            if let Node::Hole(hole) = open.node {
                out.push(Piece::Hole { hole, place, via });
            }
        }
    }
}

/// A piece of a text, escaped as Terraform does.
fn escaped(piece: &Piece) -> Vec<Piece> {
    let escape = |c: char| match c {
        '"' => Some("\\\"".to_owned()),
        '\\' => Some("\\\\".to_owned()),
        '\n' => Some("\\n".to_owned()),
        '\r' => Some("\\r".to_owned()),
        '\t' => Some("\\t".to_owned()),
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => Some(format!("\\u{:04x}", u32::from(c))),
        c if c < ' ' => Some(format!("\\u{:04x}", u32::from(c))),
        _ => None,
    };
    let Some(text) = piece
        .text()
        .filter(|t| t.chars().any(|c| escape(c).is_some()))
    else {
        return vec![piece.clone()];
    };
    match piece {
        Piece::Bound { place, via, .. } => {
            let mut changed = String::new();
            for c in text.chars() {
                match escape(c) {
                    Some(escape) => changed.push_str(&escape),
                    None => changed.push(c),
                }
            }
            vec![Piece::Bound {
                text: changed,
                place: *place,
                via: via.clone(),
            }]
        }
        Piece::Literal {
            offsets,
            source,
            via,
            ..
        } => {
            let mut changed = String::new();
            let mut places = Vec::new();
            for (at, c) in text.char_indices() {
                let own = |i: usize| offsets.get(at + i).copied().unwrap_or_default();
                if let Some(escape) = escape(c) {
                    places.extend(std::iter::repeat_n(own(0), escape.len()));
                    changed.push_str(&escape);
                } else {
                    places.extend((0..c.len_utf8()).map(own));
                    changed.push(c);
                }
            }
            places.extend(offsets.last());
            vec![Piece::Literal {
                text: changed,
                source: *source,
                offsets: places,
                via: via.clone(),
            }]
        }
        Piece::Hole { .. } => vec![piece.clone()],
    }
}

/// The file in which most of a text begins: that of the first bytes that are written out.
pub(super) fn home(pieces: &[Piece], place: Place) -> SourceId {
    let mut literal = pieces.iter().filter_map(|piece| match piece {
        Piece::Literal { source, .. } => Some(*source),
        _ => None,
    });
    literal.next().unwrap_or(place.source)
}

/// The place of something in a file: its own place, or that of the first reference there.
pub(super) fn place_in(source: SourceId, place: Place, via: &Via) -> Option<Span> {
    if place.source == source {
        return Some(place.span);
    }
    let mut link = via.as_ref();
    while let Some(l) = link {
        if l.place.source == source {
            return Some(l.place.span);
        }
        link = l.next.as_ref();
    }
    None
}

/// A text whose bytes all have a place in its file.
pub(super) fn flat(pieces: &[Piece], whole: Place, outer: &Via) -> (SourceId, Flat) {
    let home = home(pieces, whole);
    let mut flat = Flat::default();
    let fallback = place_in(home, whole, outer);
    let mut last = fallback.unwrap_or_default();
    for piece in pieces {
        match piece {
            Piece::Literal {
                text,
                source,
                offsets,
                via,
            } => {
                flat.text.push_str(text);
                if *source == home {
                    let own = offsets.get(..text.len()).unwrap_or_default();
                    flat.offsets.extend(own);
                    let end = offsets.last().copied().unwrap_or(last.end);
                    last = Span { start: end, end };
                } else {
                    let span = offsets.first().zip(offsets.last());
                    let span = span.map_or(Span::default(), |(start, end)| Span {
                        start: *start,
                        end: *end,
                    });
                    let place = Place {
                        source: *source,
                        span,
                    };
                    last = place_in(home, place, via).unwrap_or(last);
                    let own = std::iter::repeat_n(last.start, text.len());
                    flat.offsets.extend(own);
                }
            }
            Piece::Bound { text, place, via } => {
                last = place_in(home, *place, via).unwrap_or(last);
                flat.text.push_str(text);
                let own = std::iter::repeat_n(last.start, text.len());
                flat.offsets.extend(own);
            }
            Piece::Hole { hole, place, via } => {
                last = place_in(home, *place, via).unwrap_or(last);
                flat.holes.push((flat.text.len(), *hole, last));
                flat.text.push(HOLE);
                flat.offsets.push(last.start);
            }
        }
    }
    flat.offsets.push(last.end);
    (home, flat)
}

/// A value of the JSON in a text.
///
/// # Errors
///
/// An error in the JSON, and its place.
pub(super) fn decode(machine: &mut Machine<'_>, text: &Value) -> Result<Value, (String, Place)> {
    let Node::Text(pieces) = &text.node else {
        return Err(("this is not a text".to_owned(), text.place));
    };
    let (source, flat) = flat(pieces, text.place, &text.via);
    let starts = |c: &u8| matches!(c, b',' | b'[' | b'{');
    let count = flat.text.bytes().filter(starts).count();
    if !machine.spend(count, 0, text.place) {
        return Err(("it is too large".to_owned(), text.place));
    }
    let json = json_text::parse(&flat).map_err(|(message, at)| {
        let span = Span { start: at, end: at };
        (message, Place { source, span })
    })?;
    let value = of_json(machine, &json, source);
    Ok(value.inherit(&text.via))
}

fn of_json(machine: &mut Machine<'_>, json: &Json, source: SourceId) -> Value {
    let span = Span {
        start: json.start,
        end: json.end,
    };
    let place = Place { source, span };
    if !machine.spend(1, 0, place) {
        return Value::new(Node::Null, place);
    }
    match &json.token {
        Token::Null => Value::new(Node::Null, place),
        Token::Boolean(value) => Value::new(Node::Boolean(*value), place),
        Token::Number(text) => match text.parse() {
            Ok(number) => Value::new(Node::Number(number), place),
            Err(_) => Value::bound(text.clone(), place),
        },
        Token::Text(text) => Value::pieces_of(pieces(text, source), place),
        Token::Array(all) => {
            let all = all.iter().map(|e| of_json(machine, e, source)).collect();
            Value::list(all, place)
        }
        Token::Object(members) => {
            let mut read = Vec::new();
            for (key, value) in members {
                let key = of_json(machine, key, source);
                let value = of_json(machine, value, source);
                if let Some(text) = key.text()
                    && let Some((first, _)) = read
                        .iter()
                        .find(|(k, _): &&(Value, Value)| k.is_text(&text))
                {
                    let first = first.place;
                    machine.repeated_keys.push((text, key.place, first));
                }
                insert(&mut read, key, value);
            }
            Value::map(read, place)
        }
        Token::Hole(hole) => {
            // It may be a list or an object.
            machine.as_list(&Value::new(Node::Hole(*hole), place))
        }
    }
}

/// The pieces of a string.
fn pieces(text: &Text, source: SourceId) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut done = 0;
    let put = |range: std::ops::Range<usize>, all: &mut Vec<Piece>| {
        if range.start < range.end {
            let offsets = text.offsets.get(range.start..=range.end);
            all.push(Piece::Literal {
                text: text.value.get(range).unwrap_or_default().to_owned(),
                source,
                offsets: offsets.unwrap_or_default().to_vec(),
                via: None,
            });
        }
    };
    for (at, hole, span) in &text.holes {
        put(done..*at, &mut all);
        let place = Place {
            source,
            span: *span,
        };
        let via = None;
        let hole = *hole;
        all.push(Piece::Hole { hole, place, via });
        done = at + HOLE.len_utf8();
    }
    put(done..text.value.len(), &mut all);
    all
}
