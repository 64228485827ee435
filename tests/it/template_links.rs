//! What is attached to a principal of a template, for every value of the parameters that decide it.

use std::fs;

use serde_json::Value;

use crate::common::program::run;

/// Resources of each row, and the verdict for its principal `R#`. `#` is the number of the row; `ALLOW` and `DENY` are
/// documents, `TRUST` the trust policy of a role, `MINE` an inline policy that allows what is required.
const ROWS: &[(&str, &str)] = &[
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "n-#", TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x", "Roles": [{"Fn::Sub": "${N}-#"}], "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "${N}-#"}, TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::RolePolicy", "Properties": {"PolicyName": "x", "RoleName": "n-#", "PolicyDocument": DENY}}"#,
        "denied",
    ),
    // What only one value grants is missing for the other.
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "other-#", TRUST}},
           "P#": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x", "Roles": [{"Fn::Sub": "${N}-#"}], "PolicyDocument": ALLOW}}"#,
        "missing",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x", "Roles": [{"Fn::If": ["Second", {"Ref": "R#"}, "z-#"]}], "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::Policy", "Condition": "Second", "Properties": {"PolicyName": "x", "Roles": [{"Ref": "R#"}], "PolicyDocument": DENY}}"#,
        "denied",
    ),
    // A role that is made for the second value only.
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Condition": "Second", "Properties": {TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": DENY}]}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE, "ManagedPolicyArns": [{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/${N}-#"}]}},
           "B#": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "n-#", "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE, "ManagedPolicyArns": ["arn:aws:iam::123456789012:policy/n-#"]}},
           "B#": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": {"Fn::Sub": "${N}-#"}, "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE, "PermissionsBoundary": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/${N}-#"}}},
           "B#": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "n-#", "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::User", "Properties": {MINE, "Groups": [{"Fn::Sub": "${N}-#"}]}},
           "G#": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "n-#", "Policies": [{"PolicyName": "p", "PolicyDocument": DENY}]}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::User", "Properties": {MINE, "Groups": ["n-#"]}},
           "G#": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": {"Fn::Sub": "${N}-#"}, "Policies": [{"PolicyName": "p", "PolicyDocument": DENY}]}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::User", "Properties": {"UserName": "n-#", MINE}},
           "G#": {"Type": "AWS::IAM::Group", "Properties": {"Policies": [{"PolicyName": "p", "PolicyDocument": DENY}]}},
           "A#": {"Type": "AWS::IAM::UserToGroupAddition", "Properties": {"GroupName": {"Ref": "G#"}, "Users": [{"Fn::Sub": "${N}-#"}]}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::User", "Properties": {MINE, "Groups": [{"Ref": "G#"}]}},
           "G#": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "n-#"}},
           "P#": {"Type": "AWS::IAM::GroupPolicy", "Properties": {"PolicyName": "x", "GroupName": {"Fn::Sub": "${N}-#"}, "PolicyDocument": DENY}}"#,
        "denied",
    ),
    // A group that is not in the template, and a policy of it that is.
    (
        r#""R#": {"Type": "AWS::IAM::User", "Properties": {MINE, "Groups": ["elsewhere-#"]}},
           "P#": {"Type": "AWS::IAM::GroupPolicy", "Properties": {"PolicyName": "x", "GroupName": "elsewhere-#", "PolicyDocument": DENY}}"#,
        "denied",
    ),
    // One policy for several roles, by reference and by name.
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "n-#", TRUST, MINE}},
           "S#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x", "Roles": [{"Ref": "S#"}, "n-#"], "PolicyDocument": DENY}}"#,
        "denied",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "n-#", TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Users": ["u-#"], "Groups": ["g-#"], "Roles": ["n-#"], "PolicyDocument": DENY}}"#,
        "denied",
    ),
    // A role without any policy, and one with a policy of AWS alone.
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST}}"#,
        "missing",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {TRUST, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"]}}"#,
        "missing",
    ),
    (
        r#""R#": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "n-#", TRUST, MINE}},
           "P#": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x", "Roles": [{"Fn::Sub": "${N}-z#"}], "PolicyDocument": DENY}}"#,
        "covered",
    ),
];

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:parallelcluster-q"}}"#;
const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}"#;
const DENY: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
const TRUST: &str = r#""AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;

/// The results of a template with these resources, judged in full.
fn judge(resources: &str) -> Vec<Value> {
    let text = format!(
        r#"{{"Parameters": {{"N": {{"Type": "String", "AllowedValues": ["other", "n"]}}}},
            "Conditions": {{"Second": {{"Fn::Equals": [{{"Ref": "N"}}, "n"]}}}}, "Resources": {{{resources}}}}}"#
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.json"), text).unwrap();
    fs::write(folder.path().join("r.json"), REFERENCE).unwrap();
    let arguments = "lint t.json --no-config -f json --reference r.json --select * --region us-east-1 --account 123456789012";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let run = run(folder.path(), &arguments);
    let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    value["results"].as_array().unwrap().clone()
}

#[test]
fn what_is_attached_is_worked_out_for_every_value() {
    let rows = ROWS.iter().enumerate().map(|(nth, (resources, _))| {
        let own = format!(r#""Policies": [{{"PolicyName": "p", "PolicyDocument": {ALLOW}}}]"#);
        resources
            .replace("MINE", &own)
            .replace("TRUST", TRUST)
            .replace("ALLOW", ALLOW)
            .replace("DENY", DENY)
            .replace('#', &nth.to_string())
    });
    let results = judge(&rows.collect::<Vec<_>>().join(",\n"));
    let mut wrong = Vec::new();
    for (nth, (resources, expected)) in ROWS.iter().enumerate() {
        let name = format!("R{nth}");
        let result = results.iter().find(|r| r["principal"]["name"] == *name);
        let result = result.unwrap_or_else(|| panic!("{resources} is not judged"));
        let verdict = &result["requirements"][0]["verdict"];
        let errors = { result["findings"].as_array().unwrap().iter() }
            .filter(|f| f["severity"] == "error")
            .count();
        // What is not covered is never without a finding, also where the role has no statement.
        if verdict != expected || (errors == 0) != (*expected == "covered") {
            wrong.push(format!("{resources}: {verdict} with {errors} errors"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn policies_of_one_role_elsewhere_are_judged_together() {
    let policy = |role: &str, document: &str| {
        format!(
            r#"{{"Type": "AWS::IAM::Policy", "Properties": {{"PolicyName": "x", "Roles": {role}, "PolicyDocument": {document}}}}}"#
        )
    };
    let other = ALLOW.replace("SendMessage", "DeleteMessage");
    let resources = [
        format!(r#""P": {}"#, policy(r#"["there"]"#, &other)),
        format!(r#""Q": {}"#, policy(r#"["there"]"#, ALLOW)),
        format!(r#""S": {}"#, policy(r#"["alone"]"#, &other)),
    ];
    let results = judge(&resources.join(","));
    let shown: Vec<String> = { results.iter() }
        .map(|r| {
            let principal = &r["principal"];
            let row = &r["requirements"][0]["verdict"];
            format!("{} {} {row}", principal["kind"], principal["name"])
        })
        .collect();
    assert_eq!(
        shown,
        [r#""policy" "S" "missing""#, r#""role" "there" "covered""#,]
    );
}

/// Roles with policies that are not in the input: the role, options, the exit code and the verdict.
const ELSEWHERE: &[(&str, &str, i32, &str)] = &[
    (r"SITE", "", 2, "depends"),
    (r"SITE", "--unresolved warn", 0, "depends"),
    (r"SITE", "site.json", 0, "covered"),
    (
        r#"SITE, "PermissionsBoundary": {"Ref": "None"}"#,
        "",
        1,
        "missing",
    ),
    (
        r#"SITE, "Policies": [{"PolicyName": "p", "PolicyDocument": ALLOW}]"#,
        "",
        0,
        "covered",
    ),
    (
        r#"SITE, "Policies": [{"PolicyName": "p", "PolicyDocument": DENY}]"#,
        "",
        1,
        "denied",
    ),
    // Only a part of what is required.
    (
        r#"SITE, "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:parallelcluster-a"}}}]"#,
        "",
        2,
        "depends",
    ),
    // A value that the template leaves open decides.
    (r#""ManagedPolicyArns": {"Ref": "Arns"}"#, "", 0, "depends"),
    (
        r#""ManagedPolicyArns": [{"Fn::ImportValue": "site"}]"#,
        "",
        0,
        "depends",
    ),
    // A policy of AWS whose contents are known, and one whose are not.
    (
        r#""ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]"#,
        "",
        1,
        "missing",
    ),
    (
        r#""ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"]"#,
        "",
        2,
        "depends",
    ),
    (r#""Path": "/""#, "", 1, "missing"),
];

#[test]
fn what_a_policy_elsewhere_may_grant_depends_on_it() {
    let site = r#""ManagedPolicyArns": ["arn:aws:iam::123456789012:policy/site"]"#;
    let mut wrong = Vec::new();
    for (properties, options, code, verdict) in ELSEWHERE {
        let role = format!(
            r#"{{"Parameters": {{"Arns": {{"Type": "CommaDelimitedList"}}}}, "Resources": {{
                "None": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"PolicyDocument": {{"Version": "2012-10-17",
                    "Statement": {{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}}}}}}},
                "R": {{"Type": "AWS::IAM::Role", "Properties": {{{TRUST}, {properties}}}}}}}}}"#
        );
        let role = { role.replace("SITE", site) }
            .replace("ALLOW", ALLOW)
            .replace("DENY", DENY);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.json"), role).unwrap();
        fs::write(folder.path().join("site.json"), ALLOW).unwrap();
        fs::write(folder.path().join("r.json"), REFERENCE).unwrap();
        let line = format!(
            "lint t.json {options} --no-config -f json --reference r.json --select R --region us-east-1 --account 123456789012"
        );
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let run = run(folder.path(), &arguments);
        let value: Value =
            serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{line}: {}", run.err));
        let is = &value["results"][0]["requirements"][0]["verdict"];
        if run.code != *code || is != verdict {
            wrong.push(format!("{properties} {options}: {is}, exit {}", run.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
