//! The instances of a resource or module with `count` or `for_each`.

use std::rc::Rc;

use super::MOST_INSTANCES;
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::surroundings::Scope;
use crate::inventory::terraform::syntax_tree::{Block, Expression};
use crate::inventory::terraform::value::Instance;
use crate::inventory::terraform::value::{Each, Placed};
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::HoleKind;

impl Machine<'_> {
    /// The resources that a block makes.
    pub(in crate::inventory::terraform) fn instances(
        &mut self,
        module: usize,
        block: &Rc<Placed<Block>>,
    ) -> Vec<Rc<Instance>> {
        let address = if self.is_plan {
            block.it.label(1).unwrap_or_default().to_owned()
        } else {
            let labels = block.it.labels.iter().map(|(l, _)| l.as_str());
            let name = labels.collect::<Vec<_>>().join(".");
            let data = if block.it.kind == "data" { "data." } else { "" };
            let own = format!("{data}{name}");
            self.within(module, &own)
        };
        self.repeated(module, block)
            .into_iter()
            .map(|(suffix, each)| {
                Rc::new(Instance {
                    address: format!("{address}{suffix}"),
                    module,
                    block: Rc::clone(block),
                    each,
                })
            })
            .collect()
    }

    /// An address within a module.
    fn within(&self, module: usize, own: &str) -> String {
        match self.modules.get(module).map(|m| m.address.as_str()) {
            Some("") | None => own.to_owned(),
            Some(address) => format!("{address}.{own}"),
        }
    }

    /// How often a block is there: the end of each address, and what `each` and `count` are.
    pub(in crate::inventory::terraform) fn repeated(
        &mut self,
        module: usize,
        block: &Rc<Placed<Block>>,
    ) -> Vec<(String, Each)> {
        let scope = Scope {
            module,
            source: block.source,
            each: &Each::default(),
            frame: None,
            is_template: false,
        };
        let at = |of: &Expression| Place {
            source: block.source,
            span: of.span,
        };
        if let Some(count) = block.it.body.get("count") {
            let place = at(count);
            let value = self.evaluate(count, &scope);
            let Some(number) = value.number() else {
                let optional = Some(self.decider_of_count(&value, place, module));
                let index = Some(self.named("count.index", HoleKind::Name, place));
                return vec![(
                    "[*]".to_owned(),
                    Each {
                        index,
                        optional,
                        ..Each::default()
                    },
                )];
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast of a float saturates"
            )]
            let number = number as usize;
            if number > MOST_INSTANCES {
                self.unread(
                    place,
                    format!("`count` is over {MOST_INSTANCES}"),
                    "split the module",
                );
            }
            return (0..number.min(MOST_INSTANCES))
                .map(|at| {
                    #[expect(clippy::cast_precision_loss, reason = "it is small")]
                    let index = Value::new(Node::Number(at as f64), place);
                    let each = Each {
                        index: Some(index),
                        ..Each::default()
                    };
                    (format!("[{at}]"), each)
                })
                .collect();
        }
        let Some(over) = block.it.body.get("for_each") else {
            return vec![(String::new(), Each::default())];
        };
        let place = at(over);
        let value = self.evaluate(over, &scope);
        let items = match &value.node {
            Node::Map(_) => self.items(&value),
            Node::List(_) => self.plain_list(&value).map(|all| {
                let all = all.into_iter();
                all.map(|v| (v.clone(), v)).collect()
            }),
            _ => None,
        };
        let known = items.filter(|all| all.iter().all(|(k, _)| k.is_known_text()));
        let Some(mut items) = known else {
            let optional = Some(self.decider_of_count(&value, place, module));
            let key = Some(self.named("each.key", HoleKind::Name, place));
            let each_value = Some(self.named("each.value", HoleKind::Text, place));
            return vec![(
                "[*]".to_owned(),
                Each {
                    key,
                    value: each_value,
                    index: None,
                    optional,
                },
            )];
        };
        items.sort_by_key(|(k, _)| k.text());
        items.dedup_by_key(|(k, _)| k.text());
        if items.len() > MOST_INSTANCES {
            self.unread(
                place,
                format!("`for_each` has over {MOST_INSTANCES} elements"),
                "split the module",
            );
            items.truncate(MOST_INSTANCES);
        }
        items
            .into_iter()
            .map(|(key, value)| {
                let text = key.text().unwrap_or_default();
                let each = Each {
                    key: Some(key),
                    value: Some(value),
                    index: None,
                    optional: None,
                };
                (format!("[\"{text}\"]"), each)
            })
            .collect()
    }

    fn decider_of_count(&mut self, value: &Value, place: Place, module: usize) -> usize {
        match &value.node {
            Node::Choice(hole, _) => *hole,
            _ => self.decider(value, place, module),
        }
    }
}
