//! The needs of a role beside the statements of its reference. Not every candidate is asked for them.

use super::{Narrowed, Trial};
use crate::diff::prepare::{self, ReferencePieces};
use crate::diff::statement::Prepared;
use crate::matcher::template::Placeholders;
use crate::reference::bindings::Bindings;
use crate::reference::{self, RefStatement, Reference};

/// The texts that [`Beside`] is made of.
pub(super) struct Parts<'a> {
    /// The reference before it was narrowed to the names of one cluster, where it was.
    pub(super) written: Option<(Vec<RefStatement>, Vec<ReferencePieces>)>,
    /// The pieces of each gap.
    pub(super) gaps: Vec<(Vec<ReferencePieces>, Narrowed)>,
    pub(super) generated: Vec<RefStatement>,
    pub(super) others: Vec<RefStatement>,
    pub(super) kept: &'a [RefStatement],
    pub(super) managed: Vec<RefStatement>,
    /// Each AWS managed policy, and where its statements end.
    pub(super) managed_ends: Vec<(String, usize)>,
    /// The values that are known before names of the cluster are taken from what the policies grant.
    pub(super) bindings: Bindings,
}

/// Statements that a role needs beside those of its reference, ready for deciding.
pub(in crate::check) struct Beside {
    /// The statements of each gap.
    pub(in crate::check) gaps: Vec<Vec<Prepared>>,
    /// The generated policy for the configuration.
    pub(in crate::check) generated: Vec<Prepared>,
    /// The contents of the AWS managed policies that the role must have.
    pub(in crate::check) managed: Vec<Prepared>,
    /// What the configuration says to keep.
    pub(in crate::check) kept: Vec<Prepared>,
    /// The requirements before they were narrowed to the names of one cluster, and those of other roles of the cluster
    /// that share the IAM role: no excess.
    pub(in crate::check) wide: Vec<Vec<Prepared>>,
}

impl Parts<'_> {
    /// The statements of the AWS managed policies that a reference names, and where those of each end.
    pub(super) fn managed(reference: &Reference) -> (Vec<RefStatement>, Vec<(String, usize)>) {
        let mut managed: Vec<RefStatement> = Vec::new();
        let mut ends = Vec::with_capacity(reference.managed_policies.len());
        for arn in &reference.managed_policies {
            managed.extend(reference::managed_statements_of(arn));
            ends.push((arn.clone(), managed.len()));
        }
        (managed, ends)
    }

    /// Numbers the placeholders of all statements that are not yet in pieces.
    pub(super) fn number(&self, placeholders: &mut Placeholders) {
        for list in [&self.generated, &self.others, self.kept, &self.managed] {
            prepare::number_placeholders(list, &self.bindings, placeholders);
        }
    }

    /// The same for those of the gaps that are narrowed.
    pub(super) fn number_gaps(&self, placeholders: &mut Placeholders) {
        let narrowed = self.gaps.iter().filter_map(|(_, n)| n.statements.as_ref());
        for statements in narrowed {
            prepare::number_placeholders(statements, &self.bindings, placeholders);
        }
    }

    /// The statements ready for deciding.
    pub(super) fn ready(&self, trial: &Trial<'_>) -> Beside {
        let bindings = &self.bindings;
        // All of their names have numbers.
        let mut placeholders = trial.placeholders.clone();
        let bind = |statements: &[RefStatement], pieces: &[ReferencePieces]| {
            prepare::bind_reference(statements, pieces, bindings, &trial.placeholders)
        };
        let mut of = |statements: &[RefStatement]| {
            bind(
                statements,
                &prepare::reference_pieces(statements, bindings, &mut placeholders),
            )
        };
        let mut wide = Vec::new();
        if !self.others.is_empty() {
            wide.push(of(&self.others));
        }
        wide.extend(
            self.written
                .iter()
                .map(|(statements, pieces)| bind(statements, pieces)),
        );
        let mut gaps = Vec::with_capacity(self.gaps.len());
        for (gap, (pieces, narrowed)) in trial.reference.gaps.iter().zip(&self.gaps) {
            let written = bind(&gap.statements, pieces);
            gaps.push(match &narrowed.statements {
                Some(statements) => {
                    wide.push(written);
                    of(statements)
                }
                None => written,
            });
        }
        Beside {
            gaps,
            generated: of(&self.generated),
            managed: of(&self.managed),
            kept: of(self.kept),
            wide,
        }
    }
}
