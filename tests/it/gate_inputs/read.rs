//! Nothing of an input is passed over: templates, dumps, plans, modules.

use serde_json::{Value, json};

use super::{REFERENCE, allow, covered, dump, lint, plan, role, template};
use crate::common::project::Project;

fn deny() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
}

/// Each file is judged with the exit code and a text of the report.
fn judged(rows: &[(&str, String, i32, &str)], name: &str) {
    let mut wrong = Vec::new();
    for (what, text, code, wanted) in rows {
        let project = Project::new(&[("r.json", REFERENCE), (name, text)]);
        let found = lint(&project, &[name, "-f", "text", "--verbose"]);
        if found.code != *code || !found.out.contains(wanted) {
            wrong.push(format!("{what}: {} {}{}", found.code, found.out, found.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_of_a_template_is_passed_over() {
    let add = |name: &'static str, resource: Value| {
        template(move |t| t["Resources"][name] = resource.clone())
    };
    let include = json!({"Name": "AWS::Include", "Parameters": {"Location": "s3://b/x"}});
    let twice = |text: &str| {
        let all = template(|_| {});
        format!("{}, {text}}}}}", all.strip_suffix("}}").unwrap())
    };
    let rows = [
        ("plain", template(|_| {}), 0, "covered"),
        (
            "macro of the template",
            template(|t| t["Fn::Transform"] = include.clone()),
            2,
            "may add to the template",
        ),
        (
            "macro among the resources",
            template(|t| t["Resources"]["Fn::Transform"] = include.clone()),
            2,
            "could not be read",
        ),
        (
            "macro of a resource",
            template(|t| t["Resources"]["R"]["Fn::Transform"] = include.clone()),
            2,
            "may add to the resource",
        ),
        (
            "macro of properties",
            template(|t| t["Resources"]["R"]["Properties"]["Fn::Transform"] = include.clone()),
            2,
            "`Fn::Transform`",
        ),
        (
            "loop",
            template(|t| t["Resources"]["Fn::ForEach::X"] = json!(["I", ["a"], {}])),
            2,
            "`Fn::ForEach::X` could not be read",
        ),
        (
            "unknown property",
            template(|t| {
                t["Resources"]["R"]["Properties"]["Polices"] = json!([{"PolicyDocument": deny()}]);
            }),
            2,
            "`Polices` is not a property of AWS::IAM::Role",
        ),
        (
            "unknown attribute",
            template(|t| t["Resources"]["R"]["Policies"] = json!([{"PolicyDocument": deny()}])),
            2,
            "`Policies` is not an attribute of a resource",
        ),
        (
            "no type",
            add(
                "D",
                json!({"Properties": {"Roles": ["r"], "PolicyDocument": deny()}}),
            ),
            2,
            "the resource `D` has no type",
        ),
        (
            "policy",
            add(
                "D",
                json!({"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": "r", "PolicyName": "d",
            "PolicyDocument": deny()}}),
            ),
            1,
            "denied",
        ),
        (
            "nested stack",
            add(
                "S",
                json!({"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "u"}}),
            ),
            0,
            "not checked: permissions boundary, service control policies (SCP), the template of S",
        ),
        (
            "application",
            template(|t| {
                t["Transform"] = "AWS::Serverless-2016-10-31".into();
                let properties = json!({"Location": "u"});
                t["Resources"]["S"] =
                    json!({"Type": "AWS::Serverless::Application", "Properties": properties});
            }),
            0,
            "the template of S",
        ),
        (
            "module",
            add("S", json!({"Type": "My::Org::Role::MODULE"})),
            0,
            "the template of S",
        ),
        (
            "custom resource",
            add(
                "S",
                json!({"Type": "Custom::Attach", "Properties": {"Role": {"Ref": "R"}}}),
            ),
            0,
            "the effect of the custom resource S on the role",
        ),
        (
            "repeated resource",
            twice(&format!("\"R\": {}", role())),
            2,
            "the template has the key `R` twice",
        ),
        (
            "two templates",
            template(|_| {}) + "\n" + &template(|_| {}),
            2,
            "second JSON document",
        ),
    ];
    judged(&rows, "t.json");
    let yaml = [
        (
            "in braces",
            format!("{{ # a comment\n  Resources: {{R: {}}}}}\n", role()),
            0,
            "covered",
        ),
        (
            "two documents",
            format!("Resources:\n  R: {}\n---\nResources: {{}}\n", role()),
            2,
            "a second document starts here",
        ),
        (
            "repeated resource",
            format!("Resources:\n  R: {}\n  R: {}\n", role(), role()),
            2,
            "has the key `R` twice",
        ),
        (
            "repeated in braces",
            format!("{{Resources: {{R: {}, R: {}}}}}\n", role(), role()),
            2,
            "has the key `R` twice",
        ),
    ];
    judged(&yaml, "t.yaml");
}

#[test]
fn nothing_of_a_dump_is_passed_over() {
    let managed = |versions: Value| {
        dump(move |d| {
            d["RoleDetailList"][0]["AttachedManagedPolicies"] =
                json!([{"PolicyName": "m", "PolicyArn": "arn:aws:iam::123456789012:policy/m"}]);
            d["Policies"] = json!([{"PolicyName": "m", "Arn": "arn:aws:iam::123456789012:policy/m", "PolicyVersionList": versions.clone()}]);
        })
    };
    let version = |document: Value, is_default: bool| json!({"Document": document, "IsDefaultVersion": is_default, "VersionId": "v1"});
    let of_role = |key: &'static str, value: Value| {
        dump(move |d| d["RoleDetailList"][0][key] = value.clone())
    };
    let rows = [
        ("plain", dump(|_| {}), 0, "covered"),
        (
            "a policy after it",
            dump(|_| {}) + "\n" + &deny().to_string(),
            2,
            "beside the lists of the dump",
        ),
        (
            "a policy beside it",
            dump(|d| d["Other"] = json!({"PolicyDocument": deny()})),
            2,
            "beside the lists of the dump",
        ),
        (
            "a policy in a list of pages",
            format!("[{}, {}]", dump(|_| {}), deny()),
            2,
            "beside the lists of the dump",
        ),
        (
            "more pages",
            dump(|d| d["IsTruncated"] = json!(true)),
            0,
            "the pages of the dump that follow",
        ),
        (
            "default version",
            managed(json!([version(allow(), false), version(deny(), true)])),
            1,
            "denied",
        ),
        (
            "no default version",
            managed(json!([version(allow(), false)])),
            2,
            "IsDefaultVersion",
        ),
        (
            "two default versions",
            managed(json!([version(allow(), true), version(deny(), true)])),
            2,
            "two versions of this policy are the default version",
        ),
        (
            "two documents",
            of_role(
                "RolePolicyList",
                json!([{"PolicyName": "a", "PolicyDocument": allow(), "Document": deny()}]),
            ),
            2,
            "Document",
        ),
        (
            "statements beside",
            of_role(
                "RolePolicyList",
                json!([{"PolicyName": "a", "PolicyDocument": allow(), "Statement": []}]),
            ),
            2,
            "Statement",
        ),
        (
            "a document of the role",
            of_role("PolicyDocument", deny()),
            2,
            "PolicyDocument",
        ),
        (
            "boundary",
            of_role(
                "PermissionsBoundary",
                json!({"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/b"}),
            ),
            2,
            "the permissions boundary `arn:aws:iam::123456789012:policy/b` was not given",
        ),
        (
            "attached",
            of_role(
                "AttachedManagedPolicies",
                json!([{"PolicyArn": "arn:aws:iam::123456789012:policy/x"}]),
            ),
            0,
            "the attached policy arn:aws:iam::123456789012:policy/x",
        ),
    ];
    judged(&rows, "d.json");
}

#[test]
fn nothing_of_a_plan_is_passed_over() {
    let change = |mode: &str| {
        json!([{"address": "aws_iam_role_policy.d", "mode": mode, "type": "aws_iam_role_policy", "name": "d",
            "change": {"actions": ["create"], "after": {"role": "r", "policy": deny().to_string()}}}])
    };
    let whole = plan(|_| {});
    let rows = [
        ("plain", whole.clone(), 0, "covered"),
        (
            "ended with an error",
            plan(|p| p["errored"] = json!(true)),
            2,
            "ended with an error",
        ),
        (
            "not complete",
            plan(|p| p["complete"] = json!(false)),
            2,
            "not complete",
        ),
        (
            "deferred",
            plan(|p| p["deferred_changes"] = json!([{"reason": "x"}])),
            2,
            "to a later plan",
        ),
        (
            "a change alone",
            plan(|p| p["resource_changes"] = change("managed")),
            2,
            "do not have `aws_iam_role_policy.d`",
        ),
        (
            "data",
            plan(|p| p["resource_changes"] = change("data")),
            0,
            "covered",
        ),
        (
            "twice",
            whole.replacen('{', "{\"planned_values\": {},", 1),
            2,
            "has the key `planned_values` twice",
        ),
        (
            "two plans",
            format!("{whole}\n{whole}"),
            2,
            "goes on after the end",
        ),
    ];
    judged(&rows, "plan.json");
}

#[test]
fn nothing_of_a_module_is_passed_over() {
    let mut wrong = Vec::new();
    for (what, name, text, code, wanted) in [
        (
            "registry",
            "x.tf",
            "module \"x\" {\n source = \"a/b/aws\"\n}\n",
            0,
            "the module x (a/b/aws), whose code is not in this repository",
        ),
        (
            "no source",
            "x.tf",
            "module \"x\" {\n}\n",
            2,
            "has no source",
        ),
        (
            "open source",
            "x.tf",
            "module \"x\" {\n source = var.s\n}\n",
            2,
            "is not a text",
        ),
        (
            "OpenTofu",
            "x.tofu",
            "resource \"a\" \"b\" {}\n",
            2,
            "only OpenTofu reads this file",
        ),
        (
            "override",
            "override.tf",
            "resource \"a\" \"b\" {}\n",
            2,
            "overrides others",
        ),
    ] {
        let main = covered();
        let file = format!("m/{name}");
        let project = Project::new(&[("r.json", REFERENCE), ("m/main.tf", &main), (&file, text)]);
        let found = lint(&project, &["m", "-f", "text", "--verbose"]);
        if found.code != code || !found.out.contains(wanted) {
            wrong.push(format!("{what}: {} {}{}", found.code, found.out, found.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
