//! One candidate for the reference of a role, made ready for its policies.

mod beside;
mod parts;
mod read;

pub(super) use parts::scope;
pub(super) use read::Read;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use super::reading::Policies;
use super::{MOST_PARTS, Settings};
use crate::catalog::Catalog;
use crate::diff;
use crate::diff::comparison::{Comparison, LayerKind, View};
use crate::diff::coverage::Requirement;
use crate::diff::effect::{self, Ineffective};
use crate::diff::excess::{self, Before, ExcessReport};
use crate::diff::prepare::{self, Drafts};
use crate::diff::statement::Prepared;
use crate::diff::{Row, Verdict};
use crate::lints::File;
use crate::matcher::Pieces;
use crate::matcher::template::{self, Placeholders};
use crate::parser::{Policy, SourceId, Span};
use crate::reference::bindings::{Bindings, Dissent, Origin};
use crate::reference::cluster_names::{self, Narrowed};
use crate::reference::{self, RefStatement, Reference};
use beside::Beside;
use parts::{everything, generated, infer, name_cluster};
use read::Given;

/// Everything about one reference that the inference and the comparison share.
pub(super) struct Trial<'a> {
    pub(super) reference: &'a Reference,
    /// The statements of the reference, divided by when they are needed; `required` is in the same order.
    pub(super) statements: Vec<RefStatement>,
    pub(super) placeholders: Placeholders,
    pub(super) bindings: Bindings,
    pub(super) dissents: Vec<Dissent>,
    pub(super) granted: Rc<Vec<Prepared>>,
    pub(super) limits: Vec<(LayerKind, Vec<SourceId>, Vec<Prepared>)>,
    pub(super) context: diff::context::Context,
    pub(super) required: Vec<Prepared>,
    parts: beside::Parts<'a>,
    beside: OnceCell<Beside>,
    /// The files of attached AWS managed policies. Their statements follow the role's own.
    attached: &'a [File],
    /// As [`Settings::common_policies`].
    pub(super) common: &'a [SourceId],
    /// Set if there are too many strings to judge; `granted` and `limits` then have none.
    pub(super) beyond: Option<(SourceId, Span)>,
}

/// The policies in another reading.
pub(super) struct Again {
    granted: Vec<Prepared>,
    limits: Vec<(LayerKind, Vec<SourceId>, Vec<Prepared>)>,
    placeholders: Placeholders,
}

impl<'a> Trial<'a> {
    /// One candidate alone.
    pub(super) fn new(
        policies: &[&Policy],
        reference: &'a Reference,
        settings: &'a Settings,
    ) -> (Self, Vec<prepare::LeftoverPlace>) {
        Trial::of(&Read::new(policies), reference, settings)
    }

    pub(super) fn of(
        read: &Read<'_>,
        reference: &'a Reference,
        settings: &'a Settings,
    ) -> (Self, Vec<prepare::LeftoverPlace>) {
        let drafts = &read.drafts;
        let mut placeholders = read.placeholders.clone();
        let mut bindings = Bindings::new();
        for (name, value, flag) in &settings.given {
            bindings.set(name, value.clone(), Origin::Flag(flag.clone()));
        }
        let home = settings.who.home.as_ref();
        let of_home = home.map(|home| home.dissents(&bindings));
        // A placeholder that the policies leave open stands for the same name as that of the reference.
        let is_given = |name: &str| bindings.get(name).is_some() || placeholders.knows(name);
        let mut statements = reference.divided(is_given);
        let mut pieces = prepare::reference_pieces(&statements, &bindings, &mut placeholders);
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
        let given = read.grants.get_or_init(|| {
            let grants = drafts.grants(&bindings, &placeholders);
            Given {
                hints: cluster_names::hints(grants.certain.all()),
                perhaps: cluster_names::hints(grants.perhaps.all()),
                grants,
            }
        });
        let named = name_cluster((&given.hints, &given.perhaps), reference, &mut bindings);
        cluster_names::state_tags(reference, &mut statements, &bindings);
        let arns = |pieces: &[prepare::ReferencePieces]| -> Vec<Pieces> {
            let resources = pieces.iter().flat_map(|p| &p.resources);
            resources.cloned().collect()
        };
        let conditions: Vec<Pieces> = { pieces.iter() }
            .flat_map(|p| p.values().cloned())
            .collect();
        let required = (&*arns(&pieces), &*conditions);
        let mut dissents = infer(drafts, required, &mut bindings, &placeholders);
        let role_and_partition = reference.role.as_deref().zip(bindings.one("Partition"));
        let is_localized = role_and_partition.is_some_and(|(role, partition)| {
            reference::trust::localize(&mut statements, role, partition)
        });
        let lists: Vec<&str> = { bindings.iter() }
            .map(|(name, _)| name)
            .filter(|name| reference::is_list(name))
            .collect();
        for (statement, pieces) in statements.iter().zip(&mut pieces) {
            if is_localized || lists.iter().any(|name| statement.has_placeholder(name)) {
                *pieces = prepare::ReferencePieces::of(statement, &bindings, &mut placeholders);
            }
        }
        // Placeholders of known gaps alone are bound separately: they must not change the reference itself.
        let gap_arns: Vec<Pieces> = gap_pieces.iter().flat_map(|p| arns(p)).collect();
        if !gap_arns.is_empty() {
            bindings.infer_others(&drafts.votes(), &gap_arns, &placeholders, |name| {
                !reference.statements.iter().any(|s| s.has_placeholder(name))
            });
        }
        let layered = settings.limits().next().is_some();
        let (narrowed, gaps_narrowed) = {
            let beyond = drafts
                .beyond(MOST_PARTS, &bindings, &placeholders)
                .is_some();
            let bound =
                (!beyond && read.plain.is_none()).then(|| drafts.grants(&bindings, &placeholders));
            let grants = bound.as_ref().unwrap_or(&given.grants);
            let narrow = |statements: &[RefStatement]| {
                if beyond {
                    Narrowed::default()
                } else {
                    cluster_names::narrow(reference, statements, grants, &bindings, layered)
                }
            };
            let gaps: Vec<Narrowed> = { reference.gaps.iter() }
                .map(|g| narrow(&g.statements))
                .collect();
            (narrow(&statements), gaps)
        };
        dissents.extend(of_home.into_iter().flatten());
        dissents.extend(named);
        dissents.extend(narrowed.dissents);
        let principal = reference.role.as_deref();
        let who = &settings.who;
        let context = diff::context::Context::new(settings.context.clone())
            .of(who.principal(principal), who.keys(principal));
        let scope = scope(&bindings);
        let resolve = |key: &str| context.everywhere(key, &scope).map(Cow::into_owned);
        let all = [drafts].into_iter().chain(limits.iter().map(|(.., d)| d));
        let beyond = { all }.find_map(|d| d.beyond(MOST_PARTS, &bindings, &placeholders));
        let granted = match beyond {
            None if settings.attached_policies.is_empty() => {
                read.bind(&bindings, &placeholders, &resolve)
            }
            None => {
                let files = settings.attached_policies.iter();
                let attached = files.flat_map(|f| &f.document.policies);
                let attached = Drafts::new(attached, &mut placeholders);
                let mut granted = drafts.bind(&bindings, &placeholders, &resolve);
                granted.extend(attached.bind(&bindings, &placeholders, &resolve));
                Rc::new(granted)
            }
            Some(_) => Rc::default(),
        };
        let mut leftovers = drafts.leftovers.clone();
        let limits = limits
            .into_iter()
            .filter(|_| beyond.is_none())
            .map(|(kind, source, drafts)| {
                let bound = drafts.bind(&bindings, &placeholders, &resolve);
                leftovers.extend(drafts.leftovers);
                (kind, source, bound)
            })
            .collect();
        let (managed, managed_ends) = beside::Parts::managed(reference);
        let mut parts = beside::Parts {
            written: None,
            gaps: gap_pieces.into_iter().zip(gaps_narrowed).collect(),
            generated: generated(reference, &bindings, &granted),
            others: { settings.shared_with.iter() }
                .flat_map(|against| against.references())
                .flat_map(everything)
                .collect(),
            kept: &settings.keep,
            managed,
            managed_ends,
            bindings: bindings.clone(),
        };
        parts.number(&mut placeholders);
        if let Some(narrow) = narrowed.statements {
            let mut of = |(one, at): (&RefStatement, &usize)| {
                let same = statements.get(*at).filter(|s| s.resource == one.resource);
                match same.and_then(|_| pieces.get(*at)) {
                    Some(pieces) => pieces.clone(),
                    None => prepare::ReferencePieces::of(one, &bindings, &mut placeholders),
                }
            };
            let narrow_pieces = narrow.iter().zip(&narrowed.origins).map(&mut of).collect();
            let written = std::mem::replace(&mut statements, narrow);
            let written_pieces = std::mem::replace(&mut pieces, narrow_pieces);
            parts.written = Some((written, written_pieces));
        }
        parts.number_gaps(&mut placeholders);
        let required = prepare::bind_reference(&statements, &pieces, &bindings, &placeholders);
        for (name, values) in narrowed.taken {
            if bindings.get(&name).is_none() && !dissents.iter().any(|d| d.name == name) {
                let all: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
                if let Some(first) = values.first() {
                    bindings.set(
                        &name,
                        all.join(","),
                        Origin::Inferred(first.source, first.span),
                    );
                }
            }
        }
        (
            Trial {
                reference,
                statements,
                placeholders,
                bindings,
                dissents,
                granted,
                limits,
                context,
                required,
                parts,
                beside: OnceCell::new(),
                attached: &settings.attached_policies,
                common: &settings.common_policies,
                beyond,
            },
            leftovers,
        )
    }

    /// Whether AWS rejects some policy of the role or of what limits it.
    pub(super) fn has_rejected(&self) -> bool {
        let limits = self.limits.iter().flat_map(|(.., statements)| statements);
        self.granted.iter().chain(limits).any(|s| s.is_rejected)
    }

    /// The comparison with all policies, as they will be once those that AWS rejects are repaired.
    pub(super) fn comparison<'t>(&'t self, catalog: &'t Catalog) -> Comparison<'t> {
        self.viewed(catalog, View::Repaired)
    }

    /// The comparison with the policies that AWS stores, where that is another.
    pub(super) fn stored<'t>(&'t self, catalog: &'t Catalog) -> Option<Comparison<'t>> {
        let rejects = self.has_rejected();
        rejects.then(|| self.viewed(catalog, View::Stored))
    }

    fn viewed<'t>(&'t self, catalog: &'t Catalog, view: View) -> Comparison<'t> {
        let limits = self.limits.iter();
        let limits = limits.map(|(kind, sources, s)| (*kind, sources.clone(), s.as_slice()));
        Comparison::new(
            catalog,
            &self.granted,
            limits,
            &self.context,
            scope(&self.bindings),
            &self.placeholders,
            view,
        )
    }

    /// The policies of another reading, with the same values of placeholders.
    pub(super) fn again(&self, policies: &Policies<'_>) -> Again {
        let mut placeholders = self.placeholders.clone();
        let scope = scope(&self.bindings);
        let resolve = |key: &str| self.context.everywhere(key, &scope).map(Cow::into_owned);
        let mut bind = |policies: &[&Policy]| {
            let drafts = Drafts::new(policies.iter().copied(), &mut placeholders);
            let within = drafts.beyond(MOST_PARTS, &self.bindings, &placeholders);
            match within {
                None => drafts.bind(&self.bindings, &placeholders, &resolve),
                Some(_) => Vec::new(),
            }
        };
        let mut granted = bind(&policies.own);
        let attached = { self.attached.iter() }.flat_map(|f| &f.document.policies);
        granted.extend(bind(&attached.collect::<Vec<_>>()));
        let limits = policies.limits.iter();
        let limits = limits.map(|(kind, sources, own)| (*kind, sources.clone(), bind(own)));
        Again {
            granted,
            limits: limits.collect(),
            placeholders,
        }
    }

    /// The comparison with another reading.
    pub(super) fn wider<'t>(
        &'t self,
        again: &'t Again,
        catalog: &'t Catalog,
        as_stored: bool,
    ) -> Comparison<'t> {
        let limits = again.limits.iter();
        let limits = limits.map(|(kind, sources, s)| (*kind, sources.clone(), s.as_slice()));
        Comparison::new(
            catalog,
            &again.granted,
            limits,
            &self.context,
            scope(&self.bindings),
            &again.placeholders,
            if as_stored {
                View::Stored
            } else {
                View::Repaired
            },
        )
    }

    /// The needs of the role beside the reference, made ready once they are asked for.
    pub(super) fn beside(&self) -> &Beside {
        self.beside.get_or_init(|| self.parts.ready(self))
    }

    /// The statements of the reference, and of what is known to be missing from it.
    pub(super) fn needed(&self) -> Vec<&[Prepared]> {
        let beside = self.beside();
        let gaps = beside.gaps.iter().map(Vec::as_slice);
        let wide = beside.wide.iter().map(Vec::as_slice);
        let own = [
            &self.required,
            &beside.generated,
            &beside.managed,
            &beside.kept,
        ];
        let own = own.map(Vec::as_slice);
        own.into_iter().chain(gaps).chain(wide).collect()
    }

    /// The AWS managed policies that the role needs, as the reference writes their ARNs, with their contents.
    fn managed(&self) -> impl Iterator<Item = (&str, &[Prepared])> {
        let managed = &self.beside().managed;
        let mut start = 0;
        self.parts.managed_ends.iter().map(move |(arn, end)| {
            let statements = managed.get(start..*end).unwrap_or_default();
            start = *end;
            (arn.as_str(), statements)
        })
    }

    /// The ARN of an AWS managed policy in the partition of the cluster.
    pub(super) fn in_partition(&self, arn: &str) -> String {
        let partition = self.bindings.one("Partition");
        let bind = |name: &str| partition.filter(|_| name == "Partition").map(str::to_owned);
        template::fill(arn, bind)
    }

    /// Those whose contents are all granted.
    pub(super) fn inline_managed(&self, comparison: &Comparison<'_>) -> Vec<&str> {
        let is_granted = |statements: &[Prepared]| {
            let rows = comparison.coverage(statements);
            !rows.is_empty() && rows.iter().all(|r| r.row.verdict == Verdict::Covered)
        };
        {
            self.managed()
                .filter(|(_, statements)| is_granted(statements))
        }
        .map(|(arn, _)| arn)
        .collect()
    }

    /// Those that are asked for by their ARNs in the partition, with the rows of their contents. `settle` decides what
    /// policies outside of the input leave open.
    pub(super) fn managed_rows(
        &self,
        comparison: &Comparison<'_>,
        is_asked: impl Fn(&str) -> bool,
        settle: impl Fn(&mut [Requirement], &[Prepared]),
    ) -> Vec<(String, Vec<Requirement>)> {
        let named = self.managed().map(|(arn, of)| (self.in_partition(arn), of));
        let asked = named.filter(|(arn, _)| is_asked(arn));
        let rows = |(arn, statements)| {
            let mut rows = comparison.coverage(statements);
            settle(&mut rows, statements);
            (arn, rows)
        };
        asked.map(rows).collect()
    }

    /// The excess of the policies themselves: that of attached AWS managed policies is AWS's.
    pub(super) fn excess<'t>(
        &'t self,
        comparison: &'t Comparison<'t>,
        before: Option<Before<'_>>,
    ) -> ExcessReport {
        excess::excess_of(comparison, &self.needed(), self.own(comparison), before)
    }

    /// How many of the statements are the role's own: those of attached AWS managed policies follow.
    fn own(&self, comparison: &Comparison<'_>) -> usize {
        let is_attached = |s: &Prepared| self.attached.iter().any(|f| f.source == s.source);
        let granted = comparison.granted.iter();
        granted.take_while(|s| !is_attached(s)).count()
    }

    /// What has no effect, without the statements of attached AWS managed policies.
    pub(super) fn ineffective(
        &self,
        comparison: &Comparison<'_>,
        is_asked_for: impl Fn(&Prepared) -> bool,
    ) -> Vec<Ineffective> {
        let own = self.own(comparison);
        let mut found = effect::ineffective(comparison, is_asked_for);
        found.retain(|i| i.layer > 0 || i.statement < own);
        found
    }

    /// The rows of the reference, with the features that need them.
    pub(super) fn rows(&self, comparison: &Comparison<'_>) -> Vec<Requirement> {
        self.with_features(comparison.coverage(&self.required))
    }

    /// The same for the actions that the reference spells out.
    pub(super) fn literal_rows(&self, comparison: &Comparison<'_>) -> Vec<Requirement> {
        self.with_features(comparison.coverage_of_literals(&self.required))
    }

    fn with_features(&self, mut rows: Vec<Requirement>) -> Vec<Requirement> {
        for requirement in &mut rows {
            let Some(statement) = self.statements.get(requirement.position) else {
                continue;
            };
            let row = &mut requirement.row;
            row.feature = statement.feature;
            row.open = statement.open;
            requirement.standing = statement.standing;
            if statement.is_off {
                void(row);
            }
        }
        rows
    }

    /// Decides for each row that is not covered when, and how surely, it is needed.
    pub(super) fn settle(&self, rows: &mut [Requirement]) {
        let open = rows
            .iter_mut()
            .filter(|r| r.row.verdict != Verdict::Covered);
        for requirement in open {
            let Some(statement) = self.statements.get(requirement.position) else {
                continue;
            };
            let row = &mut requirement.row;
            let basis = self.reference.basis(&row.action, statement);
            requirement.standing = basis.standing;
            row.feature = basis.feature;
            row.open = basis.required.is_none();
            if basis.required == Some(false) {
                void(row);
            }
        }
    }
}

/// Lets a row require nothing.
pub(super) fn void(row: &mut Row) {
    row.verdict = Verdict::Covered;
    row.vacuous = true;
    row.witness = None;
}
