//! ARNs in conditions: a value that is read as an ARN, field by field.

use super::{Truth, texts};
use crate::matcher::arn::{Pieces, Reading, ResourcePattern, Variables};
use crate::matcher::pattern::Pattern;

/// A value for the ARN operators.
#[derive(Clone, Debug)]
pub(super) struct Arn {
    /// A lower bound: matches only ARNs that AWS surely matches; `None` where that is not known.
    strict: Option<Pattern>,
    /// An upper bound: matches every ARN that AWS may match.
    widest: Option<Pattern>,
}

/// ARNs are compared field by field.
impl Arn {
    pub(super) fn new(wanted: &Pieces) -> Self {
        let of = ResourcePattern::new(Pieces::clone(wanted));
        let matches = |reading| of.pattern(reading, Variables::Any);
        Arn {
            strict: matches(Reading::Strict).filter(|_| !of.has_variable()),
            // The wildcards of a whole ARN stay in their fields.
            widest: match of.field_count() {
                _ if of.is_everything() => Some(Pattern::everything()),
                6 => matches(Reading::Loose),
                _ => matches(Reading::Wide),
            },
        }
    }

    pub(super) fn compare(&self, value: &Pattern) -> Truth {
        if self.strict.as_ref().is_some_and(|p| p.covers(value)) {
            return Truth::True;
        }
        match &self.widest {
            // Matches of the widest reading only, and partial matches, are unknown.
            Some(widest) if texts(value, widest) != Truth::False => Truth::Unknown,
            _ => Truth::False,
        }
    }
}
