//! The difference of random pairs of policies, against an obvious evaluator.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use pcluster_iam::diff::difference::{Change, Difference, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value as Json;

use super::compare;
use crate::common::evaluator::{self, Known, Line, Statement};
use crate::common::{hostile, world};

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

/// The keys that variables of statements name, in lower case.
fn variables<'s>(statements: impl Iterator<Item = &'s Statement>) -> BTreeSet<String> {
    let texts = statements.flat_map(|s| {
        let values = s.conditions.iter().flat_map(|line| &line.values);
        s.resources.iter().chain(values)
    });
    let named = texts.flat_map(|text| {
        let parts = text.split("${").skip(1);
        parts.map(|part| part.split('}').next().unwrap().to_lowercase())
    });
    named.collect()
}

/// The statements with the values of the keys in the place of their variables, those that name an action without a
/// value alone; `None` where AWS does not say what a string with such a variable is worth.
fn filled(statements: &[Statement], action: &str, keys: &Keys) -> Option<Vec<Statement>> {
    let mut all = statements.to_vec();
    for s in &mut all {
        let mut names = s.actions.iter();
        if names.any(|p| evaluator::action_matches(p, action)) == s.not_action {
            continue;
        }
        let values = s.conditions.iter_mut().flat_map(|line| &mut line.values);
        for text in s.resources.iter_mut().chain(values) {
            for (key, value) in keys {
                let spelled = format!("${{{key}}}");
                while let Some(at) = text.to_lowercase().find(&spelled) {
                    // Before the fifth colon it is text.
                    if text.starts_with("arn:") && text[..at].matches(':').count() < 5 {
                        break;
                    }
                    let value = value.as_ref()?.first()?;
                    text.replace_range(at..at + spelled.len(), value);
                }
            }
        }
    }
    Some(all)
}

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

/// Values of a key that has no other, or of which no other is told apart.
fn of_type(key: &str) -> &'static [&'static str] {
    match key {
        "aws:viaawsservice" => &["true", "false"],
        "aws:multifactorauthage" => &["1", "22", "123456789012"],
        "aws:principaltype" => &["AssumedRole", "User", "FederatedUser", "Account"],
        _ => &[],
    }
}

/// Whether a text is a value of a key: of the keys of the world, these have a type.
fn is_of_type(key: &str, value: &str) -> bool {
    let listed = of_type(key);
    listed.is_empty() || listed.contains(&value)
}

/// Contexts of an action: each key with each candidate, up to a bound, and with steps over them beyond it.
fn contexts(
    lines: &BTreeMap<String, Vec<&Line>>,
    variables: &BTreeSet<String>,
    known: &Known,
) -> Vec<Keys> {
    // The values of variables are put into each statement.
    let most = if variables.is_empty() { 1_500 } else { 200 };
    let every: Vec<&Line> = lines.values().flatten().copied().collect();
    let none = Vec::new();
    let names: BTreeSet<&String> = lines.keys().chain(variables).collect();
    let lists: Vec<(String, Vec<Option<Vec<String>>>)> = { names.into_iter() }
        .map(|key| {
            let lines = lines.get(key).unwrap_or(&none);
            let fact = known.get(key);
            if !variables.is_empty() {
                // Any text may be that of a variable.
                let mut all = evaluator::candidates(key, &every, fact.as_ref());
                let is_one = |v: &Vec<String>| v.len() == 1 && !v[0].contains(['*', '?', '$']);
                all.retain(|v| v.as_ref().is_none_or(is_one));
                all.extend(of_type(key).iter().map(|v| Some(vec![(*v).to_owned()])));
                all.retain(|v| v.iter().flatten().all(|v| is_of_type(key, v)));
                return (key.clone(), all);
            }
            // Candidates that the lines about the key do not tell apart count once.
            let mut seen = Vec::new();
            let mut all = evaluator::candidates(key, lines, fact.as_ref());
            // Of the keys of the world this one alone may have no value or several.
            all.retain(|v| key == "aws:tagkeys" || v.as_ref().is_none_or(|v| v.len() == 1));
            all.extend(of_type(key).iter().map(|v| Some(vec![(*v).to_owned()])));
            all.retain(|v| v.iter().flatten().all(|v| is_of_type(key, v)));
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
        let step = (all.len() * values.len()).div_ceil(most).max(1);
        all = next.step_by(step).map(|(keys, v)| with(keys, v)).collect();
    }
    all
}

/// A request that `more` allows and `less` does not, by trying those of the world.
fn found(action: &str, more: &[Statement], less: &[Statement]) -> Option<String> {
    let service = action.split(':').next().unwrap().to_lowercase();
    let known = Known::default().by("any", &service);
    let lines = lines_of(more.iter().chain(less), action);
    let applying = more.iter().chain(less).filter(|s| {
        let mut names = s.actions.iter();
        names.any(|p| evaluator::action_matches(p, action)) != s.not_action
    });
    let variables = variables(applying);
    for (known, resources) in world::requests(action, false, &known) {
        let mut seen = BTreeSet::new();
        for keys in contexts(&lines, &variables, &known) {
            let [Some(more), Some(less)] = [more, less].map(|s| filled(s, action, &keys)) else {
                continue;
            };
            let both = [&more, &less].map(|s| truths(s, action, &keys));
            let [Some(of_more), Some(of_less)] = both else {
                continue;
            };
            let is_new = seen.insert((of_more.clone(), of_less.clone()));
            if !is_new && variables.is_empty() {
                continue;
            }
            let mut resources = resources.iter();
            let shown = resources.find(|r| {
                allows(&more, &of_more, action, r) && !allows(&less, &of_less, action, r)
            });
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
            let mut s = filled(s, action, &keys)?;
            let truths = truths(&s, action, &keys)?;
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

/// A statement of the world, at times with variables in its Condition.
fn with_variables() -> impl Strategy<Value = Statement> {
    let variable = prop::sample::select(vec![
        "${aws:username}",
        "${aws:Referer}",
        "${aws:PrincipalTag/x}",
        "a${aws:username}",
        "${aws:Referer}*",
    ]);
    let variable = prop::option::weighted(0.25, (variable, any::<prop::sample::Index>()));
    (world::customer_statement(), variable).prop_map(|(mut s, variable)| {
        let mut lines: Vec<&mut Line> = { s.conditions.iter_mut() }
            .filter(|line| line.operator.contains("String"))
            .collect();
        if let (Some((variable, at)), false) = (variable, lines.is_empty()) {
            let at = at.index(lines.len());
            variable.clone_into(&mut lines[at].values[0]);
        }
        s
    })
}

fn policies() -> impl Strategy<Value = (Vec<Statement>, Vec<Statement>)> {
    let list = || prop::collection::vec(with_variables(), 1..4);
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
    // A variable within a longer value of an `…IgnoreCase` operator is one that no value decides.
    assert!(seen.undecided.get() < 1 + cases as usize / 2);
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
