//! Finds the policy documents in a file: bare, or in what the AWS CLI prints around them.

use percent_encoding::percent_decode_str;

use super::audit;
use super::foreign;
use super::grammar;
use super::json::{self, Kind, Layer, Places, Value};
use super::policy::{Problem, Text};
use super::problem::{Reader, shorten};
use super::source::Span;
use super::syntax::Fault;

/// Keys whose value is a policy document.
const DOCUMENT_KEYS: [&str; 2] = ["PolicyDocument", "Document"];
/// Keys whose value is a list of `{PolicyName, PolicyDocument}`.
const LIST_KEYS: [&str; 4] = [
    "Policies",
    "RolePolicyList",
    "UserPolicyList",
    "GroupPolicyList",
];

/// Reads the policies of a whole text into `reader`.
pub(super) fn read(reader: &mut Reader, layer: Layer<'_>) {
    let mut places = Places::default();
    let fault = match json::read(layer, &mut places) {
        Ok(value) => return top(reader, value),
        Err(fault) => fault,
    };
    if starts_percent_encoded(layer.text) {
        let text = Text {
            value: layer.text.to_owned(),
            span: layer.span(0..layer.text.len()),
            offsets: Some(offsets(&layer)),
        };
        return embedded(reader, &text, None);
    }
    let fault = foreign::text(layer.text).unwrap_or(fault);
    report(reader, &layer, fault);
}

fn offsets(layer: &Layer<'_>) -> Box<[u32]> {
    (0..=layer.text.len())
        .map(|i| layer.span(i..i).start)
        .collect()
}

fn report(reader: &mut Reader, layer: &Layer<'_>, fault: Fault) {
    let mut problem = Problem::invalid_json(fault.subject, fault.message, layer.span(fault.range));
    problem.help = fault.help;
    problem.related = fault
        .related
        .into_iter()
        .map(|(range, words)| (layer.span(range), words))
        .collect();
    reader.report(problem);
}

fn top(reader: &mut Reader, value: Value<'_>) {
    match value.kind() {
        Kind::Object => object(reader, value),
        Kind::Array => list(reader, value),
        Kind::String => match value.string() {
            Some(text) if is_document(&text.value) => embedded(reader, &text, None),
            _ => nothing(reader, value),
        },
        _ => nothing(reader, value),
    }
}

fn nothing(reader: &mut Reader, value: Value<'_>) {
    let span = match value.kind() {
        Kind::Array => value.opening(),
        _ => value.label(),
    };
    reader.report(
        Problem::invalid_json(
            "document",
            format!("no IAM policy in this file: it holds {}", value.kind()),
            span,
        )
        .with_help("a policy is an object: `{\"Version\": \"2012-10-17\", \"Statement\": […]}`"),
    );
}

fn object(reader: &mut Reader, value: Value<'_>) {
    if value.member("Statement").is_some() {
        return grammar::read(reader, value, None);
    }
    if let Some(version) = value.member("PolicyVersion") {
        audit::object(reader, value);
        return match version.kind() {
            Kind::Object => envelope(reader, version, "PolicyVersion"),
            _ => no_document(reader, "PolicyVersion", version.label()),
        };
    }
    if DOCUMENT_KEYS.iter().any(|key| value.member(key).is_some()) {
        return envelope(reader, value, "the output");
    }
    for key in LIST_KEYS {
        if let Some(policies) = value.member(key).filter(|v| v.kind() == Kind::Array) {
            audit::object(reader, value);
            let policies = policies.elements();
            if policies.is_empty() {
                no_document(reader, key, value.opening());
            }
            for policy in policies {
                envelope(reader, policy, key);
            }
            return;
        }
    }
    match foreign::object(value) {
        Some(problem) => reader.report(problem),
        None => grammar::read(reader, value, None),
    }
}

fn list(reader: &mut Reader, value: Value<'_>) {
    let elements = value.elements();
    let has = |key: &str| elements.iter().any(|e| e.member(key).is_some());
    if DOCUMENT_KEYS.iter().any(|key| has(key)) {
        for element in elements {
            envelope(reader, element, "the list");
        }
        return;
    }
    let refused = |what: &str, help: &str| {
        Problem::invalid_json("document", what, value.opening()).with_help(help)
    };
    let problem = if has("Effect") || has("Action") {
        refused(
            "this is a list of statements, not a policy",
            "put it into a policy: `{\"Version\": \"2012-10-17\", \"Statement\": […]}`",
        )
    } else if has("Statement") {
        refused(
            "this is a list of policies, not a policy",
            "put each policy into a file of its own",
        )
    } else {
        return nothing(reader, value);
    };
    reader.report(problem);
}

/// Reads an object that carries a document, and perhaps its name.
fn envelope(reader: &mut Reader, value: Value<'_>, place: &str) {
    audit::object(reader, value);
    let Some((key, document)) = DOCUMENT_KEYS
        .iter()
        .find_map(|key| Some((*key, value.member(key)?)))
    else {
        let span = if value.kind() == Kind::Object {
            value.opening()
        } else {
            value.label()
        };
        return no_document(reader, place, span);
    };
    let name = value
        .member("PolicyName")
        .and_then(|v| v.string())
        .map(|t| t.value);
    match document.kind() {
        Kind::Object => grammar::read(reader, document, name),
        Kind::String => match document.string() {
            Some(text) if is_document(&text.value) => embedded(reader, &text, name),
            _ => no_document(reader, key, document.label()),
        },
        _ => no_document(reader, key, document.label()),
    }
}

fn no_document(reader: &mut Reader, place: &str, span: Span) {
    let place = if place.starts_with("the ") {
        place.to_owned()
    } else {
        format!("`{place}`")
    };
    reader.report(
        Problem::invalid_json(
            "document",
            format!("no policy document in {}", shorten(&place)),
            span,
        )
        .with_help(
            "`aws iam get-role-policy` and `aws iam get-policy-version` print the document; \
             commands that list policies print their names only",
        ),
    );
}

fn is_document(text: &str) -> bool {
    text.trim_start().starts_with('{') || starts_percent_encoded(text)
}

fn starts_percent_encoded(text: &str) -> bool {
    text.trim_start()
        .get(..3)
        .is_some_and(|t| t.eq_ignore_ascii_case("%7B"))
}

/// Reads a document that is the text of a string, as it stands or URL-encoded.
fn embedded(reader: &mut Reader, text: &Text, name: Option<String>) {
    let place = |at: usize| text.part(at..at).start;
    let mut offsets: Vec<u32> = Vec::with_capacity(text.value.len() + 1);
    let decoded;
    let document = if starts_percent_encoded(&text.value) {
        let mut at = 0;
        while let Some(rest) = text.value.as_bytes().get(at..).filter(|b| !b.is_empty()) {
            offsets.push(place(at));
            at += match rest {
                [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
                _ => 1,
            };
        }
        match percent_decode_str(&text.value).decode_utf8() {
            Ok(text) => decoded = text,
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
        decoded.as_ref()
    } else {
        offsets.extend((0..text.value.len()).map(place));
        text.value.as_str()
    };
    offsets.push(place(text.value.len()));
    let layer = Layer::decoded(document, &offsets);
    let mut places = Places::default();
    match json::read(layer, &mut places) {
        Ok(value) if value.kind() == Kind::Object => grammar::read(reader, value, name),
        Ok(value) => nothing(reader, value),
        Err(fault) => report(reader, &layer, fault),
    }
}
