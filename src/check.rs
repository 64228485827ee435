//! One role judged: the files of its policies and a reference in, a [`RoleResult`] out.

use std::borrow::{Borrow, Cow};
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::slice;

use crate::catalog::Catalog;
use crate::diff;
use crate::diff::coverage::{Comparison, LayerKind, Requirement};
use crate::diff::effect;
use crate::diff::excess::{self, ExcessReport};
use crate::diff::narrow::{self, Narrowings};
use crate::diff::prepare::{self, Drafts};
use crate::diff::scope::Scope;
use crate::diff::statement::Prepared;
use crate::diff::unconditional;
use crate::diff::{Row, Verdict};
use crate::edit;
use crate::lints::{self, Compared, Context, File, GapRows, OtherRole, Oversize};
use crate::matcher::condition::KeyValue;
use crate::matcher::template::{self, Placeholders};
use crate::matcher::{ActionPattern, Pieces};
use crate::parser::{Effect, Policy, ProblemKind, SourceId, Sources, Span};
use crate::reference::bindings::{Bindings, Dissent, Origin};
use crate::reference::{self, Reference};
use crate::report::{Binding, ReferenceName, RoleResult, TakenFrom};

/// Which reference to compare with.
#[derive(Clone, Debug)]
pub enum Against {
    /// This one, or whichever of these alternatives for one role fits best.
    OneOf(Vec<Reference>),
    /// Whichever of these fits best (`--role auto`); those of one role follow one another.
    BestOf(Vec<Reference>),
}

impl Against {
    /// One reference.
    pub fn role(reference: Reference) -> Self {
        Against::OneOf(vec![reference])
    }

    /// All of them.
    pub fn references(&self) -> &[Reference] {
        let (Against::OneOf(references) | Against::BestOf(references)) = self;
        references
    }
}

/// What the command line or the configuration says about the cluster.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the configuration calls the role.
    pub target: Option<String>,
    /// Values for placeholders, each with the option that gave it.
    pub given: Vec<(String, String, String)>,
    /// True when the release was asked for.
    pub version_given: bool,
    /// AWS managed policies that the role is said to have (`--attached`), as ARNs.
    pub attached: Vec<String>,
    /// What was taken from the cluster's configuration.
    pub cluster_config: Option<TakenFrom>,
    /// The path of `--reference`.
    pub reference_file: Option<String>,
    /// Condition keys that all requests have, or lack.
    pub context: BTreeMap<String, KeyValue>,
    /// The role's permissions boundary.
    pub boundary: Option<File>,
    /// Service control policies, level by level (root, organizational units, account): the files of each level.
    pub scps: Vec<Vec<File>>,
}

impl Settings {
    /// What limits the role, from the inside out.
    fn limits(&self) -> impl Iterator<Item = (LayerKind, &[File])> {
        let boundary = self.boundary.as_ref().map(slice::from_ref);
        let boundary = boundary.into_iter().map(|f| (LayerKind::Boundary, f));
        boundary.chain(self.scps.iter().map(|f| (LayerKind::Scp, f.as_slice())))
    }
}

/// No role fits: nothing that any reference requires is granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoRoleFits {
    /// The roles that were tried.
    pub roles: Vec<String>,
}

/// Everything about one reference that the inference and the comparison share.
struct Trial<'a> {
    reference: &'a Reference,
    placeholders: Placeholders,
    bindings: Bindings,
    dissents: Vec<Dissent>,
    granted: Vec<Prepared>,
    limits: Vec<(LayerKind, Vec<SourceId>, Vec<Prepared>)>,
    context: diff::context::Context,
    required: Vec<Prepared>,
    gaps: Vec<Vec<Prepared>>,
    /// Where there are too many strings to judge, and none of them is in `granted` and `limits`.
    beyond: Option<(SourceId, Span)>,
}

impl<'a> Trial<'a> {
    fn new(
        policies: &[&Policy],
        reference: &'a Reference,
        settings: &Settings,
    ) -> (Self, Vec<prepare::LeftoverPlace>) {
        let mut placeholders = Placeholders::default();
        let drafts = Drafts::new(policies.iter().copied(), &mut placeholders);
        let mut bindings = Bindings::new();
        for (name, value, flag) in &settings.given {
            bindings.set(name, value.clone(), Origin::Flag(flag.clone()));
        }
        let mut pieces =
            prepare::reference_pieces(&reference.statements, &bindings, &mut placeholders);
        let limits: Vec<(LayerKind, Vec<SourceId>, Drafts<'_>)> = settings
            .limits()
            .map(|(kind, files)| {
                let policies = files.iter().flat_map(|f| &f.document.policies);
                let drafts = Drafts::new(policies, &mut placeholders);
                (kind, files.iter().map(|f| f.source).collect(), drafts)
            })
            .collect();
        let gap_pieces: Vec<Vec<prepare::ReferencePieces>> = reference
            .gaps
            .iter()
            .map(|g| prepare::reference_pieces(&g.statements, &bindings, &mut placeholders))
            .collect();
        let arns = |pieces: &[prepare::ReferencePieces]| -> Vec<Pieces> {
            let resources = pieces.iter().flat_map(|p| &p.resources);
            resources.cloned().collect()
        };
        let dissents = bindings.infer(&drafts.votes(), &arns(&pieces), &placeholders);
        if bindings.iter().any(|(name, _)| reference::is_list(name)) {
            pieces = prepare::reference_pieces(&reference.statements, &bindings, &mut placeholders);
        }
        // What only a known gap names binds separately: it must not unsettle the reference itself.
        let gap_arns: Vec<Pieces> = gap_pieces.iter().flat_map(|p| arns(p)).collect();
        if !gap_arns.is_empty() {
            let mut wider = bindings.clone();
            wider.infer(&drafts.votes(), &gap_arns, &placeholders);
            let own = reference::placeholders(reference);
            for (name, bound) in wider.iter() {
                if bindings.get(name).is_none() && !own.contains(name) {
                    bindings.set(name, bound.value.clone(), bound.origin.clone());
                }
            }
        }
        let context = diff::context::Context::new(settings.context.clone());
        let scope = scope(&bindings);
        let resolve = |key: &str| context.everywhere(key, &scope).map(Cow::into_owned);
        let all = [&drafts].into_iter().chain(limits.iter().map(|(.., d)| d));
        let beyond = { all }.find_map(|d| d.beyond(MOST_PARTS, &bindings, &placeholders));
        let granted = match beyond {
            None => drafts.bind(&bindings, &placeholders, &resolve),
            Some(_) => Vec::new(),
        };
        let mut leftovers = drafts.leftovers;
        let limits = limits
            .into_iter()
            .filter(|_| beyond.is_none())
            .map(|(kind, source, drafts)| {
                let bound = drafts.bind(&bindings, &placeholders, &resolve);
                leftovers.extend(drafts.leftovers);
                (kind, source, bound)
            })
            .collect();
        let bind = |statements: &[_], pieces: &[_]| {
            prepare::bind_reference(statements, pieces, &bindings, &placeholders)
        };
        let required = bind(&reference.statements, &pieces);
        let gaps = reference
            .gaps
            .iter()
            .zip(&gap_pieces)
            .map(|(g, p)| bind(&g.statements, p))
            .collect();
        (
            Trial {
                reference,
                placeholders,
                bindings,
                dissents,
                granted,
                limits,
                context,
                required,
                gaps,
                beyond,
            },
            leftovers,
        )
    }

    fn comparison<'t>(&'t self, catalog: &'t Catalog) -> Comparison<'t> {
        let limits = self.limits.iter();
        let limits = limits.map(|(kind, sources, s)| (*kind, sources.clone(), s.as_slice()));
        Comparison::new(
            catalog,
            &self.granted,
            limits,
            &self.context,
            scope(&self.bindings),
            &self.placeholders,
        )
    }

    /// The statements of the reference, and of what is known to lack in it.
    fn needed(&self) -> Vec<&[Prepared]> {
        let gaps = self.gaps.iter().map(Vec::as_slice);
        [self.required.as_slice()].into_iter().chain(gaps).collect()
    }

    /// The rows of the reference, with the features that need them.
    fn rows(&self, comparison: &Comparison<'_>) -> Vec<Requirement> {
        let mut rows = comparison.coverage(&self.required);
        let of_features: Vec<_> = self
            .reference
            .statements
            .iter()
            .filter(|s| s.feature.is_some())
            .collect();
        for requirement in rows.iter_mut().filter(|_| !of_features.is_empty()) {
            let row = &mut requirement.row;
            if let Some(statement) = of_features.iter().find(|s| s.index == row.statement) {
                row.feature = statement.feature;
                row.open = statement.open;
            }
        }
        rows
    }
}

/// How well policies fit a reference, by the literal rows of what every cluster has.
#[derive(Clone, Copy, Default)]
struct Fit {
    covered: usize,
    granted: usize,
    all: usize,
    /// Strings of the policies that grant some row, and all of them.
    used: usize,
    strings: usize,
}

impl Fit {
    fn of(rows: &[Requirement], granted: &[Prepared]) -> Self {
        let literal: Vec<_> = rows
            .iter()
            .filter(|r| !r.from_wildcard && !r.row.vacuous && !r.row.open)
            .collect();
        let count = |of: fn(Verdict) -> bool| literal.iter().filter(|r| of(r.row.verdict)).count();
        Fit {
            covered: count(|v| v == Verdict::Covered),
            granted: count(|v| v != Verdict::Missing),
            all: literal.len(),
            used: rows
                .iter()
                .flat_map(|r| &r.row.allowed_by)
                .collect::<BTreeSet<_>>()
                .len(),
            strings: granted
                .iter()
                .filter(|s| s.effect == Effect::Allow)
                .map(|s| if s.not_action { 1 } else { s.actions.len() })
                .sum(),
        }
    }

    /// Whether it is the better one of two roles: by the harmonic mean of the share of the role's rows that is granted
    /// and the share of the policies' strings that the role has a use for, then by its size. The first share alone would
    /// take a small role that a policy happens to cover, for a large one of which a single row lacks.
    fn is_better_role(self, than: Fit) -> bool {
        // 2/(1/p + 1/r), as a fraction, compared without division.
        let mean = |f: Fit| {
            let (granted, all) = (f.granted as u128, f.all as u128);
            let (used, strings) = (f.used as u128, f.strings as u128);
            (granted * used, granted * strings + used * all)
        };
        let ((a, b), (c, d)) = (mean(self), mean(than));
        match (a * d).cmp(&(c * b)) {
            Ordering::Equal => (self.granted, self.all) > (than.granted, than.all),
            order => order == Ordering::Greater,
        }
    }

    /// Whether it is the better one of two alternatives for a role: by what is covered and granted, then by the share.
    fn is_better_alternative(self, than: Fit) -> bool {
        let counts = |f: Fit| (f.covered, f.granted);
        match counts(self).cmp(&counts(than)) {
            Ordering::Equal => self.all < than.all,
            order => order == Ordering::Greater,
        }
    }
}

/// One candidate, judged.
struct Judged<'t> {
    trial: &'t Trial<'t>,
    leftovers: &'t [prepare::LeftoverPlace],
    comparison: Comparison<'t>,
    rows: Vec<Requirement>,
    fit: Fit,
}

/// The candidate that fits best.
fn best<'t>(
    trials: &'t [(Trial<'t>, Vec<prepare::LeftoverPlace>)],
    catalog: &'t Catalog,
) -> Option<Judged<'t>> {
    let mut best: Option<Judged<'_>> = None;
    for of_role in trials.chunk_by(|(a, _), (b, _)| a.reference.role == b.reference.role) {
        let mut of_this: Option<Judged<'_>> = None;
        for (trial, leftovers) in of_role {
            let comparison = trial.comparison(catalog);
            let rows = trial.rows(&comparison);
            let fit = Fit::of(&rows, &trial.granted);
            if of_this
                .as_ref()
                .is_none_or(|old| fit.is_better_alternative(old.fit))
            {
                of_this = Some(Judged {
                    trial,
                    leftovers,
                    comparison,
                    rows,
                    fit,
                });
            }
        }
        if let Some(new) = of_this
            && best
                .as_ref()
                .is_none_or(|old| new.fit.is_better_role(old.fit))
        {
            best = Some(new);
        }
    }
    best
}

/// Each candidate with the policies.
fn trials<'t>(
    policies: &[&Policy],
    against: &'t Against,
    settings: &Settings,
) -> Vec<(Trial<'t>, Vec<prepare::LeftoverPlace>)> {
    let candidates = against.references().iter();
    candidates
        .map(|reference| Trial::new(policies, reference, settings))
        .collect()
}

/// Where the values of placeholders make too many strings of those of the policies.
pub fn too_many_strings(
    policies: &[&Policy],
    against: &Against,
    settings: &Settings,
) -> Option<Oversize> {
    beyond(&trials(policies, against, settings))
}

fn beyond(trials: &[(Trial<'_>, Vec<prepare::LeftoverPlace>)]) -> Option<Oversize> {
    let (source, span) = trials.iter().find_map(|(trial, _)| trial.beyond)?;
    Some(Oversize {
        source,
        span,
        message: format!(
            "more than {MOST_PARTS} strings in the policies of one role, one for each combination of values of their placeholders"
        ),
    })
}

/// The candidate that fits best, if any does.
fn fitting<'t>(
    trials: &'t [(Trial<'t>, Vec<prepare::LeftoverPlace>)],
    catalog: &'t Catalog,
    against: &Against,
) -> Result<Judged<'t>, NoRoleFits> {
    match best(trials, catalog) {
        None => Err(NoRoleFits { roles: Vec::new() }),
        Some(judged) if matches!(against, Against::BestOf(_)) && judged.fit.granted == 0 => {
            let candidates = against.references().iter();
            let mut roles: Vec<String> = candidates.filter_map(|r| r.role.clone()).collect();
            roles.dedup();
            Err(NoRoleFits { roles })
        }
        Some(judged) => Ok(judged),
    }
}

/// The reference that fits, with all that is known to lack in it, and the values that it is judged with.
#[derive(Debug)]
pub struct Chosen {
    /// What the role needs. Its gaps are among its statements.
    pub reference: Reference,
    /// Each bound placeholder with its value and where that comes from, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
    /// What it was chosen from.
    pub asked: Asked,
}

impl Chosen {
    /// Requires what another reference requires, too.
    pub fn join(&mut self, other: Chosen) {
        for mut statement in other.reference.statements {
            statement.index = self.reference.statements.len();
            self.reference.statements.push(statement);
        }
        let is_new = |(name, ..): &(String, String, String)| {
            let mut given = self.given.iter();
            given.all(|(known, ..)| known != name)
        };
        let new: Vec<_> = other.given.into_iter().filter(is_new).collect();
        self.given.extend(new);
    }
}

/// What a run starts from, before it infers anything.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The reference, its gaps apart.
    pub reference: Reference,
    /// The values that were given, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
}

/// Where a value comes from that was read off the policies.
pub const INFERRED: &str = "inferred";

/// Chooses the reference for the policies of a role, and infers what is not given.
///
/// # Errors
///
/// [`NoRoleFits`] as from [`check`].
pub fn choose(
    catalog: &Catalog,
    policies: &[&Policy],
    against: &Against,
    settings: &Settings,
) -> Result<Chosen, NoRoleFits> {
    let trials = trials(policies, against, settings);
    let Judged { trial, .. } = fitting(&trials, catalog, against)?;
    let mut reference = trial.reference.clone();
    for gap in std::mem::take(&mut reference.gaps) {
        for mut statement in gap.statements {
            statement.index = reference.statements.len();
            reference.statements.push(statement);
        }
    }
    let given = trial.bindings.iter().map(|(name, bound)| {
        let origin = match &bound.origin {
            Origin::Flag(flag) => flag.clone(),
            Origin::Inferred(..) => INFERRED.to_owned(),
            Origin::Default | Origin::Follows(_) => "default".to_owned(),
        };
        (name.to_owned(), bound.value.clone(), origin)
    });
    Ok(Chosen {
        given: given.collect(),
        reference,
        asked: Asked {
            reference: trial.reference.clone(),
            given: settings.given.clone(),
        },
    })
}

/// The values that a run judges some policies with: those that were given, and those that it infers.
pub fn values(policies: &[Policy], asked: &Asked) -> Vec<(String, String)> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let settings = Settings {
        given: asked.given.clone(),
        ..Settings::default()
    };
    let (trial, _) = Trial::new(&policies, &asked.reference, &settings);
    let values = trial.bindings.iter();
    values
        .map(|(name, bound)| (name.to_owned(), bound.value.clone()))
        .collect()
}

fn scope(bindings: &Bindings) -> Scope {
    let one = |name| bindings.one(name).map(str::to_owned);
    Scope {
        partition: one("Partition"),
        region: one("Region"),
        account: one("Account"),
    }
}

/// Judges the union of `files` as the policies of one role.
///
/// # Errors
///
/// [`NoRoleFits`] when the role is to be chosen and no candidate has anything granted.
pub fn check(
    sources: &Sources,
    catalog: &Catalog,
    files: &[impl Borrow<File>],
    against: &Against,
    settings: &Settings,
) -> Result<RoleResult, NoRoleFits> {
    let files: &[&File] = &files.iter().map(Borrow::borrow).collect::<Vec<_>>();
    let limits = settings.limits().flat_map(|(_, files)| files);
    let all: Vec<&File> = files.iter().copied().chain(limits).collect();
    let readable = all.iter().all(|f| {
        f.document
            .problems
            .iter()
            .all(|p| p.kind != ProblemKind::InvalidJson)
    });
    let policies: Vec<&Policy> = files.iter().flat_map(|f| &f.document.policies).collect();
    let oversize = oversize(all.iter().flat_map(|f| &f.document.policies));
    if !readable || oversize.is_some() {
        let oversize = oversize.filter(|_| readable);
        return Ok(not_compared(
            sources, catalog, files, &all, against, settings, oversize,
        ));
    }
    let chosen = matches!(against, Against::BestOf(_));
    let trials = trials(&policies, against, settings);
    if let Some(oversize) = beyond(&trials) {
        return Ok(not_compared(
            sources,
            catalog,
            files,
            &all,
            against,
            settings,
            Some(oversize),
        ));
    }
    let Judged {
        trial,
        leftovers,
        comparison,
        rows: requirements,
        fit,
        ..
    } = match fitting(&trials, catalog, against) {
        Ok(judged) => judged,
        // What is wrong with the texts may be why nothing fits.
        Err(_) if all.iter().any(|f| !f.document.problems.is_empty()) => {
            return Ok(not_compared(
                sources, catalog, files, &all, against, settings, None,
            ));
        }
        Err(none) => return Err(none),
    };
    let gaps: Vec<GapRows> = trial
        .gaps
        .iter()
        .enumerate()
        .map(|(gap, required)| GapRows {
            gap,
            requirements: comparison.coverage(required),
        })
        .collect();
    let excess = excess::excess(&comparison, &trial.needed());
    let ineffective = effect::ineffective(&comparison);
    let context = Context {
        sources,
        files: &all,
        leftovers,
        catalog,
        oversize: None,
        lists: edit::Lists::default(),
        compared: Some(Compared {
            required: &trial.required,
            comparison: &comparison,
            reference: trial.reference,
            requirements: &requirements,
            gaps: &gaps,
            excess: &excess,
            ineffective: &ineffective,
            bindings: &trial.bindings,
            dissents: &trial.dissents,
            other_role: other_role(catalog, &policies, trial.reference, settings, fit),
        }),
    };
    let findings = lints::run(&context);
    let failed = !excess.undecided.is_empty()
        || requirements
            .iter()
            .any(|r| r.row.verdict == Verdict::Undecided);
    Ok(RoleResult {
        target: settings.target.clone(),
        policies: names(sources, files.iter().copied()),
        reference: name_of(trial.reference, settings, chosen),
        bindings: bindings_of(sources, trial),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked: not_checked(sources, files, settings, Some(trial)),
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: requirements
            .into_iter()
            .map(|r| r.row)
            .collect::<Vec<Row>>(),
        findings,
        failed,
    })
}

/// The role that these policies grant everything for, where they grant less than half for the one that was asked for.
fn other_role(
    catalog: &Catalog,
    policies: &[&Policy],
    asked: &Reference,
    settings: &Settings,
    fit: Fit,
) -> Option<OtherRole> {
    let (scheduler, release) = (
        asked.scheduler.as_deref()?,
        asked.pcluster_version.as_deref()?,
    );
    if fit.granted * 2 >= fit.all {
        return None;
    }
    let others = reference::candidates(reference::Query {
        role: None,
        scheduler,
        release,
        features: &reference::Features::default(),
    });
    let others = others.ok()?;
    let others = others.iter().filter(|r| r.role != asked.role);
    let fits = others.filter_map(|reference| {
        let (trial, _) = Trial::new(policies, reference, settings);
        let theirs = Fit::of(&trial.rows(&trial.comparison(catalog)), &trial.granted);
        (theirs.granted == theirs.all).then_some((theirs.all, reference.role.clone()?))
    });
    // A small role is granted by chance; the first of the largest says most.
    let (_, role) = fits
        .filter(|(all, _)| *all > 0)
        .reduce(|best, other| if other.0 > best.0 { other } else { best })?;
    Some(OtherRole {
        role,
        granted: fit.granted,
        all: fit.all,
    })
}

/// The rows of a reference alone, without findings: what [`check`] judges first.
pub fn coverage(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<Requirement> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    trial.rows(&trial.comparison(catalog))
}

/// What policies grant beyond a reference alone, without findings.
pub fn excess(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> ExcessReport {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    excess::excess(&trial.comparison(catalog), &trial.needed())
}

/// For each statement of a reference that has a Condition, by index, and each action of it: in how many places policies allow
/// it without one. Alone, without findings.
pub fn unconditional(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<(usize, String, usize)> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let mut search = unconditional::Search::new(&comparison, &trial.required);
    let mut found = Vec::new();
    for requirement in trial.rows(&comparison) {
        let mut statements = trial.required.iter();
        let statement = statements.find(|s| s.index == requirement.row.statement);
        let Some(statement) = statement.filter(|s| !s.conditions.is_empty()) else {
            continue;
        };
        let places = search.grants(statement, &requirement).len();
        found.push((statement.index, requirement.row.action, places));
    }
    found
}

/// What the over-broad statements of policies can be narrowed to, without loss of what the reference requires.
pub fn narrowed(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Narrowings {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let needed = trial.needed();
    let excess = excess::excess(&comparison, &needed);
    narrow::narrow(&comparison, &needed, &excess)
}

/// What was not given, and so not looked at: layers, and AWS managed policies that the role must have besides.
fn not_checked(
    sources: &Sources,
    files: &[&File],
    settings: &Settings,
    trial: Option<&Trial<'_>>,
) -> Vec<String> {
    let boundary = settings
        .boundary
        .is_none()
        .then_some("permissions-boundary");
    let scps = settings.scps.is_empty().then_some("scp");
    let layers = boundary.into_iter().chain(scps).map(str::to_owned);
    let managed = trial.into_iter().flat_map(|trial| {
        let partition = trial.bindings.one("Partition");
        let bind = move |name: &str| partition.filter(|_| name == "Partition").map(str::to_owned);
        let arns = trial.reference.managed_policies.iter();
        arns.map(move |arn| template::fill(arn, bind))
    });
    let given = |arn: &str| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let is_it = |text: &str| text == name;
        let attached = settings.attached.iter();
        // A file that bears the policy's name is its text.
        let texts = files.iter().any(|file| {
            let path = Path::new(sources.get(file.source).name());
            path.file_stem().and_then(|s| s.to_str()).is_some_and(is_it)
        });
        texts
            || attached
                .map(|a| a.rsplit('/').next().unwrap_or_default())
                .any(is_it)
    };
    let managed = managed.filter(|arn| !given(arn));
    let features = trial
        .into_iter()
        .flat_map(|t| &t.reference.unknown_features);
    layers
        .chain(managed.map(|arn| format!("managed-policy:{arn}")))
        .chain(features.map(|f| format!("feature:{f}")))
        .collect()
}

/// Statements, keys, strings and placeholders of a role that are judged. AWS takes some 130,000 characters for one role,
/// which hold far fewer.
const MOST_PARTS: usize = 10_000;

/// Actions with a wildcard before the colon that are judged: AWS takes none, and each is compared with every action.
const MOST_CONTESTED: usize = 50;

/// Bytes of the strings of a role that are judged.
const MOST_TEXT: usize = 512 * 1024;

/// Where the policies of a role, and of what limits it, are more than is judged.
pub fn oversize<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Option<Oversize> {
    let (mut parts, mut bytes, mut contested) = (0, 0, 0);
    for policy in policies {
        for statement in &policy.statements {
            let elements = [&statement.action, &statement.resource];
            let lists = elements.into_iter().flatten().flat_map(|e| &e.values);
            let conditions = statement.conditions.iter();
            let conditions =
                conditions.flat_map(|c| [&c.operator, &c.key].into_iter().chain(&c.values));
            parts += 1;
            for text in lists.chain(conditions).map(|t| t.value.as_str()) {
                let marks = |b: &u8| matches!(b, b'$' | b'<' | b'{' | b'%');
                parts += 1 + text.bytes().filter(|b| marks(b)).count();
                bytes += text.len();
            }
            let actions = statement.action.iter().flat_map(|a| &a.values);
            contested += actions.filter(|t| is_contested(&t.value)).count();
            let message = if contested > MOST_CONTESTED {
                format!(
                    "more than {MOST_CONTESTED} actions with a wildcard before the colon in the policies of one role"
                )
            } else if parts > MOST_PARTS {
                format!("more than {MOST_PARTS} statements and strings in the policies of one role")
            } else if bytes > MOST_TEXT {
                format!("more than {MOST_TEXT} bytes of strings in the policies of one role")
            } else {
                continue;
            };
            return Some(Oversize {
                source: policy.source,
                span: Span {
                    start: statement.span.start,
                    end: statement.span.start + 1,
                },
                message,
            });
        }
    }
    None
}

fn is_contested(action: &str) -> bool {
    let service = action.split_once(':').map(|(service, _)| service);
    service.is_some_and(|service| service.contains(['*', '?']))
}

/// Rows that a reference may have: all actions of AWS, and room for those to come.
const MOST_ROWS: usize = 25_000;

/// Whether a reference asks for more than is judged.
pub fn asks_too_much(catalog: &Catalog, reference: &Reference) -> bool {
    let everything = OnceCell::new();
    let all = || *everything.get_or_init(|| catalog.services().map(|s| s.actions().count()).sum());
    let rows_of = |text: &String| match ActionPattern::parse(text) {
        ActionPattern::Everything => all(),
        ActionPattern::Wildcard {
            service, prefix, ..
        } => catalog
            .service(&service)
            .map_or(0, |s| s.actions_with_prefix(&prefix).count()),
        _ => 1,
    };
    let mut rows = 0;
    let allows = reference.statements.iter();
    allows
        .filter(|s| s.effect == Effect::Allow)
        .flat_map(|s| {
            let negated = s.action.negated.then(&all);
            let listed = s.action.values.iter().filter(|_| !s.action.negated);
            negated.into_iter().chain(listed.map(rows_of))
        })
        .any(|more| {
            rows += more;
            rows > MOST_ROWS
        })
}

/// A role that cannot be judged: what is wrong with the texts or with their size, and nothing on coverage.
fn not_compared(
    sources: &Sources,
    catalog: &Catalog,
    files: &[&File],
    all: &[&File],
    against: &Against,
    settings: &Settings,
    oversize: Option<Oversize>,
) -> RoleResult {
    let context = Context {
        sources,
        files: all,
        leftovers: &[],
        catalog,
        oversize,
        lists: edit::Lists::default(),
        compared: None,
    };
    let reference = match against {
        Against::OneOf(several) => several
            .first()
            .map(|r| name_of(r, settings, false))
            .unwrap_or_default(),
        Against::BestOf(several) => ReferenceName {
            role: None,
            policy: None,
            ..several
                .first()
                .map(|r| name_of(r, settings, false))
                .unwrap_or_default()
        },
    };
    RoleResult {
        target: settings.target.clone(),
        policies: names(sources, files.iter().copied()),
        reference,
        bindings: Vec::new(),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked: not_checked(sources, files, settings, None),
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: Vec::new(),
        findings: lints::run(&context),
        failed: true,
    }
}

fn names<'f>(sources: &Sources, files: impl IntoIterator<Item = &'f File>) -> Vec<String> {
    files
        .into_iter()
        .map(|f| sources.get(f.source).name().to_owned())
        .collect()
}

fn name_of_file(sources: &Sources, file: Option<&File>) -> Option<String> {
    file.map(|f| sources.get(f.source).name().to_owned())
}

fn name_of(reference: &Reference, settings: &Settings, chosen: bool) -> ReferenceName {
    ReferenceName {
        policy: reference.policy.clone(),
        role: reference.role.clone(),
        scheduler: reference.scheduler.clone(),
        pcluster_version: reference.pcluster_version.clone(),
        features: reference.features.iter().map(|f| (*f).to_owned()).collect(),
        assumed: reference.assumed.map(str::to_owned),
        file: settings.reference_file.clone(),
        role_was_chosen: chosen,
        version_is_default: !settings.version_given,
    }
}

fn bindings_of(sources: &Sources, trial: &Trial<'_>) -> Vec<Binding> {
    let mut wanted = reference::placeholders(trial.reference);
    wanted.extend(["Partition", "Region", "Account"].map(str::to_owned));
    wanted
        .into_iter()
        .map(|name| match trial.bindings.bound(&name) {
            None => Binding {
                name,
                value: None,
                from: String::new(),
                inferred: false,
            },
            Some(bound) => Binding {
                name,
                value: Some(bound.value.clone()),
                from: match &bound.origin {
                    Origin::Default => "default".to_owned(),
                    Origin::Flag(flag) => flag.clone(),
                    Origin::Follows(other) => (*other).to_owned(),
                    Origin::Inferred(source, span) => place(sources, *source, *span),
                },
                inferred: matches!(bound.origin, Origin::Inferred(..)),
            },
        })
        .collect()
}

/// `head-node.json:12:14`
pub fn place(sources: &Sources, source: SourceId, span: Span) -> String {
    let source = sources.get(source);
    let at = source.location(span.start);
    format!("{}:{}:{}", source.name(), at.line, at.column)
}
