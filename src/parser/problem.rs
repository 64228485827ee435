//! Problems and the policies they were met in, as they are collected.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::content::Document;
use super::hole::Hole;
use super::owner::Owner;
use super::policy::{Policy, Problem, ProblemKind};
use super::quote::{name, shorten};
use super::source::{SourceId, Span};
use super::trust::TrustPolicy;

/// Problems of one kind and weight beyond these are only counted: too many to read, and each is far larger than the
/// text at fault.
const MOST: usize = 1_000;

/// Subject of the problem that a byte order mark is.
pub(super) const BYTE_ORDER_MARK: &str = "byte order mark";

impl Problem {
    fn new(
        kind: ProblemKind,
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Problem {
            kind,
            rejected: true,
            subject: subject.into(),
            message: message.into(),
            help: None,
            span,
            sid: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn invalid_json(
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self::new(ProblemKind::InvalidJson, subject, message, span)
    }

    pub(crate) fn unresolved(
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self::new(ProblemKind::Unresolved, subject, message, span)
    }

    pub(crate) fn invalid_policy(
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self::new(ProblemKind::InvalidPolicy, subject, message, span)
    }

    pub(super) fn invalid_arn(
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self::new(ProblemKind::InvalidArn, subject, message, span)
    }

    pub(super) fn invalid_condition(
        subject: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self::new(ProblemKind::InvalidCondition, subject, message, span)
    }

    pub(crate) fn duplicate_key(key: &str, span: Span, first: Span) -> Self {
        Self::new(
            ProblemKind::DuplicateKey,
            key,
            format!("the key `{}` is given twice in one object", shorten(key)),
            span,
        )
        .with_help("keep one of them; JSON readers silently take the last one")
        .with_related(first, "first given here")
    }

    /// Marks a problem that AWS lets pass.
    pub(super) fn accepted(mut self) -> Self {
        self.rejected = false;
        self
    }

    /// Whether a part could not be read.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.kind == ProblemKind::Unresolved && self.rejected
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }
}

/// Collects what one file holds.
pub(super) struct Reader {
    pub(super) source: SourceId,
    policies: Vec<Policy>,
    problems: Vec<Problem>,
    kept: FxHashMap<Sort, usize>,
    /// How many problems are counted only, and where the first of them stands.
    cut: FxHashMap<Sort, (usize, Span)>,
    in_template: bool,
    named: Vec<String>,
    places: Vec<(String, Span)>,
    owners: Vec<Owner>,
    trusts: Vec<TrustPolicy>,
    /// Whether the file is recognised as something else than a policy.
    pub(super) is_foreign: bool,
    /// As [`Document::describes_role`].
    pub(super) describes_role: bool,
    /// Problems for which AWS rejects the policy: all but those of ARNs, and those of ARNs.
    rejections: Rejections,
    /// The values that are not known, of a policy that a template defines.
    pub(super) holes: Arc<[Hole]>,
    /// As [`super::Flags::branches`], of each statement of a policy that a template defines.
    pub(super) branches: Vec<Vec<(usize, usize)>>,
}

/// How many problems make AWS reject a policy.
#[derive(Clone, Copy, Default)]
pub(super) struct Rejections {
    pub(super) grammar: usize,
    pub(super) arns: usize,
}

/// The key that problems are counted by: their kind, and whether AWS rejects the policy for them.
type Sort = (ProblemKind, bool);

impl Reader {
    pub(super) fn new(source: SourceId) -> Self {
        Reader {
            source,
            policies: Vec::new(),
            problems: Vec::new(),
            kept: FxHashMap::default(),
            cut: FxHashMap::default(),
            in_template: false,
            named: Vec::new(),
            places: Vec::new(),
            owners: Vec::new(),
            trusts: Vec::new(),
            is_foreign: false,
            describes_role: false,
            rejections: Rejections::default(),
            holes: Arc::default(),
            branches: Vec::new(),
        }
    }

    /// The rejections so far.
    pub(super) fn rejections(&self) -> Rejections {
        self.rejections
    }

    /// Whether one of two statements never exists without the other one. Alternatives exclude each other, and so may
    /// conditions that differ.
    pub(super) fn are_together(&self, one: usize, other: usize) -> bool {
        let of = |at: usize| self.branches.get(at).map(Vec::as_slice).unwrap_or_default();
        let (one, other) = (of(one), of(other));
        let within = |a: &[(usize, usize)], b: &[(usize, usize)]| a.iter().all(|i| b.contains(i));
        within(one, other) || within(other, one)
    }

    /// Whether the file starts with a byte order mark, for which AWS rejects all that is in it.
    pub(super) fn has_byte_order_mark(&self) -> bool {
        let first = self.problems.first();
        first.is_some_and(|p| p.subject == BYTE_ORDER_MARK)
    }

    /// Notes whose policies these are.
    pub(super) fn own(&mut self, owner: Owner) {
        if !self.owners.contains(&owner) {
            self.owners.push(owner);
        }
    }

    /// The owners so far.
    pub(super) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Notes what belongs to the role and is not in the file.
    pub(super) fn name(&mut self, what: String) {
        if !self.named.contains(&what) {
            self.named.push(what);
        }
    }

    /// Notes where the file names something.
    pub(super) fn place(&mut self, what: String, span: Span) {
        self.places.push((what, span));
    }

    pub(super) fn report(&mut self, problem: Problem) {
        match problem.kind {
            _ if !problem.rejected => {}
            ProblemKind::InvalidArn => self.rejections.arns += 1,
            ProblemKind::InvalidPolicy | ProblemKind::InvalidCondition => {
                self.rejections.grammar += 1;
            }
            ProblemKind::InvalidJson | ProblemKind::DuplicateKey | ProblemKind::Unresolved => {}
        }
        let sort = (problem.kind, problem.rejected);
        let kept = self.kept.entry(sort).or_default();
        if *kept < MOST {
            *kept += 1;
            self.problems.push(problem);
        } else {
            let (count, first) = self.cut.entry(sort).or_insert((0, problem.span));
            *count += 1;
            *first = (*first).min(problem.span);
        }
    }

    /// Adds a trust policy.
    pub(super) fn trust(&mut self, trust: TrustPolicy) {
        self.trusts.push(trust);
    }

    pub(super) fn add(&mut self, policy: Policy) {
        self.policies.push(policy);
    }

    /// Refuses the file for a `CloudFormation` function in it; one place is enough to say so.
    pub(super) fn refuse_function(&mut self, name: &str, span: Span) {
        if self.in_template {
            return;
        }
        self.in_template = true;
        self.report(
            Problem::invalid_json(
                "CloudFormation",
                format!(
                    "this is part of a CloudFormation template; `{}` stands for a value that only CloudFormation knows",
                    shorten(name)
                ),
                span,
            )
            .with_help(
                "export the policy that CloudFormation made: `aws iam get-role-policy --role-name ROLE --policy-name POLICY`, \
                 or `aws iam get-policy-version --policy-arn ARN --version-id v1` for a managed policy",
            ),
        );
    }

    /// Puts the problems in order and names their statements.
    pub(super) fn finish(self) -> Document {
        let Reader {
            mut policies,
            mut problems,
            cut,
            named,
            places,
            owners,
            mut trusts,
            is_foreign,
            describes_role,
            ..
        } = self;
        problems.sort_by_key(|p| (p.span, p.kind, p.rejected));
        let mut cut: Vec<_> = cut.into_iter().collect();
        cut.sort_by_key(|((kind, rejected), (_, span))| (*span, *kind, *rejected));
        for ((kind, rejected), (count, span)) in cut {
            let faults = if count == 1 { "fault" } else { "faults" };
            // The number is part of what it is about: who accepts so many accepts no greater number.
            let more = format!("{count} more {faults}");
            let message = format!("{more} of this kind from here on");
            let mut problem = Problem::new(kind, &more, message, span);
            problem.rejected = rejected;
            let after = problems.partition_point(|p| p.span <= span);
            problems.insert(after, problem);
        }
        let mut statements: Vec<(Span, Option<&str>)> = policies
            .iter()
            .flat_map(|p| &p.statements)
            .chain(trusts.iter().flat_map(|t| &t.statements).map(|s| &s.rest))
            .map(|s| (s.span, s.sid.as_ref().map(|sid| sid.value.as_str())))
            .collect();
        statements.sort_by_key(|(span, _)| *span);
        for problem in &mut problems {
            let next = statements.partition_point(|(span, _)| span.start <= problem.span.start);
            let around = next.checked_sub(1).and_then(|i| statements.get(i));
            if let Some((span, Some(sid))) = around
                && problem.span.end <= span.end
            {
                problem.sid = Some(name(sid));
            }
        }
        // Drop grammar errors of a truncated text: they are unreliable.
        let refusals = problems
            .iter()
            .filter(|p| p.kind == ProblemKind::InvalidJson);
        if refusals.count() > usize::from(describes_role) {
            policies.clear();
            trusts.clear();
            problems.retain(|p| p.kind == ProblemKind::InvalidJson || p.subject == BYTE_ORDER_MARK);
        }
        Document {
            absent_boundary: None,
            attached_for_sure: Vec::new(),
            has_group_policies: false,
            policies,
            named,
            places,
            owners,
            trusts,
            is_foreign,
            describes_role,
            problems,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_or_broken_input_is_shortened() {
        assert_eq!(shorten("a\nb"), "a\\nb");
        assert_eq!(shorten(&"x".repeat(100)).chars().count(), 61);
    }
}
