//! The roles that the Terraform modules of a side define.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::origin::{Module, Repository};
use super::subject::{Roles, add_template};
use crate::inventory::terraform::{self, Given};
use crate::inventory::{Inventory, Principal};
use crate::parser::Sources;

/// Reads the modules. One that another of them calls is compared where it is called.
pub(super) fn add(
    roles: &mut Roles,
    modules: &[Module],
    repository: Option<&Repository>,
    given: &Given,
    sources: &mut Sources,
) {
    let mut read: Vec<(&Module, PathBuf, Inventory)> = Vec::new();
    for module in modules {
        let folder = module.folder.as_path();
        let inventory = match repository {
            Some(tree) => terraform::read_tree(tree, folder, &module.shown, given, sources),
            None => terraform::read(folder, given, sources),
        };
        match inventory {
            Ok(inventory) => read.push((module, real(module, repository), inventory)),
            Err(reason) => {
                let shown = if module.shown.is_empty() {
                    "."
                } else {
                    &module.shown
                };
                roles.problems.push(format!("{shown}: {reason}"));
            }
        }
    }
    let mut left_out: BTreeSet<&Path> = BTreeSet::new();
    for (_, folder, _) in &read {
        let calls = |(_, own, inventory): &&(&Module, PathBuf, Inventory)| {
            own != folder && !left_out.contains(own.as_path()) && inventory.called.contains(folder)
        };
        if read.iter().any(|other| calls(&other)) {
            left_out.insert(folder);
        }
    }
    let left_out: BTreeSet<PathBuf> = left_out.into_iter().map(Path::to_path_buf).collect();
    for (module, folder, mut inventory) in read {
        if left_out.contains(&folder) && module.only.is_none() {
            continue;
        }
        if let Some(only) = &module.only {
            let file = Path::new(&module.shown).join(only);
            let is_it = |source| Path::new(sources.get(source).name()) == file;
            let is_in = |p: &Principal| {
                let mut others = p.documents.iter().flat_map(|d| &d.elsewhere);
                is_it(p.source) || others.any(|(source, _)| is_it(*source))
            };
            if inventory.principals.iter().any(is_in) {
                inventory.principals.retain(is_in);
            }
        }
        add_template(roles, &module.path, &inventory, None, sources);
    }
}

/// The folder as the modules that call it name it.
fn real(module: &Module, repository: Option<&Repository>) -> PathBuf {
    if repository.is_some() {
        return module.folder.clone();
    }
    let folder = if module.folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &module.folder
    };
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf())
}
