//! Policies that the provider refuses, whatever their content is. A plan has only values that the provider accepted.

use super::evaluate::Machine;
use super::value::{Node, Piece, Value};
use crate::parser::shorten;

impl Machine<'_> {
    /// Reports a policy that is not a string.
    pub(super) fn require_string(&mut self, argument: &str, value: &Value) {
        if self.is_plan {
            return;
        }
        let Some(kind) = other_kind(value) else {
            return;
        };
        let message = format!("`{argument}` is {kind}, and the provider takes a string only");
        let help = match &value.node {
            Node::Resource(of) if of.kind() == "aws_iam_policy_document" => format!(
                "write `{}.json`: Terraform refuses the data source itself",
                shorten(&of.address)
            ),
            _ => "write `jsonencode(…)` around it: Terraform refuses the argument".to_owned(),
        };
        self.unread(value.place, message, &help);
    }

    /// Reports a policy that begins with white space: "contains an invalid JSON policy: leading space characters are not
    /// allowed" (`ValidIAMPolicyJSON` of the provider).
    pub(super) fn require_brace(&mut self, argument: &str, value: &Value) {
        let Node::Text(pieces) = &value.node else {
            return;
        };
        let first = pieces.iter().find(|piece| piece.text() != Some(""));
        let first = first.and_then(Piece::text);
        if self.is_plan || !first.is_some_and(|text| text.starts_with([' ', '\t', '\r', '\n'])) {
            return;
        }
        let message = format!("the policy of `{argument}` begins with white space");
        let help = "begin it with the brace, or write `<<-` instead of `<<`: the provider refuses white space before it";
        self.unread(value.place, message, help);
    }
}

/// The kind of a value that no conversion makes a string.
fn other_kind(value: &Value) -> Option<&'static str> {
    match &value.node {
        Node::Map(_) => Some("an object"),
        Node::List(_) => Some("a list"),
        Node::Resource(of) if of.is_data() => Some("a data source"),
        Node::Resource(_) => Some("a resource"),
        Node::Module(_) => Some("a module"),
        _ => None,
    }
}
