//! Shared by the lints on Conditions: each line of them, with what is known of its operator and its key.

use super::{Context, Lint};
use crate::catalog::{ConditionKeyType, KnownKey};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::condition::{Comparison, KeyValue, Operator, Test, Truth, fold_key};
use crate::matcher::template::{self, Placeholders};
use crate::matcher::{Piece, Pieces};
use crate::parser::{Condition, Effect, SourceId, Span, Statement, Text, Version, shorten};
use crate::vocabulary;

/// One key of one operator.
pub(super) struct Line<'c> {
    pub(super) source: SourceId,
    pub(super) version: Version,
    pub(super) statement: &'c Statement,
    pub(super) condition: &'c Condition,
    pub(super) operator: Operator,
    pub(super) known: KnownKey,
}

/// Every line with a known operator; the parser reports the others.
pub(super) fn lines<'c>(context: &'c Context<'_>) -> impl Iterator<Item = Line<'c>> {
    // Skip policies that are too large to be judged.
    let policies = context.policies().filter(|_| context.oversize.is_none());
    let statements = policies.flat_map(|policy| policy.statements.iter().map(move |s| (policy, s)));
    let conditions = statements
        .filter(|(_, s)| !s.conditions.is_empty())
        .flat_map(|(policy, s)| s.conditions.iter().map(move |c| (policy, s, c)));
    conditions.filter_map(|(policy, statement, condition)| {
        Some(Line {
            source: policy.source,
            version: policy.version,
            statement,
            condition,
            operator: condition.operator.value.parse().ok()?,
            known: context.catalog.condition_key(&condition.key.value),
        })
    })
}

impl Line<'_> {
    /// The key as it is written, short enough for a message.
    pub(super) fn key(&self) -> String {
        shorten(&self.condition.key.value)
    }

    /// The key in the form in which equal keys are equal texts.
    pub(super) fn folded(&self) -> String {
        fold_key(&self.condition.key.value)
    }

    /// The operator as it is written.
    pub(super) fn operator(&self) -> String {
        shorten(&self.condition.operator.value)
    }

    /// The type of the key's values, where it is known.
    pub(super) fn kind(&self) -> Option<ConditionKeyType> {
        match self.known {
            KnownKey::Type(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether its statement has this Effect.
    pub(super) fn is(&self, effect: Effect) -> bool {
        self.statement
            .effect
            .as_ref()
            .is_some_and(|e| e.value == effect)
    }

    /// Values without variables and placeholders, as they are compared where no wildcard counts.
    pub(super) fn literals(&self) -> impl Iterator<Item = (&Text, &str)> {
        let values = self.condition.values.iter();
        values
            .map(|text| (text, text.value.as_str()))
            .filter(|(_, value)| !value.contains(['$', '<', '{']))
            .filter(|(_, value)| vocabulary::placeholders(value).next().is_none())
    }

    /// A value in pieces.
    pub(super) fn pieces(&self, value: &Text, names: &mut Placeholders) -> Pieces {
        template::customer(&value.value, self.version, names).0
    }

    /// Whether the line holds if the key is absent, and if the key is there with an unknown value.
    pub(super) fn truths(&self) -> (Truth, Truth) {
        let test = self.test(&mut Placeholders::default());
        (
            test.evaluate(&KeyValue::Absent),
            test.evaluate(&KeyValue::Present),
        )
    }

    /// For judging it; lines that are judged together share the names of their placeholders.
    pub(super) fn test(&self, names: &mut Placeholders) -> Test {
        let values = self.condition.values.iter();
        let values = values.map(|v| self.pieces(v, names));
        Test::new(Some(self.operator), String::new(), values.collect())
    }

    /// A finding about the line, whose subject names operator and key.
    pub(super) fn finding(
        &self,
        lint: &'static Lint,
        severity: Severity,
        span: Span,
        message: String,
        help: impl Into<String>,
    ) -> Finding {
        let mut finding = lint.finding(severity, message, Label::at(self.source, span));
        finding.help = Some(help.into());
        finding.subject = Some(format!("{} {}", self.operator(), self.key()));
        finding
    }
}

/// Whether `*` and `?` of a value are wildcards to an operator.
pub(super) fn takes_wildcards(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Like | Comparison::Arn)
}

/// Whether a value holds a wildcard that is not escaped.
pub(super) fn has_wildcard(pieces: &Pieces) -> bool {
    let wild = |(p, _): &(Piece, Span)| matches!(p, Piece::Star | Piece::Question);
    pieces.iter().any(wild)
}
