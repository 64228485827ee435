//! The rules of a run: all of them in every run, so that nothing changes between uploads but results.

use super::model::{Configuration, Help, Message, Rule, RuleProperties};
use crate::finding::Severity;
use crate::lints::{self, Lint};
use crate::reference::security_severity;

const TAGS: &[&str] = &["security", "iam", "aws", "parallelcluster"];

/// AWS's page on the subject of a lint.
fn help_uri(id: &str) -> &'static str {
    match id {
        "duplicate-key" | "invalid-json" | "invalid-policy" => {
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
        }
        "unknown-action" => "https://docs.aws.amazon.com/service-authorization/latest/reference/",
        _ => {
            "https://docs.aws.amazon.com/parallelcluster/latest/ug/iam-roles-in-parallelcluster-v3.html"
        }
    }
}

/// Every lint, in the order of ids.
pub(super) fn rules() -> Vec<Rule> {
    lints::ALL.iter().map(|lint| rule(lint)).collect()
}

/// The place of a lint in [`rules`].
pub(super) fn index(id: &str) -> Option<usize> {
    lints::ALL.iter().position(|lint| lint.id == id)
}

fn rule(lint: &Lint) -> Rule {
    Rule {
        id: lint.id,
        name: name(lint.id),
        short_description: Message {
            text: super::sentence(lint.summary),
        },
        full_description: Message {
            text: first_section(lint.doc),
        },
        help: Help {
            text: plain(lint.doc),
            markdown: lint.doc,
        },
        help_uri: help_uri(lint.id),
        default_configuration: Configuration {
            level: lint.severity.name(),
        },
        properties: RuleProperties {
            precision: "very-high",
            problem_severity: match lint.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "recommendation",
            },
            security_severity: security_severity(lint.id),
            tags: TAGS,
        },
    }
}

/// `MissingAction`: a name has no separators, and must differ from the id in more than capitals.
pub(super) fn name(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    });
    let kind = if id.contains('-') { "" } else { "Lint" };
    words.collect::<String>() + kind
}

/// The text below the first heading of a page.
fn first_section(page: &str) -> String {
    let lines = page.lines().skip_while(|l| !l.starts_with("## ")).skip(1);
    let text: Vec<&str> = lines.take_while(|l| !l.starts_with("## ")).collect();
    text.join("\n").trim().to_owned()
}

/// A page without the marks of headings and blocks.
fn plain(page: &str) -> String {
    let lines = page.lines().filter(|line| !line.starts_with("```"));
    let lines: Vec<&str> = lines
        .map(|line| {
            line.strip_prefix("## ")
                .or(line.strip_prefix("# "))
                .unwrap_or(line)
        })
        .collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::dangers;

    #[test]
    fn every_danger_has_a_lint_that_is_rated() {
        for danger in dangers() {
            assert!(lints::find(&danger.lint).is_some(), "{}", danger.lint);
            assert!(security_severity(&danger.lint).is_some());
        }
        let rated = lints::ALL
            .iter()
            .filter(|l| security_severity(l.id).is_some());
        assert_eq!(rated.count(), dangers().len() + 9);
    }

    #[test]
    fn names_have_no_separators() {
        assert_eq!(name("over-broad-action"), "OverBroadAction");
        assert_eq!(name("undecided"), "UndecidedLint");
    }
}
