//! Tables of cases.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a test for every row of a table, and fails with the messages of all rows that fail.
pub fn each<R>(rows: impl IntoIterator<Item = R>, mut test: impl FnMut(R)) {
    let (mut all, mut failed) = (0, Vec::new());
    for row in rows {
        all += 1;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(row))) {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            failed.push(format!("row {all}: {}", text.unwrap_or("it panics")));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {all} rows fail:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn every_row_that_fails_is_reported() {
    let run = || each([1, 2, 3, 4], |n| assert!(n % 2 == 0, "{n} is odd"));
    let panic = catch_unwind(run).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert_eq!(text, "2 of 4 rows fail:\nrow 1: 1 is odd\nrow 3: 3 is odd");
    each([2, 4], |n| assert!(n % 2 == 0));
}
