use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::diff::Verdict;
use crate::finding::Label;
use crate::parser::{SourceId, Span};
use crate::report::sample::{self, HEAD_NODE, finding, label};

fn with(report: &Report, options: TextOptions) -> String {
    let mut out = Vec::new();
    text(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report) -> String {
    with(report, TextOptions::default())
}

/// A report with one finding on `token` of one file.
fn one(name: &str, text: &str, token: &str) -> Report {
    let mut report = sample::report(&[(name, text)]);
    let at = label(&report, 0, token, 0, "this one");
    report.results[0].findings = vec![finding(Severity::Error, "a-lint", "something is wrong", at)];
    report
}

/// `HEAD_NODE` with 40 statements on one line, as tools without indentation write it.
fn minified() -> String {
    let mut text = r#"{"Version":"2012-10-17","Statement":["#.to_owned();
    for n in 0..40 {
        let comma = if n == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"Sid":"S{n}","Effect":"Allow","Action":["ec2:Describe{n}","s3:Get{n}*"],"Resource":"arn:aws:s3:::bucket-{n}/*"}}"#
        )
        .unwrap();
    }
    text + "]}"
}

#[test]
fn errors_warnings_and_notes() {
    insta::assert_snapshot!(plain(&sample::findings()));
}

#[test]
fn quiet_hides_notes_and_the_summary() {
    let quiet = TextOptions {
        quiet: true,
        ..TextOptions::default()
    };
    insta::assert_snapshot!(with(&sample::findings(), quiet));
}

#[test]
fn clean() {
    insta::assert_snapshot!(plain(&sample::report(&[("head-node.json", HEAD_NODE)])));
}

#[test]
fn several_results() {
    let mut report = sample::findings();
    let mut second = sample::report(&[("head-node.json", HEAD_NODE)])
        .results
        .remove(0);
    second.reference.role_was_chosen = true;
    second.reference.version_is_default = false;
    second.reference.features = vec!["fsx".to_owned(), "efa".to_owned()];
    second.bindings[0].value = Some("123456789012".to_owned());
    second.bindings[0].from = "--account".to_owned();
    second.bindings[1].name = "Ec2RoleName".to_owned();
    second.bindings[1].value = None;
    second.bindings[2].value = None;
    report.results.push(second);
    insta::assert_snapshot!(plain(&report));
}

#[test]
fn failed() {
    let mut report = one("head-node.json", "{\"Version\": \"2012-10-17\",}\n", "}");
    report.results[0].failed = true;
    report.results[0].requirements.clear();
    insta::assert_snapshot!(plain(&report));
}

#[test]
fn undecided() {
    let mut report = one("head-node.json", HEAD_NODE, "sqs:*");
    report.results[0].failed = true;
    report.results[0].requirements[1].verdict = Verdict::Undecided;
    let written = plain(&report);
    assert!(written.starts_with("judged head-node.json"));
    assert!(written.contains("\n1 of 2 requirements covered, not all could be judged: "));
}

#[test]
fn tabs_crlf_and_wide_characters() {
    let text = "{\r\n\t\"Sid\": \"字é\",\t\"Action\": \"sqs:*\"\r\n}\r\n";
    insta::assert_snapshot!(plain(&one("tab.json", text, "\"sqs:*\"")));
}

#[test]
fn a_statement_over_several_lines_shows_its_first() {
    let mut report = one("head-node.json", HEAD_NODE, "\"sqs:*\"");
    let start = HEAD_NODE.find("{\n      \"Sid\"").unwrap();
    report.results[0].findings[0].related = vec![Label {
        source: SourceId(0),
        span: Span::new(start, HEAD_NODE.rfind("  ]").unwrap()),
        message: "in this statement".to_owned(),
    }];
    insta::assert_snapshot!(plain(&report));
}

#[test]
fn one_long_line() {
    let mut report = one("min.json", &minified(), "s3:Get20*");
    let related = vec![
        label(&report, 0, "\"Statement\"", 0, "first"),
        label(&report, 0, "ec2:Describe39", 0, "last"),
    ];
    report.results[0].findings[0].related = related;
    let statements = minified();
    let start = statements.find("[{").unwrap();
    let mut whole = finding(
        Severity::Warning,
        "b-lint",
        "all of it",
        Label {
            source: SourceId(0),
            span: Span::new(start, statements.len() - 1),
            message: "all statements".to_owned(),
        },
    );
    whole.related = vec![label(&report, 0, "s3:Get5*", 0, "this action")];
    report.results[0].findings.push(whole);
    insta::assert_snapshot!(plain(&report));
}

#[test]
fn many_places_of_one_finding_are_counted() {
    let mut report = one("min.json", &minified(), "s3:Get0*");
    report.results[0].findings[0].related = (1..40)
        .map(|n| label(&report, 0, &format!("s3:Get{n}*"), 0, "and this"))
        .collect();
    insta::assert_snapshot!(plain(&report));
}

#[test]
fn findings_past_a_hundred_are_counted() {
    let mut report = one("head-node.json", HEAD_NODE, "sqs:*");
    let first = report.results[0].findings[0].clone();
    report.results[0].findings = vec![first; 150];
    let written = plain(&report);
    assert_eq!(written.matches("error[a-lint]").count(), 100);
    let end: Vec<&str> = written.lines().rev().take(20).collect();
    insta::assert_snapshot!(end.into_iter().rev().collect::<Vec<_>>().join("\n"));
}

#[test]
fn nothing_of_a_file_steers_the_terminal() {
    let mut report = one(
        "a\u{1b}[2J.json",
        "{\"\u{1b}[31m\u{202e}x\": \"sqs:*\"}",
        "sqs:*",
    );
    let finding = &mut report.results[0].findings[0];
    finding.message = "`\u{1b}]0;t\u{7}` and\na second line".to_owned();
    finding.label.message = "\u{1b}c\n".to_owned();
    finding.notes = vec!["\u{1b}[1m".to_owned()];
    finding.help = Some("\u{9b}31m\n\u{1b}".to_owned());
    insta::assert_snapshot!(plain(&report));
    assert!(!plain(&report).contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']));
}

#[test]
fn colours_only_add_escape_sequences() {
    let report = sample::findings();
    let coloured = with(
        &report,
        TextOptions {
            color: true,
            ..TextOptions::default()
        },
    );
    assert!(coloured.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(stripped + rest, plain(&report));
}

#[test]
fn long_lines_stay_cheap() {
    let text = "\"sqs:*\", é ".repeat(450_000);
    let mut report = one("big.json", &text, "sqs:*");
    let first = report.results[0].findings[0].clone();
    let lints: [&'static str; 5] = ["a", "b", "c", "d", "e"];
    report.results[0].findings = (0..500)
        .map(|n| {
            let mut finding = first.clone();
            finding.lint = lints[n % 5];
            finding.label.span = Span::new(12 * (440_000 - n), 12 * (440_000 - n) + 7);
            finding
        })
        .collect();
    let begin = Instant::now();
    let written = plain(&report);
    super::super::json(&report, 0, &mut Vec::new()).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(written.matches("]: something is wrong").count(), 500);
}

/// A report with findings of `lints` lints, `each` of every severity for each, with notes and a long statement.
fn many(lints: usize, each: usize) -> Report {
    const LINTS: [&str; 6] = ["a-lint", "b-lint", "c-lint", "d-lint", "e-lint", "f-lint"];
    let mut report = one("head-node.json", HEAD_NODE, "sqs:*");
    let first = report.results[0].findings[0].clone();
    let severities = [Severity::Note, Severity::Warning, Severity::Error];
    report.results[0].findings = LINTS
        .iter()
        .take(lints)
        .flat_map(|lint| severities.map(|severity| (*lint, severity)))
        .flat_map(|one| (0..each).map(move |n| (one, n)))
        .map(|((lint, severity), n)| {
            let mut finding = first.clone();
            finding.lint = lint;
            finding.severity = severity;
            finding.message = format!("`s3:Action{n}` is wrong");
            finding.notes = (0..4).map(|n| format!("note {n}")).collect();
            let names: Vec<String> = (0..n).map(|n| format!("    \"s3:Get{n}\"")).collect();
            finding.help = Some(format!(
                "add:\n{{\n  \"Action\": [\n{}\n  ]\n}}",
                names.join(",\n")
            ));
            finding
        })
        .collect();
    report
}

#[test]
fn a_long_report_fits_two_screens_and_says_what_is_shortened() {
    let verbose = TextOptions {
        verbose: true,
        ..TextOptions::default()
    };
    for (lints, each, most) in [
        (1, 1, 100),
        (2, 3, 100),
        (3, 4, 100),
        (6, 5, 120),
        (6, 30, 420),
    ] {
        let report = many(lints, each);
        let written = plain(&report);
        let rows = form::rows_of(&written);
        assert!(
            rows <= most,
            "{lints} lints, {each} each: {rows} rows\n{written}"
        );
        let all = with(&report, verbose);
        assert!(!all.contains("shortened"), "{all}");
        let count = report.results[0].findings.len();
        assert_eq!(
            all.matches("\n = note 3").count() + all.matches("  = note 3").count(),
            count
        );
        if rows < form::rows_of(&all) {
            assert!(
                written.contains("\nshortened to fit two screens: "),
                "{written}"
            );
        } else {
            assert_eq!(written, all);
        }
        // Errors are shown one by one; of the others every lint is named with its number.
        for lint in report.results[0].findings.iter().map(|f| f.lint) {
            let shown = |severity: &str| {
                let start = format!("{severity}[{lint}]: ");
                let lines = written
                    .lines()
                    .filter_map(|l| Some(l.split_once(&start)?.1));
                let count = |text: &str| {
                    let number = text
                        .split_once(" findings: ")
                        .map(|(n, _)| n.parse().unwrap());
                    number.unwrap_or(1_usize)
                };
                lines.map(count).sum::<usize>()
            };
            assert_eq!(shown("error"), each, "{written}");
            assert_eq!(shown("warning"), each, "{written}");
            assert_eq!(shown("note"), each, "{written}");
        }
        let place = |text: &str| written.find(text).unwrap();
        assert!(
            written.rfind("error[").unwrap() < place("warning["),
            "{written}"
        );
        assert!(
            written.rfind("warning[").unwrap() < place("note["),
            "{written}"
        );
        let blocked = format!("\nblocked by {}", lints * each);
        assert!(written.contains(&blocked), "{written}");
    }
}

#[test]
fn quiet_and_long_keeps_errors_and_warnings() {
    let quiet = TextOptions {
        quiet: true,
        ..TextOptions::default()
    };
    let written = with(&many(3, 4), quiet);
    assert!(!written.contains("note["), "{written}");
    assert_eq!(written.matches("error[").count(), 12, "{written}");
    assert!(written.contains("warning[c-lint]"), "{written}");
    assert!(written.contains("\nblocked by 12 errors:\n"), "{written}");
}

/// The places of the carets of a drawing: the text of the line above that they underline.
fn underlined(drawing: &str) -> String {
    let lines: Vec<&str> = drawing.lines().collect();
    let at = lines
        .iter()
        .position(|l| l.contains('^') && l.trim_start().starts_with('|'))
        .unwrap();
    lines[at - 1]
        .chars()
        .zip(lines[at].chars())
        .filter(|(_, caret)| *caret == '^')
        .map(|(c, _)| c)
        .collect()
}

proptest! {
    #[test]
    fn any_span_can_be_drawn(
        text in "([a-c\"{}\\t\u{1b}üé字😀\u{301}]|\r\n|\n|\r){0,40}",
        repeat in prop_oneof![Just(1usize), Just(40)],
        spans in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12),
        quiet: bool,
    ) {
        let text = text.repeat(repeat);
        let mut report = sample::report(&[("x.json", &text), ("y.json", "{}")]);
        let mut labels = spans.iter().enumerate().map(|(n, (a, b))| {
            let (a, b) = (a.index(text.len() + 1), b.index(text.len() + 1));
            let source = SourceId(u32::from(n % 5 == 4));
            Label { source, span: Span::new(a.min(b), a.max(b)), message: "here".to_owned() }
        });
        let mut drawn = finding(Severity::Error, "a-lint", "m", labels.next().unwrap());
        drawn.related = labels.collect();
        report.results[0].findings = vec![drawn];
        let options = TextOptions { quiet, ..TextOptions::default() };
        let written = with(&report, options);
        prop_assert!(written.chars().all(|c| c != '\x1b'));
        prop_assert_eq!(&written, &with(&report, options));
        let at = report.sources.get(SourceId(0)).location(report.results[0].findings[0].label.span.start);
        let place = format!("--> x.json:{}:{}\n", at.line, at.column);
        prop_assert!(written.contains(&place), "{} in\n{}", place, written);
    }

    #[test]
    fn carets_stand_under_the_token(
        before in "[a-z é\"]{0,400}",
        lines in "(\r?\n[a-z]{0,5}){0,4}",
        token in "[A-Z]{1,60}",
        after in "[a-z é\"]{0,400}",
    ) {
        let text = format!("{lines}{before}{token}{after}");
        let report = one("x.json", &text, &token);
        prop_assert_eq!(underlined(&plain(&report)), token);
    }
}
