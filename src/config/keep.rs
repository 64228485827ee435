//! Permissions that are granted on purpose.

use toml::de::DeTable;

use super::Day;
use super::accepted::until;
use super::reader::Reader;
use crate::parser::{Span, Spanned, shorten};

/// Keys of a keep.
pub(super) const KEEP: [&str; 4] = ["actions", "reason", "resources", "until"];

/// What is granted on purpose, though ParallelCluster does not need it.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The head of the table.
    pub span: Span,
    /// IAM patterns of actions.
    pub actions: Vec<Spanned<String>>,
    /// IAM patterns of ARNs.
    pub resources: Vec<Spanned<String>>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Option<Spanned<Day>>,
}

impl Keep {
    /// Whether it no longer counts.
    pub fn has_expired(&self, today: Day) -> bool {
        self.until.as_ref().is_some_and(|until| until.value < today)
    }
}

pub(super) fn keep(reader: &mut Reader, head: Span, table: &DeTable<'_>) -> Option<Keep> {
    let mut keep = Keep {
        span: head,
        actions: Vec::new(),
        resources: Vec::new(),
        reason: String::new(),
        until: None,
    };
    for (key, value) in table {
        match &**key.get_ref() {
            "actions" => keep.actions = reader.texts("actions", value).unwrap_or_default(),
            "resources" => keep.resources = reader.texts("resources", value).unwrap_or_default(),
            "reason" => keep.reason = reader.text("reason", value)?.value,
            "until" => keep.until = until(reader, value),
            _ => reader.unknown(key, "a keep", &KEEP),
        }
    }
    for (key, help) in [
        ("actions", "name what is kept: actions = [\"s3:PutObject\"]"),
        (
            "resources",
            "name the resources: resources = [\"arn:aws:s3:::results/*\"]",
        ),
        (
            "reason",
            "say why: reason = \"the jobs write their results\"",
        ),
    ] {
        if !table.contains_key(key) {
            reader.wrong(head, format!("a keep has no `{key}`"), help.to_owned());
            return None;
        }
    }
    for action in &keep.actions {
        let is_action = action.value.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty()
                && !service.contains(['*', '?', ' '])
                && !name.is_empty()
                && !name.contains([':', ' '])
        });
        if !is_action {
            let message = format!("`{}` is not an action", shorten(&action.value));
            let help = "write it as service:Name, such as s3:PutObject or s3:Get*".to_owned();
            reader.wrong(action.span, message, help);
        }
    }
    for resource in &keep.resources {
        let is_arn = resource.value == "*"
            || resource.value.starts_with("arn:") && resource.value.matches(':').count() >= 5;
        if !is_arn {
            let message = format!("`{}` is not an ARN", shorten(&resource.value));
            let help =
                "write a whole ARN, such as arn:aws:s3:::results/*, or `*` for every resource";
            reader.wrong(resource.span, message, help.to_owned());
        }
    }
    (!keep.actions.is_empty() && !keep.resources.is_empty()).then_some(keep)
}
