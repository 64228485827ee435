//! The texts that a placeholder can stand for.

use super::data::{SHAPES, TAKEN};

/// Whether the values of a placeholder come from the policy through [`super::cluster_names::narrow`] alone.
pub(super) fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name)
}

/// Whether a literal can be what a placeholder stands for.
pub(super) fn has_shape(name: &str, value: &str) -> bool {
    SHAPES
        .iter()
        .find(|(n, ..)| *n == name)
        .is_none_or(|(_, shape, except)| glob(shape, value) && !glob(except, value))
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
