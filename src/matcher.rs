//! Decides what IAM patterns match, exactly.
//!
//! A [`Pattern`] is a sequence of tokens over [`Symbol`]s; it comes from an action pattern ([`ActionPattern`]), from a
//! resource string of a policy ([`ResourcePattern`]), or from the ARN format of a resource type ([`arn::format`]).
//! [`find`](search::find) answers questions about unions and complements of patterns. It proves an answer with a
//! *word*: a concrete string, as symbols. (`machine word` means 64 bits.)

pub mod action;
pub mod arn;
mod class;
pub mod condition;
pub mod pattern;
pub mod search;
mod symbol;
pub mod template;

pub use action::{ActionMatch, ActionPattern};
pub use arn::{Piece, Pieces, Reading, ResourcePattern, Variables};
pub use class::Class;
pub use pattern::{Pattern, Token};
pub use symbol::Symbol;
