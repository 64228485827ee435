//! The input of the lints: the files of one role and their comparison with its reference.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::diff::comparison::{Comparison, LayerKind};
use crate::diff::coverage::Requirement;
use crate::diff::effect::Ineffective;
use crate::diff::escalation::OpenPath;
use crate::diff::excess::ExcessReport;
use crate::diff::prepare::LeftoverPlace;
use crate::diff::statement::{Action, Prepared};
use crate::edit;
use crate::finding::Label;
use crate::inventory;
use crate::matcher::ActionPattern;
use crate::parser::{ATTACHED, BOUNDARY, Document, Policy};
use crate::parser::{Effect, Problem, SourceId, Sources, Span, Statement};
use crate::reference::Reference;
use crate::reference::bindings::{Bindings, Dissent};

/// One file of a role and what was read from it.
#[derive(Clone, Debug)]
pub struct File {
    /// Names its text.
    pub source: SourceId,
    /// The policies and problems of the file.
    pub document: Document,
    /// The same at the other extremes of the unknown values; `None` where nothing is left open.
    pub extremes: Option<Arc<Extremes>>,
    /// The principal of a template or an account dump whose policies these are.
    pub principal: Option<Arc<PrincipalName>>,
}

impl File {
    /// A file that is read as it is.
    pub fn new(source: SourceId, document: Document) -> Self {
        File {
            source,
            document,
            extremes: None,
            principal: None,
        }
    }

    /// The policies of a principal that a file defines, under one setting of its parameters.
    pub fn of(
        document: &inventory::Document,
        source: SourceId,
        principal: Option<&Arc<PrincipalName>>,
    ) -> Self {
        let extremes = document.best.clone().map(|best| {
            Arc::new(Extremes {
                best,
                texts: document.texts.clone(),
            })
        });
        File {
            source,
            document: document.worst.clone(),
            extremes,
            principal: principal.cloned(),
        }
    }
}

/// Readings of policies in which values are not known. [`File::document`] has the worst one.
#[derive(Debug)]
pub struct Extremes {
    /// As [`Extreme::Best`](crate::parser::Extreme::Best).
    pub best: Document,
    /// As [`Extreme::BestOfTexts`](crate::parser::Extreme::BestOfTexts); `None` where no value is a name.
    pub texts: Option<Document>,
}

/// Which principal of a file policies are attached to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrincipalName {
    /// The logical id, the address, or the name.
    pub name: String,
    /// `role`, `user`, `group`, `policy`, `function`.
    pub kind: &'static str,
    /// Where it is defined.
    pub source: SourceId,
    /// The name of the principal in the file.
    pub span: Span,
    /// True in the dump of an account: IAM has accepted it.
    pub exists: bool,
}

/// Rows missing from the documented reference, for one reason.
pub struct GapRows {
    /// Index into [`Reference::gaps`].
    pub gap: usize,
    /// Judged like the reference's own rows.
    pub requirements: Vec<Requirement>,
}

/// An AWS managed policy that a role needs, with contents that the role does not have.
pub struct Lacking {
    /// The ARN of the policy.
    pub arn: String,
    /// Rows of its contents that are not granted in full.
    pub rows: Vec<Requirement>,
    /// True where the role surely does not have the policy. Otherwise a Deny, a permissions boundary or an SCP refuses
    /// the rows, whatever the policy allows.
    pub is_detached: bool,
}

/// The comparison, if everything could be read.
#[derive(Clone)]
pub struct Compared<'a> {
    /// The two sides.
    pub comparison: &'a Comparison<'a>,
    /// The statements of the reference.
    pub required: &'a [Prepared],
    /// The reference by name, and its known gaps.
    pub reference: &'a Reference,
    /// The file that is compared with in place of ParallelCluster's policies.
    pub reference_file: Option<&'a str>,
    /// Other roles of the cluster that share the IAM role.
    pub shared_roles: &'a [String],
    /// True where the role was not asked for, but fits best.
    pub role_is_chosen: bool,
    /// The rows of the reference.
    pub requirements: &'a [Requirement],
    /// The same rows with the policies that AWS rejects, where there are some.
    pub repaired: Option<&'a [Requirement]>,
    /// The rows of what ParallelCluster generates for the configuration.
    pub generated: &'a [Requirement],
    /// The contents of the AWS managed policies that the role must have.
    pub managed: &'a [Prepared],
    /// The AWS managed policies among these that the role surely does not have, or that something refuses.
    pub lacking: &'a [Lacking],
    /// What the configuration says to keep.
    pub kept: &'a [Requirement],
    /// Policies of the role that are not in the input.
    pub unread: &'a [Unread],
    /// The rows known to be missing from it.
    pub gaps: &'a [GapRows],
    /// Overly broad permissions.
    pub excess: &'a ExcessReport,
    /// Entries without effect.
    pub ineffective: &'a [Ineffective],
    /// Ways to more permissions that are open.
    pub escalation: &'a [OpenPath],
    /// The values of placeholders.
    pub bindings: &'a Bindings,
    /// Places with different Regions, accounts or names.
    pub dissents: &'a [Dissent],
    /// A role that fits, if the given one does not.
    pub other_role: Option<OtherRole>,
}

/// A role whose reference is granted in full, while less than half of the given role's is.
#[derive(Clone, Debug)]
pub struct OtherRole {
    /// The name of the role.
    pub role: String,
    /// The rows of the given role that are granted in part or in full.
    pub granted: usize,
    /// All rows of the given role.
    pub all: usize,
}

/// Policies that a role has and the input does not contain.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The ARN, or the name with its kind.
    pub name: String,
    /// True where a value that a template leaves open names it.
    pub is_value: bool,
    /// True for a permissions boundary, which grants nothing and may refuse what the policies grant.
    pub is_boundary: bool,
    /// Where the input names it.
    pub place: (SourceId, Span),
    /// How many actions may be granted by it alone, and the role surely fails without.
    pub actions: usize,
}

impl Unread {
    /// Whether the role could not be judged without it. A value that is open is known to be so.
    pub fn decides(&self) -> bool {
        self.actions > 0 && !self.is_value
    }
}

/// Policies of one role that are too many or too long to be judged.
#[derive(Debug)]
pub struct Oversize {
    /// The file in which the limit is reached.
    pub source: SourceId,
    /// The statement that reaches it.
    pub span: Span,
    /// The exceeded limit, as a message.
    pub message: String,
}

impl Compared<'_> {
    /// Whether the role may do everything for certain, so that a list of what is not required says nothing more.
    pub(super) fn may_do_everything(&self) -> bool {
        let mut paths = self.escalation.iter();
        let granted = self.comparison.granted;
        let is_unlimited = |s: &Prepared| {
            let mut actions = s.actions.iter();
            s.effect == Effect::Allow
                && s.conditions.is_empty()
                && s.is_on_everything()
                && !s.not_action
                && actions.any(|a| a.pattern == ActionPattern::Everything)
        };
        paths.any(|open| open.path.subsumes && !open.in_reference)
            && self.comparison.layers.len() == 1
            && granted.iter().all(|s| s.effect == Effect::Allow)
            && granted.iter().any(is_unlimited)
    }

    /// `what ParallelCluster requires`, or `our-minimum.json`.
    pub(super) fn requirer(&self) -> &str {
        self.reference_file
            .unwrap_or("what ParallelCluster requires")
    }

    /// `not required by ParallelCluster`, or `not in our-minimum.json`.
    pub(super) fn not_required(&self) -> String {
        match self.reference_file {
            Some(path) => format!("not in {path}"),
            None => "not required by ParallelCluster".to_owned(),
        }
    }

    /// The `Condition` of a statement of the reference as AWS writes it, with placeholders replaced.
    pub(super) fn condition_of(&self, index: usize) -> Option<serde_json::Value> {
        let bind = |name: &str| self.bindings.get(name).map(str::to_owned);
        self.reference.condition_of(index, &bind)
    }
}

/// Everything a lint may look at.
pub struct Context<'a> {
    /// The texts.
    pub sources: &'a Sources,
    /// The files of the role, and those of what limits it.
    pub files: &'a [&'a File],
    /// Placeholders that templates left behind.
    pub leftovers: &'a [LeftoverPlace],
    /// AWS's services.
    pub catalog: &'a Catalog,
    /// Why the policies were not compared, where it is their size.
    pub oversize: Option<Oversize>,
    /// `None` if a file could not be read, or the policies are too large: then coverage is not reported.
    pub compared: Option<Compared<'a>>,
    /// True where parts of a template that could not be read are accepted.
    pub accepts_unresolved: bool,
    /// For fixes.
    pub lists: edit::Lists,
}

impl Context<'_> {
    /// The managed policies that the input names and does not contain, each with its place: that of the role where the input
    /// does not give one.
    pub(super) fn named_policies(&self) -> impl Iterator<Item = (&str, Label)> {
        const KINDS: [&str; 2] = [ATTACHED, BOUNDARY];
        self.files.iter().flat_map(|file| {
            let named = file.document.named.iter();
            named.filter_map(|what| {
                let arn = KINDS.iter().find_map(|kind| what.strip_prefix(kind))?;
                let mut places = file.document.places.iter();
                let own = places.find(|(name, _)| name == what);
                let own = own.map(|(_, span)| (file.source, *span));
                let principal = file.principal.as_ref().map(|p| (p.source, p.span));
                let place = own.or(principal).unwrap_or((file.source, Span::default()));
                Some((arn, Label::at(place.0, place.1)))
            })
        })
    }

    pub(super) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.files.iter().flat_map(|f| &f.document.policies)
    }

    pub(super) fn problems(&self) -> impl Iterator<Item = (SourceId, &Problem)> {
        self.files
            .iter()
            .flat_map(|f| f.document.problems.iter().map(|p| (f.source, p)))
    }

    /// The statement that a place lies in.
    pub(super) fn statement_at(&self, source: SourceId, span: Span) -> Option<&Statement> {
        let mut policies = self.policies().filter(|p| p.source == source);
        policies.find_map(|policy| {
            // What a template says is not always in the order of its places.
            if policy.unknowns.is_some() {
                let mut statements = policy.statements.iter();
                return statements.find(|s| s.span.start <= span.start && span.end <= s.span.end);
            }
            let after = |s: &Statement| s.span.start <= span.start;
            let at = policy.statements.partition_point(after).checked_sub(1)?;
            let statement = policy.statements.get(at)?;
            (span.end <= statement.span.end).then_some(statement)
        })
    }

    /// The place for what is missing in a role: the nearest statement, else the `Statement` key, else the name of the
    /// role, and in a file that names none its start.
    pub(super) fn nearest(&self, comparison: &Comparison<'_>, service: &str) -> Label {
        let limits = { comparison.layers.iter() }.filter(|l| l.kind != LayerKind::Identity);
        let limits: Vec<SourceId> = limits.flat_map(|l| l.sources.iter().copied()).collect();
        let own = || self.files.iter().filter(|f| !limits.contains(&f.source));
        let policies = own().flat_map(|f| &f.document.policies);
        nearest_of(comparison.granted, policies, service).unwrap_or_else(|| {
            let named = own().find_map(|f| f.principal.as_ref());
            let first = || own().chain(self.files).map(|f| f.source).next();
            let (source, span) = named.map_or_else(
                || (first().unwrap_or(SourceId(0)), Span::default()),
                |principal| (principal.source, principal.span),
            );
            Label {
                source,
                span,
                message: format!("no policy here allows any `{service}` action"),
            }
        })
    }
}

/// The place for what is missing from some statements, which are those of `policies`.
pub(super) fn nearest_of<'p>(
    statements: &[Prepared],
    mut policies: impl Iterator<Item = &'p Policy>,
    service: &str,
) -> Option<Label> {
    let same_service = |s: &&Prepared| {
        s.effect == Effect::Allow
            && !s.not_action
            && s.actions.iter().any(|a| {
                a.text
                    .split_once(':')
                    .is_some_and(|(p, _)| p.eq_ignore_ascii_case(service))
            })
    };
    let policies: Vec<&Policy> = policies.by_ref().collect();
    // The texts of attached AWS managed policies are no place to write in.
    let is_own = |s: &&Prepared| policies.iter().any(|p| p.source == s.source);
    let mut policies = policies.iter().copied();
    let statements = || statements.iter().filter(is_own);
    if let Some(statement) = statements().find(same_service) {
        return Some(Label {
            source: statement.source,
            span: statement.action_key,
            message: format!("closest statement: it allows other `{service}` actions"),
        });
    }
    let any_service = |s: &&Prepared| {
        let everything = |a: &Action| a.pattern == ActionPattern::Everything;
        s.effect == Effect::Allow && (s.not_action || s.actions.iter().any(everything))
    };
    if let Some(statement) = statements().find(any_service) {
        return Some(Label {
            source: statement.source,
            span: statement.action_key,
            message: format!("closest statement: it names no `{service}` action"),
        });
    }
    let policy = policies.next()?;
    Some(Label {
        source: policy.source,
        span: policy.statement_key,
        message: format!("no statement here allows any `{service}` action"),
    })
}
