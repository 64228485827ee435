//! Requests that show an excess, as they are found.

use super::outcome::Example;
use crate::catalog;
use crate::finding::Witness;
use crate::reference::Rank;

/// The most dangerous requests of one list of actions.
#[derive(Default)]
pub(super) struct Examples {
    /// The most dangerous one.
    first: Option<(Option<Rank>, Witness, Option<usize>)>,
    /// The most dangerous one of each danger, the worst first.
    of_dangers: Vec<(Rank, Witness)>,
}

/// A request, the index of the resource string that grants it, and a request for each danger.
pub(super) type Shown = (Witness, Option<usize>, Vec<(Rank, Witness)>);

impl Examples {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether a request of an action so dangerous would be a better example than those that there are.
    pub(super) fn wants(&self, rank: Option<Rank>) -> bool {
        match rank {
            None => self.is_empty(),
            Some(rank) => { self.of_dangers.iter() }
                .find(|(known, _)| known.danger == rank.danger)
                .is_none_or(|(known, _)| rank < *known),
        }
    }

    /// Takes a request of an action so dangerous, if it is [wanted](Self::wants).
    pub(super) fn add(
        &mut self,
        rank: Option<Rank>,
        action: &catalog::Action<'_>,
        example: &Example,
    ) {
        if !self.wants(rank) {
            return;
        }
        let witness = Witness {
            action: action.spelled(),
            resource: example.resource.clone(),
        };
        if let Some(rank) = rank {
            self.of_dangers
                .retain(|(known, _)| known.danger != rank.danger);
            self.of_dangers.push((rank, witness.clone()));
            self.of_dangers.sort_by_key(|(known, _)| *known);
        }
        let is_worse = |first: &(Option<Rank>, Witness, Option<usize>)| {
            rank.is_some() && first.0.is_none_or(|known| rank < Some(known))
        };
        if self.first.as_ref().is_none_or(is_worse) {
            self.first = Some((rank, witness, example.by));
        }
    }

    /// The most dangerous one with the index of the resource string that grants it, and one for each danger.
    pub(super) fn all(self) -> Option<Shown> {
        let (_, witness, by) = self.first?;
        Some((witness, by, self.of_dangers))
    }
}
