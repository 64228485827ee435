//! From parsed policies and a reference to [`Prepared`] statements, with placeholders replaced.

mod condition_line;
mod lexed;
mod requirement;

pub use requirement::{ReferencePieces, bind_reference, number_placeholders, reference_pieces};

use std::cell::OnceCell;

use rustc_hash::FxHashSet;

use super::partly_known;
use super::statement::{Action, Conditions, Prepared, Resource};
use crate::matcher::condition::KeyValue;
use crate::matcher::template::{self, Leftover, Placeholders};
use crate::matcher::{ActionPattern, Piece, Pieces};
use crate::parser::{self, Attachment, Effect, Policy, SourceId, Span, Statement, Text, Version};
use crate::reference::bindings::{Bindings, Used, Vote};
use crate::reference::cluster_names::{ByAction, Grant, Grants, Written};
use crate::rejection::is_of_other_partition;
use crate::vocabulary::may_have_placeholders;
pub(super) use condition_line::normal_value;
use condition_line::{is_arn_operator, line, reads_variables, value_of};
use lexed::{Draft, Lexed};

/// A placeholder that is left in a policy, and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftoverPlace {
    /// The file.
    pub source: SourceId,
    /// The bytes of the placeholder in the file, delimiters included.
    pub span: Span,
    /// As written.
    pub text: String,
    /// The reference's name for it, or the text between its delimiters.
    pub name: String,
    /// True where `name` is one of the reference's.
    pub known: bool,
    /// True where nothing replaces it any more.
    pub is_final: bool,
    /// `Sid` of its statement.
    pub sid: Option<String>,
}

/// The statements of the policies that are checked, with their Resource strings in pieces and no placeholder replaced.
#[derive(Default)]
pub struct Drafts<'a> {
    policies: Vec<&'a Policy>,
    statements: Vec<Draft<'a>>,
    /// The statements that allow something for some unknown values, and are read as if they did not.
    pub perhaps: Option<Box<Drafts<'a>>>,
    /// Placeholders that templates left behind.
    pub leftovers: Vec<LeftoverPlace>,
}

impl<'a> Drafts<'a> {
    /// Reads the statements of all policies; those without a usable Effect, Action and Resource grant
    /// and deny nothing and are passed over (the parser has reported them).
    pub fn new(
        policies: impl IntoIterator<Item = &'a Policy>,
        placeholders: &mut Placeholders,
    ) -> Self {
        let mut drafts = Drafts::default();
        for policy in policies {
            drafts.policies.push(policy);
            for (index, statement) in policy.statements.iter().enumerate() {
                if statement.is_absent && !statement.may_allow {
                    continue;
                }
                let noted = drafts.leftovers.len();
                let mut lex =
                    |text: &Text, of: Option<&str>, version: Version, drafts: &mut Drafts<'_>| {
                        if let (Some(_), Some(unknowns)) = (&text.holes, &policy.unknowns) {
                            let (pieces, found) =
                                partly_known::lex(text, unknowns, statement, version, placeholders);
                            drafts.note(found, text, policy.source, statement);
                            return match pieces {
                                Some(pieces) => Lexed::new(pieces, placeholders),
                                None => Lexed {
                                    is_absent: true,
                                    ..Lexed::new(Pieces::default(), placeholders)
                                },
                            };
                        }
                        let (pieces, found) = match of {
                            of if policy.unknowns.is_some() => {
                                template::of_template(&text.value, version, of, placeholders)
                            }
                            Some(of) => {
                                template::customer_value(&text.value, version, of, placeholders)
                            }
                            None => template::customer(&text.value, version, placeholders),
                        };
                        drafts.note(found, text, policy.source, statement);
                        Lexed {
                            // No piece stands for less than one byte.
                            is_as_written: pieces.len() == text.value.len(),
                            ..Lexed::new(pieces, placeholders)
                        }
                    };
                for text in statement.action.iter().flat_map(|a| &a.values) {
                    if may_have_placeholders(&text.value) {
                        lex(text, None, policy.version, &mut drafts);
                    }
                }
                let conditions = statement.conditions.iter();
                let conditions = conditions
                    .map(|c| {
                        // Variables in places where AWS reads none are literal text, as under the older version.
                        let version = if reads_variables(&c.operator.value) {
                            policy.version
                        } else {
                            Version::V2008
                        };
                        let of = value_of(&c.key.value);
                        let values = c.values.iter();
                        values.map(|t| lex(t, of, version, &mut drafts)).collect()
                    })
                    .collect();
                let resources = statement.resource.iter().flat_map(|r| &r.values);
                let resources = resources
                    .map(|t| lex(t, None, policy.version, &mut drafts))
                    .collect();
                let effect = statement.effect.as_ref().map(|e| e.value);
                let draft = Draft {
                    source: policy.source,
                    policy: drafts.policies.len() - 1,
                    statement,
                    index,
                    allows: effect == Some(Effect::Allow),
                    resources,
                    conditions,
                };
                if statement.may_allow {
                    let perhaps = drafts.perhaps.get_or_insert_default();
                    perhaps.statements.push(Draft {
                        allows: true,
                        ..draft.clone()
                    });
                }
                if statement.is_absent {
                    drafts.leftovers.truncate(noted);
                } else {
                    drafts.statements.push(draft);
                }
            }
        }
        drafts
    }

    fn note(&mut self, found: Vec<Leftover>, text: &Text, source: SourceId, statement: &Statement) {
        for leftover in found {
            self.leftovers.push(LeftoverPlace {
                source,
                span: text.part(leftover.range.clone()),
                text: { text.value.get(leftover.range) }
                    .unwrap_or_default()
                    .to_owned(),
                name: leftover.name,
                known: leftover.known,
                is_final: leftover.is_final,
                sid: statement.sid.as_ref().map(|s| parser::name(&s.value)),
            });
        }
    }

    /// Whether no string has a placeholder or a policy variable: no value changes a statement.
    pub fn is_plain(&self) -> bool {
        let perhaps = self.perhaps.iter().flat_map(|drafts| &drafts.statements);
        self.statements.iter().chain(perhaps).all(|draft| {
            let conditions = draft.conditions.iter().flatten();
            { draft.resources.iter() }
                .chain(conditions)
                .all(|l| l.is_plain)
        })
    }

    /// The Resources of Allow statements, as votes on what the placeholders stand for.
    pub fn votes(&self) -> Vec<Vote<'_>> {
        let mut votes = Vec::new();
        for Draft {
            source,
            statement,
            resources: pieces,
            ..
        } in self.statements.iter().filter(|draft| draft.allows)
        {
            let resource = statement.resource.as_ref();
            let Some(resource) = resource.filter(|r| !r.negated) else {
                continue;
            };
            let all = resource.values.iter().zip(pieces);
            for (text, lexed) in all.filter(|(_, l)| !l.is_absent) {
                votes.push(Vote {
                    pieces: &lexed.pieces,
                    source: *source,
                    place: text,
                });
            }
        }
        votes
    }

    /// The placeholders in the strings of all statements, each with its place, and whether a template gives it a value:
    /// that of others stays as it is written.
    pub fn used(&self) -> Vec<Used> {
        let left = self.leftovers.iter();
        let left: FxHashSet<(SourceId, Span)> = left.map(|l| (l.source, l.span)).collect();
        let mut used = Vec::new();
        for draft in &self.statements {
            let resources = draft.statement.resource.iter().flat_map(|r| &r.values);
            let lines = draft.statement.conditions.iter().zip(&draft.conditions);
            let conditions = lines.flat_map(|(line, lexed)| line.values.iter().zip(lexed));
            for (text, lexed) in resources.zip(&draft.resources).chain(conditions) {
                let pieces = lexed.pieces.iter().filter(|_| lexed.has_placeholders);
                used.extend(pieces.filter_map(|(piece, span)| {
                    let Piece::Placeholder(number) = piece else {
                        return None;
                    };
                    let place = text.part(span.start as usize..span.end as usize);
                    Some(Used {
                        number: *number,
                        source: draft.source,
                        span: place,
                        is_replaced: !left.contains(&(draft.source, place)),
                    })
                }));
            }
        }
        used
    }

    /// The Allow statements, with every bound placeholder replaced in their strings.
    pub fn grants(&self, bindings: &Bindings, placeholders: &Placeholders) -> Grants {
        let perhaps = self.perhaps.as_deref();
        let perhaps = perhaps.map(|drafts| drafts.certain_grants(bindings, placeholders));
        Grants {
            certain: ByAction::new(self.certain_grants(bindings, placeholders)),
            perhaps: ByAction::new(perhaps.unwrap_or_default()),
        }
    }

    fn certain_grants(&self, bindings: &Bindings, placeholders: &Placeholders) -> Vec<Grant> {
        let mut grants = Vec::new();
        for draft in self.statements.iter().filter(|draft| draft.allows) {
            let statement = draft.statement;
            let (Some(action), Some(resource)) = (&statement.action, &statement.resource) else {
                continue;
            };
            let written = |(text, lexed): (&Text, &Lexed)| {
                let texts = if lexed.is_as_written {
                    vec![text.value.clone()]
                } else {
                    let bound = lexed.each(bindings, placeholders).into_iter();
                    let texts = bound.map(|pieces| {
                        let bound = bindings.apply(&pieces, placeholders);
                        template::spell(&bound, placeholders)
                    });
                    texts.collect()
                };
                let (source, span) = (draft.source, text.span);
                texts
                    .into_iter()
                    .map(move |text| Written { text, source, span })
            };
            let resources = resource.values.iter().zip(&draft.resources);
            let resources = resources.filter(|(_, l)| !l.is_absent);
            grants.push(Grant {
                actions: { action.values.iter() }
                    .map(|a| a.value.to_ascii_lowercase())
                    .collect(),
                not_action: action.negated,
                resources: (!resource.negated).then(|| resources.flat_map(written).collect()),
            });
        }
        grants
    }

    /// For each policy, whether AWS rejects it.
    pub fn rejected(&self, bindings: &Bindings) -> Vec<bool> {
        let partition = bindings.known_partition();
        let has_other = |policy: &Policy| {
            let resources = policy.statements.iter().flat_map(|s| &s.resource);
            let mut texts = resources.flat_map(|r| &r.values);
            partition.is_some_and(|own| texts.any(|t| is_of_other_partition(&t.value, own)))
        };
        let is_rejected = |policy: &&Policy| {
            policy.is_rejected() || policy.attachment != Attachment::Scp && has_other(policy)
        };
        self.policies.iter().map(is_rejected).collect()
    }

    /// The statement with which the strings become more than `most`, a string for each combination of the values of its
    /// placeholders.
    pub fn beyond(
        &self,
        most: usize,
        bindings: &Bindings,
        placeholders: &Placeholders,
    ) -> Option<(SourceId, Span)> {
        let mut strings: usize = 0;
        let found = self.statements.iter().find(|draft| {
            let conditions = draft.conditions.iter().flatten();
            for lexed in draft.resources.iter().chain(conditions) {
                strings = strings.saturating_add(lexed.count(bindings, placeholders));
            }
            strings > most
        });
        found.map(|draft| (draft.source, draft.statement.span))
    }

    /// The statements with every bound placeholder replaced.
    ///
    /// `resolve` says what is known of a policy variable in every request.
    pub fn bind(
        &self,
        bindings: &Bindings,
        placeholders: &Placeholders,
        resolve: &dyn Fn(&str) -> Option<KeyValue>,
    ) -> Vec<Prepared> {
        let mut all = Vec::with_capacity(self.statements.len());
        let value = |number: u32| {
            let (key, default) = template::variable_parts(placeholders.name(number));
            match resolve(key)? {
                KeyValue::Absent => default.map(str::to_owned),
                value => value.text(),
            }
        };
        let bind = |lexed: &Lexed| -> Vec<Pieces> {
            let each = lexed.each(bindings, placeholders);
            let bound = each.iter();
            bound
                .map(|pieces| bindings.apply(pieces, placeholders))
                .collect()
        };
        // AWS reads variables behind the fifth colon alone. What stands before it keeps its place, without a value.
        let in_resource = |pieces: Pieces| -> Pieces {
            let from = behind_fields(&pieces);
            let (fields, rest) = pieces.split_at_checked(from).unwrap_or((&pieces, &[]));
            let rest = template::resolve(&rest.into(), value);
            fields.iter().chain(rest.iter()).copied().collect()
        };
        // A variable without a value: the string matches nothing.
        let has_no_value = |lexed: &Lexed| {
            !lexed.is_plain
                && lexed.pieces.iter().any(|(piece, _)| match piece {
                    Piece::Variable { name, .. } => {
                        let (key, default) = template::variable_parts(placeholders.name(*name));
                        default.is_none() && resolve(key) == Some(KeyValue::Absent)
                    }
                    _ => false,
                })
        };
        // A string with a variable before the fifth colon, where it is text, names no resource.
        let is_void =
            |lexed: &Lexed| has_no_value(lexed) || has_text_for_field(lexed, placeholders);
        let may_be_void = |lexed: &Lexed| {
            lexed.pieces.iter().any(|(piece, _)| match piece {
                Piece::Variable { name, .. } => {
                    let (key, default) = template::variable_parts(placeholders.name(*name));
                    default.is_none() && resolve(key).and_then(|value| value.text()).is_none()
                }
                _ => false,
            })
        };
        let has_early = |lexed: &Lexed| {
            let fields = lexed.pieces.iter().take(behind_fields(&lexed.pieces));
            { fields }.any(|(piece, _)| matches!(piece, Piece::Variable { .. }))
        };
        let rejected = self.rejected(bindings);
        for Draft {
            source,
            policy,
            statement,
            index,
            resources: lexed,
            conditions,
            ..
        } in &self.statements
        {
            let (Some(effect), Some(action), Some(resource)) =
                (&statement.effect, &statement.action, &statement.resource)
            else {
                continue;
            };
            // The intended content of an empty list, which AWS rejects, is unknown.
            if action.values.is_empty() || resource.values.is_empty() {
                continue;
            }
            let conditions = Conditions::new(
                statement
                    .conditions
                    .iter()
                    .zip(conditions)
                    .map(|(c, lexed)| {
                        let values = c.values.iter().map(|v| v.value.clone()).collect();
                        let known = lexed.iter().filter(|l| !has_no_value(l));
                        let bound = known.flat_map(&bind);
                        let of_arns = is_arn_operator(&c.operator.value);
                        let bound = bound.map(|p| {
                            if of_arns {
                                in_resource(p)
                            } else {
                                template::resolve(&p, value)
                            }
                        });
                        let has_void = lexed.iter().any(has_no_value);
                        let bound = bound.collect();
                        line(&c.operator.value, &c.key.value, values, bound, has_void)
                    })
                    .collect(),
                statement.condition_unreadable,
                statement.condition_span,
            );
            all.push(Prepared {
                position: all.len(),
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
                        pattern: match t.holes {
                            None => ActionPattern::parse(&t.value),
                            Some(_) => ActionPattern::Nothing,
                        },
                        text: t.value.as_str().into(),
                        span: t.span,
                    })
                    .collect(),
                not_resource: resource.negated,
                resource_key: resource.key.span,
                resources: resource
                    .values
                    .iter()
                    .zip(lexed)
                    .enumerate()
                    .filter(|(_, (_, l))| !l.is_absent)
                    // In `NotResource` AWS leaves open what such a string excludes.
                    .filter(|(_, (_, l))| resource.negated || !is_void(l))
                    .flat_map(|(nth, (t, l))| {
                        let bound = if l.is_plain {
                            vec![l.pieces.clone()]
                        } else {
                            bind(l).into_iter().map(in_resource).collect()
                        };
                        bound.into_iter().map(move |p| (nth, t, p))
                    })
                    .map(|(nth, t, p)| {
                        let mut of = Resource::new(p, t.value.clone(), t.span);
                        of.nth = nth;
                        of
                    })
                    .collect(),
                has_void_resource: !resource.negated && lexed.iter().any(is_void),
                is_rejected: rejected.get(*policy).copied().unwrap_or_default(),
                may_be_void: resource.negated
                    && lexed.iter().any(|l| may_be_void(l) || has_early(l)),
                conditions,
                contexts: Vec::new(),
                index: *index,
                by_name: OnceCell::new(),
                form: OnceCell::new(),
            });
        }
        all
    }
}

/// How many pieces the first five fields of an ARN have.
fn behind_fields(pieces: &[(Piece, Span)]) -> usize {
    let colons = pieces.iter().enumerate();
    let mut colons = colons.filter(|(_, (piece, _))| *piece == Piece::Char(':'));
    colons.nth(4).map_or(pieces.len(), |(at, _)| at + 1)
}

/// Whether a policy variable is in a field before the resource part, whatever placeholders stand for.
fn has_text_for_field(lexed: &Lexed, placeholders: &Placeholders) -> bool {
    if lexed.is_plain {
        return false;
    }
    let fields = lexed.pieces.iter().take(behind_fields(&lexed.pieces));
    // Other placeholders may hold colons.
    let is_of_field = |n: u32| ["Partition", "Region", "Account"].contains(&placeholders.name(n));
    let known = fields
        .map(|(piece, _)| *piece)
        .take_while(|piece| match piece {
            Piece::Placeholder(n) => is_of_field(*n),
            _ => true,
        });
    { known }.any(|piece| matches!(piece, Piece::Variable { .. }))
}
