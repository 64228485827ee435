//! Policies as they are read once for all candidates.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::diff::prepare::Drafts;
use crate::diff::statement::Prepared;
use crate::matcher::condition::KeyValue;
use crate::matcher::template::Placeholders;
use crate::parser::Policy;
use crate::reference::bindings::Bindings;
use crate::reference::cluster_names::{Grants, Hint};

/// What is the same of some policies for every candidate.
pub(in crate::check) struct Read<'p> {
    pub(super) drafts: Drafts<'p>,
    pub(super) placeholders: Placeholders,
    pub(super) grants: OnceCell<Given>,
    /// The statements, if no value of a placeholder changes them, and which policies AWS rejects.
    pub(super) plain: Option<OnceCell<Plain>>,
}

/// For each policy, whether AWS rejects it; and the statements of all.
type Plain = (Vec<bool>, Rc<Vec<Prepared>>);

/// The grants with the given values alone, and those of their resources that may name a cluster.
pub(super) struct Given {
    pub(super) grants: Grants,
    pub(super) hints: Vec<Hint>,
    pub(super) perhaps: Vec<Hint>,
}

impl<'p> Read<'p> {
    pub(in crate::check) fn new(policies: &[&'p Policy]) -> Self {
        let mut placeholders = Placeholders::default();
        let drafts = Drafts::new(policies.iter().copied(), &mut placeholders);
        let is_plain = drafts.is_plain();
        Read {
            drafts,
            placeholders,
            grants: OnceCell::new(),
            plain: is_plain.then(OnceCell::new),
        }
    }

    /// The statements with every bound placeholder replaced.
    pub(super) fn bind(
        &self,
        bindings: &Bindings,
        placeholders: &Placeholders,
        resolve: &dyn Fn(&str) -> Option<KeyValue>,
    ) -> Rc<Vec<Prepared>> {
        let bind = || Rc::new(self.drafts.bind(bindings, placeholders, resolve));
        let Some(plain) = &self.plain else {
            return bind();
        };
        let rejected = self.drafts.rejected(bindings);
        let (of, granted) = plain.get_or_init(|| (rejected.clone(), bind()));
        if *of == rejected {
            Rc::clone(granted)
        } else {
            bind()
        }
    }
}
