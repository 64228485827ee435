//! Differences that are not decided: more values, strings or lines than are tried, or a meaning that AWS leaves open.

use serde_json::{Value as Json, json};

use super::variables::{OBJECT, names, prefix, read, send};
use super::{compare, keys, policy, shown};
use crate::common::table::each;

/// The readings of variables that are tried do not show everything.
#[test]
fn more_values_than_are_tried_are_undecided() {
    let ignore_case = json!({"StringEqualsIgnoreCase": {"aws:SourceVpce": "a${aws:username}"}});
    let thrice = "${aws:username, 'd'}${aws:username, 'd'}${aws:PrincipalTag/t}";
    let twice = "${aws:username, 'd'}${aws:username}";
    let public = |more: &[&str], not: Json| {
        let resources = [&["pub/*"], more].concat();
        let resources = resources.iter().map(|r| format!("arn:aws:s3:::bkt/{r}"));
        let mut condition = json!({"Null": {"aws:PrincipalTag/t": "true"}});
        if not != json!({}) {
            condition["StringNotEquals"] = not;
        }
        json!({"Effect": "Allow", "Action": OBJECT, "Resource": resources.collect::<Json>(), "Condition": condition})
    };
    let named = |effect: &str, resource: &str| {
        let mut statement = read(effect, resource);
        statement["Condition"] = json!({"StringLike": {"aws:username": "*"}});
        statement
    };
    let longer = named("Allow", "${aws:username}x");
    let mut both = named("Allow", "${aws:username}${aws:PrincipalTag/t}x");
    both["Condition"]["StringLike"]["aws:PrincipalTag/t"] = json!("?*");
    let mut tagged = named("Allow", "${aws:username}x");
    tagged["Condition"]["StringLike"]["aws:PrincipalTag/k"] = json!("?*z");
    let mut within = read("Deny", "*");
    within["Condition"] = json!({"StringLike": {"aws:PrincipalTag/k": "*${aws:username}*"}});
    let three = json!({"Effect": "Deny", "Action": OBJECT,
        "Resource": ["arn:aws:s3:::bkt/?x", "arn:aws:s3:::bkt/??x", "arn:aws:s3:::bkt/???x"]});
    let folders = |count: usize| {
        let names = ["", "b/", "c/", "d/", "e/", "f/"].into_iter().take(count);
        let denied = names.map(|name| read("Deny", &format!("${{aws:username}}/{name}*")));
        denied.chain([read("Allow", "*")])
    };
    let of_names = || {
        json!({"Effect": "Allow", "Action": OBJECT, "Resource": "arn:aws:s3:::bkt/x",
            "Condition": {"StringEquals": {"aws:username": names(30)}}})
    };
    let ten = "${aws:username}/${aws:userid}/${aws:SourceVpc}/${aws:SourceVpce}/${aws:PrincipalOrgID}/\
        ${aws:UserAgent}/${aws:Referer}/${aws:FederatedProvider}/${aws:PrincipalArn}/${aws:PrincipalType}";
    let letters = || {
        ('a'..='i').map(|letter| {
            let mut statement = read("Deny", "x");
            statement["Condition"] = json!({"StringLike": {"aws:username": format!("*{letter}*")}});
            statement
        })
    };
    each(
        [
            (
                json!([]),
                json!([send("Allow", ignore_case)]),
                "sqs:SendMessage",
                format!(
                    "{}; aws:SourceVpce=ab; aws:username=b",
                    "arn:aws:sqs:us-east-1:123456789012:b"
                ),
                String::new(),
            ),
            // AWS says that the whole statement may be invalid.
            (
                json!([]),
                json!([{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": {
                    "StringNotEquals": {"s3:prefix": "${aws:username}"}, "Null": {"aws:username": "true"}}}]),
                "s3:ListBucket",
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([
                    prefix("Allow", "StringEquals", "${aws:username}/"),
                    prefix("Deny", "StringNotEquals", thrice)
                ]),
                "s3:ListBucket",
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([
                    read("Allow", "${aws:PrincipalTag/t}"),
                    read("Allow", twice),
                    read("Deny", "${aws:username}"),
                    read("Deny", "${aws:PrincipalTag/t}${aws:username}")
                ]),
                OBJECT,
                "arn:aws:s3:::bkt/${aws:PrincipalTag/t}".to_owned(),
                String::new(),
            ),
            // A string of a resource element has no value, or two of them, or two that Conditions compare with.
            (
                json!([]),
                json!([public(&["${aws:PrincipalTag/t}/*"], json!({}))]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([public(
                    &["${aws:PrincipalTag/t}/*", "${aws:PrincipalTag/t}-x"],
                    json!({})
                )]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([public(
                    &[],
                    json!({"aws:PrincipalTag/q": "${aws:PrincipalTag/t}", "aws:PrincipalTag/r": "${aws:PrincipalTag/t}"})
                )]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([public(
                    &[],
                    json!({"aws:PrincipalTag/q": ["${aws:PrincipalTag/t}", "${aws:PrincipalTag/t}-x"]})
                )]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            // Names of four letters would show it: such names are not tried.
            (
                json!([]),
                json!([longer, read("Deny", "??${aws:username}"), three]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([both, read("Deny", "${aws:PrincipalTag/t}*"), three]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([tagged, within, three]),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                json!([
                    read("Allow", "*x"),
                    named("Deny", "${aws:username}*"),
                    three
                ]),
                json!([longer, three]),
                OBJECT,
                String::new(),
                "arn:aws:s3:::bkt/x; aws:username=a".to_owned(),
            ),
            // Too many variables, and too many strings beside too many names or lines about the name.
            (
                json!([read("Allow", ten)]),
                json!([]),
                OBJECT,
                String::new(),
                format!("arn:aws:s3:::bkt/{ten}"),
            ),
            (
                folders(1).chain([of_names()]).collect::<Json>(),
                folders(6).chain([of_names()]).collect::<Json>(),
                OBJECT,
                String::new(),
                String::new(),
            ),
            (
                folders(1).chain(letters()).collect::<Json>(),
                folders(6).chain(letters()).collect::<Json>(),
                OBJECT,
                String::new(),
                String::new(),
            ),
        ],
        |(old, new, action, gained, lost)| {
            let found = compare(&[policy(old)], &[policy(new.clone())]);
            let undecided: Vec<_> = found.undecided.iter().collect();
            assert_eq!(undecided, [action], "{new}");
            assert_eq!(shown(&found.gained), gained, "{new}");
            assert_eq!(shown(&found.lost), lost, "{new}");
        },
    );
}

/// The lines about one key, or their values, are more than can be told apart, or compare it in ways of which no value
/// shows both.
#[test]
fn lines_that_are_not_told_apart_are_undecided() {
    let as_number = json!({"NumericEquals": {"aws:PrincipalTag/team": "1"}});
    let as_text = json!({"StringEquals": {"aws:PrincipalTag/team": "1"}});
    each(
        [
            (
                json!([keys::send("*", as_text)]),
                json!([keys::send("*", as_number)]),
            ),
            (json!([]), keys::letters(9).collect::<Json>()),
            (json!([]), json!([keys::send("*", keys::teams(201))])),
        ],
        |(old, new)| {
            let found = compare(&[policy(old)], &[policy(new.clone())]);
            let undecided: Vec<_> = found.undecided.iter().collect();
            assert_eq!(undecided, ["sqs:SendMessage"], "{new}");
            assert_eq!(shown(&found.gained), "", "{new}");
            assert_eq!(shown(&found.lost), "", "{new}");
        },
    );
}
