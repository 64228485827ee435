//! Names taken apart by the templates of the reference.

use super::{CLUSTER, LONGEST, is_cluster_name};
use crate::matcher::template;
use crate::reference::data::NAME_VALUES;
use crate::reference::value_shape::glob;

/// The first five fields of an ARN, and the rest.
pub(super) fn split(arn: &str) -> Option<(&str, &str)> {
    let (at, _) = arn.match_indices(':').nth(4)?;
    Some((arn.get(..at)?, arn.get(at + 1..)?))
}

/// The values of the placeholders with which a template is this text, each as long as possible; a `*` matches only `*`.
pub(super) fn instance<'t>(template: &'t str, text: &str) -> Option<Vec<(&'t str, String)>> {
    fn rest<'t>(template: &'t str, text: &str, out: &mut Vec<(&'t str, String)>) -> bool {
        let Some((literal, after)) = template.split_once("${") else {
            return template == text;
        };
        let (Some((name, after)), Some(text)) = (after.split_once('}'), text.strip_prefix(literal))
        else {
            return false;
        };
        let next = after.split_once("${").map_or(after, |(literal, _)| literal);
        let ends = (1..=text.len()).rev().filter(|at| {
            let tail = text.get(*at..);
            tail.is_some_and(|tail| tail.starts_with(next))
        });
        for end in ends {
            let value = text.get(..end).unwrap_or_default();
            if name == CLUSTER && !is_cluster_name(value) || !has_form(name, value) {
                continue;
            }
            out.push((name, value.to_owned()));
            if rest(after, text.get(end..).unwrap_or_default(), out) {
                return true;
            }
            out.pop();
        }
        false
    }
    let mut found = Vec::new();
    (text.len() <= LONGEST && rest(template, text, &mut found)).then_some(found)
}

/// Whether a form has a placeholder for any name of a kind.
pub(super) fn is_any(form: &str) -> bool {
    template::names(form).any(|name| NAME_VALUES.iter().any(|(of, ..)| *of == name))
}

/// Whether a placeholder of a rule can stand for a text of a policy. A text with `*` may match any form; one of fixed length is
/// random, and only `*` alone is written for it.
fn has_form(name: &str, value: &str) -> bool {
    let mut forms = NAME_VALUES.iter().filter(|(of, ..)| *of == name);
    forms.all(|(_, shape, except)| {
        let is_other = except.iter().any(|except| glob(except, value));
        let may_match = value == "*" || value.contains('*') && shape.contains('*');
        (may_match || glob(shape, value)) && !is_other
    })
}
