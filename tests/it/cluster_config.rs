//! Cluster configurations: what is taken from each fixture and from where, and what is refused.

mod refused;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pcluster_iam::cluster::{Cluster, ConfigProblem, Generation, Use, read};
use pcluster_iam::parser::{Source, Span};

use crate::common::configuration::{fixtures, folder};
use crate::common::table::each;

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
fn every_fixture_gives_the_values_in_the_file_beside_it() {
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
        let generation = if Path::new(&name).extension().unwrap() == "ini" {
            Generation::V2
        } else {
            Generation::V3
        };
        assert_eq!(cluster.generation, generation, "{name}");
    }
}

#[test]
fn every_value_of_a_fixture_is_at_its_reported_place() {
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
fn line_ends_and_byte_order_marks_change_nothing_but_places() {
    for (name, source) in fixtures() {
        let before = read(&source).unwrap();
        let text = source.text();
        for changed in [text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
            let source = Source::new(name.clone(), changed);
            let after = read(&source).unwrap();
            assert_eq!(before.scheduler, after.scheduler, "{name}");
            assert_eq!(before.bindings("aws"), after.bindings("aws"), "{name}");
            let region = after.region.unwrap();
            assert_eq!(source.slice(region.span), region.value, "{name}");
        }
    }
}

#[test]
fn booleans_are_what_parallelcluster_takes_for_them() {
    each(
        [
            ("true", true),
            ("Yes", true),
            ("\"on\"", true),
            ("1", true),
            ("no", false),
            ("OFF", false),
        ],
        |(word, expected)| {
            let v3 = cluster(&format!("HeadNode:\n  Dcv:\n    Enabled: {word}\n"));
            assert_eq!(v3.uses("dcv", "head-node"), Some(expected), "{word}");
        },
    );
    each(
        [("true", true), ("on", true), ("0", false)],
        |(word, expected)| {
            let v2 = cluster(&format!(
                "[cluster a]\ncw_log_settings = l\n[cw_log l]\nenable = {word}\n"
            ));
            assert_eq!(
                v2.uses("cloudwatch-logs", "instance"),
                Some(expected),
                "{word}"
            );
        },
    );
}

#[test]
fn a_map_has_its_own_key_before_a_merged_one() {
    let text = "DevSettings: &base\n  KeyName: base\n  X: y\nHeadNode:\n  Ssh:\n    <<: [*base]\n    KeyName: own\n";
    assert_eq!(bound(&cluster(text), "KeyName"), ["own"]);
    let merged = text.replace("    KeyName: own\n", "");
    assert_eq!(bound(&cluster(&merged), "KeyName"), ["base"]);
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
    each(
        ["[cluster a]\nkey_name = k\n", "HeadNode: {}\n"],
        |unnamed| {
            let cluster = cluster(unnamed);
            assert_eq!(cluster.scheduler, None);
            assert_eq!(cluster.uses("route53-hosted-zone", "user"), None);
        },
    );
    each(
        ["log-retrieval", "pcluster-configure-networking"],
        |unknown| {
            assert_eq!(v3.uses(unknown, "user"), None);
        },
    );
}

#[test]
fn a_feature_of_some_nodes_is_none_of_the_others() {
    let text = fs::read_to_string(folder().join("s3-access.yaml")).unwrap();
    let some = cluster(&text.replace(
        "  Iam:\n    S3Access:\n      - BucketName: ocean-models",
        "  Unread:\n    S3Access:\n      - BucketName: ocean-models",
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
    let one_less =
        restricted.replacen("  Iam:\n    InstanceRole", "  Unread:\n    InstanceRole", 1);
    assert_eq!(modes(&one_less), [true, false, false]);
    let no_lambda = restricted.replace("Roles:\n    LambdaFunctionsRole", "ResourcePrefix");
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

#[test]
fn places_are_those_of_the_bare_value() {
    each(
        [
            "us-east-1",
            "\"us-east-1\"",
            "'us-east-1'  # why",
            "us-east-1  # why",
            "\"us-east-1\" # 'why'",
            "!!str us-east-1",
            "&here us-east-1",
            "&here !!str \"us-east-1\"",
            "!!str\n  us-east-1",
        ],
        |value| {
            let text = format!("\u{feff}# ü\nRegion: {value}\nHeadNode: {{}}\n");
            let source = Source::new("c", text);
            let region = read(&source).unwrap().region.unwrap();
            assert_eq!(region.value, "us-east-1");
            assert_eq!(source.slice(region.span), "us-east-1", "{value}");
        },
    );
}

#[test]
fn keys_that_say_nothing_of_permissions_are_passed_over() {
    let text = "Region: us-east-1\nTags: 5\nDevSettings: {Knows: !This one}\nHeadNode:\n  InstanceType: [a]\n";
    assert_eq!(cluster(text).region.unwrap().value, "us-east-1");
    assert_eq!(cluster("[cluster a]\nbase_os = {{ os }}\nx =\n").roles, []);
}
