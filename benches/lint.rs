//! `cargo bench`: reading a policy, judging one role, and a thousand roles in one process.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench may panic"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Source, SourceId, Sources};
use pcluster_iam::reference;

const POLICY: &str = include_str!("../fixtures/reference/user-traditional-filled.json");

fn lint(text: &str, against: &Against) -> usize {
    let mut sources = Sources::new();
    let source = sources.add(Source::new("policy.json", text));
    let document = parser::parse(source, sources.get(source));
    let files = [File::new(source, document)];
    let settings = Settings::default();
    let result = check::check(&sources, Catalog::embedded(), &files, against, &settings).unwrap();
    result.requirements.len() + result.findings.len()
}

fn benches(criterion: &mut Criterion) {
    let against = Against::role(reference::select("user", "torque", "2.4.1").unwrap());
    criterion.bench_function("parse the user policy", |b| {
        let source = Source::new("policy.json", POLICY);
        b.iter(|| parser::parse(SourceId(0), black_box(&source)));
    });
    criterion.bench_function("lint the user policy", |b| {
        b.iter(|| lint(black_box(POLICY), &against));
    });
    // An action of its own kind is missing from each, and each is in an account of its own.
    let distinct: Vec<String> = (0..1_000)
        .map(|n| {
            let account = format!("{:012}", 100_000_000_000_u64 + n);
            let lacking = [
                "sqs:TagQueue",
                "sns:Subscribe",
                "ec2:CreateVolume",
                "iam:TagRole",
            ];
            let lacking = lacking[usize::try_from(n % 4).unwrap()];
            POLICY
                .replace("123456789012", &account)
                .replace(lacking, "sqs:ListQueues")
        })
        .collect();
    let mut group = criterion.benchmark_group("many");
    group.sample_size(10);
    group.bench_function("lint 1,000 distinct policies", |b| {
        b.iter(|| {
            distinct
                .iter()
                .map(|text| lint(text, &against))
                .sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(lint_benches, benches);
criterion_main!(lint_benches);
