//! `pcluster-iam reference`

use std::fmt::Write as _;
use std::iter;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::selection::given_for;
use super::{DiffArgs, Error, ListArgs, ShowArgs, ShowFormat};
use crate::inert;
use crate::reference::bindings::{option_for, partition_of};
use crate::reference::upgrade::{self, Change, Scope};
use crate::reference::{self, Feature, Features, KnownGap, Listed, Query, Reference, Release};

pub(super) fn show(args: &ShowArgs) -> Result<ExitCode, Error> {
    let features = Features::from_names(args.selection.feature.iter().map(String::as_str))?;
    let mut selection = args.selection.clone();
    if selection.pcluster_version.is_none() {
        let (role, scheduler) = (selection.role(), selection.scheduler.as_deref());
        let chosen = reference::default_release(role, scheduler, &features, iter::empty());
        selection.pcluster_version = Some(chosen.release.to_owned());
    }
    let only = reference::only_scheduler(selection.role(), selection.release());
    let Some(scheduler) = selection.scheduler.as_deref().or(only) else {
        return Err(Error::WhichScheduler {
            schedulers: selection.schedulers().join(", "),
        });
    };
    let release = selection.release();
    let Some(role) = selection.role.as_deref().filter(|r| *r != "auto") else {
        let roles = reference::roles_for(scheduler, release)?;
        return Err(Error::WhichRole {
            roles: roles.join(", "),
        });
    };
    let all = reference::candidates(Query {
        role: Some(role),
        scheduler,
        release,
        features: &features,
    })?;
    let alternatives: Vec<&str> = all.iter().filter_map(|r| r.assumed).collect();
    let other = alternatives.iter().skip(1).copied();
    let other: Vec<&str> = other.collect();
    let found = all.first().cloned().unwrap_or_default();
    let given = given_for(&selection, &found)?;
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
        ShowFormat::Json => super::print_json(&reference::render(&found, &bind))?,
        ShowFormat::Text => super::print(&describe(&found, &bind))?,
    }
    let mut unbound = String::new();
    if let (Some(assumed), false) = (found.assumed, other.is_empty()) {
        let _ = writeln!(
            unbound,
            "shown for the feature {assumed}; pass --feature for one of: {}",
            other.join(", ")
        );
    }
    for name in reference::placeholders(&found)
        .iter()
        .filter(|n| bind(n).is_none())
    {
        let option = option_for(name);
        let (meaning, example) = reference::meaning(name).unwrap_or(("a value of yours", "…"));
        let _ = writeln!(
            unbound,
            "no value is given for ${{{name}}}: {meaning} (for example {example}); {option}"
        );
    }
    super::note(&unbound);
    Ok(ExitCode::SUCCESS)
}

fn describe(reference: &Reference, bind: reference::Bind<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "role {}, scheduler {}, ParallelCluster {}",
        reference.role.as_deref().unwrap_or_default(),
        reference.scheduler.as_deref().unwrap_or_default(),
        reference.pcluster_version.as_deref().unwrap_or_default(),
    );
    let mut part = None;
    for statement in &reference.statements {
        if part != Some(statement.part) {
            part = Some(statement.part);
            if let Some(part) = reference.parts.get(statement.part) {
                let _ = writeln!(
                    text,
                    "\n{} ({})\n  source: {}\n  file: {}",
                    part.policy,
                    part.kind,
                    part.source,
                    reference::file(part.id)
                );
            }
        }
        let sid = statement
            .sid
            .as_deref()
            .map_or(String::new(), |s| format!(" {s}"));
        let feature = statement.feature.and_then(Feature::find);
        let feature = feature.map_or(String::new(), |f| {
            format!(" (only with {}: {})", f.title(), f.name())
        });
        let _ = writeln!(text, "\nstatement {}{sid}{feature}", statement.own_index);
        for resource in &statement.resource.values {
            let not = if statement.resource.negated {
                "not "
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "  {not}on {}",
                inert::line(&crate::matcher::template::fill(resource, bind))
            );
        }
        for condition in reference::condition_lines(&statement.conditions, bind) {
            let _ = writeln!(text, "  {}", inert::line(&condition));
        }
        for action in &statement.action.values {
            let not = if statement.action.negated { "not " } else { "" };
            match reference.need(action, statement.feature, &statement.resource.values) {
                Some(need) => {
                    let _ = writeln!(text, "    {not}{action:<48} {}", need.text);
                }
                None => {
                    let _ = writeln!(text, "    {not}{action}");
                }
            }
        }
    }
    for gap in &reference.gaps {
        let actions: Vec<&str> = gap
            .statements
            .iter()
            .flat_map(|s| s.action.values.iter().map(String::as_str))
            .collect();
        let missing = gap.policy.clone().unwrap_or_else(|| actions.join(", "));
        let _ = writeln!(
            text,
            "\nknown gap{}: {missing}: {}\n  source: {}",
            only_with(gap.feature),
            gap.reason,
            gap.source
        );
    }
    for arn in &reference.managed_policies {
        let _ = writeln!(
            text,
            "\nthe role must have the AWS managed policy {} too",
            inert::line(&crate::matcher::template::fill(arn, bind))
        );
    }
    text
}

/// `pcluster-iam reference list`
pub(super) fn list(args: &ListArgs) -> Result<ExitCode, Error> {
    let release = match &args.pcluster_version {
        Some(text) => Some(reference::resolve(text, None)?),
        None => None,
    };
    let roles = args.role.as_deref().map(reference::roles_called);
    if let (Some(role), Some([])) = (&args.role, roles.as_deref()) {
        return Err(Error::BadValue {
            option: "--role",
            value: role.clone(),
            reason: "there is no such role".to_owned(),
            help: format!(
                "one of {}",
                reference::roles().collect::<Vec<_>>().join(", ")
            ),
        });
    }
    let mut all = reference::listed();
    all.retain(|l| release.is_none_or(|r| l.releases.0 <= r && r <= l.releases.1));
    all.retain(|l| roles.as_ref().is_none_or(|roles| roles.contains(&l.role)));
    let text = match args.format {
        ShowFormat::Json => json_text(&json!({
            "version": 1,
            "policies": all.iter().map(listed_json).collect::<Vec<_>>(),
            "features": Feature::all()
                .map(|f| json!({ "name": f.name(), "title": f.title(), "meaning": f.meaning() }))
                .collect::<Vec<_>>(),
        })),
        ShowFormat::Text => listed_text(&all),
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn json_text(value: &Value) -> String {
    format!("{value:#}\n")
}

fn listed_json(listed: &Listed) -> Value {
    let (first, last) = listed.releases;
    json!({
        "role": listed.role,
        "schedulers": listed.schedulers,
        "feature": listed.feature,
        "first_release": first.to_string(),
        "last_release": last.to_string(),
        "date": first.date(),
        "kind": listed.kind,
        "source": listed.source,
        "file": reference::file(listed.id),
    })
}

fn listed_text(all: &[Listed]) -> String {
    let mut text = String::new();
    let mut role = "";
    for listed in all {
        if listed.role != role {
            role = listed.role;
            let title = reference::role_title(role).unwrap_or_default();
            let also = match reference::aliases(role) {
                [] => String::new(),
                aliases => format!("; other names: {}", aliases.join(", ")),
            };
            let _ = writeln!(
                text,
                "{}{role}: {title}{also}",
                if text.is_empty() { "" } else { "\n" }
            );
        }
        let (first, last) = listed.releases;
        let releases = match (first == last, first.date()) {
            (true, Some(date)) => format!("{first} ({date})"),
            (true, None) => first.to_string(),
            (false, Some(date)) => format!("{first} ({date}) to {last}"),
            (false, None) => format!("{first} to {last}"),
        };
        let schedulers = match listed.schedulers {
            [] => "any scheduler".to_owned(),
            some => some.join(", "),
        };
        let feature = listed
            .feature
            .map_or(String::new(), |f| format!("; feature {f}"));
        let _ = writeln!(
            text,
            "  {releases}; {schedulers}{feature}\n    {}: {}\n    file: {}",
            listed.kind,
            listed.source,
            reference::file(listed.id)
        );
    }
    if text.is_empty() {
        text.push_str("no policy is known for that\n");
    }
    text
}

/// `pcluster-iam reference diff FROM TO`
pub(super) fn diff(args: &DiffArgs) -> Result<ExitCode, Error> {
    let features = Features::from_names(args.feature.iter().map(String::as_str))?;
    let find = |release: &str| -> Result<Reference, Error> {
        let found = reference::candidates(Query {
            role: Some(&args.role),
            scheduler: &args.scheduler,
            release,
            features: &features,
        })?;
        Ok(found.into_iter().next().unwrap_or_default())
    };
    let (from, to) = (find(&args.from)?, find(&args.to)?);
    let changes = upgrade::changes(&from, &to);
    let gaps = new_gaps(&from, &to, &features);
    let version = |r: &Reference| r.pcluster_version.clone().unwrap_or_default();
    let text = match args.format {
        ShowFormat::Json => json_text(&json!({
            "version": 1,
            "from": version(&from),
            "to": version(&to),
            "role": to.role,
            "scheduler": to.scheduler,
            "assumed": to.assumed,
            "changes": changes.iter().map(change_json).collect::<Vec<_>>(),
            "known_gaps": gaps.iter().map(gap_json).collect::<Vec<_>>(),
        })),
        ShowFormat::Text => {
            let mut text = format!(
                "role {}, scheduler {}, from ParallelCluster {}{} to {}{}\n",
                to.role.as_deref().unwrap_or_default(),
                args.scheduler,
                version(&from),
                dated(&from),
                version(&to),
                dated(&to),
            );
            if let Some(assumed) = to.assumed {
                let _ = writeln!(
                    text,
                    "for the feature {assumed}; pass --feature to change it"
                );
            }
            if changes.is_empty() {
                text.push_str(match gaps.as_slice() {
                    [] => "\nnothing changes\n",
                    _ => "\nnothing changes in the policies that AWS publishes\n",
                });
            }
            changes_text(&changes, &mut text);
            gaps_text(&gaps, &mut text);
            text
        }
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Permissions known to be missing from the policies of the second release, but not from those of the first.
fn new_gaps(from: &Reference, to: &Reference, features: &Features) -> Vec<(String, KnownGap)> {
    let old = reference::known_gaps_of(from, features);
    let mut new = reference::known_gaps_of(to, features);
    new.retain(|(action, gap)| {
        let mut known = old.iter();
        !known.any(|(other, known)| other == action && known.resources == gap.resources)
    });
    new
}

fn gap_json((action, gap): &(String, KnownGap)) -> Value {
    json!({
        "action": action,
        "resources": gap.resources,
        "feature": gap.feature,
        "reason": gap.reason,
        "source": gap.source,
    })
}

fn gaps_text(gaps: &[(String, KnownGap)], text: &mut String) {
    if !gaps.is_empty() {
        text.push_str("\nneeded, but missing from the policies of the second release:\n");
    }
    for (action, gap) in gaps {
        let _ = writeln!(text, "  {action}{}", only_with(gap.feature));
        for resource in &gap.resources {
            let _ = writeln!(text, "    + on {resource}");
        }
        let _ = writeln!(text, "    {}\n    source: {}", gap.reason, gap.source);
    }
}

/// ` (only with login nodes)`, or nothing for what every cluster needs.
fn only_with(feature: Option<&str>) -> String {
    let feature = feature.and_then(Feature::find);
    feature.map_or(String::new(), |f| format!(" (only with {})", f.title()))
}

fn dated(reference: &Reference) -> String {
    let release = reference
        .pcluster_version
        .as_deref()
        .and_then(Release::parse);
    release
        .and_then(Release::date)
        .map_or(String::new(), |date| format!(" ({date})"))
}

fn change_json(change: &Change) -> Value {
    let scopes = |scopes: &[Scope]| -> Value {
        let scope = |s: &Scope| {
            let condition = s.condition.as_deref().map(serde_json::from_str::<Value>);
            json!({ "resource": s.resource, "condition": condition.and_then(Result::ok) })
        };
        scopes.iter().map(scope).collect()
    };
    json!({
        "action": change.action,
        "change": kind(change),
        "added": scopes(&change.added),
        "removed": scopes(&change.removed),
        "feature": change.feature,
        "needed_for": change.needed_for,
        "within": change.within,
    })
}

fn kind(change: &Change) -> &'static str {
    match (
        change.kept,
        change.added.is_empty(),
        change.removed.is_empty(),
    ) {
        _ if change.unknown => "unknown",
        (0, false, true) => "added",
        (0, true, false) => "removed",
        _ => "changed",
    }
}

fn changes_text(changes: &[Change], text: &mut String) {
    for (of, title) in [
        ("added", "add"),
        ("changed", "on other resources or under other conditions"),
        ("removed", "no longer required"),
        (
            "unknown",
            "documented only for the first release: nothing is known of this feature in the second",
        ),
    ] {
        let mut of_kind = changes.iter().filter(|c| kind(c) == of).peekable();
        if of_kind.peek().is_some() {
            let _ = writeln!(text, "\n{title}:");
        }
        for change in of_kind {
            let _ = writeln!(text, "  {}{}", change.action, only_with(change.feature));
            for (sign, scopes) in [("+", &change.added), ("-", &change.removed)] {
                for scope in scopes {
                    let condition = scope.condition.as_deref();
                    let condition = condition.map_or(String::new(), |c| format!(" if {c}"));
                    let _ = writeln!(text, "    {sign} on {}{condition}", scope.resource);
                }
            }
            if let Some(within) = &change.within {
                let _ = writeln!(text, "    now within {within}");
            }
            if let Some(why) = &change.needed_for {
                let _ = writeln!(text, "    needed for: {why}");
            }
        }
    }
}
