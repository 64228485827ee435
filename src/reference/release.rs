//! Release numbers of ParallelCluster.

use std::fmt;

/// `2.4.1`, ordered as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Release(pub(super) [u32; 3]);

fn part(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// One to three numbers separated by dots.
pub(super) fn parts(text: &str) -> Option<Vec<u32>> {
    let parts: Option<Vec<u32>> = text.split('.').map(part).collect();
    parts.filter(|p| (1..=3).contains(&p.len()))
}

impl Release {
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Release([major, minor, patch])
    }

    /// Reads three numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(part);
        let [major, minor, patch] = [parts.next()??, parts.next()??, parts.next()??];
        parts
            .next()
            .is_none()
            .then_some(Release([major, minor, patch]))
    }

    /// The first number.
    pub fn major(self) -> u32 {
        self.0[0]
    }

    /// The first that can lie within `2` or `2.4`.
    pub(super) fn lowest(prefix: &[u32]) -> Self {
        let at = |i: usize| prefix.get(i).copied().unwrap_or(0);
        Release([at(0), at(1), at(2)])
    }

    /// Whether the release lies within `2` or `2.4`.
    pub(super) fn starts_with(self, prefix: &[u32]) -> bool {
        self.0.starts_with(prefix)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}
