//! Statements, actions and resources without effect: one small policy for each rule.

mod requests;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::finding::{Finding, Severity};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Source, Sources};
use pcluster_iam::reference;

use crate::common::role;
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement":
    [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;

fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

/// The findings of both lints.
fn ineffective(text: &str) -> Vec<Finding> {
    let found = role::lint_against(text, REFERENCE).findings;
    let ours = found
        .into_iter()
        .filter(|f| f.lint.starts_with("ineffective"));
    ours.collect()
}

/// `statement at TOKEN`, `resource at TOKEN, TOKEN`: which lint, and the places it names.
fn told(text: &str) -> Vec<String> {
    let told = ineffective(text).into_iter().map(|f| {
        assert_eq!(f.severity, Severity::Warning);
        assert!(f.message.contains("likely"), "{}", f.message);
        let labels = [&f.label].into_iter().chain(&f.related);
        let tokens: Vec<&str> = labels
            .map(|l| &text[l.span.start as usize..l.span.end as usize])
            .collect();
        let lint = f.lint.strip_prefix("ineffective-").unwrap();
        format!("{lint} at {}", tokens.join(", "))
    });
    told.collect()
}

#[test]
fn each_rule_holds() {
    let cases: &[(&str, &[&str])] = &[
        // Actions without resource-level permissions take `*` alone.
        (r#""Action": "s3:ListAllMyBuckets", "Resource": "*""#, &[]),
        (r#""Action": "s3:ListAllMyBuckets", "Resource": "**""#, &[]),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::*""#,
            &["statement at s3:ListAllMyBuckets"],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": "arn:*""#,
            &["statement at s3:ListAllMyBuckets"],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": ["arn:aws:s3:::b", "*"]"#,
            &["resource at arn:aws:s3:::b"],
        ),
        (
            r#""Action": ["s3:ListAllMyBuckets", "s3:ListBucket"], "Resource": "arn:aws:s3:::b""#,
            &["resource at s3:ListAllMyBuckets"],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "NotResource": "arn:aws:s3:::*""#,
            &[],
        ),
        // Resource types must fit.
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#,
            &[],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b*""#,
            &[],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b??""#,
            &[],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b?""#,
            &["statement at s3:GetObject"],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b""#,
            &["statement at s3:GetObject"],
        ),
        (
            r#""Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::b""#,
            &["resource at s3:GetObject"],
        ),
        (
            r#""Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]"#,
            &[],
        ),
        (
            r#""Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b""#,
            &["statement at s3:GetObject, s3:PutObject"],
        ),
        (
            r#""Action": "s3:CreateBucket", "Resource": "arn:aws:s3:::b/*""#,
            &["statement at s3:CreateBucket"],
        ),
        (
            r#""Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:instance-profile/*""#,
            &["statement at iam:PassRole"],
        ),
        (
            r#""Action": "iam:PassRole", "Resource": "arn:aws:iam::*:*""#,
            &[],
        ),
        (
            r#""Action": ["iam:PassRole", "iam:GetInstanceProfile"], "Resource": "arn:aws:iam::123456789012:instance-profile/*""#,
            &["resource at iam:PassRole"],
        ),
        (
            r#""Action": "iam:PassRole", "Resource": ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:instance-profile/a"]"#,
            &["resource at arn:aws:iam::123456789012:instance-profile/a"],
        ),
        (
            r#""Action": ["s3:GetObject", "sqs:SendMessage"], "Resource": ["arn:aws:sqs:*:*:q", "arn:aws:s3:::b"]"#,
            &["resource at s3:GetObject, arn:aws:s3:::b"],
        ),
        // Actions and ARNs of several services in one statement are no fault.
        (
            r#""Action": ["s3:GetObject", "sqs:SendMessage"], "Resource": ["arn:aws:sqs:*:*:q", "arn:aws:s3:::b/*"]"#,
            &[],
        ),
        // What AWS or another account owns exists too, whatever the partition and the Region.
        (
            r#""Action": "iam:GetPolicy", "Resource": "arn:aws:iam::aws:policy/AdministratorAccess""#,
            &[],
        ),
        (
            r#""Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:us-east-1::parameter/aws/service/x""#,
            &[],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws-cn:s3:::b/*""#,
            &[],
        ),
        (
            r#""Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1::q""#,
            &["statement at sqs:SendMessage"],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws::s3:::b/*""#,
            &["statement at s3:GetObject"],
        ),
        // A log group is checked under an ARN that ends in `:*`.
        (
            r#""Action": "logs:DeleteLogGroup", "Resource": "arn:aws:logs:*:*:log-group:/aws/x:*""#,
            &[],
        ),
        // Wildcards in actions stand for what the catalogue has.
        (r#""Action": "s3:*", "Resource": "arn:aws:s3:::b""#, &[]),
        (
            r#""Action": "s3:ListAll*", "Resource": "arn:aws:s3:::b""#,
            &["statement at s3:ListAll*"],
        ),
        (
            r#""Action": "S3:listallmybuckets", "Resource": "arn:aws:s3:::b""#,
            &["statement at S3:listallmybuckets"],
        ),
        (
            r#""Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:sqs:*:*:q"]"#,
            &["resource at arn:aws:sqs:*:*:q"],
        ),
        (
            r#""Action": "s3:*", "Resource": "arn:aws:sqs:*:*:q""#,
            &["statement at s3:*"],
        ),
        (
            r#""Action": "logs:*", "Resource": "arn:aws:logs:*:*:*""#,
            &[],
        ),
        (
            r#""Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/*""#,
            &[],
        ),
        (
            r#""Action": "ec2:DescribeVpc*", "Resource": "arn:aws:ec2:*:*:instance/*""#,
            &["statement at ec2:DescribeVpc*"],
        ),
        (r#""Action": "*", "Resource": "arn:aws:s3:::b""#, &[]),
        (
            r#""Action": "*", "Resource": "arn:aws:nothing:::b""#,
            &["statement at *"],
        ),
        (
            r#""Action": "*", "Resource": ["arn:aws:nothing:::b", "arn:aws:s3:::b"]"#,
            &["resource at arn:aws:nothing:::b"],
        ),
        // What the catalogue or the grammar does not know is left alone, and resources beside it.
        (
            r#""Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::b""#,
            &[],
        ),
        (
            r#""Action": ["s3:GetObject", "s3:New*Thing"], "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::b"]"#,
            &[],
        ),
        (
            r#""Action": ["s3:ListAllMyBuckets", "news:Thing"], "Resource": "arn:aws:s3:::b""#,
            &["resource at s3:ListAllMyBuckets"],
        ),
        (r#""Action": "*:*", "Resource": "arn:aws:nothing:::b""#, &[]),
        (
            r#""Action": "GetObject", "Resource": "arn:aws:s3:::b""#,
            &[],
        ),
        (r#""Action": "s3:GetObject", "Resource": "b""#, &[]),
        // A reading of AWS's pages by which it works is enough.
        (
            r#""Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:q""#,
            &[],
        ),
        (
            r#""Action": "sqs:SendMessage", "Resource": "arn:aws:sqs""#,
            &[],
        ),
        (
            r#""Action": "iam:PassRole", "Resource": "arn:*:iam::*:instance-profile/a""#,
            &["statement at iam:PassRole"],
        ),
        // Variables and placeholders stand for any text.
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:PrincipalTag/bucket}""#,
            &[],
        ),
        (
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::<BUCKET>""#,
            &[],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": "<RESOURCE>""#,
            &[],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": "${aws:PrincipalTag/x}""#,
            &[],
        ),
        (
            r#""Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::<BUCKET>""#,
            &["statement at s3:ListAllMyBuckets"],
        ),
        (
            r#""Action": "iam:PassRole", "Resource": "arn:aws:iam::<ACCOUNT>:instance-profile/<NAME>""#,
            &["statement at iam:PassRole"],
        ),
        // NotAction and NotResource leave what they do not list.
        (r#""NotAction": "iam:*", "Resource": "arn:aws:s3:::b""#, &[]),
        (r#""NotAction": "*", "Resource": "*""#, &["statement at *"]),
        (
            r#""NotAction": ["s3:GetObject", "*"], "Resource": "*""#,
            &["statement at *"],
        ),
        (r#""NotAction": "iam:*", "Resource": "*""#, &[]),
        (
            r#""NotAction": "sqs:*", "Resource": "arn:aws:nothing:::q""#,
            &["statement at NotAction"],
        ),
        (
            r#""NotAction": "sqs:*", "Resource": ["arn:aws:nothing:::q", "arn:aws:s3:::b"]"#,
            &["resource at arn:aws:nothing:::q"],
        ),
        (
            r#""Action": "s3:GetObject", "NotResource": "*""#,
            &["statement at *"],
        ),
        (
            r#""Action": "s3:GetObject", "NotResource": "arn:aws:s3:::*""#,
            &[],
        ),
        (
            r#""Action": "sqs:SendMessage", "NotResource": "arn:*:sqs:*:*:*""#,
            &["statement at sqs:SendMessage"],
        ),
        (
            r#""Action": "sqs:SendMessage", "NotResource": ["arn:*:sqs:*:*:?", "arn:*:sqs:*:*:??*"]"#,
            &["statement at sqs:SendMessage"],
        ),
        (
            r#""Action": "sqs:SendMessage", "NotResource": ["arn:*:sqs:*:*:?", "arn:*:sqs:*:*:???*"]"#,
            &[],
        ),
        (
            r#""Action": ["sqs:SendMessage", "sqs:ListQueues"], "NotResource": "arn:*:sqs:*:*:*""#,
            &["resource at sqs:SendMessage"],
        ),
        (
            r#""Action": "sqs:SendMessage", "NotResource": "arn:*:sqs:*:*:${aws:username}*""#,
            &[],
        ),
        // Lists of nothing are refused, which is an error of its own.
        (r#""Action": [], "Resource": "*""#, &[]),
        (r#""Action": "s3:GetObject", "Resource": []"#, &[]),
        (r#""NotAction": [], "NotResource": []"#, &[]),
    ];
    for (statement, expected) in cases {
        for effect in ["Allow", "Deny"] {
            let text = policy(&format!(r#"{{"Effect": "{effect}", {statement}}}"#));
            assert_eq!(told(&text), *expected, "{effect} {statement}");
        }
    }
}

#[test]
fn without_a_version_variables_are_plain_text() {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:username}"}}"#;
    assert_eq!(told(text), ["statement at s3:GetObject"]);
}

/// The field of an ARN that its service does not have, or that it must have.
#[test]
fn a_finding_says_which_field_is_at_fault() {
    each(
        [
            (
                "dynamodb:GetItem",
                "dynamodb:us-east-1::table/t",
                "have an account, or `*` for it",
            ),
            (
                "dynamodb:GetItem",
                "dynamodb::123456789012:table/t",
                "have a Region, or `*` for it",
            ),
            (
                "route53:GetHostedZone",
                "route53:us-east-1::hostedzone/Z",
                "have no Region",
            ),
            (
                "route53:GetHostedZone",
                "route53::123456789012:hostedzone/Z",
                "have no account",
            ),
        ],
        |(action, arn, expected)| {
            let statement = format!(
                r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "arn:aws:{arn}"}}"#
            );
            let found = ineffective(&policy(&statement));
            let (service, _) = arn.split_once(':').unwrap();
            let expected = format!("`arn:aws:{arn}`: ARNs of `{service}` {expected}");
            assert!(found[0].notes.contains(&expected), "{found:?}");
        },
    );
}

#[test]
fn a_finding_says_what_the_actions_apply_to() {
    let found = ineffective(&policy(
        r#"{"Sid": "A", "Effect": "Deny", "Action": ["s3:ListAllMyBuckets", "iam:PassRole"], "Resource": "arn:aws:s3:::b"}"#,
    ));
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        found.message,
        "the statement likely denies nothing: `s3:ListAllMyBuckets` and `iam:PassRole` do not apply to `arn:aws:s3:::b`"
    );
    assert_eq!(found.actions, ["s3:ListAllMyBuckets", "iam:PassRole"]);
    assert_eq!(found.sid.as_deref(), Some("A"));
    each(
        [
            "`s3:ListAllMyBuckets` has no resource-level permissions",
            "`iam:PassRole` applies to `arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`",
            "according to the catalogue of ",
        ],
        |part| {
            assert!(found.notes.iter().any(|n| n.starts_with(part)), "{found:?}");
        },
    );
    assert!(found.help.as_ref().unwrap().contains("\"Resource\": \"*\""));
}

/// The ids and files of what both lints say of a role's policy, its boundary and its SCPs.
fn layers(policy: &str, boundary: &str, scp: &str, context: &[&str]) -> Vec<(String, String)> {
    let mut sources = Sources::new();
    let mut load = |name: &str, text: &str| {
        let source = sources.add(Source::new(name, text));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let reference = reference::from_policies(&load("r.json", REFERENCE).document.policies);
    let files = [load("p.json", policy)];
    let settings = Settings {
        boundary: Some(load("b.json", boundary)),
        scps: vec![vec![load("s.json", scp)]],
        context: context
            .iter()
            .map(|key| {
                let absent = pcluster_iam::matcher::condition::KeyValue::Absent;
                ((*key).to_owned(), absent)
            })
            .collect(),
        // The evaluators know nothing of what IAM rejects.
        once_repaired: true,
        ..Settings::default()
    };
    let against = Against::role(reference);
    let catalog = Catalog::embedded();
    let result = check::check(&sources, catalog, &files, &against, &settings).unwrap();
    let ours = { result.findings.iter() }.filter(|f| f.lint.starts_with("ineffective"));
    ours.map(|f| {
        let name = sources.get(f.label.source).name();
        (name.to_owned(), f.lint.to_owned())
    })
    .collect()
}

#[test]
fn every_layer_is_looked_at() {
    let all = policy(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let dead = policy(
        r#"{"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::b"}"#,
    );
    let one = |file: &str| vec![(file.to_owned(), "ineffective-statement".to_owned())];
    assert_eq!(layers(&all, &all, &all, &[]), []);
    assert_eq!(layers(&dead, &all, &all, &[]), one("p.json"));
    assert_eq!(layers(&all, &dead, &all, &[]), one("b.json"));
    assert_eq!(layers(&all, &all, &dead, &[]), one("s.json"));
}

#[test]
fn a_variable_without_a_value_is_no_fault_of_the_policy() {
    let all = policy(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let text = policy(
        r#"{"Effect": "Allow", "Action": ["sqs:SendMessage", "s3:GetObject"],
            "Resource": ["arn:aws:sqs:*:*:q", "arn:aws:s3:::${aws:sourcevpc}/*"]}"#,
    );
    assert_eq!(layers(&text, &all, &all, &["aws:sourcevpc"]), []);
}

#[test]
fn nothing_is_said_twice_of_one_statement() {
    let text = policy(
        r#"{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]},
           {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::b"}"#,
    );
    let found = ineffective(&text);
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].fingerprint, found[1].fingerprint);
}
