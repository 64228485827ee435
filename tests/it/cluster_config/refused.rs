//! Cluster configurations that are refused, each with its place.

use pcluster_iam::cluster::read;
use pcluster_iam::parser::Source;

use super::problems;
use crate::common::table::each;

/// Text, the whole message, underlined text, part of the help.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("", "the file is empty", "", "pcluster create"),
    ("\u{feff} \n", "the file is empty", "", "pcluster create"),
    (
        "# c\n",
        "the file holds nothing but comments",
        "",
        "HeadNode",
    ),
    (
        "just words\n",
        "this is not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "[1, 2]\n",
        "this is not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "a: b\n",
        "none of the sections of a configuration is in this file",
        "",
        "HeadNode",
    ),
    (
        "{\"Version\": \"2012-10-17\", \"Statement\": []}",
        "this is an IAM policy, not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "Build:\n  Iam: role\n",
        "`Iam` is a text, not a map",
        "role",
        "",
    ),
    (
        "Build: {}\nDevSetting: {}\n",
        "`DevSetting` is not a section of the configuration of an image",
        "DevSetting",
        "did you mean `DevSettings`?",
    ),
    (
        "Build: {}\nScheduling: {}\n",
        "`Scheduling` is not a section of the configuration of an image",
        "Scheduling",
        "one of: Build, ",
    ),
    (
        "Build:\n  Iam:\n    CleanupLamdaRole: r\n",
        "`CleanupLamdaRole` is not a key of `Build/Iam`",
        "CleanupLamdaRole",
        "did you mean `CleanupLambdaRole`?",
    ),
    (
        "HeadNode:\n  Iam:\n    AdditionalIamPolicy: []\n",
        "`AdditionalIamPolicy` is not a key of the `Iam` section of a node",
        "AdditionalIamPolicy",
        "did you mean `AdditionalIamPolicies`?",
    ),
    (
        "Iam:\n  PermissionBoundary: a\n",
        "`PermissionBoundary` is not a key of `Iam`",
        "PermissionBoundary",
        "did you mean `PermissionsBoundary`?",
    ),
    (
        "Iam:\n  Roles:\n    HeadNodeRole: a\n",
        "`HeadNodeRole` is not a key of `Iam/Roles`",
        "HeadNodeRole",
        "one of: LambdaFunctionsRole",
    ),
    (
        "AWSTemplateFormatVersion: 2010-09-09\nResources: {}\n",
        "this is a CloudFormation template, not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "Region: mars\n",
        "`mars` is not the name of a Region",
        "mars",
        "us-east-1",
    ),
    (
        "Region:\n",
        "`Region` has no value",
        "Region",
        "give it a value",
    ),
    ("Region: \"\"\n", "`Region` is empty", "\"\"", "give it"),
    (
        "Region: [us-east-1]\n",
        "`Region` is a list, not a text",
        "[us-east-1]",
        "form",
    ),
    (
        "Region: {a: b}\n",
        "`Region` is a map, not a text",
        "{a: b}",
        "form",
    ),
    (
        "Region: {{ region }}\n",
        "`{{ region }}` is a placeholder, not a value",
        "{{ region }}",
        "render the template",
    ),
    (
        "Region: \"{{ region }}\"\n",
        "`{{ region }}` is a placeholder, not a value",
        "{{ region }}",
        "render the template",
    ),
    (
        "Region: ${REGION}\n",
        "`${REGION}` is a placeholder, not a value",
        "${REGION}",
        "render the template",
    ),
    (
        "Region: $REGION\n",
        "`$REGION` is a placeholder, not a value",
        "$REGION",
        "render the template",
    ),
    (
        "Region: <REGION>\n",
        "`<REGION>` is a placeholder, not a value",
        "<REGION>",
        "render the template",
    ),
    (
        "Region: !Ref AWS::Region\n",
        "the tag `!Ref` at `Region` stands for a value that is not here",
        "AWS::Region",
        "plain values",
    ),
    (
        "Scheduling:\n  Scheduler: sge\n",
        "`sge` is not a scheduler",
        "sge",
        "one of: awsbatch, slurm",
    ),
    (
        "Scheduling:\n  - Scheduler: slurm\n",
        "`Scheduling` is a list, not a map",
        "- Scheduler: slurm",
        "form",
    ),
    (
        "Scheduling:\n  SlurmQueues:\n    Name: a\n",
        "`SlurmQueues` is a map, not a list",
        "Name: a",
        "form",
    ),
    (
        "Scheduling:\n  SlurmQueues:\n    - a\n",
        "an item of `SlurmQueues` is a text, not a map",
        "a",
        "form",
    ),
    (
        "SharedStorage:\n  - StorageType: fsxlustre\n",
        "`fsxlustre` is not a type of storage",
        "fsxlustre",
        "FsxLustre",
    ),
    (
        "SharedStorage:\n  - StorageType: FsxLustre\n    FsxLustreSettings:\n      ImportPath: bucket\n",
        "`bucket` is not the address of a bucket",
        "bucket",
        "s3://BUCKET",
    ),
    (
        "HeadNode:\n  Dcv:\n    Enabled: maybe\n",
        "`maybe` is not a Boolean",
        "maybe",
        "true, false",
    ),
    (
        "Region: us-east-1\nRegion: us-east-2\n",
        "the key `Region` is given twice in one map",
        "Region",
        "keep one",
    ),
    (
        "Region: us-east-1\n---\na: b\n",
        "a second document starts here",
        "---",
        "one document",
    ),
    (
        "HeadNode: &a\n  Ssh: *a\n",
        "this alias is inside its own value",
        "*a",
        "write the value out",
    ),
    (
        "[global]\nx\n[cluster a]\n",
        "`x` is neither a section nor `key = value`",
        "x",
        "indent",
    ),
    (
        "scheduler = sge\n[cluster a]\n",
        "this line is before the first section",
        "scheduler = sge",
        "[global]",
    ),
    (
        "[cluster a]\n[cluster a]\n",
        "the section `[cluster a]` is given twice",
        "cluster a",
        "keep one",
    ),
    (
        "[cluster a]\nscheduler = sge\nScheduler = slurm\n",
        "the key `scheduler` is given twice in one section",
        "Scheduler",
        "keep one",
    ),
    (
        "[cluster a]\nscheduler = pbs\n",
        "`pbs` is not a scheduler",
        "pbs",
        "one of: awsbatch, sge, slurm, torque",
    ),
    (
        "[cluster a]\nfsx_settings = b\n",
        "there is no section `[fsx b]`",
        "b",
        "`fsx_settings`",
    ),
    (
        "[global]\ncluster_template = b\n[cluster a]\n",
        "there is no section `[cluster b]`",
        "b",
        "for example `a`",
    ),
    (
        "[global]\nx = 1\n",
        "there is no section `[cluster default]`",
        "global",
        "[cluster NAME]",
    ),
    (
        "[cluster a]\nkey_name = 50%\n",
        "`%` inserts the value of another key, and none is named here",
        "50%",
        "%%",
    ),
    (
        "[cluster a]\nkey_name = %(nobody)s\n",
        "there is no key `nobody` to insert here",
        "%(nobody)s",
        "[DEFAULT]",
    ),
    (
        "[cluster a]\nkey_name = %(key_name)s\n",
        "`key_name` is inserted into itself or too often",
        "%(key_name)s",
        "write the value out",
    ),
    (
        "[cluster a]\nec2_iam_role = {{ role }}\n",
        "`{{ role }}` is a placeholder, not a value",
        "{{ role }}",
        "render the template",
    ),
];

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    each(REFUSED, |(text, message, underlined, help)| {
        let source = Source::new("c", *text);
        let found = read(&source).expect_err(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        let problem = &found[0];
        assert_eq!(problem.message, *message, "{text:?}");
        assert_eq!(source.slice(problem.span), *underlined, "{text:?}");
        let words = problem.help.as_ref().unwrap();
        assert!(words.contains(help), "{text:?}: {words}");
        assert!(
            !problem.message.ends_with('.') && !words.ends_with('.'),
            "{text:?}"
        );
    });
}

#[test]
fn text_that_is_no_yaml_is_placed() {
    each(
        [
            ("Region: us-east-1\nHeadNode:\n\tSsh: x\n", 3, "spaces"),
            ("Region: \"us-east-1\nHeadNode: 1\n", 1, ""),
            ("HeadNode:\n  Ssh: {KeyName: a\n", 3, ""),
            (
                "Region: us-east-1\n{% if x %}\nHeadNode: {}\n{% endif %}\n",
                2,
                "template",
            ),
            ("Region: a: b\n", 1, "indentation"),
            ("HeadNode: *nobody\n", 1, ""),
        ],
        |(text, line, help)| {
            let source = Source::new("c", text);
            let problem = read(&source).expect_err(text).remove(0);
            let at = source.location(problem.span.start);
            assert!(
                problem.message.starts_with("this is not YAML: "),
                "{}",
                problem.message
            );
            assert!(at.line <= line, "{text:?}: {at:?}");
            assert!(problem.help.unwrap().contains(help), "{text:?}");
        },
    );
}

#[test]
fn all_problems_are_reported_in_order() {
    let found = problems("Region: mars\nScheduling:\n  Scheduler: sge\nHeadNode: x\n");
    let messages: Vec<_> = found.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`mars` is not the name of a Region",
            "`sge` is not a scheduler",
            "`HeadNode` is a text, not a map"
        ]
    );
}
