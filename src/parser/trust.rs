//! The trust policy of a role: who may assume it.
//!
//! Elements: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::decoded::Text;
use super::keyword::Version;
use super::policy::{Attachment, Characters, Element, Policy, Statement};
use super::source::{SourceId, Span, Spanned};

/// The key under which a principal is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    /// `"Principal": "*"`.
    Everyone,
    /// `AWS`: accounts, users, roles and sessions.
    Aws,
    /// `Service`
    Service,
    /// `Federated`
    Federated,
    /// `CanonicalUser`
    CanonicalUser,
}

/// One principal of a statement.
#[derive(Clone, PartialEq, Debug)]
pub struct TrustPrincipal {
    /// The key of `Principal` that it is listed under.
    pub kind: PrincipalKind,
    /// The value as written.
    pub value: Text,
}

/// One statement of a trust policy.
#[derive(Clone, PartialEq, Debug)]
pub struct TrustStatement {
    /// The elements that policies of a role have, too.
    pub rest: Statement,
    /// Who may assume the role, or may not.
    pub principals: Vec<TrustPrincipal>,
}

/// A trust policy.
#[derive(Clone, PartialEq, Debug)]
pub struct TrustPolicy {
    /// The file that contains it.
    pub source: SourceId,
    /// The `Statement` key; the opening brace when there is none.
    pub statement_key: Span,
    /// `Version`.
    pub version: Version,
    /// The account of the role, where the file gives it.
    pub account: Option<String>,
    /// How many characters IAM counts.
    pub characters: Characters,
    /// The statements in order.
    pub statements: Vec<TrustStatement>,
    /// True where IAM rejects it.
    pub is_rejected: bool,
    /// True where a template leaves parts open.
    pub is_open: bool,
    /// True where only principals of Allow statements are open, and each that they may be is in the statements.
    pub has_all_principals: bool,
}

impl TrustPolicy {
    /// One statement as a policy of its own, on any resource: for what reads Conditions.
    pub(crate) fn alone(&self, statement: &TrustStatement) -> Policy {
        let mut rest = statement.rest.clone();
        let span = rest.span;
        let everything = Text {
            value: "*".to_owned(),
            span,
            offsets: None,
            holes: None,
            ends: None,
        };
        rest.resource = Some(Element {
            negated: false,
            key: Spanned {
                value: "Resource".to_owned(),
                span,
            },
            values: vec![everything],
            value_span: span,
        });
        Policy {
            source: self.source,
            name: None,
            attachment: Attachment::Unknown,
            characters: Characters::default(),
            breaks_grammar: false,
            has_refused_arn: false,
            is_stored: false,
            unknowns: None,
            version: self.version,
            version_span: None,
            span,
            statement_key: self.statement_key,
            statements: vec![rest],
        }
    }
}
