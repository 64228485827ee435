//! One role judged: the files of its policies and a reference in, a [`RoleResult`] out.

mod elsewhere;
mod fit;
mod meeting;
mod metadata;
mod open;
mod settings;
mod size;
mod trial;
mod upgrade;

pub use metadata::place;
pub use settings::worst;
pub use size::{asks_too_much, oversize, too_many_strings};
pub use upgrade::upgrade;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::diff::coverage::{LayerKind, Requirement};
use crate::diff::escalation::{self, OpenPath};
use crate::diff::excess::{self, ExcessReport};
use crate::diff::narrow::{self, Narrowings};
use crate::diff::prepare::LeftoverPlace;
use crate::diff::unconditional;
use crate::diff::{Row, Verdict};
use crate::edit;
use crate::lints::{self, Compared, Context, File, GapRows, Oversize, Unread};
use crate::matcher::Pattern;
use crate::matcher::condition::KeyValue;
use crate::parser::{Policy, Problem, ProblemKind, Sources};
use crate::reference::bindings::Origin;
use crate::reference::{self, Failure, RefStatement, Reference, Setting, Standing};
use crate::result::{ReferenceName, RoleResult, TakenFrom};
use elsewhere::Elsewhere;
use fit::{Judged, fitting, other_role};
use metadata::{bindings_of, name_of, name_of_file, names, not_checked};
use size::beyond;
use trial::{Trial, trials};

/// The reference to compare with.
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

    /// The same for a cluster configuration.
    #[must_use]
    pub fn for_setting(&self, setting: &Setting) -> Self {
        let all = self.references().iter();
        let all = all.map(|r| r.for_setting(setting)).collect();
        match self {
            Against::OneOf(_) => Against::OneOf(all),
            Against::BestOf(_) => Against::BestOf(all),
        }
    }

    /// The same with what ParallelCluster generates whatever the configuration, for roles that build images.
    #[must_use]
    pub fn for_images(&self) -> Self {
        let open = Setting {
            is_open: true,
            ..Setting::default()
        };
        let all = self.references().iter().map(|reference| {
            let role = reference.role.as_deref();
            if role.is_some_and(reference::has_no_scheduler) {
                reference.for_setting(&open)
            } else {
                reference.clone()
            }
        });
        let all = all.collect();
        match self {
            Against::OneOf(_) => Against::OneOf(all),
            Against::BestOf(_) => Against::BestOf(all),
        }
    }

    /// All of them.
    pub fn references(&self) -> &[Reference] {
        let (Against::OneOf(references) | Against::BestOf(references)) = self;
        references
    }
}

/// Settings of the cluster from the command line or the configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The name of the role in the configuration.
    pub target: Option<String>,
    /// As [`RoleResult::parameters`].
    pub parameters: Vec<(String, String, String)>,
    /// Values for placeholders, each with the option that gave it.
    pub given: Vec<(String, String, String)>,
    /// True when the release was asked for.
    pub version_given: bool,
    /// Why this release was chosen where none was asked for; completes "because …".
    pub version_reason: Option<String>,
    /// Why the role was chosen where none was asked for; completes "because …".
    pub role_reason: Option<String>,
    /// Requirements of other roles of the cluster that share the IAM role.
    pub shared_with: Vec<Arc<Against>>,
    /// AWS managed policies that the role is said to have (`--attached`), as ARNs.
    pub attached: Vec<String>,
    /// Their texts, as far as they are known: they grant, and nothing is reported of them.
    pub attached_policies: Vec<File>,
    /// What is granted on purpose, though ParallelCluster does not need it.
    pub keep: Vec<RefStatement>,
    /// Values read from the cluster configuration.
    pub cluster_config: Option<TakenFrom>,
    /// The path of `--reference`.
    pub reference_file: Option<String>,
    /// Condition keys that all requests have, or lack.
    pub context: BTreeMap<String, KeyValue>,
    /// The role's permissions boundary.
    pub boundary: Option<File>,
    /// True where the input says that the policies are those of a role, not of a user.
    pub is_role: bool,
    /// True where policies that AWS refuses to store count as if they were repaired.
    pub once_repaired: bool,
    /// True where parts of a template that could not be read are accepted (`--unresolved warn`).
    pub accepts_unresolved: bool,
    /// Service control policies, level by level (root, organizational units, account): the files of each level.
    pub scps: Vec<Vec<File>>,
}

impl Settings {
    /// The layers that limit the role, from the inside out.
    fn limits(&self) -> impl Iterator<Item = (LayerKind, &[File])> {
        let boundary = self.boundary.as_ref().map(slice::from_ref);
        let boundary = boundary.into_iter().map(|f| (LayerKind::Boundary, f));
        boundary.chain(self.scps.iter().map(|f| (LayerKind::Scp, f.as_slice())))
    }
}

/// No role fits: nothing, or too little, of what any reference requires is granted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NoRoleFits {
    /// The roles that were tried.
    pub roles: Vec<String>,
    /// The release of these roles.
    pub release: Option<String>,
    /// The best role if something is granted: the role that fits best, how many of its requirements are granted, and of how many.
    pub part: Option<(String, usize, usize)>,
}

/// The reference that fits, with all that is known to lack in it, and the values that it is judged with.
#[derive(Debug)]
pub struct Chosen {
    /// The reference. Its gaps are among its statements.
    pub reference: Reference,
    /// Each bound placeholder with its value and where that comes from, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
    /// The candidates.
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

/// The input of a run, before it infers anything.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The reference, its gaps apart.
    pub reference: Reference,
    /// The values that were given, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
}

/// The source of a value that was inferred from the policies.
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
    let trials = trials(policies, against, settings, true);
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
    // Nothing is known of a file that has no policy and a part that could not be read.
    let unread = |f: &File, p: &Problem| {
        let is_whole = f.document.policies.is_empty() && !settings.accepts_unresolved;
        p.kind == ProblemKind::InvalidJson || is_whole && p.kind == ProblemKind::Unresolved
    };
    let readable = !{ all.iter() }.any(|f| f.document.problems.iter().any(|p| unread(f, p)));
    let policies: Vec<&Policy> = files.iter().flat_map(|f| &f.document.policies).collect();
    let oversize = oversize(all.iter().flat_map(|f| &f.document.policies));
    if !readable || oversize.is_some() {
        let oversize = oversize.filter(|_| readable);
        return Ok(not_compared(
            sources, catalog, files, &all, against, settings, oversize,
        ));
    }
    let chosen = matches!(against, Against::BestOf(_));
    let readings = open::Readings::new(files, settings);
    let trials = trials(&policies, against, settings, readings.is_none());
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
        rows: repaired,
        fit,
        ..
    } = match fitting_of(&trials, readings.as_ref(), catalog, against, settings) {
        Ok(judged) => judged,
        // Faults of the texts may be the reason why nothing fits.
        Err(_) if all.iter().any(|f| !f.document.problems.is_empty()) => {
            return Ok(not_compared(
                sources, catalog, files, &all, against, settings, None,
            ));
        }
        Err(none) => return Err(none),
    };
    let stored = if settings.once_repaired {
        None
    } else {
        trial.stored(catalog)
    };
    let verdicts = stored.as_ref().unwrap_or(&comparison);
    let (mut requirements, repaired) = match &stored {
        Some(stored) => (trial.rows(stored), Some(repaired)),
        None => (repaired, None),
    };
    let wider = readings.as_ref().map(|readings| readings.again(trial));
    let as_stored = stored.is_some();
    let generous = wider.iter().zip(&readings);
    let generous = { generous }
        .map(|(wider, readings)| wider.compare(catalog, readings, as_stored))
        .next();
    let inline = trial.inline_managed(verdicts);
    let not_checked = not_checked(sources, files, settings, Some(trial), &inline);
    let elsewhere = Elsewhere::new(files, &not_checked);
    if let Some(generous) = &generous {
        generous.settle(verdicts, &mut requirements, |c| trial.rows(c));
    }
    elsewhere.settle(verdicts, &mut requirements);
    trial.settle(&mut requirements);
    let mut generated = verdicts.coverage(&trial.generated);
    if let Some(generous) = &generous {
        generous.settle(verdicts, &mut generated, |c| c.coverage(&trial.generated));
    }
    elsewhere.settle(verdicts, &mut generated);
    suffice(&generated, &mut requirements);
    leave_idle(&trial.reference.idle, &mut requirements);
    let mut gaps: Vec<GapRows> = trial
        .gaps
        .iter()
        .enumerate()
        .map(|(gap, required)| {
            let mut requirements = verdicts.coverage(required);
            if let Some(generous) = &generous {
                generous.settle(verdicts, &mut requirements, |c| c.coverage(required));
            }
            elsewhere.settle(verdicts, &mut requirements);
            GapRows { gap, requirements }
        })
        .collect();
    let missing = missing_of_configuration(trial.reference, &gaps);
    for rows in &mut gaps {
        let gap = trial.reference.gaps.get(rows.gap);
        if gap.is_some_and(|g| g.of_configuration) {
            continue;
        }
        for requirement in &mut rows.requirements {
            let action = &requirement.row.action;
            let is_in = |list: &[String]| list.iter().any(|a| a.eq_ignore_ascii_case(action));
            if is_enough(&generated, action) == Some(true)
                || is_in(&trial.reference.idle)
                || is_in(&missing)
            {
                trial::void(&mut requirement.row);
            }
        }
    }
    yield_to_configuration(&missing, &mut requirements);
    let hanging = { requirements.iter() }.filter(|r| {
        let is_sure = r.standing == Standing::Needed && !r.row.open;
        is_sure && r.row.verdict == Verdict::Depends && Elsewhere::decides(&r.row)
    });
    let unread = elsewhere.unread(hanging.map(|r| &r.row));
    let excess = trial.own_excess(excess::excess(&comparison, &trial.needed()));
    let ineffective = trial.ineffective(&comparison);
    let kept = verdicts.coverage(&trial.kept);
    let escalation = escalation::open_paths(&comparison, &trial.required, &trial.bindings);
    let shared_roles: Vec<String> = { settings.shared_with.iter() }
        .filter_map(|other| match other.as_ref() {
            Against::OneOf(several) => several.first()?.role.clone(),
            Against::BestOf(_) => None,
        })
        .collect();
    let context = Context {
        sources,
        files: &all,
        leftovers,
        catalog,
        oversize: None,
        accepts_unresolved: settings.accepts_unresolved,
        lists: edit::Lists::default(),
        compared: Some(Compared {
            required: &trial.required,
            comparison: &comparison,
            reference: trial.reference,
            reference_file: settings.reference_file.as_deref(),
            shared_roles: &shared_roles,
            role_is_chosen: chosen,
            requirements: &requirements,
            repaired: repaired.as_deref(),
            gaps: &gaps,
            generated: &generated,
            managed: &trial.managed,
            kept: &kept,
            unread: &unread,
            excess: &excess,
            ineffective: &ineffective,
            escalation: &escalation,
            bindings: &trial.bindings,
            dissents: &trial.dissents,
            other_role: other_role(catalog, &policies, trial.reference, settings, fit),
        }),
    };
    // What is dangerous in a policy that AWS rejects is dangerous once it is repaired.
    let repaired_generous = { wider.iter().zip(&readings) }
        .filter(|_| as_stored)
        .map(|(wider, readings)| wider.compare(catalog, readings, false))
        .next();
    let generous = repaired_generous.as_ref().or(generous.as_ref());
    let most = generous.map(open::Generous::most).map(|most| {
        let excess = trial.own_excess(excess::excess(most, &trial.needed()));
        let escalation = escalation::open_paths(most, &trial.required, &trial.bindings);
        (most, excess, escalation)
    });
    let generous = most.as_ref().map(|(comparison, excess, escalation)| {
        let compared = context.compared.clone().map(|compared| Compared {
            comparison,
            excess,
            escalation,
            ..compared
        });
        context.with(compared)
    });
    let mut findings = lints::run(&context, generous.as_ref());
    // The texts of attached AWS managed policies are AWS's: nothing is to be changed in them.
    findings.retain(|f| {
        let mut attached = settings.attached_policies.iter();
        !attached.any(|file| file.source == f.label.source)
    });
    let unresolved = |p: &Problem| p.kind == ProblemKind::Unresolved;
    let mut problems = all.iter().flat_map(|f| &f.document.problems);
    let failed = !settings.accepts_unresolved
        && (problems.any(unresolved) || unread.iter().any(Unread::decides))
        || requirements
            .iter()
            .any(|r| r.row.verdict == Verdict::Undecided);
    let also_needed = if settings.once_repaired {
        let managed = verdicts.coverage(&trial.managed);
        let gaps = gaps.iter().map(|gap| &gap.requirements);
        let lists = gaps.chain([&generated, &managed, &kept]);
        let rows = |list: &Vec<Requirement>| list.iter().map(|r| r.row.clone()).collect();
        lists.map(rows).collect()
    } else {
        Vec::new()
    };
    Ok(RoleResult {
        target: settings.target.clone(),
        principal: files.first().and_then(|f| f.principal.clone()),
        parameters: settings.parameters.clone(),
        settings: 1,
        policies: names(sources, files.iter().copied()),
        reference: name_of(trial.reference, settings, chosen),
        bindings: bindings_of(sources, trial),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked,
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: requirements
            .into_iter()
            .map(|r| r.row)
            .collect::<Vec<Row>>(),
        also_needed,
        kept: met(&kept),
        is_template: lints::is_template(&findings),
        findings,
        failed,
    })
}

/// The statements to keep of which something is granted, by their index.
fn met(kept: &[Requirement]) -> BTreeSet<usize> {
    let granted = kept
        .iter()
        .filter(|r| !matches!(r.row.verdict, Verdict::Missing | Verdict::Denied));
    granted.map(|r| r.row.statement).collect()
}

/// The candidate that fits best. Where values are not known, by what the policies may grant.
fn fitting_of<'t>(
    trials: &'t [(Trial<'t>, Vec<LeftoverPlace>)],
    readings: Option<&open::Readings<'_>>,
    catalog: &'t Catalog,
    against: &Against,
    settings: &Settings,
) -> Result<Judged<'t>, NoRoleFits> {
    let Some(readings) = readings else {
        return fitting(trials, catalog, against);
    };
    let wide = self::trials(&readings.best.own, against, settings, false);
    let chosen = fitting(&wide, catalog, against)?.trial;
    let at = wide
        .iter()
        .position(|(trial, _)| std::ptr::eq(trial, chosen));
    at.and_then(|at| fit::judged(trials, at, catalog))
        .ok_or_else(NoRoleFits::default)
}

/// Whether what the generated role of the configuration has of an action is granted; `None` where it does without.
fn is_enough(generated: &[Requirement], action: &str) -> Option<bool> {
    let mut rows = generated
        .iter()
        .filter(|r| !r.row.vacuous && r.row.action.eq_ignore_ascii_case(action))
        .peekable();
    rows.peek()?;
    Some(rows.all(|r| matches!(r.row.verdict, Verdict::Covered | Verdict::Conditional)))
}

/// Lets what the role that ParallelCluster generates for the configuration has be enough.
fn suffice(generated: &[Requirement], requirements: &mut [Requirement]) {
    if generated.is_empty() {
        return;
    }
    let open = requirements.iter_mut();
    for requirement in open.filter(|r| r.row.verdict != Verdict::Covered) {
        match is_enough(generated, &requirement.row.action) {
            Some(true) => requirement.standing = Standing::Enough,
            // What this configuration needs lies elsewhere: the generated statement says where.
            Some(false) if is_elsewhere(generated, requirement) => {
                requirement.standing = Standing::Enough;
            }
            Some(false) => {}
            None => requirement.standing = Standing::NotGenerated,
        }
    }
}

/// Lets gaps in actions that nothing of the configuration needs be notes.
fn leave_idle(idle: &[String], requirements: &mut [Requirement]) {
    let is_idle = |r: &&mut Requirement| {
        let action = &r.row.action;
        r.standing == Standing::Needed && idle.iter().any(|a| a.eq_ignore_ascii_case(action))
    };
    for requirement in requirements.iter_mut().filter(is_idle) {
        requirement.standing = Standing::NotInConfiguration;
    }
}

/// Whether nothing that the generated role has of an action, and these policies lack, is among the resources of a row.
fn is_elsewhere(generated: &[Requirement], requirement: &Requirement) -> bool {
    let action = &requirement.row.action;
    let missing = generated.iter().filter(|r| {
        !r.row.vacuous
            && r.row.action.eq_ignore_ascii_case(action)
            && !matches!(r.row.verdict, Verdict::Covered | Verdict::Conditional)
    });
    let mut resources = missing.flat_map(|r| r.row.resources.iter());
    let of_row = &requirement.row.resources;
    resources.all(|wanted| {
        let mut patterns = of_row.iter();
        !patterns.any(|p| p == "*" || Pattern::glob(p).matches_text(wanted))
    })
}

/// The actions that the configuration surely needs and these policies do not allow.
fn missing_of_configuration(reference: &Reference, gaps: &[GapRows]) -> Vec<String> {
    let of_configuration = gaps.iter().filter(|rows| {
        let gap = reference.gaps.get(rows.gap);
        let is_certain = |f| matches!(f, Failure::Certain | Failure::Ungranted);
        gap.is_some_and(|g| g.of_configuration && is_certain(g.failure))
    });
    of_configuration
        .flat_map(|rows| &rows.requirements)
        .filter(|r| r.row.verdict != Verdict::Covered)
        .map(|r| r.row.action.clone())
        .collect()
}

/// Reports what the configuration surely needs once: not also as a row of which no call is known.
fn yield_to_configuration(missing: &[String], requirements: &mut [Requirement]) {
    for requirement in requirements {
        let is_weaker = requirement.from_wildcard || requirement.standing != Standing::Needed;
        if is_weaker && missing.contains(&requirement.row.action) {
            requirement.standing = Standing::Enough;
        }
    }
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
    let stored = trial.stored(catalog).filter(|_| !settings.once_repaired);
    let mut rows = trial.rows(&stored.unwrap_or_else(|| trial.comparison(catalog)));
    trial.settle(&mut rows);
    rows
}

/// The rows of what is needed besides a reference, known gaps aside: what ParallelCluster generates for the configuration,
/// and AWS managed policies.
pub fn also_needed(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<Vec<Row>> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let lists = [&trial.generated, &trial.managed, &trial.kept];
    let lists = lists.map(|s| comparison.coverage(s));
    let rows = |list: Vec<Requirement>| list.into_iter().map(|r| r.row).collect();
    lists.into_iter().map(rows).collect()
}

/// Whether a reference requires any request at all, with the values that `settings` give.
pub fn requires_anything(catalog: &Catalog, reference: &Reference, settings: &Settings) -> bool {
    let (trial, _) = Trial::new(&[], reference, settings);
    trial.comparison(catalog).requires_anything(&trial.required)
}

/// The excess of policies over a reference, without findings.
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

/// The ways to more permissions that policies open, without findings.
pub fn open_paths(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<OpenPath> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    escalation::open_paths(&trial.comparison(catalog), &trial.required, &trial.bindings)
}

/// The narrowed forms of overly broad statements that keep all requirements of the reference.
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
    let excess = trial.own_excess(excess::excess(&comparison, &needed));
    narrow::narrow(&comparison, &needed, &excess)
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
        accepts_unresolved: settings.accepts_unresolved,
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
        principal: files.first().and_then(|f| f.principal.clone()),
        parameters: settings.parameters.clone(),
        settings: 1,
        policies: names(sources, files.iter().copied()),
        reference,
        bindings: Vec::new(),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked: not_checked(sources, files, settings, None, &[]),
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: Vec::new(),
        also_needed: Vec::new(),
        kept: BTreeSet::new(),
        is_template: false,
        findings: lints::run(&context, None),
        failed: true,
    }
}
