//! How many characters a policy has for the values of the conditions that decide between its parts.

use std::sync::Arc;

use super::{Attached, Draft};
use crate::inventory::value::{Node, Value};
use crate::parser::{self, Characters, Extreme, Hole};

/// The most settings of the conditions that are tried.
const MOST_SETTINGS: usize = 64;
/// The most characters that all settings have together.
const MOST_CHARACTERS: usize = 1024 * 1024;

/// A condition, and which alternative counts.
type Setting = Vec<(usize, usize)>;

/// The fewest and the most characters over all settings of the conditions. `None` where no condition decides about a
/// part, or there are too many.
pub(super) fn characters(
    value: &Value,
    attached: &Attached,
    holes: &Arc<[Hole]>,
) -> Option<Characters> {
    let mut conditions = Setting::new();
    choices(value, &mut conditions);
    let count = |all: usize, (_, of): &(usize, usize)| all.checked_mul(*of);
    let settings = conditions.iter().try_fold(1, count)?;
    if conditions.is_empty() || settings > MOST_SETTINGS {
        return None;
    }
    let mut found: Option<Characters> = None;
    let mut written = 0;
    for nth in 0..settings {
        let mut rest = nth;
        let setting: Setting = { conditions.iter() }
            .map(|(hole, of)| {
                let at = rest % of;
                rest /= of;
                (*hole, at)
            })
            .collect();
        let Some(document) = settled(value, &setting, attached.joins_lists) else {
            continue;
        };
        let mut draft = Draft::new(holes, Extreme::Worst);
        draft.value(&document);
        written += draft.written.text.len();
        if written > MOST_CHARACTERS {
            return None;
        }
        let one = parser::characters(&draft.written.text, holes);
        let all = found.get_or_insert(one);
        all.fewest = all.fewest.min(one.fewest);
        all.most = all.most.max(one.most);
    }
    found
}

/// The conditions in a value, each with the number of its alternatives. Of a single one there are two: it may be absent.
fn choices(value: &Value, all: &mut Setting) {
    match &value.node {
        Node::Choice(hole, of) => {
            let count = of.len().max(2);
            match all.iter_mut().find(|(known, _)| known == hole) {
                Some((_, known)) => *known = count.max(*known),
                None => all.push((*hole, count)),
            }
            for one in of {
                choices(one, all);
            }
        }
        Node::List(elements) => elements.iter().for_each(|one| choices(one, all)),
        Node::Map(members) => members.iter().for_each(|(_, one)| choices(one, all)),
        _ => {}
    }
}

/// The value in one setting, if there is one.
fn settled(value: &Value, setting: &[(usize, usize)], joins_lists: bool) -> Option<Value> {
    let settled = |value| settled(value, setting, joins_lists);
    let node = match &value.node {
        Node::Choice(hole, of) => {
            let chosen = setting.iter().find(|(known, _)| known == hole);
            return chosen.and_then(|(_, at)| of.get(*at)).and_then(settled);
        }
        Node::Absent => return None,
        Node::List(elements) => {
            let mut kept = Vec::with_capacity(elements.len());
            for element in elements {
                let is_choice = matches!(element.node, Node::Choice(..));
                match settled(element) {
                    Some(Value {
                        node: Node::List(joined),
                        ..
                    }) if is_choice && joins_lists => kept.extend(joined),
                    one => kept.extend(one),
                }
            }
            Node::List(kept)
        }
        Node::Map(members) => {
            let members = members.iter();
            let members = members.filter_map(|(key, value)| Some((key.clone(), settled(value)?)));
            Node::Map(members.collect())
        }
        node => node.clone(),
    };
    let span = value.span;
    Some(Value { node, span })
}
