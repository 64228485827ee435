//! The obvious way to judge one request: no patterns compared with patterns, no automata.

use serde_json::Value;

/// One statement, as its JSON would say it.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "as the JSON has them")]
pub struct Statement {
    pub allow: bool,
    pub not_action: bool,
    pub actions: Vec<String>,
    pub not_resource: bool,
    pub resources: Vec<String>,
    pub condition: bool,
}

/// `*` any run, `?` one character.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some(b'*') => glob(&pattern[1..], text) || !text.is_empty() && glob(pattern, &text[1..]),
        Some(b'?') => !text.is_empty() && glob(&pattern[1..], &text[1..]),
        Some(c) => text.first() == Some(c) && glob(&pattern[1..], &text[1..]),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    assert!(
        pattern.is_ascii() && text.is_ascii(),
        "one character is one byte here"
    );
    glob(pattern.as_bytes(), text.as_bytes())
}

fn action_matches(pattern: &str, action: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let (Some((ps, pn)), Some((s, n))) = (pattern.split_once(':'), action.split_once(':')) else {
        return false;
    };
    ps == s && matches(pn, n)
}

fn fields(arn: &str) -> Vec<&str> {
    arn.splitn(6, ':').collect()
}

/// Field by field; what has fewer fields matches only where it ends in `*`.
fn resource_matches(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if resource == "*" {
        return false;
    }
    let (p, r) = (fields(pattern), fields(resource));
    if p.len() < 6 {
        let head = p.len() - 1;
        return pattern.ends_with('*')
            && p[..head].iter().zip(&r).all(|(p, r)| matches(p, r))
            && matches(p[head], &r[head..].join(":"));
    }
    p.iter().zip(&r).all(|(p, r)| matches(p, r))
}

/// Under the widest reading of what AWS's pages leave open, wildcards cross fields; that is counted
/// only for resources in whose names no `:` occurs.
fn resource_may_match(pattern: &str, resource: &str) -> bool {
    let crossing = matches(pattern, resource)
        || fields(pattern).len() < 6 && pattern != "*" && matches(&format!("{pattern}*"), resource);
    let plain = fields(resource)
        .get(5)
        .is_some_and(|name| !name.contains(':'));
    resource_matches(pattern, resource) || crossing && plain
}

/// For certain, or possibly.
#[derive(Clone, Copy, PartialEq)]
pub enum Sure {
    No,
    Maybe,
    Yes,
}

impl Statement {
    /// Whether the statement matches a request.
    pub fn applies(&self, action: &str, resource: &str) -> Sure {
        if self.actions.iter().any(|p| action_matches(p, action)) == self.not_action {
            return Sure::No;
        }
        let certain = self.resources.iter().any(|p| resource_matches(p, resource));
        let possible = self
            .resources
            .iter()
            .any(|p| resource_may_match(p, resource));
        let (certain, possible) = if self.not_resource {
            (!possible, !certain)
        } else {
            (certain, possible)
        };
        match (certain, possible) {
            (true, _) if !self.condition => Sure::Yes,
            // A contested reading never helps an Allow; a Condition may.
            (true, _) => Sure::Maybe,
            (false, true) if !self.allow => Sure::Maybe,
            _ => Sure::No,
        }
    }
}

/// (sure, possible, denied for certain)
pub fn outcome<'s>(
    statements: impl Iterator<Item = &'s Statement>,
    action: &str,
    resource: &str,
) -> (bool, bool, bool) {
    let mut best = Sure::No;
    let mut worst = Sure::No;
    for statement in statements {
        let side = if statement.allow {
            &mut best
        } else {
            &mut worst
        };
        match (statement.applies(action, resource), *side) {
            (Sure::Yes, _) => *side = Sure::Yes,
            (Sure::Maybe, Sure::No) => *side = Sure::Maybe,
            _ => {}
        }
    }
    (
        best == Sure::Yes && worst == Sure::No,
        best != Sure::No && worst != Sure::Yes,
        worst == Sure::Yes,
    )
}

/// The same over several layers: each must allow, any can deny.
pub fn layered(layers: &[Vec<Statement>], action: &str, resource: &str) -> (bool, bool, bool) {
    let each = layers
        .iter()
        .map(|statements| outcome(statements.iter(), action, resource));
    each.fold((true, true, false), |all, one| {
        (all.0 && one.0, all.1 && one.1, all.2 || one.2)
    })
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other} is no list of strings"),
    }
}

/// The statements of a policy document. A policy variable counts as a condition and as any text.
pub fn statements(document: &Value) -> Vec<Statement> {
    let variables = document["Version"] == "2012-10-17";
    let listed = match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    listed
        .iter()
        .map(|s| {
            let either = |plain: &str, negated: &str| match s.get(negated) {
                Some(list) => (true, strings(list)),
                None => (false, strings(&s[plain])),
            };
            let (not_action, actions) = either("Action", "NotAction");
            let (not_resource, resources) = either("Resource", "NotResource");
            let mut condition = s
                .get("Condition")
                .is_some_and(|c| *c != Value::Object(serde_json::Map::new()));
            let resources = resources
                .into_iter()
                .map(|r| {
                    if variables {
                        plain(&r, &mut condition)
                    } else {
                        r
                    }
                })
                .collect();
            Statement {
                allow: s["Effect"] == "Allow",
                not_action,
                actions,
                not_resource,
                resources,
                condition,
            }
        })
        .collect()
}

/// `${*}` is a literal `*` (no resource of these tests has one); any other `${…}` is any text.
fn plain(resource: &str, condition: &mut bool) -> String {
    let mut text = resource
        .replace("${*}", "\u{1}")
        .replace("${?}", "\u{2}")
        .replace("${$}", "$");
    while let Some(start) = text.find("${") {
        let end = start + text[start..].find('}').unwrap();
        text.replace_range(start..=end, "?*");
        *condition = true;
    }
    text
}
