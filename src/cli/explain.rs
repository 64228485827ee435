//! `pcluster-iam explain LINT|ACTION`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::Error;
use crate::catalog::Catalog;
use crate::inert;
use crate::lints;
use crate::matcher::{ActionMatch, ActionPattern};
use crate::nearest::nearest_word;
use crate::reference;

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
    match nearest_word(what, lints::ALL.iter().map(|l| l.id), 4) {
        Some(id) => format!("did you mean `{id}`?"),
        None => "`pcluster-iam lints` lists the lints; an action is written service:Name, such as ec2:AttachVolume"
            .to_owned(),
    }
}

fn action(what: &str, service: &str, name: &str) -> Result<ExitCode, Error> {
    let catalog = Catalog::embedded();
    let known = catalog.service(service).and_then(|s| s.action(name));
    let spelled = known.map_or_else(
        || inert::line(what).into_owned(),
        |a| format!("{}:{}", a.service, a.name),
    );
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
    // A wildcard matches names of actions that do not exist, too.
    let is_it = |declared: &str| match known {
        Some(_) => ActionPattern::parse(declared).matches(&service, &name) == ActionMatch::Yes,
        None => declared.eq_ignore_ascii_case(what),
    };
    for found in reference::uses(is_it) {
        needed = true;
        let _ = writeln!(
            text,
            "\nrequired for role {}{}, releases {}",
            found.role,
            listed(found.schedulers),
            found.releases
        );
        only_with(&mut text, found.feature);
        if !found.declared.eq_ignore_ascii_case(&spelled) {
            let _ = writeln!(text, "  written there as {}", found.declared);
        }
        for resource in &found.resources {
            let _ = writeln!(text, "  on {resource}");
        }
        for condition in &found.conditions {
            let _ = writeln!(text, "  {condition}");
        }
    }
    for gap in reference::known_gaps(is_it) {
        needed = true;
        let (first, last) = gap.releases;
        let _ = writeln!(
            text,
            "\nalso needed for role {}{}, {}",
            gap.role,
            listed(gap.schedulers),
            if first == last {
                format!("release {first}")
            } else {
                format!("releases {first} to {last}")
            }
        );
        only_with(&mut text, gap.feature);
        for resource in &gap.resources {
            let _ = writeln!(text, "  on {resource}");
        }
        let _ = writeln!(text, "  {}\n  source: {}", gap.reason, gap.source);
    }
    let needs = if known.is_some() || needed {
        reference::needs_of(&spelled)
    } else {
        Vec::new()
    };
    for need in needs {
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
            Some(_) => "no policy that ParallelCluster documents requires it".to_owned(),
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

/// ` (slurm, awsbatch)`, or nothing for all of them.
fn listed(schedulers: &[&str]) -> String {
    match schedulers {
        [] => String::new(),
        some => format!(" ({})", some.join(", ")),
    }
}

fn only_with(text: &mut String, feature: Option<&str>) {
    if let Some(feature) = feature.and_then(reference::Feature::find) {
        let _ = writeln!(
            text,
            "  only with {} (feature {})",
            feature.title(),
            feature.name()
        );
    }
}
