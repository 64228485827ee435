//! The roles of a side: a file of policies, the files that name the same role, or a principal of a template, a module, a
//! plan or a dump.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::origin::{Content, Found};
use crate::check;
use crate::cli::input;
use crate::diff::difference::Side;
use crate::inventory;
use crate::inventory::cloudformation::Given;
use crate::parser::dump::Pages;
use crate::parser::{
    self, ATTACHED, Document, Policy, Problem, Source, SourceId, Sources, TrustPolicy,
};
use crate::reference;

/// Policies in one reading of the unknown values.
#[derive(Clone, Default)]
pub(super) struct Reading {
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) boundary: Option<Vec<Arc<Policy>>>,
}

impl Reading {
    pub(super) fn side(&self) -> Side<'_> {
        Side {
            policies: self.policies.iter().map(Arc::as_ref).collect(),
            boundary: { self.boundary.as_ref() }.map(|b| b.iter().map(Arc::as_ref).collect()),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Policy> {
        let all = self.policies.iter().chain(self.boundary.iter().flatten());
        all.map(Arc::as_ref)
    }
}

/// A role under one setting of its template's parameters.
#[derive(Clone, Default)]
pub(super) struct Setting {
    /// Values of parameters that may have several.
    pub(super) values: Vec<(String, String)>,
    /// At the extremes of what is not known; one where nothing is left open.
    pub(super) readings: Vec<Reading>,
    /// What belongs to the role and is not in the files.
    pub(super) named: BTreeSet<String>,
    /// The trust policies of the role; empty where the files do not have them.
    pub(super) trusts: Vec<TrustPolicy>,
    /// Whether a part of a trust policy is not known.
    pub(super) is_trust_open: bool,
}

impl Setting {
    /// How many readings there are.
    pub(super) fn count(&self) -> usize {
        self.readings.len()
    }

    /// The policies of two roles put together.
    pub(super) fn join(&self, other: &Setting) -> Setting {
        let count = self.count().max(other.count());
        let both = (0..count).map(|at| {
            let (mut one, mut more) = (self.reading(at), other.reading(at));
            one.policies.append(&mut more.policies);
            // One role's boundary does not limit the policies of several roles.
            one.boundary = one.boundary.filter(|_| more.boundary.is_some());
            one
        });
        Setting {
            values: [self.values.clone(), other.values.clone()].concat(),
            readings: both.collect(),
            named: self.named.union(&other.named).cloned().collect(),
            trusts: [self.trusts.clone(), other.trusts.clone()].concat(),
            is_trust_open: self.is_trust_open || other.is_trust_open,
        }
    }

    /// A reading; the last one for those that are not distinguished.
    pub(super) fn reading(&self, at: usize) -> Reading {
        let found = self.readings.get(at).or(self.readings.last());
        found.cloned().unwrap_or_default()
    }
}

/// A role of one side.
#[derive(Clone, Default)]
pub(super) struct Subject {
    /// `file`, `role`, `user`, `group`, `policy` or `function`.
    pub(super) kind: &'static str,
    pub(super) settings: Vec<Setting>,
    /// Why not all of it can be compared.
    pub(super) problems: Vec<String>,
    /// The names of the role: the logical id or address, the name of the role.
    pub(super) names: BTreeSet<String>,
    /// Whether the policies are those of an account, which IAM stores.
    pub(super) is_stored: bool,
}

impl Subject {
    /// The names of a principal, those in its ARNs among them.
    pub(super) fn name(&mut self, principal: &inventory::Principal) {
        let all = [&principal.name].into_iter().chain(&principal.aliases);
        let last = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        self.names.extend(all.map(last));
    }
}

/// A name of a role: the path of the file, and the principal in it.
pub(super) type Name = (String, String);

/// What a side has.
#[derive(Default)]
pub(super) struct Roles {
    pub(super) all: BTreeMap<Name, Subject>,
    /// Files of a folder that hold no policy.
    pub(super) others: BTreeSet<String>,
    /// Problems of files that belong to no role.
    pub(super) problems: Vec<String>,
    /// Whether there is a template, a module or a plan, which have parameters.
    pub(super) has_parameters: bool,
    /// Policies of AWS, by ARN.
    managed: BTreeMap<String, Vec<Arc<Policy>>>,
}

impl Roles {
    /// Names of policies and groups that belong to a role and are not in the files; the texts of AWS managed policies are
    /// added to the policies.
    pub(super) fn attach<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        policies: &mut Vec<Arc<Policy>>,
        sources: &mut Sources,
    ) -> BTreeSet<String> {
        let mut rest = BTreeSet::new();
        for name in names {
            let arn = name.strip_prefix(ATTACHED);
            let text = arn.and_then(|arn| Some((arn, reference::managed_text(arn)?)));
            if let Some((arn, text)) = text {
                let read = || {
                    let source = sources.add(Source::new(arn, text));
                    let read = parser::parse(source, sources.get(source)).policies;
                    read.into_iter().map(Arc::new).collect()
                };
                let known = self.managed.entry(arn.to_owned()).or_insert_with(read);
                policies.extend(known.iter().cloned());
            } else if !name.starts_with("trust-policy") {
                rest.insert(name.clone());
            }
        }
        rest
    }
}

/// Reads the files of a side. Pages of dumps are put into `pages`.
pub(super) fn read(
    files: Vec<Found>,
    given: &Given,
    sources: &mut Sources,
    pages: &mut Vec<(SourceId, Pages)>,
) -> Roles {
    let mut roles = Roles::default();
    for file in files {
        let loaded = match file.content {
            Content::Named => input::load_any(&file.shown, None, None, sources, given),
            Content::Bytes(bytes) => input::load_bytes(&file.shown, bytes, sources, given),
        };
        match loaded {
            input::Loaded::Policies(loaded) => {
                let is_in_folder = !file.path.is_empty();
                let text = sources.get(loaded.source).text();
                if is_in_folder && !may_be_policy(text) && { loaded.document.policies.iter() }
                    .all(|p| p.statements.is_empty())
                {
                    roles.others.insert(file.path);
                    continue;
                }
                add_file(
                    &mut roles,
                    file.path,
                    &loaded.document,
                    loaded.source,
                    sources,
                );
            }
            input::Loaded::Dump(source, found) => pages.push((source, found)),
            input::Loaded::Template(source, inventory) | input::Loaded::Plan(source, inventory) => {
                add_template(&mut roles, &file.path, &inventory, Some(source), sources);
            }
        }
    }
    roles
}

/// Whether a text was meant to be a policy.
fn may_be_policy(text: &str) -> bool {
    ["Statement", "Effect", "PolicyDocument"]
        .iter()
        .any(|word| text.contains(word))
}

/// Problems that keep a part of a file from being compared.
pub(super) fn said(problems: &[Problem], source: SourceId, sources: &Sources) -> Vec<String> {
    let counted = problems.iter().filter(|p| p.rejected);
    let place = |p: &Problem| check::place(sources, source, p.span);
    counted
        .map(|p| format!("{}: {}", place(p), p.message))
        .collect()
}

/// Whether a part of the trust policy could not be read.
pub(super) fn is_trust_open(document: &Document) -> bool {
    let mut named = document.named.iter();
    named.any(|name| name.starts_with("trust-policy"))
}

fn add_file(
    roles: &mut Roles,
    path: String,
    document: &Document,
    source: SourceId,
    sources: &mut Sources,
) {
    let owners: BTreeSet<String> = { document.owners.iter() }
        .filter_map(|owner| Some(owner.role_name()?.value))
        .collect();
    let (name, kind) = match owners.first() {
        Some(role) if owners.len() == 1 => ((String::new(), role.clone()), "role"),
        _ => ((path, String::new()), "file"),
    };
    let mut problems = said(&document.problems, source, sources);
    if owners.len() > 1 {
        let shown = sources.get(source).name();
        problems.push(format!("{shown}: the policies of several roles"));
    }
    let mut policies: Vec<_> = document.policies.iter().cloned().map(Arc::new).collect();
    let named = roles.attach(document.named.iter(), &mut policies, sources);
    let is_role = kind == "role";
    let role = name.1.clone();
    let subject = roles.all.entry(name).or_default();
    subject.kind = kind;
    subject.names.extend(is_role.then_some(role));
    subject.problems.append(&mut problems);
    if subject.settings.is_empty() {
        subject.settings.push(Setting {
            readings: vec![Reading::default()],
            ..Setting::default()
        });
    }
    if let Some(setting) = subject.settings.first_mut() {
        setting.named.extend(named);
        setting.trusts.extend(document.trusts.iter().cloned());
        setting.is_trust_open |= is_trust_open(document);
        if let Some(reading) = setting.readings.first_mut() {
            reading.policies.append(&mut policies);
        }
    }
}

/// Adds the principals of a template, a plan or a module. `source` is its file, where it is one.
pub(super) fn add_template(
    roles: &mut Roles,
    path: &str,
    inventory: &inventory::Inventory,
    source: Option<SourceId>,
    sources: &mut Sources,
) {
    roles.has_parameters = true;
    if let Some(source) = source {
        roles
            .problems
            .extend(said(&inventory.problems, source, sources));
    }
    for (parameter, value, reason) in &inventory.refused_parameters {
        let said = format!("{path}: `{parameter}={value}` is not allowed: {reason}");
        roles.problems.push(said);
    }
    for (source, problem) in &inventory.elsewhere {
        let problem = std::slice::from_ref(problem);
        roles.problems.extend(said(problem, *source, sources));
    }
    for principal in &inventory.principals {
        let mut subject = Subject {
            kind: principal.kind.name(),
            ..Subject::default()
        };
        subject.name(principal);
        for document in &principal.documents {
            let setting = setting(principal, document, roles, &mut subject.problems, sources);
            subject.settings.push(setting);
        }
        subject.problems.dedup();
        roles
            .all
            .insert((path.to_owned(), principal.name.clone()), subject);
    }
}

/// A principal under one setting of the parameters, with its parts of all files.
fn setting(
    principal: &inventory::Principal,
    document: &inventory::Document,
    roles: &mut Roles,
    problems: &mut Vec<String>,
    sources: &mut Sources,
) -> Setting {
    let elsewhere = document
        .elsewhere
        .iter()
        .map(|(source, part)| (*source, part));
    let parts: Vec<_> = [(principal.source, document)]
        .into_iter()
        .chain(elsewhere)
        .collect();
    let limit = parts
        .iter()
        .find_map(|(source, part)| Some((*source, part.boundary.as_deref()?)));
    let boundary = limit.map(|(_, limit)| limit);
    for (source, part) in parts.iter().copied().chain(limit) {
        problems.extend(said(&part.worst.problems, source, sources));
    }
    let mut managed = Vec::new();
    let mut named = BTreeSet::new();
    for (_, part) in &parts {
        let attached = part.attached.iter();
        let attached: Vec<String> = attached.map(|a| format!("{ATTACHED}{a}")).collect();
        let names = attached.iter().chain(&part.worst.named);
        named.append(&mut roles.attach(names, &mut managed, sources));
    }
    let policies =
        |of: &Document| -> Vec<Arc<Policy>> { of.policies.iter().cloned().map(Arc::new).collect() };
    let read = |which: fn(&inventory::Document) -> &Document| {
        let own = parts.iter().flat_map(|(_, part)| policies(which(part)));
        Reading {
            policies: own.chain(managed.iter().cloned()).collect(),
            boundary: boundary.map(|b| policies(which(b))),
        }
    };
    let mut readings = vec![read(|d| &d.worst)];
    let mut all = parts.iter().map(|(_, part)| *part).chain(boundary);
    if all.any(|d| d.best.is_some()) {
        readings.push(read(|d| d.best.as_ref().unwrap_or(&d.worst)));
        readings.push(read(|d| {
            let best = d.best.as_ref().unwrap_or(&d.worst);
            d.texts.as_ref().unwrap_or(best)
        }));
    }
    let trusts = parts.iter().flat_map(|(_, part)| &part.worst.trusts);
    Setting {
        values: document.values.clone(),
        readings,
        named,
        trusts: trusts.cloned().collect(),
        is_trust_open: parts.iter().any(|(_, part)| is_trust_open(&part.worst)),
    }
}
