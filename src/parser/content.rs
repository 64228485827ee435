//! The content of one file: its policies, trust policies and problems.

use super::policy::{Attachment, Policy, Problem, ProblemKind};
use super::source::Span;

/// The beginnings of names in [`Document::named`], and so of `not_checked` entries: of managed policies, and of permissions
/// boundaries.
pub(crate) const ATTACHED: &str = "attached-policy:";
pub(crate) const BOUNDARY: &str = "permissions-boundary:";

impl Document {
    /// The ARNs of the managed policies that it names and does not contain.
    pub(crate) fn attached(&self) -> impl Iterator<Item = &str> {
        self.named
            .iter()
            .filter_map(|name| name.strip_prefix(ATTACHED))
    }

    /// The ARNs of the permissions boundaries that it names and does not contain.
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = &str> {
        self.named
            .iter()
            .filter_map(|name| name.strip_prefix(BOUNDARY))
    }

    /// Notes a managed policy that is attached for sure.
    pub(crate) fn attach_for_sure(&mut self, policy: String) {
        if !self.attached_for_sure.contains(&policy) {
            self.attached_for_sure.push(policy);
        }
    }

    /// Sets what the policies of the file are attached as. AWS Organizations is not known to check the ARNs of service control
    /// policies as IAM does.
    pub fn attach_as(&mut self, attachment: Attachment) {
        for policy in &mut self.policies {
            policy.attachment = attachment;
        }
        // A role has one boundary, and a file of several does not say which.
        if let (Attachment::Managed, [_, second, ..]) = (attachment, self.policies.as_slice()) {
            let opening = Span {
                start: second.span.start,
                end: second.span.start + 1,
            };
            let message = "a second policy: a permissions boundary is one policy";
            let problem = Problem::invalid_json("document", message, opening)
                .with_help("give the file of the policy that is the boundary");
            self.problems.push(problem);
            self.policies.clear();
        }
        if attachment == Attachment::Scp {
            for problem in &mut self.problems {
                problem.rejected &= problem.kind != ProblemKind::InvalidArn;
            }
        }
    }
}

impl Document {
    /// Refuses a service control policy, as `aws organizations describe-policy` prints it: it grants nothing.
    pub fn refuse_scp(&mut self) {
        let scp = { self.policies.iter() }.find(|p| p.attachment == Attachment::Scp);
        let Some(span) = scp.map(|policy| policy.statement_key) else {
            return;
        };
        let message = "this is a service control policy, which grants nothing";
        let problem = Problem::invalid_json("document", message, span);
        self.problems
            .push(problem.with_help("pass it with --scp FILE"));
        self.policies.clear();
    }
}

/// The content of one file.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The policies that could be read.
    pub policies: Vec<Policy>,
    /// Parts of the role that the file names but does not contain: `attached-policy:ARN`, `permissions-boundary:ARN`,
    /// `trust-policy` where it could not be read in full, `group:NAME`.
    pub named: Vec<String>,
    /// The ARN of the permissions boundary that a dump of the account names and does not contain.
    pub absent_boundary: Option<String>,
    /// Where some of these are named.
    pub places: Vec<(String, Span)>,
    /// The roles that the file says its policies belong to.
    pub owners: Vec<super::Owner>,
    /// The trust policies of the roles that the file describes.
    pub trusts: Vec<super::TrustPolicy>,
    /// Whether the text is recognised as something else than a policy.
    pub is_foreign: bool,
    /// Whether it describes a role and contains none of its policies, as `aws iam get-role` prints it. It is refused, unless
    /// another file has the policies.
    pub describes_role: bool,
    /// Managed policies that a principal of a template or module has whatever is not known: ARNs and addresses, each once.
    pub attached_for_sure: Vec<String>,
    /// Whether policies of groups are among those of a user.
    pub has_group_policies: bool,
    /// Everything wrong with the text. Holds an [`ProblemKind::InvalidJson`] exactly when the file could not be judged.
    pub problems: Vec<Problem>,
}
