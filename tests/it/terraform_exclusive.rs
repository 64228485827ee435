//! What Terraform removes from a principal again, and blocks that a role does not have: never passed without a word.

use std::fs;

use crate::common::program::run;
use crate::terraform::TRUST;

const POLICY: &str = "jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"s3:GetObject\", \
    Resource = \"*\" }] })";

/// The exit code and the report of a role with these lines, beside these blocks.
fn judged(lines: &str, blocks: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let code = format!(
        "variable \"open\" {{}}\nvariable \"flag\" {{ type = bool }}\nresource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = {TRUST}\n{lines}}}\n{blocks}"
    );
    fs::write(
        folder.path().join("main.tf"),
        code.replace("POLICY", POLICY),
    )
    .unwrap();
    let arguments = [
        "lint",
        ".",
        "--no-config",
        "-f",
        "json",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.0",
        "--role",
        "head-node",
        "--warn",
        "missing-action",
    ];
    let run = run(folder.path(), &arguments);
    (run.code, run.out)
}

#[test]
fn policies_that_terraform_removes_are_reported() {
    const INLINE: &str = "resource \"aws_iam_role_policy\" \"p\" {\n  name = \"p\"\n  role = aws_iam_role.r.id\n  policy = POLICY\n}\n";
    const UNNAMED: &str = "resource \"aws_iam_role_policy\" \"q\" {\n  role = aws_iam_role.r.id\n  policy = POLICY\n}\n";
    const ATTACHED: &str = "resource \"aws_iam_policy\" \"m\" {\n  name = \"m\"\n  policy = POLICY\n}\n\
        resource \"aws_iam_role_policy_attachment\" \"a\" {\n  role = aws_iam_role.r.name\n  policy_arn = aws_iam_policy.m.arn\n}\n";
    let names = |list: &str| {
        format!(
            "resource \"aws_iam_role_policies_exclusive\" \"e\" {{\n  role_name = aws_iam_role.r.name\n  policy_names = {list}\n}}\n"
        )
    };
    let arns = |list: &str| {
        format!(
            "resource \"aws_iam_role_policy_attachments_exclusive\" \"e\" {{\n  role_name = aws_iam_role.r.name\n  policy_arns = {list}\n}}\n"
        )
    };
    let counted = INLINE.replace("  name", "  count = var.flag ? 1 : 0\n  name");
    let mut wrong = Vec::new();
    for (lines, blocks, expected) in [
        ("", INLINE.to_owned(), None),
        ("", INLINE.to_owned() + UNNAMED, None),
        ("", INLINE.to_owned() + &names("[\"p\"]"), None),
        (
            "",
            INLINE.to_owned()
                + UNNAMED
                + &names("[aws_iam_role_policy.p.name, aws_iam_role_policy.q.name]"),
            None,
        ),
        (
            "",
            INLINE.to_owned() + UNNAMED + &names("[aws_iam_role_policy.p.name]"),
            Some("aws_iam_role_policy.q"),
        ),
        (
            "",
            INLINE.to_owned() + &names("[]"),
            Some("removes it again"),
        ),
        (
            "",
            INLINE.to_owned() + &names("[\"q\"]"),
            Some("removes it again"),
        ),
        (
            "",
            INLINE.to_owned() + &names("var.open"),
            Some("is not known"),
        ),
        (
            "",
            INLINE.to_owned() + &names("concat([], var.flag ? [\"p\"] : [])"),
            Some("is not known"),
        ),
        (
            "",
            INLINE.to_owned() + &names("[var.flag ? \"p\" : \"q\"]"),
            Some("is not known"),
        ),
        (
            "",
            INLINE.to_owned() + &names("var.flag ? [\"p\"] : [\"q\", \"p\"]"),
            None,
        ),
        (
            "",
            counted.clone() + &names("var.flag ? [\"p\"] : []"),
            None,
        ),
        (
            "",
            counted + &names("var.flag ? [] : [\"p\"]"),
            Some("is not known"),
        ),
        (
            "",
            INLINE.to_owned() + &names("[var.open]"),
            Some("is not known"),
        ),
        ("", ATTACHED.to_owned(), None),
        (
            "",
            ATTACHED.to_owned() + &arns("[aws_iam_policy.m.arn]"),
            None,
        ),
        (
            "",
            ATTACHED.to_owned()
                + &arns("[\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"]"),
            Some("removes it again"),
        ),
        (
            "",
            ATTACHED.to_owned() + &arns("[]"),
            Some("removes it again"),
        ),
        // A list of one kind says nothing of the other.
        ("", ATTACHED.to_owned() + &names("[]"), None),
        (
            "  inline_policy {\n    name = \"x\"\n    policy = POLICY\n  }\n",
            String::new(),
            None,
        ),
        (
            "  inline_policy {\n    name = \"x\"\n    policy = POLICY\n  }\n",
            ATTACHED.to_owned(),
            None,
        ),
        (
            "  inline_policy {\n    name = \"x\"\n    policy = POLICY\n  }\n",
            INLINE.to_owned(),
            Some("removes it again"),
        ),
        (
            "  inline_policy {}\n",
            INLINE.to_owned(),
            Some("removes it again"),
        ),
        (
            "  managed_policy_arns = []\n",
            ATTACHED.to_owned(),
            Some("removes it again"),
        ),
        (
            "  managed_policy_arns = [aws_iam_policy.m.arn]\n",
            ATTACHED.to_owned(),
            None,
        ),
        ("  managed_policy_arns = null\n", ATTACHED.to_owned(), None),
        (
            "  lifecycle {\n    prevent_destroy = true\n  }\n",
            INLINE.to_owned(),
            None,
        ),
        (
            "  inline_polices {\n    policy = POLICY\n  }\n",
            INLINE.to_owned(),
            Some("is not a block of `aws_iam_role`"),
        ),
    ] {
        let (code, out) = judged(lines, &blocks);
        let is_right = match expected {
            None => code != 2 && !out.contains("\"unresolved\""),
            Some(text) => code == 2 && out.contains(text),
        };
        if !is_right {
            wrong.push(format!(
                "{lines}{blocks}→ {code}, expected {expected:?}\n{}",
                out.get(..1500).unwrap_or(&out)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_list_of_all_policies_repeats_is_one_policy() {
    let blocks = |list: &str| {
        format!(
            "resource \"aws_iam_policy\" \"m\" {{\n  name = \"m\"\n  policy = POLICY\n}}\n\
             resource \"aws_iam_role_policy_attachment\" \"a\" {{\n  role = aws_iam_role.r.name\n  policy_arn = aws_iam_policy.m.arn\n}}\n\
             resource \"aws_iam_role_policy_attachments_exclusive\" \"e\" {{\n  role_name = aws_iam_role.r.name\n  policy_arns = [{list}]\n}}\n"
        )
    };
    for list in [
        "aws_iam_role_policy_attachment.a.policy_arn",
        "aws_iam_policy.m.arn",
    ] {
        let (code, out) = judged("", &blocks(list));
        assert_eq!(code, 0, "{list}\n{out}");
        assert!(!out.contains("redundant-statement"), "{list}\n{out}");
    }
}
