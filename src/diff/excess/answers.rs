//! What is asked once for many actions: the ARNs of resource types, and the answers for one statement.

use std::ptr;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::outcome::Outcome;
use crate::catalog::{Action, ArnShape, ResourceType, TypesKey};
use crate::diff::memo;
use crate::diff::scope::{self, Scope, Universe};
use crate::diff::statement::Prepared;
use crate::matcher::condition::Truth;

/// Statements that are kept beside the answers of one statement. Past them each question is asked anew.
const MOST_REMEMBERED: usize = 1 << 16;

/// The ARNs of resource types in one scope.
pub(super) struct Universes<'a> {
    scoped: Rc<scope::Universes>,
    anywhere: Rc<scope::Universes>,
    /// One entry for each type, but for whether a call needs it.
    all: Vec<Known<'a>>,
    /// Indexes of `all`: by service, name, ARN format of the type and what requests carry behind it.
    by_type: FxHashMap<TypeKey<'a>, usize>,
    /// The same by service and name alone, in services without such text.
    by_name: FxHashMap<(&'a str, &'a str), Kinds>,
    /// Actions with the same types share a list.
    by_types: FxHashMap<TypesKey<'a>, Kinds>,
    lists: FxHashSet<Kinds>,
}

/// A resource type with its ARNs in the scope, and its number.
struct Known<'a> {
    service: &'a str,
    kind: ResourceType<'a>,
    universes: Rc<[Universe]>,
    number: memo::Number,
    shape: ArnShape<'a>,
}

type TypeKey<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The resource types of an action, as indexes of [`Universes::all`]. Those that every call needs come first: they make
/// the better example.
pub(super) type Kinds = Rc<[usize]>;

/// The resource types of an action in the order of [`Kinds`].
pub(super) fn sorted_types<'a>(action: &Action<'a>) -> Vec<ResourceType<'a>> {
    let mut types: Vec<_> = action.resource_types().collect();
    types.sort_by_key(|kind| !kind.required);
    types
}

impl<'a> Universes<'a> {
    pub(super) fn new(scope: &Scope) -> Self {
        Universes {
            scoped: scope::Universes::of(scope),
            anywhere: scope::Universes::of(&Scope::default()),
            all: Vec::new(),
            by_type: FxHashMap::default(),
            by_name: FxHashMap::default(),
            by_types: FxHashMap::default(),
            lists: FxHashSet::default(),
        }
    }

    /// The resource types of an action.
    pub(super) fn kinds(&mut self, action: &Action<'a>) -> Kinds {
        let key = action.types_key();
        if let Some(known) = self.by_types.get(&key) {
            return Rc::clone(known);
        }
        let list = self.indexes(action);
        let kinds = match self.lists.get(list.as_slice()) {
            Some(known) => Rc::clone(known),
            None => list.into(),
        };
        self.lists.insert(Rc::clone(&kinds));
        self.by_types.insert(key, Rc::clone(&kinds));
        kinds
    }

    fn indexes(&mut self, action: &Action<'a>) -> Vec<usize> {
        if action.may_have_suffixes() {
            let types = sorted_types(action).into_iter();
            return types
                .map(|kind| self.index(action.service, &kind))
                .collect();
        }
        let names = action.type_names();
        let required = names.clone().filter(|(_, required)| *required);
        let others = names.filter(|(_, required)| !*required);
        let ordered = required.chain(others).map(|(name, _)| name);
        let service = action.service;
        if ordered
            .clone()
            .any(|name| !self.by_name.contains_key(&(service, name)))
        {
            let mut types = action.resource_types().peekable();
            while let Some(first) = types.next() {
                let mut own = vec![self.index(service, &first)];
                while let Some(next) = types.next_if(|kind| kind.name == first.name) {
                    own.push(self.index(service, &next));
                }
                self.by_name.insert((service, first.name), own.into());
            }
        }
        let mut list = Vec::new();
        for name in ordered {
            let own = self.by_name.get(&(service, name));
            list.extend(own.into_iter().flat_map(|own| own.iter()));
        }
        list
    }

    fn index(&mut self, service: &'a str, kind: &ResourceType<'a>) -> usize {
        let (all, scoped) = (&mut self.all, &self.scoped);
        let make = || {
            let number = memo::number(|text| {
                for part in [service, "\n", kind.name, "\n", kind.arn, "\n", kind.suffix] {
                    text.push_str(part);
                }
            });
            all.push(Known {
                service,
                kind: *kind,
                universes: scoped.get(service, kind),
                number,
                shape: kind.shape(),
            });
            all.len() - 1
        };
        let key = (service, kind.name, kind.arn, kind.suffix);
        *self.by_type.entry(key).or_insert_with(make)
    }

    /// The ARNs of one type, and its number.
    pub(super) fn get(&self, kind: usize) -> (Rc<[Universe]>, memo::Number) {
        let known = self.all.get(kind);
        known.map_or_else(
            || ([].into(), 0),
            |known| (Rc::clone(&known.universes), known.number),
        )
    }

    /// The shape of the ARNs of one type.
    pub(super) fn shape(&self, kind: usize) -> Option<ArnShape<'a>> {
        Some(self.all.get(kind)?.shape)
    }

    /// The ARNs of one type in every scope.
    pub(super) fn anywhere(&self, kind: usize) -> Rc<[Universe]> {
        let known = self.all.get(kind);
        known.map_or_else(
            || [].into(),
            |known| self.anywhere.get(known.service, &known.kind),
        )
    }
}

/// The answers for one statement.
#[derive(Default)]
pub(super) struct Answers {
    /// The statements that bear on a question, each list with a number of its own.
    lists: FxHashMap<Box<[Bearing]>, usize>,
    /// How many statements are in them.
    statements: usize,
    /// By the index of a type, the index of its ARNs, and the number of a list.
    by_type: FxHashMap<(usize, usize, usize), Outcome>,
    /// By the types of an action, and the number of a list.
    by_action: FxHashMap<(*const usize, usize), Outcome>,
}

/// A statement that bears on a question, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bearing(*const Prepared, Role);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The reference requires what it allows.
    Requires,
    /// A Deny of the reference.
    Exempts,
    /// The statement applies, for certain or not, and this is known of its Condition.
    Applies(bool, Truth),
}

impl Answers {
    /// Turns to another statement.
    pub(super) fn clear(&mut self) {
        self.lists.clear();
        self.statements = 0;
        self.by_type.clear();
        self.by_action.clear();
    }

    /// The number of a list; `None` for a new one that there is no room for.
    pub(super) fn number(&mut self, list: Vec<Bearing>) -> Option<usize> {
        if let Some(number) = self.lists.get(list.as_slice()) {
            return Some(*number);
        }
        self.statements += 1 + list.len();
        let number = self.lists.len();
        (self.statements <= MOST_REMEMBERED).then(|| {
            self.lists.insert(list.into(), number);
            number
        })
    }

    /// The answer for an action with these types.
    pub(super) fn of_action(
        &self,
        kinds: &Kinds,
        number: Option<usize>,
        example: bool,
    ) -> Option<Outcome> {
        let known = self.by_action.get(&(kinds.as_ptr(), number?));
        known.filter(|o| o.serves(example)).cloned()
    }

    /// Keeps the answer for an action with these types.
    pub(super) fn keep_for_action(&mut self, kinds: &Kinds, number: usize, outcome: &Outcome) {
        let key = (kinds.as_ptr(), number);
        self.by_action.insert(key, outcome.clone());
    }

    /// The answer for these ARNs of a type.
    pub(super) fn of_type(
        &self,
        kind: usize,
        at: usize,
        number: Option<usize>,
        example: bool,
    ) -> Option<Outcome> {
        let known = self.by_type.get(&(kind, at, number?));
        known.filter(|o| o.serves(example)).cloned()
    }

    /// Keeps the answer for these ARNs of a type.
    pub(super) fn keep_for_type(
        &mut self,
        kind: usize,
        at: usize,
        number: usize,
        outcome: &Outcome,
    ) {
        self.by_type.insert((kind, at, number), outcome.clone());
    }
}

impl Bearing {
    pub(super) fn new(statement: &Prepared, role: Role) -> Self {
        Bearing(ptr::from_ref(statement), role)
    }
}
