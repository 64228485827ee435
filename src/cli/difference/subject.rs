//! The roles of a side: a file of policies, the files that name the same role, or a principal of a template.

use std::collections::{BTreeMap, BTreeSet};

use super::origin::{Content, Found};
use crate::check;
use crate::cli::input;
use crate::diff::difference::Side;
use crate::inventory;
use crate::inventory::cloudformation::{self, Given};
use crate::inventory::terraform;
use crate::parser::{
    self, Document, Policy, Problem, ProblemKind, Source, SourceId, Sources, TrustPolicy,
};
use crate::reference;

/// Policies in one reading of what is not known.
#[derive(Clone, Default)]
pub(super) struct Reading {
    policies: Vec<Policy>,
    boundary: Option<Vec<Policy>>,
}

impl Reading {
    pub(super) fn side(&self) -> Side<'_> {
        Side {
            policies: self.policies.iter().collect(),
            boundary: self.boundary.as_ref().map(|b| b.iter().collect()),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().chain(self.boundary.iter().flatten())
    }
}

/// A role under one setting of its template's parameters.
#[derive(Clone, Default)]
pub(super) struct Setting {
    /// Values of parameters that may have several.
    pub(super) values: Vec<(String, String)>,
    /// At the extremes of what is not known; one where nothing is left open.
    readings: Vec<Reading>,
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
            // Of several roles no boundary limits the policies of all.
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

    /// A reading; the last one for those that are not told apart.
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
}

/// Reads the files of a side.
pub(super) fn read(files: Vec<Found>, given: &Given, sources: &mut Sources) -> Roles {
    let mut roles = Roles::default();
    for file in files {
        if terraform::is_code(&file.shown) {
            let problem = format!("{}: Terraform code is not compared", file.shown);
            roles.problems.push(problem);
            continue;
        }
        let loaded = match file.content {
            Content::Named => input::load_any(&file.shown, None, None, sources, given),
            Content::Bytes(bytes) => of_bytes(&file.shown, bytes, sources, given),
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
            input::Loaded::Dump(..) => roles.problems.push(format!(
                "{}: dumps of accounts are not compared",
                file.shown
            )),
            input::Loaded::Template(source, inventory) => {
                add_template(&mut roles, &file.path, &inventory, source, sources);
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

fn of_bytes(shown: &str, bytes: Vec<u8>, sources: &mut Sources, given: &Given) -> input::Loaded {
    let (source, problem) = parser::decode(shown, bytes);
    let source = sources.add(source);
    let document = match problem {
        Some(problem) => Document {
            problems: vec![problem],
            ..Document::default()
        },
        None => match cloudformation::read(source, sources.get(source), given) {
            Some(Ok(inventory)) => return input::Loaded::Template(source, inventory),
            Some(Err(problem)) => Document {
                problems: vec![*problem],
                ..Document::default()
            },
            None => parser::parse(source, sources.get(source)),
        },
    };
    input::Loaded::Policies(crate::lints::File::new(source, document))
}

/// Problems that keep a part of a file from being compared.
fn said(problems: &[Problem], source: SourceId, sources: &Sources) -> Vec<String> {
    let counts = |p: &&Problem| p.rejected || p.kind == ProblemKind::Unresolved;
    let counted = problems.iter().filter(counts);
    let place = |p: &Problem| check::place(sources, source, p.span);
    counted
        .map(|p| format!("{}: {}", place(p), p.message))
        .collect()
}

/// Names of policies and groups that belong to a role and are not in the files; the texts of AWS managed policies are
/// added to the policies.
fn attach<'n>(
    names: impl Iterator<Item = &'n String>,
    policies: &mut Vec<Policy>,
    sources: &mut Sources,
) -> BTreeSet<String> {
    let mut rest = BTreeSet::new();
    for name in names {
        let arn = name.strip_prefix("attached-policy:");
        let text = arn.and_then(|arn| Some((arn, reference::managed_text(arn)?)));
        if let Some((arn, text)) = text {
            let source = sources.add(Source::new(arn, text));
            policies.extend(parser::parse(source, sources.get(source)).policies);
        } else if !name.starts_with("trust-policy") {
            rest.insert(name.clone());
        }
    }
    rest
}

/// Whether a part of the trust policy could not be read.
fn is_trust_open(document: &Document) -> bool {
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
    let mut policies = document.policies.clone();
    let named = attach(document.named.iter(), &mut policies, sources);
    let subject = roles.all.entry(name).or_default();
    subject.kind = kind;
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

fn add_template(
    roles: &mut Roles,
    path: &str,
    inventory: &inventory::Inventory,
    source: SourceId,
    sources: &mut Sources,
) {
    roles
        .problems
        .extend(said(&inventory.problems, source, sources));
    for principal in &inventory.principals {
        let mut subject = Subject {
            kind: principal.kind.name(),
            ..Subject::default()
        };
        for document in &principal.documents {
            let boundary = document.boundary.as_deref();
            let all = [Some(document), boundary];
            for part in all.into_iter().flatten() {
                subject
                    .problems
                    .extend(said(&part.worst.problems, source, sources));
            }
            let mut managed = Vec::new();
            let attached = document.attached.iter();
            let attached: Vec<String> = attached.map(|a| format!("attached-policy:{a}")).collect();
            let names = attached.iter().chain(&document.worst.named);
            let named = attach(names, &mut managed, sources);
            let read = |which: fn(&inventory::Document) -> &Document| {
                let mut policies = which(document).policies.clone();
                policies.extend(managed.iter().cloned());
                Reading {
                    policies,
                    boundary: boundary.map(|b| which(b).policies.clone()),
                }
            };
            let mut readings = vec![read(|d| &d.worst)];
            let is_open = |d: &&inventory::Document| d.best.is_some();
            if all.iter().flatten().any(is_open) {
                readings.push(read(|d| d.best.as_ref().unwrap_or(&d.worst)));
                readings.push(read(|d| {
                    let best = d.best.as_ref().unwrap_or(&d.worst);
                    d.texts.as_ref().unwrap_or(best)
                }));
            }
            subject.settings.push(Setting {
                values: document.values.clone(),
                readings,
                named,
                trusts: document.worst.trusts.clone(),
                is_trust_open: is_trust_open(&document.worst),
            });
        }
        subject.problems.dedup();
        roles
            .all
            .insert((path.to_owned(), principal.name.clone()), subject);
    }
}
