//! Cluster configurations that nobody would write: every text is read or refused, in bounded time, with places
//! inside the file.
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::common::clock::Clock;
use crate::common::configuration::fixtures;
use pcluster_iam::cluster::{Cluster, ConfigProblem, read};
use pcluster_iam::parser::{Source, Span};
use proptest::prelude::*;

/// Texts that would take long, or much, if they were followed blindly.
fn hostile() -> Vec<(&'static str, String)> {
    let repeated = |item: &str, count: usize| vec![item; count].join(", ");
    let mut laughs = String::from("x0: &x0 {Name: lol}\n");
    let mut merges = String::from("y0: &y0 {Name: lol}\n");
    let mut chain = String::from("z0: &z0 {Name: lol}\n");
    for level in 1..30 {
        let below = level - 1;
        let many = repeated(&format!("*x{below}"), 10);
        writeln!(laughs, "x{level}: &x{level} [{many}]").unwrap();
        let many = repeated(&format!("*y{below}"), 10);
        writeln!(merges, "y{level}: &y{level} {{<<: [{many}]}}").unwrap();
    }
    for level in 1..20_000 {
        writeln!(chain, "z{level}: &z{level} {{<<: *z{}}}", level - 1).unwrap();
    }
    laughs.push_str("Scheduling: {SlurmQueues: *x29}\n");
    merges.push_str("HeadNode: *y29\n");
    chain.push_str("HeadNode: *z19999\n");
    let resources = repeated("{Name: r}", 20_000);
    let queues = repeated("{ComputeResources: *r}", 20_000);
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
        let start = Clock::start();
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
        let extension = Path::new(name).extension().unwrap();
        let before = read(source).unwrap();
        let moved = if extension == "ini" {
            format!("[unread x]\nkey = value\n{}", source.text())
        } else if extension == "json" {
            source.text().replacen('{', "{ \"AdditionalPackages\": [1, {\"ü\": null}],\n", 1)
        } else {
            format!("# ü\nAdditionalPackages:\n  - x: !Tag [1]\n{}", source.text())
        };
        let after = read(&Source::new("c", moved)).unwrap();
        prop_assert_eq!(&before.scheduler, &after.scheduler);
        prop_assert_eq!(&before.roles, &after.roles);
        prop_assert_eq!(before.bindings("aws"), after.bindings("aws"));
        let used = |c: &Cluster| c.features.iter().map(|(n, f)| (*n, f.used)).collect::<Vec<_>>();
        prop_assert_eq!(used(&before), used(&after));
    }
}
