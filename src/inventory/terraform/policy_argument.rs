//! Policies and ARNs that the provider refuses, whatever their content is, and names, paths and durations that IAM refuses. A
//! plan has only policies and ARNs that the provider accepted.

use std::rc::Rc;

use super::evaluate::Machine;
use super::facts;
use super::value::{Instance, Node, Piece, Value};
use crate::inventory::iam_limits;
use crate::inventory::leaves::leaves;
use crate::parser::shorten;

impl Machine<'_> {
    /// Reports a value that the argument of a resource type does not take as a policy.
    pub(super) fn require_policy(&mut self, kind: &str, argument: &str, value: &Value) {
        self.require_string(argument, value);
        if kind.starts_with("aws_") {
            self.require_brace(argument, value);
        }
    }

    /// Reports a policy that is not a string.
    fn require_string(&mut self, argument: &str, value: &Value) {
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
    fn require_brace(&mut self, argument: &str, value: &Value) {
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

    /// Reports the names, paths and durations of a resource that IAM refuses.
    pub(super) fn require_limits(&mut self, instance: &Rc<Instance>) {
        for name in iam_limits::limited(instance.kind()) {
            let Some(value) = self.argument(instance, name) else {
                continue;
            };
            self.require_within_limits(instance.kind(), name, value, instance.each.optional);
        }
    }

    /// Reports a value of an argument that IAM refuses, unless it may be absent.
    pub(super) fn require_within_limits(
        &mut self,
        kind: &str,
        argument: &str,
        value: Value,
        optional: Option<usize>,
    ) {
        for (value, optional) in leaves(value, optional) {
            let text = self.as_text(&value, 0);
            let Node::Text(pieces) = &text.node else {
                continue;
            };
            let parts: Vec<Option<&str>> = pieces.iter().map(Piece::text).collect();
            let message = iam_limits::refusal(kind, argument, &parts);
            if let Some(message) = message.filter(|_| optional.is_none()) {
                let help = "correct it: IAM refuses the resource";
                self.unread(value.place, message, help);
            }
        }
    }

    /// Reports arguments of which the provider takes one. One that is `null` is none.
    pub(super) fn require_one(&mut self, instance: &Rc<Instance>) {
        let accepts = facts::accepts(instance.kind()).filter(|_| !self.is_plan);
        let names = accepts.map_or(&[][..], |accepts| accepts.one_of.as_slice());
        let mut given: Vec<(&str, Value)> = Vec::new();
        for name in names {
            let value = self.argument(instance, name);
            let is_sure = |value: &Value| {
                !matches!(
                    value.node,
                    Node::Null | Node::Absent | Node::Hole(_) | Node::Choice(..)
                )
            };
            given.extend(value.filter(is_sure).map(|value| (name.as_str(), value)));
        }
        if let [(first, _), (second, value), ..] = given.as_slice() {
            let message = format!("`{second}` conflicts with `{first}`");
            let help = "remove one of them: the provider refuses the resource";
            self.unread(value.place, message, help);
        }
    }

    /// Reports a text that is not an ARN. `takes_empty` is true where an empty text is the same as none.
    pub(super) fn require_arn(&mut self, argument: &str, value: &Value, takes_empty: bool) {
        if self.is_plan {
            return;
        }
        for (value, optional) in leaves(value.clone(), None) {
            let Node::Text(pieces) = &value.node else {
                continue;
            };
            let first = pieces.first().map(Piece::text);
            let is_refused = match (value.text(), first) {
                (Some(text), _) if text.is_empty() => !takes_empty,
                (Some(text), _) => !text.starts_with("arn:"),
                (None, Some(Some(text))) => !text.starts_with("arn:") && !"arn:".starts_with(text),
                _ => false,
            };
            if is_refused && optional.is_none() {
                let shown = self.shown(&value);
                let message = format!("`{}` in `{argument}` is not an ARN", shorten(&shown));
                let help = "write the ARN of the policy (`aws_iam_policy.NAME.arn`): the provider refuses anything else";
                self.unread(value.place, message, help);
            }
        }
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
