//! The policies and principals that a template, a module or an account dump defines.
//!
//! A reader of a format evaluates what it can into [`Value`]s: trees of objects, lists and texts whose bytes know their
//! places in the file, with a hole wherever a value is not known. [`document`] reads a [`Value`] as a policy, with the
//! grammar that reads JSON files:
//!
//! ```text
//! file ─► reader ─► Value (texts with holes) ─► document() ─► Reading { worst, best, texts } ─► Policy
//!                                 └─► Holes, the table of what is not known
//! ```
//!
//! A value with holes is read up to three times, once for each extreme; a value without holes once. The engine decides
//! each reading as if it were a file of its own, and `check` puts the verdicts together.
//!
//! An [`Inventory`] lists the principals, each with the documents that are attached to it: one role to judge.

pub mod cloudformation;
mod cycle;
mod holes;
mod iam_limits;
mod json_text;
mod leaves;
mod names;
mod principal;
mod render;
pub mod terraform;
mod value;

pub use holes::Holes;
pub use principal::{Document, Inventory, Kind, Principal, Trust, Written};
use render::Unread;
pub use render::{Attached, Reading, document, trust};
pub use value::{Node, Piece, Value, no_boundary};

/// The most parts of one file that are listed as not checked.
const MOST_LISTED: usize = 20;

/// The first parts of a list of what was not checked, and how many there are beside them.
fn first_of(mut all: Vec<String>) -> Vec<String> {
    let rest = all.len().saturating_sub(MOST_LISTED);
    all.truncate(MOST_LISTED);
    if rest > 0 {
        all.push(format!("and {rest} more of these"));
    }
    all
}

/// The domain of AWS in a partition: `AWS::URLSuffix`, and `dns_suffix` of the data source `aws_partition`.
fn url_suffix(partition: Option<&str>) -> &'static str {
    match partition {
        Some("aws-cn") => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}
