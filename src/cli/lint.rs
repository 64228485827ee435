//! `pcluster-iam lint`

use std::path::Path;
use std::process::ExitCode;

use super::cluster::Configured;
use super::output;
use super::{COULD_NOT, Error, FailOn, InputArgs, LintArgs, Selection, context, fix, input};
use crate::catalog::Catalog;
use crate::check::{self, Against, NoRoleFits, Settings};
use crate::lints::File;
use crate::parser::{ProblemKind, Sources};
use crate::reference::bindings::{is_account, is_region, partition_of};
use crate::reference::{self, Features, Query, Reference};
use crate::report::{Report, RoleResult, Upgrade};

/// What the arguments name, read.
pub(super) struct Loaded {
    pub(super) sources: Sources,
    pub(super) files: Vec<File>,
    pub(super) against: Against,
    pub(super) settings: Settings,
    features: Features,
    given_catalog: Option<Catalog>,
}

impl Loaded {
    pub(super) fn catalog(&self) -> &Catalog {
        let given = self.given_catalog.as_ref();
        given.unwrap_or_else(|| Catalog::embedded())
    }
}

/// Reads the files that the arguments name. What is wrong with the policies is in their documents.
pub(super) fn load(args: &InputArgs) -> Result<Loaded, Error> {
    let names = input::expand(&args.files)?;
    let mut sources = Sources::new();
    let mut features = Features::from_names(args.selection.feature.iter().map(String::as_str))?;
    let configured = match &args.cluster_config {
        Some(path) => Some(Configured::read(path, &mut sources)?),
        None => None,
    };
    let selection = match &configured {
        Some(configured) => {
            configured.features(&mut features);
            &configured.complete(&args.selection)?
        }
        None => &args.selection,
    };
    let (against, reference_file) = match &args.reference {
        Some(path) => (
            from_file(path, &mut sources)?,
            Some(path.to_string_lossy().into_owned()),
        ),
        None => (Against::select(selection, &features)?, None),
    };
    let settings = Settings {
        given: all_given(selection, &against, configured.as_ref(), &sources)?,
        version_given: args.selection.pcluster_version.is_some(),
        cluster_config: configured.as_ref().map(|c| c.taken.clone()),
        attached: attached(&args.attached)?,
        reference_file,
        context: context::context(args.context_file.as_deref(), &args.context)?,
        boundary: args
            .boundary
            .as_ref()
            .map(|name| input::load(name, &mut sources)),
        scps: args
            .scp
            .iter()
            .map(|level| {
                let names = level.split(',').filter(|name| !name.is_empty());
                names.map(|name| input::load(name, &mut sources)).collect()
            })
            .collect(),
    };
    let files: Vec<File> = names
        .iter()
        .map(|name| input::load(name, &mut sources))
        .collect();
    let given_catalog = match &args.catalog {
        Some(path) => Some(catalog(path)?),
        None => None,
    };
    let catalog = given_catalog
        .as_ref()
        .unwrap_or_else(|| Catalog::embedded());
    if let Some(path) = &args.reference
        && let Some(reference) = against
            .references()
            .iter()
            .find(|r| check::asks_too_much(catalog, r))
    {
        let statements = reference.statements.len();
        return Err(Error::BadReference {
            path: path.to_string_lossy().into_owned(),
            reason: format!(
                "its {statements} statements ask for more actions than AWS has, counted each time"
            ),
            help: "name each action, or its wildcard, once".to_owned(),
        });
    }
    Ok(Loaded {
        sources,
        files,
        against,
        settings,
        features,
        given_catalog,
    })
}

pub(super) fn run(args: &LintArgs) -> Result<ExitCode, Error> {
    let mut targets = output::targets(args)?;
    let mut loaded = load(&args.inputs)?;
    output::spare(&targets, &loaded.sources)?;
    if args.fix {
        fix::run(&mut loaded, args.each, args.diff)?;
        targets.retain(|target| !(args.diff && target.is_standard_output()));
    }
    let catalog = loaded.catalog();
    let Loaded {
        sources,
        files,
        against,
        settings,
        features,
        ..
    } = &loaded;
    let roles: Vec<&[File]> = if args.each {
        files.iter().map(std::slice::from_ref).collect()
    } else {
        vec![files]
    };
    let mut results = Vec::with_capacity(roles.len());
    let mut misfits = Vec::new();
    for role in roles {
        match check::check(sources, catalog, role, against, settings) {
            Ok(mut result) => {
                if let Some(release) = &args.also_version {
                    result.upgrade =
                        upgrade(sources, catalog, role, release, features, settings, &result)?;
                }
                results.push(result);
            }
            Err(NoRoleFits { roles }) => {
                let names = role.iter().map(|f| sources.get(f.source).name());
                misfits.push(Error::NoRole {
                    policies: names.collect::<Vec<_>>().join(", "),
                    roles: roles.join(", "),
                });
            }
        }
    }
    // What fits no role is told on standard error; the others are still judged.
    if results.is_empty()
        && let Some(error) = misfits.pop()
    {
        misfits.iter().for_each(super::report);
        return Err(error);
    }
    misfits.iter().for_each(super::report);
    let failed = !misfits.is_empty() || results.iter().any(|r| r.failed);
    let worst = results
        .iter()
        .flat_map(|r| &r.findings)
        .filter(|f| f.suppressed.is_none())
        .map(|f| f.severity)
        .max();
    let threshold = if args.exit_zero {
        FailOn::Never
    } else {
        args.fail_on
    };
    let code = if failed {
        COULD_NOT
    } else {
        u8::from(threshold.severity().is_some_and(|t| worst >= Some(t)))
    };
    let catalog_date = catalog.date().to_owned();
    let report = Report {
        sources: std::mem::take(&mut loaded.sources),
        catalog_date,
        results,
    };
    for target in targets {
        output::write(&report, args, &target, code)?;
    }
    // The process ends here: giving the memory back piece by piece would only take time.
    std::mem::forget(report);
    std::mem::forget(loaded);
    Ok(ExitCode::from(code))
}

/// What the same policies lack for another release, beyond what they lack for this one.
fn upgrade(
    sources: &Sources,
    catalog: &Catalog,
    role: &[File],
    release: &str,
    features: &Features,
    settings: &Settings,
    now: &RoleResult,
) -> Result<Option<Upgrade>, Error> {
    let (Some(name), Some(scheduler)) = (&now.reference.role, &now.reference.scheduler) else {
        return Ok(None);
    };
    let against = Against::OneOf(reference::candidates(Query {
        role: Some(name),
        scheduler,
        release,
        features,
    })?);
    let then = check::check(sources, catalog, role, &against, settings);
    Ok(then.ok().map(|then| Upgrade::between(now, then)))
}

/// The ARNs of `--attached`.
fn attached(arns: &[String]) -> Result<Vec<String>, Error> {
    let is_policy = |arn: &str| {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        matches!(fields.as_slice(), ["arn", _, "iam", "", _, name] if name.starts_with("policy/"))
    };
    match arns.iter().find(|arn| !is_policy(arn)) {
        None => Ok(arns.to_vec()),
        Some(bad) => Err(Error::BadValue {
            option: "--attached",
            value: bad.clone(),
            reason: "it is not the ARN of a policy".to_owned(),
            help: "for example arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy".to_owned(),
        }),
    }
}

fn catalog(path: &Path) -> Result<Catalog, Error> {
    Catalog::from_package(path).map_err(|source| Error::BadCatalog {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

impl Selection {
    /// The release that was asked for, as text.
    pub(super) fn release(&self) -> &str {
        self.pcluster_version
            .as_deref()
            .unwrap_or(reference::DEFAULT_RELEASE)
    }

    /// The role that was asked for; `None` for whichever fits.
    fn role(&self) -> Option<&str> {
        self.role.as_deref().filter(|role| *role != "auto")
    }
}

impl Against {
    fn select(selection: &Selection, features: &Features) -> Result<Self, Error> {
        let Some(scheduler) = &selection.scheduler else {
            return Err(Error::NoScheduler {
                schedulers: reference::schedulers().join(", "),
            });
        };
        let role = selection.role();
        let found = reference::candidates(Query {
            role,
            scheduler,
            release: selection.release(),
            features,
        })?;
        Ok(match role {
            None => Against::BestOf(found),
            Some(_) => Against::OneOf(found),
        })
    }
}

/// Any IAM policy as the reference.
fn from_file(path: &Path, sources: &mut Sources) -> Result<Against, Error> {
    let name = path.to_string_lossy().into_owned();
    let file = input::load(&name, sources);
    let fatal = file
        .document
        .problems
        .iter()
        .find(|p| p.kind == ProblemKind::InvalidJson || p.rejected);
    if let Some(problem) = fatal {
        let place = check::place(sources, file.source, problem.span);
        return Err(Error::BadReference {
            path: name,
            reason: format!("{place}: {}", problem.message),
            help: problem
                .help
                .clone()
                .unwrap_or_else(|| "mend the file".to_owned()),
        });
    }
    if let Some(oversize) = check::oversize(&file.document.policies) {
        let place = check::place(sources, oversize.source, oversize.span);
        return Err(Error::BadReference {
            path: name,
            reason: format!("{place}: {}", oversize.message),
            help: "give a policy that allows what the role must be able to do".to_owned(),
        });
    }
    let reference = reference::from_policies(&file.document.policies);
    if reference.statements.is_empty() {
        return Err(Error::BadReference {
            path: name,
            reason: "it has no statement, so it requires nothing".to_owned(),
            help: "give a policy that allows what the role must be able to do".to_owned(),
        });
    }
    Ok(Against::role(reference))
}

/// The values of the configuration, and then those of options, which replace them.
fn all_given(
    selection: &Selection,
    against: &Against,
    configured: Option<&Configured>,
    sources: &Sources,
) -> Result<Vec<(String, String, String)>, Error> {
    let options = given(selection, against)?;
    let Some(configured) = configured else {
        return Ok(options);
    };
    let option = |name: &str| {
        let mut all = options.iter();
        all.find(|(n, ..)| n == name).map(|(_, v, _)| v.as_str())
    };
    let mut all = configured.bindings(sources, "aws");
    let region = option("Region").map(str::to_owned).or_else(|| {
        let mut found = all.iter();
        found
            .find(|(n, ..)| n == "Region")
            .map(|(_, v, _)| v.clone())
    });
    let partition =
        option("Partition").unwrap_or_else(|| partition_of(&region.unwrap_or_default()));
    if partition != "aws" {
        all = configured.bindings(sources, partition);
    }
    all.extend(options);
    Ok(all)
}

/// Values for placeholders, each with the option that gave it.
fn given(selection: &Selection, against: &Against) -> Result<Vec<(String, String, String)>, Error> {
    let mut given = Vec::new();
    if let Some(region) = &selection.region {
        if region != "*" && !is_region(region) {
            return Err(Error::BadValue {
                option: "--region",
                value: region.clone(),
                reason: "it does not look like an AWS Region".to_owned(),
                help: "for example us-east-1; `*` judges for every Region".to_owned(),
            });
        }
        given.push(("Region".to_owned(), region.clone(), "--region".to_owned()));
    }
    if let Some(account) = &selection.account {
        if account != "*" && !is_account(account) {
            return Err(Error::BadValue {
                option: "--account",
                value: account.clone(),
                reason: "an account id has 12 digits".to_owned(),
                help: "for example 123456789012; `*` judges for every account".to_owned(),
            });
        }
        given.push((
            "Account".to_owned(),
            account.clone(),
            "--account".to_owned(),
        ));
    }
    if let Some(partition) = &selection.partition {
        if !partition.starts_with("aws") || partition.contains(['*', '?', ':', ' ']) {
            return Err(Error::BadValue {
                option: "--partition",
                value: partition.clone(),
                reason: "it is not an AWS partition".to_owned(),
                help: "one of aws, aws-cn, aws-us-gov, aws-iso, aws-iso-b, aws-eusc".to_owned(),
            });
        }
        given.push((
            "Partition".to_owned(),
            partition.clone(),
            "--partition".to_owned(),
        ));
    }
    let mut known: Vec<String> = vec!["Account".into(), "Partition".into(), "Region".into()];
    for reference in against.references() {
        for name in reference::all_placeholders(reference) {
            if !known.contains(&name) {
                known.push(name);
            }
        }
    }
    known.sort();
    for set in &selection.set {
        let bad = |reason: &str, help: String| Error::BadValue {
            option: "--set",
            value: set.clone(),
            reason: reason.to_owned(),
            help,
        };
        let Some((name, value)) = set.split_once('=') else {
            return Err(bad("it has no `=`", "write --set NAME=VALUE".to_owned()));
        };
        if !known.iter().any(|k| k == name) {
            let nearest = known
                .iter()
                .map(|k| {
                    (
                        strsim::damerau_levenshtein(&k.to_lowercase(), &name.to_lowercase()),
                        k,
                    )
                })
                .min();
            let help = match nearest {
                Some((distance, k)) if distance <= 3 => format!("did you mean `{k}`?"),
                _ => format!("the reference has: {}", known.join(", ")),
            };
            return Err(bad(
                &format!("the reference has no placeholder `{name}`"),
                help,
            ));
        }
        if value.is_empty() {
            return Err(bad(
                "the value is empty",
                "write --set NAME=VALUE".to_owned(),
            ));
        }
        given.push((name.to_owned(), value.to_owned(), "--set".to_owned()));
    }
    Ok(given)
}

/// The values of `reference show`, which has no policies to infer from.
pub(super) fn given_for(
    selection: &Selection,
    reference: &Reference,
) -> Result<Vec<(String, String, String)>, Error> {
    given(selection, &Against::role(reference.clone()))
}
