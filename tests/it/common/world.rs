//! A small world of requests, random policies over it, and the obvious way to judge them.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::catalogue::{self, Listed};
use super::evaluator::{self, Known, Line, Statement, Sure};

/// A reference and the documents attached to a role.
#[derive(Clone, Debug)]
pub struct Case {
    pub reference: Vec<Statement>,
    pub policies: Vec<Vec<Statement>>,
    pub boundary: Option<Vec<Statement>>,
    pub scps: Vec<Vec<Statement>>,
    /// Whose requests they are, as `rules/principals.toml` says it.
    pub principal: &'static str,
}

/// The kinds of principal, and a role of each.
pub const PRINCIPALS: [(&str, Option<&str>); 3] = [
    ("any", None),
    ("instance", Some("head-node")),
    ("function", Some("lambda")),
];

/// What the engine is told of all requests: keys with one value, with two, and one that is absent.
pub fn given() -> Vec<(&'static str, Option<Vec<&'static str>>)> {
    vec![
        ("aws:SourceVpc", Some(vec!["a"])),
        ("aws:TagKeys", Some(vec!["a", "b"])),
        ("aws:MultiFactorAuthAge", None),
    ]
}

/// The same for the evaluator, and what follows from the bound account and from whose requests they are.
fn known(principal: &'static str, action: &str) -> Known {
    let own = |v: Vec<&str>| v.into_iter().map(str::to_owned).collect();
    let service = action.split(':').next().unwrap_or_default();
    let mut known = Known::default().by(principal, &service.to_lowercase());
    for (key, value) in given() {
        known = known.given(key, value.map(own));
    }
    known.given(
        "aws:PrincipalAccount",
        Some(vec!["123456789012".to_owned()]),
    )
}

/// What is known of the requests of an action, case by case: not every request that passes a role names the service.
fn cases_of(principal: &'static str, action: &str) -> Vec<Known> {
    let known = known(principal, action);
    if action.eq_ignore_ascii_case("iam:PassRole") {
        vec![known.with("iam:PassedToService", None), known]
    } else {
        vec![known]
    }
}

pub fn document(statements: &[Statement]) -> String {
    let statements: Vec<Value> = statements
        .iter()
        .map(|s| {
            let mut value = json!({
                "Effect": if s.allow { "Allow" } else { "Deny" },
                (if s.not_action { "NotAction" } else { "Action" }): s.actions,
                (if s.not_resource { "NotResource" } else { "Resource" }): s.resources,
            });
            for line in &s.conditions {
                value["Condition"][&line.operator][&line.key] = json!(line.values);
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

    pub fn boundary_json(&self) -> Option<String> {
        self.boundary.as_deref().map(document)
    }

    pub fn scps_json(&self) -> Vec<String> {
        self.scps.iter().map(|p| document(p)).collect()
    }
}

/// The actions of the world and the ARNs that each applies to, one for each of its types in AWS's order; none for those
/// checked against `*`.
const ACTIONS: [(&str, &[&str]); 8] = [
    (
        "sqs:SendMessage",
        &["arn:aws:sqs:REGION:123456789012:QUEUE"],
    ),
    (
        "sqs:SetQueueAttributes",
        &["arn:aws:sqs:REGION:123456789012:QUEUE"],
    ),
    // AWS's characters for the names of pipelines are not known to the program.
    (
        "codepipeline:StartPipelineExecution",
        &["arn:aws:codepipeline:REGION:123456789012:NAME"],
    ),
    ("sqs:ListQueues", &[]),
    ("iam:PassRole", &["arn:aws:iam::123456789012:role/NAME"]),
    ("s3:PutBucketCORS", &["arn:aws:s3:::BUCKET"]),
    ("ec2:DescribeRegions", &[]),
    // Its types have different condition keys.
    (
        "ec2:CreateRouteTable",
        &[
            "arn:aws:ec2:REGION:123456789012:route-table/QUEUE",
            "arn:aws:ec2:REGION:123456789012:vpc/QUEUE",
        ],
    ),
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

/// The requests on one kind of resource; the kind is its place among the types of the action, `None` for `*`.
type OfKind = (Option<usize>, Vec<String>);

/// An action, what AWS lists of it, and every request of the world by kind of resource.
type OfAction = (&'static str, Listed, Vec<OfKind>);

/// Every request of the world on each action, with names of up to so many letters.
fn world(longest: usize) -> Vec<OfAction> {
    // No pattern names `/` in a pipeline or role, nor `b` in a queue or `z` in a bucket: they stand for all other letters.
    let names = words(&["a", ":", "/"], longest);
    // The names of queues, buckets, route tables and VPCs hold neither `:` nor `/`.
    let queues = words(&["a", "b"], longest);
    let buckets = words(&["a", "b", "z"], longest);
    let mut all = Vec::new();
    for (action, formats) in ACTIONS {
        let listed = catalogue::action(action).unwrap();
        let on = |format: &&str| -> Vec<String> {
            let regions: &[&str] = if format.contains("REGION") {
                &REGIONS
            } else {
                &[""]
            };
            let names = if format.contains("BUCKET") {
                &buckets
            } else if format.contains("QUEUE") {
                &queues
            } else {
                &names
            };
            let fill = |r: &&str, n: &String| {
                format
                    .replace("REGION", r)
                    .replace("NAME", n)
                    .replace("BUCKET", n)
                    .replace("QUEUE", n)
            };
            regions
                .iter()
                .flat_map(|r| names.iter().map(move |n| fill(r, n)))
                .collect()
        };
        let kinds = formats.iter().enumerate();
        let mut kinds: Vec<OfKind> = kinds.map(|(at, f)| (Some(at), on(f))).collect();
        if kinds.is_empty() {
            kinds.push((None, vec!["*".to_owned()]));
        }
        all.push((action, listed, kinds));
    }
    all
}

static SMALL: LazyLock<Vec<OfAction>> = LazyLock::new(|| world(4));
static LARGE: LazyLock<Vec<OfAction>> = LazyLock::new(|| world(7));

fn of_action(action: &str, large: bool) -> &'static OfAction {
    let world = if large { &*LARGE } else { &*SMALL };
    let found = world.iter().find(|(a, ..)| *a == action);
    found.unwrap_or_else(|| panic!("{action} is not of this world"))
}

/// The requests of an action by kind of resource, each with what is known of them.
pub fn requests(action: &str, large: bool, known: &Known) -> Vec<(Known, &'static [String])> {
    let (_, listed, kinds) = of_action(action, large);
    let of = |(kind, requests): &'static OfKind| {
        let known = kind.map_or_else(|| known.clone(), |kind| known.on(listed, kind));
        (known, requests.as_slice())
    };
    kinds.iter().map(of).collect()
}

/// What is known of a request, of this world or not, for each type that its resource may be of.
pub fn of_request(action: &str, resource: &str, known: &Known) -> Vec<Known> {
    let in_world = SMALL.iter().find(|(a, ..)| a.eq_ignore_ascii_case(action));
    let listed = match in_world {
        Some((_, listed, _)) => listed,
        None => elsewhere(action),
    };
    if listed.types.is_empty() {
        return if resource == "*" {
            vec![known.clone()]
        } else {
            Vec::new()
        };
    }
    let types = listed.types_of(resource).into_iter();
    types.map(|kind| known.on(listed, kind)).collect()
}

/// What AWS lists of an action outside of this world.
fn elsewhere(action: &str) -> &'static Listed {
    static READ: LazyLock<Mutex<BTreeMap<String, &'static Listed>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap();
    let read = read.entry(action.to_owned());
    read.or_insert_with(|| Box::leak(Box::new(catalogue::action(action).unwrap())))
}

/// The world's ARNs are ones that AWS lists for its actions, type by type.
#[test]
fn the_world_is_of_the_catalogue() {
    for (action, listed, kinds) in &*SMALL {
        assert_eq!(
            listed.types.len(),
            kinds.iter().filter(|k| k.0.is_some()).count(),
            "{action}"
        );
        for (kind, requests) in kinds {
            for request in requests {
                let found = listed.types_of(request);
                assert_eq!(found, Vec::from_iter(*kind), "{action} on {request}");
            }
        }
    }
}

/// The actions of the world.
pub fn actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|(action, _)| *action)
}

/// Whether a statement may match some request of an action.
pub fn touches(by: &Statement, action: &str, large: bool) -> bool {
    let known = Known::default();
    let requests = requests(action, large, &known);
    let mut requests = requests.iter().flat_map(|(_, requests)| *requests);
    requests.any(|r| {
        // What a contested reading makes of an Allow counts here, as it does for a Deny.
        let deny = Statement {
            allow: false,
            ..by.clone()
        };
        deny.applies(action, r, &known) != Sure::No
    })
}

/// Judges a case by asking about every request of the world.
pub struct Judge<'a> {
    case: &'a Case,
    layers: Vec<Vec<Statement>>,
}

impl<'a> Judge<'a> {
    pub fn new(case: &'a Case) -> Self {
        let mut layers = vec![case.policies.concat()];
        layers.extend(case.boundary.iter().chain(&case.scps).cloned());
        Judge { case, layers }
    }

    /// What is known of the requests of an action that a statement requires, case by case: its Condition lists values.
    fn contexts(&self, statement: usize, action: &str) -> Vec<Known> {
        let mut contexts = vec![known(self.case.principal, action)];
        for line in &self.case.reference[statement].conditions {
            let values: Vec<Option<Vec<String>>> = if line.operator == "Null" {
                vec![None]
            } else {
                line.values.iter().map(|v| Some(vec![v.clone()])).collect()
            };
            contexts = contexts
                .iter()
                .flat_map(|known| values.iter().map(|v| known.with(&line.key, v.clone())))
                .collect();
        }
        contexts
    }

    fn required(&self, statement: usize, action: &str, resource: &str, known: &Known) -> bool {
        let applies = |s: &Statement| s.applies(action, resource, known) == Sure::Yes;
        let denied = self.case.reference.iter().any(|s| !s.allow && applies(s));
        applies(&self.case.reference[statement]) && !denied
    }

    fn outcome(&self, action: &str, resource: &str, known: &Known) -> (bool, bool, bool) {
        evaluator::layered(&self.layers, action, resource, known)
    }

    /// The verdict by its definition, and whether nothing is required. In the large world names are
    /// longer than any that a few short patterns tell apart, and judging takes long.
    pub fn verdict(&self, statement: usize, action: &str, large: bool) -> (&'static str, bool) {
        let mut needed = Vec::new();
        let contexts = self.contexts(statement, action);
        let contexts = contexts
            .iter()
            .flat_map(|known| requests(action, large, known));
        for (known, requests) in contexts {
            let layers: Vec<Vec<Statement>> = self
                .layers
                .iter()
                .map(|statements| evaluator::settle(statements, &known))
                .collect();
            needed.extend(
                requests
                    .iter()
                    .filter(|r| self.required(statement, action, r, &known))
                    .map(|r| evaluator::layered(&layers, action, r, &known)),
            );
        }
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

    /// Whether a request, of this world or not, is a right beyond need that one statement gives: it is allowed for
    /// certain, and not required.
    pub fn is_excess(&self, by: &Statement, action: &str, resource: &str) -> bool {
        let cases = cases_of(self.case.principal, action).into_iter();
        let mut known = cases.flat_map(|known| of_request(action, resource, &known));
        known.any(|known| self.gives(by, action, resource, &known))
    }

    fn gives(&self, by: &Statement, action: &str, resource: &str, known: &Known) -> bool {
        let sure = |layer: &[Statement]| evaluator::outcome(layer.iter(), action, resource, known);
        by.applies(action, resource, known) == Sure::Yes
            && self.layers.iter().all(|layer| sure(layer).0)
            && !evaluator::may_be_required(&self.case.reference, action, resource)
    }

    /// Whether a statement gives a right beyond need to an action, and whether any request of it is required.
    pub fn excess(&self, by: &Statement, action: &str, large: bool) -> (bool, bool) {
        let reference = &self.case.reference;
        let cases = cases_of(self.case.principal, action);
        let mut asked = cases
            .iter()
            .flat_map(|known| requests(action, large, known));
        let beyond = asked.any(|(known, requests)| {
            let settled = evaluator::settle(slice::from_ref(by), &known);
            let layers = self.layers.iter().map(|l| evaluator::settle(l, &known));
            let judge = Judge {
                case: self.case,
                layers: layers.collect(),
            };
            settled
                .first()
                .is_some_and(|by| requests.iter().any(|r| judge.gives(by, action, r, &known)))
        });
        let required = |r: &String| evaluator::is_required(reference, action, r);
        let all = requests(action, large, &Known::default());
        let mut all = all.iter().flat_map(|(_, requests)| *requests);
        (beyond, beyond && all.any(required))
    }

    /// Whether one statement allows for certain, whatever the Condition of a statement of the reference says, a request
    /// that this one requires and no other requires without a Condition.
    pub fn unconditional(
        &self,
        by: &Statement,
        statement: usize,
        action: &str,
        large: bool,
    ) -> bool {
        let cases = cases_of(self.case.principal, action);
        let mut asked = cases
            .iter()
            .flat_map(|known| requests(action, large, known));
        asked
            .any(|(known, requests)| self.unconditional_in(by, statement, action, requests, &known))
    }

    fn unconditional_in(
        &self,
        by: &Statement,
        statement: usize,
        action: &str,
        requests: &[String],
        known: &Known,
    ) -> bool {
        let settled = evaluator::settle(slice::from_ref(by), known);
        let layers: Vec<_> = { self.layers.iter() }
            .map(|l| evaluator::settle(l, known))
            .collect();
        let Some(by) = settled.first().filter(|by| by.allow) else {
            return false;
        };
        // A Condition that holds in these requests restricts none of them.
        let own = &self.case.reference[statement].conditions;
        if evaluator::hold(own, known) == Sure::Yes {
            return false;
        }
        let free = |s: &Statement| Statement {
            conditions: Vec::new(),
            ..s.clone()
        };
        let wanted = free(&self.case.reference[statement]);
        requests.iter().any(|r| {
            let applies = |s: &Statement| s.applies(action, r, known) == Sure::Yes;
            let sure =
                |layer: &Vec<Statement>| evaluator::outcome(layer.iter(), action, r, known).0;
            let elsewhere =
                |s: &Statement| s.allow && s.conditions.is_empty() && s.most(action, r, true);
            applies(by)
                && applies(&wanted)
                && !{ self.case.reference.iter() }.any(|s| !s.allow && applies(s))
                && !self.case.reference.iter().any(elsewhere)
                && layers.iter().all(sure)
        })
    }

    /// Whether a request, of this world or not, is one that shows the verdict.
    pub fn shows(&self, statement: usize, action: &str, resource: &str, verdict: &str) -> bool {
        let contexts = self.contexts(statement, action).into_iter();
        let mut contexts = contexts.flat_map(|known| of_request(action, resource, &known));
        contexts.any(|known| {
            let known = &known;
            let (sure, possible, denied) = self.outcome(action, resource, known);
            self.required(statement, action, resource, known)
                && match verdict {
                    "conditional" => !sure && possible,
                    "denied" => denied,
                    "missing" | "partial" => !possible,
                    _ => false,
                }
        })
    }
}

/// A request, and what is wrong with it.
pub type Flaw = (&'static str, String, &'static str);

/// Whether other policies in the place of those of a case allow what these allow of all that may be required, and nothing
/// that these do not, whichever way the requests of the world are judged. Gives a request that shows otherwise.
pub fn flaw(case: &Case, after: &[Vec<Statement>]) -> Option<Flaw> {
    let judge = Judge::new(case);
    let new = after.concat();
    // Under the widest reading of every string, whatever the Conditions are.
    let could = |statements: &[Statement], action: &str, resource: &str| {
        let mut allows = statements.iter().filter(|s| s.allow);
        allows.any(|s| s.most(action, resource, true))
    };
    let statements = 0..case.reference.len();
    let asked = statements.flat_map(|s| actions().map(move |action| (s, action)));
    let asked = asked.flat_map(|(s, action)| {
        let contexts = judge.contexts(s, action).into_iter();
        contexts.flat_map(move |known| {
            requests(action, false, &known)
                .into_iter()
                .map(move |r| (action, r))
        })
    });
    for (action, (known, requests)) in asked {
        let settle = |statements: &[Statement]| evaluator::settle(statements, &known);
        let before: Vec<_> = judge.layers.iter().map(|l| settle(l)).collect();
        let mut then = before.clone();
        then[0] = settle(&new);
        {
            for resource in requests {
                let [old, now] =
                    [&before, &then].map(|l| evaluator::layered(l, action, resource, &known));
                let flaw = |what| Some((action, resource.clone(), what));
                if now.0 && !old.0 || now.1 && !old.1 || old.2 && !now.2 {
                    return flaw("is allowed more than before");
                }
                let [could_old, could_now] =
                    [&judge.layers[0], &new].map(|s| could(s, action, resource));
                if could_now && !could_old {
                    return flaw("could be allowed more than before");
                }
                // What AWS takes in two ways is the same in a requirement and in the policy that repeats it.
                if old != now && evaluator::is_required(&case.reference, action, resource) {
                    return flaw("is required and fares worse");
                }
                if could_old
                    && !could_now
                    && evaluator::may_be_required(&case.reference, action, resource)
                {
                    return flaw("may be required and could be allowed less than before");
                }
            }
        }
    }
    None
}

fn action_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(ACTIONS.map(|(a, _)| a.to_owned()).to_vec()),
        1 => prop::sample::select(vec![
            "*", "sqs:*", "SQS:sendmessage", "sqs:S*", "iam:Pass????", "s3:PutB*CORS", "sqs:?endMessage", "ec2:CreateRouteT*",
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
        6 => (region, account.clone(), name(), any::<bool>()).prop_map(|(r, a, n, queue)| {
            let service = if queue { "sqs" } else { "codepipeline" };
            format!("arn:aws:{service}:{r}:{a}:{n}")
        }),
        2 => name().prop_map(|n| format!("arn:aws:iam::123456789012:role/{n}")),
        2 => (account.clone(), name(), prop::sample::select(vec!["vpc/", "route-table/", "*/", "", "*"]))
            .prop_map(|(a, n, kind)| format!("arn:aws:ec2:*:{a}:{kind}{n}")),
        2 => name().prop_map(|n| format!("arn:aws:s3:::{}", n.replace(['/', ':'], "b"))),
        1 => prop::sample::select(vec![
            "arn:aws:sqs:*", "arn:*", "arn:aws:sqs", "arn:aws:sqs:*:a", "arn:aws:sqs:us-east-1:*",
            "arn:*:sqs:*:*:*", "arn:aws:codepipeline:*:a", "arn:aws:codepipeline:*", "arn:aws:iam::*:role*", "arn:aws:*:*:*:*", "arn:aws:s3:::*",
        ]).prop_map(str::to_owned),
    ]
}

/// A line of a Condition of a customer's statement.
fn line() -> impl Strategy<Value = Line> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringEqualsIfExists",
        "StringLikeIfExists",
        "StringNotLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringLike",
        "ForAnyValue:StringNotEquals",
        "ForAllValues:StringLikeIfExists",
        "ForAnyValue:StringEqualsIfExists",
        "Bool",
        "BoolIfExists",
        "Null",
        "ForAllValues:Null",
        "ForAnyValue:Null",
    ]);
    let key = prop::sample::select(vec![
        "aws:SourceVpc",
        "AWS:sourcevpc",
        "aws:TagKeys",
        "aws:MultiFactorAuthAge",
        "aws:PrincipalTag/x",
        "aws:PrincipalTag/x",
        "iam:PassedToService",
        "aws:PrincipalAccount",
        "aws:ResourceTag/x",
        "ec2:VpcID",
        "aws:username",
        "aws:userid",
        "aws:PrincipalType",
        "aws:ViaAWSService",
        "aws:SourceAccount",
        "saml:aud",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "b",
        "A",
        "*",
        "a*",
        "?",
        "ab",
        "123456789012",
        "AssumedRole",
        "AROA*",
        "false",
    ]);
    let flag = prop::sample::select(vec!["true", "false"]);
    let of_key = (
        operator,
        key,
        prop::collection::vec(value, 1..3),
        prop::collection::vec(flag, 1..3),
    )
        .prop_map(|(operator, key, values, flags)| {
            let boolean = operator.ends_with("Null") || operator.starts_with("Bool");
            let values = if boolean { flags } else { values };
            Line {
                operator: operator.to_owned(),
                key: key.to_owned(),
                values: values.into_iter().map(str::to_owned).collect(),
            }
        });
    prop_oneof![9 => of_key, 1 => line_on_arn()]
}

/// A line about the principal's ARN.
fn line_on_arn() -> impl Strategy<Value = Line> {
    let operator = prop::sample::select(vec![
        "ArnLike",
        "ArnEquals",
        "ArnNotLike",
        "ArnEqualsIfExists",
        "ForAllValues:ArnNotEquals",
        "StringLike",
        "StringNotEquals",
    ]);
    let value = prop::sample::select(vec![
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:role/a",
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::123456789012:*",
        "arn:aws:iam::210987654321:role/*",
        "arn:aws:sts::123456789012:assumed-role/a/*",
    ]);
    (operator, prop::collection::vec(value, 1..3)).prop_map(|(operator, values)| Line {
        operator: operator.to_owned(),
        key: "aws:PrincipalArn".to_owned(),
        values: values.into_iter().map(str::to_owned).collect(),
    })
}

/// What a reference states of its requests: values, or that they lack a key.
fn stated() -> impl Strategy<Value = Line> {
    let values = prop::collection::vec(prop::sample::select(vec!["a", "b", "ab"]), 1..3);
    (any::<bool>(), values).prop_map(|(null, values)| {
        let values = if null { vec!["true"] } else { values };
        Line {
            operator: if null { "Null" } else { "StringEquals" }.to_owned(),
            key: "iam:PassedToService".to_owned(),
            values: values.into_iter().map(str::to_owned).collect(),
        }
    })
}

/// One line for each operator and key, as an object has it.
fn conditions(customer: bool) -> impl Strategy<Value = Vec<Line>> {
    let lines: BoxedStrategy<Vec<Line>> = if customer {
        prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(line(), 1..4)].boxed()
    } else {
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(stated(), 1)].boxed()
    };
    lines.prop_map(|mut lines| {
        let mut seen = BTreeSet::new();
        lines.retain(|line| seen.insert((line.operator.clone(), line.key.clone())));
        lines
    })
}

fn statement(customer: bool) -> impl Strategy<Value = Statement> {
    let action: BoxedStrategy<String> = if customer {
        action_pattern().boxed()
    } else {
        required_action().boxed()
    };
    let resource: BoxedStrategy<String> = if customer {
        prop_oneof![8 => resource(), 1 => with_variable()].boxed()
    } else {
        resource().boxed()
    };
    let rare = if customer { 0.15 } else { 0.0 };
    (
        prop::bool::weighted(if customer { 0.75 } else { 0.9 }),
        prop::bool::weighted(rare),
        prop::collection::vec(action, 1..3),
        prop::bool::weighted(if customer { 0.15 } else { 0.1 }),
        prop::collection::vec(resource, 1..3),
        conditions(customer),
    )
        .prop_map(
            move |(allow, not_action, actions, not_resource, resources, conditions)| {
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
                    conditions: if allow || customer {
                        conditions
                    } else {
                        Vec::new()
                    },
                }
            },
        )
}

fn with_variable() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "arn:aws:sqs:us-east-1:123456789012:${aws:username}",
        "arn:aws:sqs:us-east-1:123456789012:a${aws:PrincipalTag/x}",
        "arn:aws:sqs:*:*:${aws:SourceVpc}",
        "arn:aws:codepipeline:*:*:${aws:SourceVpc}",
        "arn:aws:sqs:*:${aws:PrincipalAccount}:*",
        "arn:aws:iam::123456789012:role/${aws:SourceVpc}*",
        "arn:aws:s3:::${aws:username}",
    ])
    .prop_map(str::to_owned)
}

/// A statement of a customer's policy.
pub fn customer_statement() -> impl Strategy<Value = Statement> {
    statement(true)
}

/// Statements of a policy that allow what a reference requires, and more.
pub fn broader(reference: Vec<Statement>) -> impl Strategy<Value = Vec<Statement>> {
    let allows: Vec<Statement> = reference.into_iter().filter(|s| s.allow).collect();
    let count = allows.len();
    let how = (
        0..4_usize,
        0..4_usize,
        action_pattern(),
        resource(),
        conditions(true),
    );
    prop::collection::vec(how, count).prop_map(move |how| {
        let broaden = |(s, (actions, resources, action, resource, conditions)): (
            &Statement,
            (usize, usize, String, String, Vec<Line>),
        )| {
            let mut s = s.clone();
            let service = s.actions[0].split(':').next().unwrap().to_owned();
            match actions {
                0 => s.actions.push(action),
                1 => s.actions = vec![format!("{service}:*"), action],
                2 => s.actions = vec!["sqs:*".to_owned(), "iam:*".to_owned(), "S3:Put*".to_owned()],
                _ => {}
            }
            match resources {
                0 => s.resources.push(resource),
                1 => s.resources = vec![format!("arn:aws:{service}:*")],
                2 => s.resources = vec!["*".to_owned(), resource],
                _ => {}
            }
            s.conditions = conditions;
            s
        };
        allows.iter().zip(how).map(broaden).collect()
    })
}

/// What limits a role allows much, mostly.
pub fn limit() -> impl Strategy<Value = Vec<Statement>> {
    let everything = Statement {
        allow: true,
        not_action: false,
        actions: vec!["*".to_owned()],
        not_resource: false,
        resources: vec!["*".to_owned()],
        conditions: Vec::new(),
    };
    let some = prop::collection::vec(statement(true), 1..3);
    (any::<bool>(), some).prop_map(move |(wide, mut statements)| {
        if wide {
            statements.push(everything.clone());
        }
        statements
    })
}

/// A random reference, one to three documents with one to four statements, and at times what limits them.
pub fn case() -> impl Strategy<Value = Case> {
    let document = prop::collection::vec(statement(true), 1..4);
    (
        prop::collection::vec(statement(false), 1..3),
        prop::collection::vec(document, 1..3),
        prop::option::weighted(0.2, limit()),
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(limit(), 1..3)],
        prop::sample::select(PRINCIPALS.map(|(name, _)| name).to_vec()),
    )
        .prop_map(|(reference, policies, boundary, scps, principal)| Case {
            reference,
            policies,
            boundary,
            scps,
            principal,
        })
}
