//! Made-up reports for the tests of this module.

use std::sync::Arc;

use super::{Binding, ReferenceName, Report, RoleResult};
use crate::diff::{Row, Verdict};
use crate::finding::{Finding, Label, Severity, Witness};
use crate::fingerprint::Fingerprint;
use crate::parser::{Source, SourceId, Sources, Span};

pub(super) const HEAD_NODE: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Queue",
      "Effect": "Allow",
      "Action": ["sqs:SendMessage", "sqs:*"],
      "Resource": "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*"
    }
  ]
}
"#;

/// A label on the `nth` occurrence of `token`, counted from 0.
pub(super) fn label(report: &Report, file: u32, token: &str, nth: usize, message: &str) -> Label {
    let text = report.sources.get(SourceId(file)).text();
    let (start, _) = text.match_indices(token).nth(nth).unwrap();
    Label {
        source: SourceId(file),
        span: Span::new(start, start + token.len()),
        message: message.to_owned(),
    }
}

pub(super) fn finding(severity: Severity, lint: &'static str, message: &str, at: Label) -> Finding {
    Finding {
        lint,
        severity,
        own_severity: severity,
        message: message.to_owned(),
        notes: Vec::new(),
        help: None,
        actions: Vec::new(),
        subject: None,
        sid: None,
        reference_statement: None,
        reference_sid: None,
        witness: None,
        label: at,
        related: Vec::new(),
        fixes: Vec::new(),
        fingerprint: Fingerprint::of_text(message.to_owned()),
        suppressed: None,
    }
}

pub(super) fn row(statement: usize, action: &str, verdict: Verdict) -> Row {
    let resource = "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*";
    Row {
        statement,
        sid: Some("SQSQueue".into()),
        action: action.to_owned(),
        declared_as: action.into(),
        resources: [resource.to_owned()].into(),
        not_resource: false,
        feature: None,
        open: false,
        verdict,
        vacuous: false,
        witness: None,
        allowed_by: Arc::default(),
        denied_by: Arc::default(),
        depends: None,
    }
}

fn binding(name: &str, value: Option<&str>, from: &str, inferred: bool) -> Binding {
    Binding {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        from: from.to_owned(),
        inferred,
    }
}

/// A clean run over some files.
pub(super) fn report(files: &[(&str, &str)]) -> Report {
    let mut sources = Sources::new();
    for (name, text) in files {
        sources.add(Source::new(*name, *text));
    }
    Report {
        sources,
        catalog_date: "2026-09-26".to_owned(),
        results: vec![RoleResult {
            target: None,
            principal: None,
            parameters: Vec::new(),
            settings: 1,
            policies: files.iter().map(|(name, _)| (*name).to_owned()).collect(),
            reference: ReferenceName {
                policy: Some("ParallelClusterInstancePolicy".to_owned()),
                role: Some("instance".to_owned()),
                scheduler: Some("torque".to_owned()),
                pcluster_version: Some("2.4.1".to_owned()),
                version_is_default: true,
                ..ReferenceName::default()
            },
            bindings: vec![
                binding("Account", None, "", false),
                binding("Partition", Some("aws"), "default", false),
                binding("Region", Some("us-east-1"), "head-node.json:8:33", true),
            ],
            boundary: None,
            scps: Vec::new(),
            not_checked: vec!["permissions-boundary".to_owned(), "scp".to_owned()],
            also_needed: Vec::new(),
            once_repaired: false,
            kept: std::collections::BTreeSet::new(),
            requirements: vec![
                row(0, "sqs:SendMessage", Verdict::Covered),
                row(0, "sqs:GetQueueUrl", Verdict::Covered),
            ],
            findings: Vec::new(),
            cluster_config: None,
            upgrade: None,
            is_template: false,
            failed: false,
        }],
        others: Vec::new(),
        configuration: Vec::new(),
        weakened: Vec::new(),
        off: Vec::new(),
        fail_on: Some(Severity::Error),
    }
}

/// A run with an error that has everything, a warning and a note.
pub(super) fn findings() -> Report {
    let role = r#"{"Statement": {"Effect": "Deny", "Action": "sqs:Get*", "Resource": "*"}}"#;
    let mut report = report(&[("head-node.json", HEAD_NODE), ("deny.json", role)]);
    let mut denied = finding(
        Severity::Error,
        "denied-action",
        "`sqs:GetQueueUrl` is taken away by an explicit Deny",
        label(&report, 1, "sqs:Get*", 0, "denies `sqs:GetQueueUrl`"),
    );
    denied.related = vec![label(&report, 0, "sqs:*", 0, "granted here")];
    denied.notes = vec![
        "needed for statement 2 (`SQSQueue`) of ParallelClusterInstancePolicy".to_owned(),
        "fails for example: `sqs:GetQueueUrl` on `arn:aws:sqs:us-east-1:123456789012:parallelcluster-a`"
            .to_owned(),
    ];
    denied.help = Some(
        "except the queues from the Deny:\n{\n  \"Effect\": \"Deny\",\n  \"Action\": \"sqs:Get*\"\n}"
            .to_owned(),
    );
    denied.actions = vec!["sqs:GetQueueUrl".to_owned()];
    denied.reference_statement = Some(2);
    denied.reference_sid = Some("SQSQueue".to_owned());
    denied.witness = Some(Witness {
        action: "sqs:GetQueueUrl".to_owned(),
        resource: "arn:aws:sqs:us-east-1:123456789012:parallelcluster-a".to_owned(),
    });
    let mut broad = finding(
        Severity::Warning,
        "over-broad-action",
        "`sqs:*` allows 18 actions that nobody requires",
        label(&report, 0, "sqs:*", 0, ""),
    );
    broad.sid = Some("Queue".to_owned());
    let note = finding(
        Severity::Note,
        "unneeded-action",
        "`sqs:SendMessage` is not required",
        label(&report, 0, "sqs:SendMessage", 0, "not required"),
    );
    let places = [&broad.label, &denied.label].map(|at| (at.source, at.span));
    let result = &mut report.results[0];
    let [granted, denied_row] = &mut result.requirements[..] else {
        unreachable!()
    };
    granted.allowed_by = Arc::from([places[0]]);
    denied_row.allowed_by = Arc::from([places[0]]);
    denied_row.denied_by = Arc::from([places[1]]);
    denied_row.verdict = Verdict::Denied;
    denied_row.witness.clone_from(&denied.witness);
    result.findings = vec![denied, note, broad];
    report
}
