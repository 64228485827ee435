//! An identity-based policy as AWS reads it, every element with its place.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::sync::Arc;

use super::decoded::Text;
use super::hole::{Extreme, Hole};
use super::keyword::{Effect, Version};
use super::source::{SourceId, Span, Spanned};
use crate::quota;

/// What is not known in a policy, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct Unknowns {
    /// How far the holes reach in this reading of the policy.
    pub(crate) extreme: Extreme,
    /// The holes of its file, which the parts of its texts name.
    pub(crate) holes: Arc<[Hole]>,
    /// Holes in the place of whole statements, which may allow or deny anything.
    pub(crate) statements: Vec<usize>,
    /// The hole that decides whether the policy is there at all.
    pub(crate) optional: Option<usize>,
}

/// `Action`/`NotAction` or `Resource`/`NotResource`: the element's key and its list.
#[derive(Clone, PartialEq, Debug)]
pub struct Element {
    /// True for `NotAction` and `NotResource`.
    pub negated: bool,
    /// The key, without quotes.
    pub key: Spanned<String>,
    /// The strings of the list; a lone string is a list of one.
    pub values: Vec<Text>,
    /// The whole value: the string without its quotes or the array with its brackets.
    pub value_span: Span,
}

/// One operator line of a `Condition`, flattened: operator, key, values.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// e.g. `StringEquals`.
    pub operator: Text,
    /// e.g. `iam:PassedToService`.
    pub key: Text,
    /// Values as texts; bare numbers and Booleans as they are written.
    pub values: Vec<Text>,
}

/// One statement. Elements that were unusable are `None` and drew a [`Problem`].
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    /// The object, braces included.
    pub span: Span,
    /// `Sid`.
    pub sid: Option<Text>,
    /// `Effect`, when it is `Allow` or `Deny`.
    pub effect: Option<Spanned<Effect>>,
    /// `Action` or `NotAction`.
    pub action: Option<Element>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Element>,
    /// Conditions, all of which must hold; empty for none and for `{}`.
    pub conditions: Vec<Condition>,
    /// The `Condition` value, braces included, when the element is present and not `{}`.
    pub condition_span: Option<Span>,
    /// True when a faulty `Condition` could not be read: it may hold or not.
    pub condition_unreadable: bool,
    /// The `{}` of a `Condition` without operators or of an operator without keys: it restricts nothing.
    pub empty_condition: Option<Span>,
    /// True where the statement may not be there at all, and is read as if it were not.
    pub(crate) is_absent: bool,
    /// True where it is read as absent or as a Deny, and allows something for some values of its holes.
    pub(crate) may_allow: bool,
    /// The holes that are in it, as indexes into [`Unknowns::holes`].
    pub(crate) holes: Vec<usize>,
    /// The statement as JSON, where the file has another text: it is decoded from a string, or made from a template.
    pub(crate) canonical: Option<Box<str>>,
}

/// How many characters AWS counts, once placeholders and the unknown values of a template are replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Characters {
    /// With the shortest values.
    pub fewest: usize,
    /// With the longest Region and partition; another value counts as it is written.
    pub most: usize,
}

impl Characters {
    /// Those of several policies together. Of policies that may not be there, one is.
    pub(crate) fn together<'p>(policies: impl Iterator<Item = &'p Policy>) -> Self {
        let mut all = Characters::default();
        let mut optional = 0;
        for policy in policies {
            if policy.is_optional() {
                optional = optional.max(policy.characters.fewest);
            } else {
                all.fewest += policy.characters.fewest;
            }
            all.most += policy.characters.most;
        }
        all.fewest += optional;
        all
    }
}

/// The attachment of a policy, which decides what AWS accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Attachment {
    /// The file does not say.
    #[default]
    Unknown,
    /// An inline policy of a role, user or group.
    Inline,
    /// A managed policy, a permissions boundary included.
    Managed,
    /// A service control policy, which AWS Organizations stores by rules of its own.
    Scp,
}

/// One policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file of the policy.
    pub source: SourceId,
    /// `PolicyName` where the document came in an envelope that names it.
    pub name: Option<String>,
    /// How the policy is attached, if the file shows it.
    pub attachment: Attachment,
    /// The characters of the policy without white space, as AWS counts them.
    pub characters: Characters,
    /// True where the grammar of policies is violated.
    pub(crate) breaks_grammar: bool,
    /// True where an ARN has a form that IAM rejects.
    pub(crate) has_refused_arn: bool,
    /// True for a version of a managed policy that exists: its size is no reason to reject it. AWS's own policies may be longer
    /// than those of customers.
    pub(crate) is_stored: bool,
    /// What is not known in it, for a policy of a template.
    pub(crate) unknowns: Option<Box<Unknowns>>,
    /// `Version`; [`Version::V2008`] when missing.
    pub version: Version,
    /// The value of `Version`, where the element is present.
    pub version_span: Option<Span>,
    /// The document, braces included.
    pub span: Span,
    /// The `Statement` key without quotes; the document's opening brace when there is none.
    pub statement_key: Span,
    /// The statements in order.
    pub statements: Vec<Statement>,
}

impl Policy {
    /// The strings of the statements: actions, resources, condition keys and their values.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| {
            let elements = statement.action.iter().chain(&statement.resource);
            let values = elements.flat_map(|element| &element.values);
            let conditions = statement.conditions.iter();
            let conditions = conditions.flat_map(|c| {
                let values = c.values.iter().map(|v| v.value.as_str());
                [c.key.value.as_str()].into_iter().chain(values)
            });
            values.map(|v| v.value.as_str()).chain(conditions)
        })
    }
}

impl Policy {
    /// Whether AWS rejects the policy: then its statements grant nothing.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html> (`MalformedPolicyDocument`)
    pub fn is_rejected(&self) -> bool {
        let by_iam = match self.attachment {
            Attachment::Managed => {
                self.has_old_version() || !self.is_stored && self.characters.fewest > quota::MANAGED
            }
            Attachment::Unknown => self.characters.fewest > quota::INLINE_OF_ROLE,
            Attachment::Scp | Attachment::Inline => false,
        };
        let has_refused_arn = self.has_refused_arn && self.attachment != Attachment::Scp;
        self.breaks_grammar || has_refused_arn || by_iam
    }

    /// Whether it exists for some values of its holes only.
    pub(crate) fn is_optional(&self) -> bool {
        let unknowns = self.unknowns.as_ref();
        unknowns.is_some_and(|unknowns| unknowns.optional.is_some())
    }

    /// Whether the `Version` is another than the one that managed policies need.
    pub(crate) fn has_old_version(&self) -> bool {
        self.version == Version::V2008
    }
}

/// The kind of a [`Problem`]; each kind is a lint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProblemKind {
    /// Nothing can be judged: not JSON, not UTF-8, not a policy at all (`invalid-json`).
    InvalidJson,
    /// One key twice in an object (`duplicate-key`); the last value is judged.
    DuplicateKey,
    /// The grammar of identity-based policies is violated (`invalid-policy`).
    InvalidPolicy,
    /// An ARN has a form that IAM rejects (`invalid-arn`).
    InvalidArn,
    /// A value of a condition has a form that IAM rejects (`invalid-condition`).
    InvalidCondition,
    /// A part of a template that could not be read (`unresolved`).
    Unresolved,
}

/// A fault of the text, with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// The lint that reports it.
    pub kind: ProblemKind,
    /// False where AWS accepts the policy all the same (a warning rather than an error).
    pub rejected: bool,
    /// The element at fault (`Effect`, `Statement`, a key …), stable across releases.
    pub subject: String,
    /// Lower case, no full stop.
    pub message: String,
    /// The text to write instead.
    pub help: Option<String>,
    /// The offending token.
    pub span: Span,
    /// `Sid` of its statement.
    pub sid: Option<String>,
    /// Other places worth showing, each with its words ("opened here", "first given here").
    pub related: Vec<(Span, String)>,
}
