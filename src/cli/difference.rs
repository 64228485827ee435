//! `pcluster-iam diff`

mod account;
mod module;
mod origin;
mod placed;
mod subject;
mod unstored;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum, ValueHint};

use super::{COULD_NOT, Error, role_file};
use crate::catalog::Catalog;
use crate::check;
use crate::diff::difference::{self, Difference, TrustDifference};
use crate::inventory::cloudformation::Given;
use crate::inventory::terraform;
use crate::parser::Sources;
use crate::reference::bindings::Bindings;
use crate::report::{self, ComparedRole, DifferenceReport};
use origin::Files;
use placed::{bindings, refuse_parameters, refuse_placeholders};
use subject::{Name, Roles, Setting, Subject};

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam diff git:origin/main:iam iam
  pcluster-iam diff old.json new.json --fail-on escalation
  pcluster-iam diff git:HEAD:template.yaml template.yaml --fail-on gained,lost -f markdown

Each side is a policy file, a CloudFormation template, a Terraform module or a file of it, a plan, the dump of an account,
a folder of these, or git:REV:path with the path from the root of the repository. The files of a folder are paired by
their paths, roles by their logical ids, addresses or names. Policies that differ in their form alone have no difference.

Exit codes: 0 nothing that --fail-on names, 1 something, 2 could not compare everything.")]
pub(super) struct DifferenceArgs {
    /// Policies before the change: a file, a folder, a module, or git:REV:path
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    old: String,
    /// Policies after the change, in the same forms
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    new: String,
    /// Exit with 1 if something is gained or lost, or if a path of privilege escalation opens or widens or somebody else can
    /// assume a role; repeat it for several [default: never, the differences are only reported]
    #[arg(
        long,
        value_enum,
        value_name = "gained|escalation|lost",
        value_delimiter = ','
    )]
    fail_on: Vec<FailOn>,
    /// All policies of a side are those of one role, whatever the names of their files
    #[arg(long)]
    together: bool,
    /// Value of a parameter of the templates, or of a variable of the modules; repeat it for several
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// Values of parameters from a JSON file, in the forms that `aws cloudformation` takes, or from a `.tfvars` file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    parameters: Vec<PathBuf>,
    /// Region of both sides
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Account of both sides
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Partition of both sides: aws, aws-cn, aws-us-gov … [default: that of the Region, or the one that the policies name]
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// Value of another placeholder that the policies have, such as `BucketName=data`; repeat it for several
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Format of standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    /// Show every difference; without it, 20 of a role are shown in text and Markdown
    #[arg(long)]
    verbose: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum FailOn {
    /// Requests that only the new policies allow, and principals that can assume a role only now.
    Gained,
    /// A path of privilege escalation that opens or widens, or a principal that can assume a role only now.
    Escalation,
    /// Requests that only the old policies allow, and principals that can no longer assume a role.
    Lost,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For the comment of a pull request
    Markdown,
}

pub(super) fn run(args: &DifferenceArgs) -> Result<ExitCode, Error> {
    let parameters = role_file::parameters_of(&args.parameters, &args.parameter)?;
    let bindings = bindings(args)?;
    let values = Values {
        templates: role_file::given(
            &parameters,
            args.region.as_deref(),
            args.account.as_deref(),
            args.partition.as_deref(),
        ),
        modules: terraform::Given {
            variables: role_file::known(&parameters),
            values: { args.parameters.iter() }
                .filter(|path| role_file::is_values(path))
                .cloned()
                .collect(),
            plan: None,
            partition: role_file::partition_of(args.region.as_deref(), args.partition.as_deref()),
        },
    };
    let mut sources = Sources::new();
    let mut side = |argument: &str| -> Result<Roles, Error> {
        let files = origin::files(argument)?;
        let mut roles = read(files, &values, &mut sources);
        if args.together {
            join(&mut roles);
        }
        Ok(roles)
    };
    let (old, new) = (side(&args.old)?, side(&args.new)?);
    if old.all.is_empty()
        && new.all.is_empty()
        && old.problems.is_empty()
        && new.problems.is_empty()
    {
        return Err(Error::NotCompared {
            side: args.new.clone(),
            reason: "neither side has a policy".to_owned(),
            help: "name policy files, templates, or folders of them".to_owned(),
        });
    }
    let mut problems: Vec<String> = Vec::new();
    for problem in old.problems.iter().chain(&new.problems) {
        if !problems.contains(problem) {
            problems.push(problem.clone());
        }
    }
    if problems.is_empty() && !old.has_parameters && !new.has_parameters {
        refuse_parameters(args)?;
    }
    let others: BTreeSet<String> = old.others.union(&new.others).cloned().collect();
    let catalog = Catalog::embedded();
    let mut same = 0;
    let mut roles = Vec::new();
    let mut placeholders = BTreeSet::new();
    for (name, old, new) in pairs(old.all, new.all) {
        let role = compare(
            catalog,
            &bindings,
            &name,
            [old.as_ref(), new.as_ref()],
            &sources,
        );
        placeholders.extend(role.difference.placeholders.iter().cloned());
        if role.is_same() {
            same += 1;
        } else {
            roles.push(role);
        }
    }
    if problems.is_empty() {
        refuse_placeholders(args, &placeholders)?;
    }
    let mut report = DifferenceReport {
        old: args.old.clone(),
        new: args.new.clone(),
        sources,
        catalog_date: catalog.date().to_owned(),
        roles,
        same,
        problems,
        others: others.into_iter().collect(),
        exit_code: 0,
    };
    report.exit_code = code(&report, &args.fail_on);
    let text = match args.format {
        Format::Text => report::difference_text(&report, args.verbose),
        Format::Json => report::difference_json(&report),
        Format::Markdown => report::difference_markdown(&report, args.verbose),
    };
    super::print_raw(&text)?;
    Ok(ExitCode::from(report.exit_code))
}

/// Values that both sides are evaluated with.
struct Values {
    templates: Given,
    modules: terraform::Given,
}

/// The roles of a side.
fn read(files: Files, values: &Values, sources: &mut Sources) -> Roles {
    let mut pages = Vec::new();
    let mut roles = subject::read(files.found, &values.templates, sources, &mut pages);
    if !pages.is_empty() {
        account::add(&mut roles, &pages, sources);
    }
    let repository = files.repository.as_ref();
    module::add(
        &mut roles,
        &files.modules,
        repository,
        &values.modules,
        sources,
    );
    roles
}

fn code(report: &DifferenceReport, fail_on: &[FailOn]) -> u8 {
    if !report.is_complete() {
        return COULD_NOT;
    }
    let fails = |role: &ComparedRole| {
        let found = &role.difference;
        fail_on.iter().any(|what| match what {
            FailOn::Gained => !found.gained.is_empty() || !role.trust.gained.is_empty(),
            // Who can assume the role now has all that the role may do.
            FailOn::Escalation => !found.opened.is_empty() || !role.trust.gained.is_empty(),
            FailOn::Lost => !found.lost.is_empty() || !role.trust.lost.is_empty(),
        })
    };
    u8::from(report.roles.iter().any(fails))
}

/// Puts the policies of a side together as those of one role.
fn join(roles: &mut Roles) {
    let mut all = std::mem::take(&mut roles.all).into_values();
    let Some(mut first) = all.next() else {
        return;
    };
    for mut other in all {
        first.problems.append(&mut other.problems);
        first.kind = "role";
        first.settings = { first.settings.iter() }
            .flat_map(|a| other.settings.iter().map(move |b| a.join(b)))
            .take(MOST_SETTINGS)
            .collect();
    }
    roles.all.insert(Name::default(), first);
}

/// Settings of parameters that policies put together may have.
const MOST_SETTINGS: usize = 64;

/// The roles of both sides by name. Where each side has a single one, these are the same role whatever their names.
fn pairs(
    mut old: BTreeMap<Name, Subject>,
    mut new: BTreeMap<Name, Subject>,
) -> Vec<(Name, Option<Subject>, Option<Subject>)> {
    if old.len() == 1 && new.len() == 1 {
        let before = old.pop_first().map(|(_, subject)| subject);
        return match new.pop_first() {
            Some((name, after)) => vec![(name, before, Some(after))],
            None => Vec::new(),
        };
    }
    let other = named_otherwise(&old, &new);
    let names: BTreeSet<Name> = old.keys().chain(new.keys()).cloned().collect();
    let renamed: BTreeSet<Name> = other.values().cloned().collect();
    let of = names.into_iter().filter(|name| !renamed.contains(name));
    of.map(|name| {
        let before = old.remove(other.get(&name).unwrap_or(&name));
        let after = new.remove(&name);
        (name, before, after)
    })
    .collect()
}

/// The roles of the new side that the old side has under another path or in another language, where one name of each
/// shows that: the name of a role, beside its logical id in a template or its address in a module.
fn named_otherwise(
    old: &BTreeMap<Name, Subject>,
    new: &BTreeMap<Name, Subject>,
) -> BTreeMap<Name, Name> {
    let alone = |side: &BTreeMap<Name, Subject>, other: &BTreeMap<Name, Subject>| {
        let mut by_name: BTreeMap<(&'static str, String), Vec<Name>> = BTreeMap::new();
        for (name, subject) in side.iter().filter(|(name, _)| !other.contains_key(*name)) {
            for own in &subject.names {
                let list = by_name.entry((subject.kind, own.clone())).or_default();
                list.push(name.clone());
            }
        }
        by_name
    };
    let (before, after) = (alone(old, new), alone(new, old));
    let mut pairs: BTreeMap<Name, Name> = BTreeMap::new();
    for (key, names) in &after {
        if let ([name], Some([other])) = (names.as_slice(), before.get(key).map(Vec::as_slice))
            && !pairs.values().any(|known| known == other)
        {
            pairs.entry(name.clone()).or_insert_with(|| other.clone());
        }
    }
    pairs
}

fn compare(
    catalog: &Catalog,
    bindings: &Bindings,
    (path, principal): &Name,
    [old, new]: [Option<&Subject>; 2],
    sources: &Sources,
) -> ComparedRole {
    let nothing = Subject::default();
    let kind = new.or(old).map_or("file", |s| s.kind);
    let (before, after) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
    let is_stored = [before.is_stored, after.is_stored];
    let mut problems: Vec<String> = Vec::new();
    for problem in before.problems.iter().chain(&after.problems) {
        if !problems.contains(problem) {
            problems.push(problem.clone());
        }
    }
    let mut found = Difference::default();
    let mut trust = TrustDifference::default();
    let mut depends = false;
    let none = Setting::default();
    for (before, after) in settings(before, after) {
        let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
        let is_new =
            |name: &&String| !(before.named.contains(*name) && after.named.contains(*name));
        for name in before.named.union(&after.named).filter(is_new) {
            let side = if after.named.contains(name) {
                "new"
            } else {
                "old"
            };
            let problem = format!("only the {side} side has `{name}`, which is not in the files");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        // A file of policies alone does not say who has them.
        let has_both = !before.trusts.is_empty() && !after.trusts.is_empty();
        if has_both || old.is_none() || new.is_none() {
            let (before, after) = (&before.trusts, &after.trusts);
            trust.join(difference::trust_difference(
                catalog, bindings, before, after,
            ));
        }
        depends |= (before.is_trust_open || after.is_trust_open) && !trust.is_empty();
        if before.is_trust_open != after.is_trust_open && old.is_some() && new.is_some() {
            let side = if after.is_trust_open { "new" } else { "old" };
            let problem = format!("a part of the trust policy is not known on the {side} side");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let count = before.count().max(after.count()).max(1);
        depends |= count > 1;
        for at in 0..count {
            let (before, after) = (before.reading(at), after.reading(at));
            let given = [(&before, is_stored[0]), (&after, is_stored[1])];
            let given = given.into_iter().filter(|(_, is_stored)| !is_stored);
            for problem in given.flat_map(|(reading, _)| unstored::problems(reading, sources)) {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            if let Some(large) = check::oversize(before.all().chain(after.all())) {
                if !problems.contains(&large.message) {
                    problems.push(large.message);
                }
                continue;
            }
            found.join(difference::difference(
                catalog,
                bindings,
                &before.side(),
                &after.side(),
            ));
        }
    }
    ComparedRole {
        path: path.clone(),
        principal: principal.clone(),
        kind,
        is_new: old.is_none(),
        is_gone: new.is_none(),
        difference: found,
        trust,
        depends,
        problems,
    }
}

/// The settings of parameters to compare: those with the same values, and each other one with the first of the other
/// side.
fn settings<'s>(
    old: &'s Subject,
    new: &'s Subject,
) -> Vec<(Option<&'s Setting>, Option<&'s Setting>)> {
    let same = |list: &'s [Setting], setting: &Setting| {
        list.iter().find(|other| other.values == setting.values)
    };
    let mut all: Vec<_> = { new.settings.iter() }
        .map(|after| {
            let before = same(&old.settings, after);
            (before.or(old.settings.first()), Some(after))
        })
        .collect();
    for before in &old.settings {
        let is_alone = old.settings.len() == 1 && !new.settings.is_empty();
        if same(&new.settings, before).is_none() && !is_alone {
            all.push((Some(before), new.settings.first()));
        }
    }
    all
}
