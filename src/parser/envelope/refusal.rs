//! Reports of files without a policy, or with one that is not understood.

use super::{DOCUMENT_KEYS, LIST_KEYS, VERSION_KEY, VERSIONS_KEY, carries};
use crate::parser::decoded::Text;
use crate::parser::element::{POLICY_KEYS, STATEMENT_KEYS};
use crate::parser::json::{Kind, Value};
use crate::parser::policy::Problem;
use crate::parser::problem::Reader;
use crate::parser::quote::shorten;
use crate::parser::source::Span;

/// Reports a key of a dump whose value has another form than the AWS CLI prints.
pub(in crate::parser) fn not_understood(reader: &mut Reader, key: &Text) {
    let name = shorten(&key.value);
    let message = format!("the value of `{name}` is not understood");
    let help = "give the output of `aws iam get-account-authorization-details` as it is";
    refuse(reader, key.span, &message, help);
}

/// Whether a value has documents anywhere inside: in a description they would be passed over.
pub(super) fn contains_documents(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Object => {
            let mut members = value.members().into_iter();
            members.any(|m| carries(&m.key.value) || contains_documents(m.value))
        }
        Kind::Array => value.elements().into_iter().any(contains_documents),
        _ => false,
    }
}

/// The key that carries statements or documents and differs from this one in case at most.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let carriers = DOCUMENT_KEYS.iter().chain(&LIST_KEYS);
    let parts = POLICY_KEYS.iter().chain(&STATEMENT_KEYS);
    let all = carriers.chain(parts).chain(&[VERSION_KEY, VERSIONS_KEY]);
    { all }
        .copied()
        .find(|known| known.eq_ignore_ascii_case(key))
}

pub(super) fn refuse(reader: &mut Reader, span: Span, message: &str, help: &str) {
    reader.report(Problem::invalid_json("document", message, span).with_help(help));
}

pub(super) fn two_documents(reader: &mut Reader, first: &str, key: &Text) {
    let first = if first.starts_with("the ") {
        first.to_owned()
    } else {
        format!("`{first}`")
    };
    refuse(
        reader,
        key.span,
        &format!("`{}` is a second policy document beside {first}", key.value),
        "put each policy into a file of its own",
    );
}

/// Reports the place where a policy document should be.
pub(in crate::parser) fn no_document(reader: &mut Reader, place: &str, span: Span) {
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
