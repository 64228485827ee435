//! The releases of ParallelCluster that are known, from `rules/releases.toml`.

use super::data::RELEASES;
use super::release::Release;

impl Release {
    /// Every release, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Release> {
        RELEASES.iter().map(|(release, _)| *release)
    }

    /// The day it came out, where that is known: `2019-07-29`.
    pub fn date(self) -> Option<&'static str> {
        let found = RELEASES.iter().find(|(release, _)| *release == self);
        found.map(|(_, date)| *date).filter(|d| !d.is_empty())
    }

    /// The newest release.
    pub fn newest() -> Option<Release> {
        Release::all().next_back()
    }

    /// The newest known release of the same minor where this one is a later patch release of the newest generation.
    pub fn known_patch(self) -> Option<Release> {
        let newest = Release::newest()?;
        let known = Release::all().rfind(|r| r.0[0] == self.0[0] && r.0[1] == self.0[1])?;
        (known < self && self.0[0] == newest.0[0]).then_some(known)
    }
}
