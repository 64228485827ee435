//! One string of `Resource` or `NotResource`, made ready for deciding.

use std::cell::OnceCell;

use crate::catalog::{self, ArnShape, Checked};
use crate::matcher::search::Budget;
use crate::matcher::{Pattern, Piece, Pieces, Reading, ResourcePattern, Variables, arn};
use crate::parser::Span;

/// Steps of comparing two texts of these lengths without search.
pub fn pairs(one: usize, other: usize) -> u64 {
    (one * other / 64 + 1) as u64
}

/// One string of `Resource` or `NotResource`, with its patterns under every reading, made on demand.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The string in pieces, with placeholders replaced.
    pub pattern: ResourcePattern,
    /// The string, with placeholders replaced.
    pub text: String,
    /// The bytes of the string in the file.
    pub span: Span,
    /// Which string of the list it is. In a template several may have one place.
    pub nth: usize,
    readings: [OnceCell<Vec<Pattern>>; 6],
    service: OnceCell<NamedService>,
    colons: OnceCell<usize>,
}

/// The service that a string names.
#[derive(Clone, Debug)]
struct NamedService {
    /// As the string is read field by field; `None` where it may be any.
    name: Option<String>,
    /// Whether nothing before it and in it has a wildcard.
    is_literal: bool,
}

impl Resource {
    /// From pieces; `span` is where the string stands.
    pub fn new(pieces: Pieces, text: String, span: Span) -> Self {
        Resource {
            pattern: ResourcePattern::new(pieces),
            text,
            span,
            nth: 0,
            readings: Default::default(),
            service: OnceCell::new(),
            colons: OnceCell::new(),
        }
    }

    fn named_service(&self) -> &NamedService {
        self.service.get_or_init(|| NamedService {
            name: self.pattern.service(),
            is_literal: (0..3).all(|field| self.pattern.literal_field(field).is_some()),
        })
    }

    /// Whether the string, read field by field, may match the ARN of a resource of a service. False is certain, true is
    /// not.
    pub fn may_name(&self, service: &str) -> bool {
        let named = &self.named_service().name;
        named.as_deref().is_none_or(|named| named == service)
    }

    /// The same where wildcards may reach across the fields.
    pub fn may_reach(&self, service: &str) -> bool {
        !self.named_service().is_literal || self.may_name(service)
    }

    /// Whether the string may match an ARN of a shape, field by field, and with wildcards across the fields. False is
    /// certain, true is not.
    pub(crate) fn may_be_of(&self, shape: ArnShape<'_>) -> [bool; 2] {
        let by_field = shape.service.is_none_or(|service| self.may_name(service));
        let is_colon = |(piece, _): &&(Piece, Span)| *piece == Piece::Char(':');
        let pieces = || self.pattern.pieces().iter();
        let own = *self
            .colons
            .get_or_init(|| pieces().filter(is_colon).count());
        // No name in the plain ARNs of a type has a colon, so with all of them in the string its fields are theirs.
        let may_reach = || shape.service.is_some_and(|service| self.may_reach(service));
        let across = by_field || own < shape.colons && may_reach();
        let is_contested = || self.pattern.is_contested();
        [by_field, across && own <= shape.colons && is_contested()]
    }

    /// The patterns of the string under a reading; several where AWS itself reads it in several ways.
    pub fn patterns(&self, reading: Reading, variables: Variables) -> &[Pattern] {
        let slot = match (reading, variables) {
            (Reading::Strict, Variables::Unset) => &self.readings[0],
            (Reading::Strict, Variables::Any) => &self.readings[1],
            (Reading::Loose, Variables::Unset) => &self.readings[2],
            (Reading::Loose, Variables::Any) => &self.readings[3],
            (Reading::Wide, Variables::Unset) => &self.readings[4],
            (Reading::Wide, Variables::Any) => &self.readings[5],
        };
        slot.get_or_init(|| {
            let whole = self.pattern.pattern(reading, variables);
            let checked = self
                .as_checked()
                .and_then(|p| p.pattern(reading, variables));
            whole.into_iter().chain(checked).collect()
        })
    }

    /// Whether the string matches all that another one matches, however AWS reads both. No where the steps do not
    /// suffice.
    pub fn covers_within(&self, narrow: &Resource, budget: &mut Budget) -> bool {
        if !budget.pay(1 + (self.text.len() / 8) as u64) {
            return false;
        }
        let alike = |a: &[(Piece, Span)], b: &[(Piece, Span)]| {
            a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b)
        };
        if alike(self.pattern.pieces(), narrow.pattern.pieces()) || self.pattern.is_everything() {
            return true;
        }
        // The beginning up to the first wildcard must be the same; most pairs end here.
        let pieces = self.pattern.pieces().iter();
        let literal = pieces.take_while(|(p, _)| matches!(p, Piece::Char(_)));
        let mut starts = literal.zip(narrow.pattern.pieces().iter());
        if starts.any(|((a, _), (b, _))| matches!(b, Piece::Char(_)) && a != b) {
            return false;
        }
        // The value of a variable or a placeholder is unknown.
        let open =
            |(p, _): &(Piece, _)| matches!(p, Piece::Variable { .. } | Piece::Placeholder(_));
        if self.pattern.pieces().iter().any(open) {
            return false;
        }
        if !budget.pay(6 * pairs(self.text.len(), narrow.text.len())) {
            return false;
        }
        [Reading::Strict, Reading::Loose, Reading::Wide]
            .into_iter()
            .all(|reading| {
                let wide = self.patterns(reading, Variables::Any);
                let narrow: &[Pattern] = narrow.patterns(reading, Variables::Any);
                let mut covers = |n: &Pattern| {
                    let mut wide = wide.iter().filter(|w| !w.is_apart_from(n));
                    wide.any(|w| w.covers_within(n, budget))
                };
                !narrow.is_empty() && narrow.iter().all(&mut covers)
            })
    }

    /// The type of the ARN that the string names, if requests have text after the ARN of that type.
    fn checked_type(&self) -> Option<&'static Checked> {
        let service = self.pattern.literal_field(2)?;
        let mut types = catalog::checked_types(&service);
        types.find(|kind| {
            let resource = self.pattern.field(5).unwrap_or_default().iter();
            let mut literal = resource.map_while(|(p, _)| match p {
                Piece::Char(c) => Some(*c),
                _ => None,
            });
            { kind.kind.chars().chain([':']) }.all(|c| literal.next().is_none_or(|l| l == c))
        })
    }

    /// The string with what requests carry behind it: a string that names the resource counts for these as well.
    fn as_checked(&self) -> Option<ResourcePattern> {
        let pieces = self.pattern.pieces();
        let (last, span) = *pieces.last()?;
        let suffix = self.checked_type()?.suffix;
        let suffix = suffix.chars().map(|c| (Piece::Char(c), span));
        (last != Piece::Star && self.pattern.field_count() == 6)
            .then(|| ResourcePattern::new(pieces.iter().copied().chain(suffix).collect()))
    }

    /// For a string such as `log-group:NAME:*`, which matches what requests carry behind the ARN of the resource but
    /// not that ARN: the part that names the resource, and the type.
    pub fn named(&self) -> Option<(Resource, &'static Checked)> {
        let kind = self.checked_type()?;
        let pieces = self.pattern.pieces();
        let resource = self.pattern.field(5)?.len();
        let from = pieces.len() - resource + kind.kind.len() + 1;
        let at = (from + 1..pieces.len()).find(|at| {
            let rest = pieces.get(*at..).unwrap_or_default();
            matches!(rest.first(), Some((Piece::Char(_), _)))
                && arn::resource_part(rest).matches_text(kind.suffix)
        })?;
        let bytes = pieces
            .get(at)
            .map_or(self.text.len(), |(_, s)| s.start as usize);
        let text = self.text.get(..bytes).unwrap_or(&self.text).to_owned();
        Some((
            Resource::new(pieces.get(..at)?.into(), text, self.span),
            kind,
        ))
    }
}
