//! The value of a parameter in the setting that is judged.

use super::evaluate::{Template, of_pieces};
use super::parameter::Known;
use super::passed::Passed;
use crate::inventory::{Node as Made, Piece, Value};
use crate::parser::{Hole, HoleKind, Span};

impl Template<'_> {
    /// The value of a parameter.
    pub(super) fn parameter(&mut self, name: &str, span: Span) -> Value {
        let Some(parameter) = self.parameters.get(name) else {
            return Value::absent(span);
        };
        let is_list = parameter.is_list;
        let text = match &parameter.known.clone() {
            Known::Given(text) => {
                self.taken.insert(name.to_owned(), (text.clone(), None));
                Some(text.clone())
            }
            Known::Default(text, _) if text.is_empty() && self.is_unset(name) => None,
            Known::Default(text, at) => {
                let taken = (text.clone(), Some((self.id, *at)));
                self.taken.insert(name.to_owned(), taken);
                Some(text.clone())
            }
            Known::OneOf(_) | Known::Passed(_) if self.left_open.contains(name) => None,
            Known::Passed(passed) => {
                if passed.all.len() > 1 {
                    self.asked.insert(name.to_owned());
                }
                let pieces = self.passed(name, passed, span);
                let text: Option<String> = pieces.iter().map(Piece::text).collect();
                if text.is_none() {
                    return if is_list {
                        self.cut(pieces, ",", span)
                    } else {
                        of_pieces(pieces, span)
                    };
                }
                if text.as_deref() == Some("") && self.is_unset(name) {
                    self.taken.remove(name);
                    None
                } else {
                    text
                }
            }
            Known::OneOf(values) => {
                self.asked.insert(name.to_owned());
                let chosen = self.chosen.get(name).or(values.first());
                chosen.cloned()
            }
            Known::Open => None,
        };
        match text {
            Some(text) if is_list => {
                if !self.work.spend(text.matches(',').count()) {
                    return self.too_large(span, span);
                }
                let elements = text.split(',').map(str::trim);
                let elements = elements.map(|e| Value::bound(e, span)).collect();
                Value {
                    node: Made::List(elements),
                    span,
                }
            }
            Some(text) => Value::bound(text, span),
            None => {
                let kind = if is_list {
                    HoleKind::List
                } else {
                    HoleKind::Text
                };
                let of = self.parameters.get(name);
                let is_stored = of.is_some_and(|p| p.is_stored);
                let option = (!is_stored).then(|| format!("--parameter {name}=VALUE"));
                let at = of.map_or(span, |p| p.span);
                let hole = self.hole(name, kind, at, option);
                if is_list {
                    Value::hole(hole, span)
                } else {
                    of_pieces(vec![Piece::Hole { hole, span }], span)
                }
            }
        }
    }

    /// Whether a parameter whose default is empty has another value where a text uses it. Notes that one does.
    fn is_unset(&mut self, name: &str) -> bool {
        if self.open.iter().any(|mark| mark.starts_with("condition ")) {
            return false;
        }
        self.empty.insert(name.to_owned());
        self.unset.contains(name)
    }

    /// The value of a parameter that a nested stack gives to it, as pieces.
    fn passed(&mut self, name: &str, passed: &Passed, span: Span) -> Vec<Piece> {
        let chosen = self.chosen.get(name).or(passed.all.first());
        let at = passed.all.iter().position(|one| Some(one) == chosen);
        let Some(value) = at.and_then(|at| passed.values.get(at)) else {
            return Vec::new();
        };
        let text: Option<String> = value.pieces.iter().map(Piece::text).collect();
        if let Some(text) = text.filter(|_| passed.all.len() == 1) {
            self.taken.insert(name.to_owned(), (text, Some(value.at)));
        }
        let pieces = value.pieces.iter().map(|piece| match piece {
            Piece::Hole { hole, .. } => Piece::Hole {
                hole: value
                    .holes
                    .get(*hole)
                    .map_or(0, |of| self.hole_of_parent(name, of)),
                span,
            },
            piece => piece.clone().bound_at(span),
        });
        pieces.collect()
    }

    /// A value of the parent that is not known, among those of this template.
    fn hole_of_parent(&mut self, parameter: &str, of: &Hole) -> usize {
        let name = of.name.as_str();
        let is_own = name.starts_with("condition ")
            || name.starts_with("AWS::")
            || self.kind_of(name).is_some()
            || name != parameter && self.parameter_names().any(|own| own == name);
        let mut hole = of.clone();
        if is_own && of.kind != HoleKind::Reference {
            hole.name = format!("{name} of the parent");
        }
        let at = self.holes.add(hole);
        self.from_parents.insert(at);
        at
    }
}
