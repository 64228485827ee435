//! Wildcards, and the resources that a pattern matches.

/// `*` any run, `?` one character.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some(b'*') => glob(&pattern[1..], text) || !text.is_empty() && glob(pattern, &text[1..]),
        Some(b'?') => !text.is_empty() && glob(&pattern[1..], &text[1..]),
        Some(c) => text.first() == Some(c) && glob(&pattern[1..], &text[1..]),
    }
}

pub(super) fn matches(pattern: &str, text: &str) -> bool {
    assert!(
        pattern.is_ascii() && text.is_ascii(),
        "one character is one byte here"
    );
    glob(pattern.as_bytes(), text.as_bytes())
}

pub fn action_matches(pattern: &str, action: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (Some((ps, pn)), Some((s, n))) = (pattern.split_once(':'), action.split_once(':')) else {
        return false;
    };
    ps.eq_ignore_ascii_case(s) && matches(&pn.to_lowercase(), &n.to_lowercase())
}

pub(super) fn fields(arn: &str) -> Vec<&str> {
    arn.splitn(6, ':').collect()
}

/// Field by field; what has fewer fields matches only where it ends in `*`.
pub fn resource_matches(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if resource == "*" {
        return false;
    }
    if is_short(pattern) {
        let (p, r) = (fields(pattern), fields(resource));
        let head = p.len() - 1;
        return pattern.ends_with('*')
            && p[..head].iter().zip(&r).all(|(p, r)| matches(p, r))
            && matches(p[head], &r[head..].join(":"));
    }
    let mut both = pattern.splitn(6, ':').zip(resource.splitn(6, ':'));
    both.all(|(p, r)| matches(p, r))
}

/// Whether an ARN has fewer than six fields.
fn is_short(arn: &str) -> bool {
    arn.bytes().filter(|b| *b == b':').count() < 5
}

/// Under the widest reading of what AWS's pages leave open, wildcards cross fields; that is counted
/// only for resources in whose names no `:` occurs.
pub(super) fn resource_may_match(pattern: &str, resource: &str) -> bool {
    let crossing = matches(pattern, resource)
        || is_short(pattern) && pattern != "*" && matches(&format!("{pattern}*"), resource);
    let plain = resource.splitn(6, ':').nth(5);
    let plain = plain.is_some_and(|name| !name.contains(':'));
    resource_matches(pattern, resource) || crossing && plain
}

/// Under the widest reading of all, whatever the names are.
pub(super) fn resource_could_match(pattern: &str, resource: &str) -> bool {
    let crossing = matches(pattern, resource)
        || is_short(pattern) && pattern != "*" && matches(&format!("{pattern}*"), resource);
    resource_matches(pattern, resource) || resource != "*" && crossing
}

/// ARNs are compared field by field.
pub(super) fn arn_matches(value: &str, pattern: &str) -> bool {
    let mut both = pattern.splitn(6, ':').zip(value.splitn(6, ':'));
    both.all(|(p, v)| matches(p, v))
}

/// Texts that a pattern matches.
pub(super) fn samples(pattern: &str) -> impl Iterator<Item = String> {
    let fill = |(any, one)| pattern.replace('*', any).replace('?', one);
    [("", "a"), ("a", "z"), ("z", "b"), ("ab", "a")]
        .into_iter()
        .map(fill)
}

/// Whether a pattern matches a text.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes())
}
