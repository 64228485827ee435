//! Policies attached to a role, and its boundary.

use super::{HEAD, POLICY, TRUST, case, encoded, failures, judged};

/// How a policy is attached to the role `node`, and the verdict of that role.
const ATTACHED: &[(&str, &str)] = &[
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.node.id\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = \"node\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = \"other\"\n policy = POLICY\n}",
        "missing",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = 1\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = 0\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "missing",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = var.open == \"x\" ? 1 : 0\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "depends",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\nresource \"aws_iam_role_policy_attachment\" \"p\" {\n \
         role = aws_iam_role.node.name\n policy_arn = aws_iam_policy.p.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n count = 1\n policy = POLICY\n}\nresource \"aws_iam_role_policy_attachment\" \"p\" {\n \
         role = aws_iam_role.node.name\n policy_arn = aws_iam_policy.p[0].arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n for_each = toset([\"a\"])\n policy = POLICY\n}\n\
         resource \"aws_iam_role_policy_attachment\" \"p\" {\n for_each = aws_iam_policy.p\n role = aws_iam_role.node.name\n \
         policy_arn = each.value.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\nresource \"aws_iam_policy_attachment\" \"p\" {\n name = \"x\"\n \
         roles = [aws_iam_role.node.name]\n policy_arn = aws_iam_policy.p.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\n\
         resource \"aws_iam_role_policy_attachments_exclusive\" \"p\" {\n role_name = aws_iam_role.node.name\n \
         policy_arns = [aws_iam_policy.p.arn]\n}",
        "covered",
    ),
];

#[test]
fn policies_are_attached_by_reference_and_by_name() {
    let rows = ATTACHED.iter().map(|(code, expected)| {
        let code = format!(
            "{HEAD}\nresource \"aws_iam_role\" \"node\" {{\n  name = \"node\"\n  assume_role_policy = \"{{}}\"\n}}\n{}\n",
            code.replace("POLICY", POLICY)
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        ((*code).to_owned(), (*expected).to_owned(), is)
    });
    failures(rows);
}

/// What the block of the role itself says, and the verdict.
const OWN: &[(&str, &str)] = &[
    (
        "inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "inline_policy {\n name = \"a b\"\n policy = POLICY\n}",
        "covered and exit 2",
    ),
    (
        "dynamic \"inline_policy\" {\n for_each = [\"queue-a\"]\n content {\n name = inline_policy.value\n policy = POLICY\n}\n}",
        "covered",
    ),
    ("managed_policy_arns = [aws_iam_policy.p.arn]", "covered"),
    (
        "managed_policy_arns = concat([], aws_iam_policy.p[*].arn)",
        "covered",
    ),
    (
        "managed_policy_arns = [\"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy\"]",
        "missing",
    ),
    (
        "permissions_boundary = aws_iam_policy.p.arn\n inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "permissions_boundary = aws_iam_policy.none.arn\n inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "missing",
    ),
];

#[test]
fn a_role_has_what_its_block_says() {
    failures(OWN.iter().map(|(own, expected)| {
        let code = format!(
            "{HEAD}\nresource \"aws_iam_policy\" \"p\" {{\n policy = {POLICY}\n}}\n\
             resource \"aws_iam_policy\" \"none\" {{\n policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", \
             Action = \"s3:*\", Resource = \"*\" }}] }})\n}}\n\
             resource \"aws_iam_role\" \"node\" {{\n  name = \"node\"\n  assume_role_policy = \"{{}}\"\n  {}\n}}\n",
            own.replace("POLICY", POLICY)
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        ((*own).to_owned(), (*expected).to_owned(), is)
    }));
}

/// Spellings of the ARN of the policy `NAME` of the module, called `lim-NAME` at the path `/team/`.
const ARNS: &[&str] = &[
    "aws_iam_policy.NAME.arn",
    "aws_iam_policy.NAME.id",
    "\"${aws_iam_policy.NAME.id}\"",
    "\"arn:aws:iam::123456789012:policy/team/lim-NAME\"",
    "\"arn:aws:iam::${data.aws_caller_identity.me.account_id}:policy/team/lim-NAME\"",
    "\"arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.me.id}:policy/team/${aws_iam_policy.NAME.name}\"",
    "\"arn:aws:iam::${var.open}:policy${aws_iam_policy.NAME.path}${aws_iam_policy.NAME.name}\"",
    "format(\"arn:aws:iam::%s:policy/team/%s\", data.aws_caller_identity.me.account_id, \"lim-NAME\")",
    "join(\"/\", [\"arn:aws:iam::123456789012:policy\", \"team\", \"lim-NAME\"])",
    "local.arns.NAME",
    "local.ids[\"NAME\"]",
    "trimspace(<<EOT\narn:aws:iam::123456789012:policy/team/lim-NAME\nEOT\n)",
    "data.aws_iam_policy.NAME.arn",
    "try(aws_iam_policy.NAME.id, null)",
    "one([aws_iam_policy.NAME.id])",
];

/// ARNs of other policies.
const OTHER_ARNS: &[&str] = &[
    "\"arn:aws:iam::123456789012:policy/lim-NAME\"",
    "\"arn:aws:iam::123456789012:policy/team/other\"",
    "\"arn:aws:iam::aws:policy/team/lim-NAME\"",
];

/// How the policy of an ARN comes to the role: outside the role, in it, and which policy it is.
const PLACES: &[(&str, &str, &str)] = &[
    ("", "permissions_boundary = VALUE", "s3"),
    ("", "managed_policy_arns = [VALUE]", "deny"),
    (
        "resource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.node.name\n policy_arn = VALUE\n}",
        "",
        "deny",
    ),
    (
        "resource \"aws_iam_role_policy_attachments_exclusive\" \"a\" {\n role_name = \"node\"\n policy_arns = [VALUE]\n}",
        "",
        "deny",
    ),
    (
        "resource \"aws_iam_policy_attachment\" \"a\" {\n name = \"a\"\n roles = [\"node\"]\n policy_arn = VALUE\n}",
        "",
        "deny",
    ),
];

#[test]
fn a_policy_of_the_module_is_attached_by_any_spelling_of_its_arn() {
    let spellings =
        { ARNS.iter().map(|arn| (arn, true)) }.chain(OTHER_ARNS.iter().map(|arn| (arn, false)));
    let mut rows = Vec::new();
    for (at, (arn, is_it)) in spellings.enumerate() {
        // As a boundary, and at one of the other places in turn.
        let others = PLACES.len() - 1;
        for (beside, own, policy) in [PLACES[0], PLACES[1 + at % others]] {
            let value = arn.replace("NAME", policy);
            let code = format!(
                "{}\nlocals {{\n arns = {{ s3 = aws_iam_policy.s3.arn, deny = aws_iam_policy.deny.arn }}\n \
                 ids = {{ for k, p in {{ s3 = aws_iam_policy.s3, deny = aws_iam_policy.deny }} : k => p.id }}\n}}\n\
                 data \"aws_iam_policy\" \"s3\" {{\n arn = aws_iam_policy.s3.arn\n}}\n\
                 data \"aws_iam_policy\" \"deny\" {{\n arn = aws_iam_policy.deny.id\n}}\n\
                 resource \"aws_iam_policy\" \"s3\" {{\n name = \"lim-s3\"\n path = \"/team/\"\n policy = {}\n}}\n\
                 resource \"aws_iam_policy\" \"deny\" {{\n name = \"lim-deny\"\n path = \"/team/\"\n policy = {}\n}}\n\
                 resource \"aws_iam_role\" \"node\" {{\n name = \"node\"\n assume_role_policy = {TRUST}\n {}\n \
                 inline_policy {{\n name = \"x\"\n policy = {POLICY}\n }}\n}}\n{}\n",
                HEAD,
                encoded("Allow", "\"s3:*\"", "\"*\""),
                encoded("Deny", "\"*\"", "\"*\""),
                own.replace("VALUE", &value),
                beside.replace("VALUE", &value),
            );
            let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
            let expected = match (is_it, policy) {
                (false, _) => "covered",
                (true, "s3") => "missing",
                (true, _) => "denied",
            };
            rows.push((format!("{own}{beside}: {arn}"), expected.to_owned(), is));
        }
    }
    failures(rows);
}

#[test]
fn a_boundary_that_may_apply_is_judged_for_both_cases() {
    let code = format!(
        "{HEAD}\nresource \"aws_iam_policy\" \"b\" {{\n policy = {POLICY}\n}}\n\
         resource \"aws_iam_role\" \"node\" {{\n name = \"node\"\n assume_role_policy = {TRUST}\n \
         permissions_boundary = var.open == \"x\" ? aws_iam_policy.b.arn : null\n \
         inline_policy {{\n name = \"x\"\n policy = {POLICY}\n }}\n}}\n"
    );
    let case = case(&[("main.tf", &code)]);
    let (run, _) = case.lint(".", &["--select", "aws_iam_role.node"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("\"verdict\":\"covered\""), "{}", run.out);
}

/// Documents over others, and boundaries, where a flag decides: what depends on it, and what does not.
#[test]
fn documents_and_boundaries_under_a_flag() {
    let role = format!(
        "resource \"aws_iam_role\" \"node\" {{\n name = \"node\"\n BOUNDARY\n assume_role_policy = {TRUST}\n}}\n"
    );
    let flag = "variable \"flag\" { type = bool }\n";
    let grant = "statement {\n sid = SID\n actions = [ACTION]\n resources = [\"ARN:queue-a\"]\n }";
    let send = grant.replace("ACTION", "\"sqs:SendMessage\"");
    let other = grant.replace("ACTION", "\"sqs:DeleteQueue\"");
    let mut rows = Vec::new();
    for (own, sid, lists, verdict) in [
        (
            "",
            "null",
            "source_policy_documents = var.flag ? [DOC] : []",
            "depends",
        ),
        (
            "",
            "null",
            "source_policy_documents = concat([], var.flag ? [DOC] : [])",
            "depends",
        ),
        (
            "",
            "null",
            "source_policy_documents = var.is_on ? [DOC] : []",
            "covered",
        ),
        (
            "",
            "null",
            "override_policy_documents = var.flag ? [DOC] : [DOC]",
            "covered",
        ),
        (
            "SEND",
            "\"d\"",
            "source_policy_documents = [OTHER]",
            "covered",
        ),
        (
            "SEND",
            "\"d\"",
            "override_policy_documents = [OTHER]",
            "missing",
        ),
        (
            "SEND",
            "\"d\"",
            "override_policy_documents = var.flag ? [OTHER] : []",
            "depends",
        ),
        (
            "SEND",
            "\"d\"",
            "override_policy_documents = [var.flag ? OTHER : \"\"]",
            "depends",
        ),
        (
            "SEND",
            "\"d\"",
            "override_policy_documents = var.flag ? [OTHER] : [DOC]",
            "depends",
        ),
        (
            "SEND",
            "var.flag ? \"d\" : \"e\"",
            "override_policy_documents = [OTHER]",
            "depends",
        ),
        (
            "SEND",
            "var.flag ? \"f\" : \"e\"",
            "override_policy_documents = [OTHER]",
            "covered",
        ),
        (
            "SEND",
            "var.open",
            "override_policy_documents = [OTHER]",
            "depends",
        ),
    ] {
        let beside = |name: &str, of: &str, sid: &str| {
            let statement = of.replace("SID", sid);
            format!("data \"aws_iam_policy_document\" \"{name}\" {{\n {statement}\n}}\n")
        };
        let lists = lists
            .replace("DOC", "data.aws_iam_policy_document.send.json")
            .replace("OTHER", "data.aws_iam_policy_document.other.json");
        let own = own.replace("SEND", &send.replace("SID", "\"d\""));
        let code = format!(
            "{HEAD}{flag}{}{}{}data \"aws_iam_policy_document\" \"all\" {{\n {lists}\n {own}\n}}\n\
             resource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.node.name\n \
             policy = data.aws_iam_policy_document.all.json\n}}\n",
            role.replace("BOUNDARY", ""),
            beside("send", &send, if own.is_empty() { sid } else { "\"d\"" }),
            beside("other", &other, sid),
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        rows.push((format!("{own} {lists} with {sid}"), verdict.to_owned(), is));
    }
    for (boundary, count, of, verdict) in [
        (
            "one(aws_iam_policy.b[*].arn)",
            "count = var.flag ? 1 : 0",
            "sqs:DeleteQueue",
            "depends",
        ),
        (
            "one(aws_iam_policy.b[*].arn)",
            "count = var.flag ? 1 : 0",
            "sqs:SendMessage",
            "covered",
        ),
        (
            "var.flag ? aws_iam_policy.b[0].arn : null",
            "count = var.flag ? 1 : 0",
            "sqs:SendMessage",
            "covered",
        ),
        (
            "var.flag ? aws_iam_policy.b[0].arn : null",
            "count = var.flag ? 1 : 0",
            "sqs:DeleteQueue",
            "depends",
        ),
        ("aws_iam_policy.b.arn", "", "sqs:DeleteQueue", "missing"),
    ] {
        let role = role.replace("BOUNDARY", &format!("permissions_boundary = {boundary}"));
        let limit = POLICY.replace("sqs:SendMessage", of);
        let code = format!(
            "{HEAD}{flag}{role}resource \"aws_iam_policy\" \"b\" {{\n {count}\n policy = {limit}\n}}\n\
             resource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.node.name\n policy = {POLICY}\n}}\n"
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        rows.push((format!("{boundary}: {of}"), verdict.to_owned(), is));
    }
    failures(rows);
}
