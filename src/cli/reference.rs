//! `pcluster-iam reference`

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::lint::given_for;
use super::{Error, ShowArgs, ShowFormat};
use crate::reference::bindings::{option_for, partition_of};
use crate::reference::{self, DEFAULT_RELEASE, Reference};

pub(super) fn show(args: &ShowArgs) -> Result<ExitCode, Error> {
    let selection = &args.selection;
    let Some(scheduler) = &selection.scheduler else {
        return Err(Error::NoScheduler {
            schedulers: reference::schedulers().join(", "),
        });
    };
    let release = selection
        .pcluster_version
        .as_deref()
        .unwrap_or(DEFAULT_RELEASE);
    let roles = reference::roles_for(scheduler, release)?;
    let Some(role) = selection.role.as_deref().filter(|r| *r != "auto") else {
        return Err(Error::WhichRole {
            roles: roles.join(", "),
        });
    };
    let found = reference::select(role, scheduler, release)?;
    let given = given_for(selection, &found)?;
    let bind = |name: &str| -> Option<String> {
        let set = given
            .iter()
            .find(|(n, ..)| n == name)
            .map(|(_, value, _)| value.clone());
        set.or_else(|| {
            let region = given
                .iter()
                .find(|(n, ..)| n == "Region")
                .map(|(_, v, _)| v.as_str());
            (name == "Partition").then(|| partition_of(region.unwrap_or_default()).to_owned())
        })
    };
    match args.format {
        ShowFormat::Json => super::print(&reference::render(&found, &bind))?,
        ShowFormat::Text => super::print(&describe(&found, &bind))?,
    }
    let mut unbound = String::new();
    for name in reference::placeholders(&found)
        .iter()
        .filter(|n| bind(n).is_none())
    {
        let option = option_for(name);
        let (meaning, example) = reference::meaning(name).unwrap_or(("a value of yours", "…"));
        let _ = writeln!(
            unbound,
            "not bound: ${{{name}}}, {meaning} (for example {example}); {option}"
        );
    }
    let _ = io::stderr().write_all(unbound.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn describe(reference: &Reference, bind: reference::Bind<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: role {}, scheduler {}, ParallelCluster {}",
        reference.policy.as_deref().unwrap_or_default(),
        reference.role.as_deref().unwrap_or_default(),
        reference.scheduler.as_deref().unwrap_or_default(),
        reference.pcluster_version.as_deref().unwrap_or_default(),
    );
    let _ = writeln!(
        text,
        "source: {}",
        reference.source.as_deref().unwrap_or_default()
    );
    for statement in &reference.statements {
        let sid = statement
            .sid
            .as_deref()
            .map_or(String::new(), |s| format!(" {s}"));
        let feature = statement
            .feature
            .as_deref()
            .map_or(String::new(), |f| format!(" (for {f})"));
        let _ = writeln!(text, "\nstatement {}{sid}{feature}", statement.index);
        for resource in &statement.resource.values {
            let not = if statement.resource.negated {
                "not "
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "  {not}on {}",
                crate::matcher::template::fill(resource, bind)
            );
        }
        for action in &statement.action.values {
            let not = if statement.action.negated { "not " } else { "" };
            match reference.needed_for(action) {
                Some(why) => {
                    let _ = writeln!(text, "    {not}{action:<48} {why}");
                }
                None => {
                    let _ = writeln!(text, "    {not}{action}");
                }
            }
        }
    }
    for gap in &reference.gaps {
        let _ = writeln!(
            text,
            "\nnot enough by itself: {} lacks; {}\n  source: {}",
            gap.policy, gap.reason, gap.source
        );
    }
    text
}
