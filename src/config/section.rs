//! The tables of a configuration, key by key.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::accepted::{ignore, levels};
use super::keep::keep;
use super::reader::path_pattern;
use super::reader::{Key, Reader, Value, span};
use super::single_value::{self, Fault};
use super::{Config, MOST_TARGETS, Options, Target, Threshold};
use crate::cluster::ConfigProblem;
use crate::finding::Severity;
use crate::matcher::condition::{self, KeyValue};
use crate::nearest::hint;
use crate::parser::{Span, Spanned, shorten};
use crate::reference::{self, Features, SelectError};

/// Keys of the top level beside [`OPTIONS`].
pub(super) const TOP: [&str; 6] = ["baseline", "fail-on", "ignore", "keep", "lints", "target"];

/// Keys of a target beside [`OPTIONS`].
pub(super) const TARGET: [&str; 5] = ["name", "policies", "reference", "role", "select"];

/// Keys of the top level and of a target.
pub(super) const OPTIONS: [&str; 13] = [
    "account",
    "attached",
    "bindings",
    "boundary",
    "cluster-config",
    "cluster-name",
    "context",
    "features",
    "partition",
    "pcluster-version",
    "region",
    "scheduler",
    "scps",
];

pub(super) fn config(reader: &mut Reader, document: &DeTable<'_>) -> Config {
    let mut config = Config::default();
    for (key, value) in document {
        match &**key.get_ref() {
            "baseline" => config.baseline = reader.text("baseline", value),
            "fail-on" => {
                config.fail_on = threshold(reader, value);
                config.fail_on_span = span(value.span());
            }
            "ignore" => {
                for (head, table) in reader.tables("ignore", value) {
                    config.ignores.extend(ignore(reader, head, table));
                }
            }
            "keep" => {
                for (head, table) in reader.tables("keep", value) {
                    config.keeps.extend(keep(reader, head, table));
                }
            }
            "lints" => (config.lints, config.lint_spans) = levels(reader, value),
            "target" => {
                let tables = reader.tables("target", value);
                if let Some((beyond, _)) = tables.get(MOST_TARGETS) {
                    let message = format!("more than {MOST_TARGETS} targets");
                    let help = "put the others into a configuration of their own, and name it with --config";
                    reader.wrong(*beyond, message, help.to_owned());
                }
                for (head, table) in tables.into_iter().take(MOST_TARGETS) {
                    config.targets.extend(target(reader, head, table));
                }
            }
            name if OPTIONS.contains(&name) => option(reader, &mut config.defaults, name, value),
            _ => {
                // Keys that only a target has are looked up there.
                if TARGET.contains(&&**key.get_ref()) {
                    let message = format!("`{}` belongs to a target", key.get_ref());
                    let help = "write it below the head [[target]]".to_owned();
                    reader.wrong(span(key.span()), message, help);
                } else {
                    reader.unknown(key, "the configuration", &[&TOP[..], &OPTIONS].concat());
                }
            }
        }
    }
    let mut named: BTreeMap<&str, Span> = BTreeMap::new();
    for target in &config.targets {
        if let Some(first) = named.insert(&target.name.value, target.name.span) {
            let name = shorten(&target.name.value);
            let problem = ConfigProblem::new(
                format!("two targets have the name `{name}`"),
                target.name.span,
            );
            let problem = problem.with_related(first, "the first of them");
            reader.report(problem.with_help("give each target a name of its own"));
        }
    }
    config
}

fn threshold(reader: &mut Reader, value: &Value<'_>) -> Option<Threshold> {
    let text = reader.text("fail-on", value)?;
    Some(Threshold(match text.value.as_str() {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "note" => Some(Severity::Note),
        "never" => None,
        other => {
            let message = format!("`{}` is not a value for `fail-on`", shorten(other));
            let help = hint(other, &["error", "warning", "note", "never"]);
            reader.wrong(text.span, message, help);
            return None;
        }
    }))
}

fn target(reader: &mut Reader, head: Span, table: &DeTable<'_>) -> Option<Target> {
    let mut name = None;
    let mut target = Target {
        name: Spanned {
            value: String::new(),
            span: head,
        },
        role: None,
        reference: None,
        policies: Vec::new(),
        select: Vec::new(),
        options: Options::default(),
    };
    let has = |key: &str| table.contains_key(key);
    let (named, listed) = (has("name"), has("policies"));
    for (key, value) in table {
        match &**key.get_ref() {
            "name" => name = reader.text("name", value),
            "role" => target.role = reader.text("role", value),
            "reference" => target.reference = reader.text("reference", value),
            "policies" => policies(reader, &mut target, value),
            "select" => target.select = reader.texts("select", value).unwrap_or_default(),
            name if OPTIONS.contains(&name) => option(reader, &mut target.options, name, value),
            _ => reader.unknown(key, "a target", &[&TARGET[..], &OPTIONS].concat()),
        }
    }
    if let Some(role) = &target.role
        && role.value != "auto"
        && reference::roles_called(&role.value).is_empty()
    {
        let all: Vec<&str> = reference::roles().collect();
        let message = format!(
            "`{}` is not a role of ParallelCluster",
            shorten(&role.value)
        );
        reader.wrong(role.span, message, hint(&role.value, &all));
    }
    if let Some(reference) = &target.reference {
        let options = &target.options;
        let rivals = [
            ("role", &target.role),
            ("scheduler", &options.scheduler),
            ("pcluster-version", &options.pcluster_version),
            ("cluster-config", &options.cluster_config),
        ];
        for (key, rival) in rivals {
            if let Some(rival) = rival {
                let message = format!("a target has either `reference` or `{key}`");
                let problem = ConfigProblem::new(message, rival.span);
                let problem = problem.with_related(reference.span, "compared with this");
                reader.report(problem.with_help("leave one of them out"));
            }
        }
    }
    if !named {
        let help = "give it a name for the reports: name = \"head-node\"".to_owned();
        reader.wrong(head, "a target has no `name`", help);
    }
    if !listed {
        let help = "name its files, for example: policies = [\"iam/head-node/*.json\"]".to_owned();
        reader.wrong(head, "a target has no `policies`", help);
    }
    target.name = name?;
    Some(target)
}

fn policies(reader: &mut Reader, target: &mut Target, value: &Value<'_>) {
    let listed = reader.texts("policies", value);
    if listed.as_ref().is_some_and(Vec::is_empty) && is_empty_array(value) {
        let help =
            "name the policies attached to the role, for example [\"iam/*.json\"]".to_owned();
        reader.wrong(span(value.span()), "`policies` is empty", help);
    }
    target.policies = listed.unwrap_or_default();
    let patterns = target.policies.clone();
    for pattern in &patterns {
        path_pattern(reader, pattern);
    }
}

fn is_empty_array(value: &Value<'_>) -> bool {
    value
        .get_ref()
        .as_array()
        .is_some_and(|array| array.is_empty())
}

/// A value that `check` accepts.
fn checked(
    reader: &mut Reader,
    key: &str,
    value: &Value<'_>,
    check: fn(&str) -> Result<(), Fault>,
) -> Option<Spanned<String>> {
    let text = reader.text(key, value)?;
    if let Err((reason, help)) = check(&text.value) {
        let message = format!(
            "`{}` is not a value for `{key}`: {reason}",
            shorten(&text.value)
        );
        reader.wrong(text.span, message, help);
    }
    Some(text)
}

/// Reports a name that ParallelCluster does not have.
fn select(reader: &mut Reader, at: Span, error: &SelectError) {
    let problem = ConfigProblem::new(error.to_string(), at);
    let help = miette::Diagnostic::help(error).map(|help| help.to_string());
    reader.report(match help {
        Some(help) => problem.with_help(help),
        None => problem,
    });
}

fn option(reader: &mut Reader, options: &mut Options, key: &str, value: &Value<'_>) {
    match key {
        "region" => options.region = checked(reader, key, value, single_value::region),
        "account" => options.account = checked(reader, key, value, single_value::account),
        "cluster-name" => {
            let names = reader.texts(key, value);
            for name in names.iter().flatten() {
                if name.value != "*" && !reference::cluster_names::is_cluster_name(&name.value) {
                    let message =
                        format!("`{}` is not the name of a cluster", shorten(&name.value));
                    let help = "a name begins with a letter and has letters, digits and hyphens, at most 60 characters";
                    reader.wrong(name.span, message, help.to_owned());
                }
            }
            options.cluster_name = names.filter(|n| !n.is_empty());
        }
        "partition" => options.partition = checked(reader, key, value, single_value::partition),
        "scheduler" => {
            options.scheduler = reader.text(key, value);
            if let Some(scheduler) = &options.scheduler
                && !reference::schedulers().contains(&scheduler.value.as_str())
            {
                let message = format!(
                    "`{}` is not a scheduler of ParallelCluster",
                    shorten(&scheduler.value)
                );
                let help = hint(&scheduler.value, &reference::schedulers());
                reader.wrong(scheduler.span, message, help);
            }
        }
        "pcluster-version" => {
            options.pcluster_version = reader.text(key, value);
            if let Some(release) = &options.pcluster_version
                && let Err(error) = reference::resolve(&release.value, None)
            {
                select(reader, release.span, &error);
            }
        }
        "features" => {
            options.features = reader.texts(key, value);
            features(
                reader,
                options.features.as_deref().unwrap_or_default(),
                value,
            );
        }
        "cluster-config" => options.cluster_config = reader.text(key, value),
        "boundary" => options.boundary = reader.text(key, value),
        "scps" => {
            let wanted = "an array with the files of each level";
            let mut levels = Vec::new();
            for level in reader.array(key, wanted, value) {
                if is_empty_array(level) {
                    let help = "name the policies of the level, or leave it out: a level without policies allows nothing";
                    let message = "a level of `scps` is empty".to_owned();
                    reader.wrong(span(level.span()), message, help.to_owned());
                }
                levels.extend(reader.texts(key, level));
            }
            options.scps = Some(levels);
        }
        "attached" => {
            options.attached = reader.texts(key, value);
            for arn in options.attached.iter().flatten() {
                if let Err((reason, help)) = single_value::policy_arn(&arn.value) {
                    let arn_text = shorten(&arn.value);
                    let message = format!("`{arn_text}` is not a value for `{key}`: {reason}");
                    reader.wrong(arn.span, message, help);
                }
            }
        }
        "bindings" => {
            for (name, value) in reader.table(key, value).into_iter().flat_map(DeTable::iter) {
                let name = &**name.get_ref();
                if let Some(value) = reader.text(name, value) {
                    options.bindings.insert(name.to_owned(), value);
                }
            }
        }
        "context" => {
            for (key, value) in reader.table(key, value).into_iter().flat_map(DeTable::iter) {
                context(reader, &mut options.context, key, value);
            }
        }
        // Errors that name the options are matched above; a test holds the lists together.
        _ => {}
    }
}

fn features(reader: &mut Reader, names: &[Spanned<String>], value: &Value<'_>) {
    let mut known = Vec::new();
    for name in names {
        match Features::from_names([name.value.as_str()]) {
            Ok(_) => known.push(name.value.as_str()),
            Err(error) => select(reader, name.span, &error),
        }
    }
    if let Err(error) = Features::from_names(known) {
        select(reader, span(value.span()), &error);
    }
}

fn context(
    reader: &mut Reader,
    context: &mut BTreeMap<String, KeyValue>,
    key: &Key<'_>,
    value: &Value<'_>,
) {
    let name = &**key.get_ref();
    if !condition::is_key(name) {
        let message = format!("`{}` is not a condition key", shorten(name));
        let help = "condition keys are written `service:Name`, in quotes: \"aws:SourceVpc\"";
        reader.wrong(span(key.span()), message, help.to_owned());
        return;
    }
    let mut values = Vec::new();
    let items = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    if items.is_empty() {
        let message = format!("`{}` has no value", shorten(name));
        let help = "give a value, or leave the key out: then nothing is known of it".to_owned();
        reader.wrong(span(value.span()), message, help);
        return;
    }
    for item in items {
        let text = match item.get_ref() {
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => {
                Some(number.as_str().replace('_', ""))
            }
            _ => reader.text(name, item).map(|text| text.value),
        };
        values.extend(text.map(|text| condition::literal(&text)));
    }
    let folded = condition::fold_key(name);
    if context.insert(folded, KeyValue::Values(values)).is_some() {
        let message = format!("`{}` is given twice", shorten(name));
        let help = "condition keys are the same in upper and lower case".to_owned();
        reader.wrong(span(key.span()), message, help);
    }
}
