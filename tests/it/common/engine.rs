//! Asks the engine about a case of the small world.

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::diff::Row;
use pcluster_iam::diff::excess::ExcessReport;
use pcluster_iam::lints::File;
use pcluster_iam::matcher::condition::{self, KeyValue};
use pcluster_iam::parser::{self, Policy, Source, Sources};
use pcluster_iam::reference::{self, Reference};

use super::world::{self, Case};

/// The rows of a reference against the texts of some policies, limited as the case says.
pub fn rows(reference: &str, policies: &[String], case: &Case) -> Vec<Row> {
    let (policies, reference, settings) = load(reference, policies, case);
    let found = check::coverage(Catalog::embedded(), &policies, &reference, &settings);
    found.into_iter().map(|r| r.row).collect()
}

/// What the policies of a case grant beyond its reference.
pub fn excess(case: &Case) -> ExcessReport {
    let (policies, reference, settings) = load(&case.reference_json(), &case.policies_json(), case);
    check::excess(Catalog::embedded(), &policies, &reference, &settings)
}

/// For each statement of the reference of a case that has a Condition and each action of it, how many statements of the
/// policies allow it without one.
pub fn unconditional(case: &Case) -> Vec<(usize, String, usize)> {
    let (policies, reference, settings) = load(&case.reference_json(), &case.policies_json(), case);
    check::unconditional(Catalog::embedded(), &policies, &reference, &settings)
}

/// The settings of a case and its reference.
pub fn settings(case: &Case) -> (Reference, Settings) {
    let (_, reference, settings) = load(&case.reference_json(), &[], case);
    (reference, settings)
}

fn load(reference: &str, policies: &[String], case: &Case) -> (Vec<Policy>, Reference, Settings) {
    let mut sources = Sources::new();
    let mut load = |text: &str| {
        let source = sources.add(Source::new("policy.json", text.to_owned()));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let mut reference = reference::from_policies(&load(reference).document.policies);
    let own = world::PRINCIPALS
        .iter()
        .find(|(name, _)| *name == case.principal);
    reference.role = own.and_then(|(_, role)| role.map(str::to_owned));
    let policies: Vec<Policy> = policies
        .iter()
        .flat_map(|p| load(p).document.policies)
        .collect();
    let context = world::given().into_iter().map(|(key, values)| {
        let literals = |v: Vec<&str>| v.into_iter().map(condition::literal).collect();
        let value = values.map_or(KeyValue::Absent, |v| KeyValue::Values(literals(v)));
        (key.to_owned(), value)
    });
    let given = [
        ("Region", "*"),
        ("Account", "123456789012"),
        ("Partition", "aws"),
    ];
    let settings = Settings {
        given: given
            .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
            .to_vec(),
        context: context.collect(),
        boundary: case.boundary_json().map(|text| load(&text)),
        scps: case
            .scps_json()
            .iter()
            .map(|text| vec![load(text)])
            .collect(),
        // The evaluators know nothing of what IAM rejects.
        once_repaired: true,
        ..Settings::default()
    };
    (policies, reference, settings)
}
