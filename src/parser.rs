//! Text to [`Policy`]: strict JSON with spans, then the grammar of identity-based policies.

mod json;
mod policy;
mod source;
mod syntax;

pub use policy::{
    Condition, Document, Effect, Element, Policy, Problem, ProblemKind, Statement, Text, Version,
};
pub use source::{Location, Source, SourceId, Sources, Span, Spanned};
