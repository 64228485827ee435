//! `cargo bench --bench hostile`: policies that are hard to decide.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a bench may panic"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Source, SourceId, Sources};
use pcluster_iam::reference;

#[path = "../tests/it/common/hostile.rs"]
mod hostile;

fn lint(case: &hostile::Hostile) -> usize {
    let source = Source::new("reference.json", case.reference.as_str());
    let policies = parser::parse(SourceId(0), &source).policies;
    let against = Against::role(reference::from_policies(&policies));
    let mut sources = Sources::new();
    let source = sources.add(Source::new("policy.json", case.policy.as_str()));
    let document = parser::parse(source, sources.get(source));
    let files = [File::new(source, document)];
    let settings = Settings::default();
    let result = check::check(&sources, Catalog::embedded(), &files, &against, &settings).unwrap();
    result.findings.len()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    for case in hostile::all() {
        group.bench_function(case.name, |b| b.iter(|| lint(black_box(&case))));
    }
    group.finish();
}

criterion_group!(hostile_policies, benches);
criterion_main!(hostile_policies);
