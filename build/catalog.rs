//! The catalogue as the program embeds it, and the table of its services and actions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::input::{self, fail};
use super::packs::Pack;
use super::slots;

/// The catalogue as it is embedded, and the table of where its services and actions stand.
pub(super) fn write(rules: &Path, packs: &BTreeMap<String, (PathBuf, Pack)>, out: &Path) {
    let path = rules.join("catalog.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| fail(&path, &e.to_string()));
    let statements = packs.values().flat_map(|(_, pack)| &pack.statements);
    let named = statements.flat_map(|s| &s.actions);
    let named = named.filter_map(|action| action.split_once(':'));
    let named = named
        .map(|(service, _)| service.to_ascii_lowercase())
        .collect();
    let text = together(&text, &named).unwrap_or_else(|| fail(&path, "this is no catalogue"));
    input::write(out, "catalog.txt", &text);
    write_slots(&text, out);
}

/// A catalogue in which the sections of some services come first. Of the others a run reads little, and memory is read
/// in pages.
fn together(text: &str, first: &BTreeSet<String>) -> Option<String> {
    let (head, rest) = text.split_once("\n\nprefix\t")?;
    let (columns, rest) = rest.split_once('\n')?;
    // The first section starts with the blank line.
    let (index, sections) = rest.split_once("\n\n")?;
    let sections = format!("\n{sections}");
    let column = |row: &str, n| row.split('\t').nth(n).map(str::to_owned);
    let starts = index.lines().map(|row| column(row, 3)?.parse().ok());
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;
    let ends = starts.iter().skip(1).copied().chain([sections.len()]);
    let mut starts_now = vec![0; starts.len()];
    let mut moved = String::new();
    for is_first in [true, false] {
        let places = starts.iter().zip(ends.clone()).zip(&mut starts_now);
        for (row, ((start, end), now)) in index.lines().zip(places) {
            if first.contains(&column(row, 0)?) == is_first {
                *now = moved.len();
                moved.push_str(sections.get(*start..end)?);
            }
        }
    }
    let mut rows = String::new();
    for (row, start) in index.lines().zip(starts_now) {
        let start = start.to_string();
        let columns = row.split('\t').enumerate();
        let columns = columns.map(|(n, column)| if n == 3 { &start } else { column });
        rows += &columns.collect::<Vec<_>>().join("\t");
        rows.push('\n');
    }
    let (head, size) = head.rsplit_once(' ')?;
    size.parse::<usize>().ok()?;
    Some(format!(
        "{head} {}\n\nprefix\t{columns}\n{rows}{moved}",
        rows.len()
    ))
}

/// The table of where the services and actions of a catalogue stand.
fn write_slots(text: &str, out: &Path) {
    let mut rows = Vec::new();
    // A service's head, and how many blank lines ago it was: the actions come after two. Before the first one, the
    // services stand behind one blank line and the head of their columns.
    let (mut service, mut blank) = ("", 0);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let row = line.trim_end_matches('\n');
        let name = row.split('\t').next().unwrap_or_default();
        let at = u32::try_from(start).expect("the catalogue has less than 4 GiB");
        if let Some(prefix) = row.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
            (service, blank) = (prefix, 0);
        } else if row.is_empty() {
            blank += 1;
        } else if service.is_empty() && blank == 1 && !row.starts_with("prefix\tname\t") {
            rows.push((slots::hash(name, ""), at));
        } else if !service.is_empty() && blank == 2 {
            rows.push((slots::hash(service, name), at));
        }
        start += line.len();
    }
    input::write(out, "slots.bin", slots::table(&rows));
}
