//! Code that Terraform or IAM refuses is never passed.

use super::{case, encoded, judged, role_with};
use crate::common::table::each;

const RESOURCE: &str = "\"ARN:queue-a\"";

#[test]
fn a_list_in_a_list_of_a_policy_is_an_error() {
    let statement =
        "{ Effect = \"Allow\", Action = \"sqs:SendMessage\", Resource = \"ARN:queue-a\" }";
    each(
        [
            encoded(
                "Allow",
                "[\"sqs:GetQueueUrl\", [\"sqs:SendMessage\"]]",
                RESOURCE,
            ),
            encoded("Allow", "\"sqs:SendMessage\"", "[[\"ARN:queue-a\"]]"),
            format!("jsonencode({{ Version = \"2012-10-17\", Statement = [[{statement}]] }})"),
        ],
        |policy| {
            let case = case(&[("main.tf", &role_with(&policy))]);
            let (run, _) = case.lint(".", &[]);
            assert_eq!(run.code, 1, "{policy}\n{}{}", run.out, run.err);
            assert!(run.out.contains("found an array"), "{policy}\n{}", run.out);
        },
    );
    // `concat` and alternatives make one list.
    let parts = "concat([\"sqs:GetQueueUrl\"], var.open == \"\" ? [\"sqs:SendMessage\"] : [\"sqs:SendMessage\", \"sqs:PurgeQueue\"])";
    let code = role_with(&encoded("Allow", parts, RESOURCE));
    let (run, _) = case(&[("main.tf", &code)]).lint(".", &[]);
    assert!(!run.out.contains("found an array"), "{}", run.out);
}

#[test]
fn statements_of_one_sid_are_refused_by_the_data_source() {
    let statement = |sid: &str, action: &str| {
        format!(
            "  statement {{\n    sid = \"{sid}\"\n    actions = [\"{action}\"]\n    resources = [\"ARN:queue-a\"]\n  }}\n"
        )
    };
    let document = |name: &str, body: &str| {
        format!("data \"aws_iam_policy_document\" \"{name}\" {{\n{body}}}\n")
    };
    let json = |name: &str| format!("data.aws_iam_policy_document.{name}.json");
    let send = statement("A", "sqs:SendMessage");
    let with = |inner: &str, more: &str| {
        let all = role_with(&json("all"));
        format!("{all}{more}{}", document("all", inner))
    };
    let one = document("one", &send);
    let two = document("two", &statement("A", "sqs:PurgeQueue"));
    let lists = |argument: &str| format!("  {argument} = [{}, {}]\n", json("two"), json("one"));
    let refused = "covered and exit 2";
    each(
        [
            (
                with(&format!("{}{send}", statement("A", "sqs:PurgeQueue")), ""),
                refused,
            ),
            (
                with(&lists("source_policy_documents"), &format!("{one}{two}")),
                refused,
            ),
            (
                with(&format!("{}{send}", statement("", "sqs:PurgeQueue")), ""),
                "covered",
            ),
            (
                with(&lists("override_policy_documents"), &format!("{one}{two}")),
                "covered",
            ),
            (
                with(
                    &format!("  source_policy_documents = [{}]\n{send}", json("two")),
                    &two,
                ),
                "covered",
            ),
        ],
        |(code, expected)| assert_eq!(judged(&[("main.tf", &code)], &[]), expected, "{code}"),
    );
}

/// A value of a resource, and the verdict.
const UNDEFINED: &[(&str, &str)] = &[
    ("local.nope", "depends and exit 2"),
    ("var.nope", "depends and exit 2"),
    ("aws_sqs_queue.nope.arn", "depends and exit 2"),
    ("aws_sqs_queue.nope[0].arn", "depends and exit 2"),
    ("resource.aws_sqs_queue.nope.arn", "depends and exit 2"),
    ("data.aws_sqs_queue.sent.arn", "depends and exit 2"),
    ("module.nope.arn", "depends and exit 2"),
    ("try(local.nope, \"ARN:queue-a\")", "covered and exit 2"),
    (
        "can(var.nope) ? \"ARN:queue-b\" : \"ARN:queue-a\"",
        "covered and exit 2",
    ),
    ("module.made.nope", "depends and exit 2"),
    ("try(module.made.nope, \"ARN:queue-a\")", "covered"),
    ("module.made.arn", "covered"),
    ("module.registry.nope", "depends"),
    ("local.unfinished", "depends and exit 2"),
    ("ephemeral.random_password.x.result", "depends"),
];

#[test]
fn a_reference_to_nothing_is_refused() {
    let made = "output \"arn\" { value = \"ARN:queue-a\" }\n";
    let modules = "module \"made\" { source = \"./made\" }\nmodule \"registry\" { source = \"example/iam/aws\" }\n";
    each(UNDEFINED, |(value, expected)| {
        let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", value)) + modules;
        let files = [("main.tf", code.as_str()), ("made/main.tf", made)];
        assert_eq!(judged(&files, &[]), *expected, "{value}");
    });
    let report = |files: &[(&str, &str)]| {
        let (_, report) = case(files).lint(".", &["--unresolved", "warn"]);
        report.to_string()
    };
    let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "local.mapp.main"));
    let is = report(&[("main.tf", &code)]);
    assert!(
        is.contains("the module does not define `local.mapp`"),
        "{is}"
    );
    assert!(is.contains("did you mean `local.map`?"), "{is}");
    let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "module.made.bad")) + modules;
    let made = "output \"bad\" { value = local.unfinished }\n";
    let is = report(&[("main.tf", &code), ("made/main.tf", made)]);
    assert!(
        is.contains("`module.made` does not define `local.unfinished`"),
        "{is}"
    );
    // The file that was not read may define it.
    let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "local.nope"));
    let is = report(&[("main.tf", &code), ("more.tf", "locals {{")]);
    assert!(is.contains("is not Terraform code"), "{is}");
    assert!(!is.contains("does not define"), "{is}");
}

/// Code that is not evaluated, and what is reported of it.
const NOT_EVALUATED: &[(&str, &str)] = &[
    (
        "locals { unused = local.nope }",
        "does not define `local.nope`",
    ),
    (
        "locals { unused = true ? 1 : var.nope }",
        "does not define `var.nope`",
    ),
    (
        "locals { unused = [for k, v in {} : k.x + v.y + nope.z] }",
        "does not define `nope.z`",
    ),
    (
        "locals { unused = \"%{ for x in [] }${x.y}${data.nope.z.id}%{ endfor }\" }",
        "does not define `data.nope.z`",
    ),
    (
        "output \"x\" { value = module.nope.x }",
        "does not define `module.nope`",
    ),
    ("locals { unused = { (nope) = 1 } }", "`nope` is not a value"),
    (
        "variable \"x\" {\n validation {\n condition = var.x == var.nope\n error_message = \"\"\n }\n}",
        "does not define `var.nope`",
    ),
    (
        "resource \"aws_iam_role\" \"x\" {\n count = 0\n description = local.nope\n}",
        "does not define `local.nope`",
    ),
    (
        "resource \"aws_instance\" \"x\" {\n depends_on = [aws_iam_role.nope]\n}",
        "does not define `aws_iam_role.nope`",
    ),
    (
        "resource \"aws_instance\" \"x\" {\n dynamic \"tag\" {\n for_each = local.nope\n content {}\n }\n}",
        "does not define `local.nope`",
    ),
    (
        "resource \"aws_sqs_queue\" \"x\" {\n count = 2\n}\nlocals { unused = true ? 1 : aws_sqs_queue.x.arn }",
        "`aws_sqs_queue.x` has `count`, and the reference to it has no index",
    ),
    (
        "locals { unused = true ? 1 : aws_sqs_queue.sent[0].arn }",
        "`aws_sqs_queue.sent` has neither `count` nor `for_each`",
    ),
    (
        "locals { unused = each.key }",
        "`each` is used outside of a block with `for_each`",
    ),
    (
        "resource \"aws_instance\" \"x\" {\n for_each = {}\n ami = count.index\n}",
        "`count` is used outside of a block with `count`",
    ),
    // References to something, and words that are none.
    (
        "resource \"aws_instance\" \"x\" {\n provider = aws.west\n for_each = toset([\"a\"])\n ami = each.key\n
           dynamic \"tag\" {\n for_each = []\n iterator = it\n labels = [it.key]\n content {\n key = it.value\n }\n }\n
           provisioner \"local-exec\" {\n when = destroy\n on_failure = continue\n command = self.id\n }\n
           lifecycle {\n ignore_changes = all\n replace_triggered_by = [terraform_data.x]\n }\n}\n
         resource \"terraform_data\" \"x\" {\n count = 2\n input = \"${count.index}${path.root}${terraform.workspace}\"\n}\n
         provider \"aws\" {\n alias = \"west\"\n}\ndata \"aws_partition\" \"x\" {}\nlocals {\n
           unused = [terraform_data.x[*].id, aws_sqs_queue.sent[var.queue].arn, aws_sqs_queue.sent.*.arn, terraform_data.x.*.id, data.aws_partition.x.partition, { nope = 1, for = 2 }]\n
           other = [provider::aws::arn_parse(\"\"), resource.terraform_data.x[0].id, ephemeral.random_password.x.result]\n}\n
         variable \"typed\" {\n type = object({ a = optional(string) })\n default = { a = \"\" }\n}\n
         module \"x\" {\n source = \"example/x/aws\"\n providers = { aws = aws.west, other = nope.west }\n}",
        "",
    ),
    (
        "check \"x\" {\n data \"http\" \"x\" {}\n assert {\n condition = data.http.x.body == \"\"\n error_message = \"\"\n }\n}",
        "",
    ),
];

#[test]
fn a_reference_that_is_not_evaluated_is_looked_at_too() {
    let role = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
    let judged = |files: &[(&str, &str)]| {
        let (run, report) = case(files).lint(".", &[]);
        (run.code, report.to_string())
    };
    each(NOT_EVALUATED, |(code, expected)| {
        let (exit, is) = judged(&[("main.tf", &role), ("more.tf", code)]);
        if expected.is_empty() {
            assert!(!is.contains("is not a value"), "{code}\n{is}");
            assert!(!is.contains("does not define"), "{code}\n{is}");
            assert!(!is.contains("Terraform refuses"), "{code}\n{is}");
        } else {
            assert!(is.contains(expected), "{code}\n{is}");
            assert_eq!(exit, 2, "{code}\n{is}");
        }
    });
    // In JSON, a block that is not read looks like an object.
    let json = r#"{"resource": {"aws_instance": {"x": {"tag": {"dynamic": {"y": {"for_each": [], "content": {"z": "${y.value}"}}}},
        "//": "${nope.x}", "provisioner": {"local-exec": {"command": "${self.id}"}}, "ami": "${true ? 1 : local.nope}"}}}}"#;
    let (_, is) = judged(&[("main.tf", &role), ("more.tf.json", json)]);
    assert!(is.contains("does not define `local.nope`"), "{is}");
    assert!(!is.contains("`nope.x`"), "{is}");
    assert!(!is.contains("`y.value`"), "{is}");
    for (json, is_refused) in [
        (r#"{"locals": {"unused": {"a": 1, "a": 2}}}"#, true),
        (
            r#"{"resource": {"aws_instance": {"x": {"ami": "a", "ami": "b"}}}}"#,
            true,
        ),
        (
            r#"{"resource": {"aws_instance": {"x": {"tag": {}, "tag": {}, "//": "", "//": ""}}}}"#,
            false,
        ),
    ] {
        let (_, is) = judged(&[("main.tf", &role), ("more.tf.json", json)]);
        assert_eq!(
            is.contains("is given twice in one object"),
            is_refused,
            "{json}\n{is}"
        );
    }
    // A module that is called for nothing, and one of which a file was not read.
    let call = "module \"m\" {\n source = \"./m\"\n count = 0\n}\n";
    let files = [("main.tf", role.as_str()), ("call.tf", call)];
    let with = |more: &[(&'static str, &'static str)]| judged(&[&files, more].concat()).1;
    let is = with(&[("m/main.tf", "locals { unused = local.nope }")]);
    assert!(is.contains("does not define `local.nope`"), "{is}");
    let is = with(&[
        ("m/main.tf", "locals { unused = local.nope }"),
        ("m/more.tf", "locals {{"),
    ]);
    assert!(!is.contains("does not define"), "{is}");
}

/// A body of `data "aws_iam_policy_document" "all"`, and the verdict.
const LISTS: &[(&str, &str)] = &[
    (
        "actions = \"sqs:SendMessage\"\n resources = [\"*\"]",
        "covered and exit 2",
    ),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = \"*\"",
        "covered and exit 2",
    ),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = \"${aws_sqs_queue.sent.arn}\"",
        "covered and exit 2",
    ),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = var.open == \"\" ? \"*\" : \"ARN:queue-a\"",
        "depends and exit 2",
    ),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = [\"*\"]\n condition {\n test = \"Bool\"\n \
         variable = \"aws:SecureTransport\"\n values = \"true\"\n }",
        "conditional and exit 2",
    ),
    // A variable may be a list, whatever its label looks like.
    ("actions = var.any\n resources = [\"*\"]", "depends"),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = var.open_list",
        "depends",
    ),
    (
        "actions = \"${[\"sqs:SendMessage\"]}\"\n resources = [\"*\"]",
        "covered",
    ),
    (
        "actions = [\"sqs:SendMessage\"]\n resources = [\"*\"]\n not_actions = null",
        "covered",
    ),
];

#[test]
fn the_data_source_takes_lists_only() {
    each(LISTS, |(body, expected)| {
        let code = role_with("data.aws_iam_policy_document.all.json");
        let code = format!(
            "{code}variable \"any\" {{}}\n\
             data \"aws_iam_policy_document\" \"all\" {{\n statement {{\n {body}\n }}\n}}\n"
        );
        assert_eq!(judged(&[("main.tf", &code)], &[]), *expected, "{body}");
    });
    let of = |argument: &str| {
        let code = role_with("data.aws_iam_policy_document.all.json");
        let one = "jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"sqs:*\", Resource = \"*\" }] })";
        let all = argument.replace("ONE", one);
        format!("{code}data \"aws_iam_policy_document\" \"all\" {{\n {all}\n}}\n")
    };
    each(
        [
            ("source_policy_documents = ONE", "covered and exit 2"),
            ("override_policy_documents = ONE", "covered and exit 2"),
            ("source_policy_documents = [ONE]", "covered"),
        ],
        |(argument, expected)| {
            assert_eq!(
                judged(&[("main.tf", &of(argument))], &[]),
                expected,
                "{argument}"
            );
        },
    );
    // The place is that of the value.
    let (run, _) = case(&[("main.tf", &of("source_policy_documents = ONE"))]).lint(".", &[]);
    let said = "`source_policy_documents` is a string where Terraform takes a list only";
    assert!(run.out.contains(said), "{}", run.out);
}

#[test]
fn a_source_document_has_a_list_of_statements() {
    let statement = "{ Effect = \"Allow\", Action = \"sqs:*\", Resource = \"*\" }";
    let of = |statements: &str| {
        let code = role_with("data.aws_iam_policy_document.all.json");
        let one = format!("jsonencode({{ Statement = {statements} }})");
        format!(
            "{code}data \"aws_iam_policy_document\" \"all\" {{\n source_policy_documents = [{one}]\n}}\n"
        )
    };
    each(
        [
            (of(statement), "covered and exit 2"),
            (of(&format!("[{statement}]")), "covered"),
            (of("var.open_list"), "depends"),
        ],
        |(code, expected)| assert_eq!(judged(&[("main.tf", &code)], &[]), expected, "{code}"),
    );
}

/// Without the output of a role of which nothing is judged.
fn verdict_or_exit(judged: &str) -> String {
    judged.split(':').next().unwrap_or_default().to_owned()
}

#[test]
fn a_module_gets_every_variable_without_a_default() {
    let inner = role_with(&encoded("Allow", "var.acts", "\"*\""));
    let of = |variable: &str, call: &str| {
        let inner = format!("{inner}variable \"acts\" {{\n {variable}\n}}\n");
        let rest = "source = \"./m\"\n open = \"x\"\n open_list = []";
        let call = format!("module \"a\" {{\n {rest}\n {call}\n}}\n");
        verdict_or_exit(&judged(&[("main.tf", &call), ("m/main.tf", &inner)], &[]))
    };
    let acts = "acts = [\"sqs:SendMessage\"]";
    each(
        [
            ("type = list(string)", "", "exit 2"),
            ("type = list(string)", acts, "covered"),
            ("default = [\"sqs:SendMessage\"]", "", "covered"),
            ("default = null", acts, "covered"),
        ],
        |(variable, call, expected)| assert_eq!(of(variable, call), expected, "{variable} {call}"),
    );
    // Those of the outermost module come from elsewhere.
    let outer = format!("{inner}variable \"acts\" {{}}\n");
    assert_eq!(judged(&[("main.tf", &outer)], &[]), "depends");
}

#[test]
fn a_template_gets_every_variable_that_it_uses() {
    let of = |template: &str, variables: &str| {
        let template = format!(
            "{{\"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"sqs:SendMessage\", \"Resource\": \"ARN:{template}\"}}]}}"
        );
        let code = role_with(&format!("templatefile(\"policy.tpl\", {variables})"));
        verdict_or_exit(&judged(
            &[("main.tf", &code), ("policy.tpl", &template)],
            &[],
        ))
    };
    let tried = role_with(&format!(
        "try(templatefile(\"policy.tpl\", {{}}), {})",
        super::POLICY
    ));
    let files = [
        ("main.tf", tried.as_str()),
        ("policy.tpl", "{\"Statement\": \"${name}\"}"),
    ];
    assert_eq!(judged(&files, &[]), "covered");
    each(
        [
            ("queue-${name}", "{ name = \"a\" }", "covered"),
            ("queue-${name}", "{}", "exit 2"),
            ("queue-${name}", "{ names = \"a\" }", "exit 2"),
            ("queue-${name}", "{ name = var.open }", "depends"),
            // What is not known may have any keys.
            ("queue-${name}", "{ (var.open) = \"a\" }", "depends"),
            ("%{ if false }${name}%{ endif }queue-a", "{}", "exit 2"),
            (
                "queue-${join(\"\", [for n in [\"a\"] : n])}",
                "{}",
                "covered",
            ),
            (
                "%{ for n in [\"queue-a\"] }${n}%{ endfor }",
                "{}",
                "covered",
            ),
            ("queue-${[for n in [\"a\"] : n][i]}", "{ i = 0 }", "covered"),
        ],
        |(template, variables, expected)| {
            assert_eq!(of(template, variables), expected, "{template} {variables}");
        },
    );
}

/// The role of a policy or of an attachment, and the verdict of the role.
const NAMES: &[(&str, &str)] = &[
    ("aws_iam_role.node.name", "covered"),
    ("aws_iam_role.node.id", "covered"),
    ("aws_iam_role.node.arn", "covered and exit 2"),
    ("\"arn:aws:iam::123456789012:role/node\"", "exit 2"),
    ("\"/node\"", "exit 2"),
    (
        "var.open == \"\" ? aws_iam_role.node.arn : aws_iam_role.node.name",
        "depends",
    ),
];

#[test]
fn an_arn_is_not_the_name_of_a_role() {
    let head = super::HEAD;
    each(NAMES, |(role, expected)| {
        let role_of = "resource \"aws_iam_role\" \"node\" {\n  name = \"node\"\n  assume_role_policy = \"{}\"\n}\n";
        let inline = format!(
            "resource \"aws_iam_role_policy\" \"p\" {{\n  role = {role}\n  policy = {}\n}}\n",
            super::POLICY
        );
        let attached = format!(
            "resource \"aws_iam_policy\" \"p\" {{\n  policy = {}\n}}\nresource \"aws_iam_role_policy_attachment\" \"p\" {{\n  \
             role = {role}\n  policy_arn = aws_iam_policy.p.arn\n}}\n",
            super::POLICY
        );
        for policy in [inline, attached] {
            let code = format!("{head}{role_of}{policy}");
            let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
            assert_eq!(verdict_or_exit(&is), *expected, "{policy}");
        }
    });
    let profile = |role: &str| {
        let code = role_with(super::POLICY);
        let code =
            format!("{code}resource \"aws_iam_instance_profile\" \"p\" {{\n  role = {role}\n}}\n");
        judged(&[("main.tf", &code)], &[])
    };
    assert_eq!(profile("aws_iam_role.node.arn"), "covered and exit 2");
    assert_eq!(profile("aws_iam_role.node.name"), "covered");
}

/// Arguments of the role, and the verdict.
const LIMITS: &[(&str, &str)] = &[
    ("name = \"hpc-node\"", "covered"),
    ("name = \"\"", "covered"),
    ("name = \"hpc node\"", "covered and exit 2"),
    ("name = \"LONG\"", "covered and exit 2"),
    ("name = \"${var.open}-LONG\"", "covered and exit 2"),
    ("name = var.open", "covered"),
    ("path = \"/hpc/\"", "covered"),
    ("path = null", "covered"),
    ("path = \"hpc\"", "covered and exit 2"),
    ("path = \"/${var.open}\"", "covered"),
    ("max_session_duration = 3600", "covered"),
    ("max_session_duration = 100", "covered and exit 2"),
    ("max_session_duration = \"43201\"", "covered and exit 2"),
];

#[test]
fn names_paths_and_durations_that_iam_refuses() {
    each(LIMITS, |(argument, expected)| {
        let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
        let argument = argument.replace("LONG", &"x".repeat(65));
        let name = "  name               = \"node\"\n";
        let argument = format!("  {argument}\n");
        let code = code.replacen(name, &argument, 1);
        assert_eq!(judged(&[("main.tf", &code)], &[]), *expected, "{argument}");
    });
}
