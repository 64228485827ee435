//! Names taken apart by the templates of the reference.

use super::{CLUSTER, LONGEST, is_cluster_name};

/// The first five fields of an ARN, and the rest.
pub(super) fn split(arn: &str) -> Option<(&str, &str)> {
    let (at, _) = arn.match_indices(':').nth(4)?;
    Some((arn.get(..at)?, arn.get(at + 1..)?))
}

/// The values of the placeholders with which a template is this text, each as long as possible; a `*` stands for itself.
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
            if name == CLUSTER && !is_cluster_name(value) {
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

/// Whether a pattern with `*` and `?` matches a text, in which a wildcard is an ordinary character.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b) if b == byte || *b == b'?' && *byte != b'*' => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}
