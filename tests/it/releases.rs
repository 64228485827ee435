//! Every policy text of every release, against what was recorded when it was taken over and against itself.
//!
//! `PCLUSTER_IAM_ALL=1 cargo test --release --test it releases:: -- --nocapture` deletes every action of every text; without
//! it one action of each is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::common::evaluator::{self, Known, Statement};
use crate::common::references::{distinct, everything, example, questions};
use crate::common::requests::{names, requests};
use crate::common::role;
use pcluster_iam::check::Against;
use pcluster_iam::reference::upgrade::{self, Scope};
use pcluster_iam::reference::{self, Reference};
use pcluster_iam::report::RoleResult;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn rendered(reference: &Reference, bind: reference::Bind<'_>) -> Value {
    serde_json::from_str(&reference::render(reference, bind)).unwrap()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

/// The form of which the digest was recorded: Sid, Effect, actions, resources and Condition, nothing else.
fn canonical(statements: &[&Value]) -> String {
    let forms: Vec<Value> = statements
        .iter()
        .map(|s| {
            let mut condition = serde_json::Map::new();
            for (operator, keys) in s["Condition"].as_object().into_iter().flatten() {
                let keys = keys.as_object().unwrap().iter();
                let keys: serde_json::Map<String, Value> =
                    keys.map(|(k, v)| (k.clone(), json!(list(v)))).collect();
                condition.insert(operator.clone(), Value::Object(keys));
            }
            json!([
                s["Sid"],
                s["Effect"],
                list(&s["Action"]),
                list(&s["Resource"]),
                condition
            ])
        })
        .collect();
    json!(forms).to_string()
}

#[test]
fn each_text_is_what_was_recorded() {
    let mut seen = BTreeSet::new();
    for reference in distinct() {
        let document = rendered(&reference, &|_| None);
        let statements = document["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), reference.statements.len());
        let statements: Vec<Value> = statements
            .iter()
            .zip(&reference.statements)
            .map(|(rendered, statement)| {
                // A Sid that two parts share is numbered, so that the whole can be attached.
                let mut rendered = rendered.clone();
                if let Some(sid) = &statement.sid {
                    let shown = rendered["Sid"].as_str().unwrap();
                    let number = shown.strip_prefix(sid.as_str()).unwrap();
                    assert!(number.bytes().all(|b| b.is_ascii_digit()), "{shown}");
                    rendered["Sid"] = json!(sid);
                }
                rendered
            })
            .collect();
        let sids: Vec<&Value> = document["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|s| s.get("Sid"))
            .collect();
        let unique: BTreeSet<String> = sids.iter().map(ToString::to_string).collect();
        assert_eq!(unique.len(), sids.len());
        for (at, part) in reference.parts.iter().enumerate() {
            let of_part = reference.statements.iter().filter(|s| s.part == at);
            let own: Vec<&Value> = of_part.map(|s| &statements[s.index]).collect();
            let digest = Sha256::digest(canonical(&own));
            let mut hex = String::new();
            for byte in digest.iter().take(8) {
                write!(hex, "{byte:02x}").unwrap();
            }
            assert_eq!(hex, part.digest, "{} of {:?}", part.policy, reference.role);
            seen.insert((reference.role.clone().unwrap(), hex));
        }
    }
    let files: BTreeSet<&str> = reference::listed().iter().map(|l| l.id).collect();
    // One text is the same for three roles.
    assert_eq!(seen.len(), files.len() + 2);
    println!(
        "{} texts in {} files are as recorded",
        seen.len(),
        files.len()
    );
}

fn given(reference: &Reference) -> Vec<(String, String)> {
    let mut names = reference::all_placeholders(reference);
    names.extend(["Partition", "Region", "Account"].map(str::to_owned));
    let value = |name: String| example(&name).map(|value| (name, value));
    names.into_iter().filter_map(value).collect()
}

fn lint(document: &Value, reference: &Reference) -> RoleResult {
    let given = given(reference);
    let given: Vec<(&str, &str)> = given
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let text = document.to_string();
    let against = Against::role(reference.clone());
    let mut report = role::report_against(&[("policy.json", &text)], &against, &given);
    report.results.remove(0)
}

#[test]
fn each_reference_is_covered_by_itself() {
    let mut count = 0;
    for reference in distinct() {
        let document = rendered(&reference, &example);
        let result = lint(&document, &reference);
        let what = format!(
            "{:?} {:?} {:?} {:?}",
            reference.role, reference.scheduler, reference.pcluster_version, reference.assumed
        );
        for row in &result.requirements {
            assert_eq!(row.verdict.name(), "covered", "{what}: {row:?}");
        }
        assert!(result.requirements.iter().any(|r| !r.vacuous), "{what}");
        let about = |lint: &str| {
            lint.starts_with("over-broad")
                || ["unneeded-action", "missing-action", "partial-resource"].contains(&lint)
                || [
                    "denied-action",
                    "conditional-grant",
                    "feature-gap",
                    "undecided",
                ]
                .contains(&lint)
        };
        let findings: Vec<&str> = result.findings.iter().map(|f| f.lint).collect();
        assert!(!findings.iter().any(|l| about(l)), "{what}: {findings:?}");
        count += 1;
    }
    println!("{count} references are covered by themselves");
}

/// The statements without their Conditions: the requirement's own Conditions hold for its requests.
fn unconditional(document: &Value) -> Vec<Statement> {
    let mut statements = evaluator::statements(document);
    for statement in &mut statements {
        statement.conditions.clear();
    }
    statements
}

#[test]
fn an_action_deleted_is_found() {
    let all = std::env::var_os("PCLUSTER_IAM_ALL").is_some();
    let mut seen = BTreeSet::new();
    let (mut deleted, mut found) = (0, 0);
    for (turn, reference) in distinct().into_iter().enumerate() {
        let document = rendered(&reference, &example);
        let needed = unconditional(&document);
        let names = names(&needed);
        for (at, part) in reference.parts.iter().enumerate() {
            if !seen.insert((reference.role.clone(), part.digest.clone())) {
                continue;
            }
            let places: Vec<(usize, usize)> = reference
                .statements
                .iter()
                .filter(|s| s.part == at)
                .flat_map(|s| (0..s.action.values.len()).map(move |a| (s.index, a)))
                .collect();
            let chosen: Vec<_> = if all {
                places
            } else {
                vec![places[turn * 7 % places.len()]]
            };
            for (statement, action) in chosen {
                let mut changed = document.clone();
                let mut left = list(&changed["Statement"][statement]["Action"]);
                let name = left.remove(action);
                let name = name.as_str().unwrap();
                changed["Statement"][statement]["Action"] = json!(left);
                let what = format!(
                    "{:?} {:?} without {name} in {statement}",
                    reference.role, reference.pcluster_version
                );
                deleted += 1;
                found += usize::from(is_found(
                    &reference,
                    &changed,
                    &needed[statement],
                    name,
                    &names,
                    &what,
                ));
            }
        }
    }
    println!("{deleted} actions deleted, {found} of them missed by nothing else and found");
    assert!(found * 10 > deleted * 7, "{found} of {deleted}");
}

/// Checks the result for a policy without an action of a statement; whether the action is really gone.
fn is_found(
    reference: &Reference,
    changed: &Value,
    needed: &Statement,
    name: &str,
    names: &[String],
    what: &str,
) -> bool {
    let result = lint(changed, reference);
    let granted = unconditional(changed);
    let mut gone = false;
    let pattern = name.to_lowercase();
    for row in result.requirements.iter().filter(|r| !r.vacuous) {
        let is_it = row.declared_as.to_lowercase() == pattern;
        let lacking = row.verdict.name() != "covered";
        if !is_it {
            continue;
        }
        // Some required request that nothing left allows must be told of.
        let refused = requests(&row.action, names, "us-east-1")
            .into_iter()
            .find(|resource| {
                needed.applies(&row.action, resource, &Known::default()) == evaluator::Sure::Yes
                    && !evaluator::outcome(granted.iter(), &row.action, resource, &Known::default())
                        .1
            });
        let here = needed
            .actions
            .iter()
            .any(|a| a.eq_ignore_ascii_case(&row.declared_as))
            && row
                .resources
                .iter()
                .all(|r| needed.resources.iter().any(|n| n == r) || r == "*");
        if let Some(resource) = refused.filter(|_| here) {
            assert!(
                lacking,
                "{what}: {} on {resource} is not told of",
                row.action
            );
        }
        if lacking {
            gone = true;
            let told = result
                .findings
                .iter()
                .any(|f| f.actions.contains(&row.action));
            assert!(told, "{what}: no finding names {}", row.action);
        }
    }
    gone
}

type Triples = BTreeSet<(String, String, String)>;

fn triples(reference: &Reference) -> Triples {
    let document = rendered(reference, &|_| None);
    let mut all = Triples::new();
    for statement in document["Statement"].as_array().unwrap() {
        for action in list(&statement["Action"]) {
            for resource in list(&statement["Resource"]) {
                all.insert((
                    action.as_str().unwrap().to_lowercase(),
                    resource.as_str().unwrap().to_owned(),
                    statement["Condition"].to_string(),
                ));
            }
        }
    }
    all
}

#[test]
fn the_difference_of_consecutive_releases_is_that_of_sets() {
    let mut pairs = 0;
    let mut before: BTreeMap<(&str, &str), Vec<Reference>> = BTreeMap::new();
    for (role, scheduler, release) in questions() {
        let after = everything(role, scheduler, release);
        let old = before.insert((role, scheduler), after.clone());
        for from in old.into_iter().flatten() {
            let Some(to) = after.iter().find(|r| r.assumed == from.assumed) else {
                continue;
            };
            pairs += 1;
            let (old, new) = (triples(&from), triples(to));
            let flat = |of: fn(&upgrade::Change) -> &Vec<Scope>| -> Triples {
                let changes = upgrade::changes(&from, to);
                let mut all = Triples::new();
                for change in &changes {
                    all.extend(of(change).iter().map(|s| {
                        (
                            change.action.to_lowercase(),
                            s.resource.clone(),
                            s.condition.clone().unwrap_or_else(|| "null".to_owned()),
                        )
                    }));
                }
                all
            };
            let what = format!(
                "{role} {scheduler} {:?} to {release}",
                from.pcluster_version
            );
            assert_eq!(flat(|c| &c.added), &new - &old, "{what}");
            assert_eq!(flat(|c| &c.removed), &old - &new, "{what}");
        }
    }
    assert!(pairs > 250, "{pairs}");
    println!("{pairs} pairs of releases compared");
}

#[test]
fn each_erratum_is_missing_from_the_policy_of_its_releases() {
    let mut lacking = 0;
    for reference in distinct() {
        let document = rendered(&reference, &example);
        let result = lint(&document, &reference);
        let gaps = reference.gaps.iter().filter(|g| g.policy.is_none());
        for gap in gaps {
            let actions = gap.statements.iter().flat_map(|s| &s.action.values);
            for action in actions {
                let told = result.findings.iter().any(|f| {
                    f.lint == "known-gap"
                        && f.actions.iter().any(|a| {
                            evaluator::glob_matches(&action.to_lowercase(), &a.to_lowercase())
                        })
                });
                assert!(
                    told,
                    "{action} is granted by {:?} {:?} {:?} {:?}",
                    reference.role,
                    reference.scheduler,
                    reference.pcluster_version,
                    reference.assumed
                );
                lacking += 1;
            }
        }
    }
    println!("{lacking} actions that documented policies lack");
}

/// The table of `docs/reference.md`: which releases each role's policies are known for.
fn table() -> String {
    let mut text = String::from(
        "| role | policies of | releases | schedulers | source type | feature |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for listed in reference::listed() {
        let (first, last) = listed.releases;
        let releases = if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        };
        let schedulers = match listed.schedulers {
            [] => "any".to_owned(),
            some => some.join(", "),
        };
        writeln!(
            text,
            "| {} | {} | {releases} | {schedulers} | {} | {} |",
            listed.role,
            reference::role_title(listed.role).unwrap(),
            listed.kind,
            listed.feature.unwrap_or("")
        )
        .unwrap();
    }
    text
}

#[test]
fn the_docs_have_every_name_of_a_role() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let rows: String = reference::roles()
        .filter(|role| !reference::aliases(role).is_empty())
        .map(|role| format!("| {role} | {} |\n", reference::aliases(role).join(", ")))
        .collect();
    let head = "| role | other names |\n| --- | --- |\n";
    assert!(page.ends_with(&format!("{head}{rows}")), "{rows}");
}

#[test]
fn the_table_in_the_docs_says_what_is_known() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- table: start -->\n", "<!-- table: end -->");
    let head = page.split_once(start).unwrap().0;
    let tail = page.split_once(end).unwrap().1;
    let wanted = format!("{head}{start}{}{end}{tail}", table());
    if std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        page == wanted || std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some(),
        "run with PCLUSTER_IAM_WRITE_FIXTURES=1"
    );
}
