//! What is allowed beyond the requirements, for one action.

use std::rc::Rc;

/// Whether something is granted and not required.
#[derive(Clone)]
pub(in crate::diff) enum Outcome {
    Nothing,
    /// With an example where one was asked for.
    Something(Option<Rc<Example>>),
    Undecided,
}

impl Outcome {
    /// Whether it answers a question that asks for an example, or for none.
    pub(super) fn serves(&self, example: bool) -> bool {
        !example || !matches!(self, Outcome::Something(None))
    }
}

/// A resource that is granted and not required.
#[derive(Debug)]
pub(in crate::diff) struct Example {
    pub(super) resource: String,
    /// The index of the resource string that grants it.
    pub(super) by: Option<usize>,
}
