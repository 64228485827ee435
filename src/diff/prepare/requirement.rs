//! The resources and conditions of a requirement as patterns.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{line, reads_variables};
use crate::diff::statement::{Action, Conditions, Prepared, Resource};
use crate::matcher::template::{self, Placeholders};
use crate::matcher::{ActionPattern, Pieces};
use crate::parser::{SourceId, Span};
use crate::reference::bindings::Bindings;
use crate::reference::{self, RefStatement};

/// The strings of a statement of a reference in pieces.
#[derive(Clone)]
pub struct ReferencePieces {
    /// Of `Resource`.
    pub resources: Vec<Pieces>,
    /// The values of each line of the Condition.
    pub(super) conditions: Vec<Vec<Pieces>>,
}

/// Calls `visit` for a string of a reference, or for each of those that it stands for.
fn each_string(text: &str, bindings: &Bindings, mut visit: impl FnMut(&str)) {
    if !text.contains("${") || reference::stands_for_itself(text, |name| bindings.get(name)) {
        visit(text);
        return;
    }
    let expanded = reference::expand(text, |name| bindings.get(name).map(str::to_owned));
    for text in &expanded {
        visit(text);
    }
}

/// The strings of a reference in pieces. Only placeholders with several values are replaced.
pub fn reference_pieces(
    statements: &[RefStatement],
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) -> Vec<ReferencePieces> {
    let each = statements.iter();
    each.map(|statement| ReferencePieces::of(statement, bindings, placeholders))
        .collect()
}

impl ReferencePieces {
    /// The values of its Condition.
    pub fn values(&self) -> impl Iterator<Item = &Pieces> {
        self.conditions.iter().flatten()
    }

    /// The strings of one statement.
    pub fn of(
        statement: &RefStatement,
        bindings: &Bindings,
        placeholders: &mut Placeholders,
    ) -> Self {
        let mut lex = |values: &[String], variables: bool| -> Vec<Pieces> {
            let mut all = Vec::with_capacity(values.len());
            for text in values {
                each_string(text, bindings, |text| {
                    let pieces = template::reference(text, placeholders);
                    all.push(if variables {
                        pieces
                    } else {
                        template::without_variables(&pieces, placeholders)
                    });
                });
            }
            all
        };
        ReferencePieces {
            resources: lex(&statement.resource.values, true),
            conditions: { statement.conditions.iter() }
                .map(|c| lex(&c.values, reads_variables(&c.operator)))
                .collect(),
        }
    }
}

/// Numbers the placeholders that [`reference_pieces`] would.
pub fn number_placeholders(
    statements: &[RefStatement],
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) {
    let texts = statements.iter().flat_map(RefStatement::texts);
    for text in texts.filter(|text| text.contains("${")) {
        each_string(text, bindings, |text| {
            template::reference(text, placeholders);
        });
    }
}

/// The lists of actions that are kept at most; then all are forgotten.
const MOST_LISTS: usize = 1_000;

type Lists = FxHashMap<Box<[String]>, Rc<[Action]>>;

thread_local! {
    /// The lists of actions of references, which are the same for many roles.
    static ACTIONS: RefCell<Lists> = RefCell::default();
}

/// The patterns of a list of actions, made once.
fn actions(list: &[String]) -> Rc<[Action]> {
    ACTIONS.with_borrow_mut(|known| {
        if let Some(known) = known.get(list) {
            return Rc::clone(known);
        }
        if known.len() == MOST_LISTS {
            known.clear();
        }
        let each = list.iter().map(|text| Action {
            pattern: ActionPattern::parse(text),
            text: text.as_str().into(),
            span: Span::default(),
        });
        let made: Rc<[Action]> = each.collect();
        known.insert(list.into(), Rc::clone(&made));
        made
    })
}

/// The statements of a reference with every bound placeholder replaced. Their places are empty.
pub fn bind_reference(
    statements: &[RefStatement],
    pieces: &[ReferencePieces],
    bindings: &Bindings,
    placeholders: &Placeholders,
) -> Vec<Prepared> {
    let nowhere = Span::default();
    statements
        .iter()
        .zip(pieces)
        .enumerate()
        .map(|(position, (statement, pieces))| Prepared {
            position,
            source: SourceId(0),
            span: nowhere,
            effect: statement.effect,
            sid: statement.sid.as_deref().map(Into::into),
            not_action: statement.action.negated,
            action_key: nowhere,
            actions: actions(&statement.action.values),
            not_resource: statement.resource.negated,
            resource_key: nowhere,
            resources: pieces
                .resources
                .iter()
                .map(|p| {
                    let bound = bindings.apply(p, placeholders);
                    let text = reference::as_written(template::spell(&bound, placeholders));
                    Resource::new(bound, text, nowhere)
                })
                .collect(),
            has_void_resource: false,
            is_rejected: false,
            may_be_void: false,
            conditions: Conditions::new(
                statement
                    .conditions
                    .iter()
                    .zip(&pieces.conditions)
                    .map(|(c, pieces)| {
                        let bound = pieces.iter().map(|p| bindings.apply(p, placeholders));
                        line(
                            &c.operator,
                            &c.key,
                            c.values.clone(),
                            bound.collect(),
                            false,
                        )
                    })
                    .collect(),
                false,
                None,
            ),
            contexts: statement.contexts.clone(),
            index: statement.index,
            by_name: OnceCell::new(),
            form: OnceCell::new(),
        })
        .collect()
}
