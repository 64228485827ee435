//! The instances of a resource or module with `count` or `for_each`.

use std::rc::Rc;

use super::{MOST_INSTANCES, type_name};
use crate::inventory::terraform::evaluate::{Machine, perhaps};
use crate::inventory::terraform::surroundings::Scope;
use crate::inventory::terraform::syntax_tree::{Block, Expression, Node as Syntax, Step};
use crate::inventory::terraform::value::Instance;
use crate::inventory::terraform::value::{Each, Placed};
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::HoleKind;

/// Functions that return a list, never a set.
const LISTS: [&str; 12] = [
    "chunklist",
    "compact",
    "concat",
    "distinct",
    "flatten",
    "formatlist",
    "keys",
    "range",
    "slice",
    "sort",
    "split",
    "tolist",
];
/// The longest chain of local values to a list.
const FURTHEST: u8 = 8;

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
    pub(in crate::inventory::terraform) fn within(&self, module: usize, own: &str) -> String {
        match self.modules.get(module).map(|m| m.address.as_str()) {
            Some("") | None => own.to_owned(),
            Some(address) => format!("{address}.{own}"),
        }
    }

    /// What `each` and `count` are in the blocks of a module, where that is not known: another module has its own.
    fn own(&mut self, name: &str, kind: HoleKind, module: usize, place: Place) -> Value {
        let name = self.within(module, name);
        self.named(name, kind, place)
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
                let is_single = self.is_single(&value);
                let index = Some(if is_single {
                    Value::new(Node::Number(0.0), place)
                } else {
                    self.own("count.index", HoleKind::Name, module, place)
                });
                return vec![(
                    "[*]".to_owned(),
                    Each {
                        index,
                        optional,
                        is_single,
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
        if self.is_list(module, over, FURTHEST) {
            let message = "`for_each` is a list, and Terraform takes a map or a set of strings";
            let help = "write `toset(…)` around it: Terraform refuses a list";
            self.unread(place, message, help);
        }
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
            let is_single = self.is_single(&value);
            let only = self.only_item(&value);
            let (only_key, only_value) = only.map_or((None, None), |(k, v)| (Some(k), Some(v)));
            let key =
                only_key.or_else(|| Some(self.own("each.key", HoleKind::Name, module, place)));
            let resource = perhaps(&value).and_then(|(_, of)| of.into_iter().next());
            let resource =
                resource.filter(|v| matches!(v.node, Node::Resource(_) | Node::Module(_)));
            let each_value = match (resource, only_value) {
                (Some(one), _) | (None, Some(one)) => Some(one),
                (None, None) => Some(self.own("each.value", HoleKind::Text, module, place)),
            };
            return vec![(
                "[*]".to_owned(),
                Each {
                    key,
                    value: each_value,
                    index: None,
                    optional,
                    is_single,
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
                    ..Each::default()
                };
                (format!("[\"{text}\"]"), each)
            })
            .collect()
    }

    /// Whether an expression is a list for certain.
    fn is_list(&self, module: usize, of: &Expression, further: u8) -> bool {
        match &of.node {
            Syntax::Tuple(_) => true,
            Syntax::For(of) => of.name.is_none(),
            Syntax::Call(call) => LISTS.contains(&call.name.as_str()),
            Syntax::Traversal(base, steps) => {
                let (Syntax::Name(name), [Step::Attribute(key)]) = (&base.node, steps.as_slice())
                else {
                    return false;
                };
                let Some(code) = self.modules.get(module).map(|m| &m.code) else {
                    return false;
                };
                match name.as_str() {
                    "local" => { code.locals.get(key) }
                        .filter(|_| further > 0)
                        .is_some_and(|local| self.is_list(module, &local.it, further - 1)),
                    "var" => { code.variables.get(key) }
                        .and_then(|variable| variable.it.body.get("type"))
                        .is_some_and(|of| ["list", "tuple"].contains(&type_name(of))),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The key and the value of a `for_each` that makes one resource or none.
    fn only_item(&self, over: &Value) -> Option<(Value, Value)> {
        let Node::Choice(_, of) = &over.node else {
            return None;
        };
        let mut items = Vec::new();
        for alternative in of.iter() {
            let alternative = alternative.clone().inherit(&over.via);
            match &alternative.node {
                Node::Map(_) => items.extend(self.items(&alternative)?),
                Node::List(_) => {
                    let all = self.plain_list(&alternative)?.into_iter();
                    items.extend(all.map(|v| (v.clone(), v)));
                }
                Node::Null => {}
                _ => return None,
            }
        }
        let one = items.pop().filter(|(key, _)| key.is_known_text())?;
        items.is_empty().then_some(one)
    }
}
