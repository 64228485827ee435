//! What is known of condition keys: by resource type, by whose policy it is, and from several lines together.

use crate::common::case::Case;
use crate::common::program::HERE;
use crate::common::table::each;
use serde_json::{Value, json};

fn policy(action: &str, resource: &str, condition: &Value) -> String {
    let statement = json!({
        "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition,
    });
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

/// The result of a policy against a reference.
fn judge(policy: &str, reference: &str, more: &[&str]) -> Value {
    Case::new(&[("p.json", policy)], reference)
        .lint("p.json", more)
        .1
}

/// The result of a policy against one required action.
fn lint(action: &str, condition: &Value, more: &[&str]) -> Value {
    let reference = policy(action, "*", &json!({}));
    judge(&policy(action, "*", condition), &reference, more)
}

fn verdict(result: &Value) -> &str {
    result["results"][0]["requirements"][0]["verdict"]
        .as_str()
        .unwrap()
}

fn has(result: &Value, lint: &str, text: &str) -> bool {
    let findings = result["results"][0]["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|f| f["lint"] == lint && f["message"].as_str().unwrap().contains(text))
}

#[test]
fn a_key_counts_where_its_resource_type_has_it() {
    let run = "ec2:RunInstances";
    each(
        [
            (
                run,
                json!({"StringEquals": {"aws:ResourceTag/T": "a"}}),
                "",
                "partial",
            ),
            (
                run,
                json!({"StringEquals": {"ec2:ResourceTag/T": "a"}}),
                "",
                "partial",
            ),
            (
                run,
                json!({"StringEquals": {"ec2:InstanceType": "t3.micro"}}),
                "ec2:InstanceType=t3.micro",
                "partial",
            ),
            (
                run,
                json!({"StringEqualsIfExists": {"ec2:InstanceType": "t3.micro"}}),
                "ec2:InstanceType=t3.micro",
                "covered",
            ),
            (
                run,
                json!({"StringNotEquals": {"aws:ResourceTag/T": "a"}}),
                "aws:ResourceTag/T=b",
                "covered",
            ),
            (
                run,
                json!({"StringEquals": {"ec2:Region": "us-east-1"}}),
                "ec2:Region=us-east-1",
                "covered",
            ),
            // Listed for no type: not known.
            (
                run,
                json!({"StringEquals": {"aws:SourceVpc": "vpc-0123abcd"}}),
                "",
                "conditional",
            ),
            (
                "batch:SubmitJob",
                json!({"StringEquals": {"batch:ShareIdentifier": "a"}}),
                "",
                "conditional",
            ),
            // One type alone.
            (
                "s3:GetObject",
                json!({"StringEquals": {"s3:ExistingObjectTag/t": "a"}}),
                "s3:ExistingObjectTag/t=a",
                "covered",
            ),
        ],
        |(action, condition, context, expected)| {
            let given = ["--context", context];
            let more: &[&str] = if context.is_empty() { &[] } else { &given };
            let result = lint(action, &condition, more);
            assert_eq!(verdict(&result), expected, "{action} {condition} {context}");
        },
    );
}

#[test]
fn lines_that_exclude_each_other_grant_nothing() {
    each(
        [
            (
                json!({"StringEquals": {"aws:PrincipalTag/t": "a"}, "StringNotEquals": {"aws:PrincipalTag/t": "a"}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:PrincipalTag/t": ["a", "b"]}, "StringLike": {"aws:PrincipalTag/t": "c*"}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:PrincipalTag/t": ["a", "b"]}, "StringLike": {"aws:PrincipalTag/t": "b*"}}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:PrincipalTag/t": "a"}, "Null": {"aws:PrincipalTag/t": "true"}}),
                true,
            ),
            (
                json!({"StringEqualsIfExists": {"aws:PrincipalTag/t": "a"}, "StringNotEquals": {"aws:PrincipalTag/t": "a"}}),
                false,
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "NotIpAddress": {"aws:SourceIp": "203.0.0.0/16"}}),
                true,
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "203.0.0.0/16"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
                false,
            ),
            (
                json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:VpcSourceIp": "10.0.0.1"}}),
                false,
            ),
            (
                json!({"ForAnyValue:IpAddress": {"sqs:K": "10.0.0.0/8"}, "ForAllValues:IpAddress": {"sqs:K": "11.0.0.0/8"}}),
                true,
            ),
            (
                json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "5"}, "NumericGreaterThan": {"aws:MultiFactorAuthAge": "10"}}),
                true,
            ),
            (
                json!({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "5"}, "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "5"}}),
                false,
            ),
            (
                json!({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, "DateGreaterThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
                true,
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": "b"}}),
                true,
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
                false,
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "a"}, "ForAnyValue:StringLike": {"aws:CalledVia": "b"}}),
                false,
            ),
        ],
        |(condition, excluded)| {
            let result = lint("sqs:GetQueueUrl", &condition, &[]);
            let expected = if excluded { "missing" } else { "conditional" };
            assert_eq!(verdict(&result), expected, "{condition}");
            let told = has(&result, "ineffective-condition", "never hold together");
            assert_eq!(told, excluded, "{condition}");
        },
    );
}

#[test]
fn variables_are_read_in_texts_and_arns_only() {
    each(
        [
            (
                json!({"Bool": {"aws:SecureTransport": "${aws:SecureTransport}"}}),
                "missing",
            ),
            (
                json!({"StringEquals": {"aws:SecureTransport": "${aws:SecureTransport}"}}),
                "conditional",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}),
                "covered",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}),
                "covered",
            ),
            (
                json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
                "covered",
            ),
        ],
        |(condition, expected)| {
            let result = lint("sqs:GetQueueUrl", &condition, &[]);
            assert_eq!(verdict(&result), expected, "{condition}");
            assert!(!has(&result, "weak-condition", ""), "{condition}");
        },
    );
}

#[test]
fn what_a_principal_cannot_have_is_known() {
    // A role of 2.x nodes, one of Lambda functions, and the user who runs `pcluster`, who may be an IAM user.
    each(
        [
            (
                json!({"StringLike": {"aws:username": "*"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalType": "User"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}),
                "covered",
                "conditional",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/*"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/a*"}}),
                "conditional",
                "conditional",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::210987654321:*"}}),
                "missing",
                "missing",
            ),
            (
                json!({"StringLike": {"aws:userid": "AIDA*"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"StringLike": {"aws:userid": "*:i-*"}}),
                "covered",
                "conditional",
            ),
            (
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}),
                "covered",
                "conditional",
            ),
            (
                json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}),
                "missing",
                "missing",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/*"}}),
                "missing",
                "conditional",
            ),
            (
                json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
                "covered",
                "covered",
            ),
            (
                json!({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
                "missing",
                "missing",
            ),
            (
                json!({"Null": {"ec2:SourceInstanceARN": "false"}}),
                "covered",
                "conditional",
            ),
            (
                json!({"Bool": {"aws:ViaAWSService": "true"}}),
                "missing",
                "conditional",
            ),
        ],
        |(condition, instance, user)| {
            for (role, action, expected) in [
                ("instance", "dynamodb:ListTables", instance),
                ("user", "cloudformation:DescribeStackEvents", user),
            ] {
                let policy = policy(action, "*", &condition);
                let role = ["--role", role, "--scheduler", "slurm"];
                let role = [&role[..], &["--pcluster-version", "2.4.1"], &HERE].concat();
                let result = judge(&policy, "", &role);
                let rows = result["results"][0]["requirements"].as_array().unwrap();
                let row = rows.iter().find(|r| r["action"] == action).unwrap();
                assert_eq!(row["verdict"], expected, "{role:?} {condition}");
            }
        },
    );
}

#[test]
fn a_key_that_no_action_of_a_list_has_is_reported() {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Action": ["ec2:*", "s3:*"], "Resource": "*",
            "Condition": {"StringEquals": {"iam:ResourceTag/x": "a"}},
        },
    });
    let reference = self::policy("sqs:GetQueueUrl", "*", &json!({}));
    let result = judge(&policy.to_string(), &reference, &[]);
    assert!(
        has(&result, "unsupported-condition-key", "iam:ResourceTag/x"),
        "{result}"
    );
}

#[test]
fn managed_policies_of_aws_draw_no_false_alarm() {
    let text = std::fs::read_to_string("fixtures/managed/policies.json").unwrap();
    let fixture: Value = serde_json::from_str(&text).unwrap();
    let policies = fixture["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 23);
    let reference = policy("sqs:GetQueueUrl", "*", &json!({}));
    // What is wrong by itself, whatever is required.
    let alarms = [
        "invalid-policy",
        "invalid-arn",
        "invalid-json",
        "invalid-condition",
        "duplicate-key",
        "undecided",
        "unknown-condition-key",
        "weak-condition",
        "unsupported-condition-key",
        "variable-misuse",
        "ineffective-condition",
    ];
    for policy in policies {
        let document = policy["document"].to_string();
        let result = judge(&document, &reference, &[]);
        for finding in result["results"][0]["findings"].as_array().unwrap() {
            let lint = finding["lint"].as_str().unwrap();
            assert!(!alarms.contains(&lint), "{}: {finding}", policy["arn"]);
        }
    }
}

#[test]
fn the_operator_for_wildcards_fits_the_key() {
    each(
        [
            ("StringEquals", "aws:PrincipalArn", "ArnLike"),
            ("StringNotEquals", "aws:PrincipalArn", "ArnNotLike"),
            ("StringEquals", "aws:PrincipalTag/team", "StringLike"),
        ],
        |(operator, key, better)| {
            let of = |operator: &str| {
                let condition = json!({operator: {key: "arn:aws:iam::123456789012:role/x*"}});
                lint("sqs:GetQueueUrl", &condition, &[])
            };
            let help = format!("use `{better}` if they are meant as wildcards");
            assert!(of(operator).to_string().contains(&help), "{operator} {key}");
            // The advice leads to no other finding.
            let followed = of(better);
            for lint in [
                "weak-condition",
                "ineffective-condition",
                "invalid-condition",
            ] {
                assert!(!has(&followed, lint, ""), "{operator} {key}: {followed}");
            }
        },
    );
}

#[test]
fn any_value_fits_a_tag() {
    each(
        [
            ("ArnLike", "aws:RequestTag/owner", false),
            ("ArnEquals", "aws:ResourceTag/owner", false),
            ("ArnNotLike", "ec2:ResourceTag/owner", false),
            ("StringLike", "aws:PrincipalTag/owner", false),
            ("ArnLike", "ec2:InstanceType", true),
            ("NumericLessThan", "ec2:InstanceType", true),
        ],
        |(operator, key, is_told)| {
            let value = if operator == "NumericLessThan" {
                "1"
            } else {
                "arn:aws:iam::123456789012:role/a"
            };
            let condition = json!({ operator: { key: value } });
            let result = lint("ec2:RunInstances", &condition, &[]);
            let told = has(&result, "invalid-condition", "holds a value of type");
            assert_eq!(told, is_told, "{operator} {key}: {result}");
        },
    );
}

#[test]
fn the_key_of_a_tag_may_contain_spaces() {
    let condition = json!({ "StringEquals": { "aws:ResourceTag/cost center": "hpc" } });
    let context = ["--context", "aws:ResourceTag/cost center=hpc"];
    let result = lint("ec2:StartInstances", &condition, &context);
    assert_eq!(verdict(&result), "covered");
}

/// AWS's managed policies compare accounts in each of these ways.
#[test]
fn the_own_account_leaves_nothing_open() {
    each(
        [
            (
                "StringEquals",
                "aws:ResourceAccount",
                "${aws:PrincipalAccount}",
                "covered",
            ),
            (
                "StringLike",
                "aws:ResourceAccount",
                "${AWS:principalaccount}",
                "covered",
            ),
            (
                "StringEqualsIfExists",
                "AWS:resourceaccount",
                "123456789012",
                "covered",
            ),
            (
                "StringNotEquals",
                "aws:ResourceAccount",
                "${aws:PrincipalAccount}",
                "missing",
            ),
            (
                "StringEquals",
                "kms:CallerAccount",
                "${aws:PrincipalAccount}",
                "covered",
            ),
            (
                "StringEquals",
                "kms:CallerAccount",
                "210987654321",
                "missing",
            ),
        ],
        |(operator, key, value, expected)| {
            let condition = json!({ operator: { key: value } });
            let action = if key.starts_with("kms") {
                "kms:DescribeKey"
            } else {
                "sqs:SendMessage"
            };
            let result = lint(action, &condition, &[]);
            assert_eq!(verdict(&result), expected, "{operator} {key} {value}");
            assert!(!has(&result, "weak-condition", ""), "{result}");
        },
    );
}
