//! The resource types of actions, and the strings of `Resource` that may match their ARNs.

use std::cell::OnceCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::{self, Action, ResourceType, Service, TypesKey};
use crate::diff::scope::{Universe, Universes};
use crate::diff::statement::Resource;
use crate::matcher::{Piece, Reading, Variables};

/// The service that ARNs of a resource type name, `None` where they may name any, and how many colons they have.
pub(super) type Look<'a> = (Option<&'a str>, usize);

/// Service, name, ARN format of a resource type and what requests carry behind it.
type KindKey<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The resource types that were asked for, each once.
pub(super) struct Kinds<'f, 'a> {
    /// The ARNs of resource types in every Region and account.
    pub(super) formats: &'f Universes,
    pub(super) all: Vec<Kind<'f, 'a>>,
    indexes: FxHashMap<KindKey<'a>, usize>,
    /// By what actions with the same types have in common.
    lists: FxHashMap<TypesKey<'a>, Rc<[usize]>>,
    /// By service.
    looks: FxHashMap<&'a str, Rc<[Look<'a>]>>,
}

impl<'f, 'a> Kinds<'f, 'a> {
    pub(super) fn new(formats: &'f Universes) -> Self {
        Kinds {
            formats,
            all: Vec::new(),
            indexes: FxHashMap::default(),
            lists: FxHashMap::default(),
            looks: FxHashMap::default(),
        }
    }

    /// The resource types of a service, as far as a look needs them.
    pub(super) fn looks(&mut self, service: Service<'a>) -> Rc<[Look<'a>]> {
        let find = || {
            // Text behind an ARN depends on the action.
            let has_text = catalog::checked_types(service.prefix()).next().is_some();
            let colons =
                |kind: &ResourceType<'_>| if has_text { usize::MAX } else { kind.colons() };
            let types = service.resource_types();
            let mut looks: Vec<_> = types.map(|kind| (kind.service(), colons(&kind))).collect();
            looks.sort_unstable();
            looks.dedup();
            looks.into()
        };
        Rc::clone(self.looks.entry(service.prefix()).or_insert_with(find))
    }

    /// The resource types of an action, as indexes.
    pub(super) fn of(&mut self, action: Action<'a>) -> Rc<[usize]> {
        let Kinds {
            formats,
            all,
            indexes,
            lists,
            ..
        } = self;
        let index = |kind: ResourceType<'a>| {
            let key = (action.service, kind.name, kind.arn, kind.suffix);
            *indexes.entry(key).or_insert_with(|| {
                all.push(Kind::new(formats, action.service, kind));
                all.len() - 1
            })
        };
        let find = || action.resource_types().map(index).collect();
        Rc::clone(lists.entry(action.types_key()).or_insert_with(find))
    }
}

/// A resource type of an action.
pub(super) struct Kind<'f, 'a> {
    formats: &'f Universes,
    /// The service of the action.
    service: &'a str,
    resource_type: ResourceType<'a>,
    /// The service in the ARNs of the type.
    named: Option<&'a str>,
    /// The number of colons in the ARN format of the type.
    colons: usize,
    all: OnceCell<Rc<[Universe]>>,
}

impl<'f, 'a> Kind<'f, 'a> {
    pub(super) fn new(formats: &'f Universes, service: &'a str, kind: ResourceType<'a>) -> Self {
        Kind {
            formats,
            service,
            named: kind.service(),
            colons: kind.colons(),
            resource_type: kind,
            all: OnceCell::new(),
        }
    }

    fn all(&self) -> &[Universe] {
        self.all
            .get_or_init(|| self.formats.get(self.service, &self.resource_type))
    }

    /// Whether a string of `Resource` may match an ARN of the type under any reading.
    pub(super) fn meets(&self, listed: &Listed<'_>) -> bool {
        let Listed { resource, .. } = listed;
        let meets = |reading| {
            let mut patterns = resource.patterns(reading, Variables::Any).iter();
            patterns.any(|p| self.all().iter().any(|f| p.overlaps(&f.all)))
        };
        let meets_plain = || {
            let mut patterns = resource.patterns(Reading::Wide, Variables::Any).iter();
            let plain = self.all().first().map(|f| f.plain.pattern());
            plain.is_none_or(|plain| patterns.any(|p| p.overlaps(plain)))
        };
        let [by_field, across] = listed.may_be_of((self.named, self.colons));
        by_field && (meets(Reading::Strict) || listed.has_placeholder && meets(Reading::Loose))
            // As in the verdicts, a contested reading counts for names without `:` alone.
            || across && meets_plain()
    }
}

/// A string of `Resource`, with what a look at its fields shows.
pub(super) struct Listed<'s> {
    resource: &'s Resource,
    /// Whether it may stand for `*`, or is reported for not being an ARN.
    pub(super) may_be_everything: bool,
    has_placeholder: bool,
    is_contested: bool,
    colons: usize,
}

impl<'s> Listed<'s> {
    pub(super) fn new(resource: &'s Resource) -> Self {
        let pattern = &resource.pattern;
        let pieces = || pattern.pieces().iter().map(|(piece, _)| piece);
        let is_colon = |piece: &&Piece| **piece == Piece::Char(':');
        Listed {
            resource,
            may_be_everything: may_be_everything(resource),
            has_placeholder: pieces().any(|piece| matches!(piece, Piece::Placeholder(_))),
            is_contested: pattern.is_contested(),
            colons: pieces().filter(is_colon).count(),
        }
    }

    /// Whether the string may match an ARN that names this service and has so many colons, field by field, and with
    /// wildcards across the fields. False is certain, true is not.
    pub(super) fn may_be_of(&self, (named, colons): Look<'_>) -> [bool; 2] {
        let by_field = named.is_none_or(|named| self.resource.may_name(named));
        // No name in the plain ARNs of a type has a colon, so with all of them in the string its fields are theirs.
        let across = by_field
            || self.colons < colons && named.is_some_and(|named| self.resource.may_reach(named));
        [
            by_field,
            self.is_contested && self.colons <= colons && across,
        ]
    }
}

/// Whether a string of `Resource` may stand for `*`, or is reported for not being an ARN.
fn may_be_everything(resource: &Resource) -> bool {
    let pieces = resource.pattern.pieces();
    match pieces.first() {
        Some((Piece::Placeholder(_) | Piece::Variable { .. } | Piece::Star, _)) => {
            let wild = |p: &Piece| !matches!(p, Piece::Char(_) | Piece::Question);
            resource.pattern.field_count() == 1 && pieces.iter().all(|(p, _)| wild(p))
        }
        _ => resource.pattern.literal_field(0).as_deref() != Some("arn"),
    }
}
