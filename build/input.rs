//! Reading the files of `rules/`, and the checks that several of them share.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Releases {
    pub(super) first: String,
    pub(super) last: String,
}

/// The names that the other files may use.
pub(super) struct Names {
    pub(super) roles: Vec<String>,
    pub(super) features: Vec<String>,
    pub(super) schedulers: Vec<String>,
    pub(super) releases: Vec<String>,
}

pub(super) fn fail(path: &Path, message: &str) -> ! {
    panic!("{}: {message}", path.display());
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| fail(path, &e.to_string()));
    toml::from_str(&text).unwrap_or_else(|e| fail(path, &e.to_string()))
}

/// The three numbers of a release.
pub(super) fn release(path: &Path, text: &str) -> [u32; 3] {
    let parts: Option<Vec<u32>> = text.split('.').map(|p| p.parse().ok()).collect();
    parts
        .and_then(|parts| parts.try_into().ok())
        .unwrap_or_else(|| {
            fail(
                path,
                &format!("`{text}` is no release: write three numbers, such as 2.4.1"),
            )
        })
}

/// As code.
pub(super) fn release_code(path: &Path, text: &str) -> String {
    let [x, y, z] = release(path, text);
    format!("Release::new({x}, {y}, {z})")
}

impl Names {
    pub(super) fn check_range(&self, path: &Path, first: &str, last: &str) {
        for text in [first, last] {
            one_of(path, "release in rules/releases.toml", text, &self.releases);
        }
        if release(path, first) > release(path, last) {
            fail(path, "the first release is later than the last");
        }
    }

    pub(super) fn check_releases(&self, path: &Path, releases: &Releases) {
        self.check_range(path, &releases.first, &releases.last);
    }

    pub(super) fn check_feature(&self, path: &Path, feature: Option<&String>) {
        if let Some(feature) = feature {
            one_of(
                path,
                "feature in rules/features.toml",
                feature,
                &self.features,
            );
        }
    }

    pub(super) fn check_schedulers(&self, path: &Path, schedulers: &[String]) {
        for scheduler in schedulers {
            one_of(path, "scheduler", scheduler, &self.schedulers);
        }
    }
}

pub(super) fn check_action(path: &Path, action: &str) {
    let named = action
        .split_once(':')
        .is_some_and(|(s, n)| !s.is_empty() && !n.contains(':'));
    if !named && action != "*" {
        fail(
            path,
            &format!("`{action}` is no action: write service:Name"),
        );
    }
}

pub(super) fn one_of<L: AsRef<str>>(path: &Path, what: &str, value: &str, legal: &[L]) {
    let legal: Vec<&str> = legal.iter().map(AsRef::as_ref).collect();
    if !legal.contains(&value) {
        fail(
            path,
            &format!("`{value}` is no {what}: one of {}", legal.join(", ")),
        );
    }
}

/// Writes a file that the program embeds.
pub(super) fn write(out: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(out.join(name), content).expect("OUT_DIR is writable");
}

/// Writes a list as lines, each with its key: the role and the releases that it is for. The program reads only those of
/// the role and release that it judges.
pub(super) fn write_lines<'a, T: Serialize + 'a>(
    out: &Path,
    name: &str,
    list: impl IntoIterator<Item = (&'a str, &'a Releases, T)>,
) {
    let line = |(role, releases, item): (&str, &Releases, T)| {
        let Releases { first, last } = releases;
        let item = serde_json::to_string(&item).expect("JSON");
        format!("{role} {first} {last}\t{item}\n")
    };
    write(out, name, list.into_iter().map(line).collect::<String>());
}

/// Writes a list that the program reads only where it is needed.
pub(super) fn write_json<T: Serialize + ?Sized>(out: &Path, name: &str, list: &T) {
    write(out, name, serde_json::to_string(list).expect("JSON"));
}
