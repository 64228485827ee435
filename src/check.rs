//! One role judged: the files of its policies and a reference in, a [`RoleResult`] out.

mod against;
mod alone;
mod attached;
mod candidates;
mod choice;
mod configured;
mod elsewhere;
mod extremes;
mod fit;
mod lacking;
mod meeting;
mod metadata;
mod other_role;
mod reading;
mod size;
mod trial;
mod upgrade;
mod who;
mod worst;

pub use against::Against;
pub use alone::{
    also_needed, coverage, excess, narrowed, open_paths, requires_anything, unconditional,
};
pub use choice::{Asked, Chosen, INFERRED, choose, fits_better, values};
pub use metadata::{bears_name, place};
pub use size::{asks_too_much, oversize, too_many_strings};
pub use upgrade::upgrade;
pub use who::{Home, Who};
pub use worst::worst;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::diff::comparison::LayerKind;
use crate::diff::coverage::Requirement;
use crate::diff::escalation::{self};
use crate::diff::excess::Before;
use crate::diff::{Row, Verdict};
use crate::edit;
use crate::lints::{self, Compared, Context, File, GapRows, Oversize, Unread};
use crate::matcher::condition::KeyValue;
use crate::parser::{Policy, Problem, ProblemKind, SourceId, Sources};
use crate::reference::{Failure, RefStatement, Standing};
use crate::result::{ReferenceName, RoleResult, TakenFrom};
use candidates::Candidates;
use configured::{
    is_enough, leave_idle, missing_of_configuration, suffice, yield_to_configuration,
};
use elsewhere::Elsewhere;
use fit::{Judged, fitting};
use lacking::lacking;
use metadata::{bindings_of, levels, name_of, name_of_file, names, not_checked, open_values};
use other_role::other_role;

/// Statements, keys, strings and placeholders of a role that are judged. AWS takes some 130,000 characters for one
/// role, which hold far fewer.
const MOST_PARTS: usize = 10_000;

/// All settings of one run for one role.
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
    /// AWS managed policies that the role has according to `--attached`, as ARNs.
    pub attached: Vec<String>,
    /// The texts of these policies, as far as they are known: they grant, and no finding is about them.
    pub attached_policies: Vec<File>,
    /// The attached policies that several roles of the cluster have, so they do not show which role it is.
    pub common_policies: Vec<SourceId>,
    /// What is granted on purpose, though ParallelCluster does not need it.
    pub keep: Vec<RefStatement>,
    /// Values read from the cluster configuration.
    pub cluster_config: Option<TakenFrom>,
    /// The path of `--reference`.
    pub reference_file: Option<String>,
    /// Condition keys that all requests have, or none has.
    pub context: BTreeMap<String, KeyValue>,
    /// True where the input lists all managed policies of the principal.
    pub has_all_policies: bool,
    /// The role's permissions boundary.
    pub boundary: Option<File>,
    /// The principal, as far as the input says who it is.
    pub who: Who,
    /// True where policies that AWS rejects count as if they were repaired.
    pub once_repaired: bool,
    /// True where parts of a template that could not be read are accepted (`--unresolved warn`).
    pub accepts_unresolved: bool,
    /// Service control policies, level by level (root, organizational units, account): the files of each level.
    pub scps: Vec<Vec<File>>,
}

impl Settings {
    /// The layers that limit the role: the boundary, then the levels of `scps` in their order.
    fn limits(&self) -> impl Iterator<Item = (LayerKind, &[File])> {
        let boundary = self.boundary.as_ref().map(slice::from_ref);
        let boundary = boundary.into_iter().map(|f| (LayerKind::Boundary, f));
        boundary.chain(self.scps.iter().map(|f| (LayerKind::Scp, f.as_slice())))
    }

    /// The same without what limits the role, if anything does: whose policies they are does not depend on that.
    fn unlimited(&self) -> Option<Settings> {
        self.limits().next()?;
        Some(Settings {
            boundary: None,
            scps: Vec::new(),
            ..self.clone()
        })
    }
}

/// No role fits: nothing, or too little, of what any reference requires is granted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NoRoleFits {
    /// The roles that were tried.
    pub roles: Vec<String>,
    /// The release of these roles.
    pub release: Option<String>,
    /// The best role if something is granted: the role that fits best, how many of its requirements are granted, and
    /// of how many.
    pub part: Option<(String, usize, usize)>,
}

/// Judges the union of `files` as the policies of one role.
///
/// # Errors
///
/// [`NoRoleFits`] if the role is to be chosen, and the policies grant nothing of any candidate, or too little of it.
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
    // A file without a policy is unreadable if a part of it could not be read, unless that is accepted.
    let unread = |f: &File, p: &Problem| {
        let is_whole = f.document.policies.is_empty() && !settings.accepts_unresolved;
        p.kind == ProblemKind::InvalidJson || is_whole && p.is_unresolved()
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
    let readings = extremes::Readings::new(files, settings);
    let unlimited = settings.unlimited();
    let wide = match (&readings, &unlimited) {
        (None, None) => None,
        (readings, unlimited) => {
            let own = readings.as_ref().map_or(&policies, |r| &r.best.own);
            let settings = unlimited.as_ref().unwrap_or(settings);
            Some(Candidates::new(own, against, settings))
        }
    };
    let candidates = match wide {
        None => Candidates::new(&policies, against, settings),
        Some(_) => Candidates::chosen_elsewhere(&policies, against, settings),
    };
    let fitting = fitting_of(&candidates, wide.as_ref(), catalog, against);
    let beyond = { [Some(&candidates), wide.as_ref()] }
        .into_iter()
        .flatten()
        .find_map(Candidates::beyond);
    if let Some(oversize) = beyond {
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
    } = match fitting {
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
    let mut not_checked = not_checked(sources, files, settings, Some(trial), &inline);
    let elsewhere = Elsewhere::new(files, &not_checked);
    let settled = (&elsewhere, generous.as_ref());
    let lacking = lacking(trial, verdicts, settled, settings, &mut not_checked);
    if let Some(generous) = &generous {
        generous.settle(verdicts, &mut requirements, |c| trial.rows(c));
    }
    elsewhere.settle(verdicts, &mut requirements);
    trial.settle(&mut requirements);
    let beside = trial.beside();
    let mut generated = verdicts.coverage(&beside.generated);
    if let Some(generous) = &generous {
        generous.settle(verdicts, &mut generated, |c| c.coverage(&beside.generated));
    }
    elsewhere.settle(verdicts, &mut generated);
    suffice(trial.reference, &generated, &mut requirements);
    leave_idle(&trial.reference.idle, &mut requirements);
    let mut gaps: Vec<GapRows> = beside
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
    // Actions that only a gap requires fail as surely.
    let of_gaps = { gaps.iter() }.filter(|rows| {
        let gap = trial.reference.gaps.get(rows.gap);
        gap.is_some_and(|g| !g.open && matches!(g.failure, Failure::Certain | Failure::Ungranted))
    });
    let of_gaps = of_gaps.flat_map(|rows| &rows.requirements).filter(|r| {
        let is_sure = !r.row.vacuous && !r.gap_is_optional();
        is_sure && r.row.verdict == Verdict::Depends && Elsewhere::decides(&r.row)
    });
    let unread = elsewhere.unread(hanging.chain(of_gaps).map(|r| &r.row));
    let excess = trial.excess(&comparison, None);
    let ineffective = trial.ineffective(&comparison, |s| {
        !generous.as_ref().is_some_and(|g| g.excludes_unknown(s))
    });
    let kept = verdicts.coverage(&beside.kept);
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
            managed: &beside.managed,
            lacking: &lacking,
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
    let best = generous.map(|generous| {
        let best = generous.best();
        let found = trial.ineffective(best, |statement| generous.is_open_grant(statement));
        (best, found)
    });
    let most = generous.map(extremes::Generous::most).map(|most| {
        let before = Before {
            comparison: &comparison,
            report: &excess,
        };
        let excess = trial.excess(most, Some(before));
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
    let best = best.as_ref().map(|(comparison, ineffective)| {
        let compared = context.compared.clone().map(|compared| Compared {
            comparison,
            ineffective,
            ..compared
        });
        context.with(compared)
    });
    let mut findings = lints::run(&context, generous.as_ref(), best.as_ref());
    attached::without_texts(&mut findings, files, (sources, settings), &escalation);
    attached::at_boundary(&mut findings, files, (sources, settings));
    not_checked.extend(open_values(&all, &findings));
    let mut problems = all.iter().flat_map(|f| &f.document.problems);
    let failed = !settings.accepts_unresolved
        && (problems.any(Problem::is_unresolved) || unread.iter().any(Unread::decides))
        || requirements
            .iter()
            .any(|r| r.row.verdict == Verdict::Undecided);
    let once_repaired = settings.once_repaired && trial.has_rejected();
    let also_needed = if settings.once_repaired {
        let managed = verdicts.coverage(&beside.managed);
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
        scps: levels(sources, settings),
        not_checked,
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: requirements
            .into_iter()
            .map(|r| r.row)
            .collect::<Vec<Row>>(),
        also_needed,
        once_repaired,
        kept: met(&kept),
        is_template: lints::is_template(&findings),
        findings,
        failed,
    })
}

/// The statements to keep that are granted in part or in full, by their index.
fn met(kept: &[Requirement]) -> BTreeSet<usize> {
    let granted = kept
        .iter()
        .filter(|r| !matches!(r.row.verdict, Verdict::Missing | Verdict::Denied));
    granted.map(|r| r.row.statement).collect()
}

/// The candidate that fits best. With `wide`, it is chosen by the most that the policies may grant, without limits.
fn fitting_of<'c, 't: 'c>(
    candidates: &'c Candidates<'t>,
    wide: Option<&Candidates<'_>>,
    catalog: &'c Catalog,
    against: &Against,
) -> Result<Judged<'c>, NoRoleFits> {
    let Some(wide) = wide else {
        return fitting(candidates, catalog, against).map(|(_, judged)| judged);
    };
    let (at, _) = fitting(wide, catalog, against)?;
    fit::judged(candidates, at, catalog).ok_or_else(NoRoleFits::default)
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
        scps: levels(sources, settings),
        not_checked: not_checked(sources, files, settings, None, &[]),
        cluster_config: settings.cluster_config.clone(),
        upgrade: None,
        requirements: Vec::new(),
        also_needed: Vec::new(),
        once_repaired: settings.once_repaired,
        kept: BTreeSet::new(),
        is_template: false,
        findings: lints::run(&context, None, None),
        failed: true,
    }
}
