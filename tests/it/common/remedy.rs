//! Runs the library's remedies on texts, for tests that ask for what holds of all of them.

use std::collections::BTreeSet;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Chosen, Settings};
use pcluster_iam::diff::coverage::Requirement;
use pcluster_iam::parser::{self, Policy, Source, SourceId};
use pcluster_iam::reference::{self, Feature, Features, Query, Reference, Release};

/// The policies of some texts.
pub fn policies(texts: &[String]) -> Vec<Policy> {
    let texts = texts.iter().enumerate();
    let parse = |(at, text): (usize, &String)| {
        let id = SourceId(u32::try_from(at).unwrap());
        parser::parse(id, &Source::new("policy.json", text.as_str())).policies
    };
    texts.flat_map(parse).collect()
}

/// The reference with its values, and the settings that hold them.
pub fn choose(texts: &[String], reference: &Reference, settings: &mut Settings) -> Chosen {
    let policies = policies(texts);
    let policies: Vec<&Policy> = policies.iter().collect();
    let against = Against::role(reference.clone());
    let chosen = check::choose(Catalog::embedded(), &policies, &against, settings).unwrap();
    settings.given.clone_from(&chosen.given);
    chosen
}

/// The rows of what was chosen.
pub fn rows(texts: &[String], chosen: &Chosen, settings: &Settings) -> Vec<Requirement> {
    let policies = policies(texts);
    check::coverage(Catalog::embedded(), &policies, &chosen.reference, settings)
}

/// A value for each placeholder of a reference.
pub fn values(reference: &Reference) -> Vec<(String, String)> {
    let mut names = reference::all_placeholders(reference);
    names.extend(["Region", "Account", "Partition"].map(str::to_owned));
    let value = |name: &str| match name {
        "Region" => "us-east-1".to_owned(),
        "Account" => "123456789012".to_owned(),
        "Partition" => "aws".to_owned(),
        other => match reference::meaning(other) {
            Some((_, example)) => example.to_owned(),
            None => "example".to_owned(),
        },
    };
    names
        .into_iter()
        .map(|n| (value(&n), n))
        .map(|(v, n)| (n, v))
        .collect()
}

/// Settings with these values.
pub fn settings(values: &[(String, String)]) -> Settings {
    let given = values
        .iter()
        .map(|(n, v)| (n.clone(), v.clone(), "test".to_owned()));
    Settings {
        given: given.collect(),
        ..Settings::default()
    }
}

/// The references of all roles, schedulers and releases, each combination of texts once, every feature on. Without
/// `PCLUSTER_IAM_ALL` one of every `step`.
pub fn references(step: usize) -> Vec<Reference> {
    let names: Vec<&str> = Feature::all()
        .filter(|f| f.group().is_none())
        .map(Feature::name)
        .collect();
    let features = Features::from_names(names).unwrap();
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for release in Release::all() {
        let release = release.to_string();
        for scheduler in reference::schedulers() {
            for role in reference::roles_for(scheduler, &release).unwrap_or_default() {
                let query = Query {
                    role: Some(role),
                    scheduler,
                    release: &release,
                    features: &features,
                };
                for reference in reference::candidates(query).unwrap() {
                    let texts: Vec<&str> =
                        reference.parts.iter().map(|p| p.digest.as_str()).collect();
                    if seen.insert(format!("{role} {texts:?}")) {
                        all.push(reference);
                    }
                }
            }
        }
    }
    assert!(all.len() > 20, "{}", all.len());
    let step = if std::env::var_os("PCLUSTER_IAM_ALL").is_some() {
        1
    } else {
        step
    };
    all.into_iter().step_by(step).collect()
}

/// How many random cases to try.
pub fn cases(usual: u32) -> u32 {
    let given = std::env::var("PCLUSTER_IAM_CASES").ok();
    given.and_then(|n| n.parse().ok()).unwrap_or(usual)
}
