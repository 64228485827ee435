//! Random pairs of trust policies, compared and tried with each caller of a small world.

use std::collections::BTreeSet;

use pcluster_iam::diff::difference::Assumption;
use serde_json::{Value, json};

use super::{GITHUB, ONE, TWO, compare};

const SAML: &str = "arn:aws:iam::111111111111:saml-provider/Okta";

/// Who asks to assume the role.
struct Asker {
    /// As reports name it.
    name: &'static str,
    /// The strings of `Principal` that include it, by key; `*` includes everybody.
    named_by: &'static [(&'static str, &'static str)],
    /// Values of the keys that it decides; a key that is missing here is as free as those of the request.
    keys: &'static [(&'static str, &'static str)],
    is_provider: bool,
    /// The other names of the report that include it.
    within: &'static [&'static str],
}

/// Services call without an account and without an external id.
const SERVICE: &[(&str, &str)] = &[
    ("aws:PrincipalIsAWSService", "true"),
    ("aws:PrincipalAccount", ""),
    ("aws:PrincipalArn", ""),
    ("sts:ExternalId", ""),
];

/// Each principal that the policies of the world can tell apart.
const ASKERS: &[Asker] = &[
    Asker {
        name: "arn:aws:iam::111111111111:role/a",
        named_by: &[
            ("AWS", ONE),
            ("AWS", "arn:aws:iam::111111111111:root"),
            ("AWS", "arn:aws:iam::111111111111:role/a"),
        ],
        keys: &[
            ("aws:PrincipalAccount", ONE),
            ("aws:PrincipalArn", "arn:aws:iam::111111111111:role/a"),
            ("aws:PrincipalIsAWSService", "false"),
        ],
        is_provider: false,
        within: &["account 111111111111", "any AWS account"],
    },
    Asker {
        name: "account 111111111111",
        named_by: &[("AWS", ONE), ("AWS", "arn:aws:iam::111111111111:root")],
        keys: &[
            ("aws:PrincipalAccount", ONE),
            ("aws:PrincipalArn", "arn:aws:iam::111111111111:role/z"),
            ("aws:PrincipalIsAWSService", "false"),
        ],
        is_provider: false,
        within: &["any AWS account"],
    },
    Asker {
        name: "account 111111111111",
        named_by: &[("AWS", ONE), ("AWS", "arn:aws:iam::111111111111:root")],
        keys: &[
            ("aws:PrincipalAccount", ONE),
            ("aws:PrincipalArn", "arn:aws:iam::111111111111:user/z"),
            ("aws:PrincipalIsAWSService", "false"),
        ],
        is_provider: false,
        within: &["any AWS account"],
    },
    Asker {
        name: "account 222222222222",
        named_by: &[("AWS", TWO)],
        keys: &[
            ("aws:PrincipalAccount", TWO),
            ("aws:PrincipalArn", "arn:aws:iam::222222222222:user/u"),
            ("aws:PrincipalIsAWSService", "false"),
        ],
        is_provider: false,
        within: &["any AWS account"],
    },
    Asker {
        name: "any AWS account",
        named_by: &[],
        keys: &[
            ("aws:PrincipalAccount", "333333333333"),
            ("aws:PrincipalArn", "arn:aws:iam::333333333333:role/r"),
            ("aws:PrincipalIsAWSService", "false"),
        ],
        is_provider: false,
        within: &[],
    },
    Asker {
        name: "ec2.amazonaws.com",
        named_by: &[("Service", "ec2.amazonaws.com")],
        keys: SERVICE,
        is_provider: false,
        within: &["any service", "any AWS account"],
    },
    Asker {
        name: "any service",
        named_by: &[],
        keys: SERVICE,
        is_provider: false,
        within: &["any AWS account"],
    },
    Asker {
        name: GITHUB,
        named_by: &[("Federated", GITHUB)],
        keys: &[],
        is_provider: true,
        within: &["any identity provider"],
    },
    Asker {
        name: SAML,
        named_by: &[("Federated", SAML)],
        keys: &[],
        is_provider: true,
        within: &["any identity provider"],
    },
    Asker {
        name: "any identity provider",
        named_by: &[],
        keys: &[],
        is_provider: true,
        within: &[],
    },
];

const ACTIONS: [&str; 4] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
];

/// Keys of requests, with the values that the Conditions of the world tell apart; no value stands for an absent key.
const KEYS: &[(&str, &[&str])] = &[
    ("sts:ExternalId", &["", "x", "y", "z"]),
    (
        "token.actions.githubusercontent.com:sub",
        &["", "repo:a/1", "repo:b/1"],
    ),
    ("aws:PrincipalAccount", &["", ONE, TWO, "333333333333"]),
    (
        "aws:PrincipalArn",
        &[
            "",
            "arn:aws:iam::111111111111:role/b",
            "arn:aws:iam::111111111111:role/a",
            "arn:aws:iam::222222222222:user/u",
        ],
    ),
    ("aws:PrincipalIsAWSService", &["", "true", "false"]),
];

/// A generator of numbers that always makes the same ones.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

fn line(chance: &mut Chance) -> Value {
    let (operator, key, values) = chance.one(&[
        ("StringEquals", "sts:ExternalId", json!("x")),
        ("StringEquals", "sts:ExternalId", json!(["x", "y"])),
        ("StringNotEquals", "sts:externalid", json!("x")),
        ("StringEqualsIfExists", "sts:ExternalId", json!("x")),
        ("Null", "sts:ExternalId", json!("false")),
        ("StringEquals", "aws:PrincipalAccount", json!(ONE)),
        ("StringNotEquals", "aws:PrincipalAccount", json!([ONE, TWO])),
        (
            "ArnLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::111111111111:role/*"),
        ),
        (
            "ArnEquals",
            "aws:principalarn",
            json!("arn:aws:iam::111111111111:role/a"),
        ),
        (
            "StringNotLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::222222222222:*"),
        ),
        (
            "StringLike",
            "token.actions.githubusercontent.com:sub",
            json!("repo:a/*"),
        ),
        ("Bool", "aws:PrincipalIsAWSService", json!("true")),
        ("BoolIfExists", "aws:PrincipalIsAWSService", json!("false")),
    ]);
    json!({operator: {key: values}})
}

fn statement(chance: &mut Chance) -> Value {
    let principal = chance.one(&[
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": ONE}),
        json!({"AWS": ["arn:aws:iam::111111111111:root", TWO]}),
        json!({"AWS": "arn:aws:iam::111111111111:role/a"}),
        json!({"Service": "ec2.amazonaws.com"}),
        json!({"Federated": GITHUB}),
        json!({"Federated": [SAML, GITHUB], "Service": "ec2.amazonaws.com", "AWS": TWO}),
    ]);
    let action = chance.one(&[
        json!("sts:AssumeRole"),
        json!("sts:*"),
        json!("STS:assumerole*"),
        json!(["sts:AssumeRole", "sts:TagSession"]),
        json!(["sts:AssumeRoleWithWebIdentity"]),
    ]);
    let effect = chance.one(&["Allow", "Allow", "Deny"]);
    let mut one = json!({"Effect": effect, "Principal": principal, "Action": action});
    match chance.below(4) {
        0 => {}
        1 => {
            let (first, second) = (line(chance), line(chance));
            let mut both = first;
            for (operator, keys) in second.as_object().unwrap() {
                for (key, values) in keys.as_object().unwrap() {
                    both[operator][key] = values.clone();
                }
            }
            one["Condition"] = both;
        }
        _ => one["Condition"] = line(chance),
    }
    one
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|tail| (0..=tail.len()).any(|at| glob(rest, &tail[at..]))),
    }
}

fn holds(statement: &Value, keys: &dyn Fn(&str) -> Option<String>) -> bool {
    let Some(condition) = statement["Condition"].as_object() else {
        return true;
    };
    let mut lines = condition.iter().flat_map(|(operator, keys)| {
        keys.as_object()
            .unwrap()
            .iter()
            .map(move |(k, v)| (operator, k, v))
    });
    lines.all(|(operator, key, values)| {
        let value = keys(&key.to_lowercase());
        let any = |test: &dyn Fn(&str, &str) -> bool| {
            value
                .as_ref()
                .map(|value| list(values).iter().any(|listed| test(listed, value)))
        };
        let equal = |a: &str, b: &str| a == b;
        match operator.as_str() {
            "Null" => value.is_none() == (list(values) == ["true"]),
            "StringEquals" | "Bool" => any(&equal).unwrap_or(false),
            "StringEqualsIfExists" | "BoolIfExists" => any(&equal).unwrap_or(true),
            "StringNotEquals" => !any(&equal).unwrap_or(false),
            "StringLike" | "ArnLike" | "ArnEquals" => any(&glob).unwrap_or(false),
            "StringNotLike" => !any(&glob).unwrap_or(false),
            other => panic!("{other}"),
        }
    })
}

fn names(statement: &Value, asker: &Asker) -> bool {
    let principal = &statement["Principal"];
    if principal == "*" {
        return true;
    }
    principal.as_object().unwrap().iter().any(|(key, values)| {
        list(values)
            .iter()
            .any(|value| value == "*" || asker.named_by.iter().any(|(k, v)| k == key && v == value))
    })
}

fn allows(
    statements: &[Value],
    asker: &Asker,
    action: &str,
    keys: &dyn Fn(&str) -> Option<String>,
) -> bool {
    let applies = |s: &&Value| {
        let listed = list(&s["Action"]);
        let mut listed = listed.iter().map(|a| a.to_lowercase());
        names(s, asker) && listed.any(|a| glob(&a, &action.to_lowercase())) && holds(s, keys)
    };
    let applying: Vec<&Value> = statements.iter().filter(applies).collect();
    applying.iter().any(|s| s["Effect"] == "Allow")
        && !applying.iter().any(|s| s["Effect"] == "Deny")
}

/// Who can do what under `more` in some request, and not under `less` in the same request.
fn tried(more: &[Value], less: &[Value]) -> BTreeSet<(&'static str, &'static str)> {
    let mut found = BTreeSet::new();
    let written = json!([more, less]).to_string().to_lowercase();
    for asker in ASKERS {
        // Keys that no Condition has are left out of the contexts.
        let free: Vec<_> = KEYS
            .iter()
            .filter(|(key, _)| written.contains(&format!("\"{}\"", key.to_lowercase())))
            .filter(|(key, _)| !asker.keys.iter().any(|(own, _)| own == key))
            .collect();
        let count: usize = free.iter().map(|(_, values)| values.len()).product();
        for context in 0..count {
            let value = |wanted: &str| {
                let own = asker
                    .keys
                    .iter()
                    .find(|(key, _)| key.to_lowercase() == wanted);
                let mut rest = context;
                let of_request = free.iter().find_map(|(key, values)| {
                    let value = values[rest % values.len()];
                    rest /= values.len();
                    (key.to_lowercase() == wanted).then_some(value)
                });
                let value = own.map(|(_, value)| *value).or(of_request)?;
                (!value.is_empty()).then(|| value.to_owned())
            };
            for action in ACTIONS {
                let fits = match action {
                    "sts:AssumeRole" => !asker.is_provider,
                    "sts:TagSession" => true,
                    _ => asker.is_provider,
                };
                if fits
                    && allows(more, asker, action, &value)
                    && !allows(less, asker, action, &value)
                {
                    found.insert((asker.name, action));
                }
            }
        }
    }
    found
}

/// What the report has to hold for these, and may not hold beside them.
fn agree(found: &[Assumption], tried: &BTreeSet<(&str, &str)>) -> Result<(), String> {
    for (name, action) in tried {
        let asker = ASKERS.iter().find(|a| a.name == *name).unwrap();
        let is_reported = found.iter().any(|one| {
            one.action == *action
                && (one.principal == *name || asker.within.contains(&one.principal.as_str()))
        });
        if !is_reported {
            return Err(format!("{action} by {name} is not reported"));
        }
    }
    for one in found
        .iter()
        .filter(|one| ACTIONS.contains(&one.action.as_str()))
    {
        if !tried.contains(&(one.principal.as_str(), one.action.as_str())) {
            return Err(format!(
                "{} by {} is reported and not so",
                one.action, one.principal
            ));
        }
    }
    Ok(())
}

#[test]
fn the_difference_of_trust_agrees_with_trying_every_request() {
    let cases: usize = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(300);
    let mut chance = Chance(2024);
    let (mut gained, mut lost, mut nothing, mut wrong) = (0, 0, 0, Vec::new());
    for case in 0..cases {
        let policy = |chance: &mut Chance| -> Vec<Value> {
            let count = 1 + chance.below(3);
            (0..count).map(|_| statement(chance)).collect()
        };
        let old = policy(&mut chance);
        let mut new = policy(&mut chance);
        if chance.below(2) == 0 {
            new.truncate(1);
            new.extend(old.iter().cloned());
        }
        let found = compare(&old, &new);
        let tried = [tried(&new, &old), tried(&old, &new)];
        for (found, tried) in [&found.gained, &found.lost].into_iter().zip(&tried) {
            if let Err(reason) = agree(found, tried) {
                wrong.push(format!(
                    "case {case}: {reason}\nold {}\nnew {}",
                    json!(old),
                    json!(new)
                ));
            }
        }
        if !found.undecided.is_empty() {
            wrong.push(format!("case {case}: undecided {:?}", found.undecided));
        }
        gained += found.gained.len();
        lost += found.lost.len();
        nothing += usize::from(found.is_empty());
    }
    println!(
        "{cases} random pairs: {gained} gained, {lost} lost, {nothing} without a difference, {} disagree",
        wrong.len()
    );
    wrong.truncate(3);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(gained > cases / 4 && lost > cases / 4 && nothing > cases / 50);
}
