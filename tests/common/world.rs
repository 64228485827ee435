//! A small world of requests, random policies over it, and the obvious way to judge them.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::evaluator::{self, Statement, Sure};

/// A reference and the documents attached to a role.
#[derive(Clone, Debug)]
pub struct Case {
    pub reference: Vec<Statement>,
    pub policies: Vec<Vec<Statement>>,
}

fn document(statements: &[Statement]) -> String {
    let statements: Vec<Value> = statements
        .iter()
        .map(|s| {
            let mut value = json!({
                "Effect": if s.allow { "Allow" } else { "Deny" },
                (if s.not_action { "NotAction" } else { "Action" }): s.actions,
                (if s.not_resource { "NotResource" } else { "Resource" }): s.resources,
            });
            if s.condition {
                value["Condition"] = json!({ "Bool": { "aws:SecureTransport": "true" } });
            }
            value
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

impl Case {
    pub fn reference_json(&self) -> String {
        document(&self.reference)
    }

    pub fn policies_json(&self) -> Vec<String> {
        self.policies.iter().map(|p| document(p)).collect()
    }
}

/// The actions of the world and the ARNs that each applies to; `None` for those checked against `*`.
const ACTIONS: [(&str, Option<&str>); 6] = [
    (
        "sqs:SendMessage",
        Some("arn:aws:sqs:REGION:123456789012:NAME"),
    ),
    (
        "sqs:SetQueueAttributes",
        Some("arn:aws:sqs:REGION:123456789012:NAME"),
    ),
    ("sqs:ListQueues", None),
    ("iam:PassRole", Some("arn:aws:iam::123456789012:role/NAME")),
    ("s3:PutBucketCORS", Some("arn:aws:s3:::BUCKET")),
    ("ec2:DescribeRegions", None),
];

const REGIONS: [&str; 5] = ["us-east-1", "us-q", "eu-west-1", "z", "zz"];

fn words(letters: &[&str], longest: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut last = vec![String::new()];
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|w| letters.iter().map(move |l| format!("{w}{l}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Every request of the world on each action, with names of up to so many letters.
fn world(longest: usize) -> Vec<(&'static str, Vec<String>)> {
    // No pattern names `/` in a queue or role, nor `z` in a bucket: they stand for all other letters.
    let names = words(&["a", ":", "/"], longest);
    let buckets = words(&["a", "b", "z"], longest);
    let mut all = Vec::new();
    for (action, format) in ACTIONS {
        let Some(format) = format else {
            all.push((action, vec!["*".to_owned()]));
            continue;
        };
        let regions: &[&str] = if format.contains("REGION") {
            &REGIONS
        } else {
            &[""]
        };
        let names = if format.contains("BUCKET") {
            &buckets
        } else {
            &names
        };
        let fill = |r: &&str, n: &String| {
            format
                .replace("REGION", r)
                .replace("NAME", n)
                .replace("BUCKET", n)
        };
        let arns = regions
            .iter()
            .flat_map(|r| names.iter().map(move |n| fill(r, n)))
            .collect();
        all.push((action, arns));
    }
    all
}

static SMALL: LazyLock<Vec<(&'static str, Vec<String>)>> = LazyLock::new(|| world(4));
static LARGE: LazyLock<Vec<(&'static str, Vec<String>)>> = LazyLock::new(|| world(7));

fn requests(action: &str, large: bool) -> &'static [String] {
    let world = if large { &*LARGE } else { &*SMALL };
    let found = world.iter().find(|(a, _)| *a == action);
    &found
        .unwrap_or_else(|| panic!("{action} is not of this world"))
        .1
}

/// Judges a case by asking about every request of the world.
pub struct Judge<'a> {
    case: &'a Case,
}

impl<'a> Judge<'a> {
    pub fn new(case: &'a Case) -> Self {
        Judge { case }
    }

    fn required(&self, statement: usize, action: &str, resource: &str) -> bool {
        let denied = self
            .case
            .reference
            .iter()
            .any(|s| !s.allow && s.applies(action, resource) == Sure::Yes);
        self.case.reference[statement].applies(action, resource) == Sure::Yes && !denied
    }

    fn outcome(&self, action: &str, resource: &str) -> (bool, bool, bool) {
        evaluator::outcome(self.case.policies.iter().flatten(), action, resource)
    }

    /// The verdict by its definition, and whether nothing is required. In the large world names are
    /// longer than any that a few short patterns tell apart, and judging takes long.
    pub fn verdict(&self, statement: usize, action: &str, large: bool) -> (&'static str, bool) {
        let needed: Vec<_> = requests(action, large)
            .iter()
            .filter(|r| self.required(statement, action, r))
            .map(|r| self.outcome(action, r))
            .collect();
        let verdict = if needed.iter().all(|(sure, ..)| *sure) {
            "covered"
        } else if needed.iter().all(|(.., denied)| *denied) {
            "denied"
        } else if needed.iter().all(|(_, possible, _)| !*possible) {
            "missing"
        } else if needed.iter().all(|(_, possible, _)| *possible) {
            "conditional"
        } else {
            "partial"
        };
        (verdict, needed.is_empty())
    }

    /// Whether a request, of this world or not, is one that shows the verdict.
    pub fn shows(&self, statement: usize, action: &str, resource: &str, verdict: &str) -> bool {
        let (sure, possible, denied) = self.outcome(action, resource);
        self.required(statement, action, resource)
            && match verdict {
                "conditional" => !sure && possible,
                "denied" => denied,
                "missing" | "partial" => !possible,
                _ => false,
            }
    }
}

fn action_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(ACTIONS.map(|(a, _)| a.to_owned()).to_vec()),
        1 => prop::sample::select(vec![
            "*", "sqs:*", "SQS:sendmessage", "sqs:S*", "iam:Pass????", "s3:PutB*CORS", "sqs:?endMessage",
        ]).prop_map(str::to_owned),
    ]
}

/// What the reference names: single actions, so that every row is of this world.
fn required_action() -> impl Strategy<Value = String> {
    prop::sample::select(ACTIONS.map(|(a, _)| a.to_owned()).to_vec())
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "*", "?", ":"]), 1..4)
        .prop_map(|parts| parts.concat())
}

fn resource() -> impl Strategy<Value = String> {
    let region = prop::sample::select(vec!["us-east-1", "eu-west-1", "*", "us-*", "?"]);
    let account = prop::sample::select(vec!["123456789012", "*", "1234567890??"]);
    prop_oneof![
        2 => Just("*".to_owned()),
        4 => (region, account, name())
            .prop_map(|(r, a, n)| format!("arn:aws:sqs:{r}:{a}:{n}")),
        2 => name().prop_map(|n| format!("arn:aws:iam::123456789012:role/{n}")),
        2 => name().prop_map(|n| format!("arn:aws:s3:::{}", n.replace(['/', ':'], "b"))),
        1 => prop::sample::select(vec![
            "arn:aws:sqs:*", "arn:*", "arn:aws:sqs", "arn:aws:sqs:*:a", "arn:aws:sqs:us-east-1:*",
            "arn:*:sqs:*:*:*", "arn:aws:iam::*:role*", "arn:aws:*:*:*:*", "arn:aws:s3:::*",
        ]).prop_map(str::to_owned),
    ]
}

fn statement(customer: bool) -> impl Strategy<Value = Statement> {
    let action: BoxedStrategy<String> = if customer {
        action_pattern().boxed()
    } else {
        required_action().boxed()
    };
    let rare = if customer { 0.15 } else { 0.0 };
    (
        prop::bool::weighted(if customer { 0.75 } else { 0.9 }),
        prop::bool::weighted(rare),
        prop::collection::vec(action, 1..3),
        prop::bool::weighted(if customer { 0.15 } else { 0.1 }),
        prop::collection::vec(resource(), 1..3),
        prop::bool::weighted(rare),
    )
        .prop_map(
            move |(allow, not_action, actions, not_resource, resources, condition)| {
                // What only a contested reading makes a requirement is no subject here.
                let plain = |r: &String| r == "*" || r.splitn(6, ':').count() == 6;
                let resources = if customer || resources.iter().all(plain) {
                    resources
                } else {
                    vec!["*".to_owned()]
                };
                Statement {
                    allow,
                    not_action,
                    actions,
                    not_resource,
                    resources,
                    condition,
                }
            },
        )
}

/// A random reference and one to three documents with one to four statements.
pub fn case() -> impl Strategy<Value = Case> {
    let document = prop::collection::vec(statement(true), 1..4);
    (
        prop::collection::vec(statement(false), 1..3),
        prop::collection::vec(document, 1..3),
    )
        .prop_map(|(reference, policies)| Case {
            reference,
            policies,
        })
}
