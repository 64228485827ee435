//! The sentences before and after the findings, as every format for people has them.

mod shortened;

pub(super) use shortened::{closing_of_short, hidden_places, left_out, rank, topic};

use std::borrow::Cow;

use super::weakened::HiddenRows;
use super::{Binding, Counts, ReferenceName, Report, RoleResult, Upgrade, escape};
use crate::finding::Finding;
use crate::lints;
use shortened::{blocking, vacuous};

/// More policies than this are counted rather than named.
const NAMED_POLICIES: usize = 4;

/// The policies, the reference, and the values of the placeholders.
pub(super) fn opening(result: &RoleResult) -> Vec<String> {
    let verb = if result.failed && result.requirements.is_empty() {
        "could not judge"
    } else {
        "judged"
    };
    let reference = &result.reference;
    let principal = match &result.principal {
        Some(principal) => format!("the {} {} of ", principal.kind, principal.name),
        None => String::new(),
    };
    let judged = format!(
        "{verb} {principal}{} against {}",
        policies(&result.policies),
        against(reference)
    );
    let mut lines = vec![titled(result.target.as_deref(), &judged).into_owned()];
    let boundary = result.boundary.iter();
    let mut limits: Vec<String> = boundary
        .map(|path| format!("the permissions boundary {path}"))
        .collect();
    if !result.scps.is_empty() {
        let levels: Vec<String> = result.scps.iter().map(|files| files.join(" + ")).collect();
        limits.push(format!("service control policies ({})", levels.join(", ")));
    }
    if !limits.is_empty() {
        lines.push(format!("limited by {}", limits.join(" and ")));
    }
    let not_checked = result.not_checked.iter();
    lines.extend(not_checked.filter_map(|id| {
        let names = id.strip_prefix("scp-deny-list:")?;
        Some(format!(
            "assumed FullAWSAccess beside {names}, which has no Allow: AWS attaches it to every level by default; if you detached it, pass the policies that allow"
        ))
    }));
    if let Some(from) = &result.cluster_config {
        let facts = from.facts.iter();
        lines.extend(facts.map(|(what, value, from)| format!("took {what} {value} from {from}")));
    }
    if let Some(assumed) = &reference.assumed {
        lines.push(format!(
            "assumed the feature {assumed}, the best fit of its alternatives; pass --feature to change it"
        ));
    }
    let reason = reference.role_reason.as_deref();
    let reason = reason.or(reference.role_was_chosen.then_some("it fits best"));
    if let (Some(role), Some(reason)) = (&reference.role, reason) {
        lines.push(format!(
            "role {role} was chosen because {reason}; pass --role to change it"
        ));
    }
    lines.extend(result.bindings.iter().filter_map(binding));
    lines.extend(result.parameters.iter().map(parameter));
    lines
}

/// One line for a parameter of a template.
fn parameter((name, value, from): &(String, String, String)) -> String {
    let choose = if from.starts_with("--") {
        String::new()
    } else {
        format!("; pass --parameter {name}=... to change it")
    };
    format!("parameter {name} = {value}, from {from}{choose}")
}

/// The line on roles that were not judged.
pub(super) fn others(report: &Report) -> Option<String> {
    const NAMED: usize = 8;
    let names: Vec<&str> = { report.others.iter() }
        .take(NAMED)
        .map(|p| p.name.as_str())
        .collect();
    let more = match report.others.len().saturating_sub(NAMED) {
        _ if names.is_empty() => return None,
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (role, them) = match names.as_slice() {
        [_] => ("not a ParallelCluster role", "it"),
        _ => ("not ParallelCluster roles", "them"),
    };
    Some(format!(
        "{role}: {}{more}; --select and --role judge {them}",
        names.join(", ")
    ))
}

/// The prefix of a target, if its name is not the heading.
pub(super) fn titled<'t>(target: Option<&str>, text: &'t str) -> Cow<'t, str> {
    match target {
        Some(target) => Cow::Owned(format!("{target}: {text}")),
        None => Cow::Borrowed(text),
    }
}

/// The totals.
pub(super) fn closing(report: &Report, result: &RoleResult) -> Vec<String> {
    let mut lines = Vec::new();
    let coverage = result.coverage();
    let counts = result.counts();
    let silent = counts.total() + counts.suppressed == 0;
    if !silent {
        lines.push(tally(counts));
    }
    let share = format!(
        "{} of {} covered{}",
        coverage.covered,
        plural(coverage.required, "requirement"),
        if result.is_template {
            " once the placeholders are replaced"
        } else {
            ""
        }
    );
    if result.failed && result.requirements.is_empty() {
        lines.push("could not be judged: see above for the reason".to_owned());
    } else if result.failed {
        lines.push(format!(
            "{share}, not all could be judged: see above for the reason"
        ));
    } else if coverage.required > 0
        && !(silent && coverage.covered == coverage.required && !result.is_template)
    {
        lines.push(share);
    } else if silent {
        lines.push(format!(
            "covered: {} ({}) in {}",
            scope(&result.reference),
            plural(coverage.actions, "action"),
            policy_count(result.policies.len()),
        ));
    }
    for hidden in report.hidden_rows(result) {
        lines.push(hidden_rows(&hidden));
    }
    lines.extend(vacuous(result));
    lines.extend(not_checked(result, |_| true));
    lines.extend(blocking(report, result));
    lines
}

/// The unchecked parts, in one line; none if nothing is wanted.
fn not_checked(result: &RoleResult, is_wanted: fn(&str) -> bool) -> Option<String> {
    let wanted = result.not_checked.iter().filter(|id| is_wanted(id));
    let layers: Vec<String> = wanted.map(|id| layer(id)).collect();
    (!layers.is_empty()).then(|| format!("not checked: {}", layers.join(", ")))
}

/// The lines on what was not checked, safe to print.
pub fn unchecked_lines(report: &Report) -> Vec<String> {
    let results = report.results.iter();
    results.filter_map(|r| unchecked(r, |_| true)).collect()
}

/// The line of one result, safe to print.
pub(super) fn unchecked_of(result: &RoleResult) -> Option<String> {
    unchecked(result, |_| true)
}

/// The line of one result on what its files or its reference name and do not contain, safe to print. Layers that
/// nothing names, and values that decide nothing, are left out: formats that hold findings alone would never be empty.
pub(super) fn named_and_unchecked(result: &RoleResult) -> Option<String> {
    unchecked(result, is_named)
}

/// The lines on the rest of what was not checked, safe to print.
pub fn unnamed_and_unchecked(report: &Report) -> Vec<String> {
    let lines = |r| unchecked(r, |id| !is_named(id));
    report.results.iter().filter_map(lines).collect()
}

fn is_named(id: &str) -> bool {
    (id.contains(':') || id == "trust-policy") && !id.starts_with("value:")
}

fn unchecked(result: &RoleResult, is_wanted: fn(&str) -> bool) -> Option<String> {
    let line = not_checked(result, is_wanted)?;
    Some(escape::line(&titled(result.target.as_deref(), &line)).into_owned())
}

/// The totals of an upgrade to another release.
pub(super) fn upgrade(upgrade: &Upgrade) -> String {
    let against = against(&upgrade.reference);
    match upgrade.findings.len() {
        0 => format!("after an upgrade, nothing more is missing, compared with {against}"),
        _ => format!(
            "after an upgrade, these permissions are missing too (without effect on the exit code), compared with {against}"
        ),
    }
}

/// The summary of several results.
pub(super) fn total(report: &Report) -> String {
    let results = plural(report.results.len(), "result");
    format!("total of {results}: {}", tally(report.counts()))
}

/// The lines on rows that are hidden, safe to print.
pub(super) fn hidden_lines(report: &Report) -> Vec<String> {
    let results = report.results.iter();
    results
        .flat_map(|result| hidden_of(report, result))
        .collect()
}

/// The lines of one result.
pub(super) fn hidden_of(report: &Report, result: &RoleResult) -> Vec<String> {
    let line = |hidden: &HiddenRows| {
        let text = hidden_rows(hidden);
        escape::line(&titled(result.target.as_deref(), &text)).into_owned()
    };
    report.hidden_rows(result).iter().map(line).collect()
}

fn hidden_rows(hidden: &HiddenRows) -> String {
    let rows = plural(hidden.count, "requirement");
    format!("{} is off, which hides {rows} not covered", hidden.lint)
}

/// The totals of a run, in one line.
pub fn summary(report: &Report) -> String {
    let rows: usize = { report.results.iter() }
        .flat_map(|result| report.hidden_rows(result))
        .map(|hidden| hidden.count)
        .sum();
    let hidden = match rows {
        0 => String::new(),
        rows => format!(
            "; {} not covered, hidden by lints that are off",
            plural(rows, "requirement")
        ),
    };
    let tally = tally(report.counts()) + &hidden;
    match report.results.iter().filter(|r| r.failed).count() {
        0 => tally,
        _ if report.results.len() == 1 => format!("{tally}; not all could be judged"),
        failed => format!(
            "{tally}; {failed} of {} could not be judged in full",
            plural(report.results.len(), "result")
        ),
    }
}

/// The lines below the message of a finding that is not drawn, made safe: each line begins with its end.
pub(super) fn details(finding: &Finding) -> String {
    let mut text = String::new();
    let label = Some(&finding.label.message).filter(|m| !m.is_empty());
    for line in label.into_iter().chain(&finding.notes) {
        text.push('\n');
        text.push_str(&escape::line(line));
    }
    if let Some(help) = &finding.help {
        text.push_str("\nhelp: ");
        text.push_str(&escape::lines(help));
    }
    text
}

/// For the findings of a lint that were not drawn.
pub(super) fn hidden(lint: &str, count: usize) -> String {
    let findings = plural(count, "more finding");
    format!("{findings} of {lint}: --format json lists all")
}

/// The message for several findings of a lint in one.
pub(super) fn of_lint(lint: &str, count: usize) -> String {
    let summary = lints::find(lint).map_or("", |lint| lint.summary);
    format!("{}: {summary}", plural(count, "finding"))
}

fn policies(paths: &[String]) -> String {
    let named: Vec<&str> = paths
        .iter()
        .take(NAMED_POLICIES)
        .map(String::as_str)
        .collect();
    match paths.len().saturating_sub(NAMED_POLICIES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn against(reference: &ReferenceName) -> String {
    let name = reference.policy.as_ref().or(reference.file.as_ref());
    let mut facts = Vec::new();
    if let Some(role) = &reference.role {
        facts.push(format!("role {role}"));
    }
    if let Some(scheduler) = &reference.scheduler {
        facts.push(format!("scheduler {scheduler}"));
    }
    if !reference.features.is_empty() {
        facts.push(format!("with {}", reference.features.join(", ")));
    }
    if let Some(version) = &reference.pcluster_version {
        let choose = match &reference.version_reason {
            Some(reason) => {
                format!(", chosen because {reason}; pass --pcluster-version to change it")
            }
            None if reference.version_is_default => {
                "; pass --pcluster-version to change it".to_owned()
            }
            None => String::new(),
        };
        facts.push(format!("ParallelCluster {version}{choose}"));
    }
    let name = name.map_or("the reference", String::as_str);
    if facts.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", facts.join(", "))
    }
}

/// The reference in a few words, for a clean run.
fn scope(reference: &ReferenceName) -> String {
    let mut words: Vec<String> = [&reference.role, &reference.scheduler]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    if let Some(version) = &reference.pcluster_version {
        words.push(format!("ParallelCluster {version}"));
    }
    if words.is_empty() {
        words.extend(reference.policy.clone().or_else(|| reference.file.clone()));
    }
    words.join(", ")
}

/// One line for the value of a placeholder; none for the partition that everybody has.
fn binding(binding: &Binding) -> Option<String> {
    let Binding {
        name,
        value,
        from,
        inferred,
    } = binding;
    let flag = match name.as_str() {
        "Region" => "--region".to_owned(),
        "Account" => "--account".to_owned(),
        "Partition" => "--partition".to_owned(),
        "Cluster" => "--cluster-name".to_owned(),
        other => format!("--set {other}=..."),
    };
    let builtin = !flag.starts_with("--set");
    match value {
        Some(value) if name == "Partition" && value == "aws" && !from.starts_with('-') => None,
        Some(value) if *inferred && *value == format!("${{{name}}}") => Some(format!(
            "{name} is a placeholder in the policies ({from}); pass {flag} for its value"
        )),
        Some(value) if *inferred => Some(format!(
            "{name} = {value}, inferred from {from}; pass {flag} to change it"
        )),
        Some(value) => Some(format!("{name} = {value}, from {from}")),
        None if builtin => {
            let every = name.to_lowercase().replace("region", "Region");
            Some(format!(
                "{name} is not known: judged for every {every}; pass {flag} to judge one"
            ))
        }
        None => {
            let meaning = crate::reference::meaning(name);
            let meaning = meaning.map_or_else(String::new, |(text, _)| format!(" ({text})"));
            Some(format!("${{{name}}}{meaning} has no value; pass {flag}"))
        }
    }
}

fn layer(id: &str) -> String {
    match id.split_once(':').unwrap_or((id, "")) {
        ("permissions-boundary", "") => "permissions boundary".to_owned(),
        ("permissions-boundary", arn) => {
            format!("the permissions boundary {arn} (give its document with --boundary)")
        }
        ("attached-policy", arn) => {
            format!("the attached policy {arn} (give the file of its document too)")
        }
        ("sam-policy", name) => {
            format!("the SAM policy template {name} (pass `sam build`'s output)")
        }
        ("sam-connector", name) => {
            format!("the grants of the SAM connector {name} (pass the deployed template)")
        }
        ("nested-template", name) => {
            format!("the template of {name} (give the template that it names)")
        }
        ("custom-resource", name) => {
            format!("the effect of the custom resource {name} on the role")
        }
        ("module", name) => format!("the module {name}, whose code is not in this repository"),
        ("dump-pages", _) => "the pages of the dump that follow".to_owned(),
        ("no-roles", name) => format!("{name}, which defines no role and no policy"),
        ("trust-policy", _) => "the trust policy".to_owned(),
        ("value", name) => format!("what `{name}` may stand for"),
        ("group", name) => format!("the policies of the group {name}"),
        ("scp", _) => "service control policies (SCP)".to_owned(),
        ("scp-deny-list", names) => {
            format!(
                "what the level of {names} allows (FullAWSAccess is assumed; give the policies that allow there, too: --scp FILE,FILE)"
            )
        }
        ("managed-policy", arn) => {
            format!("the AWS managed policy {arn} (if it is attached, pass --attached ARN)")
        }
        ("feature", name) => format!(
            "what this role needs for the feature {name} (AWS publishes nothing on it for this release)"
        ),
        _ => id.to_owned(),
    }
}

/// `3 findings: 1 error, 2 warnings (1 suppressed)`.
fn tally(counts: Counts) -> String {
    let parts = by_severity(counts);
    let suppressed = match counts.suppressed {
        0 => String::new(),
        n => format!(" ({n} suppressed)"),
    };
    if parts.is_empty() {
        return format!("no findings{suppressed}");
    }
    format!(
        "{}: {}{suppressed}",
        plural(counts.total(), "finding"),
        parts.join(", ")
    )
}

/// `1 error`, `2 warnings`: what there is of each severity.
fn by_severity(counts: Counts) -> Vec<String> {
    let kinds = [
        (counts.error, "error"),
        (counts.warning, "warning"),
        (counts.note, "note"),
    ];
    let some = kinds.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, noun)| plural(count, noun)).collect()
}

fn policy_count(count: usize) -> String {
    match count {
        1 => "1 policy".to_owned(),
        n => format!("{n} policies"),
    }
}

fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}
