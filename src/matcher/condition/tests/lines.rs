//! Lines that compare numbers, and the values for which a line holds.

use super::*;

#[test]
fn lines_that_leave_no_number() {
    for (lines, expected) in [
        (
            &[("NumericLessThan", "5"), ("NumericLessThan", "7")][..],
            false,
        ),
        (
            &[("NumericLessThan", "5"), ("NumericGreaterThan", "7")],
            true,
        ),
        (
            &[("NumericLessThan", "7"), ("NumericGreaterThan", "5")],
            false,
        ),
        (
            &[("NumericLessThan", "5"), ("NumericGreaterThanEquals", "5")],
            true,
        ),
        (
            &[
                ("NumericLessThanEquals", "5"),
                ("NumericGreaterThanEquals", "5"),
            ],
            false,
        ),
        // Only numbers above all bounds are left.
        (
            &[
                ("NumericGreaterThan", "1"),
                ("NumericGreaterThan", "2"),
                ("NumericGreaterThan", "3"),
            ],
            false,
        ),
    ] {
        let tests = lines
            .iter()
            .map(|(operator, value)| test(operator, &[value]));
        let tests: Vec<Test> = tests.collect();
        let found = exclude_each_other(&tests.iter().collect::<Vec<_>>(), false);
        assert_eq!(found, expected, "{lines:?}");
    }
}

#[test]
fn lines_that_leave_no_arn() {
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let [y_to_x, y, x, a, b] = ["y*x", "y*", "*x", "a", "b"].map(role);
    for (lines, expected) in [
        (&[("ArnLike", &y), ("ArnLike", &x)][..], false),
        (
            &[("ArnLike", &y), ("ArnLike", &x), ("ArnNotLike", &y_to_x)],
            true,
        ),
        (
            &[("ArnLike", &y), ("ArnLike", &x), ("ArnNotLike", &a)],
            false,
        ),
        (&[("ArnEquals", &a), ("ArnEquals", &b)], true),
        (&[("ArnEquals", &a), ("ArnNotEquals", &a)], true),
        (&[("ArnEquals", &a), ("ArnNotEquals", &b)], false),
    ] {
        let tests = lines
            .iter()
            .map(|(operator, value)| test(operator, &[value.as_str()]));
        let tests: Vec<Test> = tests.collect();
        let found = exclude_each_other(&tests.iter().collect::<Vec<_>>(), false);
        assert_eq!(found, expected, "{lines:?}");
    }
}

#[test]
fn values_for_which_a_line_holds() {
    use KeyValue::{Absent, Present};
    for (operator, values, expected) in [
        ("Null", &["true"][..], vec![Absent]),
        ("Null", &["False"], vec![Present]),
        ("Null", &["true", "false"], vec![]),
        ("ForAnyValue:Null", &["false"], vec![]),
        ("ForAllValues:StringEquals", &["a"], vec![]),
        ("ForAnyValue:StringEquals", &["a"], vec![Present]),
        (
            "StringEquals",
            &["a", "b"],
            vec![given(&["a"]), given(&["b"])],
        ),
        ("StringEqualsIfExists", &["a"], vec![]),
        ("NumericEquals", &["1"], vec![Present]),
    ] {
        let found = test(operator, values).stated();
        assert_eq!(found, expected, "{operator} {values:?}");
    }
}
