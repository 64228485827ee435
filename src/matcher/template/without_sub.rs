//! Names of CloudFormation in a text that is not that of `Fn::Sub`: nothing replaces them.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>

use super::{Leftover, Placeholders, customer, customer_value};
use crate::matcher::{Piece, Pieces};
use crate::parser::{Span, Version};

/// The beginning of a name that every template of CloudFormation can refer to.
const PSEUDO: &str = "${AWS::";

/// Splits a string of a policy that a template or a module defines, as [`customer_value`] does where it stands for `of`.
/// The names of CloudFormation in it stand for no value.
pub fn of_template(
    text: &str,
    version: Version,
    of: Option<&str>,
    placeholders: &mut Placeholders,
) -> (Pieces, Vec<Leftover>) {
    let (pieces, mut leftovers) = match of {
        Some(of) => customer_value(text, version, of, placeholders),
        None => customer(text, version, placeholders),
    };
    if !text.contains(PSEUDO) {
        return (pieces, leftovers);
    }
    let mut own = pieces.to_vec();
    for leftover in &mut leftovers {
        let written = text.get(leftover.range.clone()).unwrap_or_default();
        if !written.starts_with(PSEUDO) {
            continue;
        }
        leftover.is_final = true;
        leftover.known = false;
        written.clone_into(&mut leftover.name);
        let range = Span::new(leftover.range.start, leftover.range.end);
        for (piece, _) in own.iter_mut().filter(|(_, span)| *span == range) {
            *piece = Piece::Placeholder(placeholders.number(written));
        }
    }
    (own.into(), leftovers)
}
