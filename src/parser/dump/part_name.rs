//! The names of a part of a dump, and how much a managed policy is used.

use super::{Part, PartKind, layer, written};
use crate::parser::json::{self, Kind, Places};
use crate::parser::owner::LONGEST_NAME;
use crate::parser::quote::shorten_to;
use crate::parser::source::{Source, Spanned};

/// The names of a part.
#[derive(Clone, Debug)]
pub struct PartName {
    /// The name, with its place.
    pub name: Spanned<String>,
    /// The ARN.
    pub arn: Option<String>,
    /// How many principals a managed policy is attached to, and how many it limits as their permissions boundary.
    pub uses: Uses,
}

/// The use of a managed policy in its account, as far as the dump says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Uses {
    /// `AttachmentCount`.
    pub attached: Option<u64>,
    /// `PermissionsBoundaryUsageCount`.
    pub as_boundary: Option<u64>,
}

/// The names of a part; `None` where it has none.
pub fn part_name(source: &Source, part: Part) -> Option<PartName> {
    let written = written(source, part).ok()?;
    let mut places = Places::default();
    let value = json::read(layer(source, part, written.as_ref()), &mut places).ok()?;
    if value.kind() != Kind::Object {
        return None;
    }
    let key = match part.kind {
        PartKind::User => "UserName",
        PartKind::Group => "GroupName",
        PartKind::Role => "RoleName",
        PartKind::Policy => "PolicyName",
    };
    let text = |key: &str| value.member(key).and_then(|v| v.string());
    let arn = text("Arn").map(|t| Spanned {
        span: t.span,
        value: shorten_to(&t.value, LONGEST_ARN),
    });
    let name = match text(key) {
        Some(text) => Spanned {
            value: shorten_to(&text.value, LONGEST_NAME),
            span: text.span,
        },
        None => Spanned {
            value: crate::parser::name_in(&arn.as_ref()?.value).to_owned(),
            span: arn.as_ref()?.span,
        },
    };
    let number = |key: &str| value.member(key).and_then(|v| v.raw().parse().ok());
    Some(PartName {
        name,
        arn: arn.map(|a| a.value),
        uses: Uses {
            attached: number("AttachmentCount"),
            as_boundary: number("PermissionsBoundaryUsageCount"),
        },
    })
}

/// An ARN with the longest path and name has fewer characters.
const LONGEST_ARN: usize = 2048;
