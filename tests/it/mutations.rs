//! Each of the four reference policies, changed in one place at a time: every action deleted, denied
//! and written with a wildcard, every Resource narrowed. The verdicts and witnesses are compared with
//! what trying concrete requests gives.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::common::evaluator::{self, Known, Statement, Sure};
use crate::common::requests::{names, requests};
use crate::common::role;
use pcluster_iam::diff::Row;
use pcluster_iam::finding::{Finding, Severity};
use pcluster_iam::report::RoleResult;
use serde_json::{Value, json};

const POLICIES: [(&str, &str, &str); 4] = [
    ("instance", "traditional", "torque"),
    ("instance", "awsbatch", "awsbatch"),
    ("user", "traditional", "torque"),
    ("user", "awsbatch", "awsbatch"),
];

const GIVEN: [(&str, &str); 11] = [
    ("Region", "us-east-1"),
    ("Account", "123456789012"),
    ("Partition", "aws"),
    ("Ec2RoleName", "parallelcluster-head-node"),
    ("StackName", "parallelcluster-hpc"),
    ("ResourcesS3Bucket", "parallelcluster-hpc-4f2a"),
    ("BatchJobDefinitionSerialName", "parallelcluster-hpc-serial"),
    ("BatchJobDefinitionMnpName", "parallelcluster-hpc-mnp"),
    ("BatchJobQueueName", "parallelcluster-hpc-queue"),
    ("BatchJobRoleName", "parallelcluster-hpc-JobRole-1ABC"),
    ("EcsComputeEnvironment", "AWSBatch-hpc_Batch_0a1b2c"),
];

/// By statement and action.
type Requests = BTreeMap<(usize, String), Rc<[String]>>;

struct Policy {
    role: &'static str,
    scheduler: &'static str,
    document: Value,
    needed: Vec<Statement>,
    names: Vec<String>,
    /// The requests that [`Policy::required`] has made: they are the same whatever is changed.
    required: RefCell<Requests>,
}

fn policies() -> impl Iterator<Item = Policy> {
    POLICIES.into_iter().map(|(role, variant, scheduler)| {
        let text = role::fixture(&format!("reference/{role}-{variant}-filled.json"));
        let document: Value = serde_json::from_str(&text).unwrap();
        let needed = evaluator::statements(&document);
        let names = names(&needed);
        Policy {
            role,
            scheduler,
            document,
            needed,
            names,
            required: RefCell::default(),
        }
    })
}

impl Policy {
    /// The requests of an action that a statement of the policy requires.
    fn required(&self, statement: usize, action: &str) -> Rc<[String]> {
        let mut all = self.required.borrow_mut();
        let of = all
            .entry((statement, action.to_owned()))
            .or_insert_with(|| {
                let needed = &self.needed[statement];
                let requests = requests(action, &self.names, "us-east-1").into_iter();
                requests
                    .filter(|r| needed.applies(action, r, &Known::default()) == Sure::Yes)
                    .collect()
            });
        Rc::clone(of)
    }
}

/// The verdict of one row, by trying.
fn expected(policy: &Policy, granted: &[Statement], row: &Row) -> (&'static str, bool) {
    let requests = policy.required(row.statement, &row.action);
    let outcomes: Vec<_> = requests
        .iter()
        // The name of a job definition has no colon: a revision is never registered by name.
        .filter(|r| row.action != "batch:RegisterJobDefinition" || !r.ends_with(":1"))
        // Nothing follows the name of the bucket of a Region.
        .filter(|r| {
            let rest = r.strip_prefix("arn:aws:s3:::us-east-1-aws-parallelcluster");
            rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .map(|r| evaluator::outcome(granted.iter(), &row.action, r, &Known::default()))
        .collect();
    let verdict = if outcomes.iter().all(|(sure, ..)| *sure) {
        "covered"
    } else if outcomes.iter().all(|(.., denied)| *denied) {
        "denied"
    } else if outcomes.iter().all(|(_, possible, _)| !possible) {
        "missing"
    } else if outcomes.iter().all(|(_, possible, _)| *possible) {
        "conditional"
    } else {
        "partial"
    };
    (verdict, outcomes.is_empty())
}

/// Checks every row that `touched` selects by trying, and that all others stay covered.
fn check(
    policy: &Policy,
    changed: &Value,
    touched: impl Fn(&Row) -> bool,
    what: &str,
) -> RoleResult {
    let result = role::lint(&changed.to_string(), policy.role, policy.scheduler, &GIVEN);
    let granted = evaluator::statements(changed);
    for row in &result.requirements {
        let verdict = row.verdict.name();
        if !touched(row) {
            assert_eq!(
                verdict, "covered",
                "{what}: {} of statement {}",
                row.action, row.statement
            );
            continue;
        }
        // A request on a group carries `:log-stream:`, and a stream is no resource of it: see the tests of names.
        if row.action == "logs:FilterLogEvents" {
            continue;
        }
        let (wanted, vacuous) = expected(policy, &granted, row);
        assert_eq!(
            (verdict, row.vacuous),
            (wanted, vacuous),
            "{what}: {} of statement {}",
            row.action,
            row.statement
        );
        if let Some(witness) = &row.witness {
            let (sure, possible, denied) = evaluator::outcome(
                granted.iter(),
                &witness.action,
                &witness.resource,
                &Known::default(),
            );
            let shown = match verdict {
                "denied" => denied,
                "conditional" => possible && !sure,
                _ => !possible,
            };
            let needed = policy.needed[row.statement].applies(
                &witness.action,
                &witness.resource,
                &Known::default(),
            );
            assert!(
                shown && needed == Sure::Yes,
                "{what}: {witness:?} does not show {verdict}"
            );
        }
    }
    let lacking: BTreeSet<&str> = result
        .requirements
        .iter()
        .filter(|r| r.verdict.name() != "covered")
        .map(|r| r.action.as_str())
        .collect();
    let named = |about: fn(&Finding) -> bool| {
        let findings = result.findings.iter().filter(move |f| about(f));
        findings.flat_map(|f| f.actions.iter().map(String::as_str))
    };
    // The finding of a feature also names what AWS's own text of the feature is short of.
    let errors: BTreeSet<&str> = named(|f| f.reference_statement.is_some())
        .chain(named(|f| f.lint == "feature-gap").filter(|a| lacking.contains(a)))
        .collect();
    assert_eq!(
        errors, lacking,
        "{what}: findings name what lacks, and nothing else"
    );
    result
}

fn actions(statement: &Value) -> Vec<String> {
    match &statement["Action"] {
        Value::String(one) => vec![one.clone()],
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap().to_owned())
            .collect(),
    }
}

fn same_action(row: &Row, action: &str) -> bool {
    let (row, action) = (row.action.to_lowercase(), action.to_lowercase());
    match action.split_once('*') {
        Some((prefix, "")) => row.starts_with(prefix),
        _ => row == action,
    }
}

/// Each statement and action of a policy.
fn each_action(policy: &Policy) -> Vec<(usize, usize, String)> {
    let statements = policy.document["Statement"].as_array().unwrap();
    statements
        .iter()
        .enumerate()
        .flat_map(|(i, s)| {
            actions(s)
                .into_iter()
                .enumerate()
                .map(move |(j, a)| (i, j, a))
        })
        .collect()
}

#[test]
fn the_policies_themselves_are_covered_row_by_row() {
    for policy in policies() {
        check(&policy, &policy.document, |_| true, policy.role);
    }
}

#[test]
fn each_of_the_244_actions_deleted() {
    let mut deletions = 0;
    let mut silent = Vec::new();
    let mut of_features = Vec::new();
    for policy in policies() {
        for (i, j, action) in each_action(&policy) {
            let mut changed = policy.document.clone();
            let mut left = actions(&changed["Statement"][i]);
            left.remove(j);
            if left.is_empty() {
                changed["Statement"].as_array_mut().unwrap().remove(i);
            } else {
                changed["Statement"][i]["Action"] = json!(left);
            }
            let what = format!(
                "{} {} without {action} in {i}",
                policy.role, policy.scheduler
            );
            let result = check(&policy, &changed, |row| same_action(row, &action), &what);
            deletions += 1;
            let lost = result
                .requirements
                .iter()
                .any(|r| r.verdict.name() != "covered");
            if !lost {
                silent.push(format!("{} {} {i} {action}", policy.role, policy.scheduler));
            }
            let mut lacking = result
                .requirements
                .iter()
                .filter(|r| r.verdict.name() != "covered");
            let open = lacking.all(|r| r.open);
            let severe = |least: Severity| {
                let names = |f: &&Finding| {
                    let mut named = f.actions.iter();
                    f.severity >= least && named.any(|a| a.eq_ignore_ascii_case(&action))
                };
                result.findings.iter().any(|f| names(&f))
            };
            // What is lost is at least a warning, and an error is about what is lost.
            let is_literal = !action.contains('*');
            assert!(!(lost && is_literal) || severe(Severity::Warning), "{what}");
            assert!(lost || !severe(Severity::Error), "{what}");
            if lost && open {
                of_features.push(action);
            }
        }
    }
    assert_eq!(deletions, 244);
    assert_eq!(
        of_features,
        [
            "s3:Get*",
            "s3:DeleteObject",
            "s3:List*",
            "iam:CreateServiceLinkedRole",
            "iam:SimulatePrincipalPolicy",
            "iam:GetPolicy",
            "iam:AttachRolePolicy",
            "iam:DetachRolePolicy",
            "elasticfilesystem:DescribeMountTargets",
            "elasticfilesystem:DescribeMountTargetSecurityGroups",
            "ec2:DescribeNetworkInterfaceAttribute",
            "fsx:*",
            "iam:SimulatePrincipalPolicy"
        ]
    );
    // What the reference itself does not grant, because its Resource does not fit.
    assert_eq!(
        silent,
        [
            "user awsbatch 3 cloudformation:ListStacks",
            "user awsbatch 8 iam:PassRole"
        ]
    );
}

#[test]
fn each_action_denied() {
    for policy in policies() {
        for (nth, (_, _, action)) in each_action(&policy).into_iter().enumerate() {
            let service = action.split(':').next().unwrap();
            let service = service.to_ascii_lowercase();
            let region = if service == "iam" { "" } else { "us-east-1" };
            let all = format!("arn:aws:{service}:{region}:123456789012:*");
            let resource = ["*", all.as_str(), "arn:aws:s3:::*/batch/*"][nth % 3];
            let mut changed = policy.document.clone();
            let deny = json!({ "Effect": "Deny", "Action": action, "Resource": resource });
            changed["Statement"].as_array_mut().unwrap().push(deny);
            let what = format!(
                "{} {} denying {action} on {resource}",
                policy.role, policy.scheduler
            );
            check(&policy, &changed, |row| same_action(row, &action), &what);
        }
    }
}

#[test]
fn each_action_by_a_wildcard_that_still_or_no_longer_matches() {
    for policy in policies() {
        for (i, j, action) in each_action(&policy)
            .into_iter()
            .filter(|(.., a)| !a.contains('*'))
        {
            let cut = action.len() - 1;
            for pattern in [
                format!("{}*", &action[..cut]),
                format!("{}?", &action[..cut]),
                format!("{action}?"),
            ] {
                let mut changed = policy.document.clone();
                let mut list = actions(&changed["Statement"][i]);
                list[j].clone_from(&pattern);
                changed["Statement"][i]["Action"] = json!(list);
                let what = format!("{} {} with {pattern} in {i}", policy.role, policy.scheduler);
                check(&policy, &changed, |row| same_action(row, &action), &what);
            }
        }
    }
}

#[test]
fn each_resource_narrowed() {
    for policy in policies() {
        let statements = policy.needed.clone();
        for (i, statement) in statements.iter().enumerate() {
            for (j, resource) in statement.resources.iter().enumerate() {
                for narrow in narrower(resource, &statement.actions) {
                    let mut changed = policy.document.clone();
                    let mut list = statement.resources.clone();
                    list[j].clone_from(&narrow);
                    changed["Statement"][i]["Resource"] = json!(list);
                    let what = format!("{} {} with {narrow} in {i}", policy.role, policy.scheduler);
                    check(
                        &policy,
                        &changed,
                        |row| statement.actions.iter().any(|a| same_action(row, a)),
                        &what,
                    );
                }
            }
        }
    }
}

/// A Resource made smaller in one part: the name, the account, the Region, the service.
fn narrower(resource: &str, actions: &[String]) -> Vec<String> {
    if resource == "*" {
        let service = actions[0].split(':').next().unwrap().to_lowercase();
        let mut all = vec![format!("arn:aws:{service}:::*")];
        // IAM rejects a policy with a Region in an ARN of its own.
        if service == "iam" {
            all.push("arn:aws:iam::123456789012:*".to_owned());
        } else {
            all.push(format!("arn:aws:{service}:us-east-1:123456789012:*"));
            all.push(format!("arn:aws:{service}:*:*:*"));
        }
        return all;
    }
    let mut all = vec![
        resource.replace("us-east-1", "eu-west-1"),
        resource.replace("123456789012", "210987654321"),
    ];
    match resource.rsplit_once('*') {
        Some((head, tail)) => all.push(format!("{head}narrow-*{tail}")),
        None => all.push(format!("{resource}-other")),
    }
    all.retain(|r| r != resource);
    all
}
