//! The snippets of `docs/ci.md` and the steps of `action.yml`, run as the services run them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::common::page;
use crate::common::table::each;
use regex::Regex;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn yaml(text: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// A repository with the policy of a head node, and a `cargo` that installs the program which the tests have.
struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let job = Job { folder };
        for name in [
            "work/iam/head-node",
            "work/.git",
            "tools",
            "runner",
            "action",
        ] {
            fs::create_dir_all(job.path(name)).unwrap();
        }
        let cargo = "#!/bin/bash\n\
            set -eu\n\
            echo \"$*\" >>\"$JOB/cargo.log\"\n\
            root=$JOB/tools\n\
            while [ $# -gt 0 ]; do [ \"$1\" != --root ] || root=$2; shift; done\n\
            mkdir -p \"$root/bin\"\n\
            ln -sf \"$PROGRAM\" \"$root/bin/pcluster-iam\"\n";
        fs::write(job.path("tools/cargo"), cargo).unwrap();
        fs::set_permissions(job.path("tools/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        // Read where nothing else says what is judged.
        let configuration = "pcluster-version = \"3.14.0\"\nscheduler = \"slurm\"\n\
            [[target]]\nname = \"nodes\"\nrole = \"head-node\"\npolicies = [\"iam/head-node/*.json\"]\n";
        fs::write(job.path("work/pcluster-iam.toml"), configuration).unwrap();
        job.policy(true);
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the role's policy in two files, with or without an action that is required.
    fn policy(&self, is_whole: bool) {
        let arguments = [
            "reference",
            "show",
            "--role",
            "head-node",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.14.0",
            "--region",
            "us-east-1",
            "--account",
            "123456789012",
            "--format",
            "json",
        ];
        let text = crate::common::program::run(self.folder.path(), &arguments).out;
        let policy: Value = serde_json::from_str(&text).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let without = if is_whole { "" } else { "ec2:RunInstances" };
        let is_there = |statement: &&Value| {
            without.is_empty() || !statement["Action"].to_string().contains(without)
        };
        let kept: Vec<&Value> = statements.iter().filter(is_there).collect();
        assert_eq!(kept.len() == statements.len(), is_whole);
        let (first, second) = kept.split_at(kept.len() / 2);
        for (name, part) in [("base", first), ("more", second)] {
            let part = serde_json::json!({"Version": "2012-10-17", "Statement": part});
            let file = self.path(&format!("work/iam/head-node/{name}.json"));
            fs::write(file, serde_json::to_string_pretty(&part).unwrap()).unwrap();
        }
    }

    /// Runs a script in the repository: exit code and both outputs.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let script = format!("set -eo pipefail\n{script}");
        let output = page::bash(&script, &self.path("work"), &[&self.path("tools")])
            .env("JOB", self.folder.path())
            .env("PROGRAM", env!("CARGO_BIN_EXE_pcluster-iam"))
            .env(
                "PCLUSTER_IAM_REPOSITORY",
                "https://example.com/pcluster-iam",
            )
            .env("PCLUSTER_IAM_REVISION", "0123456789abcdef")
            .env("GITHUB_ACTION_PATH", self.path("action"))
            .env("RUNNER_TEMP", self.path("runner"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }

    /// What a step wrote to the file of outputs.
    fn outputs(&self) -> String {
        let text = fs::read_to_string(self.path("output")).unwrap_or_default();
        let _ = fs::remove_file(self.path("output"));
        text
    }
}

/// Every script of a document: the values of `run` and the lists of `script`, in order.
fn scripts(node: &Yaml, found: &mut Vec<String>) {
    match node {
        Yaml::Hash(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    (Some("run" | "script"), Yaml::String(text)) => found.push(text.clone()),
                    (Some("script"), Yaml::Array(lines)) => {
                        let lines: Vec<&str> = lines.iter().map(|l| l.as_str().unwrap()).collect();
                        found.push(lines.join("\n"));
                    }
                    _ => scripts(value, found),
                }
            }
        }
        Yaml::Array(list) => list.iter().for_each(|node| scripts(node, found)),
        _ => {}
    }
}

/// Every value of a key, wherever it stands.
fn values<'y>(node: &'y Yaml, wanted: &str, found: &mut Vec<&'y Yaml>) {
    match node {
        Yaml::Hash(map) => {
            for (key, value) in map {
                if key.as_str() == Some(wanted) {
                    found.push(value);
                }
                values(value, wanted, found);
            }
        }
        Yaml::Array(list) => list.iter().for_each(|node| values(node, wanted, found)),
        _ => {}
    }
}

/// The hooks of a `.pre-commit-config.yaml` as the commands that pre-commit runs.
fn hooks(document: &Yaml, found: &mut Vec<String>) {
    let published = yaml(&read(".pre-commit-hooks.yaml"));
    let mut lists = Vec::new();
    values(document, "hooks", &mut lists);
    for hook in lists.iter().flat_map(|list| list.as_vec().unwrap()) {
        let mut known = published.as_vec().unwrap().iter();
        let named = known.find(|published| published["id"] == hook["id"]);
        let entry = hook["entry"].as_str();
        let entry = entry.unwrap_or_else(|| named.unwrap()["entry"].as_str().unwrap());
        let arguments = hook["args"].as_vec().into_iter().flatten();
        let quoted = arguments.map(|a| format!("'{}'", a.as_str().unwrap()));
        found.push(format!("{entry} {}", quoted.collect::<Vec<_>>().join(" ")));
    }
}

#[test]
fn every_snippet_passes_a_complete_policy_and_fails_for_an_incomplete_one() {
    let text = read("docs/ci.md");
    let sh = Regex::new(r"(?m)^\s*sh '(.+)'$").unwrap();
    let mut count = 0;
    for (language, block) in page::blocks(&text) {
        let mut found = Vec::new();
        match language {
            "yaml" => {
                let document = yaml(block);
                scripts(&document, &mut found);
                hooks(&document, &mut found);
            }
            "groovy" => found.push(
                sh.captures_iter(block)
                    .map(|line| line[1].to_owned())
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            "sh" => found.push(block.to_owned()),
            // The command for two checkouts: `gate` has a test of it.
            "text" => continue,
            other => panic!("what to do with a block of `{other}`?"),
        }
        if found.is_empty() {
            // The workflow that uses the action, whose steps are run below.
            assert!(block.contains("uses: OWNER/pcluster-iam@"), "{block}");
            continue;
        }
        let script = found.join("\n");
        if script.contains("pcluster-iam diff") {
            // `the_workflow_of_a_pull_request_posts_what_it_changes` runs it.
            continue;
        }
        count += 1;
        assert!(script.contains("pcluster-iam lint"), "{script}");
        let job = Job::new();
        let installs_nothing = !script.contains("cargo install");
        let (code, said) = job.run(&script.replace("--fail-on warning", ""), &[]);
        assert_eq!(code, 0, "{script}\n{said}");
        assert_eq!(job.path("cargo.log").exists(), !installs_nothing);
        for report in ["code-quality.json", "junit.xml"] {
            let is_written = job.path("work").join(report).exists();
            assert_eq!(is_written, script.contains(report), "{report}");
        }
        job.policy(false);
        let (code, said) = job.run(&script, &[]);
        assert_eq!(code, 1, "{script}\n{said}");
        assert!(said.contains("ec2:RunInstances"), "{said}");
        fs::remove_dir_all(job.path("work/iam")).unwrap();
        let (code, said) = job.run(&script, &[]);
        assert_eq!(code, 2, "nothing to judge is no pass: {said}");
    }
    assert_eq!(count, 9);
}

#[test]
fn the_workflow_of_a_pull_request_posts_what_it_changes() {
    let text = read("docs/ci.md");
    let mut scripts_found = Vec::new();
    for (language, block) in page::blocks(&text) {
        let mut found = Vec::new();
        if language == "yaml" {
            scripts(&yaml(block), &mut found);
        }
        let script = found.join("\n");
        if script.contains("pcluster-iam diff") {
            scripts_found.push(script);
        }
    }
    let [script] = scripts_found.as_slice() else {
        panic!("{scripts_found:?}");
    };
    let job = Job::new();
    let gh = "#!/bin/bash\nset -eu\n[ \"$1 $2 $3 $4\" = 'pr comment 7 --body-file' ]\ncp \"$5\" \"$JOB/comment.md\"\n";
    fs::write(job.path("tools/gh"), gh).unwrap();
    fs::set_permissions(job.path("tools/gh"), fs::Permissions::from_mode(0o755)).unwrap();
    let home = job.path("").display().to_string();
    let begin = "rmdir .git; git init -q; git add iam; \
        git -c user.name=a -c user.email=a@example.com commit -q -m base";
    let (code, said) = job.run(begin, &[("HOME", &home)]);
    assert_eq!(code, 0, "{said}");
    let variables = [("HOME", home.as_str()), ("BASE", "HEAD"), ("NUMBER", "7")];
    let (code, said) = job.run(script, &variables);
    assert_eq!(code, 0, "{said}");
    let comment = || fs::read_to_string(job.path("comment.md")).unwrap();
    assert!(
        comment().contains("0 actions gained, 0 actions lost"),
        "{}",
        comment()
    );
    let more = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "iam:PutRolePolicy", "Resource": "*"}]});
    fs::write(job.path("work/iam/head-node/new.json"), more.to_string()).unwrap();
    let (code, said) = job.run(script, &variables);
    assert_eq!(code, 1, "{said}");
    assert!(comment().contains("PutRolePolicy"), "{}", comment());
    let (code, _) = job.run(
        script,
        &[("HOME", home.as_str()), ("BASE", "none"), ("NUMBER", "7")],
    );
    assert_eq!(code, 2);
}

#[test]
fn what_is_used_is_pinned_by_a_commit() {
    let pinned = Regex::new("^[A-Za-z-]+/[a-z/-]+@[0-9a-f]{40}$").unwrap();
    let text = read("docs/ci.md");
    let blocks = page::blocks(&text).into_iter();
    let documents = blocks.filter(|(language, _)| *language == "yaml");
    let documents: Vec<Yaml> = documents
        .map(|(_, block)| yaml(block))
        .chain([yaml(&read("action.yml"))])
        .collect();
    let mut count = 0;
    for document in &documents {
        let mut used = Vec::new();
        values(document, "uses", &mut used);
        for name in used {
            count += 1;
            assert!(pinned.is_match(name.as_str().unwrap()), "{name:?}");
        }
    }
    assert_eq!(count, 5);
}

#[test]
fn the_image_of_a_snippet_has_the_oldest_toolchain_that_builds_this() {
    let oldest = format!("rust:{}", env!("CARGO_PKG_RUST_VERSION"));
    let image = Regex::new(r"image: (rust:\S+)").unwrap();
    let text = read("docs/ci.md");
    let images: Vec<&str> = image
        .captures_iter(&text)
        .map(|c| c.extract::<1>().1[0])
        .collect();
    // GitLab and Bitbucket.
    assert_eq!(images, [oldest.as_str(); 2]);
}

/// The steps of the action, by their names.
fn step(name: &str) -> Yaml {
    let action = yaml(&read("action.yml"));
    let steps = action["runs"]["steps"].as_vec().unwrap();
    let found = steps.iter().find(|s| s["name"].as_str() == Some(name));
    found.unwrap_or_else(|| panic!("no step `{name}`")).clone()
}

/// Runs the step that lints with some inputs, the others having their defaults.
fn lint(job: &Job, inputs: &[(&str, &str)]) -> (i32, String) {
    let action = yaml(&read("action.yml"));
    let step = step("Lint the policies");
    let mut variables = Vec::new();
    for (name, value) in step["env"].as_hash().unwrap() {
        let input = value.as_str().unwrap();
        let input = input.strip_prefix("${{ inputs.").unwrap();
        let input = input.strip_suffix(" }}").unwrap();
        let default = action["inputs"][input]["default"].as_str().unwrap();
        let given = inputs.iter().find(|(name, _)| *name == input);
        variables.push((
            name.as_str().unwrap(),
            given.map_or(default, |(_, value)| value),
        ));
    }
    job.run(step["run"].as_str().unwrap(), &variables)
}

#[test]
fn the_action_says_what_it_takes_and_every_input_is_used() {
    let action = yaml(&read("action.yml"));
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    each(["name", "description"], |key| {
        assert!(!action[key].as_str().unwrap().is_empty());
    });
    let text = read("action.yml");
    let page = read("docs/ci.md");
    for (name, input) in action["inputs"].as_hash().unwrap() {
        let name = name.as_str().unwrap();
        assert!(
            text.contains(&format!("${{{{ inputs.{name} }}}}")),
            "{name}"
        );
        assert!(page.contains(&format!("\n| `{name}` |")), "{name}");
        assert!(input["description"].as_str().is_some() && input["default"].as_str().is_some());
    }
    for step in action["runs"]["steps"].as_vec().unwrap() {
        if let Some(script) = step["run"].as_str() {
            assert_eq!(step["shell"].as_str(), Some("bash"));
            assert!(!script.contains("${{"), "an input is code there: {script}");
        }
    }
}

#[test]
fn the_action_installs_itself_and_lints() {
    let job = Job::new();
    let install = step("Install pcluster-iam");
    let (code, said) = job.run(install["run"].as_str().unwrap(), &[]);
    assert_eq!(code, 0, "{said}");
    let asked = fs::read_to_string(job.path("cargo.log")).unwrap();
    let expected = format!(
        "install --locked --quiet --path {} --root {}\n",
        job.path("action").display(),
        job.path("runner/pcluster-iam").display()
    );
    assert_eq!(asked, expected);

    let args = "--scheduler slurm --role head-node\n  --pcluster-version 3.14.0 --region us-east-1";
    let whole = [("paths", "iam/head-node/*.json"), ("args", args)];
    let (code, said) = lint(&job, &whole);
    assert_eq!(code, 0, "{said}");
    assert_eq!(job.outputs(), "exit-code=0\n");
    let strict = [&whole[..], &[("fail-on", "warning")]].concat();
    assert_eq!(lint(&job, &strict).0, 1, "{said}");
    job.outputs();

    job.policy(false);
    let files = "iam/head-node/base.json\n\niam/head-node/more.json\n";
    let inputs = [
        ("paths", files),
        ("args", args),
        ("sarif", "my findings.sarif"),
    ];
    let (code, said) = lint(&job, &inputs);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("::error file=iam/head-node/"), "{said}");
    assert_eq!(job.outputs(), "exit-code=1\nsarif=my findings.sarif\n");
    let log = fs::read_to_string(job.path("work/my findings.sarif")).unwrap();
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["version"], "2.1.0");

    // Usage that makes no sense leaves no report of another run behind, and uploads none.
    let wrong = [
        ("paths", files),
        ("args", "--scheduler tork"),
        ("sarif", "my findings.sarif"),
    ];
    let (code, said) = lint(&job, &wrong);
    assert_eq!(code, 2, "{said}");
    assert_eq!(job.outputs(), "exit-code=2\n");
    assert!(!job.path("work/my findings.sarif").exists());
    let upload = step("Upload the findings");
    assert_eq!(
        upload["if"].as_str(),
        Some("${{ always() && steps.lint.outputs.sarif != '' }}")
    );
}

#[test]
fn the_action_reads_the_configuration() {
    let job = Job::new();
    let install = step("Install pcluster-iam");
    job.run(install["run"].as_str().unwrap(), &[]);
    // Nothing is given: the targets of pcluster-iam.toml, at its threshold.
    assert_eq!(lint(&job, &[]).0, 0);
    let found = job.path("work/pcluster-iam.toml");
    let text = fs::read_to_string(&found).unwrap();
    fs::write(&found, format!("fail-on = \"note\"\n{text}")).unwrap();
    let (code, said) = lint(&job, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(": nodes: "), "{said}");
    assert_eq!(lint(&job, &[("fail-on", "error")]).0, 0);
    // Another one by its name.
    fs::remove_file(&found).unwrap();
    assert_eq!(lint(&job, &[]).0, 2);
    let named = job.path("work/iam/our own.toml");
    fs::write(named, text.replace("iam/head-node", "head-node")).unwrap();
    let inputs = [("config", "iam/our own.toml")];
    assert_eq!(lint(&job, &inputs).0, 0);
    job.policy(false);
    let (code, said) = lint(&job, &inputs);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("nodes: judged iam/head-node/base.json"),
        "{said}"
    );
}

#[test]
fn the_inputs_of_the_action_are_data() {
    let job = Job::new();
    let install = step("Install pcluster-iam");
    job.run(install["run"].as_str().unwrap(), &[]);
    each(
        [
            ("paths", "$(touch pwned)"),
            ("paths", "`touch pwned`; touch pwned"),
            ("paths", "--exit-zero"),
            ("args", "--scheduler slurm; touch pwned"),
            ("args", "--scheduler $(touch pwned) *"),
            ("fail-on", "never; touch pwned"),
            ("config", "$(touch pwned).toml"),
            ("config", "--no-config"),
            ("sarif", "$(touch pwned)/x"),
        ],
        |(name, text)| {
            let base = [
                ("paths", "iam/head-node/*.json"),
                ("args", "--scheduler slurm"),
            ];
            let mut inputs = vec![(name, text)];
            inputs.extend(base.iter().filter(|(n, _)| *n != name));
            let (code, said) = lint(&job, &inputs);
            assert_eq!(code, 2, "{name}: {text}: {said}");
            assert!(!job.path("work/pwned").exists(), "{name}: {text}");
        },
    );
}
