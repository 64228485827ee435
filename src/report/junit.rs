//! The JUnit output: a test suite for each file, in which every finding is a failed test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::region::forward_slashes;
use super::{Region, Report, RoleResult, Weakening, escape, words};
use crate::finding::Finding;

/// The outcome of a test of a suite.
enum Outcome<'a> {
    Failed(&'a Finding, Region),
    /// Another file could not be judged, so neither could the role.
    Skipped,
    /// Nothing is reported, but requirements that are not covered are hidden.
    Hidden,
    Passed,
}

struct Suite<'a> {
    /// The path, after the name of the target: services tell tests of one name apart by it.
    name: String,
    path: String,
    /// `None` for the configuration.
    result: Option<&'a RoleResult>,
    suppressed: usize,
    cases: Vec<(String, Outcome<'a>)>,
}

/// Writes one suite per file, one failure per finding, and a passing test for a file without any: an empty report
/// counts as an error in some services.
///
/// # Errors
/// The result of `out`.
pub fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = Vec::new();
    for result in &report.results {
        suites.extend(suites_of(report, Some(result)));
    }
    suites.extend(suites_of(report, None));
    let cases = || suites.iter().flat_map(|s| &s.cases);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"{}\" {}>",
        env!("CARGO_PKG_NAME"),
        totals(cases())
    );
    for suite in &suites {
        write_suite(report, suite, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    let mut out = BufWriter::new(out);
    out.write_all(xml.as_bytes())?;
    out.flush()
}

/// The files of a role, and those of what limits it; or those that findings on the configuration are in.
fn suites_of<'a>(report: &'a Report, result: Option<&'a RoleResult>) -> Vec<Suite<'a>> {
    let findings: Vec<&Finding> = match result {
        Some(result) => result.all_findings().collect(),
        None => report.configuration.iter().collect(),
    };
    let name_of = |finding: &Finding| report.sources.get(finding.label.source).name();
    let given = result.into_iter().flat_map(|result| {
        let scps = result.scps.iter().flatten();
        result.policies.iter().chain(&result.boundary).chain(scps)
    });
    let mut names: Vec<&str> = Vec::new();
    let found = findings.iter().copied().map(name_of);
    for name in given.map(String::as_str).chain(found) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let suite = |name: &str| {
        let path = forward_slashes(name);
        let here = || findings.iter().copied().filter(|f| name_of(f) == name);
        // Services tell tests apart by their names, and compare them between runs: no line, and none twice.
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut cases: Vec<_> = here()
            .filter(|f| f.suppressed.is_none())
            .map(|finding| {
                let mut title = format!("{}: {}", finding.lint, finding.message);
                let count = seen.entry(title.clone()).or_default();
                *count += 1;
                if *count > 1 {
                    let _ = write!(title, " ({count})");
                }
                let region = Region::of_label(&report.sources, &finding.label);
                (title, Outcome::Failed(finding, region))
            })
            .collect();
        if cases.is_empty() {
            let hides = |r: &RoleResult| !report.hidden_rows(r).is_empty();
            let outcome = if result.is_some_and(hides) {
                Outcome::Hidden
            } else if result.is_some_and(|r| r.failed) {
                Outcome::Skipped
            } else {
                Outcome::Passed
            };
            cases.push(("no findings".to_owned(), outcome));
        }
        let target = result.and_then(|r| r.target.as_deref());
        Suite {
            name: words::titled(target, &path).into_owned(),
            path,
            result,
            suppressed: here().filter(|f| f.suppressed.is_some()).count(),
            cases,
        }
    };
    names.into_iter().map(suite).collect()
}

fn totals<'a>(cases: impl Iterator<Item = &'a (String, Outcome<'a>)>) -> String {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for (_, outcome) in cases {
        tests += 1;
        match outcome {
            Outcome::Failed(..) => failures += 1,
            Outcome::Skipped | Outcome::Hidden => skipped += 1,
            Outcome::Passed => {}
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn write_suite(report: &Report, suite: &Suite<'_>, xml: &mut String) {
    let (name, path) = (attribute(&suite.name), attribute(&suite.path));
    let totals = totals(suite.cases.iter());
    let _ = writeln!(xml, "  <testsuite name=\"{name}\" {totals}>");
    xml.push_str("    <properties>\n");
    let judged = suite
        .result
        .map(words::opening)
        .unwrap_or_default()
        .join("; ");
    let suppressed = suite.suppressed.to_string();
    for (key, value) in [("judged", judged), ("suppressed", suppressed)] {
        let value = attribute(&value);
        let _ = writeln!(xml, "      <property name=\"{key}\" value=\"{value}\"/>");
    }
    let hidden = suite.result.map(|result| words::hidden_of(report, result));
    let weakened = report.weakened.iter().map(Weakening::line);
    for line in weakened.chain(hidden.unwrap_or_default()) {
        let value = attribute(&line);
        let _ = writeln!(xml, "      <property name=\"weakened\" value=\"{value}\"/>");
    }
    if let Some(line) = suite.result.and_then(words::unchecked_of) {
        let value = attribute(&line);
        let _ = writeln!(
            xml,
            "      <property name=\"not-checked\" value=\"{value}\"/>"
        );
    }
    xml.push_str("    </properties>\n");
    for (title, outcome) in &suite.cases {
        let title = attribute(title);
        let _ = write!(
            xml,
            "    <testcase classname=\"{name}\" name=\"{title}\" file=\"{path}\""
        );
        match outcome {
            Outcome::Passed => xml.push_str("/>\n"),
            Outcome::Hidden => xml.push_str(
                ">\n      <skipped message=\"not covered: lints that are off hide requirements\"/>\n    </testcase>\n",
            ),
            Outcome::Skipped => xml.push_str(
                ">\n      <skipped message=\"not judged: something else of the role could not be judged\"/>\n    </testcase>\n",
            ),
            Outcome::Failed(finding, region) => {
                let _ = write!(
                    xml,
                    " line=\"{}\">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                    region.start_line,
                    finding.lint,
                    attribute(&finding.message),
                    content(&failure(finding, region))
                );
            }
        }
    }
    xml.push_str("  </testsuite>\n");
}

/// The text below the title of a failure.
fn failure(finding: &Finding, region: &Region) -> String {
    format!(
        "{}:{}:{}: {}[{}]: {}{}",
        escape::line(&region.path),
        region.start_line,
        region.start_column,
        finding.severity.name(),
        finding.lint,
        escape::line(&finding.message),
        words::details(finding)
    )
}

/// The value of an attribute, on one line.
fn attribute(text: &str) -> String {
    content(&escape::line(text))
}

/// Text between tags. XML has no way to write most control characters and two noncharacters; they are spelled out.
fn content(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_characters_that_xml_forbids() {
        assert_eq!(
            attribute("<a href=\"x\">'&'\u{1b}\u{0}\t\n\u{fffe}"),
            "&lt;a href=&quot;x&quot;&gt;&apos;&amp;&apos;\\u{1b}\\u{0}\\t\\n\\u{fffe}"
        );
        assert_eq!(content("a\n\tb\r"), "a\n\tb\\r");
    }
}
