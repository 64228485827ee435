mod lines;

use super::*;
use crate::matcher::template::{Placeholders, customer};
use crate::parser::Version;
use Truth::{False, True, Unknown};

fn test(operator: &str, values: &[&str]) -> Test {
    let mut names = Placeholders::default();
    let values = values.iter();
    let values = values.map(|v| customer(v, Version::V2012, &mut names).0);
    Test::new(operator.parse().ok(), "k".to_owned(), values.collect())
}

fn given(values: &[&str]) -> KeyValue {
    KeyValue::Values(values.iter().map(|v| literal(v)).collect())
}

#[test]
fn one_value_against_a_list() {
    for (operator, values, value, expected) in [
        ("StringEquals", &["a", "b"][..], "b", True),
        ("StringEquals", &["a"], "A", False),
        ("StringEquals", &["a*"], "ab", False),
        ("StringEquals", &["a*"], "a*", True),
        ("StringNotEquals", &["a", "b"], "b", False),
        ("StringNotEquals", &["a", "b"], "c", True),
        ("stringequalsIGNOREcase", &["aB"], "Ab", True),
        ("StringNotEqualsIgnoreCase", &["aB"], "Ab", False),
        ("StringLike", &["a*"], "ab", True),
        ("StringLike", &["a?"], "a", False),
        ("StringLike", &["a${*}"], "ab", False),
        ("StringNotLike", &["a*"], "ab", False),
        ("StringEquals", &["${aws:username}"], "a", Unknown),
        ("StringEquals", &["x${aws:username}"], "a", False),
        ("NumericEquals", &["10"], "10.0", True),
        ("NumericLessThan", &["10"], "9.99", True),
        ("NumericLessThanEquals", &["-1"], "-2", True),
        (
            "NumericGreaterThan",
            &["12345678901234567890"],
            "12345678901234567891",
            True,
        ),
        ("NumericGreaterThanEquals", &["1"], "0.5", False),
        ("NumericNotEquals", &["1"], "1", False),
        ("NumericEquals", &["0"], "-0.0", True),
        ("NumericEquals", &["x"], "1", Unknown),
        (
            "DateGreaterThan",
            &["2026-01-01T00:00:00Z"],
            "2026-01-02",
            True,
        ),
        (
            "DateLessThan",
            &["2026-01-01T00:00:00Z"],
            "1767225599",
            True,
        ),
        (
            "DateEquals",
            &["2026-01-01T01:00:00+01:00"],
            "2026-01-01T00:00:00Z",
            True,
        ),
        ("DateNotEquals", &["2026-01-01"], "2026-01-01", False),
        ("DateEquals", &["2026-02"], "2026-02-01", True),
        ("DateGreaterThan", &["2026-02"], "2026-02-01", False),
        ("Bool", &["true"], "True", True),
        ("Bool", &["true"], "false", False),
        ("BinaryEquals", &["QmluYXJ5"], "QmluYXJ5", True),
        ("IpAddress", &["203.0.113.0/24"], "203.0.113.9", True),
        ("IpAddress", &["203.0.113.7"], "203.0.113.9", False),
        ("NotIpAddress", &["203.0.113.0/24"], "203.0.114.9", True),
        ("IpAddress", &["2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", &["2001:db8::/32"], "2001:db8:8000::1", True),
        ("IpAddress", &["2001:db8::/32"], "203.0.113.9", False),
        ("IpAddress", &["0.0.0.0/0"], "203.0.113.9", True),
        (
            "ArnLike",
            &["arn:aws:sns:*:123456789012:t*"],
            "arn:aws:sns:x:123456789012:topic",
            True,
        ),
        (
            "ArnEquals",
            &["arn:aws:sns:*:*:t"],
            "arn:aws:sns:a:b:u",
            False,
        ),
        (
            "ArnNotLike",
            &["arn:aws:iam::*:role/a"],
            "arn:aws:iam::1:role/b",
            True,
        ),
    ] {
        let found = test(operator, values).evaluate(&given(&[value]));
        assert_eq!(found, expected, "{operator} {values:?} on {value}");
    }
}

#[test]
fn borders_of_networks() {
    for (network, address, expected) in [
        ("203.0.113.64/26", "203.0.113.63", False),
        ("203.0.113.64/26", "203.0.113.64", True),
        ("203.0.113.64/26", "203.0.113.127", True),
        ("203.0.113.64/26", "203.0.113.128", False),
        // Bits beyond the prefix do not count.
        ("203.0.113.100/26", "203.0.113.64", True),
        ("203.0.113.7/32", "203.0.113.7", True),
        ("203.0.113.7/32", "203.0.113.6", False),
        ("128.0.0.0/1", "127.255.255.255", False),
        ("128.0.0.0/1", "128.0.0.0", True),
        ("128.0.0.0/1", "255.255.255.255", True),
        ("0.0.0.0/0", "255.255.255.255", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("2001:db8:8000::/33", "2001:db8:7fff:ffff::", False),
        ("2001:db8:8000::/33", "2001:db8:8000::", True),
        (
            "2001:db8:8000::/33",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            True,
        ),
        ("2001:db8:8000::/33", "2001:db9::", False),
        ("::/0", "ffff::", True),
        // A network of the request that reaches beyond that of the policy.
        ("203.0.113.64/26", "203.0.113.64/27", True),
        ("203.0.113.64/26", "203.0.113.0/24", Unknown),
        ("203.0.113.64/26", "203.0.114.0/24", False),
    ] {
        let value = given(&[address]);
        let found = test("IpAddress", &[network]).evaluate(&value);
        assert_eq!(found, expected, "{address} in {network}");
        let negated = test("NotIpAddress", &[network]).evaluate(&value);
        assert_eq!(
            negated,
            expected.negate_if(true),
            "{address} not in {network}"
        );
    }
    for text in ["203.0.113.0/33", "203.0.113", "2001:db8::/129", "a/8", ""] {
        assert_eq!(network(text), None, "{text}");
    }
}

/// What is known of a key with a form without what a request says of it.
#[test]
fn values_that_a_key_cannot_have() {
    use KeyValue::{Absent, Present, Unknown as Open};
    let on = |operator: &str, values: &[&str], key: &str| Test {
        domain: domain(key),
        ..test(operator, values)
    };
    for (key, operator, values, absent, present, not_known) in [
        (
            "aws:sourcevpc",
            "StringEquals",
            &["vpc-*"][..],
            False,
            False,
            False,
        ),
        (
            "aws:sourcevpc",
            "StringNotEquals",
            &["vpc-*"],
            True,
            True,
            True,
        ),
        (
            "aws:sourcevpc",
            "StringEqualsIfExists",
            &["a"],
            True,
            False,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "StringNotEqualsIfExists",
            &["a"],
            True,
            True,
            True,
        ),
        (
            "aws:sourcevpc",
            "StringLike",
            &["vpc-*"],
            False,
            True,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "StringNotLike",
            &["vpc-*"],
            True,
            False,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "StringLike",
            &["vpc-????????"],
            False,
            Unknown,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "StringEquals",
            &["a", "vpc-0a1b2c3d"],
            False,
            Unknown,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "StringEqualsIgnoreCase",
            &["VPC-0A1B2C3D"],
            False,
            Unknown,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "ForAllValues:StringEquals",
            &["a"],
            True,
            False,
            Unknown,
        ),
        (
            "aws:sourcevpc",
            "ForAnyValue:StringEquals",
            &["a"],
            False,
            False,
            False,
        ),
        ("aws:sourcevpc", "Null", &["true"], True, False, Unknown),
        (
            "aws:sourceip",
            "IpAddress",
            &["10.0.0.0/8"],
            False,
            False,
            False,
        ),
        (
            "aws:sourceip",
            "NotIpAddress",
            &["10.0.0.0/8", "::1"],
            True,
            True,
            True,
        ),
        (
            "aws:sourceip",
            "IpAddressIfExists",
            &["10.0.0.0/8"],
            True,
            False,
            Unknown,
        ),
        (
            "aws:sourceip",
            "IpAddress",
            &["10.0.0.0/8", "203.0.113.0/24"],
            False,
            Unknown,
            Unknown,
        ),
        ("aws:sourceip", "StringLike", &["10.*"], False, False, False),
        (
            "aws:vpcsourceip",
            "IpAddress",
            &["10.0.0.0/8"],
            False,
            Unknown,
            Unknown,
        ),
    ] {
        let line = on(operator, values, key);
        let found = [Absent, Present, Open].map(|value| line.evaluate(&value));
        assert_eq!(
            found,
            [absent, present, not_known],
            "{operator} {values:?} on {key}"
        );
    }
}

#[test]
fn lines_that_exclude_each_other_by_the_values_of_their_key() {
    let exclude = |lines: &[(&str, &[&str])]| {
        let tests = lines.iter().map(|(operator, values)| Test {
            domain: domain("aws:sourcevpc"),
            ..test(operator, values)
        });
        let tests: Vec<Test> = tests.collect();
        exclude_each_other(&tests.iter().collect::<Vec<_>>(), false)
    };
    for (lines, expected) in [
        // A request without the key fulfils both.
        (
            &[
                ("StringLikeIfExists", &["a"][..]),
                ("StringEqualsIfExists", &["b"]),
            ][..],
            false,
        ),
        (
            &[("StringLikeIfExists", &["a"]), ("Null", &["false"])],
            true,
        ),
        (
            &[("StringLike", &["*"]), ("StringNotLike", &["vpc-*"])],
            true,
        ),
        (
            &[("StringLike", &["*"]), ("StringNotLike", &["vpc-a*"])],
            false,
        ),
        (
            &[
                ("StringLike", &["vpc-a*", "my"]),
                ("StringNotLike", &["vpc-a*"]),
            ],
            true,
        ),
        (
            &[("StringLike", &["vpc-?"]), ("StringNotLike", &["vpc-a*"])],
            true,
        ),
    ] {
        assert_eq!(exclude(lines), expected, "{lines:?}");
    }
}

#[test]
fn keys_that_are_missing_or_not_known() {
    use KeyValue::{Absent, Present};
    for (operator, values, absent, present, not_known) in [
        ("StringEquals", &["a"][..], False, Unknown, Unknown),
        ("StringNotEquals", &["a"], True, Unknown, Unknown),
        ("StringEqualsIfExists", &["a"], True, Unknown, Unknown),
        ("StringLike", &["*"], False, True, Unknown),
        ("StringLikeIfExists", &["*"], True, True, True),
        ("StringNotLike", &["*"], True, False, Unknown),
        ("ForAllValues:StringEquals", &["a"], True, Unknown, Unknown),
        ("ForAllValues:StringLike", &["*"], True, True, True),
        ("ForAllValues:StringNotLike", &["*"], True, False, Unknown),
        ("ForAnyValue:StringEquals", &["a"], False, Unknown, Unknown),
        ("ForAnyValue:StringNotLike", &["*"], False, False, False),
        (
            "ForAnyValue:StringLikeIfExists",
            &["*"],
            Unknown,
            True,
            Unknown,
        ),
        ("Null", &["true"], True, False, Unknown),
        ("Null", &["false"], False, True, Unknown),
        ("Null", &["true", "false"], True, True, True),
        ("ForAllValues:Null", &["true"], True, True, True),
        ("ForAnyValue:Null", &["true"], False, False, False),
        ("Bool", &["true"], False, Unknown, Unknown),
        ("BoolIfExists", &["true"], True, Unknown, Unknown),
        ("NotIpAddress", &["10.0.0.0/8"], True, Unknown, Unknown),
        ("StringSomething", &["a"], Unknown, Unknown, Unknown),
        ("StringEquals", &[], False, False, False),
        ("StringNotEquals", &[], Unknown, Unknown, Unknown),
        ("StringEqualsIfExists", &[], True, False, Unknown),
        ("ForAllValues:StringEquals", &[], True, False, Unknown),
        ("ForAnyValue:StringEquals", &[], False, False, False),
    ] {
        let test = test(operator, values);
        let found = [Absent, Present, KeyValue::Unknown].map(|v| test.evaluate(&v));
        assert_eq!(found, [absent, present, not_known], "{operator} {values:?}");
    }
}

#[test]
fn several_values() {
    for (operator, values, request, expected) in [
        (
            "ForAllValues:StringEquals",
            &["a", "b"][..],
            &["a", "b"][..],
            True,
        ),
        ("ForAllValues:StringEquals", &["a"], &["a", "b"], False),
        ("ForAllValues:StringEquals", &["a"], &[], True),
        ("ForAnyValue:StringEquals", &["a"], &["a", "b"], True),
        ("ForAnyValue:StringEquals", &["c"], &["a", "b"], False),
        ("ForAllValues:StringNotEquals", &["a"], &["b", "c"], True),
        ("ForAnyValue:StringNotEquals", &["a"], &["a", "c"], True),
        (
            "ForAnyValue:StringNotEquals",
            &["a", "c"],
            &["a", "c"],
            False,
        ),
        ("StringEquals", &["a"], &["a", "b"], Unknown),
    ] {
        let found = test(operator, values).evaluate(&given(request));
        assert_eq!(found, expected, "{operator} {values:?} on {request:?}");
    }
}

#[test]
fn values_known_in_part() {
    let part = |text: &str| KeyValue::Values(vec![Pattern::glob(text)]);
    for (operator, values, value, expected) in [
        ("StringLike", &["ec2.*"][..], "ec2.amazonaws.*", True),
        ("StringEquals", &["ec2.amazonaws.com"], "ec2.*", Unknown),
        ("StringEquals", &["s3.amazonaws.com"], "ec2.*", False),
        ("StringNotLike", &["s3.*"], "ec2.*", True),
        ("NumericEquals", &["1"], "1*", Unknown),
        (
            "ArnLike",
            &["arn:aws:iam::1:role/*"],
            "arn:aws:iam::1:role/a*",
            True,
        ),
        (
            "ArnLike",
            &["arn:aws:iam::1:role/*"],
            "arn:aws:iam::*",
            Unknown,
        ),
        ("Bool", &["true"], "f*", False),
        ("Bool", &["true"], "T*", Unknown),
    ] {
        let found = test(operator, values).evaluate(&part(value));
        assert_eq!(found, expected, "{operator} {values:?} on {value}");
    }
}

#[test]
fn keys_are_folded_up_to_the_tag() {
    assert_eq!(fold_key("AWS:RequestTag/Team"), "aws:requesttag/Team");
    assert_eq!(fold_key("iam:PassedToService"), "iam:passedtoservice");
}

#[test]
fn a_key_has_a_prefix_a_name_and_no_space_but_in_that_of_a_tag() {
    for (text, expected) in [
        ("aws:SourceArn", true),
        ("aws:ResourceTag/cost center", true),
        ("aws:", false),
        (":SourceArn", false),
        (":", false),
        ("SourceArn", false),
        ("aws:Source Arn", false),
    ] {
        assert_eq!(is_key(text), expected, "{text}");
    }
}
