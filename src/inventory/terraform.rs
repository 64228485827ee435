//! Terraform modules: the principals that the code defines, with its expressions evaluated.
//!
//! Terraform is never run, and no state is read. The files of a folder become blocks (`hcl` and `json_code` read them
//! into `syntax_tree`); `evaluate` turns their expressions into values whose texts know where each byte is written,
//! with a hole for what is known only when the module is applied; `principals` finds the roles, users, groups and
//! policies of the module and of the local modules that it calls, and what is attached to which. All places of one
//! policy are in one file: what another file contributes has the place of the reference to it.
//!
//! <https://developer.hashicorp.com/terraform/language>

mod condition_parts;
mod declared;
mod encode;
mod evaluate;
mod export;
mod facts;
mod files;
mod free;
mod functions;
mod hcl;
mod json_code;
mod literal;
mod managed;
mod membership;
mod modules;
mod named_value;
mod names;
mod plan;
mod plan_faults;
mod policy_argument;
mod policy_document;
mod presence;
mod principals;
mod provider;
mod shown;
mod supported;
mod surroundings;
mod syntax_tree;
mod value;

use std::path::{Path, PathBuf};

use super::Inventory;
use crate::parser::{Problem, SourceId, Sources, Span};
use evaluate::Machine;
use files::Files;
pub use files::{Entry, Tree};

/// Options of the command line on a module.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Variables and their values, as texts or as expressions.
    pub variables: Vec<(String, String)>,
    /// Files of values (`.tfvars`, `.tfvars.json`), in order.
    pub values: Vec<PathBuf>,
    /// A plan of the module (`terraform show -json`), for what the code leaves open.
    pub plan: Option<PathBuf>,
    /// The partition, where it is known.
    pub partition: Option<String>,
}

/// Reads the module in a folder.
///
/// # Errors
///
/// Why the folder cannot be read.
pub fn read(folder: &Path, given: &Given, sources: &mut Sources) -> Result<Inventory, String> {
    let files = Files::new(folder, sources)?;
    of_files(files, given)
}

/// Reads the module in a folder of a revision. `shown` is the name of the folder in reports.
///
/// # Errors
///
/// Why the folder cannot be read.
pub fn read_tree(
    tree: &dyn Tree,
    folder: &Path,
    shown: &str,
    given: &Given,
    sources: &mut Sources,
) -> Result<Inventory, String> {
    of_files(Files::of_tree(tree, folder, shown, sources), given)
}

fn of_files(files: Files<'_>, given: &Given) -> Result<Inventory, String> {
    let mut machine = Machine::new(files);
    machine.partition.clone_from(&given.partition);
    machine.open_root(&given.values, &given.variables)?;
    if let Some(path) = &given.plan {
        let source = machine.files.read(path)?;
        if let Err(fault) = machine.take_plan(source) {
            return Err(format!(
                "`{}` is not a plan: {}",
                path.display(),
                fault.message
            ));
        }
        for (name, text) in &given.variables {
            machine.give(name, text);
        }
    }
    Ok(inventory(&mut machine, given))
}

/// Whether a text may be a plan, by a look at its words.
pub fn may_be_plan(text: &str) -> bool {
    plan::may_be(text)
}

/// Reads a plan as the module that it is of.
///
/// # Errors
///
/// Why it is not a plan, and where.
pub fn read_plan(id: SourceId, sources: &mut Sources) -> Result<Inventory, Box<Problem>> {
    let files = Files::new(Path::new("."), sources).map_err(|reason| {
        let message = format!("cannot read the folder: {reason}");
        Box::new(Problem::invalid_json("document", message, Span::default()))
    })?;
    let mut machine = Machine::new(files);
    machine.is_plan = true;
    let code = machine.open_plan(id).map_err(|fault| {
        let message = format!("this is not a plan of Terraform: {}", fault.message);
        Box::new(
            Problem::invalid_json("document", message, fault.span)
                .with_help("write it with `terraform show -json PLAN > plan.json`"),
        )
    })?;
    machine.modules.push(surroundings::Module {
        address: String::new(),
        code: std::rc::Rc::new(code),
        caller: None,
        each: value::Each::default(),
        given: indexmap::IndexMap::default(),
        depth: 0,
    });
    machine.unknown_policies();
    Ok(inventory(&mut machine, &Given::default()))
}

fn inventory(machine: &mut Machine<'_>, given: &Given) -> Inventory {
    let mut inventory = Inventory {
        principals: principals::principals(machine),
        ..Inventory::default()
    };
    declared::check(machine);
    let elsewhere = machine.elsewhere.iter();
    let elsewhere = super::first_of(elsewhere.map(|m| format!("module:{m}")).collect());
    for document in { inventory.principals.iter_mut() }.flat_map(|p| &mut p.documents) {
        for module in &elsewhere {
            document.name(module.clone());
        }
    }
    let unread = std::mem::take(&mut machine.unread).into_iter();
    inventory.elsewhere = unread
        .map(|unread| {
            let problem = Problem::unresolved("module", unread.message, unread.place.span);
            (unread.place.source, problem.with_help(unread.help))
        })
        .collect();
    let folder = machine.files.folder();
    let called = machine.codes.keys().filter(|f| *f != folder);
    inventory.called = called.cloned().collect();
    inventory.called.sort();
    let root = machine.modules.first();
    let names = given.variables.iter().map(|(name, _)| name);
    inventory.unknown_parameters = names
        .filter(|name| !root.is_some_and(|m| m.code.variables.contains_key(*name)))
        .cloned()
        .collect();
    inventory
}

/// Whether a folder has code.
pub fn is_module(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let mut names = entries.filter_map(|e| e.ok()?.file_name().into_string().ok());
    names.any(|name| is_code(&name))
}

/// How the names of files with code end, as Terraform compares them: small letters only.
const CODE: [&str; 2] = [".tf", ".tf.json"];

/// Whether a file has code that `OpenTofu` reads and Terraform does not.
fn is_of_tofu(name: &str) -> bool {
    [".tofu", ".tofu.json"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether a file has code, by its name.
pub fn is_code(name: &str) -> bool {
    CODE.iter().any(|ending| name.ends_with(ending)) || is_of_tofu(name)
}
