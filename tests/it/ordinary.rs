//! Policies that people write are decided, and at once: random sets of documents made of ordinary ARNs, each judged for
//! a role and release of which there is a policy.
//!
//! ```text
//! PCLUSTER_IAM_CASES=10000 cargo test --release --test it ordinary:: -- --nocapture
//! ```

use std::time::Duration;

use pcluster_iam::catalog::{Catalog, ResourceType, Service};
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Source, Sources};
use pcluster_iam::report::RoleResult;
use serde_json::{Value, json};

use crate::common::clock::Clock;
use crate::common::references;
use crate::common::remedy::cases;
use crate::common::table::each;

/// One policy set may take this much CPU time. An unoptimised build takes many times as long.
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 4000 } else { 50 });
/// A case that takes longer is judged again, because the machine may have been busy.
const TRIES: usize = 5;

/// The services that policies of clusters are about.
const SERVICES: [&str; 22] = [
    "autoscaling",
    "batch",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "elasticfilesystem",
    "elasticloadbalancing",
    "fsx",
    "iam",
    "imagebuilder",
    "kms",
    "lambda",
    "logs",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
];

const NAMES: [&str; 14] = [
    "*",
    "*",
    "*",
    "parallelcluster-*",
    "parallelcluster/*",
    "hpc-*",
    "*-prod",
    "team-?-*",
    "*parallelcluster*",
    "prod",
    "x*y*z",
    "hpc/cluster-a",
    "ParallelClusterImage-*",
    "i-0123456789abcdef0",
];

/// A reproducible sequence of numbers (xorshift64*).
struct Random(u64);

impl Random {
    /// The sequence of a case, whatever the others are.
    fn of(case: u32) -> Self {
        let mut random = Random(
            0x9e37_79b9_7f4a_7c15 ^ (u64::from(case) + 1).wrapping_mul(0xd134_2543_de82_ef95),
        );
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number from one bound to the other, both included.
    fn within(&mut self, least: usize, most: usize) -> usize {
        least + self.next() as usize % (most - least + 1)
    }

    /// True so many times of a hundred.
    fn percent(&mut self, times: usize) -> bool {
        self.within(0, 99) < times
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.within(0, from.len() - 1)]
    }
}

/// One policy set: the role's documents, and those that limit it.
struct Case {
    documents: Vec<Value>,
    boundary: Option<Value>,
    scps: Vec<Value>,
}

impl Case {
    fn new(number: u32) -> Self {
        let mut random = Random::of(number);
        let documents = (0..random.within(1, 4))
            .map(|_| document(&mut random))
            .collect();
        let boundary = random.percent(20).then(|| document(&mut random));
        let scps = if random.percent(20) {
            let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            let mut scp = document(&mut random);
            scp["Statement"].as_array_mut().unwrap().push(all);
            vec![scp]
        } else {
            Vec::new()
        };
        Case {
            documents,
            boundary,
            scps,
        }
    }
}

fn document(random: &mut Random) -> Value {
    let statements: Vec<Value> = (0..random.within(1, 5))
        .map(|_| statement(random))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// An Allow or Deny of actions of one to three services on ARNs of their resource types.
fn statement(random: &mut Random) -> Value {
    let services: Vec<Service<'_>> = (0..random.within(1, 3))
        .map(|_| Catalog::embedded().service(random.pick(&SERVICES)).unwrap())
        .collect();
    let allow = random.percent(75);
    let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }});
    let element = if random.percent(5) {
        "NotAction"
    } else {
        "Action"
    };
    statement[element] = actions(random, &services).into();
    let element = if random.percent(10) {
        "NotResource"
    } else {
        "Resource"
    };
    let whole = element == "Resource" && random.percent(25);
    statement[element] = if whole {
        json!("*")
    } else {
        arns(random, &services).into()
    };
    statement
}

fn actions(random: &mut Random, services: &[Service<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    for service in services {
        let known: Vec<String> = service.actions().map(|action| action.spelled()).collect();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        for _ in 0..random.within(1, 8) {
            let action = random.pick(&names);
            let verb = action.find(':').unwrap() + random.within(4, 9);
            all.push(match random.within(0, 9) {
                0 => format!("{}:*", service.prefix()),
                1 | 2 if verb < action.len() => format!("{}*", &action[..verb]),
                _ => action.to_owned(),
            });
        }
    }
    all.sort();
    all.dedup();
    all
}

/// 1 to 60 ARNs of 1 to 20 resource types.
fn arns(random: &mut Random, services: &[Service<'_>]) -> Vec<String> {
    let types: Vec<ResourceType<'_>> = services.iter().flat_map(Service::resource_types).collect();
    let some: Vec<&str> = (0..random.within(1, 20))
        .map(|_| random.pick(&types).arn)
        .collect();
    // Most lists are short.
    let most = if random.percent(20) { 60 } else { 12 };
    let mut all: Vec<String> = (0..random.within(1, most))
        .map(|_| {
            let format = random.pick(&some);
            arn(random, format)
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The ARN format of a resource type with values, or wildcards, in its fields.
fn arn(random: &mut Random, format: &str) -> String {
    let mut arn = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("${") {
        let (placeholder, after) = after.split_once('}').unwrap();
        arn.push_str(before);
        arn.push_str(match placeholder {
            "Partition" => random.pick(&["aws", "aws", "aws", "*"]),
            "Region" => random.pick(&["us-east-1", "us-east-1", "*", "us-*", "eu-west-1"]),
            "Account" => random.pick(&["123456789012", "123456789012", "*", "210987654321"]),
            _ => random.pick(&NAMES),
        });
        rest = after;
    }
    arn + rest
}

fn judge(case: &Case, against: &Against) -> (RoleResult, Duration) {
    let clock = Clock::start();
    let mut sources = Sources::new();
    let mut file = |name: &str, document: &Value| {
        let source = sources.add(Source::new(name, document.to_string()));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let files: Vec<File> = case.documents.iter().map(|d| file("p.json", d)).collect();
    let boundary = case.boundary.as_ref().map(|d| file("boundary.json", d));
    let scps = case
        .scps
        .iter()
        .map(|d| vec![file("scp.json", d)])
        .collect();
    let given = [("Region", "us-east-1"), ("Account", "123456789012")];
    let settings = Settings {
        given: given
            .map(|(n, v)| (n.into(), v.into(), "test".into()))
            .into(),
        boundary,
        scps,
        ..Settings::default()
    };
    let result = check::check(&sources, Catalog::embedded(), &files, against, &settings).unwrap();
    (result, clock.elapsed())
}

#[test]
fn each_is_decided_at_once_for_every_role_and_release() {
    let questions = references::questions();
    let (mut wrong, mut slowest, mut covered, mut rows) = (Vec::new(), Duration::ZERO, 0, 0);
    for number in 0..cases(15) {
        let (role, scheduler, release) = questions[number as usize % questions.len()];
        let against = Against::role(references::everything(role, scheduler, release).remove(0));
        let case = Case::new(number);
        let (result, mut took) = judge(&case, &against);
        for _ in 1..TRIES {
            if took > MOST {
                took = took.min(judge(&case, &against).1);
            }
        }
        slowest = slowest.max(took);
        let verdicts = result.requirements.iter().map(|row| row.verdict.name());
        rows += result.requirements.len();
        covered += verdicts.clone().filter(|v| *v == "covered").count();
        let undecided = verdicts.filter(|v| *v == "undecided").count();
        let findings = result
            .findings
            .iter()
            .filter(|f| f.lint == "undecided")
            .count();
        if undecided + findings > 0 || took > MOST {
            wrong.push(format!(
                "case {number}, {role} {scheduler} {release}: {undecided} rows and {findings} findings undecided, {took:?}"
            ));
        }
    }
    println!("slowest {slowest:?}; {covered} of {rows} rows covered");
    assert!(
        covered > rows / 100,
        "hardly anything is granted: {covered} of {rows} rows"
    );
    assert!(
        covered < rows / 2,
        "hardly anything is missing: {covered} of {rows} rows"
    );
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_case_is_the_same_each_time_and_no_other() {
    let text = |number| {
        let Case {
            documents,
            boundary,
            scps,
        } = Case::new(number);
        json!([documents, boundary, scps]).to_string()
    };
    for number in 0..20 {
        assert_eq!(text(number), text(number));
        assert_ne!(text(number), text(number + 1));
    }
    let all: String = (0..500).map(text).collect();
    each(["Deny", "NotResource", "NotAction", "*"], |part| {
        assert!(all.contains(part), "{part}");
    });
}
