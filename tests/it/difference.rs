//! `pcluster-iam diff`: against an obvious evaluator on random pairs of policies, and as a program.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::common::evaluator::{self, Known, Line, Statement};
use crate::common::project::{Project, Run};
use crate::common::{hostile, world};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::diff::difference::{Change, Difference, Side, Value, difference};
use pcluster_iam::parser::{Policy, Source, Sources, parse};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};

/// The text with a value for each policy variable, from its name.
fn with_values(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find("${") {
        let end = start + text[start..].find('}').unwrap();
        let name = text[start..end].to_lowercase();
        text.replace_range(start..=end, &value(&name));
    }
    text
}

/// A policy variable stands for a value of its own: for characters that nothing else names, more than a `?` matches.
fn opaque(text: &str) -> String {
    // Control characters: two for each byte of its name.
    let two = |b: u8| [char::from((b >> 4) + 1), char::from((b & 15) + 1)];
    with_values(text, |name| name.bytes().flat_map(two).collect())
}

/// The same with values of a single character, which nothing else names either.
fn short(text: &str) -> String {
    let number = |name: &str| name.bytes().fold(0, |n, b| (n * 31 + u32::from(b)) % 4099) % 13;
    with_values(text, |name| {
        char::from_u32(0x11 + number(name)).unwrap().to_string()
    })
}

type Keys = BTreeMap<String, Option<Vec<String>>>;

/// Whether the lists of a statement match a request.
fn lists(s: &Statement, action: &str, resource: &str) -> bool {
    let mut names = s.actions.iter();
    let names = names.any(|p| evaluator::action_matches(p, action));
    let mut listed = s.resources.iter();
    let listed = listed.any(|p| evaluator::resource_matches(&opaque(p), &opaque(resource)));
    names != s.not_action && listed != s.not_resource
}

/// Whether the Condition of each statement that names an action holds; `None` where AWS does not say.
fn truths(statements: &[Statement], action: &str, keys: &Keys) -> Option<Vec<bool>> {
    let holds = |s: &Statement| {
        let mut holds = true;
        let mut names = s.actions.iter();
        let named = names.any(|p| evaluator::action_matches(p, action)) != s.not_action;
        for line in s.conditions.iter().filter(|_| named) {
            let value = keys.get(&line.key.to_lowercase());
            holds &= line.test(value.unwrap_or(&None).as_deref())?;
        }
        Some(holds)
    };
    statements.iter().map(holds).collect()
}

/// Whether statements allow a request, their Conditions settled.
fn allows(statements: &[Statement], truths: &[bool], action: &str, resource: &str) -> bool {
    let mut allowed = false;
    for (s, holds) in statements.iter().zip(truths) {
        if *holds && lists(s, action, resource) {
            if !s.allow {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

fn lines_of<'s>(
    statements: impl Iterator<Item = &'s Statement>,
    action: &str,
) -> BTreeMap<String, Vec<&'s Line>> {
    let mut by_key: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    let of = statements.filter(|s| {
        s.actions
            .iter()
            .any(|p| evaluator::action_matches(p, action))
            != s.not_action
    });
    for line in of.flat_map(|s| &s.conditions) {
        by_key
            .entry(line.key.to_lowercase())
            .or_default()
            .push(line);
    }
    by_key
}

/// Contexts of an action: each key with each candidate, up to a bound, and with steps over them beyond it.
fn contexts(lines: &BTreeMap<String, Vec<&Line>>, known: &Known) -> Vec<Keys> {
    const MOST: usize = 1_500;
    let lists: Vec<(String, Vec<Option<Vec<String>>>)> = { lines.iter() }
        .map(|(key, lines)| {
            let fact = known.get(key);
            // Candidates that the lines about the key do not tell apart count once.
            let mut seen = Vec::new();
            let mut all = evaluator::candidates(key, lines, fact.as_ref());
            // Of the keys of the world this one alone may have no value or several.
            all.retain(|v| key == "aws:tagkeys" || v.as_ref().is_none_or(|v| v.len() == 1));
            // This one alone is Boolean.
            let is_truth = |v: &String| v == "true" || v == "false";
            all.retain(|v| {
                let mut values = v.iter().flatten();
                key != "aws:viaawsservice" || values.all(is_truth)
            });
            all.retain(|value| {
                let truths: Vec<_> = lines.iter().map(|l| l.test(value.as_deref())).collect();
                let is_new = !seen.contains(&truths);
                seen.push(truths);
                is_new
            });
            (key.clone(), all)
        })
        .collect();
    let mut all = vec![Keys::new()];
    for (key, values) in lists {
        let with = |keys: &Keys, value: &Option<Vec<String>>| {
            let mut keys = keys.clone();
            keys.insert(key.clone(), value.clone());
            keys
        };
        let next = all
            .iter()
            .flat_map(|keys| values.iter().map(move |v| (keys, v)));
        let step = (all.len() * values.len()).div_ceil(MOST).max(1);
        all = next.step_by(step).map(|(keys, v)| with(keys, v)).collect();
    }
    all
}

/// A request that `more` allows and `less` does not, by trying those of the world.
fn found(action: &str, more: &[Statement], less: &[Statement]) -> Option<String> {
    let service = action.split(':').next().unwrap().to_lowercase();
    let known = Known::default().by("any", &service);
    let lines = lines_of(more.iter().chain(less), action);
    for (known, resources) in world::requests(action, false, &known) {
        let mut seen = BTreeSet::new();
        for keys in contexts(&lines, &known) {
            let both = [more, less].map(|s| truths(s, action, &keys));
            let [Some(of_more), Some(of_less)] = both else {
                continue;
            };
            if !seen.insert((of_more.clone(), of_less.clone())) {
                continue;
            }
            let mut resources = resources.iter();
            let shown = resources
                .find(|r| allows(more, &of_more, action, r) && !allows(less, &of_less, action, r));
            if let Some(resource) = shown {
                return Some(format!("{action} on {resource} with {keys:?}"));
            }
        }
    }
    None
}

/// Whether the evaluator agrees that a witness shows what it should.
fn shows(change: &Change, more: &[Statement], less: &[Statement]) -> bool {
    let mut keys = Keys::new();
    for (key, value) in &change.context {
        let value = match value {
            Value::Absent => None,
            Value::Texts(texts) => Some(texts.clone()),
            Value::Line(_) => return true,
        };
        keys.insert(key.to_lowercase(), value);
    }
    let (action, resource) = (&change.witness.action, &change.witness.resource);
    let in_world = world::actions().any(|a| a.eq_ignore_ascii_case(action));
    let is_of_aws = !in_world
        || resource.contains("${")
        || !world::of_request(action, resource, &Known::default()).is_empty();
    // The value of a variable may be long or a single character.
    let shows = |value: fn(&str) -> String| {
        let judged = [more, less].map(|s| {
            let truths = truths(s, action, &keys)?;
            let mut s = s.to_vec();
            for resource in s.iter_mut().flat_map(|s| &mut s.resources) {
                *resource = value(resource);
            }
            Some(allows(&s, &truths, action, &value(resource)))
        });
        // Where AWS does not say how a line takes the values, either answer shows it.
        judged == [Some(true), Some(false)] || judged.contains(&None)
    };
    is_of_aws && (shows(opaque) || shows(short))
}

struct Parsed(Vec<Policy>);

impl Parsed {
    fn new(texts: &[String]) -> Self {
        let mut sources = Sources::new();
        let policies = texts.iter().flat_map(|text| {
            let id = sources.add(Source::new("p.json", text.as_str()));
            parse(id, sources.get(id)).policies
        });
        Parsed(policies.collect())
    }

    fn side(&self) -> Side<'_> {
        Side {
            policies: self.0.iter().collect(),
            boundary: None,
        }
    }
}

fn compare(old: &[String], new: &[String]) -> Difference {
    let (old, new) = (Parsed::new(old), Parsed::new(new));
    difference(Catalog::embedded(), &old.side(), &new.side())
}

#[derive(Default)]
struct Seen {
    gained: Cell<usize>,
    lost: Cell<usize>,
    nothing: Cell<usize>,
    undecided: Cell<usize>,
}

fn bump(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn agrees(old: &[Statement], new: &[Statement], seen: &Seen) -> Result<(), TestCaseError> {
    let texts = [old, new].map(world::document);
    let found_by = compare(&texts[..1], &texts[1..]);
    let about = || format!("old {}\nnew {}\n{found_by:#?}", texts[0], texts[1]);
    for (changes, more, less, count) in [
        (&found_by.gained, new, old, &seen.gained),
        (&found_by.lost, old, new, &seen.lost),
    ] {
        for change in changes.iter().take(200) {
            prop_assert!(
                shows(change, more, less),
                "{change:?} shows nothing: {}",
                about()
            );
        }
        for action in world::actions() {
            if found_by
                .undecided
                .iter()
                .any(|a| a.eq_ignore_ascii_case(action))
            {
                bump(&seen.undecided);
            } else if changes
                .iter()
                .any(|c| c.witness.action.eq_ignore_ascii_case(action))
            {
                bump(count);
            } else {
                let request = found(action, more, less);
                prop_assert!(request.is_none(), "{request:?} was not found: {}", about());
                bump(&seen.nothing);
            }
        }
    }
    Ok(())
}

fn policies() -> impl Strategy<Value = (Vec<Statement>, Vec<Statement>)> {
    let list = || prop::collection::vec(world::customer_statement(), 1..4);
    (
        list(),
        list(),
        prop::option::weighted(0.6, any::<prop::sample::Index>()),
    )
        .prop_map(
            // Most pairs share statements, as a change of a policy does.
            |(old, mut new, shared)| {
                if let Some(at) = shared {
                    let from = at.index(old.len());
                    new.truncate(1);
                    new.extend(old[from..].iter().cloned());
                }
                (old, new)
            },
        )
}

/// How many pairs are tried: few and always the same, or as many as `PCLUSTER_IAM_CASES` says.
fn cases() -> (u32, bool) {
    let cases = std::env::var("PCLUSTER_IAM_CASES").ok();
    let cases = cases.and_then(|n| n.parse().ok());
    (cases.unwrap_or(80), cases.is_some())
}

fn runner(cases: u32, is_random: bool) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    if is_random {
        TestRunner::new(config)
    } else {
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config, random)
    }
}

#[test]
fn the_difference_agrees_with_trying_every_request() {
    let (cases, is_random) = cases();
    let seen = Seen::default();
    let result = runner(cases, is_random).run(&policies(), |(old, new)| agrees(&old, &new, &seen));
    if let Err(error) = result {
        panic!("{error}");
    }
    println!(
        "{cases} random pairs: {} actions gained, {} lost, {} without a difference, {} undecided, no disagreement",
        seen.gained.get(),
        seen.lost.get(),
        seen.nothing.get(),
        seen.undecided.get()
    );
    let least = cases as usize / 20;
    for met in [&seen.gained, &seen.lost, &seen.nothing] {
        assert!(met.get() > least, "{} of {cases}", met.get());
    }
    assert!(seen.undecided.get() < 1 + cases as usize / 10);
}

fn is_empty(found: &Difference) -> bool {
    found.gained.is_empty()
        && found.lost.is_empty()
        && found.opened.is_empty()
        && found.closed.is_empty()
        && found.undecided.is_empty()
}

/// The same statements in reverse, their lists too, with other letters, each Allow or Deny once for each string.
fn rewritten(statements: &[Statement]) -> Vec<String> {
    let mut all = Vec::new();
    for s in statements.iter().rev() {
        let mut s = s.clone();
        s.actions.reverse();
        s.resources.reverse();
        s.actions = s.actions.iter().map(|a| a.to_uppercase()).collect();
        let split: Vec<Statement> = if s.not_action {
            vec![s]
        } else {
            let one = |action: &String| Statement {
                actions: vec![action.clone()],
                ..s.clone()
            };
            s.actions.iter().map(one).collect()
        };
        for s in split {
            if s.not_resource {
                all.push(s);
            } else {
                all.extend(s.resources.iter().map(|r| Statement {
                    resources: vec![r.clone()],
                    ..s.clone()
                }));
            }
        }
    }
    let half = all.len() / 2;
    let pretty = |statements: &[Statement]| {
        let value: Json = serde_json::from_str(&world::document(statements)).unwrap();
        serde_json::to_string_pretty(&value)
            .unwrap()
            .replace('\n', "\r\n")
    };
    [&all[..half], &all[half..]]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(pretty)
        .collect()
}

#[test]
fn a_rewritten_policy_has_no_difference() {
    let list = prop::collection::vec(world::customer_statement(), 1..4);
    let (cases, is_random) = cases();
    let result = runner(cases, is_random).run(&list, |statements| {
        let before = vec![world::document(&statements)];
        prop_assert!(is_empty(&compare(&before, &before)));
        let after = rewritten(&statements);
        let found = compare(&before, &after);
        let nothing = found.gained.is_empty() && found.lost.is_empty();
        prop_assert!(nothing, "{before:?}\n{after:?}\n{found:#?}");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn policy(statements: Json) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(actions: &[&str], resource: &str) -> Json {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn diff(project: &Project, arguments: &[&str]) -> Run {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = project.path("").display().to_string();
    project.run_with(
        "",
        &[&["diff"], arguments].concat(),
        &[("PATH", &path), ("HOME", &home)],
    )
}

fn actions(run: &Run, list: &str) -> Vec<String> {
    let json = run.json();
    let roles = json["roles"].as_array().unwrap().iter();
    roles
        .flat_map(|r| r[list].as_array().unwrap())
        .map(|c| {
            c["action"]
                .as_str()
                .or(c["id"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn changes_of_each_element_are_found() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:";
    let base = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let with = |extra: Json| policy(json!([allow(&["sqs:SendMessage"], "*"), extra]));
    let condition = |operator: &str, key: &str, values: Json| {
        policy(
            json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": {operator: {key: values}}}]),
        )
    };
    let vpc = |operator: &str, values: Json| condition(operator, "aws:SourceVpc", values);
    for (old, new, gained, lost) in [
        (
            base.clone(),
            with(allow(&["sqs:GetQueueUrl"], "*")),
            vec!["sqs:GetQueueUrl"],
            vec![],
        ),
        (
            base.clone(),
            with(allow(&["sqs:send*"], &format!("{queue}a"))),
            vec![],
            vec![],
        ),
        (
            base.clone(),
            with(json!({"Effect": "Deny", "Action": "sqs:*", "Resource": format!("{queue}a*")})),
            vec![],
            vec!["sqs:SendMessage"],
        ),
        (
            policy(
                json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": format!("{queue}a")}]),
            ),
            base.clone(),
            vec!["sqs:SendMessage"],
            vec![],
        ),
        (
            base.clone(),
            vpc("StringEquals", json!("vpc-1")),
            vec![],
            vec!["sqs:SendMessage"],
        ),
        (
            vpc("StringEquals", json!(["vpc-1", "vpc-2"])),
            vpc("StringLike", json!("vpc-?")),
            vec!["sqs:SendMessage"],
            vec![],
        ),
        (
            vpc("StringEquals", json!("vpc-1")),
            vpc("StringEqualsIfExists", json!("vpc-1")),
            vec!["sqs:SendMessage"],
            vec![],
        ),
        (
            condition("NumericLessThan", "aws:MultiFactorAuthAge", json!("300")),
            condition(
                "NumericLessThanEquals",
                "aws:MultiFactorAuthAge",
                json!("300.0"),
            ),
            vec!["sqs:SendMessage"],
            vec![],
        ),
        (
            condition(
                "IpAddress",
                "aws:SourceIp",
                json!(["10.0.0.0/9", "10.128.0.0/9"]),
            ),
            condition("IpAddress", "aws:SourceIp", json!("10.0.0.0/8")),
            vec![],
            vec![],
        ),
        (
            condition(
                "DateLessThan",
                "aws:CurrentTime",
                json!("2030-01-01T00:00:00Z"),
            ),
            condition(
                "DateLessThan",
                "aws:CurrentTime",
                json!("2031-01-01T00:00:00Z"),
            ),
            vec!["sqs:SendMessage"],
            vec![],
        ),
        (
            policy(json!([{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}])),
            policy(json!([{"Effect": "Allow", "NotAction": ["IAM:*", "sts:*"], "Resource": "*"}])),
            vec![],
            vec![],
        ),
        // Not of the catalogue.
        (
            base.clone(),
            with(allow(&["newservice:*"], "*")),
            vec!["newservice:any"],
            vec![],
        ),
        (
            policy(json!([allow(
                &["s3:GetObject"],
                "arn:aws:s3:::b/${aws:username}/*"
            )])),
            policy(json!([allow(&["s3:GetObject"], "arn:aws:s3:::b/*")])),
            vec!["s3:GetObject"],
            vec![],
        ),
    ] {
        let found = compare(std::slice::from_ref(&old), std::slice::from_ref(&new));
        let names = |list: &[Change]| -> Vec<String> {
            list.iter().map(|c| c.witness.action.clone()).collect()
        };
        assert!(found.undecided.is_empty(), "{old}\n{new}");
        assert_eq!(names(&found.gained), gained, "{old}\n{new}");
        assert_eq!(names(&found.lost), lost, "{old}\n{new}");
    }
}

#[test]
fn a_path_of_escalation_is_reported_and_fails_on_demand() {
    let old = policy(json!([allow(
        &["iam:PassRole"],
        "arn:aws:iam::123456789012:role/*"
    )]));
    let new = policy(json!([
        allow(&["iam:PassRole"], "arn:aws:iam::123456789012:role/*"),
        allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*"),
    ]));
    let project = Project::new(&[("old.json", &old), ("new.json", &new)]);
    let run = diff(&project, &["old.json", "new.json", "-f", "json"]);
    assert_eq!(run.code, 0);
    let opened = actions(&run, "opened");
    assert!(
        opened.contains(&"pass-role-to-lambda".to_owned()),
        "{opened:?}"
    );
    for (options, code) in [
        (&["--fail-on", "escalation"][..], 1),
        (&["--fail-on", "gained"], 1),
        (&["--fail-on", "lost"], 0),
        (&["--fail-on", "lost,escalation"], 1),
        (&["--fail-on", "lost", "--fail-on", "gained"], 1),
    ] {
        let run = diff(&project, &[&["old.json", "new.json"], options].concat());
        assert_eq!(run.code, code, "{options:?}");
        let run = diff(&project, &[&["new.json", "new.json"], options].concat());
        assert_eq!(run.code, 0, "{options:?}");
    }
    let back = diff(&project, &["new.json", "old.json", "-f", "json"]);
    assert!(actions(&back, "closed").contains(&"pass-role-to-lambda".to_owned()));
    assert!(actions(&back, "opened").is_empty());
    // The most dangerous first.
    let more = policy(json!([allow(
        &["ec2:DescribeVpcs", "s3:GetObject", "iam:PutRolePolicy"],
        "*"
    )]));
    project.write("more.json", &more);
    let run = diff(&project, &["old.json", "more.json", "-f", "json"]);
    let gained = ["iam:PutRolePolicy", "s3:GetObject", "ec2:DescribeVpcs"];
    assert_eq!(actions(&run, "gained"), gained);
}

fn template(policy: &str, more: Json) -> String {
    let policy: Json = serde_json::from_str(policy).unwrap();
    let mut role = json!({"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}});
    for (key, value) in more.as_object().unwrap() {
        role["Properties"][key] = value.clone();
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"HeadNode": role}}).to_string()
}

#[test]
fn templates_are_compared_by_their_roles() {
    let one = policy(json!([allow(&["s3:GetObject", "sqs:*"], "*")]));
    let two = policy(json!([allow(
        &["s3:GetObject", "sqs:*", "s3:PutObject"],
        "*"
    )]));
    let none = json!({});
    let arn = |name: &str| json!({"ManagedPolicyArns": [format!("arn:aws:iam::{name}")]});
    let project = Project::new(&[
        ("one.json", &one),
        ("one.template.json", &template(&one, none.clone())),
        ("two.template.json", &template(&two, none.clone())),
        (
            "admin.template.json",
            &template(&one, arn("aws:policy/AdministratorAccess")),
        ),
        (
            "own.template.json",
            &template(&one, arn("123456789012:policy/ours")),
        ),
    ]);
    let run = diff(&project, &["one.json", "one.template.json", "-f", "json"]);
    assert_eq!(
        (run.code, run.json()["roles"].as_array().unwrap().len()),
        (0, 0),
        "{}",
        run.out
    );
    let run = diff(
        &project,
        &["one.template.json", "two.template.json", "-f", "json"],
    );
    assert_eq!(actions(&run, "gained"), ["s3:PutObject"]);
    assert_eq!(run.json()["roles"][0]["principal"], "HeadNode");
    // A policy that is attached and whose text is not known is not passed over.
    let run = diff(
        &project,
        &["one.template.json", "own.template.json", "-f", "json"],
    );
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.out.contains("policy/ours"), "{}", run.out);
    let run = diff(
        &project,
        &["one.template.json", "admin.template.json", "-f", "json"],
    );
    let is_known = run.code == 0 && !actions(&run, "gained").is_empty();
    assert!(is_known || run.code == 2, "{}", run.out);
}

fn git(project: &Project, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(project.path(""))
        .env("HOME", project.path(""))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn a_side_may_be_in_git() {
    let old = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let new = policy(json!([allow(&["sqs:SendMessage", "sqs:GetQueueUrl"], "*")]));
    let project = Project::new(&[
        ("iam/a.json", &old),
        ("iam/deep/b.json", &old),
        ("iam/note.json", "{}"),
    ]);
    std::fs::remove_dir(project.path(".git")).unwrap();
    git(&project, &["init", "-q"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-q", "-m", "first"]);
    for (old, new) in [
        ("git:HEAD:iam", "iam"),
        ("git:HEAD:iam/", "git:HEAD:iam"),
        ("git:HEAD:iam/a.json", "iam/a.json"),
        ("git:HEAD:", "git:HEAD:"),
    ] {
        let run = diff(&project, &[old, new, "-f", "json"]);
        assert_eq!(
            (run.code, run.json()["roles"].as_array().map(Vec::len)),
            (0, Some(0)),
            "{old} {new} {}",
            run.out
        );
        assert_eq!(
            run.json()["same"],
            if old.ends_with("a.json") { 1 } else { 2 }
        );
    }
    project.write("iam/a.json", &new);
    std::fs::remove_file(project.path("iam/deep/b.json")).unwrap();
    let run = diff(
        &project,
        &["git:HEAD:iam", "iam", "-f", "json", "--fail-on", "gained"],
    );
    assert_eq!(
        (run.code, actions(&run, "gained")),
        (1, vec!["sqs:GetQueueUrl".to_owned()])
    );
    assert_eq!(actions(&run, "lost"), ["sqs:SendMessage"]);
    let run = diff(
        &project,
        &["git:HEAD:iam", "iam", "-f", "json", "--together"],
    );
    assert_eq!(actions(&run, "gained"), ["sqs:GetQueueUrl"]);
    assert!(actions(&run, "lost").is_empty(), "{}", run.out);
    for side in [
        "git:--output=x:iam/a.json",
        "git:-h:iam",
        "git:HEAD:--help",
        "git::iam/a.json",
        "git:HEAD",
        "git:nothing:iam",
        "git:HEAD:iam/none.json",
        "git:$(touch x):iam",
        "none.json",
    ] {
        let run = diff(&project, &[side, "iam"]);
        assert_eq!(run.code, 2, "{side}: {}{}", run.out, run.err);
    }
    assert!(!project.path("x").exists());
}

#[test]
fn faults_of_a_side_are_reported() {
    let good = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let project = Project::new(&[
        ("good.json", &good),
        (
            "broken.json",
            "{\"Version\": \"2012-10-17\", \"Statement\": [",
        ),
        (
            "odd.json",
            &policy(json!([{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}])),
        ),
        ("empty/note.txt", "nothing"),
    ]);
    for (old, new) in [
        ("good.json", "broken.json"),
        ("broken.json", "good.json"),
        ("good.json", "odd.json"),
        ("empty", "empty"),
    ] {
        for format in ["text", "json", "markdown"] {
            let run = diff(&project, &[old, new, "-f", format]);
            assert_eq!(run.code, 2, "{old} {new} {format}: {}{}", run.out, run.err);
        }
    }
}

#[test]
fn foreign_text_does_not_act() {
    let evil = "x\n::error::a\u{1b}[31m `|<script>@team</script> [a](b) \u{202e}";
    let base = policy(json!([]));
    let new = policy(
        json!([{"Effect": "Allow", "Action": ["sqs:SendMessage", format!("odd:{evil}")],
        "Resource": format!("arn:aws:sqs:us-east-1:123456789012:{evil}"),
        "Condition": {"StringEquals": {format!("aws:PrincipalTag/{evil}"): evil}}}]),
    );
    let project = Project::new(&[("old.json", &base), ("new.json", &new)]);
    for format in ["text", "json", "markdown"] {
        let run = diff(&project, &["old.json", "new.json", "-f", format]);
        assert!(
            !run.out.contains(['\u{1b}', '\u{202e}']),
            "{format}: {}",
            run.out
        );
        assert!(
            !run.out.lines().any(|l| l.trim_start().starts_with("::")),
            "{format}"
        );
        if format == "markdown" {
            for act in ["<script", "@team", "[a]", "`"] {
                assert!(!run.out.contains(act), "{act}: {}", run.out);
            }
        }
    }
}

#[test]
fn hard_policies_end() {
    for case in hostile::all() {
        let start = std::time::Instant::now();
        let (old, new) = ([case.reference.clone()], [case.policy.clone()]);
        let found = compare(&old, &new);
        assert!(is_empty(&compare(&new, &new)), "{}", case.name);
        let took = start.elapsed().as_secs();
        assert!(took < 60, "{} took {took} s", case.name);
        let answered =
            !found.gained.is_empty() || !found.lost.is_empty() || !found.undecided.is_empty();
        assert!(answered || case.name.contains("condition"), "{}", case.name);
    }
}

/// Whoever can assume the role now gains all that it may do.
#[test]
fn a_changed_trust_policy_is_compared() {
    let service = json!({"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
        "Action": "sts:AssumeRole"});
    let same = json!({"Sid": "New", "Action": ["STS:assumerole"], "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}});
    let limited = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let open = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    let document = |statements: &[Json]| json!({"Version": "2012-10-17", "Statement": statements});
    let grants = document(&[allow(&["sqs:SendMessage"], "*")]);
    let detail = |statements: &[Json]| {
        json!({"RoleName": "r", "AssumeRolePolicyDocument": document(statements),
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": grants}]})
    };
    let template = |statements: &[Json]| {
        json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": document(statements),
            "Policies": [{"PolicyName": "p", "PolicyDocument": grants}]}}}})
    };
    for (old, new, changes) in [
        (std::slice::from_ref(&service), &[same][..], false),
        (
            std::slice::from_ref(&service),
            &[service.clone(), open.clone()],
            true,
        ),
        (std::slice::from_ref(&limited), &[open], true),
        (
            &[limited.clone(), service.clone()],
            &[service.clone(), limited.clone()],
            false,
        ),
    ] {
        for (form, old, new) in [
            ("role detail", detail(old), detail(new)),
            ("template", template(old), template(new)),
        ] {
            let project = Project::new(&[
                ("old.json", &old.to_string()),
                ("new.json", &new.to_string()),
            ]);
            let run = diff(
                &project,
                &["old.json", "new.json", "--fail-on", "escalation"],
            );
            assert_eq!(run.code, i32::from(changes), "{form}: {new}\n{}", run.out);
            assert_eq!(
                run.out
                    .contains("gained (trust): sts:AssumeRole by any AWS account"),
                changes,
                "{form}: {}",
                run.out
            );
            let back = diff(
                &project,
                &[
                    "new.json",
                    "old.json",
                    "-f",
                    "markdown",
                    "--fail-on",
                    "lost",
                ],
            );
            assert_eq!(back.code, i32::from(changes), "{form}: {}", back.out);
            assert_eq!(
                back.out.contains("| lost | trust |"),
                changes,
                "{form}: {}",
                back.out
            );
            let run = diff(&project, &["old.json", "new.json", "-f", "json"]);
            let count = run.json()["summary"]["trust_gained"].as_u64().unwrap();
            assert_eq!(count > 0, changes, "{form}: {}", run.out);
        }
    }
    // A policy alone says nothing of who has it.
    let project = Project::new(&[
        ("old.json", &grants.to_string()),
        ("new.json", &detail(&[service]).to_string()),
    ]);
    let run = diff(&project, &["old.json", "new.json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}
