//! Settings that weaken a run, from the command line and the configuration, for the report.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use super::config::{self as found, Configuration};
use super::jobs::Jobs;
use super::{FailOn, LintArgs, Unresolved};
use crate::config::{Ignore, Keep, Level, Options, Target};
use crate::finding::Severity;
use crate::lints;
use crate::parser::{Span, Spanned};
use crate::report::Weakening;
use crate::result::RoleResult;

/// The list for `lint`. `baseline` is the file that hides findings. An ignore that hides nothing, as
/// `ignoring` says, and a keep without a permission that it keeps, weaken nothing.
pub(super) fn list(
    args: &LintArgs,
    jobs: &Jobs,
    levels: &BTreeMap<&'static str, Level>,
    baseline: Option<&Path>,
    ignoring: &[bool],
    results: &[RoleResult],
) -> Vec<Weakening> {
    let mut list = List {
        jobs,
        found: Vec::new(),
    };
    let configuration = jobs.configuration.as_ref();
    if let Some(configuration) = configuration {
        list.used(args, configuration);
    }
    list.levels(args, levels);
    list.fail_on(args);
    list.options(args);
    if args.inputs.unresolved == Unresolved::Warn {
        let message = "parts of templates that could not be read are warnings".to_owned();
        list.by("unresolved", message, "--unresolved");
    }
    if let Some(configuration) = configuration.filter(|_| !args.accept.no_ignores) {
        let ignores = configuration.config.ignores.iter().zip(ignoring);
        for (ignore, _) in ignores.filter(|(_, hides)| **hides) {
            list.at("ignore", ignored(ignore), ignore.span);
        }
        let today = crate::config::today(env::var("SOURCE_DATE_EPOCH").ok().as_deref());
        let keeps = configuration.config.keeps.iter().enumerate();
        let keeps = keeps.filter(|(at, keep)| {
            let is_met = results.iter().any(|r| r.kept.contains(at));
            is_met && !keep.has_expired(today)
        });
        for (_, keep) in keeps {
            list.at("keep", kept(keep), keep.span);
        }
    }
    if let Some(path) = baseline {
        let message = format!("the baseline {} hides findings", path.display());
        let named = configuration.and_then(|c| c.config.baseline.as_ref());
        match named.filter(|_| args.baseline.is_none()) {
            Some(named) => list.at("baseline", message, named.span),
            None => list.by("baseline", message, "--baseline"),
        }
    }
    list.found
}

struct List<'j> {
    jobs: &'j Jobs,
    found: Vec<Weakening>,
}

impl List<'_> {
    fn by(&mut self, kind: &'static str, message: String, option: &str) {
        self.found.push(Weakening {
            kind,
            message,
            from: option.to_owned(),
            place: None,
        });
    }

    /// Something that the configuration says.
    fn at(&mut self, kind: &'static str, message: String, span: Span) {
        let Some(configuration) = &self.jobs.configuration else {
            return;
        };
        self.found.push(Weakening {
            kind,
            message,
            from: configuration.place(&self.jobs.sources, span),
            place: Some((configuration.source, span)),
        });
    }

    fn used(&mut self, args: &LintArgs, configuration: &Configuration) {
        let name = self.jobs.sources.get(configuration.source).name();
        let message = match &args.inputs.root {
            Some(root) => format!("configuration {name}, with paths below {}", root.display()),
            None => format!("configuration {name}"),
        };
        let from = configuration.chosen_by;
        self.found.push(Weakening {
            kind: "configuration",
            message,
            from: from.to_owned(),
            place: Some((configuration.source, Span::new(0, 0))),
        });
        if from == found::FOUND {
            for other in found::replaced(&env::current_dir().unwrap_or_default()) {
                let message = format!("{name} replaces {}", other.display());
                self.by(
                    "replaced-configuration",
                    message,
                    "the nearest configuration is read",
                );
            }
        }
    }

    fn levels(&mut self, args: &LintArgs, levels: &BTreeMap<&'static str, Level>) {
        let accept = &args.accept;
        let options = [
            ("--off", &accept.off),
            ("--note", &accept.note),
            ("--warn", &accept.warn),
        ];
        for (lint, level) in levels {
            let default = lints::find(lint).map_or(Severity::Error, |lint| lint.severity);
            let message = match level {
                Level::Off => format!("{lint} is off"),
                // A lint may report more than its usual severity.
                Level::As(severity) if *severity < Severity::Error && *severity <= default => {
                    format!("{lint} is set to {}", severity.name())
                }
                Level::As(_) => continue,
            };
            let given = |ids: &[String]| {
                let mut ids = ids.iter();
                ids.any(|id| crate::config::lint(id).is_ok_and(|id| id == *lint))
            };
            if let Some((option, _)) = options.iter().find(|(_, ids)| given(ids)) {
                self.by("lint", message, option);
                continue;
            }
            let configuration = self.jobs.configuration.as_ref();
            let span = configuration.and_then(|c| c.config.lint_spans.get(lint).copied());
            self.at("lint", message, span.unwrap_or_default());
        }
    }

    fn fail_on(&mut self, args: &LintArgs) {
        const MESSAGE: &str = "no finding makes the run fail";
        let configured = self.jobs.configuration.as_ref();
        let configured =
            configured.and_then(|c| c.config.fail_on.map(|t| (t, c.config.fail_on_span)));
        match (args.exit_zero, args.fail_on, configured) {
            (true, ..) => self.by("fail-on", MESSAGE.to_owned(), "--exit-zero"),
            (false, Some(FailOn::Never), _) => self.by("fail-on", MESSAGE.to_owned(), "--fail-on"),
            (false, None, Some((threshold, span)))
                if threshold.0.is_none() && !args.accept.strict =>
            {
                self.at("fail-on", MESSAGE.to_owned(), span);
            }
            _ => {}
        }
    }

    /// Assumptions: condition keys, features, attached policies.
    fn options(&mut self, args: &LintArgs) {
        let inputs = &args.inputs;
        if !inputs.context.is_empty() {
            let message = format!("condition keys are given: {}", inputs.context.join(", "));
            self.by("context", message, "--context");
        }
        if let Some(path) = &inputs.context_file {
            let message = format!("condition keys are given in {}", path.display());
            self.by("context", message, "--context-file");
        }
        if !inputs.selection.feature.is_empty() {
            self.by("features", features(&inputs.selection.feature), "--feature");
        }
        if !inputs.attached.is_empty() {
            self.by("attached", attached(&inputs.attached), "--attached");
        }
        if !inputs.select.is_empty() {
            self.by("select", selected(&inputs.select), "--select");
        }
        let Some(configuration) = &self.jobs.configuration else {
            return;
        };
        let config = &configuration.config;
        let mut levels: Vec<Scope<'_>> = vec![(None, &config.defaults)];
        if self.jobs.from_targets {
            levels.extend(config.targets.iter().map(|t| (Some(t), &t.options)));
        }
        for (target, options) in levels {
            let selects = target.map(|t| t.select.as_slice());
            let target = target.map(|t| &t.name);
            let start = target.map_or_else(String::new, |name| format!("{}: ", name.value));
            let near = target.map(|name| name.span).unwrap_or_default();
            if !options.context.is_empty() {
                let keys: Vec<&str> = options.context.keys().map(String::as_str).collect();
                let message = format!("{start}condition keys are given: {}", keys.join(", "));
                self.at("context", message, near);
            }
            let texts = |list: &[Spanned<String>]| -> Vec<String> {
                list.iter().map(|text| text.value.clone()).collect()
            };
            let place = |list: &[Spanned<String>]| list.first().map_or(near, |text| text.span);
            if let Some(list) = options
                .features
                .as_deref()
                .filter(|_| inputs.selection.feature.is_empty())
            {
                let message = start.clone() + &features(&texts(list));
                self.at("features", message, place(list));
            }
            if let Some(list) = options
                .attached
                .as_deref()
                .filter(|_| inputs.attached.is_empty())
            {
                let message = start.clone() + &attached(&texts(list));
                self.at("attached", message, place(list));
            }
            let list = selects.filter(|list| !list.is_empty() && inputs.select.is_empty());
            if let Some(list) = list {
                let message = start.clone() + &selected(&texts(list));
                self.at("select", message, place(list));
            }
        }
    }
}

/// The top level of a configuration, or a target.
type Scope<'c> = (Option<&'c Target>, &'c Options);

fn features(names: &[String]) -> String {
    let given: Vec<String> = { names.iter() }
        .filter(|name| *name != "none")
        .map(|name| format!("`{name}`"))
        .collect();
    match given.as_slice() {
        [] => "only the features that are on by default are checked".to_owned(),
        given => format!(
            "of the features that are off by default, only the given ones are checked: {}",
            given.join(", ")
        ),
    }
}

fn attached(arns: &[String]) -> String {
    format!("the role is taken to have {}", arns.join(", "))
}

fn selected(names: &[String]) -> String {
    format!(
        "only these roles of templates and dumps are judged: {}",
        names.join(", ")
    )
}

fn kept(keep: &Keep) -> String {
    let texts = |list: &[Spanned<String>]| -> String {
        let texts: Vec<&str> = list.iter().map(|text| text.value.as_str()).collect();
        texts.join(", ")
    };
    format!(
        "permissions are kept: {} on {}: {}",
        texts(&keep.actions),
        texts(&keep.resources),
        keep.reason
    )
}

fn ignored(ignore: &Ignore) -> String {
    let text = |name: &str, value: Option<&str>| value.map(|value| format!("{name} {value}"));
    let of = |text: &Option<Spanned<String>>| text.as_ref().map(|t| t.value.clone());
    let fields = [
        text("lint", ignore.lint.as_ref().map(|lint| lint.value)),
        text("path", of(&ignore.path).as_deref()),
        text("sid", of(&ignore.sid).as_deref()),
        text("reference-sid", of(&ignore.reference_sid).as_deref()),
        text(
            "subject",
            ignore.subject.as_ref().map(|s| s.value.text.as_str()),
        ),
    ];
    let fields: Vec<String> = fields.into_iter().flatten().collect();
    format!(
        "findings are ignored: {}: {}",
        fields.join(", "),
        ignore.reason
    )
}
