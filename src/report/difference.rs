//! The report of `pcluster-iam diff`: text, JSON and Markdown.

mod json;

pub use json::difference_json;

use std::fmt::Write as _;

use super::Region;
use crate::diff::difference::{Assumption, Change, Difference, Path, TrustDifference, Value};
use crate::inert;
use crate::parser::{SourceId, Sources, Span};
use crate::reference::dangers;

/// Differences of one role that are shown without `--verbose`.
const SHOWN: usize = 20;

/// One role compared.
pub struct ComparedRole {
    /// The path of its file in the folder; empty for files that were named.
    pub path: String,
    /// The role or principal; empty for a file of policies.
    pub principal: String,
    /// `file`, `role`, `user`, `group`, `policy` or `function`.
    pub kind: &'static str,
    /// Whether the old side does not have it.
    pub is_new: bool,
    /// Whether the new side does not have it.
    pub is_gone: bool,
    /// The requests and paths of escalation.
    pub difference: Difference,
    /// Who can assume it.
    pub trust: TrustDifference,
    /// Whether values that are not known bear on it.
    pub depends: bool,
    /// Why not all of it could be compared.
    pub problems: Vec<String>,
}

impl ComparedRole {
    /// Whether there is nothing to report.
    pub fn is_same(&self) -> bool {
        let Difference {
            gained,
            lost,
            opened,
            closed,
            undecided,
            placeholders: _,
        } = &self.difference;
        gained.is_empty()
            && lost.is_empty()
            && opened.is_empty()
            && closed.is_empty()
            && undecided.is_empty()
            && self.trust.is_empty()
            && self.problems.is_empty()
    }

    fn name(&self) -> String {
        let name = match (self.path.as_str(), self.principal.as_str()) {
            ("", "") => return "the policies".to_owned(),
            ("", name) | (name, "") => format!("`{name}`"),
            (path, name) => format!("`{name}` of `{path}`"),
        };
        format!("{} {name}", self.kind)
    }
}

/// A difference of two sides.
pub struct DifferenceReport {
    /// The old side, as it was given.
    pub old: String,
    /// The new side, as it was given.
    pub new: String,
    /// The files.
    pub sources: Sources,
    /// Day of the catalogue.
    pub catalog_date: String,
    /// The roles with a difference.
    pub roles: Vec<ComparedRole>,
    /// How many roles have none.
    pub same: usize,
    /// Problems of files that belong to no role.
    pub problems: Vec<String>,
    /// Files of the folders that hold no policy.
    pub others: Vec<String>,
    /// The exit code of the program.
    pub exit_code: u8,
}

impl DifferenceReport {
    /// Whether everything could be compared.
    pub fn is_complete(&self) -> bool {
        let is_whole = |r: &ComparedRole| {
            r.problems.is_empty()
                && r.difference.undecided.is_empty()
                && r.trust.undecided.is_empty()
        };
        self.problems.is_empty() && self.roles.iter().all(is_whole)
    }

    fn count(&self, of: impl Fn(&Difference) -> usize) -> usize {
        self.roles.iter().map(|r| of(&r.difference)).sum()
    }

    fn summary(&self) -> String {
        let gained = self.count(|d| d.gained.len());
        let lost = self.count(|d| d.lost.len());
        let opened = self.count(|d| d.opened.len());
        let mut text = format!(
            "{} gained, {} lost, {} opened or widened",
            counted(gained, "action"),
            counted(lost, "action"),
            counted(opened, "escalation path"),
        );
        let trust = |of: fn(&TrustDifference) -> &Vec<Assumption>| -> usize {
            let roles = self.roles.iter();
            roles.map(|r| grouped(of(&r.trust)).len()).sum()
        };
        let (more, less) = (trust(|t| &t.gained), trust(|t| &t.lost));
        if more + less > 0 {
            let _ = write!(
                text,
                "; {} gained, {less} lost in trust policies",
                counted(more, "principal")
            );
        }
        if !self.is_complete() {
            text.push_str("; not everything could be compared");
        }
        text
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// The danger of a change, as its lint names it.
fn danger(change: &Change) -> Option<&'static str> {
    let danger = dangers().get(change.rank?.danger)?;
    Some(danger.lint.strip_prefix("excess-").unwrap_or(&danger.lint))
}

/// The assumptions of one principal in one context, with all of their actions.
fn grouped(all: &[Assumption]) -> Vec<(&Assumption, String)> {
    let mut groups: Vec<(&Assumption, String)> = Vec::new();
    for one in all {
        let same = groups
            .iter_mut()
            .find(|(first, _)| first.principal == one.principal && first.context == one.context);
        match same {
            Some((_, actions)) => {
                actions.push_str(", ");
                actions.push_str(&one.action);
            }
            None => groups.push((one, one.action.clone())),
        }
    }
    groups
}

/// The context of a request, in words.
fn context(keys: &[(String, Value)]) -> Vec<String> {
    let one = |(key, value): &(String, Value)| match value {
        Value::Absent => format!("without {key}"),
        Value::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|t| format!("\"{t}\"")).collect();
            format!("{key} = {}", texts.join(", "))
        }
        Value::Line(true) => format!("where `{key}` holds"),
        Value::Line(false) => format!("where `{key}` does not hold"),
    };
    keys.iter().map(one).collect()
}

fn place(places: &[(SourceId, Span)], sources: &Sources) -> Option<String> {
    let (source, span) = places.first()?;
    let region = Region::new(sources.get(*source), *span);
    Some(format!("{}:{}", region.path, region.start_line))
}

/// The report for people. Texts of files cannot act on what shows it.
pub fn difference_text(report: &DifferenceReport, verbose: bool) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(&inert::line(text));
        out.push('\n');
    };
    line(&format!("compared {} with {}", report.old, report.new));
    for role in &report.roles {
        line("");
        let what = match (role.is_new, role.is_gone) {
            (true, _) => " (new)",
            (_, true) => " (gone)",
            _ => "",
        };
        line(&format!("{}{what}", role.name()));
        let found = &role.difference;
        for (paths, verb) in [(&found.opened, "opens"), (&found.closed, "closes")] {
            for path in paths {
                line(&format!("  {}", way(path, verb)));
            }
        }
        for (all, word) in [(&role.trust.gained, "gained"), (&role.trust.lost, "lost")] {
            let groups = grouped(all);
            let shown = if verbose { groups.len() } else { SHOWN };
            for (one, actions) in groups.iter().take(shown) {
                line(&format!("  {word} (trust): {actions} by {}", one.principal));
                for context in context(&one.context) {
                    line(&format!("      {context}"));
                }
                if let Some(place) = place(&one.places, &report.sources) {
                    line(&format!("      allowed at {place}"));
                }
            }
            if let Some(more @ 1..) = groups.len().checked_sub(shown) {
                line(&format!(
                    "  {word} (trust): {more} more; --verbose shows all"
                ));
            }
        }
        for (changes, word) in [(&found.gained, "gained"), (&found.lost, "lost")] {
            let shown = if verbose { changes.len() } else { SHOWN };
            for change in changes.iter().take(shown) {
                let danger = danger(change)
                    .map(|d| format!(" ({d})"))
                    .unwrap_or_default();
                let witness = &change.witness;
                line(&format!(
                    "  {word}{danger}: {} on {}",
                    witness.action, witness.resource
                ));
                for context in context(&change.context) {
                    line(&format!("      {context}"));
                }
                if let Some(place) = place(&change.places, &report.sources) {
                    line(&format!("      allowed at {place}"));
                }
            }
            if let Some(more @ 1..) = changes.len().checked_sub(shown) {
                line(&format!("  {word}: {more} more; --verbose shows all"));
            }
        }
        if role.depends {
            line("  values of parameters that are not known bear on this");
        }
        for problem in problems(role) {
            line(&format!("  not compared: {problem}"));
        }
    }
    for problem in &report.problems {
        line(&format!("not compared: {problem}"));
    }
    if !report.roles.is_empty() || !report.problems.is_empty() {
        line("");
    }
    if report.same > 0 {
        line(&format!(
            "{} without a difference",
            counted(report.same, "role")
        ));
    }
    if !report.others.is_empty() {
        line(&format!(
            "{} without a policy skipped",
            counted(report.others.len(), "file")
        ));
    }
    line(&report.summary());
    out
}

fn way(path: &Path, verb: &str) -> String {
    let verb = if path.was_open { "widens" } else { verb };
    let steps = path.open.steps.iter();
    let steps: Vec<String> = steps
        .map(|s| format!("{} on {}", s.witness.action, s.witness.resource))
        .collect();
    format!(
        "{verb} an escalation path: {} ({}): {}",
        path.open.path.title,
        path.open.path.id,
        steps.join(", ")
    )
}

fn problems(role: &ComparedRole) -> Vec<String> {
    let mut all = role.problems.clone();
    let undecided = &role.difference.undecided;
    if !undecided.is_empty() {
        let named: Vec<&str> = undecided.iter().take(8).map(String::as_str).collect();
        let more = undecided.len().saturating_sub(named.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        all.push(format!(
            "{}{more}: a bound was reached, or a policy variable leaves it open",
            named.join(", ")
        ));
    }
    for principal in role.trust.undecided.iter().take(8) {
        all.push(format!(
            "whether {principal} can assume the role could not be decided"
        ));
    }
    all
}

/// A text for Markdown in which nothing acts: whatever is no letter and no digit is written as an entity.
fn entity(text: &str) -> String {
    let safe = inert::line(text);
    let mut out = String::with_capacity(safe.len() + 16);
    for c in safe.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/') {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", u32::from(c));
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", entity(text))
}

/// The report as Markdown, for the comment of a pull request.
pub fn difference_markdown(report: &DifferenceReport, verbose: bool) -> String {
    let mut out = String::from("### What the policies allow: changes\n\n");
    let _ = writeln!(
        out,
        "{} → {}: {}",
        code(&report.old),
        code(&report.new),
        report.summary()
    );
    for role in &report.roles {
        let what = match (role.is_new, role.is_gone) {
            (true, _) => " (new)",
            (_, true) => " (gone)",
            _ => "",
        };
        let _ = writeln!(out, "\n#### {}{what}\n", entity(&role.name()));
        let found = &role.difference;
        for (paths, verb) in [(&found.opened, "opens"), (&found.closed, "closes")] {
            for path in paths {
                let _ = writeln!(out, "- {}", entity(&way(path, verb)));
            }
        }
        if !found.opened.is_empty() || !found.closed.is_empty() {
            out.push('\n');
        }
        let all = [(&found.gained, "gained"), (&found.lost, "lost")];
        let trust = [(&role.trust.gained, "gained"), (&role.trust.lost, "lost")];
        let is_trust = trust.iter().any(|(all, _)| !all.is_empty());
        if is_trust || all.iter().any(|(changes, _)| !changes.is_empty()) {
            out.push_str("| | danger | request | context |\n| --- | --- | --- | --- |\n");
        }
        for (all, word) in trust {
            let groups = grouped(all);
            let shown = if verbose { groups.len() } else { SHOWN };
            for (one, actions) in groups.iter().take(shown) {
                let context: Vec<String> = context(&one.context).iter().map(|c| code(c)).collect();
                let _ = writeln!(
                    out,
                    "| {word} | trust | {} by {} | {} |",
                    code(actions),
                    code(&one.principal),
                    context.join(", "),
                );
            }
            if let Some(more @ 1..) = groups.len().checked_sub(shown) {
                let _ = writeln!(out, "| {word} | trust | {more} more | |");
            }
        }
        for (changes, word) in all {
            let shown = if verbose { changes.len() } else { SHOWN };
            for change in changes.iter().take(shown) {
                let context: Vec<String> =
                    context(&change.context).iter().map(|c| code(c)).collect();
                let _ = writeln!(
                    out,
                    "| {word} | {} | {} on {} | {} |",
                    danger(change).unwrap_or(""),
                    code(&change.witness.action),
                    code(&change.witness.resource),
                    context.join(", "),
                );
            }
            if let Some(more @ 1..) = changes.len().checked_sub(shown) {
                let _ = writeln!(out, "| {word} | | {more} more | |");
            }
        }
        if role.depends {
            out.push_str("\nValues of parameters that are not known bear on this.\n");
        }
        let problems = problems(role);
        if !problems.is_empty() {
            out.push('\n');
        }
        for problem in problems {
            let _ = writeln!(out, "- **not compared**: {}", entity(&problem));
        }
    }
    if !report.problems.is_empty() {
        out.push('\n');
    }
    for problem in &report.problems {
        let _ = writeln!(out, "- **not compared**: {}", entity(problem));
    }
    out
}
