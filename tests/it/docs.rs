//! The pages of documentation: links lead somewhere, lists are whole, and commands print what the pages claim.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::table::each;
use crate::common::{page, role};
use pcluster_iam::lints::ALL;
use regex::Regex;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The pages below a folder of the repository.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    pages
}

/// A page without what stands in its blocks.
fn prose(text: &str) -> String {
    let mut is_inside = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_inside = !is_inside;
        } else if !is_inside {
            let _ = writeln!(prose, "{line}");
        }
    }
    prose
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}

#[test]
fn every_link_inside_the_repository_leads_to_something() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut count = 0;
    for path in [pages(""), pages("docs"), pages("rules/lints")].concat() {
        let text = prose(&fs::read_to_string(&path).unwrap());
        for target in link.captures_iter(&text).map(|c| c[1].to_owned()) {
            if target.starts_with("https://") {
                continue;
            }
            count += 1;
            let what = format!("{}: {target}", path.display());
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let to = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            assert!(to.exists(), "{what}: there is no such file");
            if !heading.is_empty() {
                let text = prose(&fs::read_to_string(&to).unwrap());
                let mut headings = text.lines().filter(|l| l.starts_with('#'));
                assert!(
                    headings.any(|l| anchor(l.trim_start_matches('#').trim()) == heading),
                    "{what}: there is no such heading"
                );
            }
        }
    }
    assert!(count > 30, "{count} links");
}

#[test]
fn the_index_starts_with_getting_started_and_names_every_page() {
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let first = index.split("](").nth(1).unwrap();
    assert!(first.starts_with("getting-started.md)"), "{first}");
    for path in pages("docs") {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name == "README.md" || index.contains(&format!("]({name})")),
            "docs/README.md does not name {name}"
        );
    }
}

/// `docs/lints.md`, from the registry.
fn lints() -> String {
    let mut text = "# Lints\n\n\
        Use the id of a lint in the configuration, with `--error`, `--warn`, `--note` and `--off`, and with `pcluster-iam explain`. The\n\
        severity is the usual one; the page of a lint says when a finding has another one.\n\n\
        | id | severity | what it reports | since |\n| --- | --- | --- | --- |\n"
        .to_owned();
    for lint in ALL {
        let _ = writeln!(
            text,
            "| [{0}](../rules/lints/{0}.md) | {1} | {2} | {3} |",
            lint.id,
            lint.severity.name(),
            lint.summary,
            lint.since
        );
    }
    text
}

#[test]
fn the_page_on_lints_is_that_of_the_registry() {
    let path = root().join("docs/lints.md");
    if std::env::var_os("PCLUSTER_IAM_WRITE_DOCS").is_some() {
        fs::write(&path, lints()).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == lints(),
        "PCLUSTER_IAM_WRITE_DOCS=1 cargo test --test it docs:: writes docs/lints.md anew"
    );
}

/// The table of features in `docs/reference.md`, from the data.
fn features() -> String {
    let data = fs::read_to_string(root().join("rules/features.toml")).unwrap();
    let data: toml::Table = data.parse().unwrap();
    let mut text = "| feature | on by default | setting |\n| --- | --- | --- |\n".to_owned();
    for feature in data["feature"].as_array().unwrap() {
        let on = feature.get("default").map(|list| {
            let list: Vec<&str> = { list.as_array().unwrap().iter() }
                .map(|name| name.as_str().unwrap())
                .collect();
            let since = feature["since"].as_str().unwrap();
            format!("{}, since {since}", list.join(", "))
        });
        let of = |key: &str| feature[key].as_str().unwrap();
        let on = on.unwrap_or_default();
        let _ = writeln!(text, "| {} | {on} | {} |", of("name"), of("meaning"));
    }
    text
}

#[test]
fn the_page_of_releases_lists_the_features() {
    let (start, end) = ("<!-- features: start -->\n", "<!-- features: end -->");
    let path = root().join("docs/reference.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(start).unwrap();
    let (table, after) = rest.split_once(end).unwrap();
    if std::env::var_os("PCLUSTER_IAM_WRITE_DOCS").is_some() {
        let page = format!("{before}{start}{}{end}{after}", features());
        fs::write(&path, page).unwrap();
    } else {
        assert!(
            table == features(),
            "PCLUSTER_IAM_WRITE_DOCS=1 cargo test --test it docs:: writes the features anew"
        );
    }
}

#[test]
fn getting_started_prints_what_it_claims() {
    let text = fs::read_to_string(root().join("docs/getting-started.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["head-node.json", "slurm-head-node.json"] {
        let policy = role::fixture(&format!("examples/{name}"));
        fs::write(folder.path().join(name), policy).unwrap();
    }
    let commands = page::run(&page::blocks(&text), folder.path());
    assert_eq!(commands.len(), 10, "{commands:#?}");
}

#[test]
fn exit_codes_are_those_of_the_page() {
    let text = fs::read_to_string(root().join("docs/exit-codes.md")).unwrap();
    let blocks = page::blocks(&text);
    let folder = tempfile::tempdir().unwrap();
    let files = blocks.iter().filter(|(language, _)| *language == "json");
    for (name, (_, text)) in ["warning.json", "minimum.json"].iter().zip(files) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let commands = page::run(&blocks, folder.path());
    assert_eq!(commands.len(), 10, "{commands:#?}");
    each(["0", "1", "2"], |code| {
        assert!(text.contains(&format!("$ echo $?\n{code}\n")), "{code}");
    });

    let (_, script) = blocks
        .iter()
        .find(|(language, _)| *language == "sh")
        .unwrap();
    let said = |script: &str| {
        let output = page::bash(script, folder.path(), &[]).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), out)
    };
    assert!(said(script).1.ends_with("the role has what it needs\n"));
    let (code, out) = said(&script.replace("minimum.json", "minimum.json --fail-on warning"));
    assert_eq!(code, 0);
    assert!(out.ends_with("something was found\n"), "{out}");
    assert_eq!(said(&script.replace("warning.json", "nowhere.json")).0, 2);
}

#[test]
fn no_page_names_an_option_that_is_none() {
    let mut command = pcluster_iam::cli::command();
    command.build();
    let mut known = BTreeSet::new();
    collect(&command, &mut known);
    let call = Regex::new(r"pcluster-iam (?:[^`\n|]|\\\n)*").unwrap();
    let option = Regex::new(r"(?:^|\s)--([a-z][a-z-]*)").unwrap();
    for path in [pages(""), pages("docs"), pages("rules/lints")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        for call in call.find_iter(&text) {
            for name in option.captures_iter(call.as_str()).map(|c| c[1].to_owned()) {
                assert!(
                    known.contains(&name),
                    "{}: --{name} in {}",
                    path.display(),
                    call.as_str()
                );
            }
        }
    }
}

fn collect(command: &clap::Command, known: &mut BTreeSet<String>) {
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    known.extend(options.map(str::to_owned));
    command
        .get_subcommands()
        .for_each(|sub| collect(sub, known));
}

#[test]
fn nothing_of_a_page_is_left_for_later() {
    for path in pages("docs") {
        let text = fs::read_to_string(&path).unwrap();
        for word in ["TODO", "TBD", "FIXME"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
        assert!(Path::new(&path).is_file() && text.starts_with("# "));
    }
}

#[test]
fn the_commands_on_fixing_do_what_the_page_says() {
    let text = fs::read_to_string(root().join("docs/fixing.md")).unwrap();
    let blocks = page::blocks(&text);
    let calls = blocks.iter().filter(|(language, _)| *language == "console");
    let calls: Vec<&str> = calls.flat_map(|(_, block)| block.lines()).collect();
    // With an action that nothing requires: something to fix.
    let policy = role::fixture("examples/head-node.json").replace(
        "\"sqs:DeleteMessage\"]",
        "\"sqs:DeleteMessage\", \"sqs:PurgeQueue\"]",
    );
    let folder = || {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("iam")).unwrap();
        for name in ["head-node.json", "iam/head-node.json"] {
            fs::write(folder.path().join(name), &policy).unwrap();
        }
        let template = role::fixture("examples/template.yaml");
        fs::write(folder.path().join("template.yaml"), template).unwrap();
        let module = "resource \"aws_iam_role\" \"head\" { assume_role_policy = \"{}\" }\n\
            resource \"aws_iam_role_policy\" \"p\" {\n  role   = aws_iam_role.head.id\n  policy = file(\"p.json\")\n}\n";
        fs::create_dir(folder.path().join("infra")).unwrap();
        fs::write(folder.path().join("infra/main.tf"), module).unwrap();
        fs::write(folder.path().join("infra/p.json"), &policy).unwrap();
        folder
    };
    let mut narrowed = Vec::new();
    for call in &calls {
        let folder = folder();
        let output = page::bash(&format!("set -o pipefail; {call}"), folder.path(), &[])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        // `lint` finds what the policy lacks.
        let code = i32::from(call.starts_with("pcluster-iam lint"));
        assert_eq!(output.status.code(), Some(code), "{call}\n{error}");
        let file = fs::read_to_string(folder.path().join("iam/head-node.json")).unwrap();
        if call.contains("--fix --diff") {
            assert!(
                output.stdout.starts_with(b"--- a/iam/head-node.json\n"),
                "{call}\n{error}"
            );
            assert_eq!(file, policy);
        } else if call.contains("--fix") {
            assert!(
                file != policy && error.starts_with("fixed "),
                "{call}\n{error}"
            );
        } else if call.contains("missing template.yaml") {
            let missing = String::from_utf8(output.stdout).unwrap();
            assert!(missing.starts_with("- Effect: Allow\n"), "{missing}");
            assert!(
                missing.contains("Resource: !Sub arn:${AWS::Partition}:"),
                "{missing}"
            );
        } else if call.contains("missing infra/") {
            let missing = String::from_utf8(output.stdout).unwrap();
            assert!(missing.starts_with("jsonencode({\n"), "{missing}");
        } else if call.contains("missing") {
            let missing = fs::read_to_string(folder.path().join("missing.json")).unwrap();
            assert!(missing.contains("sqs:GetQueueUrl"), "{missing}");
        } else {
            assert!(file != policy && !file.contains("s3:*"), "{call}\n{error}");
            let told =
                "head-node.json:40: statement `S3GetObj` narrowed: Action `s3:*` is replaced by";
            assert!(error.contains(told) && text.contains(told), "{error}");
            narrowed.push(file);
        }
    }
    assert_eq!(calls.len(), 7, "{calls:#?}");
    assert!(narrowed.len() == 2 && narrowed[0] == narrowed[1]);
}
