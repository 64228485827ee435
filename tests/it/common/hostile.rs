//! Policies that are hard to decide: what a person would never write and a gate must survive.

use serde_json::{Value, json};

/// A reference and a policy, as texts.
pub struct Hostile {
    pub name: &'static str,
    pub reference: String,
    pub policy: String,
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn statement(effect: &str, key: &str, resources: &[String]) -> Value {
    json!({ "Effect": effect, "Action": "sqs:*", key: resources })
}

fn queue(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

fn needed(name: &str) -> String {
    document(&[json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue(name) })])
}

/// All of them.
pub fn all() -> Vec<Hostile> {
    let letters = || ('a'..='z').chain('0'..='9');
    let stars: Vec<String> = letters()
        .map(|c| queue(&format!("*{c}*{c}*{c}*")))
        .collect();
    let pairs: Vec<String> = letters()
        .flat_map(|a| {
            letters()
                .take(10)
                .map(move |b| queue(&format!("*{a}*{b}*")))
        })
        .collect();
    let marks = "?".repeat(40);
    let far: Vec<String> = letters().map(|c| queue(&format!("*{c}{marks}"))).collect();
    let names: Vec<String> = (0..800).map(|n| queue(&format!("name-{n:04}-*"))).collect();
    let everything = || statement("Allow", "Resource", &["*".to_owned()]);
    let many: Vec<Value> = (0..500)
        .map(|n| {
            let effect = if n % 3 == 0 { "Deny" } else { "Allow" };
            statement(effect, "Resource", &[queue(&format!("*{n}*{}*", n % 7))])
        })
        .collect();
    let one = |name, reference: String, statements: &[Value]| Hostile {
        name,
        reference,
        policy: document(statements),
    };
    vec![
        one(
            "36 patterns *a*a*a* in union",
            needed("*"),
            &[statement("Allow", "Resource", &stars)],
        ),
        one(
            "360 patterns *a*b* in union",
            needed("*"),
            &[statement("Allow", "Resource", &pairs)],
        ),
        one(
            "36 patterns *a with 40 ? behind",
            needed("*"),
            &[statement("Allow", "Resource", &far)],
        ),
        one(
            "the same, denied",
            needed("*"),
            &[everything(), statement("Deny", "Resource", &far)],
        ),
        one(
            "800 Deny ARNs",
            needed("*"),
            &[everything(), statement("Deny", "Resource", &names)],
        ),
        one(
            "NotResource with 800 ARNs",
            needed("*"),
            &[statement("Allow", "NotResource", &names)],
        ),
        one("500 statements", needed("*"), &many),
        one(
            "one ?* repeated 2,000 times",
            needed("*"),
            &[statement(
                "Allow",
                "Resource",
                &[queue(&"?*".repeat(2_000))],
            )],
        ),
        one(
            "*a 400 times against *b 400 times",
            needed(&"*b".repeat(400)),
            &[statement("Allow", "Resource", &[queue(&"*a".repeat(400))])],
        ),
        one(
            "a condition with 40 ?",
            document(&[json!({
                "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
                "Condition": { "StringLike": { "aws:SourceVpc": format!("*{marks}") } },
            })]),
            &[json!({
                "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
                "Condition": { "StringLike": { "aws:SourceVpc": format!("*a{marks}*b{marks}") } },
            })],
        ),
    ]
}
