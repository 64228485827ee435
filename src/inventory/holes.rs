//! The table of unknown values of a file.

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::parser::{Hole, HoleKind, SourceId, Span};

/// The holes of a file, each name once. A [`super::Value`] names them by index.
#[derive(Default, Debug)]
pub struct Holes {
    all: Vec<Hole>,
    by_name: FxHashMap<String, usize>,
    /// The table as the policies keep it, until there is another hole: they are as many as the holes of a large module.
    shared: OnceCell<Arc<[Hole]>>,
}

impl Holes {
    /// The index of a hole. The same name is the same hole: it keeps its first place, and the kind that may be more.
    pub fn add(&mut self, hole: Hole) -> usize {
        if let Some(known) = self.by_name.get(&hole.name) {
            if let Some(old) = self.all.get_mut(*known)
                && old.kind < hole.kind
            {
                old.kind = hole.kind;
                self.shared.take();
            }
            return *known;
        }
        self.shared.take();
        let at = self.all.len();
        self.by_name.insert(hole.name.clone(), at);
        self.all.push(hole);
        at
    }

    /// The same from its parts.
    pub fn make(
        &mut self,
        name: impl Into<String>,
        kind: HoleKind,
        (source, span): (SourceId, Span),
        option: Option<String>,
    ) -> usize {
        self.add(Hole {
            name: name.into(),
            kind,
            source,
            span,
            option,
        })
    }

    /// Lets what gives a value to one hole be offered for another, which depends on it.
    pub fn share_option(&mut self, from: usize, to: usize) {
        let option = self.all.get(from).and_then(|hole| hole.option.clone());
        if let Some(hole) = self.all.get_mut(to).filter(|hole| hole.option.is_none()) {
            hole.option = option;
            self.shared.take();
        }
    }

    /// A hole of the table.
    pub fn get(&self, index: usize) -> Option<&Hole> {
        self.all.get(index)
    }

    /// The table as the policies keep it.
    pub fn shared(&self) -> Arc<[Hole]> {
        Arc::clone(self.shared.get_or_init(|| self.all.as_slice().into()))
    }
}
