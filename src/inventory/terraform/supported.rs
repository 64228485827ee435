//! Arguments and blocks that a resource, a data source or a block in one does not have, or has to have. From `rules/terraform.toml`.

use super::evaluate::Unread;
use super::facts::{self, Accepts};
use super::syntax_tree::{Block, Body};
use super::value::Place;
use crate::nearest::nearest_word;
use crate::parser::{SourceId, Span, shorten, with_article};

/// The parts of a block of the module that Terraform refuses. The content of a `dynamic` block is left to [`content`].
pub(super) fn faults(block: &Block, source: SourceId) -> Vec<Unread> {
    let label = block.label(0).unwrap_or_default();
    let name = match block.kind.as_str() {
        "resource" => label.to_owned(),
        "data" => format!("data.{label}"),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    found.extend(no_type(block, label, source));
    if let Some(accepts) = facts::accepts(&name) {
        let of = Of {
            name: label,
            accepts,
            any: facts::accepts("*"),
            source,
        };
        of.body(&block.body, block.name_span(), &mut found);
    }
    found
}

/// A type that begins like those of IAM and is none of them. One of a later release may be a data source, of which nothing
/// is read anyway, so only a misspelled one is reported.
fn no_type(block: &Block, label: &str, source: SourceId) -> Option<Unread> {
    let known = facts::iam_types(&block.kind);
    if !label.starts_with("aws_iam_") || known.iter().any(|k| k == label) {
        return None;
    }
    let meant = nearest_word(label, known.iter().map(String::as_str), 2);
    let span = block.labels.first().map_or(block.header, |(_, span)| *span);
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`? Terraform refuses the block"),
        None if block.kind == "data" => return None,
        None => {
            "correct the type: Terraform refuses one that the provider does not have".to_owned()
        }
    };
    Some(Unread {
        place: Place { source, span },
        message: format!("`{}` is not a type of the AWS provider", shorten(label)),
        help,
    })
}

/// The same for the content of a `dynamic` block of which there is at least one.
pub(super) fn content(kind: &str, block: &Block, source: SourceId) -> Vec<Unread> {
    let mut found = Vec::new();
    if let Some(accepts) = facts::accepts(kind) {
        let of = Of {
            name: kind,
            accepts,
            any: None,
            source,
        };
        of.body(&block.body, block.header, &mut found);
    }
    found
}

/// A block, by its schema.
struct Of<'a> {
    name: &'a str,
    accepts: &'a Accepts,
    any: Option<&'a Accepts>,
    source: SourceId,
}

impl Of<'_> {
    fn body(&self, body: &Body, span: Span, found: &mut Vec<Unread>) {
        let has = |list: fn(&Accepts) -> &Vec<String>, name: &str| {
            let mut both = [Some(self.accepts), self.any].into_iter().flatten();
            both.any(|accepts| list(accepts).iter().any(|n| n == name))
        };
        for attribute in &body.attributes {
            let name = attribute.name.as_str();
            // In JSON, some blocks look like arguments.
            let is_block = { self.any }.is_some_and(|a| a.blocks.iter().any(|n| n == name));
            if is_block || has(|a| &a.arguments, name) {
                continue;
            }
            found.push(self.refused("argument", name, attribute.name_span));
        }
        for block in &body.blocks {
            let is_dynamic = block.kind == "dynamic";
            let kind = block.label(0).filter(|_| is_dynamic);
            let kind = kind.unwrap_or(&block.kind);
            if !has(|a| &a.blocks, kind) {
                found.push(self.refused("block", kind, block.header));
            } else if let Some(accepts) = facts::accepts(kind).filter(|_| !is_dynamic) {
                let of = Of {
                    name: kind,
                    accepts,
                    any: None,
                    source: self.source,
                };
                of.body(&block.body, block.header, found);
            }
        }
        for name in &self.accepts.required {
            if body.attribute(name).is_none() {
                let message = format!("no `{name}` in `{}`", self.name);
                let help = "add it: Terraform refuses the block without it".to_owned();
                found.push(self.unread(span, message, help));
            }
        }
    }

    fn refused(&self, what: &str, name: &str, span: Span) -> Unread {
        let (shown, of) = (shorten(name), self.name);
        let is_block = what == "argument" && self.accepts.blocks.iter().any(|n| n == name);
        if is_block {
            let message = format!("`{shown}` is a block of `{of}`, and this is an argument");
            let help = format!("write `{shown} {{ … }}`: Terraform refuses the argument");
            return self.unread(span, message, help);
        }
        let own = self.accepts.arguments.iter().chain(&self.accepts.blocks);
        let meant = nearest_word(name, own.map(String::as_str), 2);
        let meant = meant.map_or(String::new(), |meant| format!("did you mean `{meant}`? "));
        let message = format!("`{shown}` is not {} of `{of}`", with_article(what));
        self.unread(
            span,
            message,
            format!("{meant}Terraform refuses the {what}"),
        )
    }

    fn unread(&self, span: Span, message: String, help: String) -> Unread {
        let place = Place {
            source: self.source,
            span,
        };
        Unread {
            place,
            message,
            help,
        }
    }
}
