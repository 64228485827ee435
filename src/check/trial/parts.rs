//! The parts of a trial beside its rows: the generated role, the names of the cluster, the scope.

use crate::diff::prepare::Drafts;
use crate::diff::scope::Scope;
use crate::diff::statement::Prepared;
use crate::matcher::template::Placeholders;
use crate::matcher::{ActionMatch, Pieces};
use crate::parser::Effect;
use crate::reference::bindings::{Bindings, Dissent, Origin};
use crate::reference::cluster_names::{self, Hint};
use crate::reference::{self, Granted, RefCondition, RefStatement, Reference};

/// The generated policy for the configuration, with the names in the policies themselves.
pub(super) fn generated(
    reference: &Reference,
    bindings: &Bindings,
    granted: &[Prepared],
) -> Vec<RefStatement> {
    if reference.generated.is_empty() {
        return Vec::new();
    }
    let allows = granted
        .iter()
        .filter(|s| s.effect == Effect::Allow && !s.not_action && !s.not_resource);
    let allows: Vec<Granted<'_>> = allows
        .map(|s| Granted {
            allows: Box::new(|action| {
                let (service, name) = action.split_once(':').unwrap_or_default();
                let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
                let mut actions = s.actions.iter();
                actions.any(|a| {
                    a.pattern.matches(&service, &name) == ActionMatch::Yes
                        || a.text.eq_ignore_ascii_case(action)
                })
            }),
            resources: s.resources.iter().map(|r| r.text.as_str()).collect(),
        })
        .collect();
    let mut statements = reference::resolve_generated(&reference.generated, bindings, &allows);
    let documented = reference.in_partition(bindings.one("Partition"));
    for statement in &mut statements {
        let more = documented_conditions(&documented, statement);
        statement.conditions.extend(more);
    }
    statements
}

/// What the Condition of AWS's policy says of requests of a generated statement, beside its own: requests that it does not
/// hold for are not needed.
fn documented_conditions(reference: &Reference, generated: &RefStatement) -> Vec<RefCondition> {
    let wanted = || generated.action.values.iter();
    let is_wanted = |a: &String| wanted().any(|w| w.eq_ignore_ascii_case(a));
    let names = |s: &&RefStatement| {
        s.effect == Effect::Allow && !s.action.negated && s.action.values.iter().any(is_wanted)
    };
    let mut documented = reference.statements.iter().filter(names);
    let Some(first) = documented.next() else {
        return Vec::new();
    };
    if documented.any(|other| other.conditions != first.conditions) {
        return Vec::new();
    }
    let is_new = |line: &&RefCondition| {
        let mut own = generated.conditions.iter();
        !own.any(|own| own.key.eq_ignore_ascii_case(&line.key))
    };
    first.conditions.iter().filter(is_new).cloned().collect()
}

/// All statements of a reference, with its gaps and what is needed besides.
pub(super) fn everything(reference: &Reference) -> Vec<RefStatement> {
    let gaps = reference.gaps.iter().flat_map(|gap| &gap.statements);
    let own = reference.statements.iter().chain(&reference.generated);
    let mut all: Vec<RefStatement> = own.chain(gaps).cloned().collect();
    all.extend(reference.managed_statements());
    all
}

/// Binds what the policies say of the placeholders. What is granted only for some unknown values counts for those on
/// which nothing else says anything.
pub(super) fn infer(
    drafts: &Drafts<'_>,
    (required, conditions): (&[Pieces], &[Pieces]),
    bindings: &mut Bindings,
    placeholders: &Placeholders,
) -> Vec<Dissent> {
    let used = drafts.used();
    let open = Bindings::left_open(placeholders, &used);
    let dissents = bindings.infer(&drafts.votes(), required, (&open, conditions), placeholders);
    if let Some(perhaps) = &drafts.perhaps {
        bindings.infer_others(&perhaps.votes(), required, placeholders, |name| {
            !dissents.iter().any(|d| d.name == name)
        });
    }
    dissents
}

/// Binds the name of the cluster where the policies agree on one, and what follows from it. The second hints are those
/// of what is granted only for some unknown values: they count where there are no others.
pub(super) fn name_cluster(
    (hints, perhaps): (&[Hint], &[Hint]),
    reference: &Reference,
    bindings: &mut Bindings,
) -> Option<Dissent> {
    let mut dissent = None;
    let mut votes = cluster_names::clusters(hints, reference);
    let given = bindings.get(cluster_names::CLUSTER).map(str::to_owned);
    if votes.is_empty() && given.is_none() {
        votes = cluster_names::clusters(perhaps, reference);
        let first = votes.first().map(|v| v.text.clone());
        if votes.iter().any(|v| Some(&v.text) != first.as_ref()) {
            votes.clear();
        }
    }
    let of = |w: &cluster_names::Written| (w.text.clone(), w.source, w.span);
    match (votes.first(), given) {
        (Some(first), None) => match votes.iter().find(|v| v.text != first.text) {
            Some(other) => {
                dissent = Some(Dissent {
                    name: cluster_names::CLUSTER.to_owned(),
                    first: of(first),
                    other: of(other),
                });
            }
            None => bindings.set(
                cluster_names::CLUSTER,
                first.text.clone(),
                Origin::Inferred(first.source, first.span),
            ),
        },
        (Some(first), Some(given)) if !given.contains('*') => {
            let is_given =
                |v: &cluster_names::Written| reference::values(&given).any(|g| g == v.text);
            if !votes.iter().any(is_given) {
                dissent = Some(Dissent {
                    name: cluster_names::CLUSTER.to_owned(),
                    first: (given, first.source, first.span),
                    other: of(first),
                });
            }
        }
        _ => {}
    }
    cluster_names::derive(reference, bindings);
    dissent
}

pub(in crate::check) fn scope(bindings: &Bindings) -> Scope {
    let one = |name| bindings.one(name).map(str::to_owned);
    Scope {
        partition: one("Partition"),
        region: one("Region"),
        account: one("Account"),
    }
}
