//! The cases of `fixtures/cases`: small inputs, each with the answer that the program must give.
//!
//! A line is one case: `name`, `why` it matters, `files` (name to text or JSON value) that the program finds in its
//! folder, `args`, and what to `expect`, each part optional:
//!
//! * `exit`: a code or a list of codes
//! * `has`, `not`: findings of which each must or must not exist, by any of `lint`, `severity`, `action`, `text` (part of
//!   its message, help, notes, actions or subject)
//! * `verdict`: action to verdict or list of verdicts, of all rows of that action; there must be one
//! * `out`, `err`: texts that must be printed there; `out_not`: texts that must not
//! * `seconds`: the longest that the case may take (default 5)
//!
//! `lint` gets `-f json` unless the case names a format. No output may contain a raw control character.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::role;
use crate::common::table::each;

/// The cases that are known to fail. A case that passes must be removed from this list.
const PENDING: &[&str] = &[];

/// An unoptimised program on a busy machine may take this many times as long.
const SLOWER: u32 = if cfg!(debug_assertions) { 4 } else { 1 };
/// A case that takes too long is run again, because the machine may have been busy.
const TRIES: usize = 3;

#[test]
fn of_the_engine() {
    check("engine");
}

#[test]
fn of_the_data() {
    check("truth");
}

#[test]
fn of_the_gate() {
    check("gate");
}

/// What follows from the calls and names in ParallelCluster's code.
#[test]
fn of_the_code() {
    check("calls");
}

/// The values that condition keys can have.
#[test]
fn of_condition_values() {
    check("values");
}

/// What holds with a cluster configuration or for one cluster.
#[test]
fn of_one_cluster() {
    check("configured");
}

/// What a release creates for a cluster, with which settings and by which names.
#[test]
fn of_the_resources() {
    check("resources");
}

/// The texts and the places of findings.
#[test]
fn of_lints() {
    check("lints");
}

/// What follows from the principal, and from what limits it.
#[test]
fn of_the_principal() {
    check("principals");
}

/// What a template passes to the nested stacks whose templates are beside it.
#[test]
fn of_nested_stacks() {
    check("nested");
}

/// What follows from the names of roles that ParallelCluster created.
#[test]
fn of_created_roles() {
    check("created");
}

/// What follows from the names of AWS: managed policies, boundaries and service principals that the input does not contain.
#[test]
fn of_names_of_aws() {
    check("outside");
}

/// Conditions of templates and modules whose value is not known.
#[test]
fn of_conditions() {
    check("conditions");
}

/// Values that a template or a module leaves open, and what it refers to.
#[test]
fn of_templates() {
    check("templates");
}

/// How CloudFormation reads YAML.
#[test]
fn of_plain_scalars() {
    check("scalars");
}

/// What follows from the dump of an account, and from files of policies beside a template or a dump.
#[test]
fn of_accounts() {
    check("accounts");
}

/// What users reported in public: each is found before it happens, with its severity.
#[test]
fn of_public_reports() {
    check("replay");
}

/// A line of `reports.jsonl` is a public report of a failure: the missing actions with the severity of the finding that
/// names them before it happens, in a case whose reason names the report; and `unseen` actions with the reason.
#[test]
fn each_public_report_is_named_by_a_case() {
    /// How many actions of reports no case shows. It only shrinks.
    const UNSEEN: usize = 1;
    let all: Vec<Value> = ["replay", "truth", "calls"]
        .into_iter()
        .flat_map(cases)
        .collect();
    let reports = cases("reports");
    let mut unseen = 0;
    each(&reports, |row| {
        let report = row["report"].as_str().unwrap();
        let of_report: Vec<&Value> = { all.iter() }
            .filter(|case| {
                let why = case["why"].as_str().unwrap();
                let mut places = why.match_indices(report);
                places.any(|(at, text)| !why[at + text.len()..].starts_with(char::is_numeric))
            })
            .collect();
        let named = row["named"].as_object().unwrap();
        assert!(!named.is_empty(), "{report} names nothing");
        for (action, severity) in named {
            let mut findings = { of_report.iter() }
                .filter_map(|case| case["expect"]["has"].as_array())
                .flatten();
            let is_named = findings.any(|f| f["action"] == *action && f["severity"] == *severity);
            assert!(is_named, "{report}: no case has {severity} of {action}");
        }
        for (action, reason) in row["unseen"].as_object().into_iter().flatten() {
            assert!(!reason.as_str().unwrap().is_empty(), "{report}: {action}");
            assert!(!named.contains_key(action), "{report}: {action}");
            unseen += 1;
        }
    });
    assert!(reports.len() >= 66, "{} reports", reports.len());
    assert!(unseen <= UNSEEN, "{unseen} actions of reports are not seen");
}

#[test]
fn each_file_of_cases_has_a_test() {
    let code = include_str!("cases.rs");
    each(files(), |file| {
        let call = format!("check(\"{file}\");");
        assert!(code.contains(&call), "no test runs {file}.jsonl");
    });
}

#[test]
fn each_case_is_one_of_a_kind_and_expects_something() {
    let mut names = BTreeSet::new();
    for case in files().iter().flat_map(|file| cases(file)) {
        let name = case["name"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} occurs twice");
        assert!(!case["why"].as_str().unwrap().is_empty(), "{name}");
        let known = [
            "exit", "has", "not", "verdict", "out", "out_not", "err", "seconds",
        ];
        let expected = case["expect"].as_object().unwrap();
        assert!(!expected.is_empty(), "{name} expects nothing");
        for part in expected.keys() {
            assert!(
                known.contains(&part.as_str()),
                "{name} expects a `{part}`, which is not checked"
            );
        }
    }
    each(PENDING, |name| {
        assert!(names.contains(*name), "no case is named `{name}`");
    });
    assert_eq!(
        PENDING.iter().collect::<BTreeSet<_>>().len(),
        PENDING.len(),
        "a name is pending twice"
    );
}

/// What a run of the program came to.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// What a case says it expects of a finding, see the module.
struct Wanted<'a>(&'a Value);

impl Wanted<'_> {
    fn part(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|part| part.as_str().unwrap())
    }

    fn matches(&self, finding: &Value) -> bool {
        let same = |name: &str| self.part(name).is_none_or(|wanted| finding[name] == wanted);
        let acts = |wanted: &str| {
            let actions = finding["actions"].as_array().into_iter().flatten();
            let mut actions = actions.filter_map(Value::as_str);
            actions.any(|action| action.eq_ignore_ascii_case(wanted))
        };
        let says = |wanted: &str| {
            let parts = ["message", "help", "notes", "actions", "subject"];
            let text: String = parts.map(|part| finding[part].to_string()).join(" ");
            text.to_lowercase().contains(&wanted.to_lowercase())
        };
        same("lint")
            && same("severity")
            && self.part("action").is_none_or(acts)
            && self.part("text").is_none_or(says)
    }
}

/// The files of cases, without the public reports, which are no cases.
fn files() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cases");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
        .filter(|name| name != "reports")
        .collect()
}

fn cases(file: &str) -> Vec<Value> {
    let text = role::fixture(&format!("cases/{file}.jsonl"));
    let lines = text.lines().enumerate();
    lines
        .map(|(n, line)| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{file}.jsonl:{}: {e}", n + 1))
        })
        .collect()
}

/// Runs all cases of a file and reports those of which the outcome is not the one that this list expects.
fn check(file: &str) {
    let mut wrong = Vec::new();
    for case in cases(file) {
        let name = case["name"].as_str().unwrap();
        let pending = PENDING.contains(&name);
        let differences = differences(&case, if pending { 1 } else { TRIES });
        if pending && differences.is_empty() {
            wrong.push(format!("{name}: passes; remove it from `PENDING`"));
        }
        if !pending && !differences.is_empty() {
            wrong.push(format!("{name}: {}", differences.join("; ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "cases of {file}.jsonl:\n{}",
        wrong.join("\n")
    );
}

/// How the outcome of a case differs from what it expects.
fn differences(case: &Value, tries: usize) -> Vec<String> {
    let seconds = &case["expect"]["seconds"];
    let most = Duration::from_secs(seconds.as_u64().unwrap_or(5)) * SLOWER;
    let Some(ran) = (0..tries).find_map(|_| run(case, most)) else {
        return vec![format!("no answer in {} s", most.as_secs())];
    };
    let mut bad = Vec::new();
    compare(&case["expect"], &ran, &mut bad);
    bad
}

fn compare(expected: &Value, ran: &Run, bad: &mut Vec<String>) {
    if let Some(codes) = expected.get("exit") {
        let code = ran.code.map(Value::from).unwrap_or_default();
        if !list(codes).contains(&&code) {
            let err: String = ran.err.trim().chars().take(160).collect();
            bad.push(format!("exit {code}, not {codes}; {err}"));
        }
    }
    if let Some(raw) = ran.out.chars().chain(ran.err.chars()).find(|c| steers(*c)) {
        bad.push(format!("U+{:04X} is printed raw", u32::from(raw)));
    }
    let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    for text in texts(expected, "out").filter(|t| !contains(&ran.out, t)) {
        bad.push(format!("standard output is without {text:?}"));
    }
    for text in texts(expected, "out_not").filter(|t| contains(&ran.out, t)) {
        bad.push(format!("standard output contains {text:?}"));
    }
    for text in texts(expected, "err").filter(|t| !contains(&ran.err, t)) {
        bad.push(format!("standard error is without {text:?}"));
    }
    if ["has", "not", "verdict"]
        .iter()
        .any(|part| expected.get(part).is_some())
    {
        match serde_json::from_str::<Value>(&ran.out) {
            Ok(report) => compare_report(expected, &report, bad),
            Err(_) => bad.push("standard output is not JSON".to_owned()),
        }
    }
}

fn compare_report(expected: &Value, report: &Value, bad: &mut Vec<String>) {
    let all = |name: &'static str| {
        let results = report["results"].as_array().unwrap().iter();
        results.flat_map(move |result| result[name].as_array().unwrap())
    };
    for wanted in expected.get("has").map(list).unwrap_or_default() {
        if !all("findings").any(|finding| Wanted(wanted).matches(finding)) {
            bad.push(format!("no finding {wanted}"));
        }
    }
    for unwanted in expected.get("not").map(list).unwrap_or_default() {
        if let Some(finding) = all("findings").find(|finding| Wanted(unwanted).matches(finding)) {
            bad.push(format!(
                "finding {}[{}] {} although not {unwanted}",
                finding["severity"], finding["lint"], finding["message"]
            ));
        }
    }
    let verdicts = expected.get("verdict").and_then(Value::as_object);
    for (action, wanted) in verdicts.into_iter().flatten() {
        let rows = all("requirements").filter(|row| {
            let of = row["action"].as_str().unwrap();
            of.eq_ignore_ascii_case(action)
        });
        let found: BTreeSet<&str> = rows.map(|row| row["verdict"].as_str().unwrap()).collect();
        if found.is_empty() {
            bad.push(format!("no row for {action}"));
        } else if !found.iter().all(|f| list(wanted).iter().any(|w| *w == f)) {
            bad.push(format!("{action} is {found:?}, not {wanted}"));
        }
    }
}

/// A value, or the values of a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

fn texts<'a>(expected: &'a Value, part: &str) -> impl Iterator<Item = &'a str> {
    let texts = expected.get(part).map(list).unwrap_or_default();
    texts.into_iter().map(|text| text.as_str().unwrap())
}

/// Whether a character can steer a terminal or hide text.
fn steers(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' => false,
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{feff}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

/// Runs the program in a folder with just the files of the case, or stops it after this time.
fn run(case: &Value, most: Duration) -> Option<Run> {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    for (name, body) in case["files"].as_object().into_iter().flatten() {
        write(&work.join(name), body);
    }
    let mut arguments: Vec<&str> = list(&case["args"])
        .into_iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();
    if arguments[0] == "lint" && !arguments.iter().any(|a| ["-f", "--format"].contains(a)) {
        arguments.extend(["-f", "json"]);
    }
    let printed = ["out", "err"].map(|name| folder.path().join(name));
    let [out, err] = printed.each_ref().map(|path| File::create(path).unwrap());
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(&arguments)
        .current_dir(&work)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if start.elapsed() >= most {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let [out, err] = printed.map(|path| fs::read_to_string(path).expect("UTF-8"));
    Some(Run { code, out, err })
}

fn write(path: &Path, body: &Value) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = match body {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap(),
    };
    fs::write(path, text).unwrap();
}
