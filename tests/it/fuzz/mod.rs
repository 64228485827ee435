//! Every kind of input, mutated: nothing panics, hangs, or contradicts itself.
//!
//! Each case is made from the files of `tests/it/fuzz/corpus/TARGET`, a seed and its number, so it can be made again. A target runs
//! for `PCLUSTER_IAM_FUZZ_SECONDS` (default 2) from `PCLUSTER_IAM_FUZZ_SEED` (default 1):
//!
//! ```text
//! PCLUSTER_IAM_FUZZ_SECONDS=300 cargo test --release --test it fuzz::policy -- --nocapture
//! ```
//!
//! To add a target, write a function that takes bytes into `targets.rs`, name it in `ALL`, give it a folder of inputs to
//! start from, and a test below.

mod engine;
mod inventory;
mod output;
mod targets;

use std::collections::BTreeSet;
use std::fs;

fn fuzz(name: &str) {
    let target = targets::ALL.iter().find(|t| t.name == name).unwrap();
    engine::run(target);
}

#[test]
fn policy() {
    fuzz("policy");
}

#[test]
fn patterns() {
    fuzz("patterns");
}

#[test]
fn context() {
    fuzz("context");
}

#[test]
fn arn() {
    fuzz("arn");
}

#[test]
fn config() {
    fuzz("config");
}

#[test]
fn output() {
    fuzz("output");
}

#[test]
fn envelope() {
    fuzz("envelope");
}

#[test]
fn pair() {
    fuzz("pair");
}

#[test]
fn catalog() {
    fuzz("catalog");
}

#[test]
fn template() {
    fuzz("template");
}

#[test]
fn module() {
    fuzz("module");
}

#[test]
fn dump() {
    fuzz("dump");
}

#[test]
fn difference() {
    fuzz("difference");
}

#[test]
fn every_target_has_inputs_and_a_test() {
    let folders: BTreeSet<String> = fs::read_dir(engine::corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: BTreeSet<String> = targets::ALL.iter().map(|t| t.name.to_owned()).collect();
    assert_eq!(folders, names);
    let tests = include_str!("mod.rs");
    for name in names {
        assert!(tests.contains(&format!("fuzz(\"{name}\")")), "{name}");
    }
}

#[test]
fn a_case_is_the_same_each_time_and_no_other() {
    let inputs = vec![b"{\"a\": 1}".to_vec(), b"[true]".to_vec()];
    let case = |seed, number| engine::case(&inputs, &["null"], seed, number);
    let all: BTreeSet<Vec<u8>> = (0..200).map(|n| case(1, n)).collect();
    assert!(all.len() > 150, "{}", all.len());
    for n in 0..200 {
        assert_eq!(case(7, n), case(7, n));
    }
    assert!((0..50).any(|n| case(1, n) != case(2, n)));
}
