//! The references of every role, scheduler and release.

use std::collections::BTreeSet;

use pcluster_iam::reference::{self, Feature, Features, Query, Reference, Release};

/// The references of a role with every feature on; several where features exclude each other.
pub fn everything(role: &str, scheduler: &str, release: Release) -> Vec<Reference> {
    let all: Vec<&str> = Feature::all()
        .filter(|f| f.group().is_none())
        .map(Feature::name)
        .collect();
    let features = Features::from_names(all).unwrap();
    let release = release.to_string();
    reference::candidates(Query {
        role: Some(role),
        scheduler,
        release: &release,
        features: &features,
    })
    .unwrap()
}

/// Each role, scheduler and release for which there is a policy.
pub fn questions() -> Vec<(&'static str, &'static str, Release)> {
    let mut all = Vec::new();
    for release in Release::all() {
        for scheduler in reference::schedulers() {
            for role in reference::roles_for(scheduler, &release.to_string()).unwrap_or_default() {
                all.push((role, scheduler, release));
            }
        }
    }
    all
}

/// The references of all questions, each combination of texts once.
pub fn distinct() -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (role, scheduler, release) in questions() {
        for reference in everything(role, scheduler, release) {
            let texts: Vec<&str> = reference.parts.iter().map(|p| p.digest.as_str()).collect();
            if seen.insert(format!("{role} {texts:?}")) {
                all.push(reference);
            }
        }
    }
    all
}

#[expect(clippy::unnecessary_wraps, reason = "as rendering wants it")]
pub fn example(name: &str) -> Option<String> {
    Some(match name {
        "Partition" => "aws".to_owned(),
        "Region" => "us-east-1".to_owned(),
        "Account" => "123456789012".to_owned(),
        name => reference::meaning(name).expect(name).1.to_owned(),
    })
}
