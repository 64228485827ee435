//! Searches and suggestions.

use pcluster_iam::catalog::Catalog;

use crate::common::table::each;

#[test]
fn every_action_is_found_in_any_case() {
    for service in Catalog::embedded().services() {
        let upper = service.prefix().to_ascii_uppercase();
        assert_eq!(Catalog::embedded().service(&upper), Some(service));
        for action in service.actions() {
            assert_eq!(action.service, service.prefix());
            for name in [
                action.name.to_owned(),
                action.name.to_ascii_lowercase(),
                action.name.to_ascii_uppercase(),
            ] {
                assert_eq!(service.action(&name), Some(action));
            }
        }
        assert_eq!(service.actions().count(), service.action_count());
    }
}

#[test]
fn what_does_not_exist_is_not_found() {
    let catalog = Catalog::embedded();
    each(
        ["", "s", "s3 ", "s4", "zzz", "é", "\t", "s3\tAmazon S3"],
        |prefix| {
            assert_eq!(catalog.service(prefix), None, "{prefix:?}");
        },
    );
    let s3 = catalog.service("s3").unwrap();
    each(
        [
            "",
            "Get",
            "GetObjec",
            "GetObject ",
            "GetObjectt",
            "zz",
            "é",
            "GetObject\tR",
            "\n",
        ],
        |name| {
            assert_eq!(s3.action(name), None, "{name:?}");
        },
    );
}

#[test]
fn a_prefix_gives_the_actions_that_start_with_it() {
    each(
        [
            (
                "s3",
                ["", "G", "get", "GETOBJECT", "z", "GetObject"].as_slice(),
            ),
            (
                "ec2",
                &["Describe", "describeinstance", "A", "Withdraw", "x"],
            ),
            ("fsx", &["", "Create", "untagresource"]),
        ],
        |(service, prefixes)| {
            let service = Catalog::embedded().service(service).unwrap();
            for prefix in prefixes {
                let lower = prefix.to_ascii_lowercase();
                let plain: Vec<&str> = service
                    .actions()
                    .map(|action| action.name)
                    .filter(|name| name.to_ascii_lowercase().starts_with(&lower))
                    .collect();
                let found = service.actions_with_prefix(prefix);
                assert_eq!(found.map(|action| action.name).collect::<Vec<_>>(), plain);
            }
        },
    );
}

#[test]
fn suggestions_for_services() {
    let suggest = |prefix| Catalog::embedded().suggest_service(prefix);
    each(
        [
            ("efs", "elasticfilesystem"),
            ("ELB", "elasticloadbalancing"),
            ("cfn", "cloudformation"),
            ("ddb", "dynamodb"),
            ("asg", "autoscaling"),
            ("cloudwatchlogs", "logs"),
            ("stepfunctions", "states"),
            ("clodformation", "cloudformation"),
            ("cloudfromation", "cloudformation"),
            ("dynamo-db", "dynamodb"),
            ("S3", "s3"),
        ],
        |(written, meant)| {
            assert_eq!(suggest(written), Some(meant), "{written}");
        },
    );
    each(
        ["", "*", "s*", "nothing-like-any-service", "é"],
        |written| {
            assert_eq!(suggest(written), None, "{written}");
        },
    );
    assert_eq!(suggest(&"x".repeat(100_000)), None);
}

#[test]
fn suggestions_for_actions() {
    let suggest = |service, name: &str| Catalog::embedded().suggest_action(service, name);
    each(
        [
            (
                "route53",
                "ChangeTagsForResource1",
                "route53:ChangeTagsForResource",
            ),
            ("s3", "ListBuckets", "s3:ListBucket"),
            ("ec2", "describeinstance", "ec2:DescribeInstances"),
            (
                "efs",
                "DescribeMountTarget",
                "elasticfilesystem:DescribeMountTargets",
            ),
            ("stepfunctions", "StartExecution", "states:StartExecution"),
            ("iam", "AssumeRole", "sts:AssumeRole"),
            ("logs", "StartQueryExecution", "athena:StartQueryExecution"),
        ],
        |(service, name, meant)| {
            assert_eq!(
                suggest(service, name).as_deref(),
                Some(meant),
                "{service}:{name}"
            );
        },
    );
    each(
        [
            ("route53", ""),
            ("s3", "Get*"),
            ("", "X"),
            ("ec2", "MakeCoffee"),
            // A name that many services have says nothing.
            ("nothing-like-any-service", "TagResource"),
        ],
        |(service, name)| {
            assert_eq!(suggest(service, name), None, "{service}:{name}");
        },
    );
    assert_eq!(suggest("ec2", &"Describe".repeat(10_000)), None);
}
