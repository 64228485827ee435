//! Severities, ignores and the baseline, applied to findings.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Configuration;
use super::input::{self, Content};
use super::jobs::Jobs;
use super::{AcceptArgs, Error, drawn};
use crate::baseline::{Baseline, Entry, FILE};
use crate::cluster::ConfigProblem;
use crate::config::{self, Day, FIXED, Ignore, Level};
use crate::finding::{Finding, Severity};
use crate::lints;
use crate::parser::{self, SourceId, Sources};
use crate::result::{RoleResult, Upgrade};
use crate::unused;

/// The lints that `--strict` makes errors.
const STRICT: [&str; 7] = [
    "conditional-grant",
    "depends",
    "feature-gap",
    "known-gap",
    "mixed-scope",
    "privilege-escalation",
    "unreplaced-placeholder",
];

/// Severities by lint: those of the configuration, and then those of the command line.
pub(super) fn levels(
    args: &AcceptArgs,
    configuration: Option<&Configuration>,
) -> Result<BTreeMap<&'static str, Level>, Error> {
    let mut levels = configuration.map_or_else(BTreeMap::new, |c| c.config.lints.clone());
    if args.strict {
        let default = |lint: &str| lints::find(lint).map(|lint| lint.severity);
        levels.retain(|lint, level| match level {
            Level::Off => false,
            Level::As(severity) => Some(*severity) > default(lint),
        });
        let strict = STRICT.iter().filter_map(|id| lints::find(id));
        levels.extend(strict.map(|lint| (lint.id, Level::As(Severity::Error))));
    }
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    let options = [
        ("--error", &args.error, Level::As(Severity::Error)),
        ("--warn", &args.warn, Level::As(Severity::Warning)),
        ("--note", &args.note, Level::As(Severity::Note)),
        ("--off", &args.off, Level::Off),
    ];
    for (option, ids, level) in options {
        for id in ids {
            let bad = |reason: String, help: String| Error::BadValue {
                option,
                value: id.clone(),
                reason,
                help,
            };
            let lint = config::lint(id).map_err(|help| bad("it is not a lint".to_owned(), help))?;
            if FIXED.contains(&lint) {
                return Err(bad(
                    "its severity cannot be changed".to_owned(),
                    "it reports what could not be judged, with exit code 2".to_owned(),
                ));
            }
            if args.strict && STRICT.contains(&lint) && level != Level::As(Severity::Error) {
                return Err(bad(
                    "--strict makes it an error".to_owned(),
                    "remove one of the two options".to_owned(),
                ));
            }
            if let Some(other) = given.insert(lint, option)
                && other != option
            {
                return Err(bad(
                    format!("it is given to {other} as well"),
                    "give each lint one severity".to_owned(),
                ));
            }
            levels.insert(lint, level);
        }
    }
    Ok(levels)
}

/// Gives findings the severities that were asked for, and leaves out those of lints that are off.
pub(super) fn apply_levels(levels: &BTreeMap<&'static str, Level>, findings: &mut Vec<Finding>) {
    if levels.is_empty() {
        return;
    }
    findings.retain_mut(|finding| match levels.get(finding.lint) {
        Some(Level::Off) => false,
        Some(Level::As(severity)) => {
            finding.severity = *severity;
            true
        }
        None => true,
    });
}

/// The same for permissions that an upgrade would miss: none of them is an error in a list with other findings.
pub(super) fn apply_levels_then(levels: &BTreeMap<&'static str, Level>, upgrade: &mut Upgrade) {
    for findings in [&mut upgrade.findings, &mut upgrade.warnings] {
        apply_levels(levels, findings);
    }
    for finding in &mut upgrade.warnings {
        finding.severity = finding.severity.min(Severity::Warning);
    }
}

/// The accepted findings of a run, and those that were found.
pub(super) struct Accepted<'c> {
    configuration: Option<&'c Configuration>,
    ignores: &'c [Ignore],
    reasons: Vec<Arc<str>>,
    /// How many findings each ignore matched.
    met: Vec<usize>,
    /// Whether a file that each ignore is about was judged.
    judged: Vec<bool>,
    today: Day,
    /// Whether what the configuration says to keep counts.
    keeps: bool,
    folder: PathBuf,
    here: PathBuf,
    is_about: BTreeMap<(usize, SourceId), bool>,
    pub(super) baseline: Option<Baseline>,
    in_baseline: Arc<str>,
}

impl<'c> Accepted<'c> {
    pub(super) fn new(
        args: &AcceptArgs,
        configuration: Option<&'c Configuration>,
        baseline: Option<Baseline>,
    ) -> Self {
        let ignores = configuration.map_or(&[][..], |c| &c.config.ignores);
        let ignores = if args.no_ignores { &[] } else { ignores };
        Accepted {
            configuration,
            reasons: ignores.iter().map(|i| i.reason.as_str().into()).collect(),
            met: vec![0; ignores.len()],
            judged: vec![false; ignores.len()],
            // The clock is looked at for nothing else.
            keeps: !args.no_ignores,
            today: config::today(env::var("SOURCE_DATE_EPOCH").ok().as_deref()),
            folder: configuration.map(Configuration::folder).unwrap_or_default(),
            here: env::current_dir().unwrap_or_default(),
            is_about: BTreeMap::new(),
            ignores,
            baseline,
            in_baseline: "in the baseline".into(),
        }
    }

    /// Whether the configuration has ignores that count.
    pub(super) fn has_any(&self) -> bool {
        !self.ignores.iter().all(|i| i.has_expired(self.today))
    }

    fn is_about(&mut self, sources: &Sources, at: usize, source: SourceId) -> bool {
        let (folder, here, ignores) = (&self.folder, &self.here, self.ignores);
        *self.is_about.entry((at, source)).or_insert_with(|| {
            let file = here.join(sources.get(source).name());
            ignores.get(at).is_some_and(|i| i.is_about(folder, &file))
        })
    }

    /// Hides the accepted findings of one result. `files` are those that were judged.
    pub(super) fn apply(
        &mut self,
        sources: &Sources,
        files: &[SourceId],
        target: Option<&str>,
        result: &mut RoleResult,
    ) {
        for (at, ignore) in self.ignores.iter().enumerate() {
            if ignore.path.is_some() {
                let judged = files.iter().any(|f| self.is_about(sources, at, *f));
                if let Some(of_this) = self.judged.get_mut(at) {
                    *of_this |= judged;
                }
            }
            let expired = ignore.has_expired(self.today);
            for finding in &mut result.findings {
                if FIXED.contains(&finding.lint)
                    || !ignore.matches(finding)
                    || !self.is_about(sources, at, finding.label.source)
                {
                    continue;
                }
                if let Some(met) = self.met.get_mut(at) {
                    *met += 1;
                }
                if !expired && finding.suppressed.is_none() {
                    finding.suppressed = self.reasons.get(at).cloned();
                }
            }
        }
        if let Some(baseline) = &mut self.baseline {
            let paths: Vec<String> = files.iter().map(|f| path(sources, *f)).collect();
            baseline.apply(target, &paths, result, &self.in_baseline);
        }
    }

    /// Whether each ignore hid a finding of this run.
    pub(super) fn in_effect(&self) -> Vec<bool> {
        let all = self.ignores.iter().zip(&self.met);
        all.map(|(ignore, met)| *met > 0 && !ignore.has_expired(self.today))
            .collect()
    }

    /// Findings on what hides nothing.
    pub(super) fn unused(
        &self,
        jobs: &Jobs,
        extent: &Extent<'_>,
        results: &[RoleResult],
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let sources = &jobs.sources;
        if let Some(configuration) = self.configuration {
            let whole = jobs.from_targets || configuration.config.targets.is_empty();
            let all = self.ignores.iter().zip(&self.met).zip(&self.judged);
            for ((ignore, met), judged) in all {
                let expired = ignore.has_expired(self.today).then_some(*met);
                // Entries for other files may match there.
                let concerns = jobs.from_targets || *judged || (ignore.path.is_none() && whole);
                if expired.is_some_and(|met| met > 0) || (*met == 0 && concerns) {
                    let source = configuration.source;
                    findings.push(unused::of_ignore(sources, source, ignore, expired));
                }
            }
        }
        if let Some(configuration) = self.configuration.filter(|_| self.keeps) {
            let whole = jobs.from_targets || configuration.config.targets.is_empty();
            for (at, keep) in configuration.config.keeps.iter().enumerate() {
                let is_met = results.iter().any(|r| r.kept.contains(&at));
                let has_expired = keep.has_expired(self.today);
                if has_expired || whole && !is_met {
                    let source = configuration.source;
                    findings.push(unused::of_keep(sources, source, keep, has_expired));
                }
            }
        }
        if let Some(baseline) = &self.baseline {
            for (located, gone) in baseline.dead() {
                if extent.has(&located.entry) {
                    let source = baseline.source;
                    findings.push(unused::of_entry(sources, source, located, &gone));
                }
            }
        }
        findings
    }
}

/// The part of a baseline that a run judges.
pub(super) struct Extent<'j> {
    /// True where it judges all targets.
    is_whole: bool,
    targets: &'j [Option<String>],
    paths: BTreeSet<&'j str>,
    configured: BTreeSet<&'j str>,
    off: BTreeSet<&'static str>,
    folder: PathBuf,
}

impl<'j> Extent<'j> {
    /// `targets` are the names of the results, as a baseline has them.
    pub(super) fn new(
        jobs: &'j Jobs,
        targets: &'j [Option<String>],
        levels: &BTreeMap<&'static str, Level>,
    ) -> Self {
        let files = jobs
            .roles
            .iter()
            .flat_map(|job| job.files.iter().chain(job.limits()));
        let files = files.filter_map(|at| jobs.files.get(*at));
        let configuration = jobs.configuration.as_ref();
        let configured = configuration.into_iter().flat_map(|c| &c.config.targets);
        let off = levels.iter().filter(|(_, level)| **level == Level::Off);
        Extent {
            is_whole: jobs.from_targets,
            targets,
            paths: files
                .map(|f| jobs.sources.get(f.source).identity())
                .collect(),
            configured: configured.map(|t| t.name.value.as_str()).collect(),
            off: off.map(|(lint, _)| *lint).collect(),
            folder: configuration.map(Configuration::folder).unwrap_or_default(),
        }
    }

    /// Whether an entry is about what was judged, or about nothing that exists.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        if self.off.contains(entry.lint.as_str()) {
            return false;
        }
        let is_gone =
            || entry.path != input::STANDARD_INPUT && !self.folder.join(&entry.path).exists();
        match &entry.target {
            None => self.paths.contains(entry.path.as_str()) || is_gone(),
            Some(_) if self.is_whole || self.targets.contains(&entry.target) => true,
            Some(name) => !self.configured.contains(name.as_str()) && is_gone(),
        }
    }
}

/// The path of a file in a baseline.
pub(super) fn path(sources: &Sources, source: SourceId) -> String {
    sources.get(source).identity().to_owned()
}

/// The file of the baseline: that of the option, or of the configuration.
pub(super) fn baseline_path(
    given: Option<&Path>,
    configuration: Option<&Configuration>,
) -> Option<PathBuf> {
    let configured = configuration.and_then(|c| {
        let baseline = c.config.baseline.as_ref()?;
        Some(c.path(&baseline.value).into())
    });
    given.map(Path::to_owned).or(configured)
}

/// The file that `baseline` writes where nothing names one: beside the configuration.
pub(super) fn default_baseline(configuration: Option<&Configuration>) -> PathBuf {
    configuration.map_or_else(|| FILE.into(), |c| c.path(FILE).into())
}

/// Reads a baseline; `configuration` where that names it.
pub(super) fn read_baseline(
    path: &Path,
    configuration: Option<&Configuration>,
    sources: &mut Sources,
) -> Result<Baseline, Error> {
    const HELP: &str = "`pcluster-iam baseline` writes one";
    let name = path.to_string_lossy().into_owned();
    let cannot = |sources: &Sources, problem: &parser::Problem| {
        let reason = if path.is_dir() {
            "it is a folder".to_owned()
        } else {
            problem.message.clone()
        };
        let error = Error::BadFile {
            option: "the baseline",
            path: name.clone(),
            reason,
            help: HELP.to_owned(),
        };
        let named = configuration.and_then(|c| Some((c, c.config.baseline.as_ref()?)));
        match named {
            Some((configuration, named)) => {
                let problem = ConfigProblem::new(error.to_string(), named.span);
                configuration.refuse(sources, vec![problem.with_help(HELP)])
            }
            None => error,
        }
    };
    let bytes = input::read(path, Content::Other).map_err(|problem| cannot(sources, &problem))?;
    let (source, problem) = parser::decode(&name, bytes);
    if let Some(problem) = problem {
        return Err(cannot(sources, &problem));
    }
    let file = path.file_name().map(|f| f.to_string_lossy().into_owned());
    let source = sources.add(source.known_as(file));
    Baseline::read(source, sources.get(source).text()).map_err(|(message, span)| {
        let problem = ConfigProblem::new(message, span);
        let problem =
            problem.with_help("fix it by hand; or remove it and run `pcluster-iam baseline` again");
        let reason = format!("`{name}` is not a baseline");
        drawn::error(sources, source, "baseline", vec![problem], reason)
    })
}
