//! Documents that are the text of a string, as it is or URL-encoded.

use percent_encoding::percent_decode_str;

use super::{nothing, report};
use crate::parser::decoded::Text;
use crate::parser::grammar::{self, Carried};
use crate::parser::json::{self, Kind, Layer, Places, Value};
use crate::parser::policy::Problem;
use crate::parser::problem::Reader;
use crate::parser::source::Span;
use crate::parser::trust_grammar;

/// Reads the trust policy of a role: an object, or the text of one. Returns whether it is one.
pub(in crate::parser) fn trust(reader: &mut Reader, value: Value<'_>) -> bool {
    let account = { reader.owners() }
        .last()
        .and_then(|owner| owner.arn.as_ref())
        .and_then(|arn| arn.value.split(':').nth(4))
        .map(str::to_owned);
    match value.kind() {
        Kind::Object => {
            trust_grammar::read(reader, value, account);
            true
        }
        Kind::String => match value.string() {
            Some(text) if is_document(&text.value) => {
                decoded(reader, &text, |reader, layer| {
                    trust_text(reader, layer, account);
                });
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Reads a trust policy that is a text of its own.
pub(in crate::parser) fn trust_text(
    reader: &mut Reader,
    layer: Layer<'_>,
    account: Option<String>,
) {
    let mut places = Places::default();
    match json::read(layer, &mut places) {
        Ok(value) if value.kind() == Kind::Object => trust_grammar::read(reader, value, account),
        Ok(value) => nothing(reader, value),
        Err(fault) => report(reader, &layer, fault),
    }
}

pub(super) fn is_document(text: &str) -> bool {
    text.trim_start().starts_with('{') || starts_percent_encoded(text)
}

pub(super) fn starts_percent_encoded(text: &str) -> bool {
    text.trim_start()
        .get(..3)
        .is_some_and(|t| t.eq_ignore_ascii_case("%7B"))
}

/// Reads a document that is the text of a string, as it stands or URL-encoded.
pub(super) fn embedded(reader: &mut Reader, text: &Text, carried: Carried) {
    decoded(reader, text, |reader, layer| {
        let mut places = Places::default();
        match json::read(layer, &mut places) {
            Ok(value) if value.kind() == Kind::Object => grammar::read(reader, value, carried),
            Ok(value) => nothing(reader, value),
            Err(fault) => report(reader, &layer, fault),
        }
    });
}

/// Decodes the text of a string that is a document, as it stands or URL-encoded.
fn decoded(reader: &mut Reader, text: &Text, read: impl FnOnce(&mut Reader, Layer<'_>)) {
    let place = |at: usize| text.part(at..at).start;
    let mut offsets: Vec<u32> = Vec::with_capacity(text.value.len() + 1);
    let plain;
    let document = if starts_percent_encoded(&text.value) {
        let whole = text.value.trim_end();
        if let Some(cut) = whole.rfind('%').filter(|at| at + 3 > whole.len()) {
            let end = whole.get(cut..).unwrap_or_default();
            let fault = format!("the URL-encoded document ends in `{end}`, which is cut off");
            let problem = Problem::invalid_json("encoding", fault, text.part(cut..whole.len()));
            return reader.report(problem.with_help("copy the whole document: it ends in `%7D`"));
        }
        let mut at = 0;
        while let Some(rest) = text.value.as_bytes().get(at..).filter(|b| !b.is_empty()) {
            offsets.push(place(at));
            at += match rest {
                [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
                _ => 1,
            };
        }
        match percent_decode_str(&text.value).decode_utf8() {
            Ok(text) => plain = text,
            Err(error) => {
                let at = offsets
                    .get(error.valid_up_to())
                    .copied()
                    .unwrap_or(text.span.start);
                return reader.report(Problem::invalid_json(
                    "encoding",
                    "the URL-encoded document is not UTF-8",
                    Span { start: at, end: at },
                ));
            }
        }
        plain.as_ref()
    } else {
        offsets.extend((0..text.value.len()).map(place));
        text.value.as_str()
    };
    offsets.push(place(text.value.len()));
    read(reader, Layer::decoded(document, &offsets));
}

#[cfg(test)]
mod tests {
    use crate::parser::{Source, SourceId, parse};

    #[test]
    fn a_document_that_is_cut_off_within_an_escape() {
        for (text, found) in [
            ("%7B%22Version%22%3A%5", "ends in `%5`"),
            ("%7B%22Version%22%3A%\n", "ends in `%`"),
            ("%7B%22Version%22%3A%20", "the text ends before"),
        ] {
            let problems = parse(SourceId(0), &Source::new("p", text)).problems;
            let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
            assert!(messages.iter().any(|m| m.contains(found)), "{messages:?}");
        }
    }
}
