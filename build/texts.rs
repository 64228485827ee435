//! One string of all texts that the large tables refer to by their place in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::input::write;

/// Texts that the large tables name by their places.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    places: BTreeMap<String, std::ops::Range<usize>>,
    scheduler_lists: Vec<Vec<String>>,
}

impl Texts {
    /// The code that stands for a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        let place = self.places.entry(text.to_owned()).or_insert_with(|| {
            let start = self.all.len();
            self.all.push_str(text);
            start..self.all.len()
        });
        format!("Text {{ start: {}, end: {} }}", place.start, place.end)
    }

    pub(super) fn optional(&mut self, text: Option<&String>) -> String {
        text.map_or("None".to_owned(), |text| {
            format!("Some({})", self.text(text))
        })
    }

    pub(super) fn schedulers(&mut self, schedulers: &[String]) -> String {
        let known = self
            .scheduler_lists
            .iter()
            .position(|list| list == schedulers);
        let at = known.unwrap_or_else(|| {
            self.scheduler_lists.push(schedulers.to_vec());
            self.scheduler_lists.len() - 1
        });
        format!("Schedulers({at})")
    }

    pub(super) fn write(&self, out: &Path, code: &mut String) {
        write(out, "texts.txt", &self.all);
        code.push_str("static SCHEDULER_LISTS: &[&[&str]] = &[\n");
        for list in &self.scheduler_lists {
            let _ = writeln!(code, "    &{list:?},");
        }
        code.push_str("];\n");
    }
}
