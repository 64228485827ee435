//! Operators of conditions (7.1), and the keys of tags (7.9).

use serde_json::json;

use super::{Case, OBJECTS, allow, judge, when};
use crate::common::table::each;

/// The key is `aws:Referer`, with any text: it is the operator that says how values are compared.
#[test]
fn operators_7_1() {
    let role = "arn:aws:iam::123456789012:role/a/b";
    each(
        [
            ("StringEquals", json!("a*"), "a*", "ab"),
            ("StringNotEquals", json!("a*"), "ab", "a*"),
            ("StringEqualsIgnoreCase", json!("Ab"), "aB", "b"),
            ("StringNotEqualsIgnoreCase", json!("Ab"), "b", "aB"),
            ("StringLike", json!("a?*"), "abc", "a"),
            ("StringNotLike", json!("a?*"), "a", "abc"),
            ("NumericEquals", json!(1.5), "1.50", "1.51"),
            ("NumericNotEquals", json!("1.5"), "1.51", "1.50"),
            ("NumericLessThan", json!(10), "9.9", "10"),
            ("NumericLessThanEquals", json!(10), "10", "10.1"),
            ("NumericGreaterThan", json!(-1), "0", "-1"),
            ("NumericGreaterThanEquals", json!(-1), "-1", "-1.1"),
            (
                "DateEquals",
                json!("2026-01-01T01:00:00+01:00"),
                "2026-01-01T00:00:00Z",
                "2026-01-01T01:00:00Z",
            ),
            (
                "DateNotEquals",
                json!("2026-01-01"),
                "2026-01-02",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateLessThan",
                json!("2026-01-01T00:00:00Z"),
                "2025-12-31T23:59:59Z",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateLessThanEquals",
                json!("2026-01-01T00:00:00Z"),
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:01Z",
            ),
            (
                "DateGreaterThan",
                json!("1767225600"),
                "2026-01-01T00:00:01Z",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateGreaterThanEquals",
                json!("1767225600"),
                "2026-01-01T00:00:00Z",
                "2025-12-31T23:59:59Z",
            ),
            ("Bool", json!(true), "true", "false"),
            (
                "IpAddress",
                json!(["10.0.0.0/8", "2001:db8::/32"]),
                "2001:DB8::1",
                "11.0.0.1",
            ),
            (
                "NotIpAddress",
                json!(["10.0.0.0/8", "2001:db8::/32"]),
                "11.0.0.1",
                "2001:db8:1::",
            ),
            (
                "ArnEquals",
                json!("arn:aws:iam::*:role/*"),
                role,
                "arn:aws:iam::1:user/a",
            ),
            (
                "ArnNotEquals",
                json!("arn:aws:iam::*:role/*"),
                "arn:aws:iam::1:user/a",
                role,
            ),
            (
                "ArnLike",
                json!("arn:aws:iam::12345678901?:role/a/*"),
                role,
                "arn:aws:iam::1:role/a/b",
            ),
            (
                "ArnNotLike",
                json!("arn:aws:iam::12345678901?:role/a/*"),
                "arn:aws:iam::1:role/a/b",
                role,
            ),
        ],
        |(operator, value, holds_for, fails_for)| {
            let negated = operator.contains("Not");
            // The plain operator, with the suffix, and the sets of one value, which agree where the key is there.
            for (prefix, suffix, absent) in [
                ("", "", Some(negated)),
                ("", "IfExists", Some(true)),
                ("ForAllValues:", "", Some(true)),
                ("ForAllValues:", "IfExists", Some(true)),
                ("ForAnyValue:", "", Some(false)),
                // The suffix says true and the prefix false.
                ("ForAnyValue:", "IfExists", None),
            ] {
                let operator = format!("{prefix}{operator}{suffix}");
                let expected = |holds: Option<bool>| match holds {
                    Some(true) => "covered",
                    Some(false) => "missing",
                    None => "conditional",
                };
                for (context, holds) in [
                    (Some(holds_for), Some(true)),
                    (Some(fails_for), Some(false)),
                    (None, absent),
                ] {
                    let needed = || allow("s3:GetObject", OBJECTS);
                    let found = judge(&Case {
                        reference: vec![needed()],
                        policies: vec![when(needed(), &operator, "aws:Referer", value.clone())],
                        context: vec![("aws:Referer", context)],
                        ..Case::default()
                    });
                    assert_eq!(found, expected(holds), "7.1 {operator} {value} {context:?}");
                }
            }
        },
    );
    let binary = |value: &'static str| {
        let needed = || allow("s3:GetObject", OBJECTS);
        judge(&Case {
            reference: vec![needed()],
            policies: vec![when(
                needed(),
                "BinaryEquals",
                "aws:Referer",
                json!("QmluYXJ5"),
            )],
            context: vec![("aws:Referer", Some(value))],
            ..Case::default()
        })
    };
    assert_eq!(binary("QmluYXJ5"), "covered", "7.1 BinaryEquals");
    assert_eq!(
        binary("QmluYXJ4"),
        "conditional",
        "7.1 BinaryEquals of another text"
    );
}

#[test]
fn keys_of_tags_7_9() {
    each(
        [
            ("as it is stored", "aws:PrincipalTag/Team", "covered"),
            (
                "the name of the key does not mind case",
                "AWS:principaltag/Team",
                "covered",
            ),
            (
                "what follows the slash does",
                "aws:PrincipalTag/team",
                "conditional",
            ),
        ],
        |(rule, key, expected)| {
            let needed = || allow("s3:GetObject", OBJECTS);
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![when(needed(), "StringEquals", key, json!("a"))],
                context: vec![("aws:PrincipalTag/Team", Some("a"))],
                ..Case::default()
            });
            assert_eq!(found, expected, "7.9 {rule}");
        },
    );
}
