//! Ignores: the findings that an `[[ignore]]` matches, and its last day.

use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use glob::{MatchOptions, Pattern as PathPattern};
use time::OffsetDateTime;

use super::Day;
use crate::finding::Finding;
use crate::matcher::Pattern;
use crate::parser::{Span, Spanned};

/// Findings that were accepted: those that all the given fields match.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// The head of the table.
    pub span: Span,
    /// Id of a lint.
    pub lint: Option<Spanned<&'static str>>,
    /// A pattern of paths, relative to the configuration.
    pub path: Option<Spanned<String>>,
    /// `Sid` of the statement at the finding's place.
    pub sid: Option<Spanned<String>>,
    /// `Sid` of the statement of the reference.
    pub reference_sid: Option<Spanned<String>>,
    /// The subject of the finding.
    pub subject: Option<Spanned<Subject>>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Option<Spanned<Day>>,
}

/// An IAM pattern (`s3:*`) over what findings are about: actions without regard to case, all else with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Subject {
    /// As written.
    pub text: String,
}

impl Subject {
    /// Whether a finding is about it: its subject, or else every one of its actions.
    pub fn matches(&self, finding: &Finding) -> bool {
        match &finding.subject {
            Some(subject) => self.is(subject),
            None => !finding.actions.is_empty() && finding.actions.iter().all(|a| self.is(a)),
        }
    }

    fn is(&self, text: &str) -> bool {
        let folds = !text.starts_with("arn:") && text.contains(':');
        if folds {
            Pattern::glob(&self.text.to_ascii_lowercase()).matches_text(&text.to_ascii_lowercase())
        } else {
            Pattern::glob(&self.text).matches_text(text)
        }
    }
}

impl Ignore {
    /// Whether it no longer counts.
    pub fn has_expired(&self, today: Day) -> bool {
        self.until.as_ref().is_some_and(|until| until.value < today)
    }

    /// Whether it matches findings in a file. `folder` is that of the configuration; both are paths from one place.
    pub fn is_about(&self, folder: &Path, file: &Path) -> bool {
        let Some(path) = &self.path else { return true };
        // The folder is not a pattern, whatever its name.
        let folder = PathPattern::escape(&slashed(folder));
        let pattern = slashed(&plain(&Path::new(&folder).join(&path.value)));
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        PathPattern::new(&pattern)
            .is_ok_and(|pattern| pattern.matches_with(&slashed(&plain(file)), options))
    }

    /// Whether it matches a finding, its path left aside.
    pub fn matches(&self, finding: &Finding) -> bool {
        let lint = self.lint.as_ref().is_none_or(|l| l.value == finding.lint);
        let is = |wanted: &Option<Spanned<String>>, found: &Option<String>| {
            let wanted = wanted.as_ref().map(|w| w.value.as_str());
            wanted.is_none() || wanted == found.as_deref()
        };
        lint && is(&self.sid, &finding.sid)
            && is(&self.reference_sid, &finding.reference_sid)
            && self
                .subject
                .as_ref()
                .is_none_or(|s| s.value.matches(finding))
    }
}

/// A path without `.` and `..`, by its text alone.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The day it is, in UTC: that of `SOURCE_DATE_EPOCH` where it is set to the seconds of one, as for every build that is
/// to be repeated, else that of the clock.
pub fn today(source_date_epoch: Option<&str>) -> Day {
    let day = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).ok();
    // Before 1970 is nothing that a build has.
    let set = source_date_epoch.and_then(|text| text.parse::<u64>().ok());
    let set = set.and_then(|seconds| day(i64::try_from(seconds).ok()?));
    let clock = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        day(i64::try_from(now.as_secs()).ok()?)
    };
    let moment = set.or_else(clock);
    moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).date()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::single_value::day;

    fn ignore(path: &str) -> Ignore {
        let spanned = |text: &str| Spanned {
            value: text.to_owned(),
            span: Span::default(),
        };
        Ignore {
            span: Span::default(),
            lint: None,
            path: Some(spanned(path)),
            sid: None,
            reference_sid: None,
            subject: None,
            reason: "tested".to_owned(),
            until: None,
        }
    }

    #[test]
    fn a_path_is_relative_to_the_configuration() {
        let about = |pattern: &str, folder: &str, file: &str| {
            ignore(pattern).is_about(Path::new(folder), Path::new(file))
        };
        assert!(about("iam/*.json", "/w", "/w/iam/a.json"));
        assert!(!about("iam/*.json", "/w", "/w/iam/deep/a.json"));
        assert!(about("iam/**/*.json", "/w", "/w/iam/deep/a.json"));
        assert!(about("../iam/a.json", "/w/x", "/w/iam/a.json"));
        assert!(about("./a.json", "/w", "/w/x/../a.json"));
        assert!(about("a.json", "/w[1]", "/w[1]/a.json"));
        assert!(!about("a.json", "/w[1]", "/w1/a.json"));
    }

    #[test]
    fn the_last_day_counts() {
        let mut ignore = ignore("a");
        ignore.until = Some(Spanned {
            value: day("2027-01-31").unwrap(),
            span: Span::default(),
        });
        assert!(!ignore.has_expired(day("2027-01-30").unwrap()));
        assert!(!ignore.has_expired(day("2027-01-31").unwrap()));
        assert!(ignore.has_expired(day("2027-02-01").unwrap()));
    }

    #[test]
    fn a_day_can_be_given() {
        assert_eq!(today(Some("1800000000")), day("2027-01-15").unwrap());
        assert!(today(None) > day("2025-01-01").unwrap());
        // A day that cannot be must not bring back what has expired.
        let clock = today(None)..=today(None).next_day().unwrap();
        for text in [
            "soon",
            "",
            "-1",
            "253402300800",
            "18446744073709551615",
            "1e9",
        ] {
            assert!(clock.contains(&today(Some(text))), "{text}");
        }
        assert_eq!(today(Some("253402300799")), day("9999-12-31").unwrap());
    }

    proptest! {
        #[test]
        fn any_day_is_a_day(seconds: u64) {
            today(Some(&seconds.to_string()));
        }
    }
}
