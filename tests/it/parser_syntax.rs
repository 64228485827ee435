//! Texts that are not JSON, and what is said about them.
use crate::common::table::each;
use pcluster_iam::parser::{ProblemKind, Source, SourceId, parse};

/// Text, part of the message, underlined text, part of the help.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    ("", "the file is empty", "", "put the policy in"),
    (" \r\n\t", "white space", "", "put the policy in"),
    (r#"{"a": 1,}"#, "trailing comma before `}`", ",", "remove"),
    (
        r#"{"a": ["b",]}"#,
        "trailing comma before `]`",
        ",",
        "remove",
    ),
    (
        r#"{"a": ["b" "c"]}"#,
        "missing comma before `\"c\"`",
        "\"c\"",
        "comma between",
    ),
    (
        "{\"a\": 1\n \"b\": 2}",
        "missing comma",
        "\"b\"",
        "comma between",
    ),
    (
        r#"[{"a": 1} {"b": 2}]"#,
        "missing comma",
        "{",
        "comma between",
    ),
    (
        "{\"a\": 1, // why\n \"b\": 2}",
        "no comments",
        "// why",
        "Sid",
    ),
    (
        "{\"a\": 1, /* so\n */ \"b\": 2}",
        "no comments",
        "/* so\n */",
        "remove",
    ),
    ("# mine\n{\"a\": 1}", "no comments", "# mine", "remove"),
    ("{'a': 'b'}", "wrong quotes", "'a'", "\"a\""),
    ("{\"a\": `b`}", "wrong quotes", "`b`", "double quotes"),
    ("{“a”: 1}", "typographic quotes", "“a”", "\"a\""),
    ("{\"a\": „b“}", "typographic", "„b“", "straight"),
    (
        "{\"a\": \"b”\n}",
        "not closed on its line",
        "\"b”",
        "typographic",
    ),
    (
        "{Effect: 1}",
        "the key `Effect` is not in quotes",
        "Effect",
        "\"Effect\"",
    ),
    (
        r#"{"Effect": Allow}"#,
        "the value `Allow`",
        "Allow",
        "\"Allow\"",
    ),
    (
        r#"{"Action": s3:Get*}"#,
        "the value `s3:Get*`",
        "s3:Get*",
        "\"s3:Get*\"",
    ),
    (r#"{"a": True}"#, "`True` is not JSON", "True", "`true`"),
    (r#"{"a": None}"#, "`None` is not JSON", "None", "`null`"),
    (
        r#"{"a": <REGION>}"#,
        "placeholder `<REGION>`",
        "<REGION>",
        "double quotes",
    ),
    (
        r#"{"a": <AWS ACCOUNT ID>}"#,
        "placeholder",
        "<AWS ACCOUNT ID>",
        "double quotes",
    ),
    (
        r#"{"a": ${Arn}}"#,
        "placeholder `${Arn}`",
        "${Arn}",
        "double quotes",
    ),
    (
        r#"{"a": {{ arn }}}"#,
        "placeholder `{{ arn }}`",
        "{{ arn }}",
        "double quotes",
    ),
    ("{\"a\": \"b\n\"}", "not closed on its line", "\"b", "`\\n`"),
    ("{\"a\": \"b\tc\"}", "raw tab", "\t", "`\\t`"),
    (
        "{\"a\": \"b\u{1}\"}",
        "control character U+0001",
        "\u{1}",
        "remove",
    ),
    (r#"{"a": "b"#, "not closed", "\"b", "cut off"),
    (
        r#"{"Effect: "Allow"}"#,
        "directly after a closing quote",
        "Allow",
        "missing or too many",
    ),
    (
        r#"{"a": {"b": 1}"#,
        "ends before `{` is closed",
        "}",
        "missing `}`",
    ),
    (
        r#"{"a": [1"#,
        "ends before `[` is closed",
        "1",
        "missing `]`",
    ),
    (
        r#"{"a": [1}"#,
        "`}` does not close the `[`",
        "}",
        "missing `]`",
    ),
    (
        r#"{"a": 1]"#,
        "`]` does not close the `{`",
        "]",
        "missing `}`",
    ),
    (r#"{"a": 1}}"#, "one too many", "}", "remove"),
    (r#"{"a": 1};"#, "found `;` after the end", ";", "remove"),
    (r#"{"a": 1},"#, "found `,` after the end", ",", "remove"),
    ("{\"a\": 1}\n{\"a\": 2}\n", "NDJSON", "{", "file of its own"),
    (
        "{\n\"a\": 1}\n{\n\"a\": 2}\n",
        "second JSON document",
        "{",
        "Statement",
    ),
    (
        "{\u{a0}\"a\": 1}",
        "no-break space (U+00A0)",
        "\u{a0}",
        "ordinary blank",
    ),
    (
        "{\u{200b}\"a\": 1}",
        "invisible character",
        "\u{200b}",
        "ordinary blank",
    ),
    (
        r#"{"a": "\x"}"#,
        "`\\x` is not an escape",
        "\\x",
        "backslash",
    ),
    (
        r#"{"a": "\u00g0"}"#,
        "four hexadecimal digits",
        "\\u00",
        "`\\u00e9`",
    ),
    (
        r#"{"a": "\ud800"}"#,
        "lone surrogate",
        "\\ud800",
        "both halves",
    ),
    (
        r#"{"a": "x\udc00"}"#,
        "lone surrogate",
        "\\udc00",
        "both halves",
    ),
    (
        r#"{"a": 012345678901}"#,
        "not a number",
        "012345678901",
        "double quotes",
    ),
    (r#"{"a": .5}"#, "not a number", ".5", "double quotes"),
    (r#"{"a": 1e999}"#, "is too large", "1e999", "double quotes"),
    (
        r#"{"a": 2012-10-17}"#,
        "the value `2012-10-17`",
        "2012-10-17",
        "double quotes",
    ),
    (
        r#"{"a" "b"}"#,
        "expected `:` after the key `\"a\"`",
        "\"b\"",
        "colon",
    ),
    (r#"{"a", "b"}"#, "expected `:`", ",", "list of strings"),
    (r#"{"a" = "b"}"#, "found `=`", "=", "colon"),
    (
        r#"{"a": }"#,
        "the key `\"a\"` has no value",
        "}",
        "write a value",
    ),
    (r#"["a": 1]"#, "found `:` in a list", ":", "`{…}`"),
    (
        r#"["a",, "b"]"#,
        "found `,` where a value belongs",
        ",",
        "remove",
    ),
    (r#"{"a": 1,, "b": 2}"#, "expected a key", ",", "remove"),
    (r"{1: 2}", "expected a key", "1", "key"),
    (r"}", "closes nothing", "}", "starts with"),
    (
        r#"{"a": 1} trailing"#,
        "after the end",
        "trailing",
        "remove",
    ),
    (
        r#""Version": "2012-10-17", "Statement": []"#,
        "is outside",
        "\"Version\"",
        "put `{` before",
    ),
    (
        r#"{"Effect": "Allow"}, {"Effect": "Deny"}"#,
        "found `,` after the end",
        ",",
        "several statements",
    ),
];

#[test]
fn broken_texts_are_explained() {
    each(BROKEN, |(text, message, underlined, help)| {
        let source = Source::new("broken.json", *text);
        let document = parse(SourceId(0), &source);
        assert!(document.policies.is_empty());
        let [problem] = document.problems.as_slice() else {
            panic!("{text:?}: {:?}", document.problems);
        };
        let shown = problem.help.clone().unwrap_or_default();
        assert_eq!(problem.kind, ProblemKind::InvalidJson);
        assert!(
            problem.message.contains(message),
            "{text:?}: {}",
            problem.message
        );
        assert_eq!(
            source.slice(problem.span),
            *underlined,
            "{text:?}: {}",
            problem.message
        );
        assert!(shown.contains(help), "{text:?}: {shown}");
        assert!(!problem.message.ends_with('.') && !shown.ends_with('.'));
    });
}

#[test]
fn places_count_the_byte_order_mark_and_end_of_lines() {
    let source = Source::new("broken.json", "\u{feff}{\r\n\t\"a\": 1,\r\n}");
    let document = parse(SourceId(0), &source);
    let comma = document.problems.last().unwrap();
    assert_eq!(source.slice(comma.span), ",");
    let place = source.location(comma.span.start);
    assert_eq!((place.line, place.column), (2, 8));
}
