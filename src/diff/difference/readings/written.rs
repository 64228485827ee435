//! Texts of the strings of statements, from which values of variables are made.

use std::collections::BTreeSet;

use super::lines;
use crate::diff::difference::contexts::field_of;
use crate::diff::statement::Prepared;
use crate::matcher::{Piece, Pieces};
use crate::parser::Span;

/// Whether a string has a `$`, so that a variable in a request could be taken for its text.
pub(super) fn has_dollar(statement: &Prepared) -> bool {
    let resources = statement.resources.iter().map(|r| r.pattern.pieces());
    resources
        .flat_map(|pieces| pieces.iter())
        .any(|(piece, _)| *piece == Piece::Char('$'))
}

/// The literal parts of all strings.
pub(super) fn literals(statements: &[&Prepared]) -> BTreeSet<String> {
    let resources = statements.iter().flat_map(|s| &s.resources);
    let resources = resources.map(|r| r.pattern.pieces());
    let values = lines(statements).flat_map(|l| &l.test.values);
    let mut all = BTreeSet::new();
    for pieces in resources.chain(values) {
        let is_literal =
            |(piece, _): &(Piece, _)| matches!(piece, Piece::Char(c) if !matches!(c, '/' | ':'));
        for part in pieces.split(|piece| !is_literal(piece)) {
            let text = part.iter().filter_map(|(piece, _)| match piece {
                Piece::Char(c) => Some(c.to_ascii_lowercase()),
                _ => None,
            });
            all.insert(text.collect());
        }
    }
    all
}

/// The fields of resources that are values of these keys (folded), and whether one has wildcards beside characters: then
/// other values may matter.
pub(super) fn fields<'k>(
    statements: &[&Prepared],
    keys: impl Iterator<Item = &'k str>,
) -> (BTreeSet<String>, bool) {
    let places: BTreeSet<usize> = keys.filter_map(field_of).collect();
    let resources = statements.iter().flat_map(|s| &s.resources);
    let of_resource = |pieces: &Pieces| -> Vec<Vec<Piece>> {
        let fields: Vec<_> = pieces
            .split(|(piece, _)| *piece == Piece::Char(':'))
            .collect();
        let fields = places.iter().filter_map(|at| fields.get(*at));
        let piece = |(piece, _): &(Piece, Span)| *piece;
        fields
            .map(|field| field.iter().map(piece).collect())
            .collect()
    };
    let mut texts = BTreeSet::new();
    let mut is_part = false;
    for field in resources.flat_map(|r| of_resource(r.pattern.pieces())) {
        let characters = field.iter().filter_map(|piece| match piece {
            Piece::Char(c) => Some(*c),
            _ => None,
        });
        let text: String = characters.collect();
        is_part |= !text.is_empty() && text.chars().count() < field.len();
        texts.extend(Some(text).filter(|text| !text.is_empty()));
    }
    (texts, is_part)
}
