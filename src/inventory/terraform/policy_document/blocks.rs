//! The blocks of a policy document, also those of `dynamic`.

use super::Expanded;
use super::lists::is_empty_list;
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::supported;
use crate::inventory::terraform::surroundings::Scope;
use crate::inventory::terraform::syntax_tree::{Block, Body};
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::HoleKind;

impl Machine<'_> {
    /// The blocks of a kind, `dynamic` ones too.
    pub(in crate::inventory::terraform) fn blocks<'b>(
        &mut self,
        body: &'b Body,
        kind: &str,
        scope: &Scope<'_>,
    ) -> Vec<Expanded<'b>> {
        let mut all = Vec::new();
        for block in &body.blocks {
            if block.kind == kind {
                all.push(Expanded {
                    body: &block.body,
                    block,
                    iterator: None,
                    optional: None,
                    before: 0,
                });
            } else if block.kind == "dynamic" && block.label(0) == Some(kind) {
                self.dynamic(block, kind, scope, &mut all);
            }
        }
        all
    }

    pub(super) fn dynamic<'b>(
        &mut self,
        block: &'b Block,
        kind: &str,
        scope: &Scope<'_>,
        all: &mut Vec<Expanded<'b>>,
    ) {
        let place = Place {
            source: scope.source,
            span: block.name_span(),
        };
        let content = block.body.blocks.iter().find(|b| b.kind == "content");
        let (Some(over), Some(content)) = (block.body.get("for_each"), content) else {
            self.unread(
                place,
                "a `dynamic` block without `for_each` and `content`",
                "write both: Terraform refuses it too",
            );
            return;
        };
        let name = match block.body.get("iterator").map(|i| &i.node) {
            Some(crate::inventory::terraform::syntax_tree::Node::Name(name)) => name.clone(),
            _ => kind.to_owned(),
        };
        let value = self.evaluate(over, scope);
        let at = Place {
            span: over.span,
            ..place
        };
        // A condition decides whether it is there: `var.x ? [1] : []`.
        let choice = match &value.node {
            Node::Choice(hole, of) => {
                let mut filled = of.iter().enumerate().filter(|(_, v)| !is_empty_list(v));
                match (filled.next(), filled.next()) {
                    (Some((at, one)), None) => Some((*hole, at, one.clone().inherit(&value.via))),
                    (None, _) => return,
                    _ => None,
                }
            }
            _ => None,
        };
        let (optional, before, value) = match choice {
            Some((hole, before, value)) => (Some(hole), before, value),
            None => (None, 0, value),
        };
        let items = match &value.node {
            Node::Map(_) => self.items(&value),
            Node::List(_) => self.plain_list(&value).map(|list| {
                let list = list.into_iter();
                list.map(|v| (v.clone(), v)).collect()
            }),
            Node::Null => Some(Vec::new()),
            _ => None,
        };
        let make = |machine: &mut Self, key: Value, value: Value| {
            let word = |text: &str| Value::bound(text, at);
            let members = vec![(word("key"), key), (word("value"), value)];
            let _ = machine;
            Value::map(members, at)
        };
        if let Some(items) = items {
            if !items.is_empty() && optional.is_none() {
                for unread in supported::content(kind, content, scope.source) {
                    self.unread(unread.place, unread.message, &unread.help);
                }
            }
            for (key, value) in items {
                let iterator = make(self, key, value);
                all.push(Expanded {
                    body: &content.body,
                    block: content,
                    iterator: Some((name.clone(), iterator)),
                    optional,
                    before,
                });
            }
        } else {
            // One of them stands for all.
            let hole = self.decider(&value, at, scope.module);
            let known = self.holes.get(hole).map(|h| h.name.clone());
            let of = known.unwrap_or_else(|| name.clone());
            let key = self.named(format!("{of}: {name}.key"), HoleKind::Text, at);
            let value = self.named(format!("{of}: {name}.value"), HoleKind::Text, at);
            let iterator = make(self, key, value);
            all.push(Expanded {
                body: &content.body,
                block: content,
                iterator: Some((name.clone(), iterator)),
                optional: Some(hole),
                before: 0,
            });
        }
    }
}
