//! Statements made ready for deciding: patterns instead of strings.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::matcher::condition::Test;
use crate::matcher::search::Budget;
use crate::matcher::{
    ActionMatch, ActionPattern, Pattern, Piece, Pieces, Reading, ResourcePattern, Variables, arn,
};
use crate::parser::{Effect, SourceId, Span};

/// Steps of comparing two texts of these lengths without search.
pub fn pairs(one: usize, other: usize) -> u64 {
    (one * other / 64 + 1) as u64
}

/// One string of `Resource` or `NotResource`, with its patterns under every reading, made on demand.
#[derive(Debug)]
pub struct Resource {
    /// The string in pieces, placeholders bound.
    pub pattern: ResourcePattern,
    /// The string, placeholders bound.
    pub text: String,
    /// Its bytes in the file.
    pub span: Span,
    readings: [OnceCell<Vec<Pattern>>; 6],
}

impl Resource {
    /// From pieces; `span` is where the string stands.
    pub fn new(pieces: Pieces, text: String, span: Span) -> Self {
        Resource {
            pattern: ResourcePattern::new(pieces),
            text,
            span,
            readings: Default::default(),
        }
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
            let log_group = self.log_group().and_then(|p| p.pattern(reading, variables));
            whole.into_iter().chain(log_group).collect()
        })
    }

    /// Whether the string matches all that another one matches, however AWS reads both. No where the steps do not suffice.
    pub fn covers_within(&self, narrow: &Resource, budget: &mut Budget) -> bool {
        if !budget.pay(1 + (self.text.len() / 8) as u64) {
            return false;
        }
        if self.text == narrow.text || self.pattern.is_everything() {
            return true;
        }
        // The beginning up to the first wildcard must be the same; most pairs end here.
        let pieces = self.pattern.pieces().iter();
        let literal = pieces.take_while(|(p, _)| matches!(p, Piece::Char(_)));
        let mut starts = literal.zip(narrow.pattern.pieces().iter());
        if starts.any(|((a, _), (b, _))| matches!(b, Piece::Char(_)) && a != b) {
            return false;
        }
        // What a variable or a placeholder stands for is not known.
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

    /// CloudWatch Logs checks a log group under an ARN that ends in `:*`, although the catalogue
    /// gives the bare ARN: `log-group:NAME:*` counts for both.
    fn log_group(&self) -> Option<ResourcePattern> {
        let pieces = self.pattern.pieces();
        if self.pattern.literal_field(2)? != "logs" {
            return None;
        }
        let resource = self.pattern.field(5)?;
        let named = resource
            .iter()
            .zip("log-group:".chars())
            .all(|((p, _), c)| *p == arn::Piece::Char(c));
        let [.., (arn::Piece::Char(':'), _), (arn::Piece::Star, _)] = resource else {
            return None;
        };
        let bare = pieces.get(..pieces.len() - 2)?;
        (named && resource.len() > "log-group:".len() + 2)
            .then(|| ResourcePattern::new(bare.into()))
    }
}

/// One string of `Action` or `NotAction`.
#[derive(Debug)]
pub struct Action {
    /// What it matches.
    pub pattern: ActionPattern,
    /// As written.
    pub text: Arc<str>,
    /// Its bytes in the file.
    pub span: Span,
}

/// A `Condition`; all of its lines must hold.
#[derive(Debug, Default)]
pub struct Conditions {
    /// One for each key of each operator.
    pub lines: Vec<Line>,
    /// True where a part of it could not be read, which may hold or not.
    pub unreadable: bool,
    /// The whole element, where there is one.
    pub span: Option<Span>,
}

impl Conditions {
    /// True for no Condition and for `{}`.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && !self.unreadable
    }
}

/// One line of a Condition: an operator, a key and the values to compare with.
#[derive(Debug)]
pub struct Line {
    /// For judging it.
    pub test: Test,
    /// A form in which equal lines are equal texts.
    pub normal: String,
    /// As written: `StringEquals`.
    pub operator: String,
    /// As written: `iam:PassedToService`.
    pub key: String,
    /// As written.
    pub values: Vec<String>,
}

/// One statement, of the customer's policies or of the reference.
#[derive(Debug)]
pub struct Prepared {
    /// The file it stands in.
    pub source: SourceId,
    /// The whole object.
    pub span: Span,
    /// Allow or Deny.
    pub effect: Effect,
    /// `Sid`.
    pub sid: Option<Arc<str>>,
    /// True for `NotAction`.
    pub not_action: bool,
    /// The key of the action element.
    pub action_key: Span,
    /// Its strings.
    pub actions: Vec<Action>,
    /// True for `NotResource`.
    pub not_resource: bool,
    /// The key of the resource element.
    pub resource_key: Span,
    /// Its strings.
    pub resources: Vec<Resource>,
    /// True where a string is left out because a policy variable in it has no value.
    pub has_void_resource: bool,
    /// Its `Condition`.
    pub conditions: Conditions,
    /// The index of the statement in its policy or reference.
    pub index: usize,
}

/// A statement whose action element matches an action.
#[derive(Clone, Copy, Debug)]
pub struct Applies<'a> {
    /// The statement.
    pub statement: &'a Prepared,
    /// Its layer: 0 for the identity policies, then the permissions boundary and each level of SCPs.
    pub layer: usize,
    /// Whether every reading agrees that it matches.
    pub certain: bool,
    /// The string that matches; `None` for `NotAction`.
    pub action: Option<usize>,
}

impl Applies<'_> {
    /// Where the match stands: the string, or the `NotAction` key.
    pub fn place(&self) -> (SourceId, Span) {
        let action = self.action.and_then(|i| self.statement.actions.get(i));
        (
            self.statement.source,
            action.map_or(self.statement.action_key, |a| a.span),
        )
    }
}

impl Prepared {
    /// Whether, and through which string, the statement matches an action (in lower case).
    pub fn applies(&self, service: &str, name: &str) -> Option<Applies<'_>> {
        let mut best = ActionMatch::No;
        let mut by = None;
        for (i, action) in self.actions.iter().enumerate() {
            let here = action.pattern.matches(service, name);
            if here > best {
                best = here;
                by = Some(i);
                if here == ActionMatch::Yes {
                    break;
                }
            }
        }
        if self.not_action {
            (best != ActionMatch::Yes).then_some(Applies {
                statement: self,
                layer: 0,
                certain: best == ActionMatch::No,
                action: None,
            })
        } else {
            (best != ActionMatch::No).then_some(Applies {
                statement: self,
                layer: 0,
                certain: best == ActionMatch::Yes,
                action: by,
            })
        }
    }
}
