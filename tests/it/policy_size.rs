//! `policy-size` counts what AWS stores, not the names of what a template leaves open.

use serde_json::{Value, json};

use crate::common::program::{NODE, run};
use crate::common::project::Project;
use crate::common::table::each;

/// The findings on sizes in the first of these files, as lines.
fn found(files: &[(&str, &str)], more: &[&str]) -> Vec<String> {
    let command = ["lint", files[0].0, "-f", "concise", "--no-config"];
    let run = Project::new(files).run(&[&command, more].concat());
    let lines = { run.out.lines() }.filter(|line| line.contains("policy-size"));
    lines.map(str::to_owned).collect()
}

/// One finding is made, of this severity and with this text, or none where nothing is expected.
fn check(found: &[String], expected: &str) {
    let (severity, text) = expected.split_once(": ").unwrap_or_default();
    let count = usize::from(!expected.is_empty());
    assert_eq!(found.len(), count, "{expected}: {found:?}");
    for line in found {
        assert!(line.contains(&format!("{severity}[policy-size]")), "{line}");
        assert!(line.contains(text), "{expected}: {line}");
    }
}

/// The findings on the size of a policy with so many resources.
fn sizes(file: &str, resource: &str, count: usize, more: &[&str]) -> Vec<String> {
    let is_json = file.ends_with("json");
    let all = (0..count).map(|n| {
        let text = resource.replace('#', &format!("{n:03}"));
        let text = format!("\"{text}\"");
        if is_json {
            text
        } else {
            format!("!Sub {text}")
        }
    });
    let all = all.collect::<Vec<_>>().join(", ");
    let document = if is_json {
        format!(
            "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"sqs:SendMessage\", \"Resource\": [{all}]}}]}}"
        )
    } else {
        format!(
            "{{Version: 2012-10-17, Statement: [{{Effect: Allow, Action: sqs:SendMessage, Resource: [{all}]}}]}}"
        )
    };
    let head =
        "Resources:\n  R: {Type: AWS::IAM::Role, Properties: {}}\n  P:\n    Type: AWS::IAM::";
    let text = match file {
        "managed.yaml" => format!(
            "{head}ManagedPolicy\n    Properties:\n      Roles: [!Ref R]\n      PolicyDocument: {document}\n"
        ),
        "inline.yaml" => format!(
            "{head}Policy\n    Properties:\n      PolicyName: p\n      Roles: [!Ref R]\n      PolicyDocument: {document}\n"
        ),
        _ => document,
    };
    found(&[(file, &text)], more)
}

#[test]
fn open_values_count_as_long_as_they_are() {
    let node = &["--role", "instance", "--scheduler", "torque"][..];
    // 17 characters for 12, in 47.
    let account = "arn:aws:sqs:us-east-1:${AWS::AccountId}:q#";
    // 17 for 3 to 10, and 14 for 9 to 15, in 57.
    let partition = "arn:${AWS::Partition}:sqs:${AWS::Region}:123456789012:q#";
    each(
        [
            ("managed.yaml", account, 140, ""),
            ("managed.yaml", account, 160, "error: has 6,8"),
            ("managed.yaml", partition, 105, ""),
            ("managed.yaml", partition, 120, "warning: may have up to 6,"),
            ("managed.yaml", partition, 150, "error: has at least 6,"),
            ("policy.json", account, 140, ""),
            ("policy.json", account, 240, "warning: has 10,1"),
            ("policy.json", account, 260, "error: has 11,"),
            ("policy.json", partition, 120, "warning: may have up to 6,"),
            (
                "policy.json",
                "arn:aws:sqs:*:*:${aws:username}#",
                180,
                "warning: has 6,",
            ),
            ("inline.yaml", account, 240, ""),
            ("inline.yaml", account, 260, "error: have 11,"),
            ("inline.yaml", partition, 220, "warning: may have up to 1"),
        ],
        |(file, resource, count, expected)| {
            check(&sizes(file, resource, count, node), expected);
        },
    );
    // A value that is given counts as it is.
    assert_eq!(sizes("managed.yaml", partition, 120, &NODE), [""; 0]);
}

/// A statement of about 40 characters and 45 for each resource.
fn statement(count: usize) -> String {
    let all = (0..count).map(|n| format!("\"arn:aws:s3:::bucket-{n:04}-aaaaaaaaaaaaaaaaaaaa/*\""));
    let all = all.collect::<Vec<_>>().join(", ");
    format!("{{Effect: Allow, Action: \"s3:GetObject\", Resource: [{all}]}}")
}

#[test]
fn the_larger_alternative_counts() {
    let open = "Parameters: {F: {Type: String}}\nConditions: {C: !Equals [!Ref F, x], D: !Not [!Condition C]}\nResources:\n";
    let role = "  R: {Type: AWS::IAM::Role, Properties: {}}\n";
    let policy = |name: &str, kind: &str, more: &str, statements: &str| {
        let named = if kind == "Policy" {
            "PolicyName: p, "
        } else {
            ""
        };
        format!(
            "  {name}:\n    Type: AWS::IAM::{kind}\n{more}    Properties: {{{named}Roles: [!Ref R], PolicyDocument: {{Version: 2012-10-17, Statement: {statements}}}}}\n"
        )
    };
    let branches = |kind: &str, one, other| {
        let (one, other) = (statement(one), statement(other));
        policy("P", kind, "", &format!("[!If [C, {one}, {other}]]"))
    };
    let apart = |one, other| {
        let (one, other) = (statement(one), statement(other));
        let absent = "!Ref AWS::NoValue";
        let both = format!("[!If [C, {one}, {absent}], !If [C, {absent}, {other}]]");
        policy("P", "Policy", "", &both)
    };
    let when = |one, other| {
        let first = policy("P", "Policy", "    Condition: C\n", &statement(one));
        let second = policy("Q", "Policy", "    Condition: D\n", &statement(other));
        format!(
            "{first}{}",
            second.replace("PolicyName: p", "PolicyName: q")
        )
    };
    each(
        [
            (branches("Policy", 150, 150), ""),
            (branches("Policy", 150, 300), "warning: may have up to 1"),
            (branches("Policy", 300, 300), "error: have 1"),
            (branches("ManagedPolicy", 100, 100), ""),
            (
                branches("ManagedPolicy", 100, 200),
                "warning: may have up to 1",
            ),
            (branches("ManagedPolicy", 200, 200), "error: has 1"),
            (apart(150, 150), ""),
            // Whether the policies exclude each other is not compared.
            (when(150, 150), "warning: may have up to 1"),
            (when(150, 300), "error: have at least 1"),
        ],
        |(resources, expected)| {
            let text = format!("{open}{role}{resources}");
            check(&found(&[("p.yaml", &text)], &NODE), expected);
        },
    );
}

#[test]
fn the_quotas_of_users_are_no_note_on_a_role() {
    let resource = "arn:aws:sqs:us-east-1:123456789012:q#";
    let user = &["--role", "user", "--scheduler", "torque"];
    assert_eq!(sizes("inline.yaml", resource, 200, user), [""; 0]);
}

/// A service control policy beside a policy is reported as too long, or it is not.
fn check_scp(scp: &str, policy: &str, is_long: bool) {
    let files = [("p.json", policy), ("scp.json", scp)];
    let found = found(&files, &[&["--scp", "scp.json"], &NODE[..]].concat());
    let is_error = |line: &String| line.contains("error[policy-size]");
    assert_eq!(found.iter().any(is_error), is_long, "{found:?}");
}

#[test]
fn white_space_around_a_service_control_policy_counts() {
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let blanks = " ".repeat(11_000);
    each(
        [
            (format!("{document}\n"), false),
            (format!("{document}{blanks}"), true),
            (format!("{blanks}{document}"), true),
        ],
        |(scp, is_long)| check_scp(&scp, document, is_long),
    );
}

/// A document with so many resources, each of 42 characters with its quotes and comma.
fn document(count: usize) -> String {
    let all = (0..count).map(|n| format!("'arn:aws:sqs:us-east-1:123456789012:q{n:03}'"));
    let all = all.collect::<Vec<_>>().join(", ");
    format!(
        "{{Version: 2012-10-17, Statement: [{{Effect: Allow, Action: 'sqs:SendMessage', Resource: [{all}]}}]}}"
    )
}

/// So many ARNs of managed policies.
fn arns(count: usize) -> String {
    let all = (0..count).map(|n| format!("'arn:aws:iam::aws:policy/P{n}'"));
    all.collect::<Vec<_>>().join(", ")
}

/// The trust policy of a role that so many others may assume, too.
fn trust(count: usize) -> String {
    let all = (0..count).map(|n| format!("'arn:aws:iam::123456789012:role/some-role-{n:03}'"));
    let all = all.collect::<Vec<_>>().join(", ");
    format!(
        "AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: [{{Effect: Allow, Principal: {{Service: ec2.amazonaws.com, AWS: [{all}]}}, Action: 'sts:AssumeRole'}}]}}"
    )
}

/// The findings on the resources of a template.
fn of_template(resources: &str, role: &str) -> Vec<String> {
    let text = format!(
        "Parameters: {{Open: {{Type: String}}}}\nConditions: {{IsOpen: !Equals [!Ref Open, a]}}\nResources:\n{resources}"
    );
    let options = ["--role", role, "--scheduler", "torque"];
    found(&[("t.yaml", &text)], &options)
}

#[test]
fn the_quotas_of_what_a_template_makes_are_errors() {
    let role = |count: usize, rest: &str| {
        let trust = trust(count);
        let document = document(1);
        format!(
            "  R: {{Type: AWS::IAM::Role, Properties: {{{trust}, Policies: [{{PolicyName: p, PolicyDocument: {document}}}], ManagedPolicyArns: [{rest}]}}}}\n"
        )
    };
    let managed = format!(
        "  M: {{Type: AWS::IAM::ManagedPolicy, Properties: {{Roles: [!Ref R], PolicyDocument: {}}}}}\n",
        document(1)
    );
    let of = |kind: &str, count: usize, rest: &str| {
        let (document, inner) = (document(count), document(1));
        format!(
            "  U: {{Type: AWS::IAM::{kind}, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {document}}}]{rest}}}}}\n  H: {{Type: AWS::IAM::Group, Properties: {{Policies: [{{PolicyName: q, PolicyDocument: {inner}}}]}}}}\n"
        )
    };
    let optional = "!If [IsOpen, 'arn:aws:iam::aws:policy/Q', !Ref 'AWS::NoValue'], !Ref Open";
    let optional = format!("{}, {optional}", arns(25));
    each(
        [
            (role(1, &arns(10)), "instance", ""),
            (
                role(1, &arns(10)) + &managed,
                "instance",
                "note: has 11 managed",
            ),
            (role(1, &arns(25)), "instance", "note: has 25 managed"),
            (
                role(1, &arns(26)),
                "instance",
                "error: has 26 managed policies, and IAM attaches 25 at most",
            ),
            (
                role(1, &arns(25)) + &managed,
                "instance",
                "error: has 26 managed",
            ),
            // One may not be attached, and the other may be one of the 25.
            (role(1, &optional), "instance", "note: has 25 managed"),
            (of("User", 40, ""), "user", ""),
            (
                of("User", 50, ""),
                "user",
                "error: those of a user take 2,048",
            ),
            (of("User", 50, ", Groups: [!Ref H]"), "user", ""),
            (of("Group", 50, ""), "user", ""),
            (
                of("Group", 130, ""),
                "user",
                "error: those of a group take 5,120",
            ),
            (role(20, ""), "instance", ""),
            (
                role(50, ""),
                "instance",
                "note: the quota is 2,048 by default",
            ),
            (role(200, ""), "instance", "error: IAM takes 8,192 at most"),
        ],
        |(resources, role, expected)| {
            check(&of_template(&resources, role), expected);
        },
    );
}

/// A policy of so many characters, none of them white space.
fn policy(size: usize) -> Value {
    let document = |name: &str| {
        let resource = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        let statement =
            json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resource});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let least = document("").to_string().len();
    document(&"q".repeat(size - least))
}

#[test]
fn a_quota_is_the_largest_size_that_aws_takes() {
    let managed = |document: Value| {
        let of = json!({"Roles": [{"Ref": "R"}], "PolicyDocument": document});
        json!({"Resources": {
            "R": {"Type": "AWS::IAM::Role", "Properties": {}},
            "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": of},
        }})
    };
    let inline = |kind: &str, document: Value| {
        let policies = json!({"Policies": [{"PolicyName": "p", "PolicyDocument": document}]});
        json!({"Resources": {"R": {"Type": format!("AWS::IAM::{kind}"), "Properties": policies}}})
    };
    let role = |document: Value| inline("Role", document);
    let user = |document: Value| inline("User", document);
    let plain = |document: Value| document;
    // The brackets around the one statement are two characters.
    let bare = |mut document: Value| {
        document["Statement"] = document["Statement"][0].take();
        managed(document)
    };
    let named = |document: Value| json!({"PolicyName": "p", "PolicyDocument": document});
    let cases: [(&str, &dyn Fn(Value) -> Value, usize, &str); 16] = [
        ("instance", &plain, 6_144, ""),
        ("instance", &plain, 6_145, "warning: has 6,145 "),
        ("instance", &plain, 10_240, "warning: has 10,240 "),
        ("instance", &plain, 10_241, "error: has 10,241 "),
        ("instance", &managed, 6_144, ""),
        ("instance", &managed, 6_145, "error: has 6,145 "),
        ("instance", &bare, 6_146, ""),
        ("instance", &bare, 6_147, "error: has 6,145 "),
        ("user", &role, 10_240, ""),
        ("user", &role, 10_241, "error: those of a role take 10,240"),
        ("user", &user, 2_048, ""),
        ("user", &user, 2_049, "error: those of a user take 2,048"),
        ("user", &named, 2_048, ""),
        ("user", &named, 2_049, "note: have 2,049 "),
        ("user", &named, 5_120, "note: those of a user take 2,048"),
        (
            "user",
            &named,
            5_121,
            "note: those of a user take 2,048, those of a group 5,120",
        ),
    ];
    each(cases, |(role, make, size, expected)| {
        let text = make(policy(size)).to_string();
        let options = ["--role", role, "--scheduler", "torque"];
        let found = found(&[("p.json", &text)], &options);
        check(&found, expected);
        let names_group = found.iter().any(|line| line.contains("those of a group"));
        let is_group = expected.starts_with("note") && size > 5_120;
        assert_eq!(names_group, is_group, "{role} {size}: {found:?}");
    });
}

#[test]
fn a_service_control_policy_may_have_10240_characters() {
    each([(10_240, false), (10_241, true)], |(size, is_found)| {
        let [scp, policy] = [size, 500].map(|size| policy(size).to_string());
        check_scp(&scp, &policy, is_found);
    });
}

#[test]
fn managed_policies_are_counted_up_to_the_quotas_of_a_role() {
    let (eleven, twenty_six) = (
        "note[policy-size]: this is managed policy number 11 of one role, and the quota is 10",
        "warning[policy-size]: this is managed policy number 26 of one role, and the quota is 25",
    );
    each(
        [
            (10, &[][..]),
            (11, &[eleven]),
            (25, &[eleven]),
            (26, &[eleven, twenty_six]),
            (27, &[eleven, twenty_six]),
        ],
        |(count, expected)| {
            let all: Vec<Value> = { (0..count).map(|n| policy(200 + n)) }
                .map(|document| json!({"PolicyDocument": document}))
                .collect();
            let found = found(&[("p.json", &json!(all).to_string())], &NODE);
            let found: Vec<&str> = { found.iter() }
                .map(|line| line.split_once(": ").unwrap().1)
                .collect();
            assert_eq!(found, expected, "{count}");
        },
    );
}

/// AWS's own policies may be longer than those of customers, and their statements count.
#[test]
fn a_managed_policy_that_exists_has_its_size() {
    let actions: Vec<String> = (0..400).map(|at| format!("ec2:Describe{at:05}")).collect();
    let grant = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": grant});
    let role = json!({"RoleName": "r", "Arn": "arn:aws:iam::123456789012:role/r", "RolePolicyList": [],
        "AttachedManagedPolicies": [{"PolicyName": "Big", "PolicyArn": "arn:aws:iam::aws:policy/Big"}]});
    let big = json!({"PolicyName": "Big", "Arn": "arn:aws:iam::aws:policy/Big", "DefaultVersionId": "v1",
        "PolicyVersionList": [version]});
    let dump = json!({"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": [big]});
    let detail = json!({"Resources": {
        "R": {"Type": "AWS::IAM::Role", "Properties": {}},
        "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": [{"Ref": "R"}], "PolicyDocument": grant}},
    }});
    for (file, of, expected) in [
        ("version.json", json!({"PolicyVersion": version}), "covered"),
        ("dump.json", dump, "covered"),
        ("template.json", detail, "missing"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), of.to_string()).unwrap();
        let reference = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]});
        std::fs::write(folder.path().join("r.json"), reference.to_string()).unwrap();
        let run = run(
            folder.path(),
            &["lint", file, "--no-config", "--reference", "r.json"],
        );
        let is_error = run.out.contains("error[policy-size]");
        assert_eq!(is_error, expected == "missing", "{}{}", run.out, run.err);
        assert_eq!(run.code == 0, expected == "covered", "{}", run.out);
    }
}
