//! Dumps of accounts: the roles and users of all pages, each put together from its parts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::boundary::managed_boundary;
use super::chosen::{Chosen, Setting};
use crate::inventory::{Inventory, Kind, Principal, Trust};
use crate::lints::{File, PrincipalName};
use crate::parser::dump::{self, Pages, Part, PartContent, PartKind, PartName, Uses};
use crate::parser::{SourceId, Sources, Span, Spanned};

/// Before the name of a policy that is AWS's own.
pub(super) const OF_AWS: &str = ":iam::aws:policy/";

/// One element of a page, and what was read of it.
struct Entry {
    source: SourceId,
    part: Part,
    name: Option<PartName>,
    /// Read ahead for principals, and for a managed policy once it is needed.
    content: Option<PartContent>,
    /// Index of its file, once there is one.
    file: Option<usize>,
}

impl Entry {
    fn arn(&self) -> Option<&str> {
        self.name.as_ref()?.arn.as_deref()
    }
}

/// The pages of the dumps of one or more accounts.
pub(super) struct Dump {
    entries: Vec<Entry>,
    /// Managed policies by ARN.
    policies: HashMap<String, usize>,
    /// Groups by account and name.
    groups: HashMap<(String, String), usize>,
    /// The entry of each principal of the inventory.
    principals: Vec<usize>,
    /// For each page the same text once more, for boundaries: their places are distinct from those of the role.
    limits: BTreeMap<SourceId, SourceId>,
    /// Indices of files of boundaries, by ARN.
    boundaries: HashMap<String, usize>,
    /// Whether the last page is missing.
    is_truncated: bool,
    /// Whether the pages have the list of the account's roles.
    lists_roles: bool,
}

/// The account in an ARN.
fn account(arn: Option<&str>) -> String {
    let mut fields = arn.unwrap_or_default().split(':');
    fields.nth(4).unwrap_or_default().to_owned()
}

impl Dump {
    /// Reads the principals of all pages together.
    pub(super) fn new(pages: &[(SourceId, &Pages)], sources: &Sources) -> (Self, Inventory) {
        let parts: Vec<(SourceId, Part)> = { pages.iter() }
            .flat_map(|(source, pages)| pages.parts.iter().map(|part| (*source, *part)))
            .collect();
        let entries: Vec<Entry> = { parts.into_par_iter() }
            .map(|(source, part)| {
                let text = sources.get(source);
                let is_principal = part.kind != PartKind::Policy;
                Entry {
                    source,
                    part,
                    name: dump::part_name(text, part),
                    content: is_principal.then(|| dump::part(source, text, part)),
                    file: None,
                }
            })
            .collect();
        let mut policies = HashMap::new();
        let mut groups = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let Some(name) = &entry.name else { continue };
            match (entry.part.kind, &name.arn) {
                (PartKind::Policy, Some(arn)) => {
                    policies.entry(arn.clone()).or_insert(at);
                }
                (PartKind::Group, arn) => {
                    let key = (account(arn.as_deref()), name.name.value.clone());
                    groups.entry(key).or_insert(at);
                }
                _ => {}
            }
        }
        let mut all = Dump {
            entries,
            policies,
            groups,
            principals: Vec::new(),
            limits: BTreeMap::new(),
            boundaries: HashMap::new(),
            // The last page of a dump says that no other follows.
            is_truncated: pages.iter().all(|(_, pages)| pages.is_truncated),
            lists_roles: pages.iter().any(|(_, pages)| pages.lists_roles),
        };
        let inventory = all.inventory();
        (all, inventory)
    }

    fn inventory(&mut self) -> Inventory {
        let mut used: HashSet<usize> = HashSet::new();
        for entry in &self.entries {
            let Some(content) = &entry.content else {
                continue;
            };
            let arns = content.attached.iter().chain(&content.boundary);
            used.extend(arns.filter_map(|arn| self.policies.get(arn)));
            let account = account(entry.arn());
            let groups = content.groups.iter();
            used.extend(groups.filter_map(|g| self.groups.get(&(account.clone(), g.clone()))));
        }
        let mut inventory = Inventory::default();
        for (at, entry) in self.entries.iter().enumerate() {
            let kind = match entry.part.kind {
                PartKind::Role => Kind::Role,
                PartKind::User => Kind::User,
                // What these grant counts for those who have them.
                _ if used.contains(&at) => continue,
                PartKind::Policy if entry.arn().is_some_and(|arn| arn.contains(OF_AWS)) => continue,
                PartKind::Policy => Kind::Policy,
                PartKind::Group => Kind::Group,
            };
            let start = entry.part.span.start;
            let unnamed = || Spanned {
                value: format!("{} without a name", kind.name()),
                span: Span {
                    start,
                    end: start + 1,
                },
            };
            let name = entry.name.as_ref();
            let shown = name.map_or_else(unnamed, |n| n.name.clone());
            let content = entry.content.as_ref();
            let trust = content.and_then(|content| {
                Some(Trust {
                    services: content.services.clone()?,
                    people: content.trusts_people,
                    is_open: content.trusts_others,
                })
            });
            inventory.principals.push(Principal {
                name: shown.value,
                aliases: entry.arn().map(str::to_owned).into_iter().collect(),
                full_arn: None,
                kind,
                source: entry.source,
                span: shown.span,
                trust,
                documents: Vec::new(),
            });
            self.principals.push(at);
        }
        inventory
    }

    /// Whether a role that is not in the dump is not in the account.
    pub(super) fn has_all_roles(&self) -> bool {
        let mut kinds = self.entries.iter().map(|entry| entry.part.kind);
        self.lists_roles && !self.is_truncated && kinds.any(|kind| kind == PartKind::Role)
    }

    /// Whether no principal of the dump has a managed policy as one of its own, so nothing is known to fail by what it does not
    /// grant. A dump of policies alone shows them to be judged, except for those that only limit.
    pub(super) fn is_idle(&self, at: usize) -> bool {
        let entry = self.principals.get(at).and_then(|at| self.entries.get(*at));
        let Some(entry) = entry.filter(|entry| entry.part.kind == PartKind::Policy) else {
            return false;
        };
        let mut kinds = self.entries.iter().map(|entry| entry.part.kind);
        let uses = entry.name.as_ref().map(|name| name.uses);
        let only_limits = |uses: Uses| uses.attached == Some(0) && uses.as_boundary > Some(0);
        kinds.any(|kind| kind != PartKind::Policy) || uses.is_some_and(only_limits)
    }

    /// The files of a principal, put into `files`: its own, and then those of the policies and groups that it has.
    pub(super) fn settings(
        &mut self,
        principal: &Principal,
        at: usize,
        sources: &mut Sources,
        files: &mut Vec<File>,
    ) -> Option<(Chosen, Vec<usize>)> {
        let at = *self.principals.get(at)?;
        let name = Arc::new(PrincipalName {
            name: principal.name.clone(),
            kind: principal.kind.name(),
            source: principal.source,
            span: principal.span,
            exists: true,
        });
        let content = self.content(at, sources)?;
        let boundary = content.boundary.clone();
        let has_all_policies = content.lists_attached;
        let own = self.file(at, sources, files)?;
        let mut all = vec![own];
        self.beside(at, own, sources, files, &mut all);
        let mut limit = None;
        if let Some(arn) = boundary {
            limit = self.boundary(&arn, sources, files);
            if limit.is_none()
                && let Some(file) = files.get_mut(own)
            {
                file.document
                    .named
                    .push(format!("permissions-boundary:{arn}"));
                file.document.absent_boundary = Some(arn);
            }
        }
        if let Some(file) = files.get_mut(own) {
            file.principal = Some(Arc::clone(&name));
            if self.is_truncated {
                file.document.named.push("dump-pages:".to_owned());
            }
        }
        let setting = Setting {
            values: Vec::new(),
            files: vec![own],
            boundary: limit,
            parameters: Vec::new(),
        };
        let chosen = Chosen {
            name,
            settings: vec![setting],
            is_named: false,
            in_dump: true,
            has_all_policies,
            defined: None,
            beside: Vec::new(),
            limits: Vec::new(),
        };
        Some((chosen, all))
    }

    /// Adds the files of what an entry has besides its own policies; names in its file what the dump does not have.
    fn beside(
        &mut self,
        at: usize,
        own: usize,
        sources: &Sources,
        files: &mut Vec<File>,
        all: &mut Vec<usize>,
    ) {
        let Some(content) = self.content(at, sources) else {
            return;
        };
        let (attached, groups) = (content.attached.clone(), content.groups.clone());
        let account = account(self.entries.get(at).and_then(Entry::arn));
        let mut missing = Vec::new();
        for arn in attached {
            match self.policies.get(&arn).copied() {
                Some(policy) => {
                    let file = self.file(policy, sources, files);
                    all.extend(file.filter(|f| !all.contains(f)));
                }
                None => missing.push(format!("attached-policy:{arn}")),
            }
        }
        for group in groups {
            match self.groups.get(&(account.clone(), group.clone())).copied() {
                Some(at) => {
                    let Some(file) = self.file(at, sources, files) else {
                        continue;
                    };
                    if !all.contains(&file) {
                        all.push(file);
                        self.beside(at, file, sources, files, all);
                    }
                }
                None => missing.push(format!("group:{group}")),
            }
        }
        if let Some(file) = files.get_mut(own) {
            for name in missing {
                if !file.document.named.contains(&name) {
                    file.document.named.push(name);
                }
            }
        }
    }

    /// What an entry holds, read unless it was before.
    fn content(&mut self, at: usize, sources: &Sources) -> Option<&mut PartContent> {
        let entry = self.entries.get_mut(at)?;
        let (source, part) = (entry.source, entry.part);
        let read = || dump::part(source, sources.get(source), part);
        Some(entry.content.get_or_insert_with(read))
    }

    /// The file of an entry's own policies.
    fn file(&mut self, at: usize, sources: &Sources, files: &mut Vec<File>) -> Option<usize> {
        if let Some(known) = self.entries.get(at)?.file {
            return Some(known);
        }
        let document = std::mem::take(&mut self.content(at, sources)?.document);
        let entry = self.entries.get_mut(at)?;
        files.push(File::new(entry.source, document));
        entry.file = Some(files.len() - 1);
        entry.file
    }

    /// The file of a boundary: of the dump, or a policy of AWS.
    fn boundary(
        &mut self,
        arn: &str,
        sources: &mut Sources,
        files: &mut Vec<File>,
    ) -> Option<usize> {
        if let Some(known) = self.boundaries.get(arn) {
            return Some(*known);
        }
        let file = if let Some(at) = self.policies.get(arn) {
            let entry = self.entries.get(*at)?;
            let (source, part) = (entry.source, entry.part);
            let limits = self.limits.get(&source).copied().unwrap_or_else(|| {
                let copy = sources.get(source).again();
                sources.add(copy)
            });
            self.limits.insert(source, limits);
            let content = dump::part(limits, sources.get(limits), part);
            File::new(limits, content.document)
        } else {
            managed_boundary(arn, sources)?
        };
        files.push(file);
        self.boundaries.insert(arn.to_owned(), files.len() - 1);
        Some(files.len() - 1)
    }
}
