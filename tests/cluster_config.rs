//! Cluster configurations: what is taken from each fixture and from where, what is refused, and hostile texts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may panic and print"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pcluster_iam::cluster::{Cluster, ConfigProblem, Generation, Use, read};
use pcluster_iam::parser::{Source, Span};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cluster-config")
}

/// The fixtures, by name.
fn fixtures() -> Vec<(String, Source)> {
    let mut found: Vec<(String, Source)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".taken") && name != "dialect.json")
        .map(|name| {
            let text = fs::read_to_string(folder().join(&name)).unwrap();
            (name.clone(), Source::new(name, text))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn cluster(text: &str) -> Cluster {
    read(&Source::new("c", text)).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn problems(text: &str) -> Vec<ConfigProblem> {
    read(&Source::new("c", text)).expect_err(text)
}

/// Values of one placeholder.
fn bound(cluster: &Cluster, name: &str) -> Vec<String> {
    let bindings = cluster.bindings("aws");
    let values = bindings.get(name).cloned().unwrap_or_default();
    values.into_iter().map(|value| value.value).collect()
}

/// What a reader of the golden files sees.
fn shown(cluster: &Cluster, source: &Source) -> String {
    let mut text = String::new();
    for taken in cluster.taken() {
        writeln!(text, "{}", taken.line(source)).unwrap();
    }
    for (used, words) in [
        (Use::On, "on by default"),
        (Use::Off, "off by default"),
        (Use::Open, "undecided by default"),
    ] {
        for (name, feature) in &cluster.features {
            if feature.used == used && feature.place.is_none() {
                writeln!(text, "{words}: {name}").unwrap();
            }
        }
    }
    text
}

/// `PCLUSTER_IAM_WRITE_FIXTURES=1` writes the golden files anew.
#[test]
fn every_fixture_gives_what_stands_beside_it() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 13);
    for (name, source) in fixtures {
        let cluster = read(&source).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let shown = shown(&cluster, &source);
        let golden = folder().join(format!("{name}.taken"));
        if std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
            fs::write(&golden, &shown).unwrap();
        }
        assert_eq!(shown, fs::read_to_string(&golden).unwrap(), "{name}");
        let generation = if name.ends_with(".ini") {
            Generation::V2
        } else {
            Generation::V3
        };
        assert_eq!(cluster.generation, generation, "{name}");
    }
}

#[test]
fn every_value_of_a_fixture_stands_where_it_is_said_to() {
    for (name, source) in fixtures() {
        let cluster = read(&source).unwrap();
        let quotes = |span: Span, value: &str| {
            assert_eq!(source.slice(span), value, "{name}");
        };
        for value in [&cluster.scheduler, &cluster.region, &cluster.section]
            .into_iter()
            .flatten()
        {
            quotes(value.span, &value.value);
        }
        for role in &cluster.roles {
            quotes(role.value.span, &role.value.value);
        }
        for (placeholder, values) in cluster.bindings("aws") {
            for value in values {
                let written = source.slice(value.span);
                match placeholder {
                    "Partition" => quotes(value.span, &cluster.region.as_ref().unwrap().value),
                    "FsxS3BucketArns" => assert_eq!(value.value, format!("arn:aws:s3:::{written}")),
                    "S3AccessReadOnlyResource" | "S3AccessReadWriteResource" => {
                        assert!(value.value.starts_with(written), "{name}: {written}");
                    }
                    "KeyName" if name == "slurm.json" => assert_eq!(written, r"json-\u006bey"),
                    _ => quotes(value.span, &value.value),
                }
            }
        }
        for (feature, state) in &cluster.features {
            if let Some(place) = state.place {
                assert!(!source.slice(place).is_empty(), "{name}: {feature}");
            }
        }
    }
}

#[test]
fn both_generations_decide_the_same_features() {
    let v2 = cluster("[cluster default]\nscheduler = slurm\n");
    let v3 = cluster("Scheduling: {Scheduler: slurm}\n");
    let only_3 = [
        "iam-permissions-boundary",
        "iam-privileged",
        "iam-restricted",
    ];
    let names: Vec<_> = v3
        .features
        .keys()
        .filter(|name| !only_3.contains(name))
        .collect();
    assert_eq!(v2.features.keys().collect::<Vec<_>>(), names);
    for unknown in ["log-retrieval", "pcluster-configure-networking"] {
        assert_eq!(v3.uses(unknown, "user"), None);
    }
}

#[test]
fn a_feature_of_some_nodes_is_none_of_the_others() {
    let text = fs::read_to_string(folder().join("s3-access.yaml")).unwrap();
    let some = cluster(&text.replace(
        "    S3Access:\n      - BucketName: ocean-models",
        "    Unread:\n      - BucketName: ocean-models",
    ));
    assert_eq!(some.uses("s3-access", "compute-node"), Some(true));
    assert_eq!(some.uses("s3-access", "user"), Some(true));
    assert_eq!(some.uses("s3-access", "head-node"), Some(false));
    assert!(bound(&some, "S3AccessReadWriteResource").is_empty());
    let both = cluster(&text);
    assert_eq!(both.uses("s3-access", "head-node"), Some(true));
    assert_eq!(
        bound(&both, "S3AccessReadWriteResource"),
        ["ocean-results", "ocean-results/*"]
    );
    assert_eq!(
        bound(&both, "S3AccessReadOnlyResource"),
        ["ocean-models/inputs/*"]
    );
    // The second queue is the first one, merged, under a name of its own.
    assert_eq!(bound(&both, "QueueNames"), ["small", "large"]);
}

#[test]
fn roles_decide_what_users_must_be_allowed_to_make() {
    let restricted = fs::read_to_string(folder().join("iam-restricted.yaml")).unwrap();
    let modes = |text: &str| {
        let cluster = cluster(text);
        [
            "iam-privileged",
            "iam-permissions-boundary",
            "iam-restricted",
        ]
        .map(|mode| cluster.uses(mode, "user").unwrap())
    };
    assert_eq!(modes(&restricted), [false, false, true]);
    let one_less = restricted.replacen("InstanceRole", "Unread", 1);
    assert_eq!(modes(&one_less), [true, false, false]);
    let no_lambda = restricted.replace("LambdaFunctionsRole", "Unread");
    assert_eq!(modes(&no_lambda), [true, false, false]);
    let pools = format!("{restricted}LoginNodes:\n  Pools:\n    - Name: p\n");
    assert_eq!(modes(&pools), [true, false, false]);
    let within = pools.replace(
        "Iam:\n  Roles:",
        "Iam:\n  PermissionsBoundary: arn:aws:iam::123456789012:policy/b\n  Roles:",
    );
    assert_eq!(modes(&within), [false, true, false]);
    // AWS Batch always needs roles that ParallelCluster makes.
    let batch = restricted
        .replace("Scheduler: slurm", "Scheduler: awsbatch")
        .replace("SlurmQueues", "AwsBatchQueues");
    assert_eq!(modes(&batch), [true, false, false]);
}

#[test]
fn a_placeholder_with_an_unknown_value_is_not_bound() {
    let text = fs::read_to_string(folder().join("custom-ami.yaml")).unwrap();
    assert_eq!(bound(&cluster(&text), "ImageId").len(), 2);
    assert_eq!(cluster(&text).uses("encrypted-custom-ami", "user"), None);
    let published = text.replace("  CustomAmi: ami-0123456789abcdef0\n", "");
    assert!(bound(&cluster(&published), "ImageId").is_empty());
    let login = fs::read_to_string(folder().join("slurm-login-nodes-3.7.yaml")).unwrap();
    assert_eq!(
        bound(&cluster(&login), "EfsFileSystemId"),
        ["fs-0123456789abcdef0"]
    );
    let managed = login.replace("FileSystemId: fs-0123456789abcdef0, ", "");
    assert_eq!(
        cluster(&managed).uses("efs-iam-authorization", "head-node"),
        Some(true)
    );
    assert!(bound(&cluster(&managed), "EfsFileSystemId").is_empty());
    let profile = fs::read_to_string(folder().join("iam-boundary.yaml")).unwrap();
    assert!(bound(&cluster(&profile), "CustomIamRoleArns").is_empty());
    assert!(cluster(&profile).roles[0].is_profile);
}

#[test]
fn buckets_get_the_partition_of_the_run() {
    let text = fs::read_to_string(folder().join("slurm-fsx-3.1.yaml")).unwrap();
    let bindings = cluster(&text).bindings("aws-us-gov");
    let arns: Vec<_> = bindings["FsxS3BucketArns"]
        .iter()
        .map(|v| v.value.as_str())
        .collect();
    assert_eq!(
        arns,
        [
            "arn:aws-us-gov:s3:::seismic-surveys",
            "arn:aws-us-gov:s3:::seismic-images"
        ]
    );
}

#[test]
fn the_cluster_of_2_x_is_the_chosen_one() {
    let two = "[aws]\naws_region_name = us-east-1\n[cluster a]\nscheduler = sge\n[cluster b]\nscheduler = slurm\n";
    let found = problems(two);
    assert_eq!(found[0].message, "there is no section `[cluster default]`");
    assert!(found[0].help.as_ref().unwrap().contains("cluster_template"));
    let chosen = cluster(&format!("{two}[global]\ncluster_template = b\n"));
    assert_eq!(chosen.scheduler.unwrap().value, "slurm");
    let only = cluster("[cluster x]\nscheduler = sge\n");
    assert_eq!(only.section.unwrap().value, "x");
    let inherited = cluster("[DEFAULT]\nstem = flow\n[cluster x]\nkey_name = %(stem)s-key\n");
    assert_eq!(bound(&inherited, "KeyName"), ["flow-key"]);
    let inserted = cluster(
        "[cluster x]\nb = bucket\nfsx_settings = f\n[fsx f]\nb = data\nimport_path = s3://%(b)s/x\n",
    );
    assert_eq!(bound(&inserted, "FsxS3BucketName"), ["data"]);
    let made = cluster(
        "[cluster x]\nvpc_settings = v\n[vpc v]\nmaster_subnet_id = subnet-1\ncompute_subnet_cidr = 10.0.0.0/24\n",
    );
    assert!(bound(&made, "ComputeSubnetId").is_empty());
}

/// Text, the whole message, underlined text, part of the help.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("", "the file is empty", "", "pcluster create"),
    ("\u{feff} \n", "the file is empty", "", "pcluster create"),
    (
        "# c\n",
        "the file holds nothing but comments",
        "",
        "HeadNode",
    ),
    (
        "just words\n",
        "this is not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "[1, 2]\n",
        "this is not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "a: b\n",
        "none of the sections of a configuration is in this file",
        "",
        "HeadNode",
    ),
    (
        "{\"Version\": \"2012-10-17\", \"Statement\": []}",
        "this is an IAM policy, not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "Build:\n  InstanceType: c5.large\n",
        "this is the configuration of an image, not of a cluster",
        "",
        "HeadNode",
    ),
    (
        "AWSTemplateFormatVersion: 2010-09-09\nResources: {}\n",
        "this is a CloudFormation template, not a configuration of a cluster",
        "",
        "HeadNode",
    ),
    (
        "Region: mars\n",
        "`mars` is not the name of a Region",
        "mars",
        "us-east-1",
    ),
    (
        "Region:\n",
        "`Region` has no value",
        "Region",
        "give it one",
    ),
    (
        "Region: [us-east-1]\n",
        "`Region` is a list, not a text",
        "[us-east-1]",
        "form",
    ),
    (
        "Region: {a: b}\n",
        "`Region` is a map, not a text",
        "{a: b}",
        "form",
    ),
    (
        "Region: {{ region }}\n",
        "`{{ region }}` is a placeholder, not a value",
        "{{ region }}",
        "fill in",
    ),
    (
        "Region: \"{{ region }}\"\n",
        "`{{ region }}` is a placeholder, not a value",
        "{{ region }}",
        "fill in",
    ),
    (
        "Region: ${REGION}\n",
        "`${REGION}` is a placeholder, not a value",
        "${REGION}",
        "fill in",
    ),
    (
        "Region: $REGION\n",
        "`$REGION` is a placeholder, not a value",
        "$REGION",
        "fill in",
    ),
    (
        "Region: <REGION>\n",
        "`<REGION>` is a placeholder, not a value",
        "<REGION>",
        "fill in",
    ),
    (
        "Region: !Ref AWS::Region\n",
        "the tag `!Ref` at `Region` stands for a value that is not here",
        "AWS::Region",
        "plain values",
    ),
    (
        "Scheduling:\n  Scheduler: sge\n",
        "`sge` is not a scheduler",
        "sge",
        "one of: awsbatch, slurm",
    ),
    (
        "Scheduling:\n  - Scheduler: slurm\n",
        "`Scheduling` is a list, not a map",
        "- Scheduler: slurm",
        "form",
    ),
    (
        "Scheduling:\n  SlurmQueues:\n    Name: a\n",
        "`SlurmQueues` is a map, not a list",
        "Name: a",
        "form",
    ),
    (
        "Scheduling:\n  SlurmQueues:\n    - a\n",
        "an item of `SlurmQueues` is a text, not a map",
        "a",
        "form",
    ),
    (
        "SharedStorage:\n  - StorageType: fsxlustre\n",
        "`fsxlustre` is not a type of storage",
        "fsxlustre",
        "FsxLustre",
    ),
    (
        "SharedStorage:\n  - StorageType: FsxLustre\n    FsxLustreSettings:\n      ImportPath: bucket\n",
        "`bucket` is not the address of a bucket",
        "bucket",
        "s3://BUCKET",
    ),
    (
        "HeadNode:\n  Dcv:\n    Enabled: maybe\n",
        "`maybe` is not a Boolean",
        "maybe",
        "true, false",
    ),
    (
        "Region: us-east-1\nRegion: us-east-2\n",
        "the key `Region` is given twice in one map",
        "Region",
        "keep one",
    ),
    (
        "Region: us-east-1\n---\na: b\n",
        "a second document starts here",
        "---",
        "one document",
    ),
    (
        "HeadNode: &a\n  Ssh: *a\n",
        "this alias stands within the value that it stands for",
        "*a",
        "write the value out",
    ),
    (
        "[global]\nx\n[cluster a]\n",
        "`x` is neither a section nor `key = value`",
        "x",
        "indent",
    ),
    (
        "scheduler = sge\n[cluster a]\n",
        "this line stands before the first section",
        "scheduler = sge",
        "[global]",
    ),
    (
        "[cluster a]\n[cluster a]\n",
        "the section `[cluster a]` is given twice",
        "cluster a",
        "keep one",
    ),
    (
        "[cluster a]\nscheduler = sge\nScheduler = slurm\n",
        "the key `scheduler` is given twice in one section",
        "Scheduler",
        "keep one",
    ),
    (
        "[cluster a]\nscheduler = pbs\n",
        "`pbs` is not a scheduler",
        "pbs",
        "one of: awsbatch, sge, slurm, torque",
    ),
    (
        "[cluster a]\nfsx_settings = b\n",
        "there is no section `[fsx b]`",
        "b",
        "`fsx_settings`",
    ),
    (
        "[global]\ncluster_template = b\n[cluster a]\n",
        "there is no section `[cluster b]`",
        "b",
        "for example `a`",
    ),
    (
        "[global]\nx = 1\n",
        "there is no section `[cluster default]`",
        "global",
        "[cluster NAME]",
    ),
    (
        "[cluster a]\nkey_name = 50%\n",
        "`%` inserts the value of another key, and none is named here",
        "50%",
        "%%",
    ),
    (
        "[cluster a]\nkey_name = %(nobody)s\n",
        "there is no key `nobody` to insert here",
        "%(nobody)s",
        "[DEFAULT]",
    ),
    (
        "[cluster a]\nkey_name = %(key_name)s\n",
        "`key_name` is inserted into itself or too often",
        "%(key_name)s",
        "write the value out",
    ),
    (
        "[cluster a]\nec2_iam_role = {{ role }}\n",
        "`{{ role }}` is a placeholder, not a value",
        "{{ role }}",
        "fill in",
    ),
];

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    for (text, message, underlined, help) in REFUSED {
        let source = Source::new("c", *text);
        let found = read(&source).expect_err(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        let problem = &found[0];
        assert_eq!(problem.message, *message, "{text:?}");
        assert_eq!(
            source.slice(problem.span).trim_end(),
            *underlined,
            "{text:?}"
        );
        let words = problem.help.as_ref().unwrap();
        assert!(words.contains(help), "{text:?}: {words}");
        assert!(
            !problem.message.ends_with('.') && !words.ends_with('.'),
            "{text:?}"
        );
    }
}

#[test]
fn text_that_is_no_yaml_is_placed() {
    for (text, line, help) in [
        ("Region: us-east-1\nHeadNode:\n\tSsh: x\n", 3, "spaces"),
        ("Region: \"us-east-1\nHeadNode: 1\n", 1, ""),
        ("HeadNode:\n  Ssh: {KeyName: a\n", 3, ""),
        (
            "Region: us-east-1\n{% if x %}\nHeadNode: {}\n{% endif %}\n",
            2,
            "template",
        ),
        ("Region: a: b\n", 1, "indentation"),
        ("HeadNode: *nobody\n", 1, ""),
    ] {
        let source = Source::new("c", text);
        let problem = read(&source).expect_err(text).remove(0);
        let at = source.location(problem.span.start);
        println!(
            "{text:?}\n  {}:{} {} ({:?})",
            at.line, at.column, problem.message, problem.help
        );
        assert!(
            problem.message.starts_with("this is not YAML: "),
            "{}",
            problem.message
        );
        assert!(at.line <= line, "{text:?}: {at:?}");
        assert!(problem.help.unwrap().contains(help), "{text:?}");
    }
}

#[test]
fn places_are_those_of_the_bare_value() {
    for value in [
        "us-east-1",
        "\"us-east-1\"",
        "'us-east-1'  # why",
        "!!str us-east-1",
        "&here us-east-1",
        "&here !!str \"us-east-1\"",
        "!!str\n  us-east-1",
    ] {
        let text = format!("\u{feff}# ü\nRegion: {value}\nHeadNode: {{}}\n");
        let source = Source::new("c", text);
        let region = read(&source).unwrap().region.unwrap();
        assert_eq!(region.value, "us-east-1");
        assert_eq!(source.slice(region.span), "us-east-1", "{value}");
    }
}

#[test]
fn all_problems_are_told_in_order() {
    let found = problems("Region: mars\nScheduling:\n  Scheduler: sge\nHeadNode: x\n");
    let messages: Vec<_> = found.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`mars` is not the name of a Region",
            "`sge` is not a scheduler",
            "`HeadNode` is a text, not a map"
        ]
    );
}

#[test]
fn keys_that_say_nothing_of_permissions_are_passed_over() {
    let text =
        "Region: us-east-1\nTags: 5\nNobody: {Knows: !This one}\nHeadNode:\n  InstanceType: [a]\n";
    assert_eq!(cluster(text).region.unwrap().value, "us-east-1");
    assert_eq!(cluster("[cluster a]\nbase_os = {{ os }}\nx =\n").roles, []);
}

/// Texts that would take long, or much, if they were followed blindly.
fn hostile() -> Vec<(&'static str, String)> {
    let list = |item: &str, count: usize| vec![item; count].join(", ");
    let mut laughs = String::from("x0: &x0 {Name: lol}\n");
    let mut merges = String::from("y0: &y0 {Name: lol}\n");
    let mut chain = String::from("z0: &z0 {Name: lol}\n");
    for level in 1..30 {
        let last = level - 1;
        let many = list(&format!("*x{last}"), 10);
        writeln!(laughs, "x{level}: &x{level} [{many}]").unwrap();
        let many = list(&format!("*y{last}"), 10);
        writeln!(merges, "y{level}: &y{level} {{<<: [{many}]}}").unwrap();
    }
    for level in 1..20_000 {
        writeln!(chain, "z{level}: &z{level} {{<<: *z{}}}", level - 1).unwrap();
    }
    laughs.push_str("Scheduling: {SlurmQueues: *x29}\n");
    merges.push_str("HeadNode: *y29\n");
    chain.push_str("HeadNode: *z19999\n");
    let resources = list("{Name: r}", 20_000);
    let queues = list("{ComputeResources: *r}", 20_000);
    let wide = format!("r: &r [{resources}]\nScheduling: {{SlurmQueues: [{queues}]}}\n");
    let mib = 1 << 20;
    vec![
        ("laughs", laughs),
        ("merges", merges),
        ("chain", chain),
        ("wide", wide),
        ("brackets", "[".repeat(mib)),
        ("nested", format!("HeadNode: {}", "{a: ".repeat(mib / 4))),
        ("dashes", "- ".repeat(mib)),
        ("questions", "? ".repeat(mib)),
        ("colons", ": ".repeat(mib)),
        ("anchors", "&a ".repeat(mib)),
        ("stars", "*a ".repeat(mib)),
        (
            "keys",
            (0..mib / 16).fold(String::from("HeadNode:\n"), |mut s, n| {
                writeln!(s, "  k{n}: v").unwrap();
                s
            }),
        ),
        ("twice", "a: b\n".repeat(mib / 8)),
        ("quote", format!("Region: \"{}", "x".repeat(4 * mib))),
        ("block", format!("Region: |\n{}", "  x\n".repeat(mib))),
        ("tail", format!("Region: us-east-1{}", " ".repeat(4 * mib))),
        (
            "comment",
            format!("# {}\nRegion: us-east-1\n", "ü".repeat(4 * mib)),
        ),
        (
            "lines",
            format!("Region: us-east-1\n{}", "\n".repeat(4 * mib)),
        ),
        ("tabs", format!("Region:{}", "\t".repeat(mib))),
        (
            "sections",
            (0..mib / 8).fold(String::new(), |mut s, n| {
                writeln!(s, "[vpc {n}]").unwrap();
                s
            }),
        ),
        (
            "continued",
            format!("[cluster a]\nkey_name =\n{}", "  x\n\n".repeat(mib)),
        ),
        (
            "signs",
            format!("[cluster a]\nkey_name = {}", "#;".repeat(mib)),
        ),
        (
            "percents",
            format!("[cluster a]\nkey_name = {}", "%%".repeat(mib)),
        ),
        (
            "queues",
            format!("[cluster a]\nqueue_settings = {}", "q,".repeat(mib)),
        ),
        ("open", format!("[cluster {}", "[".repeat(mib))),
    ]
}

#[test]
fn hostile_texts_end_in_bounded_time() {
    for (name, text) in hostile() {
        let source = Source::new(name, text);
        let start = Instant::now();
        let result = read(&source);
        println!(
            "{name}: {:?}, {}",
            start.elapsed(),
            match &result {
                Ok(_) => "read".to_owned(),
                Err(problems) => problems[0].message.clone(),
            }
        );
        assert!(start.elapsed() < Duration::from_secs(20), "{name}");
        check(&source, &result);
    }
}

/// What holds of every result: places lie in the file, at the borders of its characters.
fn check(source: &Source, result: &Result<Cluster, Vec<ConfigProblem>>) {
    let inside = |span: Span| {
        assert!(source.text().get(span.range()).is_some(), "{span:?}");
    };
    match result {
        Ok(cluster) => {
            for taken in cluster.taken() {
                inside(taken.place);
                assert!(!taken.line(source).contains('\n'));
            }
            for value in cluster.bindings("aws").values().flatten() {
                inside(value.span);
                assert!(!value.value.is_empty());
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= 100);
            for problem in problems {
                inside(problem.span);
                for (span, _) in &problem.related {
                    inside(*span);
                }
                assert!(!problem.message.contains('\n'), "{}", problem.message);
            }
        }
    }
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let inserted = prop_oneof![
        prop::sample::select(vec![
            "", "\n", "\r\n", "\t", " ", "  ", ":", ": ", "- ", "[", "]", "{", "}", "{{ x }}",
            "${X}", "\"", "'", "#", " #", ";", "=", "%", "%(a)s", "&a ", "*a", "<<: ", "!Ref ",
            "|\n", ">-\n", "? ", "---\n", "...\n", "ü", "\u{feff}", "\u{2028}", "\0", "[a]\n",
            "null", "~",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ];
    (any::<prop::sample::Index>(), 0..12usize, inserted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_fixtures_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec(edit(), 1..5),
    ) {
        let mut text = which.get(&fixtures()).1.text().to_owned();
        for (at, removed, inserted) in edits {
            let floor = |mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let from = floor(at.index(text.len() + 1));
            let to = floor(from + removed).max(from);
            text.replace_range(from..to, &inserted);
        }
        let source = Source::new("c", text);
        check(&source, &read(&source));
    }

    #[test]
    fn random_texts_are_read_or_refused(text in "([\\[\\]{}:,&*!|>'\"%@#;=? \\n\\t\\r-]|Region|HeadNode|Iam|cluster a|\\PC){0,60}") {
        let source = Source::new("c", text);
        check(&source, &read(&source));
    }

    #[test]
    fn an_unread_section_changes_nothing_but_places(which in any::<prop::sample::Index>()) {
        let fixtures = fixtures();
        let (name, source) = which.get(&fixtures);
        let before = read(source).unwrap();
        let moved = if name.ends_with(".ini") {
            format!("[unread x]\nkey = value\n{}", source.text())
        } else if name.ends_with(".json") {
            source.text().replacen('{', "{ \"Unread\": [1, {\"ü\": null}],\n", 1)
        } else {
            format!("# ü\nUnread:\n  - x: !Tag [1]\n{}", source.text())
        };
        let after = cluster(&moved);
        prop_assert_eq!(&before.scheduler, &after.scheduler);
        prop_assert_eq!(&before.roles, &after.roles);
        prop_assert_eq!(before.bindings("aws"), after.bindings("aws"));
        let used = |c: &Cluster| c.features.iter().map(|(n, f)| (*n, f.used)).collect::<Vec<_>>();
        prop_assert_eq!(used(&before), used(&after));
    }
}
