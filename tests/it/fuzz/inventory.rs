//! What must hold for every template, module, account dump and pair of policies.

use std::fs;
use std::path::Path;

use pcluster_iam::inventory::{Document, Inventory, cloudformation, terraform};
use pcluster_iam::parser::{self, SourceId, Sources, Span};

use crate::common::program;

/// A template: its places lie in its text, and it is judged or refused.
pub(super) fn template(bytes: &[u8]) {
    let (source, problem) = parser::decode("template.yaml", bytes.to_vec());
    if problem.is_none() {
        let mut sources = Sources::new();
        let id = sources.add(source);
        let given = cloudformation::Given::default();
        match cloudformation::read(id, sources.get(id), &given) {
            Some(Ok(inventory)) => places(&inventory, id, &sources),
            Some(Err(problem)) => lies_in(&sources, id, problem.span),
            None => {}
        }
    }
    if bytes.len().is_multiple_of(16) {
        ends("template.yaml", bytes, &["lint", "template.yaml"]);
    }
}

/// The same for a module of Terraform in one file.
pub(super) fn module(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf"), bytes).unwrap();
    let mut sources = Sources::new();
    let given = terraform::Given::default();
    match terraform::read(folder.path(), &given, &mut sources) {
        Ok(inventory) => {
            for (id, problem) in &inventory.elsewhere {
                lies_in(&sources, *id, problem.span);
            }
            for principal in &inventory.principals {
                lies_in(&sources, principal.source, principal.span);
            }
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
    if bytes.len().is_multiple_of(16) {
        ends("main.tf", bytes, &["lint", "."]);
    }
}

/// An account dump: it is judged or refused.
pub(super) fn dump(bytes: &[u8]) {
    ends("dump.json", bytes, &["lint", "dump.json"]);
}

/// A policy against another one behind a line of dashes: nothing is lost or gained against itself.
pub(super) fn difference(bytes: &[u8]) {
    const LINE: &[u8] = b"\n---\n";
    let at = bytes
        .windows(LINE.len())
        .position(|w| w == LINE)
        .unwrap_or(bytes.len());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("old.json", &bytes[..at]);
    write("new.json", bytes.get(at + LINE.len()..).unwrap_or_default());
    let fails_on = ["--fail-on", "gained", "--fail-on", "lost"];
    let both = program::run(folder.path(), &["diff", "old.json", "new.json"]);
    inert(&both);
    let arguments = [&["diff", "old.json", "old.json"][..], &fails_on].concat();
    let same = program::run(folder.path(), &arguments);
    assert_ne!(same.code, 1, "{}", same.out);
}

fn places(inventory: &Inventory, id: SourceId, sources: &Sources) {
    for problem in &inventory.problems {
        lies_in(sources, id, problem.span);
    }
    for principal in &inventory.principals {
        lies_in(sources, principal.source, principal.span);
        principal
            .documents
            .iter()
            .for_each(|d| document(d, id, sources));
    }
}

fn document(document: &Document, id: SourceId, sources: &Sources) {
    for problem in &document.worst.problems {
        lies_in(sources, id, problem.span);
    }
    let all = [
        Some(&document.worst),
        document.best.as_ref(),
        document.texts.as_ref(),
    ];
    for policy in all.into_iter().flatten().flat_map(|d| &d.policies) {
        for statement in &policy.statements {
            lies_in(sources, id, statement.span);
            let elements = [&statement.action, &statement.resource];
            for value in elements.into_iter().flatten().flat_map(|e| &e.values) {
                lies_in(sources, id, value.part(0..value.value.len()));
            }
        }
    }
}

fn lies_in(sources: &Sources, id: SourceId, span: Span) {
    let text = sources.get(id).text();
    assert!(
        text.get(span.range()).is_some(),
        "{span:?} of {}",
        text.len()
    );
}

/// The program ends with an exit code and prints nothing raw.
fn ends(name: &str, bytes: &[u8], arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    inert(&judged(folder.path(), arguments));
}

fn judged(folder: &Path, arguments: &[&str]) -> program::Run {
    let role = [
        "--role",
        "head-node",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.0",
    ];
    program::run(folder, &[arguments, &role[..]].concat())
}

fn inert(run: &program::Run) {
    assert!(matches!(run.code, 0..=2), "{}: {}", run.code, run.err);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert!(run.code != 2 || !(run.out.is_empty() && run.err.is_empty()));
    super::targets::inert(run.out.as_bytes());
    super::targets::inert(run.err.as_bytes());
}
