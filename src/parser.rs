//! Text to [`Policy`]: strict JSON with spans, then the grammar of identity-based policies.
//!
//! [`decode`] turns bytes into a [`Source`], [`parse`] turns a source into a [`Document`]: the policies it holds and
//! every [`Problem`] of the text, each with its place in the file.
//!
//! ```
//! use pcluster_iam::parser::{Source, SourceId, parse};
//!
//! let source = Source::new(
//!     "queue.json",
//!     r#"{"Statement": {"Effect": "allow", "Action": "sqs:*", "Resource": "*"}}"#,
//! );
//! let document = parse(SourceId(0), &source);
//! assert_eq!(document.policies.len(), 1);
//! assert_eq!(document.problems[0].subject, "Effect");
//! assert_eq!(source.slice(document.problems[0].span), "allow");
//! ```

mod audit;
mod condition;
mod content;
mod date;
mod decoded;
pub mod dump;
mod element;
mod encoding;
mod envelope;
mod fault;
mod foreign;
mod grammar;
mod hole;
mod json;
mod keyword;
mod masked;
mod owner;
mod pattern;
mod policy;
mod printed;
mod problem;
mod quote;
mod source;
mod statement;
mod syntax;
mod token;
pub(crate) mod tree;
mod trust;
mod trust_grammar;
pub(crate) mod yaml;

pub use content::Document;
pub(crate) use content::{ATTACHED, BOUNDARY};
pub use decoded::Text;
pub(crate) use decoded::{HolePart, PartEnd};
pub use encoding::decode;
pub use hole::{Extreme, Hole, HoleKind};
pub use keyword::{Effect, Version};
pub use owner::{Owner, Tags, name_in, open_role_arn, role_arn, user_arn};
pub(crate) use policy::Unknowns;
pub use policy::{
    Attachment, Characters, Condition, Element, Policy, Problem, ProblemKind, Statement,
};
pub(crate) use quote::name;
pub(crate) use quote::{shorten, shorten_to, with_article};
pub(crate) use source::{Kind as LayoutKind, Layout};
pub use source::{Location, Source, SourceId, Sources, Span, Spanned};
pub use trust::{PrincipalKind, TrustPolicy, TrustPrincipal, TrustStatement};

use std::sync::Arc;

use json::Layer;
use problem::Reader;

/// Reads the policies of one file.
///
/// Accepted are a policy document, what the AWS CLI prints around one (`PolicyVersion.Document`, `PolicyDocument` as an
/// object, as a JSON string or as a URL-encoded JSON string), and lists of `{PolicyName, PolicyDocument}`.
///
/// A fault of the grammar is a [`Problem`] and reading goes on; statements keep what could be read. A text that cannot
/// be judged at all gives no policy and a problem of kind [`ProblemKind::InvalidJson`]. Problems come in the order of
/// their places.
///
/// Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub fn parse(id: SourceId, source: &Source) -> Document {
    let mut reader = Reader::new(id);
    let text = source.text();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    if start > 0 {
        reader.report(
            Problem::invalid_policy(
                problem::BYTE_ORDER_MARK,
                "the file starts with a byte order mark, which AWS does not accept",
                Span::new(0, start),
            )
            .with_help("save the file as UTF-8 without a byte order mark (BOM)"),
        );
    }
    envelope::read(&mut reader, Layer::file(body, start));
    reader.finish()
}

/// A document as JSON that no file holds: what a template says, each byte with its place in the file.
#[derive(Default, Debug)]
pub(crate) struct Written {
    /// The text.
    pub(crate) text: String,
    /// The file offset of each of its bytes.
    pub(crate) offsets: Vec<u32>,
    /// The parts of the text that are not known, in order.
    pub(crate) holes: Vec<HolePart>,
    /// The ends of the parts of its strings, in order.
    pub(crate) ends: Vec<PartEnd>,
}

/// What is known of a statement that [`Written`] holds beside its text.
#[derive(Debug)]
pub(crate) struct Flags {
    /// As [`Statement::is_absent`].
    pub(crate) is_absent: bool,
    /// As [`Statement::may_allow`].
    pub(crate) may_allow: bool,
    /// As [`Statement::holes`].
    pub(crate) holes: Vec<usize>,
    /// The alternatives that it is in, each with the hole that decides between them and others.
    pub(crate) branches: Vec<(usize, usize)>,
}

/// Reads a policy that a template defines. `flags` are those of the objects in its `Statement`.
pub(crate) fn parse_written(
    id: SourceId,
    written: &Written,
    name: Option<String>,
    attachment: Attachment,
    flags: &[Flags],
    unknowns: &Unknowns,
) -> Document {
    let mut reader = Reader::new(id);
    reader.holes = Arc::clone(&unknowns.holes);
    reader.branches = flags.iter().map(|f| f.branches.clone()).collect();
    let layer = Layer::written(written);
    envelope::written(
        &mut reader,
        layer,
        grammar::Carried {
            name,
            attachment,
            is_stored: false,
        },
    );
    let mut document = reader.finish();
    for policy in &mut document.policies {
        for (statement, flags) in policy.statements.iter_mut().zip(flags) {
            statement.is_absent = flags.is_absent;
            statement.may_allow = flags.may_allow;
            statement.holes.clone_from(&flags.holes);
            let is_open = |sid: &mut Text| grammar::has_unknown(sid, &unknowns.holes);
            statement.sid.take_if(is_open);
        }
        policy.unknowns = Some(Box::new(unknowns.clone()));
    }
    document
}

/// The characters of a text that a template defines, as [`Policy::characters`].
pub(crate) fn characters(text: &str, holes: &[Hole]) -> Characters {
    masked::characters(text, holes)
}

/// Reads a trust policy that a template defines.
pub(crate) fn parse_trust(id: SourceId, written: &Written, holes: &Arc<[Hole]>) -> Document {
    let mut reader = Reader::new(id);
    reader.holes = Arc::clone(holes);
    let layer = Layer::written(written);
    envelope::trust_text(&mut reader, layer, None);
    reader.finish()
}
