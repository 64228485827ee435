//! Turns the faults that the parser met into findings.

use super::{Context, Lint, layer};
use crate::diff::comparison::LayerKind;
use crate::finding::{Finding, Label, Severity};
use crate::parser::ProblemKind;
use crate::rejection::{CONSEQUENCE, CONSEQUENCE_OF_SCP};

/// Problems that make AWS reject a policy. A duplicate key is not one of them: its last value counts. A file that is
/// not a policy is not sent to AWS.
const CAUSES_REJECTION: [ProblemKind; 3] = [
    ProblemKind::InvalidPolicy,
    ProblemKind::InvalidArn,
    ProblemKind::InvalidCondition,
];

pub(super) fn report(
    lint: &'static Lint,
    kind: ProblemKind,
    context: &Context<'_>,
    out: &mut Vec<Finding>,
) {
    for (source, problem) in context.problems().filter(|(_, p)| p.kind == kind) {
        let label = |span, message: &str| Label {
            source,
            span,
            message: message.to_owned(),
        };
        let severity = if problem.rejected {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = if problem.rejected && CAUSES_REJECTION.contains(&kind) {
            let compared = context.compared.as_ref();
            let layer = compared.and_then(|c| layer::of(c, source));
            let consequence = match layer.map(|l| l.kind) {
                Some(LayerKind::Scp) => CONSEQUENCE_OF_SCP,
                _ => CONSEQUENCE,
            };
            format!("{}: {consequence}", problem.message)
        } else {
            problem.message.clone()
        };
        let mut finding = lint.finding(severity, message, label(problem.span, ""));
        finding.help.clone_from(&problem.help);
        finding.subject = Some(problem.subject.clone());
        finding.sid.clone_from(&problem.sid);
        finding.related = problem.related.iter().map(|(s, m)| label(*s, m)).collect();
        out.push(finding);
    }
}
