//! A fault of a text that is not JSON.

use std::ops::Range;

/// Faults of a text, at ranges of its bytes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) subject: &'static str,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<(Range<usize>, String)>,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Fault {
            subject: "syntax",
            range,
            message: message.into(),
            help: None,
            related: Vec::new(),
        }
    }

    pub(super) fn about(mut self, subject: &'static str) -> Self {
        self.subject = subject;
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn with_related(mut self, range: Range<usize>, words: impl Into<String>) -> Self {
        self.related.push((range, words.into()));
        self
    }

    pub(super) fn shifted(mut self, by: usize) -> Self {
        self.range = self.range.start + by..self.range.end + by;
        self
    }
}
