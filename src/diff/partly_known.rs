//! Strings of `Resource` with an unknown part, which is replaced by the most or the least that it may stand for.
//!
//! If the string grants, the part becomes `*` at the most, and a value that equals nothing else at the least. In a
//! Deny, and in `NotResource`, the string is left out of its list at the least.

use crate::matcher::template::{self, Leftover, Placeholders};
use crate::matcher::{Pattern, Piece, Pieces};
use crate::parser::{Effect, Hole, HoleKind, Span, Statement, Text, Unknowns, Version};
use crate::vocabulary::canonical_placeholder;

/// A string in pieces; none where it is read as if it were not there. Also the placeholders that are left in what is
/// known of it.
pub(super) fn lex(
    text: &Text,
    unknowns: &Unknowns,
    statement: &Statement,
    version: Version,
    placeholders: &mut Placeholders,
) -> (Option<Pieces>, Vec<Leftover>) {
    let parts = text.holes.as_deref().unwrap_or_default();
    let resource = statement.resource.as_ref();
    let in_resource = resource.is_some_and(|r| r.values.iter().any(|t| std::ptr::eq(t, text)));
    let negated = in_resource && resource.is_some_and(|r| r.negated);
    let effect = statement.effect.as_ref().map_or(Effect::Allow, |e| e.value);
    let is_deny = effect == Effect::Deny;
    let hole = |index: usize| unknowns.holes.get(index);
    // No name is an ARN: what is written in the place of one is not known to be a name.
    let is_alone = matches!(parts, [part] if part.range == (0..text.value.len()));
    let kind = |index: usize| match hole(index).map_or(HoleKind::Text, |h| h.kind) {
        kind if kind.is_name() && in_resource && is_alone => HoleKind::Text,
        kind => kind,
    };
    // Whether the statement reaches as far as the part can let it.
    let most = |index: usize| unknowns.extreme.reaches_most(kind(index), effect);
    let open: Vec<usize> = { parts.iter() }
        .map(|part| part.hole)
        .filter(|index| kind(*index) != HoleKind::Reference)
        .collect();
    let mut pieces: Vec<(Piece, Span)> = Vec::with_capacity(text.value.len());
    let mut leftovers = Vec::new();
    let mut done = 0;
    let whole = Span::new(0, text.value.len());
    for part in parts.iter().map(Some).chain([None]) {
        let end = part.map_or(text.value.len(), |p| p.range.start);
        let literal = text.value.get(done..end).unwrap_or_default();
        let (own, found) = template::of_template(literal, version, None, placeholders);
        let shift = done as u32;
        let shifted = own.iter().map(|(piece, span)| {
            let span = Span {
                start: span.start + shift,
                end: span.end + shift,
            };
            (*piece, span)
        });
        pieces.extend(shifted);
        leftovers.extend(found.into_iter().map(|leftover| Leftover {
            range: leftover.range.start + done..leftover.range.end + done,
            ..leftover
        }));
        let Some(part) = part else { break };
        done = part.range.end;
        let span = Span::new(part.range.start, part.range.end);
        let name = hole(part.hole).map_or("", |h| h.name.as_str());
        let piece = if kind(part.hole) == HoleKind::Reference {
            let name = canonical_placeholder(name).unwrap_or(name);
            Piece::Placeholder(placeholders.number(name))
        } else if in_resource && most(part.hole) && !negated {
            match kind(part.hole) {
                HoleKind::Word if part.range.start > 0 => Piece::Word,
                _ => Piece::Star,
            }
        } else {
            Piece::Placeholder(placeholders.number(&own_name(name)))
        };
        pieces.push((piece, span));
    }
    if !in_resource || open.is_empty() {
        return (Some(pieces.into()), leftovers);
    }
    let all_most = open.iter().all(|index| most(*index));
    match (negated, all_most) {
        (true, true) => return (None, leftovers),
        // What is excluded may be everything.
        (true, false) => return (Some([(Piece::Star, whole)].into()), leftovers),
        (false, false) if is_deny => return (None, leftovers),
        (false, _) => {}
    }
    // What begins with `*` in the place of a text may be any ARN that ends as the rest does.
    let leads = parts.first().is_some_and(|p| p.range.start == 0);
    if leads && matches!(pieces.first(), Some((Piece::Star, _))) {
        let first = parts.first().map_or(whole, |p| Span::new(0, p.range.end));
        let rest = pieces.get(1..).unwrap_or_default();
        if rest.iter().any(|(p, _)| *p == Piece::Char(':')) {
            return (Some([(Piece::Star, whole)].into()), leftovers);
        }
        if !rest.is_empty() {
            let fields = "arn:*:*:*:*:*".chars().map(|c| match c {
                '*' => (Piece::Star, first),
                c => (Piece::Char(c), first),
            });
            let all = fields.chain(rest.iter().copied()).collect();
            return (Some(all), leftovers);
        }
    }
    (Some(pieces.into()), leftovers)
}

/// The name of a value of its own: no placeholder of the reference is called that.
fn own_name(name: &str) -> String {
    format!("{name} (not known)")
}

/// The value of a hole with which a string of a policy equals a required one: the part of the required one at its
/// place.
pub(crate) fn value_for(text: &str, hole: &Hole, required: &str) -> Option<String> {
    let marker = hole.marker();
    let (before, after) = text.split_once(&marker)?;
    if after.contains(&marker) {
        return None;
    }
    let end = fields_alike(before, required)?;
    let rest = required.get(end..)?;
    let value = rest.strip_suffix(after)?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// The value of the hole `at`, without wildcards, with which a string of a policy covers a required one. Other unknown
/// parts may be any text.
pub(crate) fn value_in(text: &Text, at: usize, kind: HoleKind, required: &str) -> Option<String> {
    let parts = text.holes.as_deref().unwrap_or_default();
    let mut own = parts.iter().filter(|part| part.hole == at);
    let (own, None) = (own.next()?, own.next()) else {
        return None;
    };
    let mut after = String::new();
    let mut done = own.range.end;
    for part in parts
        .iter()
        .filter(|part| part.range.start >= own.range.end)
    {
        after.push_str(text.value.get(done..part.range.start)?);
        after.push('*');
        done = part.range.end;
    }
    after.push_str(text.value.get(done..)?);
    let after = Pattern::glob(&after);
    let end = fields_alike(text.value.get(..own.range.start)?, required)?;
    let rest = required.get(end..)?;
    let is_end = |c: char| matches!(c, '*' | '?' | ':') || c == '/' && kind == HoleKind::Word;
    let longest = rest.find(is_end).unwrap_or(rest.len());
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    let end = ends.find(|end| {
        let fits = |rest| after.covers(&Pattern::glob(rest));
        (1..=longest).contains(end) && rest.get(*end..).is_some_and(fits)
    })?;
    rest.get(..end).map(str::to_owned)
}

/// The end, within `required`, of a text whose ARN fields may be placeholders.
fn fields_alike(before: &str, required: &str) -> Option<usize> {
    let mut is_within = false;
    // The name of a placeholder may have colons.
    let is_colon = move |c: char| {
        is_within = c == '{' || is_within && c != '}';
        c == ':' && !is_within
    };
    let mut own = before.split(is_colon).peekable();
    let mut at = 0;
    while let Some(field) = own.next() {
        let rest = required.get(at..)?;
        if own.peek().is_none() {
            return rest.starts_with(field).then_some(at + field.len());
        }
        let theirs = rest.split(':').next()?;
        let open = |f: &str| f.contains("${") || f == "*";
        if theirs != field && !open(field) && !open(theirs) {
            return None;
        }
        at += theirs.len() + 1;
    }
    None
}
