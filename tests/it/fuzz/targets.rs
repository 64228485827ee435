//! What must hold for every text of each kind of input.

mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use pcluster_iam::matcher::template::{self, Placeholders};
use pcluster_iam::matcher::{Pattern, Reading, ResourcePattern, Variables};
use pcluster_iam::parser::{self, ProblemKind, Sources, Version};
use pcluster_iam::reference;
use pcluster_iam::report::{self, Report, TextOptions};
use words::{
    ARN_WORDS, CATALOG_WORDS, CONFIG_WORDS, CONTEXT_WORDS, DUMP_WORDS, ENVELOPE_WORDS,
    MODULE_WORDS, OUTPUT_WORDS, PAIR_WORDS, POLICY_WORDS, TEMPLATE_WORDS,
};

use super::engine::{self, Target};
use super::{inventory, output};
use crate::common::table::each;

/// Every kind of input.
pub(crate) const ALL: &[Target] = &[
    Target {
        name: "policy",
        words: POLICY_WORDS,
        run: policy,
    },
    Target {
        name: "patterns",
        words: &["*", "?", "a", "b", "*a", "?*", "a*b", "\n", "é", "**"],
        run: patterns,
    },
    Target {
        name: "context",
        words: CONTEXT_WORDS,
        run: context,
    },
    Target {
        name: "arn",
        words: ARN_WORDS,
        run: arn,
    },
    Target {
        name: "config",
        words: CONFIG_WORDS,
        run: config,
    },
    Target {
        name: "output",
        words: OUTPUT_WORDS,
        run: output::output,
    },
    Target {
        name: "envelope",
        words: ENVELOPE_WORDS,
        run: output::envelope,
    },
    Target {
        name: "pair",
        words: PAIR_WORDS,
        run: output::pair,
    },
    Target {
        name: "catalog",
        words: CATALOG_WORDS,
        run: catalog,
    },
    Target {
        name: "template",
        words: TEMPLATE_WORDS,
        run: inventory::template,
    },
    Target {
        name: "module",
        words: MODULE_WORDS,
        run: inventory::module,
    },
    Target {
        name: "dump",
        words: DUMP_WORDS,
        run: inventory::dump,
    },
    Target {
        name: "difference",
        words: PAIR_WORDS,
        run: inventory::difference,
    },
];

/// It is read, judged and reported, each place lies in the text, and the same text gives the same report.
fn policy(bytes: &[u8]) {
    let first = reported(bytes);
    assert_eq!(first, reported(bytes), "two runs differ");
}

fn reported(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (source, problem) = parser::decode("policy.json", bytes.to_vec());
    if let Some(problem) = problem {
        assert!(source.text().len() <= bytes.len());
        assert!(source.text().get(problem.span.range()).is_some());
        return None;
    }
    let mut sources = Sources::new();
    let source = sources.add(source);
    let text = sources.get(source).text();
    let document = parser::parse(source, sources.get(source));
    for problem in &document.problems {
        let related = problem.related.iter().map(|(span, _)| *span);
        for span in related.chain([problem.span]) {
            assert!(text.get(span.range()).is_some(), "{problem:?}");
        }
    }
    let broken = |p: &parser::Problem| p.kind == ProblemKind::InvalidJson;
    assert!(!document.problems.iter().any(broken) || document.policies.is_empty());
    for statement in document.policies.iter().flat_map(|p| &p.statements) {
        assert!(text.get(statement.span.range()).is_some());
        let elements = [&statement.action, &statement.resource];
        for value in elements.into_iter().flatten().flat_map(|e| &e.values) {
            assert!(text.get(value.part(0..value.value.len()).range()).is_some());
        }
    }
    let against = Against::role(reference::select("instance", "torque", "2.4.1").unwrap());
    let catalog = Catalog::embedded();
    let files = [File::new(source, document)];
    let result = check::check(&sources, catalog, &files, &against, &Settings::default()).unwrap();
    for finding in &result.findings {
        for label in finding.related.iter().chain([&finding.label]) {
            assert!(
                sources
                    .get(label.source)
                    .text()
                    .get(label.span.range())
                    .is_some(),
                "{finding:?}"
            );
        }
    }
    let report = crate::common::role::report_of(sources, result);
    let (mut shown, mut json) = (Vec::new(), Vec::new());
    for verbose in [false, true] {
        let options = TextOptions {
            verbose,
            ..TextOptions::default()
        };
        shown.clear();
        report::text(&report, options, &mut shown).unwrap();
        inert(&shown);
    }
    report::json(&report, 0, &mut json).unwrap();
    inert(&json);
    // The other formats take longer, so one text of some tries them.
    if bytes.len().is_multiple_of(16) {
        others(&report);
    }
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let summary = &value["summary"];
    let counted: u64 = ["error", "warning", "note"]
        .iter()
        .map(|severity| summary[severity].as_u64().unwrap())
        .sum();
    assert_eq!(counted, report.results[0].findings.len() as u64);
    Some((shown, json))
}

/// Nothing raw steers a terminal or is a command of a service.
pub(super) fn inert(output: &[u8]) {
    let text = std::str::from_utf8(output).unwrap();
    let raw = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(|c| raw(*c)), None);
    assert!(!text.contains("##["));
}

/// Each format is what its readers take, whatever the policy.
fn others(report: &Report) {
    let repository = report::Repository::around(Path::new("."));
    let mut all = vec![Vec::new(); 5];
    report::sarif(report, &repository, 0, &mut all[0]).unwrap();
    report::gitlab(report, &repository, &mut all[1]).unwrap();
    report::junit(report, &mut all[2]).unwrap();
    report::github(report, &repository, true, &mut all[3]).unwrap();
    report::concise(report, true, &mut all[4]).unwrap();
    for output in &all {
        inert(output);
    }
    for json in &all[..2] {
        serde_json::from_slice::<serde_json::Value>(json).unwrap();
    }
    roxmltree::Document::parse(std::str::from_utf8(&all[2]).unwrap()).unwrap();
    let counting = report
        .findings()
        .filter(|f| f.severity != pcluster_iam::finding::Severity::Note)
        .count();
    let commands = std::str::from_utf8(&all[3])
        .unwrap()
        .lines()
        .filter(|l| l.starts_with("::"));
    assert_eq!(commands.count(), counting);
    let lines = std::str::from_utf8(&all[4]).unwrap().lines();
    let findings = lines.filter(|line| !line.starts_with("not checked: "));
    assert_eq!(findings.count(), counting);
}

/// Two patterns: what they say of each other agrees with words.
fn patterns(bytes: &[u8]) {
    const LONGEST: usize = 24;
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text
        .split('\n')
        .map(|line| line.chars().take(LONGEST).collect::<String>());
    let (one, other) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let (a, b) = (Pattern::glob(&one), Pattern::glob(&other));
    assert!(a.covers(&a) && b.covers(&b), "not even itself");
    assert_eq!(
        a.overlaps(&b),
        b.overlaps(&a),
        "overlapping has no direction"
    );
    assert!(!a.absorbs(&b) || a.covers(&b), "absorbs without covering");
    assert!(
        !a.is_apart_from(&b) || !a.overlaps(&b),
        "apart and overlapping"
    );
    each(
        [("", "x"), ("a", "b"), ("*", "?"), ("ba", "a")],
        |(run, mark)| {
            let word = other.replace('?', mark).replace('*', run);
            assert!(b.matches_text(&word), "`{other}` does not match `{word}`");
            assert_eq!(
                a.matches_text(&word),
                matches(&one, &word),
                "`{one}` on `{word}`"
            );
            if a.matches_text(&word) {
                assert!(a.overlaps(&b), "both match `{word}`");
            } else {
                assert!(!a.covers(&b), "only one matches `{word}`");
            }
        },
    );
    let clause = Clause {
        required: vec![Union::of(vec![&b])],
        forbidden: vec![Union::of(vec![&a])],
    };
    let alphabet = || Alphabet::of([&a, &b].into_iter());
    let mut budget = Budget::steps(1_000_000);
    match search::find(&[clause], &alphabet, Goal::Shortest, &mut budget) {
        Answer::Word(word) => {
            assert!(b.matches(&word) && !a.matches(&word), "no witness");
            assert!(!a.covers(&b));
        }
        Answer::Nothing => assert!(a.covers(&b)),
        Answer::Undecided => {}
    }
}

/// Wildcards by definition: all ways to cut the word.
fn matches(pattern: &str, word: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let word: Vec<char> = word.chars().collect();
    // For each end of the word, whether the pattern so far matches up to it.
    let mut ends = vec![false; word.len() + 1];
    ends[0] = true;
    for c in pattern {
        let mut next = vec![false; word.len() + 1];
        for at in 0..=word.len() {
            next[at] = match c {
                '*' => ends[..=at].contains(&true),
                '?' => at > 0 && ends[at - 1],
                c => at > 0 && ends[at - 1] && word[at - 1] == c,
            };
        }
        ends = next;
    }
    ends[word.len()]
}

/// It is read as `serde_json` reads it, or refused with a reason.
fn context(bytes: &[u8]) {
    match pcluster_iam::cli::parse_context(bytes) {
        Ok(keys) => {
            let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(keys.len(), value.as_object().unwrap().len());
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}

/// Its pieces are the text, part by part, and the wide reading matches what the strict one does.
fn arn(bytes: &[u8]) {
    const LONGEST: usize = 120;
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .take(LONGEST)
        .collect();
    each([Version::V2008, Version::V2012], |version| {
        let mut placeholders = Placeholders::default();
        let (pieces, leftovers) = template::customer(&text, version, &mut placeholders);
        let mut at = 0;
        for (piece, span) in pieces.iter() {
            assert_eq!(span.start, at, "{piece:?}");
            assert!(
                text.get(span.range()).is_some_and(|part| !part.is_empty()),
                "{piece:?}"
            );
            at = span.end;
        }
        assert_eq!(at as usize, text.len());
        for leftover in leftovers {
            assert!(text.get(leftover.range).is_some());
        }
        let resource = ResourcePattern::new(pieces);
        for variables in [Variables::Unset, Variables::Any] {
            let [strict, loose, wide] = [Reading::Strict, Reading::Loose, Reading::Wide]
                .map(|reading| resource.pattern(reading, variables));
            if let Some(strict) = strict {
                // Past its bound `covers` says no.
                let is_short = text.len() <= 40;
                let wide = wide.expect("what is read strictly is read widely");
                assert!(!is_short || wide.covers(&strict));
                assert!(loose.is_some());
            }
        }
    });
    let normal = template::normalize(&text);
    let mut placeholders = Placeholders::default();
    let pieces = template::reference(&normal, &mut placeholders);
    let spelled = template::spell(&pieces, &placeholders);
    assert!(spelled.len() <= normal.len());
}

/// A configuration is read or refused with places inside it, and the same each time.
fn config(bytes: &[u8]) {
    let (source, problem) = parser::decode("pcluster-iam.toml", bytes.to_vec());
    if problem.is_some() {
        return;
    }
    let text = source.text();
    match pcluster_iam::config::read(&source) {
        Ok(config) => {
            for ignore in &config.ignores {
                assert!(!ignore.reason.trim().is_empty());
                assert!(text.get(ignore.span.range()).is_some());
            }
            for target in &config.targets {
                assert!(!target.policies.is_empty());
                assert!(text.get(target.name.span.range()).is_some());
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= 100);
            for problem in &problems {
                assert!(!problem.message.is_empty());
                assert!(text.get(problem.span.range()).is_some(), "{problem:?}");
            }
            assert!(problems.windows(2).all(|pair| pair[0].span <= pair[1].span));
            assert_eq!(pcluster_iam::config::read(&source).unwrap_err(), problems);
        }
    }
}

/// A file of the package: it becomes a catalogue that can be walked, or is refused with a reason.
fn catalog(bytes: &[u8]) {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for input in engine::inputs("catalog") {
        let (path, text) = named(&input);
        files.insert(path, text);
    }
    let (path, text) = named(bytes);
    // Where the name was hit, the mutation is that of the manifest.
    let path = if files.contains_key(&path) {
        path
    } else {
        "package.json".to_owned()
    };
    files.insert(path, text);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, text).unwrap();
    }
    match Catalog::from_package(folder.path()) {
        Ok(catalog) => {
            let mut count = 0;
            for service in catalog.services() {
                for action in service.actions() {
                    count += 1;
                    assert!(catalog.service(action.service).is_some());
                    action.resource_types().for_each(drop);
                    action.condition_keys().for_each(drop);
                }
                service.resource_types().for_each(drop);
                service.condition_keys().for_each(drop);
            }
            assert_eq!(count, catalog.action_count());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A path and a text: the first line and the rest.
fn named(bytes: &[u8]) -> (String, Vec<u8>) {
    let end = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let path = String::from_utf8_lossy(&bytes[..end]).into_owned();
    (path, bytes.get(end + 1..).unwrap_or_default().to_vec())
}
