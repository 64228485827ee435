//! One side of a comparison, read from its files.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::origin::{Content, Files};
use super::subject::{Reading, Roles, Setting, add_template, is_trust_open, said};
use super::{account, module};
use crate::cli::input;
use crate::inventory::cloudformation::Given;
use crate::inventory::terraform;
use crate::parser::{Document, SourceId, Sources};

/// Values that both sides are evaluated with.
pub(super) struct Values {
    pub(super) templates: Given,
    pub(super) modules: terraform::Given,
}

/// Reads the files of a side.
pub(super) fn read(files: Files, values: &Values, sources: &mut Sources) -> Roles {
    let mut roles = Roles::default();
    let mut pages = Vec::new();
    let given = &values.templates;
    for file in files.found {
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
            input::Loaded::Template(source, inventory) => {
                add_template(&mut roles, &file.path, &inventory, Some(source), sources);
            }
        }
    }
    if !pages.is_empty() {
        account::add(&mut roles, &pages, sources);
    }
    module::add(
        &mut roles,
        &files.modules,
        files.repository.as_ref(),
        &values.modules,
        sources,
    );
    roles
}

/// Whether a text was meant to be a policy.
fn may_be_policy(text: &str) -> bool {
    ["Statement", "Effect", "PolicyDocument"]
        .iter()
        .any(|word| text.contains(word))
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
