//! Who can assume a role under one trust policy and not under another.
//!
//! The principals that the policies tell apart are listed: each that a statement names, one of each account, and one of
//! each kind that none names. For each of them and each action the contexts that the Conditions tell apart are tried, with
//! what the principal itself decides about the condition keys.
//!
//! Elements: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

mod asker;

use rustc_hash::FxHashMap;

use super::contexts::{self, Value};
use super::readings::{Reading, Readings};
use crate::catalog::Catalog;
use crate::diff::prepare::Drafts;
use crate::diff::statement::Prepared;
use crate::matcher::Pattern;
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::parser::{Effect, SourceId, Span, TrustPolicy, TrustStatement};
use crate::reference::bindings::{Bindings, Origin};
use crate::rejection::TRUST_ACTIONS;
use asker::{Asker, Named, account, is_digits, is_whole_account};

/// Steps of the decision procedure for the trust policies of one role.
const STEPS: u64 = 4_000_000;

/// The most principals that are compared.
const MOST_PRINCIPALS: usize = 400;

/// Contexts that are tried for all principals together.
const MOST_CONTEXTS: u64 = 200_000;

/// A principal that one side alone allows to assume the role.
#[derive(Clone, Debug)]
pub struct Assumption {
    /// As the policy names it, or in words: `any AWS account`.
    pub principal: String,
    /// The action: `sts:AssumeRole`.
    pub action: String,
    /// The condition keys of the request, with their values.
    pub context: Vec<(String, Value)>,
    /// The principals of the statements that allow it.
    pub places: Vec<(SourceId, Span)>,
}

/// What changes in who can assume a role.
#[derive(Clone, Debug, Default)]
pub struct TrustDifference {
    /// Allowed by the new trust policy alone.
    pub gained: Vec<Assumption>,
    /// Allowed by the old trust policy alone.
    pub lost: Vec<Assumption>,
    /// Principals for which a limit was reached, or a Condition could not be read.
    pub undecided: Vec<String>,
}

impl TrustDifference {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.undecided.is_empty()
    }

    /// Adds the difference of another reading of the same policies.
    pub fn join(&mut self, other: TrustDifference) {
        let add = |list: &mut Vec<Assumption>, more: Vec<Assumption>| {
            for one in more {
                let is_known =
                    |a: &Assumption| (&a.principal, &a.action) == (&one.principal, &one.action);
                if !list.iter().any(is_known) {
                    list.push(one);
                }
            }
        };
        add(&mut self.gained, other.gained);
        add(&mut self.lost, other.lost);
        for one in other.undecided {
            if !self.undecided.contains(&one) {
                self.undecided.push(one);
            }
        }
    }
}

/// A statement of a trust policy, with its Condition made ready.
struct Ready<'t> {
    is_new: bool,
    source: SourceId,
    statement: &'t TrustStatement,
    prepared: Prepared,
}

impl Ready<'_> {
    fn has_action(&self, action: &str) -> bool {
        let Some(element) = &self.statement.rest.action else {
            return false;
        };
        let mut values = element.values.iter();
        let is_listed =
            values.any(|v| Pattern::glob(&v.value.to_ascii_lowercase()).matches_text(action));
        is_listed != element.negated
    }

    fn names(&self, asker: &Asker) -> bool {
        self.statement
            .principals
            .iter()
            .any(|p| asker.is_named_by(p))
    }
}

/// Compares the trust policies of a role before and after a change. `given` has values of placeholders; without one,
/// the partition is the one that an ARN of them names, or else `aws`.
pub fn trust_difference(
    catalog: &Catalog,
    given: &Bindings,
    old: &[TrustPolicy],
    new: &[TrustPolicy],
) -> TrustDifference {
    let mut found = TrustDifference::default();
    let mut placeholders = Placeholders::default();
    let mut bindings = given.clone();
    if given.get("Partition").is_none() {
        let statements = old.iter().chain(new).flat_map(|trust| &trust.statements);
        bindings.set("Partition", partition(statements), Origin::Default);
    }
    let (old, new) = (bound(old, &bindings), bound(new, &bindings));
    let mut statements = ready(&old, false, &bindings, &mut placeholders);
    statements.extend(ready(&new, true, &bindings, &mut placeholders));
    let askers = askers(&statements);
    if askers.len() > MOST_PRINCIPALS {
        found.undecided.push(format!("{} principals", askers.len()));
        return found;
    }
    let named = named(&statements);
    let partition = partition(statements.iter().map(|s| s.statement));
    let mut budget = Budget::steps(STEPS);
    let mut left = Budget::steps(MOST_CONTEXTS);
    // The readings of the statements that apply, by their indexes.
    let mut known: FxHashMap<Vec<usize>, Option<Readings>> = FxHashMap::default();
    for asker in &askers {
        for spelled in TRUST_ACTIONS {
            let action = spelled.to_ascii_lowercase();
            if !asker.asks(&action) {
                continue;
            }
            let (indexes, applying): (Vec<usize>, Vec<&Ready<'_>>) =
                { statements.iter().enumerate() }
                    .filter(|(_, s)| s.has_action(&action) && s.names(asker))
                    .unzip();
            if !applying.iter().any(|s| s.prepared.effect == Effect::Allow) {
                continue;
            }
            let kind_of = |key: &str| catalog.condition_key(key);
            let fact = |key: &str| asker.fact(key, &partition);
            let may_be = |key: &str, value: &Value| asker.may_have(key, value, &named, &askers);
            let prepared: Vec<&Prepared> = applying.iter().map(|s| &s.prepared).collect();
            let readings = known.entry(indexes).or_insert_with(|| {
                Readings::of_variables(&prepared, &kind_of, &placeholders, &mut budget)
            });
            let mut done = [false; 2];
            let mut is_open = readings.as_ref().is_some_and(Readings::is_cut);
            let each = Readings::each(readings.as_ref(), &fact);
            is_open |= each.is_empty();
            for (reading, is_proof) in each {
                let fact = |key: &str| {
                    let own = reading.and_then(|r| r.fact(key));
                    own.unwrap_or_else(|| fact(key))
                };
                let keys = contexts::Keys {
                    fact: &fact,
                    kind: &kind_of,
                    may_be: &may_be,
                    field: &|_| None,
                };
                let conditions: Vec<_> = { prepared.iter().enumerate() }
                    .map(|(at, s)| reading.map_or(&s.conditions, |r| r.conditions(at, s)))
                    .collect();
                let worlds = contexts::worlds(&conditions, &keys, &placeholders, &mut budget);
                let worlds = worlds.filter(|worlds| left.pay(1 + worlds.len() as u64));
                let Some(worlds) = worlds else {
                    is_open = true;
                    break;
                };
                for (is_new, done) in [true, false].into_iter().zip(&mut done) {
                    let shows = worlds.iter().find(|w| {
                        allows(&applying, &w.truths, is_new)
                            && !allows(&applying, &w.truths, !is_new)
                    });
                    let Some(world) = shows.filter(|_| !*done) else {
                        continue;
                    };
                    if !is_proof {
                        is_open = true;
                        continue;
                    }
                    *done = true;
                    let by = applying.iter().zip(&world.truths);
                    let by = by.filter(|(s, holds)| {
                        **holds && s.is_new == is_new && s.prepared.effect == Effect::Allow
                    });
                    let places = by.flat_map(|(s, _)| {
                        let named = s.statement.principals.iter();
                        let named = named.filter(|p| asker.is_named_by(p));
                        named.map(|p| (s.source, p.value.span))
                    });
                    let list = if is_new {
                        &mut found.gained
                    } else {
                        &mut found.lost
                    };
                    // Who is within those that are listed is not listed again.
                    let is_known = list.iter().any(|known: &Assumption| {
                        known.action == *spelled
                            && askers.iter().any(|other| {
                                other.shown() == known.principal && asker.is_within(other)
                            })
                    });
                    if !is_known {
                        let stated = reading.into_iter().flat_map(Reading::stated);
                        list.push(Assumption {
                            principal: asker.shown(),
                            action: (*spelled).to_owned(),
                            context: world.stated.iter().cloned().chain(stated).collect(),
                            places: places.collect(),
                        });
                    }
                }
            }
            let shown = asker.shown();
            if is_open && done != [true; 2] && !found.undecided.contains(&shown) {
                found.undecided.push(shown);
            }
        }
    }
    found
}

/// Whether the policy of one side allows the action, where the Conditions hold or not.
fn allows(applying: &[&Ready<'_>], truths: &[bool], is_new: bool) -> bool {
    let has = |effect: Effect| {
        let mut all = applying.iter().zip(truths);
        all.any(|(s, holds)| *holds && s.is_new == is_new && s.prepared.effect == effect)
    };
    has(Effect::Allow) && !has(Effect::Deny)
}

/// The policies with the values of placeholders in their principals, which templates and modules write in their own ways.
fn bound(policies: &[TrustPolicy], bindings: &Bindings) -> Vec<TrustPolicy> {
    let mut policies = policies.to_vec();
    let statements = policies.iter_mut().flat_map(|p| &mut p.statements);
    for principal in statements.flat_map(|s| &mut s.principals) {
        let text = &mut principal.value.value;
        if !text.contains("${") {
            continue;
        }
        *text = { text.replace("${AWS::AccountId}", "${Account}") }.replace("${AWS::", "${");
        for (name, value) in bindings.iter().filter(|(_, b)| !b.value.contains('*')) {
            *text = text.replace(&format!("${{{name}}}"), &value.value);
        }
    }
    policies
}

/// The statements of one side, each prepared as if it were a policy of its own.
fn ready<'t>(
    policies: &'t [TrustPolicy],
    is_new: bool,
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) -> Vec<Ready<'t>> {
    let mut all = Vec::new();
    for trust in policies {
        for statement in &trust.statements {
            let policy = trust.alone(statement);
            let drafts = Drafts::new([&policy], placeholders);
            let prepared = drafts.bind(bindings, placeholders, &|_| None);
            all.extend(prepared.into_iter().map(|prepared| Ready {
                is_new,
                source: trust.source,
                statement,
                prepared,
            }));
        }
    }
    all
}

/// The partition of the ARNs that statements name.
fn partition<'t>(statements: impl Iterator<Item = &'t TrustStatement> + Clone) -> String {
    let principals = statements.clone().flat_map(|s| &s.principals);
    let lines = statements.flat_map(|s| &s.rest.conditions);
    let values = lines.flat_map(|line| &line.values).map(|v| &v.value);
    let mut texts = principals.map(|p| &p.value.value).chain(values);
    let found = texts.find_map(|text| {
        let (partition, _) = text.strip_prefix("arn:")?.split_once(':')?;
        (!partition.contains(['*', '?', '$'])).then(|| partition.to_owned())
    });
    found.unwrap_or_else(|| "aws".to_owned())
}

/// Those whom Conditions name in full.
fn named(statements: &[Ready<'_>]) -> Vec<Named> {
    let lines = statements.iter().flat_map(|s| &s.statement.rest.conditions);
    let mut all = Vec::new();
    for line in lines {
        let values = line.values.iter().map(|v| v.value.as_str());
        if line.key.value.eq_ignore_ascii_case("aws:PrincipalAccount") {
            all.extend(values.filter(|v| is_digits(v)).map(|v| Named {
                account: v.to_owned(),
                arn: None,
            }));
        } else if line.key.value.eq_ignore_ascii_case("aws:PrincipalArn") {
            for value in values {
                let Some(account) = account(value).filter(|a| is_digits(a)) else {
                    continue;
                };
                let is_one = !value.contains(['*', '?', '$']) && !is_whole_account(value);
                all.push(Named {
                    account,
                    arn: is_one.then(|| value.to_owned()),
                });
            }
        }
    }
    all
}

/// The principals that differ for the statements, the widest first.
fn askers(statements: &[Ready<'_>]) -> Vec<Asker> {
    let mut all = vec![Asker::AnyAccount, Asker::AnyService, Asker::AnyProvider];
    let mut add = |asker: Asker| {
        if !all.contains(&asker) {
            all.push(asker);
        }
    };
    for ready in statements {
        for principal in &ready.statement.principals {
            let asker = Asker::of(principal);
            if let Asker::Arn(_, Some(account)) = &asker {
                add(Asker::Account(account.clone()));
            }
            add(asker);
        }
        for line in &ready.statement.rest.conditions {
            if line
                .key
                .value
                .eq_ignore_ascii_case("aws:PrincipalServiceName")
            {
                let values = line.values.iter().map(|v| v.value.as_str());
                let whole = values.filter(|v| !v.contains(['*', '?', '$']));
                whole.for_each(|v| add(Asker::Service(v.to_owned())));
            }
        }
    }
    for named in named(statements) {
        add(Asker::Account(named.account.clone()));
        if let Some(arn) = named.arn {
            add(Asker::Arn(arn, Some(named.account)));
        }
    }
    let rank = |asker: &Asker| match asker {
        Asker::AnyAccount => 0,
        Asker::AnyService => 1,
        Asker::AnyProvider => 2,
        Asker::Account(_) => 3,
        _ => 4,
    };
    all.sort_by_key(rank);
    all
}
