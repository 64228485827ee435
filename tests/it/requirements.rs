//! What is known for each role and release: the page that shows it, and the list of features without data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use pcluster_iam::reference::{
    self, Failure, Feature, Features, Query, Reference, Release, Standing,
};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every release with the schedulers it has.
fn releases() -> Vec<(String, Vec<&'static str>)> {
    let all = Release::all().map(|release| release.to_string());
    all.map(|release| {
        let schedulers = reference::schedulers_in(&release);
        (release, schedulers)
    })
    .collect()
}

/// Features of a role, release and scheduler of which nothing is known although there is data for others.
fn without_data(role: &str, scheduler: &str, release: &str) -> Vec<&'static str> {
    let unknown = |feature: &Feature| {
        let features = Features::from_names([feature.name()]).unwrap();
        let found = reference::candidates(Query {
            role: Some(role),
            scheduler,
            release,
            features: &features,
        });
        let found = found.unwrap_or_default();
        found
            .first()
            .is_some_and(|r| r.unknown_features.contains(&feature.name()))
    };
    let number = Release::parse(release).unwrap();
    let all = Feature::all().filter(|f| f.first().is_none_or(|first| first <= number)).filter(unknown);
    all.map(Feature::name).collect()
}

/// `role feature scheduler: first to last, …`
fn list_of_features_without_data() -> String {
    let releases = releases();
    let mut lacking: BTreeMap<(String, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, (release, schedulers)) in releases.iter().enumerate() {
        for scheduler in schedulers {
            for role in reference::roles_for(scheduler, release).unwrap() {
                for feature in without_data(role, scheduler, release) {
                    let key = (role.to_owned(), feature, *scheduler);
                    lacking.entry(key).or_default().push(at);
                }
            }
        }
    }
    let mut text = String::new();
    for ((role, feature, scheduler), at) in lacking {
        let ranges = ranges(&at, &releases, scheduler);
        let _ = writeln!(text, "{role} {feature} {scheduler}: {ranges}");
    }
    text
}

/// Indexes of releases as ranges: `3.0.0 to 3.1.3, 3.3.0`.
fn ranges(at: &[usize], releases: &[(String, Vec<&str>)], scheduler: &str) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for index in at {
        let follows = |last: usize| {
            let mut between = releases[last + 1..*index].iter();
            between.all(|(_, schedulers)| !schedulers.contains(&scheduler))
        };
        match ranges.last_mut() {
            Some((_, last)) if follows(*last) => *last = *index,
            _ => ranges.push((*index, *index)),
        }
    }
    let name = |(first, last): &(usize, usize)| {
        let (first, last) = (&releases[*first].0, &releases[*last].0);
        if first == last {
            first.clone()
        } else {
            format!("{first} to {last}")
        }
    };
    ranges.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[test]
fn features_without_data_become_fewer() {
    let path = path("fixtures/features-without-data.txt");
    let now = list_of_features_without_data();
    if std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        fs::write(&path, &now).unwrap();
    }
    println!("{now}");
}
