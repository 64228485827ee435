//! Values that are known only after `terraform apply`.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::json::{elements, member, word};
use crate::inventory::json_text::{Json, Token};
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::syntax_tree::{Expression, Node as Syntax};
use crate::inventory::terraform::value::Place;
use crate::parser::Span;

impl Machine<'_> {
    /// Reports the policies of a plan that it does not know yet.
    pub(in crate::inventory::terraform) fn unknown_policies(&mut self) {
        let Some(code) = self.modules.first().map(|m| Rc::clone(&m.code)) else {
            return;
        };
        for block in code.resources.values() {
            let kind = block.it.label(0).unwrap_or_default();
            let is_policy =
                kind.contains("iam") && kind.contains("policy") && !kind.contains("attachment");
            let names = ["policy", "policy_document"];
            let inner = block
                .it
                .body
                .blocks
                .iter()
                .filter_map(|b| b.body.attribute("policy"));
            let own = names
                .iter()
                .filter_map(|n| block.it.body.attribute(n))
                .filter(|_| is_policy);
            for attribute in own.chain(inner) {
                if is_hole(&attribute.value) {
                    let place = Place {
                        source: block.source,
                        span: attribute.name_span,
                    };
                    self.unread(
                        place,
                        "the plan does not know this policy yet",
                        "give the module too, so that its code fills in: pcluster-iam lint FOLDER --plan PLAN",
                    );
                }
            }
        }
    }
}

/// Whether a part of `after_unknown` says that a value is not known.
pub(super) fn is_open(json: &Json) -> bool {
    match &json.token {
        Token::Boolean(value) => *value,
        Token::Array(all) => all.iter().any(is_open),
        Token::Object(all) => all.iter().any(|(_, v)| is_open(v)),
        _ => false,
    }
}

/// A name that nothing has: a text that is not known, named as it is written.
pub(super) fn hole(span: Span) -> Expression {
    Expression {
        node: Syntax::Name("unknown".to_owned()),
        span,
    }
}

fn is_hole(of: &Expression) -> bool {
    matches!(&of.node, Syntax::Name(name) if name == "unknown")
}

/// `after_unknown` of each resource, by its address.
pub(super) fn unknown(json: &Json) -> FxHashMap<String, &Json> {
    let changes = member(json, "resource_changes")
        .map(elements)
        .unwrap_or_default();
    let mut all = FxHashMap::default();
    for change in changes {
        let address = member(change, "address").and_then(word);
        let open = member(change, "change").and_then(|c| member(c, "after_unknown"));
        if let (Some(address), Some(open)) = (address, open) {
            all.insert(address.to_owned(), open);
        }
    }
    all
}
