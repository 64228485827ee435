//! What the lints on a policy by itself say of the policies that AWS documents, each kind with its reason.
//!
//! `PCLUSTER_IAM_WRITE_FIXTURES=1 cargo test --test it reference_findings::` writes the list anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs};

use crate::common::references::{distinct, example};
use crate::common::role;
use pcluster_iam::check::Against;
use pcluster_iam::finding::Severity;
use pcluster_iam::reference;

/// Lints that look at a policy by itself, and why each may speak of a policy that AWS documents.
const REASONS: [(&str, &str); 17] = [
    ("allow-not-action", ""),
    ("empty-element", ""),
    (
        "ineffective-condition",
        "A condition on a tag of the cluster has `*` as its value: it asks that the tag is there.",
    ),
    (
        "invalid-arn",
        "The pages have ARNs with two colons in a row, so that the field of the service is empty. They match nothing.",
    ),
    ("invalid-condition", ""),
    ("old-version", ""),
    (
        "policy-size",
        "All policies of one role are rendered as one document, with every feature. It is longer than a managed policy; AWS splits it too.",
    ),
    (
        "privilege-escalation",
        "The pages allow these actions on `*`, and name no role or service.",
    ),
    (
        "redundant-entry",
        "With the names of the example a list contains one role twice.",
    ),
    (
        "redundant-statement",
        "A feature repeats what another policy of the role allows already, or a statement allows all of a service.",
    ),
    ("release-mismatch", ""),
    ("unknown-condition-key", ""),
    (
        "unsupported-condition-key",
        "The catalogue lists the key for creating the role of a service, not for deleting it.",
    ),
    ("variable-misuse", ""),
    ("weak-condition", ""),
    ("wrong-partition", ""),
    ("wrong-role", ""),
];

#[test]
fn each_finding_on_a_documented_policy_is_known() {
    let mut found: BTreeMap<(&str, String), (String, usize)> = BTreeMap::new();
    for reference in distinct() {
        // The stack of a cluster is named after it alone since 3.0.0.
        let version = reference.pcluster_version.as_deref();
        let is_old = version.is_some_and(|version| version.starts_with("2."));
        let value = |name: &str| match name {
            "StackName" if !is_old => Some("mycluster".to_owned()),
            _ => example(name),
        };
        let text = reference::render(&reference, &value);
        let name = format!(
            "{} {}",
            reference.role.clone().unwrap_or_default(),
            reference.pcluster_version.clone().unwrap_or_default()
        );
        let against = Against::role(reference);
        let report = role::report_against(&[("policy.json", &text)], &against, &[]);
        for finding in &report.results[0].findings {
            let Some((lint, _)) = REASONS.iter().find(|(lint, _)| *lint == finding.lint) else {
                continue;
            };
            assert_ne!(finding.severity, Severity::Error, "{name}: {finding:?}");
            // How long a text is changes with the names in it.
            let message = match finding
                .message
                .split_once(" characters without white space")
            {
                Some(_) => "the policy has … characters without white space",
                None => &finding.message,
            };
            let said = format!("{}: {message}", finding.severity.name());
            let entry = found
                .entry((*lint, said))
                .or_insert_with(|| (name.clone(), 0));
            entry.1 += 1;
        }
    }
    let mut text = String::new();
    for (lint, reason) in REASONS {
        let mut of = found.iter().filter(|((l, _), _)| *l == lint).peekable();
        if of.peek().is_none() {
            assert!(reason.is_empty(), "{lint} says nothing of any: {reason}");
            continue;
        }
        assert!(
            env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() || !reason.is_empty(),
            "{lint} has no reason"
        );
        write!(text, "{lint}: {reason}\n\n").unwrap();
        for ((_, said), (first, count)) in of {
            writeln!(text, "    {said}\n        {count} texts, first {first}").unwrap();
        }
        text.push('\n');
    }
    let path = format!(
        "{}/fixtures/reference-findings.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    if env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
