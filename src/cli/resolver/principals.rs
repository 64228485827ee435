//! Files that hold several principals: templates, modules and dumps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Read, Resolver};
use crate::cli::Error;
use crate::cli::dump::Dump;
use crate::cli::effective::Effective;
use crate::cli::input::{self, Loaded};
use crate::cli::role_file::{self, Template};
use crate::inventory::{Inventory, terraform};
use crate::parser::dump::Pages;
use crate::parser::{SourceId, shorten};

/// The doubt about a parameter that a template does not have.
pub(super) fn unused_value(name: &str, parameter: &str) -> String {
    format!(
        "{name} has no parameter `{}`: its value is not used",
        shorten(parameter)
    )
}

impl Resolver<'_> {
    /// Reads a file that may define several roles, unless it was read before.
    pub(super) fn read(&mut self, name: &str, effective: &Effective) -> Result<Read, Error> {
        let selection = &effective.selection;
        let configured = match &effective.cluster_config {
            Some(path) => self.cluster(path).ok(),
            None => None,
        };
        let region = configured.as_ref().and_then(|c| c.region());
        let region = selection.region.as_deref().or(region);
        let (account, partition) = (selection.account.as_deref(), selection.partition.as_deref());
        let key = format!("{name}\u{1f}{region:?}\u{1f}{account:?}\u{1f}{partition:?}");
        if let Some(known) = self.read.get(&key) {
            return Ok(*known);
        }
        if let Some(known) = self.by_name.get(name) {
            return Ok(Read::Policies(*known));
        }
        if self.parameters.is_empty() {
            self.parameters = role_file::parameters(self.args)?;
        }
        let given = role_file::given(&self.parameters, region, account, partition);
        let (shown, identity) = self.named(name);
        let shown = shown.map(str::to_owned);
        let loaded = input::load_any(name, shown.as_deref(), identity, &mut self.sources, &given);
        let read = match loaded {
            Loaded::Policies(file) => {
                self.files.push(file);
                let at = self.files.len() - 1;
                self.by_name.insert(name.to_owned(), at);
                Read::Policies(at)
            }
            Loaded::Template(source, inventory) => {
                role_file::accept_values(name, &inventory, self.args)?;
                self.used.has_template = true;
                let at = self.template(name, Some(source), inventory);
                if let Some(template) = self.templates.get_mut(at) {
                    template.read = Some((source, given));
                }
                Read::Template(at)
            }
            Loaded::Plan(source, inventory) => {
                Read::Template(self.template(name, Some(source), inventory))
            }
            Loaded::Dump(source, pages) => {
                self.pages.push((source, pages));
                Read::Pages(self.pages.len() - 1)
            }
        };
        self.read.insert(key, read);
        Ok(read)
    }

    /// Keeps what a template or a module defines.
    pub(super) fn template(
        &mut self,
        name: &str,
        source: Option<SourceId>,
        mut inventory: Inventory,
    ) -> usize {
        if let Some(source) = source {
            role_file::place_problems(&mut inventory, source);
        }
        for parameter in &inventory.unknown_parameters {
            self.doubts.insert(unused_value(name, parameter));
        }
        self.templates.push(Template {
            name: name.to_owned(),
            inventory,
            limits: BTreeMap::new(),
            boundaries: BTreeMap::new(),
            dump: None,
            read: None,
        });
        self.templates.len() - 1
    }

    /// Reads the Terraform module of a folder. Where `files` are named, the principals that are in them are judged, or all
    /// of them where none is.
    pub(super) fn module(
        &mut self,
        folder: &str,
        files: &[String],
        effective: &Effective,
    ) -> Result<usize, Error> {
        let (region, partition) = {
            let selection = &effective.selection;
            (selection.region.as_deref(), selection.partition.as_deref())
        };
        let partition = role_file::partition_of(region, partition);
        let named = files.join("\u{1f}");
        let key = format!("{folder}\u{1f}{partition:?}\u{1f}{named}");
        if let Some(Read::Template(known)) = self.read.get(&key) {
            return Ok(*known);
        }
        if self.parameters.is_empty() {
            self.parameters = role_file::parameters(self.args)?;
        }
        let given = terraform::Given {
            variables: role_file::known(&self.parameters),
            values: { self.args.parameters.iter() }
                .filter(|path| role_file::is_values(path))
                .cloned()
                .collect(),
            plan: self.args.plan.clone(),
            partition,
        };
        let path = Path::new(folder);
        let read = terraform::read(path, &given, &mut self.sources);
        let mut inventory = read.map_err(|reason| Error::BadFolder {
            path: folder.to_owned(),
            reason,
        })?;
        let real = |name: &str| fs::canonicalize(name).ok();
        let named: Vec<PathBuf> = files.iter().filter_map(|name| real(name)).collect();
        if !named.is_empty() {
            let is_named =
                |source| real(self.sources.get(source).name()).is_some_and(|p| named.contains(&p));
            let is_in = |p: &crate::inventory::Principal| {
                let mut others = p.documents.iter().flat_map(|d| &d.elsewhere);
                is_named(p.source) || others.any(|(source, _)| is_named(*source))
            };
            if inventory.principals.iter().any(is_in) {
                inventory.principals.retain(is_in);
            }
        }
        self.used.has_module = true;
        let template = self.template(folder, None, inventory);
        self.read.insert(key, Read::Template(template));
        Ok(template)
    }

    /// The pages of a dump, or of several, as one template.
    pub(super) fn dump(&mut self, pages: Vec<usize>) -> usize {
        if let Some(known) = self.dumps.get(&pages) {
            return *known;
        }
        let all = pages.iter().filter_map(|at| self.pages.get(*at));
        let all: Vec<(SourceId, &Pages)> = all.map(|(source, pages)| (*source, pages)).collect();
        // The last page of a dump says that no other follows.
        if let Some((source, _)) = all.iter().find(|(_, pages)| pages.is_truncated)
            && all.iter().all(|(_, pages)| pages.is_truncated)
        {
            let name = self.sources.get(*source).name();
            self.doubts.insert(format!(
                "{name} is not the last page of its dump: roles and policies of later pages are not known"
            ));
        }
        let (dump, inventory) = Dump::new(&all, &self.sources);
        let names = all
            .iter()
            .map(|(source, _)| self.sources.get(*source).name());
        let name = names.collect::<Vec<_>>().join(", ");
        self.templates.push(Template {
            name,
            inventory,
            limits: BTreeMap::new(),
            boundaries: BTreeMap::new(),
            dump: Some(dump),
            read: None,
        });
        self.dumps.insert(pages, self.templates.len() - 1);
        self.templates.len() - 1
    }
}
