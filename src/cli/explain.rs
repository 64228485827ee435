//! `pcluster-iam explain LINT|ACTION`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::Error;
use crate::catalog::Catalog;
use crate::lints;
use crate::matcher::{ActionMatch, ActionPattern};
use crate::reference::{self, DEFAULT_RELEASE, Reference};

pub(super) fn run(what: &str) -> Result<ExitCode, Error> {
    if let Some(lint) = lints::find(what) {
        super::print(lint.doc)?;
        return Ok(ExitCode::SUCCESS);
    }
    match what.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() => {
            action(what, service, name)
        }
        _ => Err(Error::Unknown {
            what: what.to_owned(),
            help: nearest_lint(what),
        }),
    }
}

fn nearest_lint(what: &str) -> String {
    let nearest = lints::ALL
        .iter()
        .map(|l| {
            (
                strsim::damerau_levenshtein(l.id, &what.to_lowercase()),
                l.id,
            )
        })
        .min();
    match nearest {
        Some((distance, id)) if distance <= 4 => format!("did you mean `{id}`?"),
        _ => "`pcluster-iam lints` lists the lints; an action is written service:Name, such as ec2:AttachVolume"
            .to_owned(),
    }
}

/// Every reference of the default release, one per distinct policy.
fn references() -> Vec<(String, Reference)> {
    let mut all: Vec<(String, Reference)> = Vec::new();
    for scheduler in reference::schedulers() {
        for role in reference::roles_for(scheduler, DEFAULT_RELEASE).unwrap_or_default() {
            let Ok(found) = reference::select(role, scheduler, DEFAULT_RELEASE) else {
                continue;
            };
            let same = |(_, r): &&mut (String, Reference)| {
                r.role == found.role && r.statements == found.statements
            };
            match all.iter_mut().find(same) {
                Some((schedulers, _)) => {
                    schedulers.push_str(", ");
                    schedulers.push_str(scheduler);
                }
                None => all.push((scheduler.to_owned(), found)),
            }
        }
    }
    all
}

fn action(what: &str, service: &str, name: &str) -> Result<ExitCode, Error> {
    let catalog = Catalog::embedded();
    let known = catalog.service(service).and_then(|s| s.action(name));
    let spelled = known.map_or_else(|| what.to_owned(), |a| format!("{}:{}", a.service, a.name));
    let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut text = String::new();
    let _ = writeln!(text, "{spelled}");
    if let Some(action) = known {
        let mut types: Vec<&str> = Vec::new();
        for kind in action.resource_types() {
            if !types.contains(&kind.name) {
                types.push(kind.name);
            }
        }
        let on = match types.as_slice() {
            [] => "no resource type: it must be allowed on `*`".to_owned(),
            types if types.len() > 12 => format!("{} resource types", types.len()),
            types => format!("resource types: {}", types.join(", ")),
        };
        let _ = writeln!(text, "  access level: {}; {on}", action.access.name());
    }
    let mut needed = false;
    for (schedulers, reference) in references() {
        for statement in &reference.statements {
            let declared = statement
                .action
                .values
                .iter()
                .find(|a| ActionPattern::parse(a).matches(&service, &name) == ActionMatch::Yes);
            let Some(declared) = declared.filter(|_| !statement.action.negated) else {
                continue;
            };
            needed = true;
            let role = reference.role.as_deref().unwrap_or_default();
            let _ = writeln!(
                text,
                "\nrequired for role {role} (schedulers {schedulers}) by {}",
                reference.describe_statement(statement.index)
            );
            if !declared.eq_ignore_ascii_case(&spelled) {
                let _ = writeln!(text, "  written there as {declared}");
            }
            for resource in &statement.resource.values {
                let _ = writeln!(text, "  on {resource}");
            }
            if let Some(reason) = reference.needed_for(&spelled) {
                let _ = writeln!(text, "  needed for: {reason}");
            }
        }
    }
    for need in reference::needs_of(&spelled) {
        let (first, last) = need.releases();
        let schedulers = match need.schedulers.as_slice() {
            [] => String::new(),
            some => format!(", {}", some.join(", ")),
        };
        needed = true;
        let _ = writeln!(
            text,
            "\nrole {}{schedulers}, releases {first} to {last}: {}\n  source: {} ({})",
            need.role, need.text, need.source, need.confidence
        );
    }
    if !needed {
        let help = match known {
            Some(_) => {
                format!("no reference policy of ParallelCluster {DEFAULT_RELEASE} requires it")
            }
            None => match catalog.suggest_action(&service, &name) {
                Some(s) => format!("did you mean `{s}`?"),
                None => format!("it is not in the catalogue of {} either", catalog.date()),
            },
        };
        return Err(Error::Unknown {
            what: what.to_owned(),
            help,
        });
    }
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
