//! The resource types of actions, and the strings of `Resource` that may match their ARNs.

use std::cell::OnceCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::{Action, ArnShape, ResourceType, Service, TypesKey};
use crate::diff::scope::{Universe, Universes};
use crate::diff::statement::Resource;
use crate::matcher::{Piece, Reading, Variables};

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
    /// Of the types of a service, by the service.
    shapes: FxHashMap<&'a str, Rc<[ArnShape<'a>]>>,
}

impl<'f, 'a> Kinds<'f, 'a> {
    pub(super) fn new(formats: &'f Universes) -> Self {
        Kinds {
            formats,
            all: Vec::new(),
            indexes: FxHashMap::default(),
            lists: FxHashMap::default(),
            shapes: FxHashMap::default(),
        }
    }

    /// The shapes of the ARNs of a service.
    pub(super) fn shapes(&mut self, service: Service<'a>) -> Rc<[ArnShape<'a>]> {
        let known = self.shapes.entry(service.prefix());
        Rc::clone(known.or_insert_with(|| service.arn_shapes().into()))
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
    shape: ArnShape<'a>,
    all: OnceCell<Rc<[Universe]>>,
}

impl<'f, 'a> Kind<'f, 'a> {
    pub(super) fn new(formats: &'f Universes, service: &'a str, kind: ResourceType<'a>) -> Self {
        Kind {
            formats,
            service,
            shape: kind.shape(),
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
        let [by_field, across] = resource.may_be_of(self.shape);
        by_field && (meets(Reading::Strict) || listed.has_placeholder && meets(Reading::Loose))
            // As in the verdicts, a contested reading counts for names without `:` alone.
            || across && meets_plain()
    }
}

/// A string of `Resource`, with what a look at its fields shows.
pub(super) struct Listed<'s> {
    pub(super) resource: &'s Resource,
    /// Whether it may stand for `*`, or is reported for not being an ARN.
    pub(super) may_be_everything: bool,
    has_placeholder: bool,
}

impl<'s> Listed<'s> {
    pub(super) fn new(resource: &'s Resource) -> Self {
        let pattern = &resource.pattern;
        let pieces = || pattern.pieces().iter().map(|(piece, _)| piece);
        Listed {
            resource,
            may_be_everything: may_be_everything(resource),
            has_placeholder: pieces().any(|piece| matches!(piece, Piece::Placeholder(_))),
        }
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
