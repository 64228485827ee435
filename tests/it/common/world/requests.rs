//! The requests of a small world: each action on each resource that it applies to.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use crate::common::catalogue::{self, Listed};
use crate::common::evaluator::{Known, Statement, Sure};

/// The kinds of principal, and a role of each.
pub const PRINCIPALS: [(&str, Option<&str>); 3] = [
    ("any", None),
    ("instance", Some("head-node")),
    ("function", Some("lambda")),
];

/// What the engine is told of all requests: keys with one value, with two, and one that is absent.
pub fn given() -> Vec<(&'static str, Option<Vec<&'static str>>)> {
    vec![
        ("aws:Referer", Some(vec!["a"])),
        ("aws:TagKeys", Some(vec!["a", "b"])),
        ("aws:MultiFactorAuthAge", None),
    ]
}

/// The same for the evaluator, and what follows from the bound account and from whose requests they are.
pub(super) fn known(principal: &'static str, action: &str) -> Known {
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
pub(super) fn cases_of(principal: &'static str, action: &str) -> Vec<Known> {
    let known = known(principal, action);
    if action.eq_ignore_ascii_case("iam:PassRole") {
        vec![known.with("iam:PassedToService", None), known]
    } else {
        vec![known]
    }
}

/// The actions of the world and the ARNs that each applies to, one for each of its types in AWS's order; none for those
/// checked against `*`.
pub(super) const ACTIONS: [(&str, &[&str]); 8] = [
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
pub(super) fn world(longest: usize) -> Vec<OfAction> {
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

pub(super) fn of_action(action: &str, large: bool) -> &'static OfAction {
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
pub(super) fn elsewhere(action: &str) -> &'static Listed {
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
