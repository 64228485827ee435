//! Data whose parts are read on demand, each once.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use super::Release;
use crate::bytes;

/// The newest release in the data; later ones have what this one has.
const NEWEST: Release = Release::new(3, 16, 1);

/// A line of a text that is embedded: the key of a part and, after a tab, the part itself.
pub(super) struct OnDemand<T> {
    pub(super) key: &'static str,
    text: &'static str,
    read: OnceLock<T>,
}

impl<T> OnDemand<T> {
    /// The lines of a text, each of which ends with a line feed.
    pub(super) fn lines(text: &'static str) -> Vec<Self> {
        let mut all = Vec::new();
        let mut rest = text;
        // The lines are long, and `lines` of the standard library looks at each byte.
        while let Some(end) = bytes::find(b'\n', rest.as_bytes()) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            all.extend(line.split_once('\t').map(|(key, text)| OnDemand {
                key,
                text,
                read: OnceLock::new(),
            }));
        }
        all
    }

    /// Whether the key is that of a role and a range of releases with this one.
    fn is_of(&self, role: &str, release: Release) -> bool {
        let mut words = self.key.split(' ');
        if words.next() != Some(role) {
            return false;
        }
        let [first, last] = [(); 2].map(|()| words.next());
        let is_within = |last| last >= NEWEST || release <= last;
        first
            .and_then(Release::parse)
            .is_some_and(|first| first <= release)
            && last.and_then(Release::parse).is_some_and(is_within)
    }

    /// The part, which `read` reads if nobody has asked for it before.
    pub(super) fn get(&self, read: impl FnOnce(&'static str) -> T) -> &T {
        self.read.get_or_init(|| read(self.text))
    }
}

impl<T: DeserializeOwned> OnDemand<Option<T>> {
    /// The part, which is JSON; `None` where it cannot be read.
    pub(super) fn json(&self) -> Option<&T> {
        self.get(|text| serde_json::from_str(text).ok()).as_ref()
    }
}

/// The parts for a role and a release, of lines with the role and its first and last release as their keys.
pub(super) fn of_release<T: DeserializeOwned>(
    lines: &'static [OnDemand<Option<T>>],
    role: &str,
    release: Release,
) -> impl Iterator<Item = &'static T> {
    let of_release = lines.iter().filter(move |line| line.is_of(role, release));
    of_release.filter_map(OnDemand::json)
}
