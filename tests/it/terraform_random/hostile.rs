//! Hostile code, links, and modules of many roles.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::module;
use crate::common::program::{JUDGED, SMALL, judge, run};
use crate::common::table::each;

/// Code that is too deep, too large or goes in circles, and the longest time for it.
fn hostile() -> Vec<(&'static str, String)> {
    let role = |policy: &str| module(policy, "");
    let nested = |open: &str, middle: &str, close: &str, count: usize| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let mut all = vec![
        ("deep brackets", role(&nested("[", "1", "]", 100_000))),
        ("deep parentheses", role(&nested("(", "1", ")", 100_000))),
        ("deep templates", role(&nested("\"${", "1", "}\"", 100_000))),
        (
            "deep calls",
            role(&nested("jsonencode(", "1", ")", 100_000)),
        ),
        ("deep objects", role(&nested("{ a = ", "1", " }", 100_000))),
        ("deep blocks", nested("a {\n", "", "}\n", 100_000)),
        (
            "deep conditions",
            role(&nested("true ? ", "1", " : 2", 100_000)),
        ),
        ("long sum", role(&format!("1{}", " + 1".repeat(100_000)))),
        (
            "long traversal",
            role(&format!("var.open{}", ".a".repeat(100_000))),
        ),
        ("many not", role(&format!("{}true", "!".repeat(100_000)))),
        (
            "deep json",
            role(&format!(
                "<<EOT\n{}\nEOT",
                nested("[", "\"${var.open}\"", "]", 100_000)
            )),
        ),
        ("open quote", format!("a = \"{}", "x".repeat(1_000_000))),
        (
            "no end of a heredoc",
            format!("a = <<EOT\n{}", "x\n".repeat(100_000)),
        ),
        ("nothing", String::new()),
        ("not text", "\u{1}\u{2}\u{0}".to_owned()),
    ];
    let mut locals = String::from("locals {\n  a0 = [\"x\", \"x\"]\n");
    for at in 1..60 {
        writeln!(
            locals,
            "  a{at} = concat(local.a{}, local.a{})",
            at - 1,
            at - 1
        )
        .unwrap();
    }
    all.push((
        "doubling lists",
        module("jsonencode(local.a59)", &(locals + "}\n")),
    ));
    let mut locals = String::from("locals {\n  a0 = \"xx\"\n");
    for at in 1..60 {
        writeln!(
            locals,
            "  a{at} = \"${{local.a{}}}${{local.a{}}}\"",
            at - 1,
            at - 1
        )
        .unwrap();
    }
    all.push(("doubling texts", module("local.a59", &(locals + "}\n"))));
    for (name, count, made) in [
        ("doubling objects", 34, "{ x = LAST, y = LAST }"),
        ("doubling merges", 34, "merge({ l = LAST }, { r = LAST })"),
        ("doubling quotes", 40, "jsonencode(LAST)"),
        ("doubling replacements", 40, "replace(LAST, \"x\", \"xx\")"),
        (
            "doubling expressions",
            40,
            "replace(LAST, \"/(x)/\", \"$1$1\")",
        ),
        (
            "doubling parts",
            40,
            "join(\",\", concat(split(\",\", LAST), split(\",\", LAST)))",
        ),
    ] {
        let mut locals = String::from("locals {\n  a0 = \"x,x\"\n");
        for at in 1..count {
            let last = format!("local.a{}", at - 1);
            writeln!(locals, "  a{at} = {}", made.replace("LAST", &last)).unwrap();
        }
        let policy = format!("jsonencode(local.a{})", count - 1);
        all.push((name, module(&policy, &(locals + "}\n"))));
    }
    let documents = (1..30).fold(String::new(), |all, at| {
        let last = format!("data.aws_iam_policy_document.d{}.json", at - 1);
        all + &format!(
            "data \"aws_iam_policy_document\" \"d{at}\" {{\n  source_policy_documents = [{last}, {last}]\n}}\n"
        )
    });
    let first = "data \"aws_iam_policy_document\" \"d0\" {\n  statement {\n    actions = [\"s3:GetObject\"]\n    resources = [\"*\"]\n  }\n}\n";
    all.push((
        "doubling documents",
        module(
            "data.aws_iam_policy_document.d29.json",
            &format!("{first}{documents}"),
        ),
    ));
    let mut locals = String::from("locals {\n  a0 = \"xx\"\n");
    for at in 1..5000 {
        writeln!(locals, "  a{at} = local.a{}", at - 1).unwrap();
    }
    all.push((
        "a chain of locals",
        module("local.a4999", &(locals + "}\n")),
    ));
    all.push((
        "a count of a million",
        module(
            "\"{}\"",
            "resource \"aws_iam_policy\" \"p\" {\n  count = 1000000\n  policy = \"{}\"\n}\n",
        ),
    ));
    all.push((
        "a product of products",
        module("jsonencode(setproduct([for x in range(9): x], local.l, local.l, local.l, local.l, local.l, local.l, local.l))", "locals {\n  l = [1,2,3,4,5,6,7,8,9,10,11,12]\n}\n"),
    ));
    all.push((
        "modules that call each other",
        module(
            "\"{}\"",
            &{ 0..9 }.fold(String::new(), |all, at| {
                all + &format!("module \"m{at}\" {{\n  source = \"./\"\n}}\n")
            }),
        ),
    ));
    all.push((
        "a module in a circle of its own",
        module(
            "module.m.x",
            "module \"m\" {\n  source = \"./\"\n  for_each = module.m\n}\n",
        ),
    ));
    all.push((
        "a large file",
        format!("# {}\n", "x".repeat(17 * 1024 * 1024)),
    ));
    all
}

#[test]
fn hostile_code_ends_in_time_and_is_never_passed() {
    for (name, code) in hostile() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.tf"), &code).unwrap();
        let start = Instant::now();
        let mut arguments = vec!["lint", "."];
        arguments.extend(JUDGED);
        arguments.extend(SMALL);
        let run = run(folder.path(), &arguments);
        let took = start.elapsed();
        assert!(
            [0, 2].contains(&run.code),
            "{name}: exit {}: {}",
            run.code,
            run.err
        );
        assert!(took < Duration::from_secs(40), "{name} takes {took:?}");
        let judged: Value = serde_json::from_str(&run.out).unwrap_or(Value::Null);
        let rows = judged["results"][0]["requirements"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(
            rows.iter().all(|r| r["verdict"] != "covered"),
            "{name} is covered"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_module_is_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret"), "{\"Statement\": []}").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        elsewhere.path().join("secret"),
        folder.path().join("p.json"),
    )
    .unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("m")).unwrap();
    each(
        [
            module("file(\"p.json\")", ""),
            module("\"{}\"", "module \"m\" {\n  source = \"./m\"\n}\n"),
        ],
        |code| {
            fs::write(folder.path().join("main.tf"), code).unwrap();
            let mut arguments = vec!["lint", "."];
            arguments.extend(JUDGED);
            arguments.extend(SMALL);
            let run = run(folder.path(), &arguments);
            assert_eq!(run.code, 2, "{}", run.out);
            assert!(
                run.out.contains("outside of the repository") || run.out.contains("link leads out"),
                "{}",
                run.out
            );
        },
    );
}

#[test]
fn a_module_of_two_hundred_roles_is_judged_quickly() {
    let mut code = String::from(
        "data \"aws_partition\" \"p\" {}\nlocals {\n  actions = [\"s3:GetObject\", \"s3:PutObject\"]\n}\n",
    );
    for at in 0..200 {
        write!(
            code,
            "resource \"aws_iam_role\" \"r{at}\" {{\n  name = \"r{at}\"\n  assume_role_policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", \
             Principal = {{ Service = \"ec2.amazonaws.com\" }}, Action = \"sts:AssumeRole\" }}] }})\n}}\n\
             resource \"aws_iam_role_policy\" \"r{at}\" {{\n  role = aws_iam_role.r{at}.id\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    \
             Statement = [{{ Effect = \"Allow\", Action = concat(local.actions, [\"ec2:DescribeInstances\"]), \
             Resource = \"arn:${{data.aws_partition.p.partition}}:s3:::bucket-{at}/*\" }}]\n  }})\n}}\n"
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf"), code).unwrap();
    let start = Instant::now();
    let (exit, value) = judge(folder.path(), ".", &SMALL);
    let took = start.elapsed();
    assert_eq!(exit, 0);
    assert_eq!(value["results"].as_array().unwrap().len(), 200);
    // The goal is a second on an idle machine; tests are not optimised and share theirs.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
