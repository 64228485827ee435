//! The strings of a statement, read once.

use crate::matcher::template::{self, Placeholders};
use crate::matcher::{Piece, Pieces};
use crate::parser::{SourceId, Statement};
use crate::reference::bindings::Bindings;
use crate::reference::{self};

/// One statement with its strings in pieces.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    pub(super) source: SourceId,
    /// Index into [`Drafts::policies`].
    pub(super) policy: usize,
    pub(super) statement: &'a Statement,
    pub(super) index: usize,
    /// Whether its resources say what placeholders stand for.
    pub(super) allows: bool,
    pub(super) resources: Vec<Lexed>,
    /// The values of each line of its Condition.
    pub(super) conditions: Vec<Vec<Lexed>>,
}

/// One string of a statement in pieces, no placeholder replaced.
#[derive(Clone)]
pub(super) struct Lexed {
    pub(super) pieces: Pieces,
    /// If it begins with a placeholder for a whole ARN: its name, and the string with what is known of
    /// the ARN while it has no value.
    pub(super) arn: Option<(String, Pieces)>,
    /// True where the string is read as if it were not in its list, for what is not known in it.
    pub(super) is_absent: bool,
    /// True where placeholders occur in it.
    pub(super) has_placeholders: bool,
    /// True where neither placeholders nor policy variables do.
    pub(super) is_plain: bool,
    /// True where each piece is one byte of the string as it is written.
    pub(super) is_as_written: bool,
}

impl Lexed {
    pub(super) fn new(pieces: Pieces, placeholders: &mut Placeholders) -> Self {
        let first = match pieces.first() {
            Some((Piece::Placeholder(n), span)) => Some((placeholders.name(*n).to_owned(), *span)),
            _ => None,
        };
        let arn = first.and_then(|(name, span)| {
            let arn = template::reference(reference::whole_arn(&name)?, placeholders);
            let arn = arn.iter().map(|(piece, _)| (*piece, span));
            let rest = pieces.iter().skip(1).copied();
            Some((name, arn.chain(rest).collect()))
        });
        let mut has_placeholders = false;
        let mut has_variables = false;
        for (piece, _) in pieces.iter() {
            has_placeholders |= matches!(piece, Piece::Placeholder(_));
            has_variables |= matches!(piece, Piece::Variable { .. });
        }
        Lexed {
            has_placeholders,
            is_plain: !has_placeholders && !has_variables,
            is_as_written: false,
            pieces,
            arn,
            is_absent: false,
        }
    }

    /// The string for each combination of the values of placeholders that have several, the others left open.
    pub(super) fn each(&self, bindings: &Bindings, placeholders: &Placeholders) -> Vec<Pieces> {
        if !self.has_placeholders {
            return vec![self.pieces.clone()];
        }
        let mut all = match &self.arn {
            Some((name, open)) => match bindings.get(name) {
                None => vec![open.clone()],
                Some(values) => {
                    let with = |value: &str| {
                        // A name that was inferred rather than given as an ARN.
                        let pieces = if value.starts_with("arn:") {
                            &self.pieces
                        } else {
                            open
                        };
                        let named = |n| (placeholders.name(n) == name).then_some(value);
                        template::bind(pieces, named)
                    };
                    reference::values(values).map(with).collect()
                }
            },
            None => vec![self.pieces.clone()],
        };
        for (number, values) in self.several(bindings, placeholders) {
            let with = |pieces: &Pieces| -> Vec<Pieces> {
                let one = |v| template::bind(pieces, |n| (n == number).then_some(v));
                reference::values(values).map(one).collect()
            };
            all = all.iter().flat_map(with).collect();
        }
        all
    }

    /// The placeholders that have several values, but for the one that stands for the whole ARN.
    pub(super) fn several<'b>(
        &self,
        bindings: &'b Bindings,
        placeholders: &Placeholders,
    ) -> Vec<(u32, &'b str)> {
        let mut numbers: Vec<u32> = Vec::new();
        for (piece, _) in self.pieces.iter() {
            if let Piece::Placeholder(n) = piece
                && !numbers.contains(n)
            {
                numbers.push(*n);
            }
        }
        let arn = self.arn.as_ref().map(|(name, _)| name.as_str());
        let bound = numbers.into_iter().filter_map(|number| {
            let name = placeholders.name(number);
            let values = bindings.get(name).filter(|_| arn != Some(name))?;
            values.contains(',').then_some((number, values))
        });
        bound.collect()
    }

    /// How many strings [`Lexed::each`] gives.
    pub(super) fn count(&self, bindings: &Bindings, placeholders: &Placeholders) -> usize {
        if !self.has_placeholders {
            return 1;
        }
        let arn = self.arn.as_ref().and_then(|(name, _)| bindings.get(name));
        let several = self.several(bindings, placeholders).into_iter();
        let values = arn.into_iter().chain(several.map(|(_, values)| values));
        values.fold(1, |product: usize, v| {
            product.saturating_mul(reference::values(v).count())
        })
    }
}
