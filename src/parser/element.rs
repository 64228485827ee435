//! The elements that the grammar knows, and reports of others.

use super::decoded::Text;
use super::json::{Kind, Member, Value};
use super::policy::Problem;
use super::problem::Reader;
use super::quote::shorten;

pub(super) const POLICY_KEYS: [&str; 2] = ["Version", "Statement"];

pub(super) const STATEMENT_KEYS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// True, and the file is refused, when the value is a function of `CloudFormation`.
pub(super) fn refuse_function(reader: &mut Reader, value: Value<'_>) -> bool {
    value.kind() == Kind::Object && refuse_function_among(reader, &value.members())
}

/// The same, from the members of the value.
pub(super) fn refuse_function_among(reader: &mut Reader, members: &[Member<'_>]) -> bool {
    let function = members
        .iter()
        .find(|m| m.key.value == "Ref" || m.key.value.starts_with("Fn::"));
    if let Some(Member { key, .. }) = function {
        reader.refuse_function(&key.value, key.span);
    }
    function.is_some()
}

/// Reports a value of a kind that the grammar does not allow there.
pub(super) fn wrong_kind(reader: &mut Reader, element: &str, value: Value<'_>, expected: &str) {
    if refuse_function(reader, value) {
        return;
    }
    reader.report(Problem::invalid_policy(
        element,
        format!(
            "`{}` must be {expected}, found {}",
            shorten(element),
            value.kind()
        ),
        value.label(),
    ));
}

/// Reports an element that the grammar does not know in that `place`.
pub(super) fn unknown(reader: &mut Reader, key: &Text, meant: Option<&str>, place: &str) {
    let shown = shorten(&key.value);
    let problem = Problem::invalid_policy(
        &key.value,
        format!("`{shown}` is not an element of {place}"),
        key.span,
    );
    reader.report(match meant {
        Some(meant) if meant.eq_ignore_ascii_case(&key.value) => problem.with_help(format!(
            "did you mean `{meant}`? element names are case-sensitive"
        )),
        Some(meant) => problem.with_help(format!("did you mean `{meant}`?")),
        None if place == "a policy" && STATEMENT_KEYS.contains(&key.value.as_str()) => problem
            .with_help(format!(
                "`{shown}` belongs in a statement: `\"Statement\": [{{\"{shown}\": …}}]`"
            )),
        None if place == "a policy" => {
            problem.with_help("a policy has `Version` and `Statement`; remove this element")
        }
        None => problem.with_help(
            "a statement has `Sid`, `Effect`, `Action` or `NotAction`, `Resource` or `NotResource`, and `Condition`; \
             remove this element",
        ),
    });
}
