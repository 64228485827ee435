//! Code that `terraform validate` or `terraform plan` refuses is never passed, in whatever part of the module it is.

use super::{case, encoded, judged, refuses, role_with};
use crate::common::table::each;

const RESOURCE: &str = "\"ARN:queue-a\"";

fn granting() -> String {
    role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE))
}

/// Code beside the role, and what is reported; nothing for code that Terraform takes.
const BLOCKS: &[(&str, &str)] = &[
    (
        "resourse \"aws_iam_role_policy\" \"q\" {\n role = \"node\"\n}",
        "`resourse` is not a kind of block",
    ),
    (
        "required_providers {\n}",
        "`required_providers` is not a kind of block",
    ),
    ("x = 1", "`x` is an argument outside of a block"),
    (
        "moved {\n from = aws_iam_role.x\n to = aws_iam_role.node\n}\nterraform {\n}\nremoved {\n from = aws_iam_role.y\n}\nimport {\n to = aws_iam_role.node\n id = \"x\"\n}\ncheck \"x\" {\n}",
        "",
    ),
    (
        "resource \"aws_iam_role_polcy\" \"q\" {\n}",
        "`aws_iam_role_polcy` is not a type of the AWS provider",
    ),
    (
        "resource \"aws_iam_inline\" \"q\" {\n}",
        "`aws_iam_inline` is not a type of the AWS provider",
    ),
    (
        "data \"aws_iam_policy_documents\" \"q\" {\n}",
        "`aws_iam_policy_documents` is not a type of the AWS provider",
    ),
    ("data \"aws_iam_of_tomorrow\" \"q\" {\n}", ""),
    ("resource \"aws_iam_user_ssh_key\" \"q\" {\n}", ""),
    (
        "locals {\n a = local.b\n b = [local.a]\n}",
        "refers to itself",
    ),
    (
        "locals {\n a = local.a\n c = 1\n d = local.c\n}",
        "`local.a` refers to itself",
    ),
    (
        "locals {\n a = local.b\n b = local.c\n c = [for local in [] : local.a]\n}",
        "",
    ),
    (
        "variable \"a\" {\n default = var.other\n}",
        "the default of `var.a` refers to another value",
    ),
    ("variable \"a\" {\n default = [{ b = \"c\" }]\n}", ""),
    (
        "resource \"aws_instance\" \"x\" {\n provider = aws.nope\n}",
        "the module has no provider `aws.nope`",
    ),
    (
        "provider \"aws\" {\n alias = \"west\"\n}\nresource \"aws_instance\" \"x\" {\n provider = aws.west\n}\nresource \"aws_instance\" \"y\" {\n provider = aws\n}",
        "",
    ),
    (
        "terraform {\n required_providers {\n aws = {\n source = \"hashicorp/aws\"\n configuration_aliases = [aws.west]\n }\n }\n}\nresource \"aws_instance\" \"x\" {\n provider = aws.west\n}",
        "",
    ),
    (
        "resource \"aws_instance\" \"x\" {\n count = 1\n for_each = {}\n}",
        "`count` and `for_each` are in one block",
    ),
    (
        "locals {\n a = nosuch(\"x\")\n}",
        "there is no function `nosuch`",
    ),
    (
        "locals {\n a = \"${uper(\"x\")}\"\n}",
        "did you mean `upper`?",
    ),
    (
        "locals {\n a = upper(\"x\", \"y\")\n}",
        "`upper` takes 1 arguments, and this call has 2",
    ),
    (
        "locals {\n a = join(\"x\")\n}",
        "`join` takes at least 2 arguments, and this call has 1",
    ),
    (
        "locals {\n a = lookup({}, \"a\", 1, 2)\n}",
        "`lookup` takes 2 to 3 arguments, and this call has 4",
    ),
    // What Terraform does not evaluate may be anything.
    (
        "locals {\n a = try(nosuch(1), 2)\n b = can(nosuch(1))\n c = var.is_on ? 1 : nosuch(1)\n d = [for x in [] : nosuch(x)]\n}",
        "",
    ),
    (
        "locals {\n a = join([\"x\", [\"y\"]]...)\n b = upper([\"x\"]...)\n c = core::upper(\"x\")\n d = provider::aws::arn_parse(\"\")\n}",
        "",
    ),
];

/// The same in JSON.
const IN_JSON: &[(&str, &str)] = &[
    (
        r#"{"resourse": {}, "//": "x"}"#,
        "`resourse` is not a kind of block",
    ),
    (
        r#"{"check": {}, "//": "x", "terraform": {"required_version": "1"}, "provider": {"aws": [{}, {"alias": "west"}]}, "resource": {"aws_instance": {"x": {"provider": "aws.west"}}}}"#,
        "",
    ),
    (
        r#"{"terraform": {"required_providers": {"aws": {"configuration_aliases": ["aws.west"]}}}, "resource": {"aws_instance": {"x": {"provider": "aws.west"}}}}"#,
        "",
    ),
];

#[test]
fn no_block_is_passed_over() {
    let role = granting();
    each(BLOCKS, |(code, expected)| {
        refuses(&[("main.tf", &role), ("more.tf", code)], code, expected);
    });
    each(IN_JSON, |(code, expected)| {
        let files = [("main.tf", role.as_str()), ("more.tf.json", code)];
        refuses(&files, code, expected);
    });
}

/// A module `m` that is called, code beside the call, and what is reported.
const CALLS: &[(&str, &str, &str)] = &[
    ("name = \"a\"", "", ""),
    ("nme = \"a\"", "", "the module `m` has no variable `nme`"),
    ("nope = 1", "", "the module `m` has no variable `nope`"),
    ("version = \"1\"\n providers = {}\n depends_on = []", "", ""),
    (
        "",
        "output \"x\" {\n value = module.m.nope\n}",
        "does not define `output.nope`",
    ),
    ("", "output \"x\" {\n value = module.m.made\n}", ""),
    (
        "count = 1",
        "output \"x\" {\n value = module.m.made\n}",
        "`module.m` has `count`, and the reference to it has no index",
    ),
    (
        "for_each = {}",
        "output \"x\" {\n value = [module.m[\"a\"].made, module.m]\n}",
        "",
    ),
    (
        "",
        "output \"x\" {\n value = [try(module.m.nope, 1), var.is_on ? 1 : module.m.nope]\n}",
        "",
    ),
];

#[test]
fn calls_of_modules_fit_them() {
    let role = granting();
    let module = "variable \"name\" {\n default = \"\"\n}\noutput \"made\" {\n value = var.name\n}";
    each(CALLS, |(arguments, more, expected)| {
        let call = format!("module \"m\" {{\n source = \"./m\"\n {arguments}\n}}\n{more}\n");
        let files = [
            ("main.tf", role.as_str()),
            ("call.tf", &call),
            ("m/main.tf", module),
        ];
        refuses(&files, &call, expected);
    });
}

/// The name of the role of a policy, where there is one of two.
const WHICHEVER: &[&str] = &[
    "concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name)[0]",
    "element(concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name), 0)",
    "element(concat(aws_iam_role.h.*.name, aws_iam_role.g.*.name, [\"\"]), 0)",
    "one(concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name))",
    "coalesce(one(aws_iam_role.h[*].name), one(aws_iam_role.g[*].name))",
    "try(aws_iam_role.h[0].name, aws_iam_role.g[0].name)",
];

#[test]
fn a_policy_may_be_for_whichever_role_exists() {
    let policy = encoded("Allow", "\"sqs:SendMessage\"", RESOURCE);
    let roles = |name: &str, count: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n count = {count}\n name = \"{name}\"\n assume_role_policy = {}\n}}\n",
            super::TRUST
        )
    };
    let with = |role: &str, more: &str| {
        format!(
            "variable \"on\" {{\n type = bool\n}}\n{}{}resource \"aws_iam_role_policy\" \"p\" {{\n {more}\n role = {role}\n policy = {policy}\n}}\n",
            roles("h", "var.on ? 1 : 0"),
            roles("g", "var.on ? 0 : 1")
        )
    };
    // Each role has the policy where it exists.
    let covered = |code: &str| {
        let (run, report) = case(&[("main.tf", code)]).lint(".", &[]);
        let all = report.to_string();
        assert_eq!(run.code, 0, "{code}\n{all}");
        all.matches("\"verdict\":\"covered\"").count()
    };
    each(WHICHEVER, |role| {
        assert_eq!(covered(&with(role, "")), 2, "{role}");
        for (value, left) in [("true", "h"), ("false", "g")] {
            let on = format!("on={value}");
            let case = case(&[("main.tf", &with(role, ""))]);
            let (run, report) = case.lint(".", &["--parameter", &on]);
            assert_eq!(run.code, 0, "{role} of {left}\n{report}");
        }
    });
    // Of one role: the join of at most one name, and each of the roles.
    let only = |code: String| code.replace(&roles("g", "var.on ? 0 : 1"), "");
    let join = with(
        "join(\"\", aws_iam_role.h[*].name)",
        "count = var.on ? 1 : 0",
    );
    assert_eq!(covered(&only(join)), 1);
    let each_of = with("each.value.name", "for_each = aws_iam_role.h");
    let set = "for_each = var.on ? toset([\"a\"]) : toset([])";
    let each_of = only(each_of).replace("count = var.on ? 1 : 0", set);
    assert_eq!(covered(&each_of), 1);
}

#[test]
fn iam_keeps_one_inline_policy_of_each_name() {
    let policy = |name: &str, more: &str| {
        format!(
            "resource \"aws_iam_role_policy\" \"{name}\" {{\n {more}\n role = aws_iam_role.node.id\n policy = {}\n}}\n",
            encoded("Allow", "\"sqs:PurgeQueue\"", RESOURCE)
        )
    };
    let inline =
        |name: &str| format!("inline_policy {{\n name = \"{name}\"\n policy = POLICY\n }}\n");
    let granting = granting();
    let refused = "covered and exit 2";
    each(
        [
            (
                policy("x", "name = \"a\"") + &policy("y", "name = \"a\""),
                refused,
            ),
            (
                policy("x", "name = \"a\"") + &policy("y", "name = \"b\""),
                "covered",
            ),
            (policy("x", "") + &policy("y", ""), "covered"),
            (
                policy("x", "name = \"a\"").replace(
                    "aws_iam_role.node.id",
                    "[aws_iam_role.node.id, aws_iam_role.node.name]",
                ),
                "covered",
            ),
            (
                policy("x", "for_each = toset([\"a\", \"b\"])\n name = \"a\""),
                refused,
            ),
            (
                policy("x", "for_each = toset([\"a\", \"b\"])\n name = each.key"),
                "covered",
            ),
            (
                policy("x", "name = \"a\"\n count = var.open == \"\" ? 1 : 0")
                    + &policy("y", "name = \"a\"\n count = var.open == \"\" ? 0 : 1"),
                "covered",
            ),
        ],
        |(more, expected)| {
            let code = format!("{granting}{more}");
            assert_eq!(judged(&[("main.tf", &code)], &[]), expected, "{more}");
        },
    );
    let of_role = |all: &str| {
        let policy = encoded("Allow", "\"sqs:SendMessage\"", RESOURCE);
        let all = all.replace("POLICY", &policy);
        let code = format!(
            "resource \"aws_iam_role\" \"node\" {{\n assume_role_policy = {}\n {all}}}\n",
            super::TRUST
        );
        judged(&[("main.tf", &code)], &[])
    };
    assert_eq!(of_role(&(inline("a") + &inline("a"))), refused);
    assert_eq!(of_role(&(inline("a") + &inline("b"))), "covered");
}

/// Code that defines `data.aws_region.r`, and the verdict in us-east-1.
const REGIONS: &[(&str, &str)] = &[
    ("data \"aws_region\" \"r\" {}", "covered"),
    (
        "data \"aws_region\" \"r\" {\n name = \"eu-west-1\"\n}",
        "missing",
    ),
    (
        "data \"aws_region\" \"r\" {\n region = \"eu-west-1\"\n}",
        "missing",
    ),
    (
        "data \"aws_region\" \"r\" {\n name = \"us-east-1\"\n}",
        "covered",
    ),
    ("data \"aws_region\" \"r\" {\n name = null\n}", "covered"),
    (
        "data \"aws_region\" \"r\" {\n endpoint = \"ec2.eu-west-1.amazonaws.com\"\n}",
        "depends",
    ),
    (
        "data \"aws_region\" \"r\" {\n provider = aws.eu\n}",
        "missing",
    ),
    (
        "data \"aws_region\" \"r\" {\n provider = aws.here\n}",
        "covered",
    ),
    (
        "data \"aws_region\" \"r\" {\n provider = aws.given\n}",
        "depends",
    ),
    ("data \"aws_region\" \"r\" {\n provider = aws\n}", "covered"),
];

#[test]
fn a_region_may_be_another_than_that_of_the_run() {
    let providers = "provider \"aws\" {\n region = var.queue\n}\n\
        provider \"aws\" {\n alias = \"eu\"\n region = \"eu-west-1\"\n}\n\
        provider \"aws\" {\n alias = \"here\"\n}\n\
        provider \"aws\" {\n alias = \"given\"\n region = var.open\n}\n";
    let name = "\"arn:aws:sqs:${data.aws_region.r.name}:123456789012:queue-a\"";
    let of = |arn: &str| role_with(&encoded("Allow", "\"sqs:SendMessage\"", arn));
    each(REGIONS, |(code, expected)| {
        let code = format!("{}{providers}{code}\n", of(name));
        assert_eq!(judged(&[("main.tf", &code)], &[]), *expected, "{code}");
    });
    let queues = [
        ("region = \"eu-west-1\"", "missing"),
        ("provider = aws.eu", "missing"),
        ("region = \"us-east-1\"", "covered"),
    ];
    each(queues, |(more, expected)| {
        let queue =
            format!("resource \"aws_sqs_queue\" \"q\" {{\n name = \"queue-a\"\n {more}\n}}\n");
        let code = format!("{}{providers}{queue}", of("aws_sqs_queue.q.arn"));
        assert_eq!(judged(&[("main.tf", &code)], &[]), expected, "{more}");
    });
    // A called module gets the configuration of its caller, or another one.
    let module =
        "data \"aws_region\" \"r\" {}\noutput \"name\" {\n value = data.aws_region.r.name\n}\n";
    let name = "\"arn:aws:sqs:${module.m.name}:123456789012:queue-a\"";
    let calls = [
        ("", "covered"),
        ("providers = { aws = aws.eu }", "missing"),
        ("providers = { aws = aws }", "covered"),
    ];
    each(calls, |(more, expected)| {
        let call = format!("module \"m\" {{\n source = \"./m\"\n {more}\n}}\n");
        let code = format!("{}{providers}{call}", of(name));
        let files = [("main.tf", code.as_str()), ("m/main.tf", module)];
        assert_eq!(judged(&files, &[]), expected, "{more}");
    });
}

/// An action of the role's policy, and what is reported.
const ACTIONS: &[(&str, &str)] = &[
    ("[\"x\"][2]", "the list of 1 has no element 2"),
    ("{ a = \"x\" }.b", "there is no `b` in the object"),
    ("{ a = \"x\" }[\"b\"]", "there is no `b` in the object"),
    ("lookup({ a = \"x\" }, \"b\")", "`lookup` finds no `b`"),
    ("\"a\" + 1", "an operand is not a number"),
    (
        "\"x\" ? \"a\" : \"b\"",
        "a condition is neither true nor false",
    ),
    ("local.map[\"nope\"]", "there is no `nope` in the object"),
    ("try({ a = \"x\" }.b, \"x\")", ""),
    ("var.is_on ? \"x\" : [\"x\"][3]", ""),
    ("var.open == \"\" ? \"x\" : [\"x\"][3]", ""),
    ("can(local.map.nope) ? \"x\" : \"y\"", ""),
    ("\"1\" ? \"x\" : \"y\"", ""),
    ("lookup({ a = \"x\" }, \"b\", \"x\")", ""),
    ("\"${\"1\" + 2}x\"", ""),
];

/// A variable with its default, and what is reported.
const DEFAULTS: &[(&str, &str)] = &[
    (
        "type = number\n default = \"abc\"",
        "`a` takes `number`, and this is a string",
    ),
    (
        "type = list(string)\n default = \"x\"",
        "`a` takes `list(string)`, and this is a string",
    ),
    ("type = map(string)\n default = []", "and this is a list"),
    (
        "type = list(string)\n default = {}",
        "and this is an object",
    ),
    ("type = bool\n default = 1", "and this is a number"),
    (
        "type = list(list(string))\n default = [\"x\"]",
        "has a part that is a string",
    ),
    (
        "type = object({ a = string })\n default = { b = 1 }",
        "has no `a`",
    ),
    ("type = number\n default = \"1\"", ""),
    ("type = string\n default = 1", ""),
    ("type = bool\n default = \"1\"", ""),
    ("type = set(any)\n default = [1, \"x\"]", ""),
    ("type = list(string)\n default = null", ""),
    (
        "type = object({ a = optional(string), b = string })\n default = { b = null, c = 1 }",
        "",
    ),
    (
        "type = map(object({ a = optional(list(string), []) }))\n default = { x = {} }",
        "",
    ),
    ("type = any\n default = {}", ""),
];

#[test]
fn values_are_ones_that_terraform_takes() {
    each(ACTIONS, |(action, expected)| {
        let code = role_with(&encoded("Allow", action, RESOURCE));
        refuses(&[("main.tf", &code)], action, expected);
    });
    let role = granting();
    each(DEFAULTS, |(code, expected)| {
        let variable = format!("variable \"a\" {{\n {code}\n}}\n");
        refuses(
            &[("main.tf", &role), ("more.tf", &variable)],
            code,
            expected,
        );
    });
    let module = "variable \"all\" {\n type = list(string)\n}";
    let passed = [
        ("\"x\"", "`all` takes `list(string)`, and this is a string"),
        ("{ x = \"y\" }", "and this is an object"),
        ("[\"x\"]", ""),
        ("var.open_list", ""),
        ("toset([1])", ""),
    ];
    each(passed, |(given, expected)| {
        let call = format!("module \"m\" {{\n source = \"./m\"\n all = {given}\n}}\n");
        let files = [
            ("main.tf", role.as_str()),
            ("call.tf", &call),
            ("m/main.tf", module),
        ];
        refuses(&files, given, expected);
    });
    let call = "module \"m\" {\n source = \"./m\"\n providers = { aws.x = aws }\n}\n";
    let module = "resource \"aws_instance\" \"x\" {\n provider = aws.x\n}";
    let files = [
        ("main.tf", role.as_str()),
        ("call.tf", call),
        ("m/main.tf", module),
    ];
    refuses(&files, call, "");
}
