//! Files that a run reads, quotes and writes.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{HOSTILE, LITTLE, acts, lint};
use crate::common::formats::FORMATS;
use crate::common::program::{NODE, run};
use crate::common::project::Project;
use crate::common::table::each;

#[cfg(unix)]
#[test]
fn nothing_hostile_is_printed_raw_by_any_command() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": HOSTILE, "Effect": "Allow", "Action": ["ec2:*", HOSTILE], "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": format!("arn:aws:sqs:us-east-1:123456789012:{HOSTILE}"),
         "Condition": {HOSTILE: {HOSTILE: HOSTILE}}},
        {HOSTILE: 1, "Effect": HOSTILE}]})
    .to_string();
    let name = format!("{}.json", HOSTILE.replace('/', ""));
    let project = Project::new(&[
        (&name, &policy),
        ("broken.json", &format!("{{\"Statement\": {HOSTILE}")),
        ("plain.json", LITTLE),
    ]);
    let toml = format!(
        "[[ignore]]\nlint = \"mixed-scope\"\nreason = {0}\n[[target]]\nname = {0}\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [{1}]\n",
        toml_text(HOSTILE),
        toml_text("*.json"),
    );
    project.write("hostile.toml", &toml);
    project.write("wrong.toml", &format!("{} = 1\n", toml_text(HOSTILE)));
    let value = format!("x={HOSTILE}");
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["explain", HOSTILE],
        vec!["explain", "ec2:\u{1b}[2J"],
        vec![HOSTILE],
        vec!["lint", "--format", HOSTILE],
        vec!["lint", "--config", "hostile.toml", "-f", "text"],
        vec!["lint", "--config", "wrong.toml"],
        vec!["baseline", "--config", "hostile.toml"],
        vec!["reference", "show", "--role", HOSTILE],
        vec![
            "reference",
            "show",
            "--role",
            "instance",
            "--scheduler",
            "torque",
            "--set",
            &value,
            "--account",
            HOSTILE,
        ],
    ];
    let role: Vec<&str> = ["--no-config"].into_iter().chain(NODE).collect();
    for file in [
        name.as_str(),
        "broken.json",
        "plain.json",
        "*.json",
        HOSTILE,
    ] {
        for format in FORMATS {
            commands.push([&["lint", file, "-f", format], &role[..]].concat());
        }
        for command in [
            &["tighten"][..],
            &["missing"],
            &["lint", "--fix", "--diff"],
            &["lint", "--each"],
        ] {
            commands.push([command, &[file], &role].concat());
        }
        for option in [
            "--reference",
            "--boundary",
            "--scp",
            "--cluster-config",
            "--context-file",
            "--baseline",
        ] {
            commands.push(vec![
                "lint",
                "plain.json",
                "--no-config",
                "--scheduler",
                "torque",
                option,
                file,
            ]);
        }
    }
    for arguments in commands {
        let found = run(&project.path(""), &arguments);
        for text in [&found.out, &found.err] {
            assert_eq!(acts(text), None, "{arguments:?}: {text}");
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(["lint", "plain.json"])
        .current_dir(project.path(""))
        .env("PCLUSTER_IAM_CONFIG", HOSTILE)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(acts(&String::from_utf8(output.stderr).unwrap()), None);
}

fn toml_text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c => format!("\\U{:08X}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[test]
fn a_patch_of_hostile_text_is_refused_with_the_reason() {
    let policy = LITTLE.replace("\"Effect\"", "\"Sid\": \"a\u{202e}b\", \"Effect\"");
    let policy = policy.replace("ec2:DescribeInstances", "ec2:*");
    let project = Project::new(&[("p.json", &policy)]);
    each(
        [
            &["lint", "--fix", "--diff", "p.json"][..],
            &["tighten", "p.json"],
        ],
        |arguments| {
            let found = run(&project.path(""), &[arguments, &NODE].concat());
            assert_eq!(found.code, 2, "{}", found.err);
            assert!(
                found.err.contains("line 2 contains the character U+202E"),
                "{}",
                found.err
            );
            assert!(!found.out.contains("+++"), "{}", found.out);
        },
    );
}

#[cfg(unix)]
#[test]
fn patterns_and_configurations_read_files_of_the_repository_alone() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.json");
    fs::write(&secret, LITTLE).unwrap();
    let project = Project::new(&[("iam/p.json", LITTLE), (".git/x.json", LITTLE)]);
    symlink(&secret, project.path("iam/link.json")).unwrap();
    symlink("p.json", project.path("iam/own.json")).unwrap();
    let absolute = secret.to_str().unwrap();
    for (path, is_read) in [
        ("iam/p.json", true),
        ("iam/own.json", true),
        ("iam/link.json", false),
        ("iam/*.json", false),
        (absolute, false),
        ("../../../../../../proc/self/environ", false),
        ("/dev/stdin", false),
        (".git/x.json", false),
    ] {
        let target = format!(
            "[[target]]\nname = \"t\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"{path}\"]\n"
        );
        project.write("pcluster-iam.toml", &target);
        let found = run(&project.path(""), &["lint"]);
        assert_eq!(
            found.code == 2,
            !is_read,
            "{path}: {}{}",
            found.out,
            found.err
        );
        assert!(
            is_read || found.err.contains("is not read"),
            "{path}: {}",
            found.err
        );
        for key in ["boundary", "cluster-config", "baseline"] {
            if path.contains('*') || is_read {
                continue;
            }
            project.write("pcluster-iam.toml", &format!("{key} = \"{path}\"\n"));
            let found = lint(&project, &["iam/p.json"]);
            assert_eq!(found.code, 2, "{key} {path}");
            assert!(
                found.err.contains("is not read"),
                "{key} {path}: {}",
                found.err
            );
        }
    }
    // What the command line names is read.
    let named = lint(&project, &["--no-config", "iam/link.json"]);
    assert_eq!(named.code, 1, "{}", named.err);
    let pattern = lint(&project, &["--no-config", "iam/l*.json"]);
    assert_eq!(pattern.code, 2);
    // A configuration that was found and leads elsewhere.
    fs::remove_file(project.path("pcluster-iam.toml")).unwrap();
    symlink(&secret, project.path("pcluster-iam.toml")).unwrap();
    let found = lint(&project, &["iam/p.json"]);
    assert_eq!(found.code, 2);
    assert!(found.err.contains("is not read"), "{}", found.err);
}

#[cfg(unix)]
#[test]
fn patterns_end() {
    use std::os::unix::fs::symlink;
    let project = Project::new(&[("a/b/p.json", LITTLE)]);
    symlink("..", project.path("a/up")).unwrap();
    symlink(".", project.path("a/b/here")).unwrap();
    let start = Instant::now();
    let found = lint(&project, &["--no-config", "**/*.json"]);
    assert_eq!(found.code, 1, "{}", found.err);
    assert!(start.elapsed() < Duration::from_secs(20));
    let mut deep = project.path("deep");
    for _ in 0..150 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    let found = lint(&project, &["--no-config", "deep/**/*.json"]);
    assert_eq!(found.code, 2);
    assert!(found.err.contains("lie in each other"), "{}", found.err);
}

/// Files with secrets that are none of what options take, each with the words `hunter2` and `c2VjcmV0`.
const SECRETS: &[(&str, &str)] = &[
    ("text", "password: hunter2 c2VjcmV0\nroot:x:hunter2\n"),
    ("word", "hunter2c2VjcmV0"),
    ("object", r#"{"password": "hunter2", "c2VjcmV0": 1}"#),
    (
        "service account",
        r#"{"type": "service_account", "private_key": "hunter2", "c2VjcmV0": {}}"#,
    ),
    ("list", r#"["hunter2", "c2VjcmV0"]"#),
    ("string", r#""hunter2 c2VjcmV0""#),
    ("broken object", r#"{"password": "hunter2" "c2VjcmV0": 1}"#),
    ("unquoted", r#"{"password": hunter2c2VjcmV0}"#),
    ("lines", "{\"a\": \"hunter2\"}\n{\"c2VjcmV0\": 1}\n"),
    ("environment", "AWS_SECRET_ACCESS_KEY=hunter2\nB=c2VjcmV0\n"),
    (
        "credentials",
        "[default]\naws_access_key_id = hunter2\naws_secret_access_key = c2VjcmV0\n",
    ),
    ("key", "-----BEGIN PRIVATE KEY-----\nhunter2\nc2VjcmV0\n"),
    (
        "yaml",
        "apiVersion: v1\ntoken: hunter2\nusers:\n- c2VjcmV0\n",
    ),
    ("toml", "password = \"hunter2\"\n[c2VjcmV0]\nkey = 1\n"),
    (
        "script",
        "#!/bin/bash\nexport TOKEN=hunter2\ncurl c2VjcmV0\n",
    ),
    (
        "python",
        "import os\nTOKEN = 'hunter2'\nstatement = 'c2VjcmV0'\n",
    ),
    ("page", "<html><body>hunter2 c2VjcmV0</body></html>"),
    (
        "terraform",
        "variable \"hunter2\" {\n  default = \"c2VjcmV0\"\n}\n",
    ),
    (
        "state",
        r#"{"version": 4, "terraform_version": "1.5", "outputs": {"hunter2": "Statement c2VjcmV0"}}"#,
    ),
    ("percent", "%7B%22password%22%3A%22hunter2c2VjcmV0%22%7D"),
    (
        "access key",
        r#"{"AccessKey": {"SecretAccessKey": "hunter2", "UserName": "c2VjcmV0"}}"#,
    ),
    ("twice", r#"{"hunter2": "c2VjcmV0", "hunter2": "c2VjcmV0"}"#),
];

#[test]
fn content_that_is_no_policy_stays_out_of_reports() {
    let mut wrong = Vec::new();
    for (name, secret) in SECRETS {
        let project = Project::new(&[("s.txt", secret), ("p.json", LITTLE)]);
        let mut runs: Vec<Vec<&str>> = Vec::new();
        for format in FORMATS {
            runs.push([&["lint", "s.txt", "--no-config", "-f", format], &NODE[..]].concat());
        }
        for command in ["missing", "tighten", "baseline"] {
            runs.push([&[command, "s.txt", "--no-config"], &NODE[..]].concat());
        }
        for option in ["--boundary", "--scp", "--context-file", "--baseline"] {
            runs.push(
                [
                    &["lint", "p.json", "--no-config", option, "s.txt"],
                    &NODE[..],
                ]
                .concat(),
            );
        }
        runs.push(vec![
            "lint",
            "p.json",
            "--no-config",
            "--cluster-config",
            "s.txt",
        ]);
        runs.push(vec![
            "lint",
            "p.json",
            "--no-config",
            "--reference",
            "s.txt",
        ]);
        runs.push([&["lint", "p.json", "--config", "s.txt"], &NODE[..]].concat());
        for arguments in runs {
            let found = run(&project.path(""), &arguments);
            let all = found.out + &found.err;
            let is_shown = ["hunter2", "c2VjcmV0"]
                .iter()
                .any(|word| all.contains(word));
            if is_shown || found.code > 2 {
                wrong.push(format!("{name}: {arguments:?}: {} {all}", found.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_meant_to_be_read_is_quoted_where_it_is_wrong() {
    let project = Project::new(&[
        ("p.json", LITTLE),
        (
            "broken.json",
            r#"{"Statement": [{"Effect": "Allow" "Action": "sqs:*"}]}"#,
        ),
        ("pcluster-iam.toml", "fail_on = \"error\"\n"),
        ("other.toml", "fail-on = \"errors\"\n"),
        ("b.json", r#"[{"fingerprint": 1}]"#),
        ("c.json", r#"{"aws:SourceVpc": {"a": 1}}"#),
        ("c.yaml", "HeadNode: [1\nScheduling: {}\n"),
    ]);
    each(
        [
            (&["broken.json", "--no-config"][..], "\"Action\": \"sqs:*\""),
            (&["p.json"], "fail_on = \"error\""),
            (
                &["p.json", "--config", "other.toml"],
                "fail-on = \"errors\"",
            ),
            (
                &["p.json", "--no-config", "--baseline", "b.json"],
                "{\"fingerprint\": 1}",
            ),
            (
                &["p.json", "--no-config", "--context-file", "c.json"],
                "`aws:SourceVpc`",
            ),
            (
                &["p.json", "--no-config", "--cluster-config", "c.yaml"],
                "Scheduling: {}",
            ),
        ],
        |(arguments, quoted)| {
            let found = lint(&project, arguments);
            let all = found.out + &found.err;
            assert!(
                found.code == 2 && all.contains(quoted),
                "{arguments:?}: {all}"
            );
        },
    );
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_or_over_what_was_read() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "kept").unwrap();
    let project = Project::new(&[
        ("p.json", LITTLE),
        ("context.json", "{}"),
        ("b.json", "[]\n"),
    ]);
    symlink(&victim, project.path("out.json")).unwrap();
    symlink(outside.path(), project.path("folder")).unwrap();
    symlink(outside.path().join("new.json"), project.path("dangling")).unwrap();
    fs::hard_link(project.path("p.json"), project.path("hard.json")).unwrap();
    each(
        [
            (&["-o", "json:out.json"][..], "leads out of the repository"),
            (
                &["-o", "json:folder/new.json"],
                "leads out of the repository",
            ),
            (&["-o", "json:dangling"], "leads nowhere"),
            (&["-o", "json:./p.json"], "one of those that were read"),
            (&["-o", "json:hard.json"], "one of those that were read"),
            (
                &["--baseline", "b.json", "-o", "json:b.json"],
                "one of those that were read",
            ),
            (
                &["--context-file", "context.json", "-o", "json:context.json"],
                "one of those that were read",
            ),
            (
                &["-o", "json:x.out", "-o", "text:./x.out"],
                "goes there already",
            ),
            (&["--fix"], "hard links"),
        ],
        |(arguments, reason)| {
            let found = lint(&project, &[&["p.json", "--no-config"], arguments].concat());
            assert_eq!(found.code, 2, "{arguments:?}: {}", found.out);
            assert!(found.err.contains(reason), "{arguments:?}: {}", found.err);
        },
    );
    let over = run(
        &project.path(""),
        &[&["baseline", "p.json", "--baseline", "p.json"], &NODE[..]].concat(),
    );
    assert_eq!(over.code, 2, "{}", over.err);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
    assert!(!outside.path().join("new.json").exists());
    assert_eq!(fs::read_to_string(project.path("p.json")).unwrap(), LITTLE);
    fs::remove_file(project.path("hard.json")).unwrap();
    let mode = |mode| {
        fs::set_permissions(project.path("p.json"), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o444);
    let found = lint(&project, &["p.json", "--no-config", "--fix"]);
    assert!(
        found.code == 2 && found.err.contains("read-only"),
        "{}",
        found.err
    );
    mode(0o640);
    lint(&project, &["p.json", "--no-config", "--fix"]);
    assert_ne!(fs::read_to_string(project.path("p.json")).unwrap(), LITTLE);
    let kept = fs::metadata(project.path("p.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(kept & 0o777, 0o640);
}
