//! Lines of one Condition about one key that cannot hold in the same request.

use super::texts::leave_no_text;
use super::{
    Comparison, Decimal, KeyValue, Order, Pattern, Quantifier, Reading, ResourcePattern, Test,
    Truth, Variables, date, is_truth, literal, network, pattern, plain, spellings,
};
use crate::matcher::Pieces;

/// Whether lines about one key exclude each other: no request has the key with a value for which all of them may hold, nor
/// is without it. `several` says that a request may have more than one value of the key.
///
/// The answer is no where it is not certain.
pub fn exclude_each_other(tests: &[&Test], several: bool) -> bool {
    exclude_each_other_for(tests, &KeyValue::Unknown, several)
}

/// The same for requests in which the key is as `value` says.
pub fn exclude_each_other_for(tests: &[&Test], value: &KeyValue, several: bool) -> bool {
    let known = |t: &&&Test| t.operator.is_some() && !t.values.is_empty();
    let tests: Vec<&Test> = tests.iter().filter(known).copied().collect();
    if tests.len() < 2 {
        return false;
    }
    let fails = |test: &&Test, value: &KeyValue| test.evaluate(value) == Truth::False;
    let may_be_absent = matches!(value, KeyValue::Unknown | KeyValue::Absent);
    if may_be_absent && !tests.iter().any(|t| fails(t, &KeyValue::Absent)) {
        return false;
    }
    let mut anchors = tests.iter().enumerate();
    anchors.any(|(at, anchor)| {
        let Some(operator) = anchor.operator else {
            return false;
        };
        // Values that `ForAnyValue` finds stand beside others; a plain operator on several values is not documented.
        let alone = !several && operator.quantifier != Some(Quantifier::Any);
        let usable = match operator.quantifier {
            None => !several || operator.comparison == Comparison::Null,
            Some(Quantifier::Any) => operator.comparison != Comparison::Null,
            Some(Quantifier::All) => false,
        };
        if !usable {
            return false;
        }
        let bears = |other: &&Test| {
            let quantifier = other.operator.and_then(|o| o.quantifier);
            (alone || quantifier == Some(Quantifier::All) || !several)
                && comparable(operator.comparison, other)
        };
        let mut values = values(anchor).into_iter();
        values.all(|value| {
            let mut others = tests.iter().enumerate().filter(|(i, _)| *i != at);
            others.any(|(_, other)| bears(other) && fails(other, &value))
        })
    }) || !several && leave_no_number(&tests)
        || leave_no_text(&tests, value, several)
}

fn leave_no_number(tests: &[&Test]) -> bool {
    let number = |comparison| match comparison {
        Comparison::Numeric(order) => Some(order),
        _ => None,
    };
    let day = |comparison| match comparison {
        Comparison::Date(order) => Some(order),
        _ => None,
    };
    leave_nothing(&bounds(tests, number, Decimal::parse))
        || leave_nothing(&bounds(tests, day, date))
}

/// Whether a value that one comparison takes can be held against the values of another line.
fn comparable(comparison: Comparison, other: &Test) -> bool {
    let other = other.operator.map(|o| o.comparison);
    match comparison {
        // Networks have several spellings.
        Comparison::IpAddress => other == Some(comparison) || other == Some(Comparison::Null),
        _ => true,
    }
}

/// Values that a request has at least one of where a line holds and the key is there.
fn values(test: &Test) -> Vec<KeyValue> {
    let present = || vec![KeyValue::Present];
    let Some(operator) = test.operator.filter(|o| !o.negated) else {
        return present();
    };
    let each = |read: &dyn Fn(&Pieces) -> Option<Pattern>| -> Vec<KeyValue> {
        let excludes = |v: &&Pieces| {
            test.domain
                .is_some_and(|d| d.excludes(operator.comparison, v))
        };
        let possible = test.values.iter().filter(|v| !excludes(v));
        let patterns: Option<Vec<Pattern>> = possible.map(read).collect();
        let values = patterns.map(|list| {
            let one = |pattern: Pattern| match test.domain {
                Some(domain) => domain.meet(pattern),
                None => vec![KeyValue::Values(vec![pattern])],
            };
            list.into_iter().flat_map(one).collect()
        });
        values.unwrap_or_else(present)
    };
    match operator.comparison {
        Comparison::Equals => each(&|v| Some(pattern(v, false, false))),
        Comparison::Bool => {
            let texts: Option<Vec<String>> = test.values.iter().map(plain).collect();
            let texts = texts.filter(|texts| texts.iter().all(|text| is_truth(text)));
            texts.map_or_else(present, |texts| {
                let all = texts.iter().flat_map(|text| spellings(text));
                all.map(|text| KeyValue::Values(vec![literal(&text)]))
                    .collect()
            })
        }
        Comparison::Like => each(&|v| Some(pattern(v, true, false))),
        Comparison::Arn => each(&|v| {
            let wanted = ResourcePattern::new(Pieces::clone(v));
            wanted.pattern(Reading::Wide, Variables::Any)
        }),
        Comparison::IpAddress => each(&|v| {
            let text = plain(v)?;
            network(&text)?;
            Some(literal(&text))
        }),
        _ => present(),
    }
}

/// How lines that compare numbers, or dates, relate values: the order, whether it is negated, and the bounds.
struct Bounds<T> {
    order: Order,
    negated: bool,
    values: Vec<T>,
}

/// The lines that compare in this way; none where one of their values cannot be read.
fn bounds<T>(
    tests: &[&Test],
    order_of: impl Fn(Comparison) -> Option<Order>,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<Bounds<T>> {
    let of = tests.iter().filter_map(|test| {
        let operator = test.operator.filter(|o| o.quantifier.is_none())?;
        let order = order_of(operator.comparison)?;
        let values = test.values.iter().map(|v| read(&plain(v)?));
        Some(Bounds {
            order,
            negated: operator.negated,
            values: values.collect::<Option<Vec<T>>>()?,
        })
    });
    of.collect()
}

/// Whether no value lies within all bounds: each bound, and what lies between two of them, is tried.
fn leave_nothing<T: Ord>(lines: &[Bounds<T>]) -> bool {
    let mut points: Vec<&T> = lines.iter().flat_map(|line| &line.values).collect();
    points.sort_unstable();
    points.dedup();
    // An odd place is a bound, an even one lies beside it.
    let compare = |place: usize, value: &T| {
        let found = points.binary_search(&value);
        place.cmp(&(2 * found.unwrap_or_default() + 1))
    };
    lines.len() > 1
        && (0..=2 * points.len()).all(|place| {
            let holds = |line: &Bounds<T>| {
                let mut values = line.values.iter();
                values.any(|v| line.order.holds(compare(place, v))) != line.negated
            };
            !lines.iter().all(holds)
        })
}
