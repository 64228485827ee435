//! Lints on the edge of what they report: two policies that differ in one part, of which one fires the lint.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::common::case::Case;
use crate::common::program::run;
use crate::common::table::each;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";

fn statement(more: &Value) -> Value {
    let mut all =
        json!({"Sid": "A", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The findings of a lint.
fn findings(file: &str, lint: &str, more: &[&str]) -> Vec<Value> {
    let files = [("p.json", file)];
    let (_, report) = Case::new(&files, &document(&[statement(&json!({}))])).lint("p.json", more);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let of_lint = findings.iter().filter(|f| f["lint"] == lint);
    of_lint.cloned().collect()
}

/// The severities of the findings of a lint.
fn severities(file: &str, lint: &str, more: &[&str]) -> Vec<String> {
    let found = findings(file, lint, more).into_iter();
    found
        .map(|f| f["severity"].as_str().unwrap().to_owned())
        .collect()
}

/// The messages of the findings of a lint.
fn messages(file: &str, lint: &str) -> Vec<String> {
    let found = findings(file, lint, &[]).into_iter();
    found
        .map(|f| f["message"].as_str().unwrap().to_owned())
        .collect()
}

const ALL: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

#[test]
fn statements_are_equal_in_every_part_or_not_at_all() {
    let condition = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    each(
        [
            (json!({}), true),
            (json!({"Sid": "B"}), false),
            (json!({"Effect": "Deny"}), false),
            (json!({"Action": "sqs:ReceiveMessage"}), false),
            (json!({"Resource": format!("{QUEUE}2")}), false),
            (json!({"Condition": condition}), false),
            (json!({"Condition": "none"}), false),
        ],
        |(more, is_equal)| {
            let policy = document(&[statement(&json!({})), statement(&more)]);
            let found = severities(&policy, "duplicate-value", &[]);
            assert_eq!(!found.is_empty(), is_equal, "{more}");
        },
    );
}

#[test]
fn a_statement_is_redundant_beside_one_that_holds_wherever_it_does() {
    let vpc = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    each(
        [
            (json!({}), json!({}), true),
            (json!({}), json!({"Condition": vpc}), true),
            (json!({"Condition": vpc}), json!({"Condition": vpc}), true),
            (json!({"Condition": vpc}), json!({}), false),
            (json!({"Condition": "none"}), json!({}), false),
        ],
        |(wide, narrow, is_redundant)| {
            let mut wide = statement(&wide);
            wide["Sid"] = json!("Wide");
            wide["Action"] = json!("sqs:*");
            let policy = document(&[wide.clone(), statement(&narrow)]);
            let found = severities(&policy, "redundant-statement", &[]);
            assert_eq!(!found.is_empty(), is_redundant, "{wide} {narrow}");
        },
    );
}

#[test]
fn conditions_are_reported_by_their_values() {
    each(
        [
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                "3600",
                "invalid-condition",
                false,
            ),
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                "1h",
                "invalid-condition",
                true,
            ),
            (
                "StringEquals",
                "aws:PrincipalTag/team",
                "a*",
                "ineffective-condition",
                true,
            ),
            (
                "StringEquals",
                "aws:PrincipalTag/team",
                "a",
                "ineffective-condition",
                false,
            ),
            (
                "StringLike",
                "aws:PrincipalAccount",
                "1*",
                "weak-condition",
                true,
            ),
            (
                "StringLike",
                "aws:PrincipalAccount",
                "12345678901?",
                "weak-condition",
                false,
            ),
        ],
        |(operator, key, value, lint, is_reported)| {
            let condition = json!({"Condition": {operator: {key: value}}});
            let policy = document(&[statement(&condition)]);
            let found = severities(&policy, lint, &[]);
            assert_eq!(
                !found.is_empty(),
                is_reported,
                "{operator} {key} {value}: {found:?}"
            );
        },
    );
}

#[test]
fn a_condition_is_reported_where_it_cannot_mean_what_it_says() {
    let (ineffective, invalid) = ("ineffective-condition", "invalid-condition");
    let ip = |values: &[&str]| json!({"IpAddress": {"aws:SourceIp": values}});
    let numeric = json!({"NumericLessThan": {"aws:EpochTime": "1700000000"}});
    let date = json!({"DateLessThan": {"aws:CurrentTime": "2026"}});
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    each(
        [
            (ineffective, ip(&["10.0.0.0/8"]), "this never holds"),
            (
                ineffective,
                ip(&["10.0.0.0/8", "${aws:PrincipalTag/net}"]),
                "`10.0.0.0/8` is not a public",
            ),
            (invalid, numeric, ""),
            (invalid, date, "`2026` is not a point in time"),
            (
                invalid,
                json!({"BinaryEquals": {"sqs:Blob": "QmluYXJ5"}}),
                "",
            ),
            (
                invalid,
                json!({"ArnLike": {"aws:PrincipalArn": "name"}}),
                "`name` is not an ARN",
            ),
            (
                invalid,
                equals("aws:SourceVpc", "vpc-0123456789abcdef0"),
                "",
            ),
            (
                invalid,
                equals("aws:SourceVpc", "vpc-1"),
                "is not the id of a VPC",
            ),
            (
                invalid,
                equals("aws:SourceVpce", "vpce-0123456789abcdef0"),
                "",
            ),
            (invalid, equals("aws:RequestedRegion", "us-east-1"), ""),
            (
                "unknown-condition-key",
                equals("aws:Arn", "a"),
                "an old name of `aws:PrincipalArn`",
            ),
            (
                "unknown-condition-key",
                equals("aws:NoKey", "a"),
                "not one of AWS's global",
            ),
            (
                "unknown-condition-key",
                equals("nosuch:Key", "a"),
                "the service of `nosuch:Key`",
            ),
            (
                "weak-condition",
                equals("dynamodb:Attributes", "a"),
                "requests for all attributes",
            ),
        ],
        |(lint, condition, part)| {
            let policy = document(&[statement(&json!({"Condition": condition}))]);
            let found = messages(&policy, lint).join("\n");
            assert_eq!(found.is_empty(), part.is_empty(), "{condition}: {found}");
            assert!(found.contains(part), "{condition}: {found}");
        },
    );
    // Of a service that the catalogue does not have, the action is reported, and not its key.
    let unknown = json!({"Action": "nosuch:Do", "Condition": equals("nosuch:Key", "a")});
    let found = messages(&document(&[statement(&unknown)]), "unknown-condition-key");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_empty_sid_is_no_name_of_a_statement() {
    let wide = statement(&json!({"Sid": "", "Action": "sqs:*"}));
    let policy = document(&[wide, statement(&json!({}))]);
    let found = messages(&policy, "redundant-statement");
    assert_eq!(found, ["another statement allows all that this one allows"]);
}

#[test]
fn the_default_of_a_variable_is_in_single_quotes() {
    each(
        [("none", 1), ("'none'", 0), ("''", 0), ("'", 1)],
        |(default, count)| {
            let resource =
                format!("arn:aws:sqs:us-east-1:123456789012:${{aws:username, {default}}}");
            let policy = document(&[statement(&json!({"Resource": resource}))]);
            assert_eq!(
                severities(&policy, "variable-misuse", &[]).len(),
                count,
                "{default}"
            );
        },
    );
}

#[test]
fn of_several_bounds_the_one_without_effect_is_marked() {
    let bounds = json!({"NumericLessThan": {"aws:MultiFactorAuthAge": ["60", "3600"]}});
    let policy = document(&[statement(&json!({"Condition": bounds}))]);
    let found = findings(&policy, "redundant-entry", &[]);
    let [place] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(
        place["message"].as_str().unwrap().contains("`3600`"),
        "{place}"
    );
    let start = policy.find("\"60\"").unwrap() + 1;
    assert_eq!(place["region"]["start_byte"], start, "{place}");
}

#[test]
fn arns_of_wrong_partitions_are_counted_by_what_is_wrong() {
    let arn = |partition: &str, region: &str, name: &str| {
        format!("arn:{partition}:sqs:{region}:123456789012:{name}")
    };
    let resources = [
        arn("aws-cn", "us-east-1", "q"),
        arn("aws-cn", "us-east-1", "r"),
        arn("aws-us-gov", "us-east-1", "q"),
        arn("aws-cn", "*", "q"),
        arn("aws-cn", "us-east-1", "s"),
        arn("aws-us-gov", "us-east-1", "r"),
    ];
    let policy = document(&[statement(&json!({"Resource": resources}))]);
    let found = messages(&policy, "wrong-partition");
    let parts = [
        ("`aws-cn`, but `us-east-1`", Some("are 2 more ARNs")),
        ("`aws-us-gov`, but", Some("is 1 more ARN")),
        ("is judged for", None),
    ];
    assert_eq!(found.len(), parts.len(), "{found:?}");
    for (message, (part, more)) in found.iter().zip(parts) {
        assert!(message.contains(part), "{message}");
        let counted = message.split_once("and so ");
        let counted = counted.and_then(|(_, rest)| rest.split(':').next());
        assert_eq!(counted, more, "{message}");
    }
}

#[test]
fn a_policy_without_a_version_is_accepted_in_a_role_alone() {
    let policy = |action: &str| {
        json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}).to_string()
    };
    assert_eq!(
        severities(&policy("sqs:SendMessage"), "old-version", &[]),
        ["warning"]
    );
    let files = [("p.json", ALL), ("scp.json", &policy("*"))];
    let (_, report) = Case::new(&files, ALL).lint("p.json", &["--scp", "scp.json"]);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let mut of_lint = findings.iter().filter(|f| f["lint"] == "old-version");
    assert_eq!(of_lint.next().unwrap()["severity"], "note");
}

#[test]
fn a_wrong_partition_is_an_error_where_iam_is_known_to_refuse_it() {
    let wrong = json!({"Resource": ["arn:aws-cn:sqs:us-east-1:123456789012:q", QUEUE]});
    let wrong = document(&[statement(&wrong)]);
    assert_eq!(severities(&wrong, "wrong-partition", &[]), ["error"]);
    let folder = Case::new(&[("p.json", ALL), ("scp.json", &wrong)], ALL);
    let (_, report) = folder.lint("p.json", &["--scp", "scp.json"]);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let found: Vec<&Value> = { findings.iter() }
        .filter(|f| f["lint"] == "wrong-partition")
        .map(|f| &f["severity"])
        .collect();
    assert_eq!(found, ["warning"]);
}

#[test]
fn a_variable_of_an_encoded_policy_is_plain_text_without_a_version() {
    let policy = |resource: &str| {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}});
        let encoded = utf8_percent_encode(&policy.to_string(), NON_ALPHANUMERIC).to_string();
        json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": encoded}).to_string()
    };
    let with = policy("arn:aws:s3:::home/${aws:username}/*");
    assert_eq!(severities(&with, "old-version", &[]), ["warning"]);
    let without = policy("arn:aws:s3:::home/*");
    assert!(severities(&without, "old-version", &[]).is_empty());
}

#[test]
fn a_boundary_limits_what_is_counted_as_overly_broad() {
    let part = json!({"Sid": "B", "Action": ["sqs:SendMessage", "sqs:AddPermission", "sqs:Tag*"], "Resource": "*"});
    let boundary = |more: Value| {
        let all = statement(&json!({"Action": "*", "Resource": "*"}));
        let mut wide = all.clone();
        for (key, value) in more.as_object().unwrap() {
            wide[key] = value.clone();
        }
        document(&[wide, statement(&part)])
    };
    let vpc = json!({"StringEquals": {"aws:SourceVpc": "vpc-11111111"}});
    each(
        [
            (json!({}), "`sqs:*` allows 19 actions"),
            (
                json!({"Resource": "arn:aws:s3:::b/*"}),
                "`sqs:*` allows 2 actions",
            ),
            (json!({"Condition": vpc}), "`sqs:*` allows 2 actions"),
        ],
        |(more, message)| {
            let wide = document(&[statement(&json!({"Action": "sqs:*", "Resource": "*"}))]);
            let limit = boundary(more);
            let files = [("p.json", wide.as_str()), ("b.json", limit.as_str())];
            let sends = document(&[statement(&json!({"Resource": "*"}))]);
            let context = [
                "--boundary",
                "b.json",
                "--context",
                "aws:SourceVpc=vpc-22222222",
            ];
            let (_, report) = Case::new(&files, &sends).lint("p.json", &context);
            let findings = report["results"][0]["findings"].as_array().unwrap();
            let broad = findings.iter().find(|f| f["lint"] == "over-broad-action");
            let found = broad.map_or("", |f| f["message"].as_str().unwrap());
            assert!(found.starts_with(message), "{limit}: {found}");
        },
    );
}

#[test]
fn what_is_missing_is_not_granted_in_one_account_only() {
    let on = |account: &str| format!("arn:aws:ec2:*:{account}:subnet/*");
    let both =
        json!({"Action": ["ec2:RunInstances", "ec2:CreateNetworkInterface"], "Resource": on("*")});
    let one = json!({"Action": "ec2:RunInstances", "Resource": on("123456789012")});
    let policy = document(&[statement(&one)]);
    let case = Case::new(&[("p.json", &policy)], &document(&[statement(&both)]));
    let (_, report) = case.lint("p.json", &[]);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let of_lint = findings.iter().filter(|f| f["lint"] == "partial-resource");
    let found: Vec<&Value> = of_lint.map(|f| &f["actions"]).collect();
    assert_eq!(found, [&json!(["ec2:RunInstances"])]);
    let arguments = [
        "lint",
        "p.json",
        "--no-config",
        "--verbose",
        "--reference",
        "reference.json",
    ];
    let text = run(
        case.path(),
        &[&arguments[..], &["--account", "123456789012"]].concat(),
    )
    .out;
    let note = "other accounts can share resources of the type `subnet`";
    assert!(text.contains(note), "{text}");
}

#[test]
fn a_partial_grant_is_marked_at_its_resource_unless_a_deny_decides() {
    let narrow = statement(&json!({}));
    let deny = statement(&json!({"Sid": "B", "Effect": "Deny", "Resource": format!("{QUEUE}q")}));
    each(
        [
            (vec![narrow.clone()], "region", QUEUE),
            (vec![narrow, deny], "related", "sqs:SendMessage"),
        ],
        |(statements, field, text)| {
            let policy = document(&statements);
            let reference = document(&[statement(&json!({"Resource": "*"}))]);
            let (_, report) = Case::new(&[("p.json", &policy)], &reference).lint("p.json", &[]);
            let finding = &report["results"][0]["findings"][0];
            assert_eq!(finding["lint"], "partial-resource");
            let places = [&finding["region"], &finding["related"][0]["region"]];
            let place = places[usize::from(field == "related")];
            let [start, end] = ["start_byte", "end_byte"].map(|f| place[f].as_u64().unwrap());
            assert_eq!(&policy[start as usize..end as usize], text, "{finding}");
        },
    );
}

#[test]
fn of_two_wildcards_the_narrower_one_is_redundant() {
    each(
        [
            (
                json!(["sqs:Send*", "sqs:S*"]),
                Some("`sqs:Send*` is part of `sqs:S*`"),
            ),
            (
                json!(["sqs:S*", "sqs:Send*"]),
                Some("`sqs:Send*` is part of `sqs:S*`"),
            ),
            (
                json!(["sqs:S*", "sqs:S*"]),
                Some("`sqs:S*` is listed more than once"),
            ),
            (json!(["sqs:S*", "sqs:R*"]), None),
        ],
        |(actions, message)| {
            let policy = document(&[statement(&json!({"Action": actions}))]);
            let found = messages(&policy, "redundant-entry");
            assert_eq!(found, Vec::from_iter(message), "{actions}");
        },
    );
}

#[test]
fn each_required_action_is_judged_by_its_own_statements() {
    let both = json!({"Action": ["sqs:SendMessage", "sqs:ReceiveMessage"]});
    let wide = statement(&json!({"Sid": "B", "Action": "sqs:ReceiveMessage", "Resource": "*"}));
    let policy = document(&[statement(&both), wide]);
    let mut required = both;
    required["Resource"] = json!("*");
    let reference = document(&[statement(&required)]);
    let (_, report) = Case::new(&[("p.json", &policy)], &reference).lint("p.json", &[]);
    let finding = &report["results"][0]["findings"][0];
    assert_eq!(finding["lint"], "partial-resource");
    assert_eq!(finding["actions"], json!(["sqs:SendMessage"]));
}

#[test]
fn what_a_wildcard_of_a_given_reference_matches_is_required() {
    let reference = document(&[statement(&json!({"Action": "sqs:Send*"}))]);
    let policy = document(&[statement(&json!({"Action": "sqs:ReceiveMessage"}))]);
    let (_, report) = Case::new(&[("p.json", &policy)], &reference).lint("p.json", &[]);
    assert_eq!(report["results"][0]["findings"][0]["severity"], "error");
}

#[test]
fn a_missing_action_is_marked_at_the_closest_allow() {
    let other = format!("{QUEUE}2");
    let deny = |action: &str| {
        let effect = json!({"Sid": "D", "Effect": "Deny", "Action": action, "Resource": other});
        statement(&effect)
    };
    let allow = |action: &str| statement(&json!({"Sid": "B", "Action": action}));
    each(
        [
            ([deny("sqs:ReceiveMessage"), allow("sqs:ReceiveMessage")], 1),
            ([deny("sqs:Send*"), allow("s3:*")], 0),
        ],
        |(statements, place)| {
            let policy = document(&statements);
            let found = findings(&policy, "missing-action", &[]);
            let start = found[0]["region"]["start_byte"].as_u64().unwrap() as usize;
            let second = policy.rfind("{\"Action").unwrap();
            assert!(!policy[start..].starts_with(&other), "{policy}");
            assert_eq!(usize::from(start > second), place, "{policy}\n{}", found[0]);
        },
    );
}

#[test]
fn a_placeholder_is_reported_once_with_all_its_places() {
    let resources = ["arn:aws:sqs:*:*:<QUEUE>", "arn:aws:sqs:*:*:a-<QUEUE>"];
    let policy = document(&[statement(&json!({"Resource": resources}))]);
    let found = findings(&policy, "unreplaced-placeholder", &[]);
    let [one] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(one["related"].as_array().unwrap().len(), 1, "{one}");
}

#[test]
fn the_words_beside_a_number_agree_with_it() {
    each(
        [
            (1_001, "1 more action is not in the catalogue"),
            (1_002, "2 more actions are not in the catalogue"),
        ],
        |(count, words)| {
            let actions: Vec<String> = (0..count).map(|n| format!("sqs:Nope{n}")).collect();
            let file = document(&[statement(&json!({"Action": actions}))]);
            let messages = messages(&file, "unknown-action");
            let last = messages.iter().find(|m| m.contains(" more action"));
            assert!(last.is_some_and(|m| m.starts_with(words)), "{last:?}");
        },
    );
}
