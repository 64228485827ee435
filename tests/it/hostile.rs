//! Hard inputs end: with a verdict, or with `undecided`, in bounded time.

use pcluster_iam::finding::Severity;
use std::time::Duration;

use crate::common::clock::Clock;
use crate::common::hostile;
use crate::common::role;

/// A release build takes a quarter of it at most; `cargo bench --bench hostile` has the figures.
const MOST: Duration = Duration::from_secs(20);

#[test]
fn hard_policies_are_decided_or_reported_as_undecided() {
    for case in hostile::all() {
        let start = Clock::start();
        let result = role::lint_against(&case.policy, &case.reference);
        let verdicts: Vec<&str> = result
            .requirements
            .iter()
            .map(|r| r.verdict.name())
            .collect();
        println!("{}: {verdicts:?} in {:?}", case.name, start.elapsed());
        assert!(
            start.elapsed() < MOST,
            "{}: {:?}",
            case.name,
            start.elapsed()
        );
        assert_eq!(verdicts.len(), 1, "{}", case.name);
        assert_ne!(verdicts[0], "covered", "{}", case.name);
        // An excess that cannot be named in time is a note.
        let mut findings = result.findings.iter();
        let undecided = findings.any(|f| f.lint == "undecided" && f.severity == Severity::Error);
        assert_eq!(result.failed, undecided, "{}", case.name);
        assert!(result.findings.len() <= 1100, "{}", case.name);
    }
}
