//! The reader against `serde_json`, and random edits of a real policy.
use pcluster_iam::parser::{Document, ProblemKind, Source, SourceId, Span, decode, parse};
use proptest::prelude::*;

/// A JSON text, with keys that repeat, escapes and white space.
fn json() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        prop::sample::select(vec![
            "\"Action\"",
            "\"Statement\"",
            "\"\"",
            "\"a\"",
            "\"A\\u0063tion\""
        ])
        .prop_map(str::to_owned),
        ".{0,4}".prop_map(|s| serde_json::to_string(&s).unwrap()),
        "[a-z ]{0,3}(\\\\u00e9|\\\\ud83d\\\\ude00|\\\\n|\\\\\\\\){0,2}"
            .prop_map(|s| format!("\"{s}\"")),
    ];
    let leaf = prop_oneof![
        string.clone(),
        prop::sample::select(vec![
            "true",
            "false",
            "null",
            "0",
            "-1.5e3",
            "12345678901234567890"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|v| format!("[{}]", v.join(" ,\n"))),
            prop::collection::vec((string.clone(), inner), 0..4).prop_map(|v| {
                let members: Vec<_> = v.iter().map(|(k, v)| format!("{k}\t: {v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Queue", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:Get*"],
     "Resource": "arn:aws:sqs:<REGION>:123456789012:parallelcluster-*"},
    {"Effect": "Deny", "NotAction": "s3:\u0047et*", "NotResource": ["arn:aws:s3:::büro/*"],
     "Condition": {"StringLike": {"aws:RequestedRegion": ["us-*", 1, true]}}}
  ]
}"#;

fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, &'static str)> {
    let pieces = vec![
        "",
        "\"",
        "\\",
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        "'",
        "“",
        "\u{a0}",
        "\n",
        "//",
        "#",
        "null",
        "\\u",
        "\\ud800",
        "{{",
        "${",
        "<",
        "e",
        "1",
        "%7B",
        "é",
        "\u{0}",
        "\u{feff}",
        "\"Action\": 1,",
    ];
    (
        any::<prop::sample::Index>(),
        0_usize..4,
        prop::sample::select(pieces),
    )
}

fn edited(text: &str, edits: &[(prop::sample::Index, usize, &str)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, removed, piece) in edits {
        let at = at.index(chars.len() + 1);
        let end = (at + removed).min(chars.len());
        chars.splice(at..end, piece.chars());
    }
    chars.into_iter().collect()
}

fn spans(document: &Document) -> Vec<Span> {
    let mut spans = Vec::new();
    for problem in &document.problems {
        spans.push(problem.span);
        spans.extend(problem.related.iter().map(|(span, _)| *span));
    }
    for policy in &document.policies {
        spans.extend([policy.span, policy.statement_key]);
        for statement in &policy.statements {
            spans.push(statement.span);
            spans.extend(statement.condition_span);
            for element in statement.action.iter().chain(&statement.resource) {
                spans.extend([element.key.span, element.value_span]);
                spans.extend(element.values.iter().map(|v| v.span));
            }
        }
    }
    spans
}

fn check(source: &Source, document: &Document) {
    for span in spans(document) {
        assert!(
            source.text().get(span.range()).is_some(),
            "{span:?} of {:?}",
            source.text()
        );
    }
    let refused = document
        .problems
        .iter()
        .any(|p| p.kind == ProblemKind::InvalidJson);
    assert_eq!(
        refused,
        document.policies.is_empty(),
        "{:?}",
        document.problems
    );
    for problem in &document.problems {
        assert!(
            !problem.message.is_empty() && !problem.message.ends_with('.'),
            "{}",
            problem.message
        );
        assert!(!problem.message.contains('\n'), "{}", problem.message);
    }
    for policy in &document.policies {
        for statement in &policy.statements {
            for element in statement.action.iter().chain(&statement.resource) {
                for text in &element.values {
                    let shown = source.slice(text.span);
                    if !shown.contains(['\\', '%']) && !text.value.is_empty() {
                        assert_eq!(shown, text.value);
                    }
                }
            }
        }
    }
}

/// True when the text was refused as JSON rather than as a policy.
fn is_not_json(document: &Document) -> bool {
    document
        .problems
        .iter()
        .filter(|p| p.kind == ProblemKind::InvalidJson)
        .any(|p| p.subject == "syntax" || p.message.ends_with("not an IAM policy in JSON"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn random_json_is_accepted(text in json()) {
        // In a list, for a lone string may hold a document.
        let text = format!("[{text}]");
        let source = Source::new("a", text.as_str());
        let document = parse(SourceId(0), &source);
        prop_assert!(!is_not_json(&document), "{text}: {:?}", document.problems);
        check(&source, &document);
    }

    #[test]
    fn broken_json_is_refused_exactly_when_serde_json_refuses(
        text in json(),
        edits in prop::collection::vec(edit(), 0..3),
    ) {
        let text = format!("{{\"Statement\": {}}}", edited(&text, &edits));
        let source = Source::new("a", text.as_str());
        let document = parse(SourceId(0), &source);
        let refused = serde_json::from_str::<serde_json::Value>(&text).is_err();
        prop_assert_eq!(is_not_json(&document), refused, "{}: {:?}", text, document.problems);
        check(&source, &document);
    }

    #[test]
    fn an_edited_policy_never_panics(edits in prop::collection::vec(edit(), 1..5)) {
        let source = Source::new("a", edited(POLICY, &edits));
        check(&source, &parse(SourceId(0), &source));
    }

    #[test]
    fn an_edited_policy_in_a_string_never_panics(
        edits in prop::collection::vec(edit(), 0..4),
        outer in prop::collection::vec(edit(), 0..2),
    ) {
        let string = serde_json::to_string(&edited(POLICY, &edits)).unwrap();
        let text = edited(&format!("{{\"PolicyDocument\": {string}}}"), &outer);
        let source = Source::new("a", text);
        check(&source, &parse(SourceId(0), &source));
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let (source, problem) = decode("a", bytes);
        if let Some(problem) = problem {
            prop_assert!(source.text().get(problem.span.range()).is_some());
        } else {
            check(&source, &parse(SourceId(0), &source));
        }
    }
}

#[test]
fn a_large_policy_takes_linear_time() {
    let statement =
        r#"{"Effect": "Allow", "Action": ["s3:Get*", "s3:Put\u002a"], "Resource": "*"}"#;
    let text = format!("{{\"Statement\": [{}]}}", vec![statement; 4_000].join(","));
    let source = Source::new("a", text);
    let document = parse(SourceId(0), &source);
    assert_eq!(document.policies[0].statements.len(), 4_000);
    assert_eq!(document.problems, []);
}
