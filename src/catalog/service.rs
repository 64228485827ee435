//! A service with its actions, resource types and condition keys.

use std::cmp::Ordering;
use std::fmt;

use super::condition_key::{ConditionKey, ConditionKeyType};
use super::table::Tables;
use super::{Action, ArnShape, ResourceType, checked, slots, table};

/// One service: the actions, resource types and keys of one prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service<'a> {
    pub(super) tables: Tables<'a>,
    pub(super) rows: RowsOfAll<'a>,
}

/// The text of a catalogue, and the table of where the rows of its actions start in it.
#[derive(Clone, Copy)]
pub(super) struct RowsOfAll<'a> {
    pub(super) text: &'a str,
    pub(super) slots: &'a [u8],
}

impl fmt::Debug for RowsOfAll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl Eq for RowsOfAll<'_> {}

impl PartialEq for RowsOfAll<'_> {
    /// Indexes are not compared: they follow from the tables of the service.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<'a> Service<'a> {
    /// The prefix of its actions, lower case: `elasticfilesystem`.
    pub fn prefix(&self) -> &'a str {
        self.tables.prefix
    }

    /// AWS's name for people: `Amazon Elastic File System`.
    pub fn display_name(&self) -> &'a str {
        self.tables.display_name
    }

    /// How many actions it has.
    pub fn action_count(&self) -> usize {
        self.tables.action_count
    }

    /// The action called `name`, in any case.
    pub fn action(&self, name: &str) -> Option<Action<'a>> {
        let RowsOfAll { text, slots } = self.rows;
        let mut starts = slots::starts(slots, slots::hash(self.tables.prefix, name));
        // Two actions may have one hash: of this service are those whose rows lie in its table.
        let own = self.tables.actions.as_bytes().as_ptr_range();
        starts.find_map(|start| {
            let (spelled, rest) = text.get(start..)?.split_at_checked(name.len())?;
            let is_it = own.contains(&spelled.as_ptr()) && spelled.eq_ignore_ascii_case(name);
            let rest = rest.strip_prefix('\t').filter(|_| is_it)?;
            Action::new(*self, spelled, table::line(rest).0)
        })
    }

    /// The actions of the service, sorted by their names in lower case.
    pub fn actions(&self) -> Actions<'a> {
        self.actions_with_prefix("")
    }

    /// The actions whose names start with `prefix`, in any case: what `Get*` stands for.
    pub fn actions_with_prefix(&self, prefix: &str) -> Actions<'a> {
        let start = table::partition_point(self.tables.actions, |name| {
            table::compare_start(name, prefix) == Ordering::Less
        });
        let rest = self.tables.actions.get(start..).unwrap_or_default();
        let end = table::partition_point(rest, |name| {
            table::compare_start(name, prefix) != Ordering::Greater
        });
        Actions {
            service: *self,
            rows: table::rows(rest.get(..end).unwrap_or_default()),
        }
    }

    /// Its resource types, once for each ARN format: sorted by their names in lower case, then those that the catalogue's
    /// package does not have.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType<'a>> + use<'a> {
        let rows = table::rows(self.tables.types).chain(checked::rows_of(self.tables.prefix));
        rows.filter_map(ResourceType::from_row)
    }

    /// The shapes of the ARNs of its resource types, each once.
    pub(crate) fn arn_shapes(&self) -> Vec<ArnShape<'a>> {
        // Text behind an ARN depends on the action.
        let has_text = checked::checked_types(self.prefix()).next().is_some();
        let mut shapes: Vec<_> = { self.resource_types() }
            .map(|kind| kind.shape())
            .map(|shape| ArnShape {
                colons: if has_text { usize::MAX } else { shape.colons },
                ..shape
            })
            .collect();
        shapes.sort_unstable();
        shapes.dedup();
        shapes
    }

    /// The condition keys of the service, sorted by their names in lower case.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey<'a>> + use<'a> {
        table::rows(self.tables.keys).filter_map(|row| {
            let (name, kind) = row.split_once('\t')?;
            let kind = ConditionKeyType::from_name(kind)?;
            Some(ConditionKey { name, kind })
        })
    }
}

/// Actions of one service, in order.
#[derive(Clone, Debug)]
pub struct Actions<'a> {
    pub(super) service: Service<'a>,
    pub(super) rows: table::Rows<'a>,
}

impl<'a> Iterator for Actions<'a> {
    type Item = Action<'a>;

    fn next(&mut self) -> Option<Action<'a>> {
        let service = self.service;
        self.rows.find_map(|row| Action::from_row(service, row))
    }
}
