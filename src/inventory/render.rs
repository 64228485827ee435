//! Reads a [`Value`] as a policy: writes it as JSON whose bytes know their places, at each extreme of its holes.
//!
//! In the worst reading an Allow reaches as little as its holes permit, and a Deny as much; in the best reading the other
//! way round:
//!
//! | where the hole is | reaches least | reaches most |
//! | --- | --- | --- |
//! | a string of `Action` | names no action | `*` in its place |
//! | a string of `NotAction` | names every action: the statement is absent | names no action |
//! | a string of `Resource` or `NotResource` | decided by [`crate::diff::prepare`], by the same rule | |
//! | a value of a Condition | the line does not hold for it | the line holds |
//! | a whole statement, a branch | absent | present |

mod all_principals;
mod alternatives;
mod condition;
mod extent;
mod one_sid;
mod writer;

use std::sync::Arc;

use super::value::{Node, Piece, Value};
use crate::parser::{
    self, Attachment, Document, Effect, Extreme, Flags, Hole, HoleKind, SourceId, Written,
};
use alternatives::{Items, PARTS, any_action, flattened, has_choice, is_no_action, may_be};
use one_sid::{with_own_sid, with_own_sids};

/// A policy of a template as it is read at each extreme.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Holes of an Allow grant as little as they can, those of a Deny take as much as they can.
    pub worst: Document,
    /// The other way round; `None` where nothing is left open.
    pub best: Option<Document>,
    /// As `best`, but an unknown name counts as one fixed name that equals no other, not as `*`; `None` where no hole is
    /// a name.
    pub texts: Option<Document>,
}

/// Facts on a document beside its content.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The file of its bytes.
    pub source: SourceId,
    /// The name of the policy.
    pub name: Option<String>,
    /// The way it is attached.
    pub attachment: Attachment,
    /// The hole that decides whether the document is there at all.
    pub optional: Option<usize>,
    /// Whether a value of a list that is one of several lists stands for their values, as what Terraform's `concat` makes
    /// does. Else it is a list in a list.
    pub joins_lists: bool,
}

/// A policy that is not read yet.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) value: Value,
    pub(super) attached: Attached,
    pub(super) holes: Arc<[Hole]>,
}

impl Unread {
    pub(super) fn read(&self) -> Reading {
        document(&self.value, &self.attached, &self.holes)
    }
}

/// Reads a value as a policy document.
pub fn document(value: &Value, attached: &Attached, holes: &Arc<[Hole]>) -> Reading {
    let mut kinds = attached.optional.map(|_| HoleKind::Text);
    let mut has_name = false;
    value.each_hole(&mut |hole| {
        let kind = holes.get(hole).map(|h| h.kind);
        let kind = kind.filter(|k| *k != HoleKind::Reference);
        has_name |= kind.is_some_and(HoleKind::is_name);
        kinds = kinds.max(kind);
    });
    let read = |extreme| Draft::new(holes, extreme).read(value, attached);
    let mut worst = read(Extreme::Worst);
    let mut best = kinds.map(|_| read(Extreme::Best));
    for (one, other) in { worst.policies.iter_mut() }.zip(best.iter_mut().flat_map(|b| &b.policies))
    {
        let (one, other) = (&mut one.characters, other.characters);
        one.fewest = one.fewest.min(other.fewest);
        one.most = one.most.max(other.most);
    }
    if let (Some(characters), [policy]) = (
        extent::characters(value, attached, holes),
        worst.policies.as_mut_slice(),
    ) {
        policy.characters = characters;
    }
    // Whether AWS stores the policy does not depend on the reading.
    let as_worst = |mut document: Document| {
        for (policy, worst) in document.policies.iter_mut().zip(&worst.policies) {
            policy.breaks_grammar = worst.breaks_grammar;
            policy.has_refused_arn = worst.has_refused_arn;
            policy.characters = worst.characters;
        }
        document
    };
    Reading {
        best: best.take().map(as_worst),
        texts: has_name.then(|| as_worst(read(Extreme::BestOfTexts))),
        worst,
    }
}

/// Reads a value as the trust policy of a role. A part that exists only for some values of the template's parameters is
/// read as if it were there. An unknown part is left out, and the policy counts as open.
pub fn trust(value: &Value, source: SourceId, holes: &Arc<[Hole]>) -> Document {
    let mut is_open = false;
    let known = Draft::new(holes, Extreme::Worst).known(value, &mut is_open);
    let mut document = Document::default();
    for value in flattened(known.into_iter().collect()) {
        if !matches!(value.node, Node::Map(_)) {
            is_open = true;
            continue;
        }
        let mut draft = Draft::new(holes, Extreme::Worst);
        draft.value(&value);
        let read = parser::parse_trust(source, &draft.written, holes);
        document.trusts.extend(read.trusts);
        document.problems.extend(read.problems);
        document.named.extend(read.named);
    }
    let has_all_principals = Draft::new(holes, Extreme::Worst).has_all_principals(value);
    for trust in &mut document.trusts {
        trust.is_open = is_open;
        trust.has_all_principals = has_all_principals;
    }
    if is_open {
        document.named.push("trust-policy".to_owned());
    }
    document
}

/// A document as JSON, while it is written.
pub(crate) struct Draft<'h> {
    holes: &'h Arc<[Hole]>,
    extreme: Extreme,
    written: Written,
    statements: Vec<Flags>,
    /// Holes in the place of whole statements.
    unknown: Vec<usize>,
    /// As [`Attached::joins_lists`].
    joins_lists: bool,
}

/// A string of a list, or what may be one.
struct Item<'v> {
    value: &'v Value,
    /// The hole that decides whether it is in the list.
    within: Option<usize>,
    /// As [`Flags::branches`].
    branches: Vec<(usize, usize)>,
}

impl<'h> Draft<'h> {
    fn new(holes: &'h Arc<[Hole]>, extreme: Extreme) -> Self {
        Draft {
            holes,
            extreme,
            written: Written::default(),
            statements: Vec::new(),
            unknown: Vec::new(),
            joins_lists: true,
        }
    }

    fn items<'v>(&self, value: &'v Value, within: Option<usize>) -> Vec<Item<'v>> {
        Items::new(self.joins_lists).of_list(value, within)
    }

    /// A value without the parts that are not known. Lists take in the alternatives of a choice.
    fn known(&self, value: &Value, is_open: &mut bool) -> Option<Value> {
        let span = value.span;
        let node = match &value.node {
            Node::Absent => return None,
            Node::Hole(hole) if !self.is_reference(*hole) => {
                *is_open = true;
                return None;
            }
            Node::Choice(_, of) => {
                *is_open = true;
                let all: Vec<Value> = of.iter().filter_map(|v| self.known(v, is_open)).collect();
                match all.as_slice() {
                    [] => return None,
                    [one] => return Some(one.clone()),
                    _ => Node::List(flattened(with_own_sids(all))),
                }
            }
            Node::List(elements) => {
                let of = elements.iter().map(|v| (v, self.known(v, is_open)));
                let mut kept = Vec::new();
                let mut sids = Vec::new();
                for (before, after) in of {
                    match (&before.node, after) {
                        (Node::Choice(..), Some(after)) => {
                            kept.extend(flattened(vec![with_own_sid(after, &mut sids)]));
                        }
                        (_, after) => kept.extend(after),
                    }
                }
                if kept.is_empty() && !elements.is_empty() {
                    return None;
                }
                Node::List(kept)
            }
            Node::Map(members) => {
                let mut kept = Vec::with_capacity(members.len());
                for (key, value) in members {
                    let name = key.text();
                    let is_condition = name.as_deref() == Some("Condition");
                    let is_word =
                        matches!(name.as_deref(), Some("Statement" | "Effect" | "Version"));
                    if is_word
                        && matches!(value.node, Node::Text(_))
                        && self.first_unknown(value).is_some()
                    {
                        *is_open = true;
                        return None;
                    }
                    let known = if is_condition && has_choice(value) {
                        *is_open = true;
                        None
                    } else {
                        self.known(value, is_open)
                    };
                    match known {
                        Some(value) => kept.push((key.clone(), value)),
                        None if value.node == Node::Absent => {}
                        // Without it the statement is another one.
                        None if name.as_deref().is_some_and(|n| PARTS.contains(&n)) => return None,
                        None => {}
                    }
                }
                if kept.is_empty() && !members.is_empty() {
                    return None;
                }
                Node::Map(kept)
            }
            Node::Text(_) => {
                *is_open |= self.first_unknown(value).is_some();
                return Some(value.clone());
            }
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::Hole(_) => {
                return Some(value.clone());
            }
        };
        Some(Value { node, span })
    }

    fn read(mut self, value: &Value, attached: &Attached) -> Document {
        self.joins_lists = attached.joins_lists;
        self.policy(value, attached.optional);
        let unknowns = parser::Unknowns {
            extreme: self.extreme,
            holes: Arc::clone(self.holes),
            statements: self.unknown,
            optional: attached.optional,
        };
        parser::parse_written(
            attached.source,
            &self.written,
            attached.name.clone(),
            attached.attachment,
            &self.statements,
            &unknowns,
        )
    }

    fn policy(&mut self, value: &Value, optional: Option<usize>) {
        match &value.node {
            Node::Map(members) => {
                self.open('{', value.span);
                for (key, value) in members {
                    match key.text().as_deref() {
                        Some("Statement") => {
                            self.key(key);
                            let all = self.items(value, optional);
                            self.list_of_statements(value, all);
                        }
                        Some("Version")
                            if self.first_unknown(value).is_some()
                                && VERSIONS.iter().any(|version| may_be(value, version)) =>
                        {
                            // It decides what the variables of every statement are.
                            self.unknown.extend(self.first_unknown(value));
                            self.key(key);
                            self.value(&Value::bound("2012-10-17", value.span));
                        }
                        _ if value.node == Node::Absent => continue,
                        _ => {
                            self.key(key);
                            self.value(value);
                        }
                    }
                    self.separate();
                }
                self.close('}', value.span);
            }
            Node::Choice(..) | Node::Hole(_) => {
                let all = Items::new(self.joins_lists).of_documents(value, optional);
                let word = |text: &str| Value::bound(text, value.span);
                self.open('{', value.span);
                self.key(&word("Version"));
                self.value(&word("2012-10-17"));
                self.separate();
                self.key(&word("Statement"));
                self.list_of_statements(value, all);
                self.separate();
                self.close('}', value.span);
            }
            _ => self.value(value),
        }
    }

    fn list_of_statements(&mut self, list: &Value, all: Vec<Item<'_>>) {
        // A statement by itself has no brackets: AWS counts them.
        let is_list = !matches!(list.node, Node::Map(_));
        if is_list {
            self.open('[', list.span);
        }
        for item in all {
            match &item.value.node {
                Node::Map(members) => self.statement(members, item),
                Node::Hole(hole) => self.any_statement(item.value, *hole),
                _ => self.value(item.value),
            }
            if is_list {
                self.separate();
            }
        }
        if is_list {
            self.close(']', list.span);
        }
    }

    fn statement(&mut self, members: &[(Value, Value)], item: Item<'_>) {
        let (whole, optional) = (item.value, item.within);
        let effect = { members.iter() }.find(|(k, _)| k.is_text("Effect"));
        let effect = effect.map(|(_, value)| value);
        let effect_hole = effect.and_then(|value| self.first_unknown(value));
        let [allow, deny] = ["Allow", "Deny"].map(|e| effect.is_some_and(|v| may_be(v, e)));
        // Whatever is not known may be either word, also a name.
        let is_deny = deny && (!allow || self.extreme == Extreme::Worst);
        let effect_of = if is_deny { Effect::Deny } else { Effect::Allow };
        let mut holes = Vec::new();
        whole.each_hole(&mut |hole| holes.push(hole));
        holes.extend(optional);
        holes.retain(|hole| !self.is_reference(*hole));
        holes.sort_unstable();
        holes.dedup();
        let mut is_absent = optional.is_some_and(|hole| !self.reaches_most(hole, effect_of));
        self.open('{', whole.span);
        for (key, value) in members {
            if value.node == Node::Absent {
                continue;
            }
            let name = key.text();
            match name.as_deref() {
                // No value makes an Effect of it: it is refused as it is written.
                Some("Effect") if effect_hole.is_some() && (allow || deny) => {
                    self.key(key);
                    let word = if is_deny { "Deny" } else { "Allow" };
                    self.value(&Value::bound(word, value.span));
                }
                Some("Sid") if self.first_unknown(value).is_some() && !is_text(value) => continue,
                Some(name @ ("Action" | "NotAction" | "Resource" | "NotResource")) => {
                    is_absent |= self.element(key, name, value, effect_of);
                }
                Some("Condition") => {
                    let (written, absent) = self.condition(key, value, effect_of);
                    is_absent |= absent;
                    if !written {
                        continue;
                    }
                }
                _ => {
                    self.key(key);
                    self.value(value);
                }
            }
            self.separate();
        }
        self.close('}', whole.span);
        self.statements.push(Flags {
            is_absent,
            may_allow: if is_deny { allow } else { is_absent },
            holes,
            branches: item.branches,
        });
    }

    /// Writes a list of actions or resources. True where the statement then is as good as absent.
    fn element(&mut self, key: &Value, name: &str, value: &Value, effect: Effect) -> bool {
        let negated = name.starts_with("Not");
        let of_actions = name.ends_with("Action");
        let items = self.items(value, None);
        let mut kept: Vec<Value> = Vec::new();
        let mut is_absent = false;
        for Item { value, within, .. } in &items {
            // A list in the place of a string is refused as it is written.
            let is_refused = matches!(value.node, Node::List(_));
            if let Some(hole) = within
                && !is_refused
                && self.reaches_most(*hole, effect) == negated
            {
                continue;
            }
            let unknown = self.unknown_in(value);
            if unknown.is_empty() || !of_actions || is_no_action(value) {
                kept.push((*value).clone());
                continue;
            }
            // No name is an action: what is written in the place of one is not known to be a name.
            let most = if is_lone_hole(value) {
                self.extreme.reaches_most(HoleKind::Text, effect)
            } else {
                unknown.iter().all(|h| self.reaches_most(*h, effect))
            };
            match (most, negated) {
                (true, true) => {}
                (true, false) => kept.push(any_action(value)),
                (false, _) => {
                    is_absent |= negated;
                    kept.push((*value).clone());
                }
            }
        }
        if kept.is_empty() && !items.is_empty() {
            if negated {
                // The excluded part may be nothing.
                let word = if of_actions { "Action" } else { "Resource" };
                self.key(&Value::bound(word, key.span));
                self.value(&Value::bound("*", value.span));
                return is_absent;
            }
            is_absent = true;
            kept.extend(items.iter().map(|item| item.value.clone()));
        }
        self.key(key);
        match kept.as_slice() {
            [one] if !matches!(value.node, Node::List(_)) => self.value(one),
            _ => self.value(&Value {
                node: Node::List(kept),
                span: value.span,
            }),
        }
        is_absent
    }

    /// The holes in a value that decide something.
    fn unknown_in(&self, value: &Value) -> Vec<usize> {
        let mut all = Vec::new();
        value.each_hole(&mut |hole| all.push(hole));
        all.retain(|hole| !self.is_reference(*hole));
        all
    }

    fn first_unknown(&self, value: &Value) -> Option<usize> {
        self.unknown_in(value).first().copied()
    }
}

/// The versions of the policy language.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

fn is_text(value: &Value) -> bool {
    matches!(value.node, Node::Text(_))
}

/// Whether nothing of a value is known.
fn is_lone_hole(value: &Value) -> bool {
    match &value.node {
        Node::Hole(_) => true,
        Node::Text(pieces) => matches!(pieces.as_slice(), [Piece::Hole { .. }]),
        _ => false,
    }
}
