//! Trust policies of which only the principals are not known, and these are one of several that are.

use super::Draft;
use crate::inventory::value::{Node, Value};

impl Draft<'_> {
    /// Whether nothing but principals of Allow statements is open, and each that they may be is known.
    pub(super) fn has_all_principals(&self, policy: &Value) -> bool {
        let Node::Map(members) = &policy.node else {
            return false;
        };
        members.iter().all(|(key, value)| {
            if key.is_text("Statement") {
                value.elements().iter().all(|one| self.allows_known(one))
            } else {
                self.first_unknown(value).is_none()
            }
        })
    }

    /// The same of one statement.
    fn allows_known(&self, statement: &Value) -> bool {
        let is_allow = { statement.get("Effect") }.is_some_and(|effect| effect.is_text("Allow"));
        let Node::Map(members) = &statement.node else {
            return false;
        };
        members.iter().all(|(key, value)| match &value.node {
            Node::Map(kinds) if is_allow && key.is_text("Principal") => {
                kinds.iter().all(|(_, names)| self.are_known(names))
            }
            _ => self.first_unknown(value).is_none(),
        })
    }

    /// Whether each alternative of a value is known.
    fn are_known(&self, value: &Value) -> bool {
        match &value.node {
            Node::Choice(_, of) => of.iter().all(|one| self.are_known(one)),
            Node::List(elements) => elements.iter().all(|one| self.are_known(one)),
            _ => self.first_unknown(value).is_none(),
        }
    }
}
