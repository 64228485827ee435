//! Input that no policy is: huge, broken, or no file at all. Every run ends in bounded time and memory with an exit
//! code and a message.

use crate::common::table::each;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

const MIB: usize = 1 << 20;
/// CPU seconds of a debug build with optimisation; a release build takes less.
const MOST: u64 = 30;
/// Seconds on the clock, where much else may run.
const MOST_ON_THE_CLOCK: u64 = 300;

/// Runs `lint FILE` with no more address space than so many times the file's size, 32 MiB, and what the program itself and
/// its libraries map.
fn lint(folder: &Path, name: &str, size: usize) -> Output {
    run(
        folder,
        name,
        size,
        "lint \"$0\" --scheduler torque --role instance",
    )
}

/// Runs the program with arguments in which `$0` is the file's name.
fn run(folder: &Path, name: &str, size: usize, arguments: &str) -> Output {
    let limit = (40 * size + 32 * MIB + 24 * MIB) / 1024;
    let program = env!("CARGO_BIN_EXE_pcluster-iam");
    let script = format!(
        "ulimit -v {limit} && ulimit -t {MOST} && exec timeout -s KILL {MOST_ON_THE_CLOCK} '{program}' {arguments}"
    );
    let start = Instant::now();
    let output = Command::new("sh")
        .args(["-c", &script, name])
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    println!("{name}: {:?} in {:?}", output.status, start.elapsed());
    output
}

/// What is compared with: a reference of the user stands for itself.
fn role(option: &str) -> &'static str {
    match option {
        "reference" => "",
        _ => "--scheduler torque --role instance",
    }
}

fn statements(count: usize, statement: impl Fn(usize) -> String) -> String {
    let mut text = String::from(r#"{"Version":"2012-10-17","Statement":["#);
    for n in 0..count {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{}", statement(n));
    }
    text.push_str("]}");
    text
}

fn with_resource(resource: &str) -> String {
    statements(1, |_| {
        format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}"#)
    })
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

#[test]
fn huge_input_is_judged_or_refused_within_bounds() {
    let big = 2 * MIB;
    let allow =
        |actions: &str| format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}"#);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("brackets.json", vec![b'['; 15 * MIB]),
        ("objects.json", br#"{"a":"#.repeat(big / 5)),
        ("string.json", [b"\"".as_slice(), &vec![b'a'; 15 * MIB], b"\""].concat()),
        ("open-string.json", [b"{\"".as_slice(), &vec![b'a'; big]].concat()),
        ("escapes.json", [b"\"".as_slice(), &b"\\u0041".repeat(big / 6), b"\""].concat()),
        ("numbers.json", format!("[{}]", "1,".repeat(big / 2)).into_bytes()),
        ("not-utf-8.json", vec![0xe9; big]),
        ("nul.json", vec![0; big]),
        ("blank.json", vec![b' '; 15 * MIB]),
        ("actions.json", statements(1, |_| allow(&list(100_000, |n| format!("\"s3:Get{n}*\"")))).into_bytes()),
        ("statements.json", statements(40_000, |n| allow(&format!("\"sqs:Get{n}\""))).into_bytes()),
        ("same-sid.json", statements(40_000, |_| r#"{"Sid":"A","Effect":"Allow","Action":"sqs:*","Resource":"*"}"#.to_owned()).into_bytes()),
        ("faults.json", statements(60_000, |_| r#"{"Effect":"Alow","Actoin":1}"#.to_owned()).into_bytes()),
        ("keys.json", format!("{{{}}}", list(200_000, |_| "\"Statement\":[]".to_owned())).into_bytes()),
        ("arn.json", with_resource(&format!("arn:aws:s3:::{}", "a".repeat(big))).into_bytes()),
        ("stars.json", with_resource(&format!("arn:aws:s3:::{}", "*a?b".repeat(big / 40))).into_bytes()),
        ("colons.json", with_resource(&":".repeat(big)).into_bytes()),
        ("dollars.json", with_resource(&"${".repeat(big / 2)).into_bytes()),
        ("variables.json", with_resource(&format!("arn:aws:s3:::{}", "${aws:username}".repeat(big / 150))).into_bytes()),
        ("placeholders.json", with_resource(&"<REGION>".repeat(big / 80)).into_bytes()),
        ("percent.json", b"%7B%22Statement%22%3A%5B%5D".repeat(big / 26)),
        ("conditions.json", statements(1, |_| {
            let keys = list(5_000, |n| format!("\"aws:RequestTag/{n}\":[\"a\",\"b\"]"));
            format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"StringLike":{{{keys}}}}}}}"#)
        }).into_bytes()),
        ("stars-in-a-list.json", statements(1, |_| allow(&list(9_000, |_| "\"*\"".to_owned()))).into_bytes()),
        ("star-statements.json", statements(3_000, |_| allow("\"*\"")).into_bytes()),
        ("denies.json", statements(4_000, |n| match n {
            0 => allow("\"*\""),
            n => format!(r#"{{"Effect":"Deny","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:*a*b{n}"}}"#),
        }).into_bytes()),
        ("not-actions.json", statements(3_000, |n| {
            format!(r#"{{"Effect":"Allow","NotAction":"s{n}:*","NotResource":"arn:aws:s3:::{n}"}}"#)
        }).into_bytes()),
        ("empty-statements.json", statements(big, |_| "{}".to_owned()).into_bytes()),
        ("empty-actions.json", statements(1, |_| allow(&list(big, |_| "\"\"".to_owned()))).into_bytes()),
        ("members.json", format!("{{{}}}", list(big / 4, |_| "\"\":1".to_owned())).into_bytes()),
        ("sids.json", statements(9_000, |n| format!(r#"{{"Sid":"{n}"}}"#)).into_bytes()),
        ("sid.json", statements(1, |_| {
            let faults = list(5_000, |n| format!("\"{n}\":1"));
            format!(r#"{{"Sid":"{}",{faults}}}"#, "a".repeat(60_000))
        }).into_bytes()),
        ("operator.json", statements(1, |_| {
            let keys = list(9_000, |n| format!("\"a:{n}\":\"\""));
            format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"{}":{{{keys}}}}}}}"#, "a".repeat(60_000))
        }).into_bytes()),
        ("names.json", with_resource(&format!("arn:aws:s3:::{}", list(9_000, |n| format!("${{{n}}}")).replace(',', ""))).into_bytes()),
        ("encoded.json", format!(r#"{{"PolicyDocument":"%7B{}"}}"#, "%20".repeat(20_000)).into_bytes()),
        ("in-a-string.json", format!(r#"{{"PolicyDocument":"{{\"Statement\":[{}]}}"}}"#, list(15_000, |_| "{}".to_owned())).into_bytes()),
        ("principals.json", statements(50_000, |_| r#"{"Principal":"*"}"#.to_owned()).into_bytes()),
    ];
    let mut failed = Vec::new();
    for (name, text) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), &text).unwrap();
        let json = "lint \"$0\" --scheduler torque --role instance --format json";
        let output = run(folder.path(), name, text.len(), json);
        if !matches!(output.status.code(), Some(0..=2)) {
            failed.push(format!("{name} as JSON: {:?}", output.status));
        }
        let output = lint(folder.path(), name, text.len());
        let error = String::from_utf8_lossy(&output.stderr);
        if !matches!(output.status.code(), Some(0..=2)) {
            failed.push(format!("{name}: {:?}\n{error}", output.status));
            continue;
        }
        assert!(!error.contains("panicked"), "{name}: {error}");
        // A report is for people: a line or two for each finding that is shown, and never all of them.
        assert!(
            output.stdout.len() < 4 * MIB,
            "{name}: {} bytes",
            output.stdout.len()
        );
        assert!(!output.stdout.is_empty(), "{name}");
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_option_that_takes_a_file_is_bounded() {
    let names = |n: usize| list(n, |n| format!("\"a:{n}\":1"));
    let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let cases = [
        ("reference", statements(1, |_| allow.to_owned())),
        ("reference", statements(4, |_| allow.to_owned())),
        ("reference", statements(20_000, |_| allow.to_owned())),
        ("boundary", statements(20_000, |_| allow.to_owned())),
        ("boundary", statements(3_000, |_| allow.to_owned())),
        ("scp", statements(300_000, |_| "{}".to_owned())),
        ("scp", statements(3_000, |_| allow.to_owned())),
        ("context-file", format!("{{{}}}", names(20_000))),
        ("context-file", format!("{{{}}}", names(400_000))),
        (
            "context-file",
            format!(r#"{{"a:b":[{}]}}"#, list(120_000, |_| "1".to_owned())),
        ),
        ("context-file", "[".repeat(15 * MIB)),
    ];
    for (at, (option, text)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("p.json"), with_resource("*")).unwrap();
        fs::write(folder.path().join("other.json"), &text).unwrap();
        for format in ["text", "json"] {
            let role = role(option);
            let arguments = format!("lint p.json {role} --format {format} --{option} \"$0\"");
            let output = run(folder.path(), "other.json", text.len(), &arguments);
            let error = String::from_utf8_lossy(&output.stderr);
            let code = output.status.code();
            assert!(matches!(code, Some(0..=2)), "{at} {option}: {output:?}");
            assert!(!error.contains("panicked"), "{at} {option}: {error}");
            assert!(!error.contains("Usage:"), "{at} {option}: {error}");
        }
    }
}

#[test]
fn what_is_counted_only_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = statements(1_200, |_| {
        r#"{"Effect":"Alow","Action":"sqs:*","Resource":"*"}"#.to_owned()
    });
    fs::write(folder.path().join("p.json"), &text).unwrap();
    let arguments = "lint \"$0\" --scheduler torque --role instance --format json";
    let output = run(folder.path(), "p.json", text.len(), arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let faults: Vec<_> = findings
        .iter()
        .filter(|f| f["lint"] == "invalid-policy")
        .collect();
    assert_eq!(faults.len(), 1_001);
    let more = faults
        .iter()
        .find(|f| f["subject"] == "200 more faults")
        .unwrap();
    let message = more["message"].as_str().unwrap();
    assert!(
        message.starts_with("200 more faults of this kind from here on: IAM rejects"),
        "{message}"
    );
    assert_eq!(more["severity"], "error");
}

#[test]
fn what_is_larger_than_any_policy_is_refused_up_front() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("large.json")).unwrap();
    file.set_len(17 * MIB as u64).unwrap();
    let output = lint(folder.path(), "large.json", 0);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("larger than 16 MiB"), "{text}");
}

#[test]
fn inputs_that_are_not_files_are_reported_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    symlink("loop", path("loop")).unwrap();
    make_fifo(&path("fifo"));
    symlink("fifo", path("to-fifo")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    each(
        [
            ("folder", "this is a directory"),
            ("loop", "cannot read the file"),
            ("dangling", "there is no such file"),
            ("missing", "there is no such file"),
            ("/dev/zero", "this is a device, not a file"),
            ("/dev/null", "this is a device, not a file"),
            ("fifo", "this is a FIFO, not a file"),
            ("to-fifo", "this is a FIFO, not a file"),
            ("socket", "this is a socket, not a file"),
        ],
        |(name, says)| {
            let output = lint(folder.path(), name, 16 * MIB);
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(2), "{name}: {text}");
            assert!(text.contains(says), "{name}: {text}");
        },
    );
}

fn make_fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn other_inputs_that_are_no_files_are_refused_as_well() {
    let folder = tempfile::tempdir().unwrap();
    make_fifo(&folder.path().join("fifo"));
    fs::write(folder.path().join("p.json"), with_resource("*")).unwrap();
    each(
        ["--reference", "--boundary", "--scp", "--context-file"],
        |option| {
            let role = role(option.trim_start_matches('-'));
            let arguments = format!("lint p.json {role} {option} \"$0\"");
            let output = run(folder.path(), "fifo", MIB, &arguments);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(output.status.code(), Some(2), "{option}: {said}");
            assert!(said.contains("this is a FIFO"), "{option}: {said}");
        },
    );
}

/// What shells make of `<(…)`, and standard input by its names.
#[test]
fn pipes_that_have_a_writer_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), with_resource("*")).unwrap();
    each(
        ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-"],
        |name| {
            if !name.starts_with("/proc") || Path::new("/proc/self/fd").exists() {
                let mut child = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
                    .args(["lint", name, "--scheduler", "torque", "--role", "instance"])
                    .env_clear()
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut pipe = child.stdin.take().unwrap();
                pipe.write_all(with_resource("*").as_bytes()).unwrap();
                drop(pipe);
                let output = child.wait_with_output().unwrap();
                assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            }
        },
    );
}

#[test]
fn a_file_that_grows_while_it_is_read_is_judged_as_it_was_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.json");
    let text = with_resource("*");
    fs::write(&path, &text).unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (stop, path) = (stop.clone(), path.clone());
        std::thread::spawn(move || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                fs::write(&path, &text[..text.len() / 2]).unwrap();
                fs::write(&path, &text).unwrap();
            }
        })
    };
    for _ in 0..30 {
        let output = lint(folder.path(), "p.json", MIB);
        let code = output.status.code();
        assert!(matches!(code, Some(1 | 2)), "{output:?}");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
}
