//! Release numbers of ParallelCluster.

use std::fmt;

/// `2.4.1`, ordered as numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Release([u32; 3]);

/// One to three numbers separated by dots.
pub(super) fn parts(text: &str) -> Option<Vec<u32>> {
    let parts: Option<Vec<u32>> = text
        .split('.')
        .map(|p| {
            p.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| p.parse().ok())
                .flatten()
        })
        .collect();
    parts.filter(|p| (1..=3).contains(&p.len()))
}

impl Release {
    /// Reads three numbers.
    pub fn parse(text: &str) -> Option<Self> {
        parts(text)?.try_into().ok().map(Release)
    }

    /// Whether the release lies within `2` or `2.4`.
    pub(super) fn starts_with(&self, prefix: &[u32]) -> bool {
        self.0.starts_with(prefix)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}
