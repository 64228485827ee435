//! Data whose parts are read on demand, each once.

use std::sync::OnceLock;

/// A line of a text that is embedded: the key of a part and, after a tab, the part itself.
pub(super) struct OnDemand<T> {
    pub(super) key: &'static str,
    text: &'static str,
    read: OnceLock<T>,
}

impl<T> OnDemand<T> {
    /// The lines of a text.
    pub(super) fn lines(text: &'static str) -> Vec<Self> {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let line = |(key, text)| OnDemand {
            key,
            text,
            read: OnceLock::new(),
        };
        lines.map(line).collect()
    }

    /// The part, which `read` reads if nobody has asked for it before.
    pub(super) fn get(&self, read: impl FnOnce(&str) -> T) -> &T {
        self.read.get_or_init(|| read(self.text))
    }
}
