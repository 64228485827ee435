//! Values of a template that are not known before it is deployed.

use super::keyword::Effect;
use super::source::{SourceId, Span};

/// What a hole stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HoleKind {
    /// The partition, Region or account that the template is deployed to: a placeholder of the reference, which has a value
    /// of its own or none, and decides nothing by itself.
    Reference,
    /// One value without wildcard, colon and slash: the name of a resource that the template makes.
    Word,
    /// One value without wildcard and colon: what identifies a resource.
    Name,
    /// Any text, which may hold `*`: a parameter without a default.
    Text,
    /// An unknown number of values: the strings of a list, statements, a whole document.
    List,
    /// A whole policy that the input names and does not contain.
    Document,
}

impl HoleKind {
    /// Whether it is one name.
    pub(crate) fn is_name(self) -> bool {
        matches!(self, HoleKind::Word | HoleKind::Name)
    }

    /// Whether a value of this kind may have a separator in it. A partition, Region or account is a word; a name has no colon.
    pub(crate) fn may_hold(self, separator: &str) -> bool {
        match self {
            HoleKind::Reference => { separator.chars() }.all(|c| c.is_alphanumeric() || c == '-'),
            HoleKind::Word => !separator.contains([':', ',', ' ', '/']),
            HoleKind::Name => !separator.contains([':', ',', ' ']),
            HoleKind::Text | HoleKind::List | HoleKind::Document => true,
        }
    }
}

/// A value that is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hole {
    /// As the template writes it: `LogBucket`, `var.bucket`.
    pub name: String,
    /// What it stands for.
    pub kind: HoleKind,
    /// The file of its first place.
    pub source: SourceId,
    /// That place.
    pub span: Span,
    /// What gives it a value: `--parameter LogBucket=…`.
    pub option: Option<String>,
}

impl Hole {
    /// How a text shows it: `${LogBucket}`.
    pub fn marker(&self) -> String {
        // The text between the braces must end at the brace, and must not be a policy variable.
        let inert = |c: char| match c {
            '{' => '(',
            '}' => ')',
            '"' | '\\' => '\'',
            c if c.is_control() => ' ',
            c => c,
        };
        let name: String = self.name.chars().map(inert).collect();
        let is_name = !name.is_empty() && !name.chars().all(|c| matches!(c, '*' | '?' | '$'));
        format!("${{{}}}", if is_name { name.as_str() } else { "value" })
    }
}

/// How far the holes of a policy reach. An Allow only ever adds, and a Deny only ever takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extreme {
    /// Holes of an Allow grant as little as they can, those of a Deny take as much as they can.
    Worst,
    /// The other way round.
    Best,
    /// As [`Extreme::Best`], but a hole that stands for one name is one name that nothing else has.
    BestOfTexts,
}

impl Extreme {
    /// Whether a hole of this kind reaches as far as it can in a statement of this effect.
    pub(crate) fn reaches_most(self, kind: HoleKind, effect: Effect) -> bool {
        match self {
            Extreme::Worst => effect == Effect::Deny,
            Extreme::BestOfTexts if kind.is_name() => false,
            Extreme::Best | Extreme::BestOfTexts => effect == Effect::Allow,
        }
    }
}
