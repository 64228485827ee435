//! Runs the whole check on policies given as JSON texts.

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::inventory::cloudformation;
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Source, SourceId, Sources};
use pcluster_iam::reference;
use pcluster_iam::report::{Report, RoleResult};
use serde_json::{Value, json};

/// A statement that allows `sqs:SendMessage` everywhere, but for what the part says.
pub fn statement_with(part: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"});
    let part = part.as_object().unwrap().clone();
    statement.as_object_mut().unwrap().extend(part);
    statement
}

/// A path below `fixtures/`.
pub fn fixture(path: &str) -> String {
    let path = format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// `given` are pairs of placeholder and value.
pub fn report(
    files: &[(&str, &str)],
    role: &str,
    scheduler: &str,
    given: &[(&str, &str)],
) -> Report {
    let against = Against::role(reference::select(role, scheduler, "2.4.1").unwrap());
    report_against(files, &against, given)
}

/// The result for some files against a reference, or the best of several.
pub fn report_against(files: &[(&str, &str)], against: &Against, given: &[(&str, &str)]) -> Report {
    let mut sources = Sources::new();
    let files: Vec<File> = files
        .iter()
        .map(|(name, text)| {
            let source = sources.add(Source::new(*name, *text));
            let given = cloudformation::Given::default();
            match cloudformation::read(source, sources.get(source), &given) {
                Some(Ok(inventory)) => {
                    let principal = inventory.principals.first().unwrap();
                    File::of(&principal.documents[0], source, None)
                }
                _ => File::new(source, parser::parse(source, sources.get(source))),
            }
        })
        .collect();
    let settings = Settings {
        given: given
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into(), "test".into()))
            .collect(),
        ..Settings::default()
    };
    let catalog = Catalog::embedded();
    let result = check::check(&sources, catalog, &files, against, &settings).unwrap();
    report_of(sources, result)
}

/// The report of one result.
pub fn report_of(sources: Sources, result: RoleResult) -> Report {
    Report {
        sources,
        catalog_date: Catalog::embedded().date().to_owned(),
        results: vec![result],
        others: Vec::new(),
        configuration: Vec::new(),
        weakened: Vec::new(),
        off: Vec::new(),
        fail_on: Some(pcluster_iam::finding::Severity::Error),
    }
}

/// The result for one file against another policy.
pub fn lint_against(text: &str, reference: &str) -> RoleResult {
    let source = Source::new("reference.json", reference);
    let policies = parser::parse(SourceId(0), &source).policies;
    let against = Against::role(reference::from_policies(&policies));
    report_against(&[("policy.json", text)], &against, &[])
        .results
        .remove(0)
}

/// The result for one file.
pub fn lint(text: &str, role: &str, scheduler: &str, given: &[(&str, &str)]) -> RoleResult {
    report(&[("policy.json", text)], role, scheduler, given)
        .results
        .remove(0)
}
