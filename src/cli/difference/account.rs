//! The roles, users, groups and policies in the dumps of accounts of a side.

use std::collections::HashMap;
use std::sync::Arc;

use super::subject::{Reading, Roles, Setting, Subject, is_trust_open, said};
use crate::cli::dump::Dump;
use crate::lints::File;
use crate::parser::dump::Pages;
use crate::parser::{Policy, SourceId, Sources};

/// Adds the principals of all pages together.
pub(super) fn add(roles: &mut Roles, pages: &[(SourceId, Pages)], sources: &mut Sources) {
    let pages: Vec<(SourceId, &Pages)> = pages.iter().map(|(source, p)| (*source, p)).collect();
    let (mut dump, inventory) = Dump::new(&pages, sources);
    let mut files: Vec<File> = Vec::new();
    let mut known: HashMap<usize, Vec<Arc<Policy>>> = HashMap::new();
    for (at, principal) in inventory.principals.iter().enumerate() {
        let Some((chosen, own)) = dump.settings(principal, at, sources, &mut files) else {
            continue;
        };
        let boundary = chosen.settings.first().and_then(|s| s.boundary);
        let mut policies = |at: usize| -> Vec<Arc<Policy>> {
            let read = || {
                let file = files.get(at).into_iter();
                let all = file.flat_map(|f| f.document.policies.iter().cloned());
                all.map(Arc::new).collect()
            };
            known.entry(at).or_insert_with(read).clone()
        };
        let mut reading = Reading {
            policies: own.iter().flat_map(|at| policies(*at)).collect(),
            boundary: boundary.map(&mut policies),
        };
        let mut subject = Subject {
            kind: principal.kind.name(),
            is_stored: true,
            ..Subject::default()
        };
        subject.name(principal);
        let mut setting = Setting::default();
        for file in own.iter().chain(&boundary).filter_map(|at| files.get(*at)) {
            subject
                .problems
                .extend(said(&file.document.problems, file.source, sources));
        }
        for file in own.iter().filter_map(|at| files.get(*at)) {
            let named = file.document.named.iter();
            let mut named = roles.attach(named, &mut reading.policies, sources);
            setting.named.append(&mut named);
            setting.trusts.extend(file.document.trusts.iter().cloned());
            setting.is_trust_open |= is_trust_open(&file.document);
        }
        setting.readings.push(reading);
        subject.settings.push(setting);
        let account = principal
            .aliases
            .first()
            .and_then(|arn| arn.split(':').nth(4));
        let path = (String::new(), principal.name.clone());
        // Roles of several accounts have the same names.
        let name = if roles.all.contains_key(&path) {
            (
                account.unwrap_or_default().to_owned(),
                principal.name.clone(),
            )
        } else {
            path
        };
        roles.all.insert(name, subject);
    }
}
