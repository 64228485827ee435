//! The requests that can exist: the resource types of an action, narrowed to the partition, Region and
//! account at hand.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::ResourceType;
use crate::matcher::arn::{self, Field};
use crate::matcher::{Class, Pattern};
use crate::reference;

/// The known location of the cluster; `None` for "any".
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// e.g. `aws`.
    pub partition: Option<String>,
    /// e.g. `us-east-1`.
    pub region: Option<String>,
    /// e.g. `123456789012`.
    pub account: Option<String>,
}

/// The ARNs that can exist on one kind of resource.
#[derive(Clone, Debug)]
pub struct Universe {
    /// All of them.
    pub all: Rc<Pattern>,
    /// Resources of the type, anywhere, without `:` in their names.
    pub plain: Rc<Plain>,
    /// Whether they carry the account of the scope.
    pub own_account: bool,
}

/// The ARNs of a type in whose names no `:` occurs, made on demand: few questions ask for them.
#[derive(Debug)]
pub struct Plain {
    format: Box<str>,
    pattern: OnceCell<Pattern>,
}

impl Plain {
    /// Resources of an ARN format of the catalogue.
    pub fn of(format: &str) -> Self {
        Plain {
            format: format.into(),
            pattern: OnceCell::new(),
        }
    }

    /// As a pattern.
    pub fn pattern(&self) -> &Pattern {
        self.pattern.get_or_init(|| plain_format(&self.format))
    }
}

impl From<Pattern> for Plain {
    fn from(pattern: Pattern) -> Self {
        Plain {
            format: Box::default(),
            pattern: pattern.into(),
        }
    }
}

impl Universe {
    /// All ARNs, for an action that the catalogue does not have.
    pub fn unknown() -> Self {
        Universe {
            all: Rc::new(Pattern::glob("arn:*:*:*:*:*")),
            plain: Rc::new(Pattern::everything().into()),
            own_account: false,
        }
    }

    /// A universe of this type from the pattern of its ARNs.
    pub fn of(kind: &ResourceType<'_>) -> impl Fn(Pattern) -> Self {
        let plain = Rc::new(Plain::of(&kind.requested()));
        move |all| Universe {
            all: Rc::new(all),
            plain: Rc::clone(&plain),
            own_account: false,
        }
    }
}

/// The characters of the names in an ARN format, by what is between `${` and `}`.
fn name_classes(format: &str) -> impl Fn(&str) -> Class {
    let service = format.split(':').nth(2).unwrap_or_default();
    move |name| {
        let characters = reference::name_characters(service, name);
        characters.and_then(Class::of).unwrap_or(Class::ANY)
    }
}

/// The ARNs of a type, anywhere, in whose names no `:` occurs.
pub fn plain_format(format: &str) -> Pattern {
    arn::plain_format(format, &name_classes(format))
}

/// The ARNs of resource types in one scope, each type made once.
#[derive(Debug, Default)]
pub struct Universes {
    scope: Scope,
    made: RefCell<Made>,
}

#[derive(Debug, Default)]
struct Made {
    by_type: FxHashMap<Box<str>, Rc<[Universe]>>,
    /// Reused, to save an allocation.
    key: String,
}

/// The scopes of the last comparisons are kept: the roles of one input are mostly of one account.
const MOST_SCOPES: usize = 8;

thread_local! {
    static LAST: RefCell<Vec<Rc<Universes>>> = const { RefCell::new(Vec::new()) };
}

impl Universes {
    /// Those of a scope, shared by all comparisons of a thread.
    pub fn of(scope: &Scope) -> Rc<Universes> {
        LAST.with_borrow_mut(|last| {
            if let Some(known) = last.iter().find(|u| u.scope == *scope) {
                return Rc::clone(known);
            }
            if last.len() >= MOST_SCOPES {
                last.remove(0);
            }
            let new = Rc::new(Universes {
                scope: scope.clone(),
                made: RefCell::default(),
            });
            last.push(Rc::clone(&new));
            new
        })
    }

    /// The ARNs of a resource type in the scope: those that carry its account first.
    pub fn get(&self, service: &str, kind: &ResourceType<'_>) -> Rc<[Universe]> {
        let made = &mut *self.made.borrow_mut();
        made.key.clear();
        for part in [service, "\n", kind.name, "\n", kind.arn, "\n", kind.suffix] {
            made.key.push_str(part);
        }
        if let Some(known) = made.by_type.get(made.key.as_str()) {
            return Rc::clone(known);
        }
        let universes = self.scope.universes(service, kind).into_iter();
        let mut universes: Vec<_> = universes.map(Universe::of(kind)).collect();
        if let Some(own) = universes.first_mut() {
            own.own_account = self.scope.puts_account(kind);
        }
        let universes: Rc<[Universe]> = universes.into();
        let key = made.key.as_str().into();
        made.by_type.insert(key, Rc::clone(&universes));
        universes
    }
}

fn field(value: Option<&String>) -> Field<'_> {
    value.map_or(Field::Any, |v| Field::Is(v))
}

impl Scope {
    /// The ARNs of a resource type in this scope: several patterns where the type also has resources
    /// outside the account (`arn:aws:iam::aws:policy/…`).
    pub fn universes(&self, service: &str, kind: &ResourceType<'_>) -> Vec<Pattern> {
        let (partition, region) = (field(self.partition.as_ref()), field(self.region.as_ref()));
        let requested = kind.requested();
        let names = &name_classes(&requested);
        let format = |account| arn::format(&requested, partition, region, account, names);
        let own = format(field(self.account.as_ref()));
        let mut all = vec![own];
        if kind.arn.contains("${Account}") {
            all.extend(
                reference::account_alternatives(service, kind.name)
                    .iter()
                    .map(|account| format(Field::Is(account))),
            );
        }
        all
    }

    /// Whether the ARNs of a type that the scope narrows carry its account.
    pub fn puts_account(&self, kind: &ResourceType<'_>) -> bool {
        self.account.is_some() && kind.arn.split(':').nth(4) == Some("${Account}")
    }

    /// Whether the scope narrows anything.
    pub fn is_narrow(&self) -> bool {
        *self != Scope::default()
    }

    /// The same scope, in every account.
    #[must_use]
    pub fn in_every_account(&self) -> Self {
        Scope {
            account: None,
            ..self.clone()
        }
    }

    /// The same scope, in every Region.
    #[must_use]
    pub fn in_every_region(&self) -> Self {
        Scope {
            region: None,
            ..self.clone()
        }
    }
}
