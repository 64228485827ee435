//! The names that ParallelCluster chooses once for a cluster or a Region, from `rules/names.toml`.
//!
//! A policy that is written for the cluster `prod` is enough for `prod`: [`narrow`] replaces each wildcard of a
//! reference that stands for such a name, where the policy is narrower than that wildcard.

mod grant;
mod hint;
mod instance;
mod rule;
mod tag;

pub use super::bindings::CLUSTER;
pub use grant::{ByAction, Grant, Grants, Written};
pub use hint::{Hint, clusters, hints};
pub use tag::state_tags;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::bindings::{Bindings, Dissent, LOWER_CASE_CLUSTER, Origin};
use super::data::{DERIVED, Narrowing, SINGLE, TAKEN};
use super::value_shape::{glob, is_taken};
use super::{RefStatement, Reference, Release};
use crate::matcher::template;
use instance::{instance, split};
use rule::has;

/// The longest string of a policy in which names are looked for.
const LONGEST: usize = 2048;

/// The most values of one placeholder that are inferred from the policies.
const MOST: usize = 64;

/// The placeholders of the rules that can have a value besides those of a reference.
pub fn known() -> impl Iterator<Item = &'static str> {
    [CLUSTER].into_iter().chain(TAKEN.iter().copied())
}

/// Whether a text can be the name of a cluster.
pub fn is_cluster_name(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Binds what follows from the name of the cluster and has no value yet.
pub fn derive(reference: &Reference, bindings: &mut Bindings) {
    let (Some(release), Some(names)) = (release_of(reference), bindings.get(CLUSTER)) else {
        return;
    };
    let names = names.to_owned();
    let all = DERIVED.iter();
    for derived in all.filter(|d| d.first <= release && release <= d.last) {
        if bindings.get(derived.name).is_none() {
            let values = super::values(&names).map(|n| derived.value.replace("${Cluster}", n));
            let values: Vec<String> = values.collect();
            bindings.set(derived.name, values.join(","), Origin::Follows(CLUSTER));
        }
    }
}

/// A reference narrowed to the names of one cluster.
#[derive(Debug, Default)]
pub struct Narrowed {
    /// The statements; several of one index where its actions are narrowed differently. `None` where nothing is
    /// narrowed.
    pub statements: Option<Vec<RefStatement>>,
    /// For each of these, the position of the statement that it is made of.
    pub origins: Vec<usize>,
    /// Values that were inferred from the policies, by placeholder.
    pub taken: BTreeMap<String, Vec<Written>>,
    /// Names that are unique in a cluster, and for which the policies have several values.
    pub dissents: Vec<Dissent>,
}

/// Narrows the statements of a reference, or of its gaps, to the cluster that `bindings` name. What the grants cover as
/// it is written stays, unless other layers have to allow it too.
pub fn narrow(
    reference: &Reference,
    statements: &[RefStatement],
    grants: &Grants,
    bindings: &Bindings,
    layered: bool,
) -> Narrowed {
    let mut narrowed = Narrowed::default();
    let Some(release) = release_of(reference) else {
        return narrowed;
    };
    let rules = rule::of(reference, release);
    let is_known = |statement: &RefStatement| {
        let resources = &statement.resource;
        let known = |r: &String| rules.iter().any(|n| n.of == r);
        !statement.action.negated && !resources.negated && resources.values.iter().any(known)
    };
    if !statements.iter().any(is_known) {
        return narrowed;
    }
    let mut narrowing = Work {
        grants,
        bindings,
        layered,
        is_perhaps: false,
        hash: bindings.bucket_hash(),
        taken: BTreeMap::new(),
        dissents: Vec::new(),
        done: FxHashMap::default(),
    };
    // For each statement its actions with the resources that they need; `None` where it stays.
    let mut plan: Vec<Option<rule::Parts>> = Vec::new();
    for statement in statements {
        if !is_known(statement) {
            plan.push(None);
            continue;
        }
        let (actions, resources) = (&statement.action.values, &statement.resource.values);
        let of_resources: Vec<Vec<&Narrowing>> = { resources.iter() }
            .map(|resource| rules.iter().copied().filter(|n| n.of == resource).collect())
            .collect();
        let mut narrower = Vec::with_capacity(actions.len() * resources.len());
        for action in actions {
            let lower = action.to_ascii_lowercase();
            for rules in &of_resources {
                let rule = { rules.iter() }.find(|rule| rule::is_for(rule, action, &lower));
                narrower.push(rule.and_then(|rule| {
                    if rule::is_wild(rule, &lower) {
                        let mut actions = rule.actions.iter();
                        actions.find_map(|a| narrowing.narrowed(rule, &a.to_ascii_lowercase()))
                    } else {
                        narrowing.narrowed(rule, &lower)
                    }
                }));
            }
        }
        let is_changed = narrower.iter().any(Option::is_some);
        plan.push(is_changed.then(|| rule::together(statement, narrower)));
    }
    if plan.iter().any(Option::is_some) {
        let mut all = Vec::with_capacity(statements.len());
        for ((at, statement), parts) in statements.iter().enumerate().zip(plan) {
            let whole = || {
                (
                    statement.action.values.clone(),
                    statement.resource.values.clone(),
                )
            };
            for (actions, wanted) in parts.unwrap_or_else(|| vec![whole()]) {
                if wanted.is_empty() {
                    continue;
                }
                let mut part = statement.clone();
                part.action.values = actions;
                part.resource.values = wanted;
                all.push(part);
                narrowed.origins.push(at);
            }
        }
        narrowed.statements = Some(all);
    }
    narrowed.taken = narrowing.taken;
    narrowed.dissents = narrowing.dissents;
    narrowed
}

struct Work<'a> {
    grants: &'a Grants,
    bindings: &'a Bindings,
    layered: bool,
    /// Whether the grants at hand are not certain: what they give does not contradict anything.
    is_perhaps: bool,
    hash: Option<String>,
    taken: BTreeMap<String, Vec<Written>>,
    dissents: Vec<Dissent>,
    /// What is enough, for each question that was asked: the action itself decides nothing else.
    done: FxHashMap<Asked, Option<Vec<String>>>,
}

/// A rule, whether the grants are not certain, those that name all of an action, and those that name a part.
type Asked = (*const Narrowing, bool, Vec<*const Grant>, Vec<*const Grant>);

impl<'a> Work<'a> {
    /// The resources that are enough for an action; `None` where the reference's own stays.
    fn narrowed(&mut self, rule: &Narrowing, action: &str) -> Option<Vec<String>> {
        let mut own = template::names(rule.of)
            .filter(|n| !is_ambient(n))
            .peekable();
        if !rule.elsewhere
            && own.peek().is_some()
            && own.all(|n| self.bindings.get(n).is_some_and(|v| !v.contains(',')))
        {
            return None;
        }
        let mut grants = self.grants.certain.of(action);
        self.is_perhaps = grants.is_empty();
        if self.is_perhaps {
            grants = self.grants.perhaps.of(action);
        }
        let (whole, part) = grants
            .iter()
            .copied()
            .partition::<Vec<_>, _>(|g| g.is_for_all(action));
        let asked = |grants: &[&'a Grant]| grants.iter().map(|g| std::ptr::from_ref(*g)).collect();
        let asked: Asked = (
            std::ptr::from_ref(rule),
            self.is_perhaps,
            asked(&whole),
            asked(&part),
        );
        if let Some(done) = self.done.get(&asked) {
            return done.clone();
        }
        let narrowed = self.narrowed_to(rule, &whole, &grants);
        self.done.insert(asked, narrowed.clone());
        narrowed
    }

    /// The same for the grants that name the action, of which some name all that it stands for.
    fn narrowed_to(
        &mut self,
        rule: &Narrowing,
        whole: &[&Grant],
        grants: &[&Grant],
    ) -> Option<Vec<String>> {
        if grants.iter().any(|g| g.resources.is_none()) {
            return None;
        }
        let of_whole = { whole.iter() }.filter_map(|g| g.resources.as_ref());
        let of_whole: Vec<&Written> = of_whole.flatten().collect();
        let written = { grants.iter() }.filter_map(|g| g.resources.as_ref());
        let written: Vec<&Written> = written.flatten().collect();
        let of = self.open(&super::expand(rule.of, |_| None).concat());
        // A policy that keeps the placeholder is a template of what the reference asks for.
        let same = self.bound(rule.of);
        if !rule.elsewhere && of_whole.iter().any(|w| w.text == same) {
            return None;
        }
        if !self.layered && !rule.elsewhere && of_whole.iter().any(|w| glob(&w.text, &of)) {
            return None;
        }
        let is_open = |name: &str| !is_ambient(name) && self.bindings.get(name).is_none();
        let is_kept = template::names(rule.of).any(|n| is_open(n) && self.grants.keep(n));
        let mut all = Vec::new();
        for group in rule.to {
            // Each name of the cluster, and each value of what is given, is needed by itself.
            let mut forms: Vec<Vec<String>> = group.iter().map(|form| self.forms(form)).collect();
            // A form that does not name the cluster is for a name that is not known.
            let names = |form: &&str| form.contains("Cluster}");
            if group
                .iter()
                .zip(&forms)
                .any(|(g, f)| names(g) && !f.is_empty())
            {
                let without = group.iter().zip(&mut forms).filter(|(g, _)| !names(g));
                without.for_each(|(_, forms)| forms.clear());
            }
            let most = forms.iter().map(Vec::len).max().filter(|most| *most > 0)?;
            let exact = forms
                .iter()
                .find(|f| !f.is_empty() && f.iter().all(|f| Self::is_complete(f)))
                .filter(|_| group.len() == 1 || forms.len() == 1);
            if let Some(exact) = exact {
                all.extend(exact.iter().cloned());
                continue;
            }
            for at in 0..most {
                let forms = forms.iter().filter_map(|f| f.get(at).or(f.first()));
                let forms: Vec<&String> = forms.collect();
                if !self.enough(&forms, &written, &mut all)? {
                    // So is a policy that keeps the placeholder elsewhere. Where no name is known, the reference's own
                    // resource says most.
                    let is_told = self.bindings.get(CLUSTER).is_some()
                        || !rule.when.is_empty()
                        || !group.iter().any(names);
                    let form = forms.first().filter(|_| !is_kept && is_told)?;
                    if instance::is_any(form) {
                        return None;
                    }
                    all.push(Self::wild(form));
                }
            }
        }
        Some(all)
    }

    /// Adds the forms that the grants have; false where they have none.
    fn enough(
        &mut self,
        forms: &[&String],
        written: &[&Written],
        out: &mut Vec<String>,
    ) -> Option<bool> {
        let before = out.len();
        for form in forms {
            let open = self.open(form);
            if written.iter().any(|w| glob(&w.text, &open)) {
                out.push(Self::wild(form));
            }
        }
        if out.len() > before {
            return Some(true);
        }
        for form in forms {
            let (fields, resource) = split(form)?;
            for w in written {
                let Some((theirs, text)) = split(&w.text) else {
                    continue;
                };
                let template = self.bound(resource);
                let values = instance(&template, text);
                let values = values.filter(|_| glob(theirs, &self.bound(fields)));
                let Some(values) = values else { continue };
                let mut fits = true;
                for (name, value) in values {
                    fits &= self.take(name, &value, w);
                }
                if fits {
                    out.push(format!("{fields}:{text}"));
                }
            }
        }
        Some(out.len() > before)
    }

    /// Notes a value that a policy gives to a placeholder; false where another one was given before, and a cluster has
    /// one.
    fn take(&mut self, name: &str, value: &str, written: &Written) -> bool {
        if !is_taken(name) || value.contains(['*', '?', '$']) {
            return true;
        }
        let new = Written {
            text: value.to_owned(),
            ..written.clone()
        };
        let known = self.taken.entry(name.to_owned()).or_default();
        if known.iter().any(|k| k.text == value) {
            return true;
        }
        match known.first() {
            Some(first) if SINGLE.contains(&name) => {
                if !self.is_perhaps && !self.dissents.iter().any(|d| d.name == name) {
                    let of = |w: &Written| (w.text.clone(), w.source, w.span);
                    self.dissents.push(Dissent {
                        name: name.to_owned(),
                        first: of(first),
                        other: of(&new),
                    });
                }
                false
            }
            _ => {
                if known.len() < MOST {
                    known.push(new);
                }
                true
            }
        }
    }

    /// A form for each name of the cluster and each value of what is given; none where the name is not known.
    fn forms(&self, form: &str) -> Vec<String> {
        let mut all = vec![form.to_owned()];
        let mut names: Vec<&str> = template::names(form).filter(|n| !is_ambient(n)).collect();
        names.dedup();
        for name in names {
            let placeholder = format!("${{{name}}}");
            let of = if name == LOWER_CASE_CLUSTER {
                CLUSTER
            } else {
                name
            };
            let values: Vec<String> = match (name, self.bindings.get(of)) {
                ("BucketHash", _) => match &self.hash {
                    Some(hash) => vec![hash.clone()],
                    None => continue,
                },
                (_, Some(names)) if of == CLUSTER && names.contains('*') => return Vec::new(),
                (LOWER_CASE_CLUSTER, Some(names)) => {
                    super::values(names).map(str::to_ascii_lowercase).collect()
                }
                (_, Some(values)) => super::values(values).map(str::to_owned).collect(),
                (CLUSTER | LOWER_CASE_CLUSTER | "ResourcesS3Bucket" | "Ec2RoleName", None) => {
                    return Vec::new();
                }
                _ => continue,
            };
            all = all
                .iter()
                .flat_map(|form| values.iter().map(|v| form.replace(&placeholder, v)))
                .collect();
        }
        all
    }

    fn is_complete(form: &str) -> bool {
        template::names(form).all(is_ambient)
    }

    /// A form with Region, account and partition as they are written in a policy.
    fn bound(&self, form: &str) -> String {
        template::fill(form, |name| {
            self.bindings
                .get(name)
                .filter(|_| is_ambient(name))
                .map(str::to_owned)
        })
    }

    /// The same, with `*` for open parts.
    fn open(&self, form: &str) -> String {
        self.bound(&Self::wild(form))
    }

    /// A form with `*` for what is left open.
    fn wild(form: &str) -> String {
        template::fill(form, |name| (!is_ambient(name)).then(|| "*".to_owned()))
    }
}

fn is_ambient(name: &str) -> bool {
    matches!(name, "Partition" | "Region" | "Account")
}

fn release_of(reference: &Reference) -> Option<Release> {
    Release::parse(reference.pcluster_version.as_deref()?)
}

#[cfg(test)]
mod tests;
