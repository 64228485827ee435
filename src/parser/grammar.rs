//! The grammar of identity-based policies: every deviation is a problem, and reading goes on.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::HashMap;

use super::decoded::Text;
use super::element::{POLICY_KEYS, refuse_function_among, unknown, wrong_kind};
use super::hole::{Hole, HoleKind};
use super::json::{Kind, Member, Value};
use super::keyword::Version;
use super::policy::{Attachment, Policy, Problem, Statement};
use super::problem::Reader;
use super::quote::{nearest, shorten};
use super::source::Span;
use super::{audit, masked, statement};
use crate::rejection::answer;

/// Facts about a document that its file has beside the text.
#[derive(Clone, Default, Debug)]
pub(super) struct Carried {
    pub(super) name: Option<String>,
    pub(super) attachment: Attachment,
    /// Whether it is a version of a managed policy that exists.
    pub(super) is_stored: bool,
}

/// The elements that policies of permissions and trust policies share.
pub(super) struct Head {
    pub(super) version: Version,
    pub(super) version_span: Option<Span>,
    /// The key `Statement`; the opening brace when there is none.
    pub(super) statement_key: Span,
    pub(super) has_statement: bool,
}

/// Reads the elements that all policy documents share. `read` gets the key and the value of `Statement` and of `Id`,
/// and returns whether there is a `Statement`. `None` if the document is part of a template.
pub(super) fn head(
    reader: &mut Reader,
    document: Value<'_>,
    mut read: impl FnMut(&mut Reader, &Text, Value<'_>) -> bool,
) -> Option<Head> {
    audit::document(reader, document);
    let mut head = Head {
        version: Version::V2008,
        version_span: None,
        statement_key: document.opening(),
        has_statement: false,
    };
    let members = document.last_members();
    if refuse_function_among(reader, &members) {
        return None;
    }
    for Member { key, value } in members {
        match key.value.as_str() {
            "Version" => {
                head.version = version(reader, value);
                head.version_span = Some(value.label());
            }
            "Statement" => {
                head.statement_key = key.span;
                head.has_statement = read(reader, &key, value);
            }
            "Id" => {
                read(reader, &key, value);
            }
            _ => {
                let meant = nearest(&key.value, &POLICY_KEYS);
                head.has_statement |= meant == Some("Statement");
                unknown(reader, &key, meant, "a policy");
            }
        }
    }
    Some(head)
}

/// Reads a policy document, which is an object, and adds it to `reader`.
pub(super) fn read(reader: &mut Reader, document: Value<'_>, carried: Carried) {
    let before = reader.rejections();
    let mut found = Vec::new();
    let head = head(reader, document, |reader, key, value| {
        if key.value == "Id" {
            id(reader, key, value);
        } else {
            found = statements(reader, value);
        }
        true
    });
    let Some(head) = head else {
        return;
    };
    let mut policy = Policy {
        source: reader.source,
        name: carried.name,
        attachment: carried.attachment,
        characters: masked::characters(document.raw(), &reader.holes),
        breaks_grammar: false,
        has_refused_arn: false,
        is_stored: carried.is_stored,
        unknowns: None,
        version: head.version,
        version_span: head.version_span,
        span: document.span(),
        statement_key: head.statement_key,
        statements: found,
    };
    if !head.has_statement {
        reader.report(
            Problem::invalid_policy(
                "Statement",
                "the policy has no `Statement`",
                document.opening(),
            )
            .with_help(
                "a policy is `{\"Version\": \"2012-10-17\", \"Statement\": […]}`; without statements it grants nothing",
            ),
        );
    }
    unique_sids(reader, &policy.statements);
    let after = reader.rejections();
    policy.breaks_grammar = reader.has_byte_order_mark() || after.grammar > before.grammar;
    policy.has_refused_arn = after.arns > before.arns;
    reader.add(policy);
}

fn id(reader: &mut Reader, key: &Text, value: Value<'_>) {
    if value.kind() != Kind::String {
        return wrong_kind(reader, "Id", value, "a string");
    }
    reader.report(
        Problem::invalid_policy(
            "Id",
            "`Id` is not an element of identity-based policies",
            key.span,
        )
        .accepted()
        .with_help("remove it; AWS documents it for resource-based policies only"),
    );
}

pub(super) fn version(reader: &mut Reader, value: Value<'_>) -> Version {
    let Some(text) = value.string() else {
        wrong_kind(
            reader,
            "Version",
            value,
            "the string `2012-10-17` or `2008-10-17`",
        );
        return Version::V2012;
    };
    match text.value.as_str() {
        "2008-10-17" => Version::V2008,
        "2012-10-17" => Version::V2012,
        other => {
            reader.report(
                Problem::invalid_policy(
                    "Version",
                    format!(
                        "`{}` is not a version of the policy language",
                        shorten(other)
                    ),
                    text.span,
                )
                .with_help(
                    "write `2012-10-17`: it names the policy language, not the date of your policy",
                ),
            );
            // The author's meaning, and the spelling that the help suggests.
            Version::V2012
        }
    }
}

fn statements(reader: &mut Reader, value: Value<'_>) -> Vec<Statement> {
    if value.kind() == Kind::Array && value.elements().is_empty() {
        reader.report(
            Problem::invalid_policy("Statement", "`Statement` is empty", value.span())
                .with_help(format!("write a statement; {}", answer("statement"))),
        );
    }
    objects(reader, value, statement::read)
}

/// Reads each object of the value of `Statement`.
pub(super) fn objects<S>(
    reader: &mut Reader,
    value: Value<'_>,
    read: impl Fn(&mut Reader, Value<'_>) -> Option<S>,
) -> Vec<S> {
    let all = match value.kind() {
        Kind::Array => value.elements(),
        _ => vec![value],
    };
    let mut statements = Vec::with_capacity(all.len());
    for each in all {
        if each.kind() == Kind::Object {
            statements.extend(read(reader, each));
        } else {
            wrong_kind(
                reader,
                "Statement",
                each,
                "an object or an array of objects",
            );
        }
    }
    statements
}

/// Whether a text has a part of which nothing is known. A partition, Region or account is the same everywhere.
pub(super) fn has_unknown(text: &Text, holes: &[Hole]) -> bool {
    let mut parts = text.holes.iter().flat_map(|parts| parts.iter());
    let is_reference = |hole: &Hole| hole.kind == HoleKind::Reference;
    parts.any(|part| !holes.get(part.hole).is_some_and(is_reference))
}

/// How many statements of one `Sid` that do not exist together are compared with others.
const MOST_ALTERNATIVES: usize = 64;

pub(super) fn unique_sids<'s>(
    reader: &mut Reader,
    statements: impl IntoIterator<Item = &'s Statement>,
) {
    let mut known: HashMap<&str, Vec<(usize, Span)>> = HashMap::new();
    let sids = statements.into_iter().enumerate();
    let sids = sids.filter_map(|(at, s)| Some((at, s.sid.as_ref()?)));
    for (at, sid) in sids.filter(|(_, s)| !s.value.is_empty()) {
        if has_unknown(sid, &reader.holes) {
            continue;
        }
        let others = known.entry(sid.value.as_str()).or_default();
        let mut together = { others.iter() }.filter(|(other, _)| reader.are_together(*other, at));
        match together.next() {
            None if others.len() < MOST_ALTERNATIVES => others.push((at, sid.span)),
            None => {}
            Some((_, span)) => reader.report(
                Problem::invalid_policy(
                    "Sid",
                    format!(
                        "the `Sid` `{}` is given to two statements",
                        shorten(&sid.value)
                    ),
                    sid.span,
                )
                .with_help("give each statement of a policy a `Sid` of its own, or leave it out")
                .with_related(*span, "first given here"),
            ),
        }
    }
}
