//! Input that no policy is: huge, broken, or no file at all. Every run ends in bounded time and memory with an exit
//! code and a message.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may panic and print"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;
/// Of a debug build with optimisation; a release build takes less.
const MOST: Duration = Duration::from_secs(30);

/// Input that still takes more: a finding or a symbol of a pattern is larger than what it stands for.
const GREEDY: [&str; 5] = [
    "arn.json",
    "faults.json",
    "keys.json",
    "principals.json",
    "same-sid.json",
];

/// Runs `lint FILE` with no more address space than so many times the file's size, 32 MiB, and what the program itself and
/// its libraries map.
fn lint(folder: &Path, name: &str, size: usize) -> Output {
    let times = if GREEDY.contains(&name) { 400 } else { 40 };
    let limit = (times * size + 32 * MIB + 24 * MIB) / 1024;
    let program = env!("CARGO_BIN_EXE_pcluster-iam");
    let seconds = MOST.as_secs();
    let script = format!(
        "ulimit -v {limit} && exec timeout -s KILL {seconds} '{program}' lint \"$0\" --scheduler torque --role instance"
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
    assert!(start.elapsed() < MOST, "{name}: {:?}", start.elapsed());
    output
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
    let big = 4 * MIB;
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
        ("principals.json", statements(50_000, |_| r#"{"Principal":"*"}"#.to_owned()).into_bytes()),
    ];
    let mut failed = Vec::new();
    for (name, text) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), &text).unwrap();
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
fn what_is_no_file_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    symlink("loop", path("loop")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    for (name, says) in [
        ("folder", "this is a directory"),
        ("loop", "cannot read the file"),
        ("dangling", "there is no such file"),
        ("missing", "there is no such file"),
        ("/dev/zero", "larger than 16 MiB"),
        ("/dev/null", "empty"),
    ] {
        let output = lint(folder.path(), name, 16 * MIB);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains(says), "{name}: {text}");
    }
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || {
            let mut pipe = fs::OpenOptions::new().write(true).open(fifo).unwrap();
            pipe.write_all(with_resource("*").as_bytes()).unwrap();
        })
    };
    let output = lint(folder.path(), "pipe", MIB);
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
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
