//! A row with what the lints need beside it.

use std::rc::Rc;

use crate::diff::judgement::{Judgement, TypeOutcome};
use crate::diff::{Places, Row};
use crate::matcher::condition::KeyValue;
use crate::parser::{SourceId, Span};
use crate::reference::Standing;

/// A row and what the lints need beside it.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The row as reported.
    pub row: Row,
    /// True when the reference declares the action with a wildcard or by `NotAction`.
    pub from_wildcard: bool,
    /// The position of the statement in the list that was judged.
    pub position: usize,
    /// How much a gap in it matters.
    pub standing: Standing,
    /// The statements whose Condition is not resolved for the request that shows the verdict.
    pub unresolved: Places,
    /// The statement that the verdict depends on, if a more generous reading of what AWS's pages leave
    /// open would cover the requirement.
    pub contested: Option<(SourceId, Span)>,
    pub(super) judged: Rc<Judgement>,
}

impl Requirement {
    /// The layers, as indexes, that certainly do not allow the request that shows the verdict.
    pub fn refused_by(&self) -> &[usize] {
        &self.judged.refused_by
    }

    /// The condition keys of that request, if the requirement leaves several cases open.
    pub fn stated(&self) -> &[(String, KeyValue)] {
        &self.judged.stated
    }

    /// The resource types it touches.
    pub fn types(&self) -> &[TypeOutcome] {
        &self.judged.types
    }

    /// Resource types that are granted in this account only, though resources of other accounts may be shared with it.
    pub fn foreign(&self) -> &[String] {
        &self.judged.foreign
    }

    /// Takes the judgement of a row that asks for a part of this one, and for nothing else that is used.
    pub fn narrow_to(&mut self, part: &Requirement) {
        let (row, of_part) = (&mut self.row, part.row.clone());
        row.resources = of_part.resources;
        row.verdict = of_part.verdict;
        row.witness = of_part.witness;
        row.allowed_by = of_part.allowed_by;
        row.denied_by = of_part.denied_by;
        row.depends = of_part.depends;
        self.unresolved.clone_from(&part.unresolved);
        self.contested = part.contested;
        self.judged = Rc::clone(&part.judged);
    }

    /// True when every gap lies in types that a call may do without.
    pub fn gap_is_optional(&self) -> bool {
        let mut gaps = self.types().iter().filter(|t| t.gap).peekable();
        gaps.peek().is_some() && gaps.all(|t| !t.needed)
    }
}
