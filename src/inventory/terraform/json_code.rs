//! `.tf.json` files: the same code as JSON.

use std::collections::BTreeSet;

use super::hcl::{self, Fault};
use super::syntax_tree::{Attribute, Block, Body, Expression, Literal, Node, Part};
use crate::inventory::json_text::{self, Json, Token};
use crate::parser::{Span, shorten};

/// Blocks that have labels, and how many.
const TOP: [(&str, usize); 8] = [
    ("resource", 2),
    ("data", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("locals", 0),
    ("provider", 1),
    ("terraform", 0),
];
/// Blocks within those that are read, which look like attributes here.
const INNER: [&str; 7] = [
    "statement",
    "condition",
    "principals",
    "not_principals",
    "inline_policy",
    "policies",
    "lifecycle",
];

/// Reads a file.
///
/// # Errors
///
/// The first place that is not JSON, or not code.
pub(super) fn body(text: &str) -> Result<Body, Fault> {
    let tokens = json_text::of_file(text);
    let json = json_text::parse(&tokens).map_err(|(message, at)| Fault {
        message,
        span: Span { start: at, end: at },
    })?;
    let mut body = Body::default();
    for (key, value) in members(&json)? {
        let (name, header) = key_text(key)?;
        if let Some((_, labels)) = TOP.iter().find(|(kind, _)| *kind == name) {
            blocks(&name, *labels, &mut Vec::new(), value, &mut body.blocks)?;
        } else if name != "//" {
            // Others are known by their kind alone.
            body.blocks.push(Block {
                kind: name,
                labels: Vec::new(),
                body: Body::default(),
                span: span(value),
                header,
            });
        }
    }
    Ok(body)
}

/// Reads a file of values of variables.
///
/// # Errors
///
/// The first place that is not JSON.
pub(super) fn values(text: &str) -> Result<Vec<Attribute>, Fault> {
    let tokens = json_text::of_file(text);
    let json = json_text::parse(&tokens).map_err(|(message, at)| Fault {
        message,
        span: Span { start: at, end: at },
    })?;
    let mut all = Vec::new();
    for (key, value) in members(&json)? {
        let (name, name_span) = key_text(key)?;
        all.push(Attribute {
            name,
            name_span,
            value: expression(value, false)?,
        });
    }
    Ok(all)
}

fn members(json: &Json) -> Result<&[(Json, Json)], Fault> {
    match &json.token {
        Token::Object(members) => Ok(members),
        _ => Err(Fault {
            message: "expected an object".to_owned(),
            span: span(json),
        }),
    }
}

fn span(json: &Json) -> Span {
    Span {
        start: json.start,
        end: json.end,
    }
}

fn key_text(key: &Json) -> Result<(String, Span), Fault> {
    match &key.token {
        Token::Text(text) if text.holes.is_empty() => {
            let start = text.offsets.first().copied().unwrap_or_default();
            let end = text.offsets.last().copied().unwrap_or_default();
            Ok((text.value.clone(), Span { start, end }))
        }
        _ => Err(Fault {
            message: "expected a key".to_owned(),
            span: span(key),
        }),
    }
}

/// Reads `{"aws_iam_role": {"node": {…}}}`, in which each level may be a list of the same.
fn blocks(
    kind: &str,
    levels: usize,
    labels: &mut Vec<(String, Span)>,
    value: &Json,
    out: &mut Vec<Block>,
) -> Result<(), Fault> {
    if let Token::Array(all) = &value.token {
        return { all.iter() }.try_for_each(|one| blocks(kind, levels, labels, one, out));
    }
    if levels == 0 {
        out.push(Block {
            kind: kind.to_owned(),
            labels: labels.clone(),
            body: inner(kind, value)?,
            span: span(value),
            header: Span {
                end: span(value).start + 1,
                ..span(value)
            },
        });
        return Ok(());
    }
    for (key, value) in members(value)? {
        labels.push(key_text(key)?);
        blocks(kind, levels - 1, labels, value, out)?;
        labels.pop();
    }
    Ok(())
}

/// Refuses a key that an object has twice, as Terraform does. Several objects or lists of one key may be blocks.
fn once(all: &[(Json, Json)]) -> Result<(), Fault> {
    let mut names = BTreeSet::new();
    for (key, value) in all {
        let Token::Text(text) = &key.token else {
            continue;
        };
        let is_structured = matches!(value.token, Token::Object(_) | Token::Array(_));
        if !names.insert(&text.value) && !is_structured && text.value != "//" {
            return Err(Fault {
                message: format!(
                    "the key `{}` is given twice in one object",
                    shorten(&text.value)
                ),
                span: span(key),
            });
        }
    }
    Ok(())
}

fn inner(kind: &str, value: &Json) -> Result<Body, Fault> {
    let mut body = Body::default();
    once(members(value)?)?;
    let reads_blocks =
        kind == "resource" || kind == "data" || INNER.contains(&kind) || kind == "content";
    for (key, value) in members(value)? {
        let (name, name_span) = key_text(key)?;
        let is_structured = matches!(value.token, Token::Object(_) | Token::Array(_));
        if name == "//" {
            continue;
        }
        if reads_blocks && is_structured && INNER.contains(&name.as_str()) {
            blocks(&name, 0, &mut Vec::new(), value, &mut body.blocks)?;
        } else if reads_blocks && is_structured && name == "dynamic" {
            blocks(&name, 1, &mut Vec::new(), value, &mut body.blocks)?;
        } else if kind == "dynamic" && name == "content" {
            blocks(&name, 0, &mut Vec::new(), value, &mut body.blocks)?;
        } else {
            // A default is a value as it is; what other arguments hold are templates.
            let is_template = kind != "variable";
            body.attributes.push(Attribute {
                name,
                name_span,
                value: expression(value, is_template)?,
            });
        }
    }
    Ok(body)
}

fn expression(json: &Json, is_template: bool) -> Result<Expression, Fault> {
    let node = match &json.token {
        Token::Boolean(value) => Node::Boolean(*value),
        Token::Number(text) => Node::Number(text.clone()),
        Token::Text(text) => {
            let plain = !is_template || !text.value.contains(['$', '%']);
            Node::Template(if text.value.is_empty() {
                Vec::new()
            } else if plain {
                vec![Part::Literal(Literal {
                    text: text.value.clone(),
                    offsets: text.offsets.clone(),
                })]
            } else {
                hcl::template(&text.value, &text.offsets)?
            })
        }
        Token::Array(all) => {
            let all = all.iter().map(|e| expression(e, is_template));
            Node::Tuple(all.collect::<Result<_, _>>()?)
        }
        Token::Object(members) => {
            once(members)?;
            let members = members.iter().map(|(key, value)| {
                Ok((
                    expression(key, is_template)?,
                    expression(value, is_template)?,
                ))
            });
            Node::Object(members.collect::<Result<_, Fault>>()?)
        }
        Token::Null | Token::Hole(_) => Node::Null,
    };
    Ok(Expression {
        node,
        span: span(json),
    })
}
