//! Compares what policies grant with what the reference requires.

pub mod comparison;
pub mod context;
pub mod coverage;
pub mod decide;
pub mod difference;
pub mod effect;
pub mod escalation;
pub mod excess;
mod judgement;
mod memo;
pub mod narrow;
pub(crate) mod partly_known;
pub mod prepare;
pub mod scope;
pub mod statement;
pub mod unconditional;
mod witness;

use std::sync::Arc;

use crate::finding::Witness;
use crate::parser::{HoleKind, SourceId, Span};

/// The verdict for one requirement, from its requests that succeed for certain and those that succeed only under an
/// unresolved Condition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Every request succeeds for certain.
    Covered,
    /// No request can succeed, because nothing grants it.
    Missing,
    /// An explicit Deny takes every request.
    Denied,
    /// Every request can succeed, some only under a Condition that is not resolved.
    Conditional,
    /// Some requests cannot succeed.
    Partial,
    /// The limit of the decision procedure was reached.
    Undecided,
    /// A value that is not known decides: covered for some values, and not for others.
    Depends,
}

impl Verdict {
    /// The lower-case name, as in the JSON output.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Covered => "covered",
            Verdict::Missing => "missing",
            Verdict::Denied => "denied",
            Verdict::Conditional => "conditional",
            Verdict::Partial => "partial",
            Verdict::Undecided => "undecided",
            Verdict::Depends => "depends",
        }
    }

    /// Whether some requests fail for certain.
    pub fn fails(self) -> bool {
        matches!(self, Verdict::Missing | Verdict::Partial | Verdict::Denied)
    }
}

/// One row of the comparison: a statement of the reference, an action as declared there, and one
/// action of the catalogue that it stands for.
#[derive(Clone, Debug)]
pub struct Row {
    /// Index of the statement in the reference.
    pub statement: usize,
    /// The `Sid` of that statement.
    pub sid: Option<Arc<str>>,
    /// `service:Action` in AWS's spelling.
    pub action: String,
    /// As the reference writes it (`s3:Get*`; `*` for a `NotAction`).
    pub declared_as: Arc<str>,
    /// The required resources, with placeholders replaced; only those that the action can apply to.
    pub resources: Arc<[String]>,
    /// True where every resource but these is required.
    pub not_resource: bool,
    /// The feature of a cluster that needs it; `None` for every cluster.
    pub feature: Option<&'static str>,
    /// True where it is not known whether the cluster has that feature.
    pub open: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// True when nothing is required here: the reference itself grants nothing, or AWS asks for no permission.
    pub vacuous: bool,
    /// A request that shows the verdict; `None` for `Covered` and `Undecided`.
    pub witness: Option<Witness>,
    /// Action patterns of Allow statements that grant some of it.
    pub allowed_by: Places,
    /// Action patterns of Deny statements that take some of it.
    pub denied_by: Places,
    /// What the verdict is at the extremes of values that are not known, where these differ.
    pub depends: Option<Box<Open>>,
}

/// What values that are not known make of a requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// The verdict where they grant as little and take as much as they can.
    pub at_worst: Verdict,
    /// The verdict where they grant as much and take as little as they can.
    pub at_best: Verdict,
    /// The values.
    pub values: Vec<OpenValue>,
}

/// A value that is not known, in the statements that bear on a requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenValue {
    /// As the template writes it.
    pub name: String,
    /// What it stands for.
    pub kind: HoleKind,
    /// Where it is written.
    pub place: (SourceId, Span),
    /// A value with which the statement grants what is required, where one is plain to see.
    pub value: Option<String>,
    /// What gives it a value: `--parameter NAME=VALUE`.
    pub option: Option<String>,
}

/// Places of files. Rows share them: there can be many of both.
pub type Places = Arc<[(SourceId, Span)]>;
