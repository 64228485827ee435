//! ARNs in conditions: a value that is read as an ARN, field by field.

use super::{Truth, text_of, texts};
use crate::matcher::arn::{Pieces, Reading, ResourcePattern, Variables};
use crate::matcher::pattern::Pattern;

/// A value for the ARN operators.
#[derive(Clone, Debug)]
pub(super) struct Arn {
    pub(super) of: ResourcePattern,
    /// A lower bound: matches only ARNs that AWS surely matches; `None` where that is not known.
    pub(super) strict: Option<Pattern>,
    pub(super) loose: Option<Pattern>,
    /// An upper bound: matches every ARN that AWS may match.
    pub(super) widest: Option<Pattern>,
}

/// ARNs are compared field by field.
impl Arn {
    pub(super) fn new(wanted: &Pieces) -> Self {
        let of = ResourcePattern::new(Pieces::clone(wanted));
        let matches = |reading| of.pattern(reading, Variables::Any);
        Arn {
            strict: matches(Reading::Strict).filter(|_| !of.has_variable()),
            loose: matches(Reading::Loose),
            // The wildcards of a whole ARN stay in their fields.
            widest: match of.field_count() {
                _ if of.is_everything() => Some(Pattern::everything()),
                6 => matches(Reading::Loose),
                _ => matches(Reading::Wide),
            },
            of,
        }
    }

    pub(super) fn compare(&self, value: &Pattern) -> Truth {
        if self.strict.as_ref().is_some_and(|p| p.covers(value)) {
            return Truth::True;
        }
        match &self.widest {
            Some(widest) if texts(value, widest) != Truth::False => {
                // Matches of the widest reading only, and partial matches, are unknown.
                let loose = self.loose.as_ref();
                if text_of(value).is_some()
                    && loose.is_some_and(|p| texts(value, p) == Truth::False)
                    && !self.of.is_contested()
                {
                    Truth::False
                } else {
                    Truth::Unknown
                }
            }
            _ => Truth::False,
        }
    }
}
