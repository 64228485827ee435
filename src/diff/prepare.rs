//! From parsed policies and a reference to [`Prepared`] statements with every placeholder bound.

use super::statement::{Action, Prepared, Resource};
use crate::matcher::ActionPattern;
use crate::matcher::Pieces;
use crate::matcher::template::{self, Leftover, Placeholders};
use crate::parser::{Condition, Effect, Policy, SourceId, Span, Statement, Text};
use crate::reference::RefStatement;
use crate::reference::bindings::{Bindings, Vote};

/// A placeholder left in a customer's policy, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftoverPlace {
    /// The file.
    pub source: SourceId,
    /// Its bytes in the file, delimiters included.
    pub span: Span,
    /// As written.
    pub text: String,
    /// The reference's name for it, or the text between its delimiters.
    pub name: String,
    /// True where `name` is one of the reference's.
    pub known: bool,
    /// `Sid` of its statement.
    pub sid: Option<String>,
}

/// The statements of the customer's policies with their Resource strings in pieces, nothing bound.
pub struct Drafts<'a> {
    statements: Vec<(SourceId, &'a Statement, usize, Vec<Pieces>)>,
    /// Placeholders that templates left behind.
    pub leftovers: Vec<LeftoverPlace>,
}

impl<'a> Drafts<'a> {
    /// Reads the statements of all policies; those without a usable Effect, Action and Resource grant
    /// and deny nothing and are passed over (the parser has reported them).
    pub fn new(policies: &'a [Policy], placeholders: &mut Placeholders) -> Self {
        let mut drafts = Drafts {
            statements: Vec::new(),
            leftovers: Vec::new(),
        };
        for policy in policies {
            for (index, statement) in policy.statements.iter().enumerate() {
                let mut lex = |text: &Text, drafts: &mut Drafts<'_>| {
                    let (pieces, found) =
                        template::customer(&text.value, policy.version, placeholders);
                    drafts.note(found, text, policy.source, statement);
                    pieces
                };
                for text in statement.action.iter().flat_map(|a| &a.values) {
                    if text.value.contains(['$', '<', '{', '%']) {
                        lex(text, &mut drafts);
                    }
                }
                for text in statement.conditions.iter().flat_map(|c| &c.values) {
                    if text.value.contains(['$', '<', '{', '%']) {
                        lex(text, &mut drafts);
                    }
                }
                let resources = statement.resource.iter().flat_map(|r| &r.values);
                let pieces: Vec<Pieces> = resources.map(|t| lex(t, &mut drafts)).collect();
                drafts
                    .statements
                    .push((policy.source, statement, index, pieces));
            }
        }
        drafts
    }

    fn note(&mut self, found: Vec<Leftover>, text: &Text, source: SourceId, statement: &Statement) {
        for leftover in found {
            self.leftovers.push(LeftoverPlace {
                source,
                span: text.part(leftover.range.clone()),
                text: text
                    .value
                    .get(leftover.range)
                    .unwrap_or_default()
                    .to_owned(),
                name: leftover.name,
                known: leftover.known,
                sid: statement.sid.as_ref().map(|s| s.value.clone()),
            });
        }
    }

    /// The Resources of Allow statements, as votes on what the placeholders stand for.
    pub fn votes(&self) -> Vec<Vote<'_>> {
        let mut votes = Vec::new();
        for (source, statement, _, pieces) in &self.statements {
            let Some(resource) = &statement.resource else {
                continue;
            };
            if statement
                .effect
                .as_ref()
                .is_none_or(|e| e.value != Effect::Allow)
                || resource.negated
            {
                continue;
            }
            for (text, pieces) in resource.values.iter().zip(pieces) {
                votes.push(Vote {
                    pieces,
                    source: *source,
                    place: text,
                });
            }
        }
        votes
    }

    /// The statements with every bound placeholder replaced.
    pub fn bind(&self, bindings: &Bindings, placeholders: &Placeholders) -> Vec<Prepared> {
        let mut all = Vec::with_capacity(self.statements.len());
        for (source, statement, index, pieces) in &self.statements {
            let (Some(effect), Some(action), Some(resource)) =
                (&statement.effect, &statement.action, &statement.resource)
            else {
                continue;
            };
            // AWS accepts an empty list, and the statement then has no effect, negated or not.
            if action.values.is_empty() || resource.values.is_empty() {
                continue;
            }
            let mut conditions = normal_form(&statement.conditions);
            if statement.condition_unreadable {
                conditions.push("unreadable".to_owned());
            }
            all.push(Prepared {
                source: *source,
                span: statement.span,
                effect: effect.value,
                sid: statement.sid.as_ref().map(|s| s.value.as_str().into()),
                not_action: action.negated,
                action_key: action.key.span,
                actions: action
                    .values
                    .iter()
                    .map(|t| Action {
                        pattern: ActionPattern::parse(&t.value),
                        text: t.value.as_str().into(),
                        span: t.span,
                    })
                    .collect(),
                not_resource: resource.negated,
                resource_key: resource.key.span,
                resources: resource
                    .values
                    .iter()
                    .zip(pieces)
                    .map(|(t, p)| {
                        Resource::new(bindings.apply(p, placeholders), t.value.clone(), t.span)
                    })
                    .collect(),
                conditions,
                condition_span: statement.condition_span,
                index: *index,
            });
        }
        all
    }
}

/// Conditions in a form in which equal ones are equal texts: keys in lower case, values sorted.
fn normal_form(conditions: &[Condition]) -> Vec<String> {
    let lines = conditions.iter().map(|c| {
        let values = c.values.iter().map(|v| v.value.as_str()).collect();
        normal_line(&c.operator.value, &c.key.value, values)
    });
    sorted(lines.collect())
}

fn normal_line(operator: &str, key: &str, mut values: Vec<&str>) -> String {
    values.sort_unstable();
    values.dedup();
    format!("{operator} {} {values:?}", key.to_ascii_lowercase())
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

/// The Resource strings of a reference in pieces, nothing bound.
pub fn reference_pieces(
    statements: &[RefStatement],
    placeholders: &mut Placeholders,
) -> Vec<Vec<Pieces>> {
    statements
        .iter()
        .map(|s| {
            s.resource
                .values
                .iter()
                .map(|r| template::reference(r, placeholders))
                .collect()
        })
        .collect()
}

/// The statements of a reference with every bound placeholder replaced. Their places are empty.
pub fn bind_reference(
    statements: &[RefStatement],
    pieces: &[Vec<Pieces>],
    bindings: &Bindings,
    placeholders: &Placeholders,
) -> Vec<Prepared> {
    let nowhere = Span::default();
    statements
        .iter()
        .zip(pieces)
        .map(|(statement, pieces)| Prepared {
            source: SourceId(0),
            span: nowhere,
            effect: statement.effect,
            sid: statement.sid.as_deref().map(Into::into),
            not_action: statement.action.negated,
            action_key: nowhere,
            actions: statement
                .action
                .values
                .iter()
                .map(|text| Action {
                    pattern: ActionPattern::parse(text),
                    text: text.as_str().into(),
                    span: nowhere,
                })
                .collect(),
            not_resource: statement.resource.negated,
            resource_key: nowhere,
            resources: pieces
                .iter()
                .map(|p| {
                    let bound = bindings.apply(p, placeholders);
                    let text = template::spell(&bound, placeholders);
                    Resource::new(bound, text, nowhere)
                })
                .collect(),
            conditions: sorted(
                statement
                    .conditions
                    .iter()
                    .map(|c| {
                        let values = c.values.iter().map(String::as_str).collect();
                        normal_line(&c.operator, &c.key, values)
                    })
                    .collect(),
            ),
            condition_span: None,
            index: statement.index,
        })
        .collect()
}
