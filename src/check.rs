//! One role judged: the files of its policies and a reference in, a [`RoleResult`] out.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::slice;

use crate::catalog::Catalog;
use crate::diff;
use crate::diff::coverage::{Comparison, LayerKind, Requirement};
use crate::diff::excess;
use crate::diff::prepare::{self, Drafts};
use crate::diff::scope::Scope;
use crate::diff::statement::Prepared;
use crate::diff::{Row, Verdict};
use crate::lints::{self, Compared, Context, File, GapRows, Oversize};
use crate::matcher::condition::KeyValue;
use crate::matcher::template::Placeholders;
use crate::matcher::{ActionPattern, Pieces};
use crate::parser::{Effect, Policy, ProblemKind, SourceId, Sources, Span};
use crate::reference::bindings::{Bindings, Dissent, Origin};
use crate::reference::{self, Reference};
use crate::report::{Binding, ReferenceName, RoleResult};

/// Which reference to compare with.
#[derive(Clone, Debug)]
pub enum Against {
    /// A role's documented policy.
    Role(Reference),
    /// Whichever of these fits best (`--role auto`).
    BestOf(Vec<Reference>),
}

/// What the command line or the configuration says about the cluster.
#[derive(Debug, Default)]
pub struct Settings {
    /// Values for placeholders, each with the option that gave it.
    pub given: Vec<(String, String, String)>,
    /// True when the release was asked for.
    pub version_given: bool,
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
}

impl<'a> Trial<'a> {
    fn new(
        policies: &[&Policy],
        reference: &'a Reference,
        settings: &Settings,
    ) -> (Self, Vec<prepare::LeftoverPlace>) {
        let mut placeholders = Placeholders::default();
        let drafts = Drafts::new(policies.iter().copied(), &mut placeholders);
        let pieces = prepare::reference_pieces(&reference.statements, &mut placeholders);
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
            .map(|g| prepare::reference_pieces(&g.statements, &mut placeholders))
            .collect();
        let mut bindings = Bindings::new();
        for (name, value, flag) in &settings.given {
            bindings.set(name, value.clone(), Origin::Flag(flag.clone()));
        }
        let arns = |pieces: &[prepare::ReferencePieces]| -> Vec<Pieces> {
            let resources = pieces.iter().flat_map(|p| &p.resources);
            resources.cloned().collect()
        };
        let dissents = bindings.infer(&drafts.votes(), &arns(&pieces), &placeholders);
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
        let granted = drafts.bind(&bindings, &placeholders, &resolve);
        let mut leftovers = drafts.leftovers;
        let limits = limits
            .into_iter()
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

    /// Granted and all literal rows of the reference.
    fn fit(rows: &[Requirement]) -> (usize, usize) {
        let literal = || rows.iter().filter(|r| !r.from_wildcard && !r.row.vacuous);
        let granted = literal()
            .filter(|r| r.row.verdict != Verdict::Missing)
            .count();
        (granted, literal().count())
    }
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
    files: &[File],
    against: &Against,
    settings: &Settings,
) -> Result<RoleResult, NoRoleFits> {
    let limits = settings.limits().flat_map(|(_, files)| files);
    let all: Vec<&File> = files.iter().chain(limits).collect();
    let readable = all.iter().all(|f| {
        f.document
            .problems
            .iter()
            .all(|p| p.kind != ProblemKind::InvalidJson)
    });
    let policies: Vec<&Policy> = files.iter().flat_map(|f| &f.document.policies).collect();
    let candidates: &[Reference] = match against {
        Against::Role(reference) => slice::from_ref(reference),
        Against::BestOf(references) => references,
    };
    let oversize = oversize(all.iter().flat_map(|f| &f.document.policies));
    if !readable || oversize.is_some() {
        let oversize = oversize.filter(|_| readable);
        return Ok(not_compared(
            sources, catalog, files, &all, against, settings, oversize,
        ));
    }
    let chosen = matches!(against, Against::BestOf(_));
    let trials: Vec<_> = candidates
        .iter()
        .map(|reference| Trial::new(&policies, reference, settings))
        .collect();
    let mut best: Option<(
        &Trial<'_>,
        &[prepare::LeftoverPlace],
        Comparison<'_>,
        Vec<_>,
    )> = None;
    for (trial, leftovers) in &trials {
        let comparison = trial.comparison(catalog);
        let rows = comparison.coverage(&trial.required);
        let better = best.as_ref().is_none_or(|(.., old)| {
            let (old, new) = (Trial::fit(old), Trial::fit(&rows));
            // Shares as fractions, compared without division; of equal ones the larger reference.
            (new.0 * old.1, new.1) > (old.0 * new.1, old.1)
        });
        if better {
            best = Some((trial, leftovers, comparison, rows));
        }
    }
    let Some((trial, leftovers, comparison, requirements)) = best else {
        return Err(NoRoleFits { roles: Vec::new() });
    };
    if chosen && Trial::fit(&requirements).0 == 0 {
        let roles = candidates.iter().filter_map(|r| r.role.clone()).collect();
        return Err(NoRoleFits { roles });
    }
    let gaps: Vec<GapRows> = trial
        .gaps
        .iter()
        .enumerate()
        .map(|(gap, required)| GapRows {
            gap,
            requirements: comparison.coverage(required),
        })
        .collect();
    let mut needed: Vec<&[Prepared]> = vec![&trial.required];
    needed.extend(trial.gaps.iter().map(Vec::as_slice));
    let excess = excess::excess(&comparison, &needed);
    let context = Context {
        sources,
        files: &all,
        leftovers,
        catalog,
        oversize: None,
        compared: Some(Compared {
            required: &trial.required,
            comparison: &comparison,
            reference: trial.reference,
            requirements: &requirements,
            gaps: &gaps,
            excess: &excess,
            bindings: &trial.bindings,
            dissents: &trial.dissents,
        }),
    };
    let findings = lints::run(&context);
    let failed = !excess.undecided.is_empty()
        || requirements
            .iter()
            .any(|r| r.row.verdict == Verdict::Undecided);
    Ok(RoleResult {
        policies: names(sources, files),
        reference: name_of(trial.reference, settings, chosen),
        bindings: bindings_of(sources, trial),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked: not_checked(settings),
        requirements: requirements
            .into_iter()
            .map(|r| r.row)
            .collect::<Vec<Row>>(),
        findings,
        failed,
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
    trial.comparison(catalog).coverage(&trial.required)
}

/// Layers that were not given, and so not looked at.
fn not_checked(settings: &Settings) -> Vec<&'static str> {
    let boundary = settings
        .boundary
        .is_none()
        .then_some("permissions-boundary");
    let scps = settings.scps.is_empty().then_some("scp");
    boundary.into_iter().chain(scps).collect()
}

/// Statements, keys, strings and placeholders of a role that are judged. AWS takes some 130,000 characters for one role,
/// which hold far fewer.
const MOST_PARTS: usize = 10_000;

/// Bytes of the strings of a role that are judged.
const MOST_TEXT: usize = 512 * 1024;

/// Where the policies of a role, and of what limits it, are more than is judged.
pub fn oversize<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Option<Oversize> {
    let (mut parts, mut bytes) = (0, 0);
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
            let message = if parts > MOST_PARTS {
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
    files: &[File],
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
        compared: None,
    };
    let reference = match against {
        Against::Role(reference) => name_of(reference, settings, false),
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
        policies: names(sources, files),
        reference,
        bindings: Vec::new(),
        boundary: name_of_file(sources, settings.boundary.as_ref()),
        scps: settings.scps.iter().map(|l| names(sources, l)).collect(),
        not_checked: not_checked(settings),
        requirements: Vec::new(),
        findings: lints::run(&context),
        failed: true,
    }
}

fn names(sources: &Sources, files: &[File]) -> Vec<String> {
    files
        .iter()
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
        features: Vec::new(),
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
