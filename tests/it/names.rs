//! What resources can be called, which forms of their ARNs count, and which belong to AWS.

use serde_json::{Value, json};

use crate::common::program::run;
use crate::common::role;
use crate::common::table::each;
use pcluster_iam::diff::Verdict;
use pcluster_iam::report::RoleResult;

fn one(effect: &str, action: &str, resource: &str) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": resource })
}

fn allow(action: &str, resource: &str) -> Value {
    one("Allow", action, resource)
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn lint(policy: &[Value], reference: &[Value]) -> RoleResult {
    role::lint_against(&document(policy), &document(reference))
}

fn verdict(policy: &[Value], reference: &[Value]) -> Verdict {
    let result = lint(policy, reference);
    assert_eq!(result.requirements.len(), 1);
    result.requirements[0].verdict
}

fn lints(result: &RoleResult) -> Vec<&str> {
    result.findings.iter().map(|f| f.lint).collect()
}

const HERE: &str = "us-east-1:123456789012";

/// A Deny whose wildcard for the account could reach into a name takes only names that can exist.
#[test]
fn names_bound_the_wide_reading_of_a_deny() {
    each(
        [
            (
                "batch:SubmitJob",
                "batch:HERE:job-definition/a",
                "batch:*:*:job/x",
                Verdict::Covered,
            ),
            (
                "dynamodb:GetItem",
                "dynamodb:HERE:table/*",
                "dynamodb:*:*x/y*",
                Verdict::Covered,
            ),
            (
                "dynamodb:GetItem",
                "dynamodb:HERE:table/*",
                "dynamodb:*:*:table/a b",
                Verdict::Covered,
            ),
            (
                "dynamodb:GetItem",
                "dynamodb:HERE:table/*",
                "dynamodb:*:*:table/a.b",
                Verdict::Partial,
            ),
            (
                "sqs:SendMessage",
                "sqs:HERE:*",
                "sqs:*:*:a/b",
                Verdict::Covered,
            ),
            (
                "sqs:SendMessage",
                "sqs:HERE:*",
                "sqs:*:*:a.fifo",
                Verdict::Partial,
            ),
            ("sns:Publish", "sns:HERE:*", "sns:*:*:a:b", Verdict::Covered),
            (
                "lambda:InvokeFunction",
                "lambda:HERE:function:a*",
                "lambda:*:*:function:a/*",
                Verdict::Covered,
            ),
            (
                "secretsmanager:GetSecretValue",
                "secretsmanager:HERE:secret:*",
                "secretsmanager:*:*:secret:a:b",
                Verdict::Covered,
            ),
            (
                "secretsmanager:GetSecretValue",
                "secretsmanager:HERE:secret:*",
                "secretsmanager:*:*:secret:a/b",
                Verdict::Partial,
            ),
            // Of the names of pipelines nothing is known.
            (
                "codepipeline:StartPipelineExecution",
                "codepipeline:HERE:*",
                "codepipeline:*:*:a b",
                Verdict::Partial,
            ),
        ],
        |(action, required, deny, expected)| {
            let arn = |text: &str| format!("arn:aws:{}", text.replace("HERE", HERE));
            let policy = [
                allow(action, &arn(required)),
                one("Deny", action, &arn(deny)),
            ];
            let reference = [allow(action, &arn(required))];
            assert_eq!(verdict(&policy, &reference), expected, "{action} {deny}");
        },
    );
}

#[test]
fn a_resource_with_an_impossible_name_has_no_effect() {
    each(
        [
            ("dynamodb:GetItem", "dynamodb:HERE:table/T/index/*", false),
            ("dynamodb:Query", "dynamodb:HERE:table/T/index/*", true),
            ("sqs:SendMessage", "sqs:HERE:team/a", false),
            ("sqs:SendMessage", "sqs:HERE:a.fifo", true),
            ("s3:GetBucketLocation", "s3:::bucket/key", false),
            ("s3:GetBucketLocation", "s3:::Bucket_1", true),
            ("iam:PassRole", "iam::123456789012:role/a:b/c", true),
            ("ec2:StartInstances", "ec2:HERE:instance/i-0a/x", false),
            (
                "cloudformation:DescribeStacks",
                "cloudformation:HERE:stack/a.b/*",
                false,
            ),
            // Secrets that another service manages.
            (
                "secretsmanager:GetSecretValue",
                "secretsmanager:HERE:secret:rds!db-*",
                true,
            ),
            // The types of both generations of load balancers.
            (
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:HERE:loadbalancer/net/a/*",
                true,
            ),
            (
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:HERE:targetgroup/a/*",
                true,
            ),
            (
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:HERE:loadbalancer/a",
                true,
            ),
            (
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:HERE:targetgroup/a/*",
                false,
            ),
            // Versions and aliases of functions.
            ("lambda:InvokeFunction", "lambda:HERE:function:a:*", true),
            (
                "lambda:InvokeFunction",
                "lambda:HERE:function:a:$LATEST",
                true,
            ),
            ("lambda:GetFunction", "lambda:HERE:function:a:prod", true),
            ("lambda:InvokeFunction", "lambda:HERE:function:a/b", false),
            (
                "lambda:CreateFunction",
                "lambda:HERE:function:a:prod",
                false,
            ),
            (
                "resource-explorer-2:Search",
                "resource-explorer-2:us-east-1::view/AWSServiceViewForApplicationSignals/service-view",
                true,
            ),
        ],
        |(action, resource, is_effective)| {
            let arn = format!("arn:aws:{}", resource.replace("HERE", HERE));
            let result = lint(&[allow(action, &arn)], &[allow(action, "*")]);
            let silent = !lints(&result).contains(&"ineffective-statement");
            assert_eq!(silent, is_effective, "{action} {resource}");
        },
    );
}

#[test]
fn the_message_names_the_reading_if_it_decides() {
    let queue = allow(
        "codepipeline:StartPipelineExecution",
        "arn:aws:codepipeline:us-east-1:123456789012:a*",
    );
    let deny = one("Deny", "codepipeline:*", "arn:aws:codepipeline:*:a*");
    let result = lint(&[queue.clone(), deny], &[queue]);
    let found = result
        .findings
        .iter()
        .find(|f| f.lint == "conditional-grant")
        .unwrap();
    assert_eq!(
        found.message,
        "AWS's pages leave open whether `codepipeline:StartPipelineExecution` is denied for some of the required requests"
    );
}

#[test]
fn log_groups_have_two_forms() {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/a/b";
    let form = |suffix: &str| format!("{group}{suffix}");
    each(
        [
            ("logs:DeleteLogGroup", "", ":*", Verdict::Covered),
            ("logs:DeleteLogGroup", ":*", "", Verdict::Covered),
            (
                "logs:DeleteLogGroup",
                ":*",
                ":log-stream:*",
                Verdict::Covered,
            ),
            ("logs:DeleteLogGroup", "", ":log-stream:x", Verdict::Missing),
            ("logs:PutRetentionPolicy", "*", "*:*", Verdict::Covered),
            ("logs:TagResource", "", ":*", Verdict::Missing),
            ("logs:UntagResource", "", ":*", Verdict::Missing),
            ("logs:ListTagsForResource", "", "*", Verdict::Covered),
            ("logs:TagResource", "", "", Verdict::Covered),
            ("logs:PutLogEvents", ":log-stream:*", ":*", Verdict::Covered),
            ("logs:PutLogEvents", ":log-stream:*", "", Verdict::Missing),
        ],
        |(action, required, granted, expected)| {
            let reference = [allow(action, &form(required))];
            let found = verdict(&[allow(action, &form(granted))], &reference);
            assert_eq!(found, expected, "{action} on {required:?} by {granted:?}");
        },
    );
    // What a gap shows is the group.
    let missing = lint(
        &[allow("sqs:SendMessage", "*")],
        &[allow("logs:DeleteLogGroup", group)],
    );
    let witness = missing.requirements[0].witness.as_ref().unwrap();
    assert_eq!(witness.resource, group);
}

#[test]
fn only_grants_on_the_stream_form_are_announced_to_end() {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/a/b";
    let stream = format!("{group}:*");
    let reference = [allow("logs:DeleteLogGroup", group)];
    each(
        [
            (vec![stream.as_str()], true),
            (vec![stream.as_str(), group], false),
            (vec![group], false),
            (vec!["*"], false),
            (
                vec!["arn:aws:logs:us-east-1:123456789012:*", &stream],
                false,
            ),
            (vec!["arn:aws:logs:*:*:log-group:*:*"], true),
        ],
        |(granted, is_reported)| {
            let policy = json!({ "Effect": "Allow", "Action": "logs:*", "Resource": granted });
            let result = lint(&[policy], &reference);
            assert_eq!(
                result.requirements[0].verdict,
                Verdict::Covered,
                "{granted:?}"
            );
            let found = result.findings.iter().find(|f| f.lint == "log-stream-arn");
            assert_eq!(found.is_some(), is_reported, "{granted:?}");
            if let Some(found) = found {
                assert_eq!(found.actions, ["logs:DeleteLogGroup"]);
            }
            assert!(!lints(&result).contains(&"redundant-entry") || !is_reported);
        },
    );
}

#[test]
fn resources_of_aws_count_whatever_the_account() {
    each(
        [
            (
                "ssm:SendCommand",
                "arn:aws:ssm:us-east-1::document/AWS-RunShellScript",
            ),
            (
                "ssm:GetParameter",
                "arn:aws:ssm:us-east-1::parameter/aws/service/x",
            ),
            (
                "imagebuilder:GetComponent",
                "arn:aws:imagebuilder:us-east-1:aws:component/update-linux/1.0.0/1",
            ),
            (
                "imagebuilder:GetImage",
                "arn:aws:imagebuilder:us-east-1:aws:image/amazon-linux-2/1.0.0/1",
            ),
            (
                "ec2:GetManagedPrefixListEntries",
                "arn:aws:ec2:us-east-1:aws:prefix-list/pl-1",
            ),
            (
                "iam:GetPolicy",
                "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
            ),
        ],
        |(action, resource)| {
            let reference = [allow(action, resource)];
            // The account is bound by another statement.
            let own = allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:a");
            let without = lint(std::slice::from_ref(&own), &reference);
            let row = &without.requirements[0];
            assert_eq!(
                (row.verdict, row.vacuous),
                (Verdict::Missing, false),
                "{resource}"
            );
            let with = lint(&[own, allow(action, resource)], &reference);
            assert_eq!(with.requirements[0].verdict, Verdict::Covered, "{resource}");
            let ineffective = |l: &&str| l.starts_with("ineffective");
            assert!(!lints(&with).iter().any(ineffective), "{resource}");
        },
    );
}

/// A Region that a template leaves open is one value in names as well, whatever the characters of its placeholder.
#[test]
fn a_region_left_open_in_a_name_is_required() {
    let open = |resource: &str| resource.replace("HERE", "<REGION>:<AWS ACCOUNT ID>");
    let queue = allow(
        "sqs:SendMessage",
        &open("arn:aws:sqs:HERE:parallelcluster-*"),
    );
    let bucket = "arn:aws:s3:::<REGION>-aws-parallelcluster/*";
    each(
        [(None, true), (Some(bucket), false)],
        |(granted, expected)| {
            let granted = granted.map(|resource| allow("s3:GetObject", resource));
            let policy: Vec<Value> = [queue.clone()].into_iter().chain(granted).collect();
            let result = role::lint(&document(&policy), "instance", "torque", &[]);
            let mut missing = result.findings.iter();
            let is_missing = missing.any(|f| {
                f.lint == "missing-action" && f.actions.iter().any(|a| a == "s3:GetObject")
            });
            assert_eq!(is_missing, expected, "{policy:?}");
            assert!(!lints(&result).contains(&"ineffective-statement"));
        },
    );
}

#[test]
fn what_needs_no_permission_is_neither_missing_nor_denied() {
    let row = |policy: &[Value]| {
        let result = lint(policy, &[allow("sts:GetCallerIdentity", "*")]);
        let row = &result.requirements[0];
        (row.verdict, row.vacuous)
    };
    let other = allow("sqs:SendMessage", "*");
    let deny = one("Deny", "sts:*", "*");
    assert_eq!(row(std::slice::from_ref(&other)), (Verdict::Covered, true));
    assert_eq!(row(&[other, deny]), (Verdict::Covered, true));
}

/// Each action beyond what is required is named once, with what makes it so.
#[test]
fn the_excess_names_actions_and_resources_in_one_run() {
    let finding = |result: &RoleResult, lint: &str, action: &str| {
        let mut findings = result.findings.iter();
        findings.any(|f| f.lint == lint && f.actions.iter().any(|a| a == action))
    };
    let wide = lint(
        &[allow("s3:*", "arn:aws:s3:::*")],
        &[allow("s3:GetObject", "arn:aws:s3:::cluster/*")],
    );
    assert!(finding(&wide, "over-broad-action", "s3:DeleteBucket"));
    assert!(!finding(&wide, "over-broad-action", "s3:GetObject"));
    assert!(finding(&wide, "over-broad-resource", "s3:GetObject"));
    assert!(!finding(&wide, "over-broad-resource", "s3:DeleteBucket"));
    // What the wildcard of a reference names on nothing that it applies to is not required.
    let logs = lint(
        &[allow("logs:*", "*")],
        &[allow("logs:*", "arn:aws:logs:us-east-1:123456789012:*")],
    );
    assert!(finding(
        &logs,
        "over-broad-action",
        "logs:CallWithBearerToken"
    ));
    // Listed without a wildcard there is nothing narrower to write.
    let listed = lint(
        &[allow("sqs:ListQueues", "*")],
        &[allow(
            "sqs:ListQueues",
            "arn:aws:sqs:us-east-1:123456789012:a",
        )],
    );
    assert!(!finding(&listed, "unneeded-action", "sqs:ListQueues"));
    // A list of what is not required.
    let negated = lint(
        &[allow("sqs:*", "*")],
        &[
            json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": "arn:aws:sqs:us-east-1:123456789012:a" }),
        ],
    );
    assert!(finding(&negated, "over-broad-resource", "sqs:SendMessage"));
    assert!(finding(&negated, "over-broad-action", "sqs:ListQueues"));
}

#[test]
fn if_exists_on_the_service_that_gets_a_role_restricts_nothing() {
    let role = "arn:aws:iam::123456789012:role/a";
    let conditional = |operator: &str, resource: &str| {
        json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": resource,
            "Condition": { operator: { "iam:PassedToService": "ec2.amazonaws.com" } },
        })
    };
    each(
        [
            ("StringEquals", role, None),
            ("StringEqualsIfExists", role, Some("unconditional-grant")),
            ("StringEqualsIfExists", "*", Some("over-broad-resource")),
        ],
        |(operator, resource, lint_id)| {
            let result = lint(
                &[conditional(operator, resource)],
                &[conditional("StringEquals", role)],
            );
            let found = lints(&result);
            let excess = ["unconditional-grant", "over-broad-resource"];
            match lint_id {
                Some(id) => assert!(found.contains(&id), "{operator} {resource}: {found:?}"),
                None => assert!(!found.iter().any(|f| excess.contains(f)), "{found:?}"),
            }
        },
    );
}

/// A reference of which nothing is required cannot pass a policy; a row of which nothing is required is named.
#[test]
fn a_reference_that_requires_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("p.json", document(&[allow("sqs:*", "*")]));
    let lint = || {
        let arguments = ["lint", "p.json", "--no-config", "--reference", "r.json"];
        run(folder.path(), &arguments)
    };
    each(
        [
            vec![one("Deny", "sqs:*", "*")],
            vec![allow("sqs:Zz*", "*")],
            vec![allow("sts:GetCallerIdentity", "*")],
            vec![allow("sqs:ListQueues", "arn:aws:sqs:*:*:a")],
            vec![allow("sqs:SendMessage", "*"), one("Deny", "sqs:*", "*")],
            vec![json!({
                "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
                "Condition": {
                    "StringEquals": { "aws:SourceVpc": "vpc-1" },
                    "StringNotEquals": { "aws:SourceVpc": "vpc-1" },
                },
            })],
        ],
        |reference| {
            write("r.json", document(&reference));
            let found = lint();
            assert_eq!(found.code, 2, "{reference:?}\n{}", found.out);
            assert!(
                found.err.contains("r.json:1:3: it requires nothing"),
                "{}",
                found.err
            );
        },
    );
    write(
        "r.json",
        document(&[
            allow("sqs:SendMessage", "*"),
            allow("sqs:ListQueues", "arn:aws:sqs:*:*:a"),
        ]),
    );
    let found = lint();
    assert_eq!(found.code, 0, "{}", found.err);
    assert!(
        found
            .out
            .contains("the reference requires nothing for `sqs:ListQueues`: it applies to none"),
        "{}",
        found.out
    );
}
