//! The form of the strings in `Action` and `Resource`.

use std::ops::Range;

use super::policy::{Problem, Text};
use super::problem::{Reader, shorten};

/// Reports an action that is neither `*` nor `service:name`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
pub(super) fn action(reader: &mut Reader, element: &str, text: &Text) {
    let value = text.value.as_str();
    if value == "*" || is_plain(value) {
        return;
    }
    let shown = shorten(value);
    let plain = masked(value);
    let report = |message: String, span, help: &str| {
        Problem::invalid_policy(element, message, span).with_help(help)
    };
    let Some(prefix) = plain.split(':').next().filter(|p| p.len() < plain.len()) else {
        // A placeholder may stand for the whole action.
        if plain == value {
            reader.report(report(
                format!("the action `{shown}` names no service"),
                text.span,
                "write `service:Action`, for example `s3:GetObject`, or `*` for every action",
            ));
        }
        return;
    };
    let problem = if prefix.is_empty() {
        report(
            format!("the action `{shown}` names no service before the colon"),
            text.span,
            "write `service:Action`, for example `s3:GetObject`",
        )
    } else if prefix.contains(['*', '?']) {
        report(
            format!(
                "the service prefix of `{shown}` holds a wildcard: wildcards may stand after the colon only"
            ),
            text.part(0..prefix.len()),
            "name each service, or write `*` alone for every action; AWS answers \
             `Action vendors (e.g., aws, ec2, etc.) must not contain wildcards`",
        )
    } else if plain.matches(':').count() > 1 {
        report(
            format!("the action `{shown}` has more than one colon"),
            text.span,
            "an action is `service:Action`; ARNs belong in `Resource`",
        )
    } else {
        return;
    };
    reader.report(problem);
}

/// Reports a resource that is neither `*` nor an ARN.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(super) fn resource(reader: &mut Reader, element: &str, text: &Text) {
    let value = text.value.as_str();
    if !value.is_empty() && value.bytes().all(|b| b == b'*') {
        return;
    }
    if starts_with_placeholder(value) {
        return;
    }
    let plain = masked(value);
    let shown = shorten(value);
    if !plain.starts_with("arn:") {
        let help = if value
            .get(..4)
            .is_some_and(|t| t.eq_ignore_ascii_case("arn:"))
        {
            "ARNs start with `arn:` in lower case"
        } else {
            "write a full ARN, `arn:partition:service:region:account:resource`, or `*` for every resource"
        };
        reader.report(
            Problem::invalid_policy(
                element,
                format!("the resource `{shown}` is neither an ARN nor `*`"),
                text.span,
            )
            .with_help(help),
        );
        return;
    }
    let fields = plain.split(':').count();
    // A placeholder may stand for several fields.
    if fields < 6 && plain == value {
        reader.report(
            Problem::invalid_policy(
                element,
                format!("the ARN `{shown}` has {fields} of 6 fields"),
                text.span,
            )
            .accepted()
            .with_help(
                "write `arn:partition:service:region:account:resource`; region and account may be empty, \
                 their colons must stand, as in `arn:aws:s3:::bucket`",
            ),
        );
    }
}

/// Whether an action is `service:Name` in the characters of AWS's own names and wildcards in the name alone.
fn is_plain(action: &str) -> bool {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let mut bytes = action.as_bytes().iter();
    let colon = bytes.position(|b| !name(b));
    colon.is_some_and(|at| at > 0 && action.as_bytes().get(at) == Some(&b':'))
        && bytes.all(|b| name(b) || matches!(b, b'*' | b'?'))
}

/// The text with what stands inside placeholders made invisible to a search for colons and wildcards. Of equal length.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for range in placeholders(text) {
        masked.push_str(text.get(at..range.start).unwrap_or(""));
        masked.extend(range.clone().map(|_| '_'));
        at = range.end;
    }
    masked.push_str(text.get(at..).unwrap_or(""));
    masked
}

fn starts_with_placeholder(text: &str) -> bool {
    placeholders(text).first().is_some_and(|r| r.start == 0)
}

/// Where `${…}`, `<…>`, `{{…}}` and `%(…)s` stand: policy variables, and what templates leave behind.
fn placeholders(text: &str) -> Vec<Range<usize>> {
    const FORMS: [(&str, &str); 4] = [("${", "}"), ("{{", "}}"), ("<", ">"), ("%(", ")s")];
    let mut found = Vec::new();
    let marks = |b: u8| matches!(b, b'$' | b'{' | b'<' | b'%');
    if !text.bytes().any(marks) {
        return found;
    }
    let mut at = 0;
    // A form whose closing was not found once is not looked for again, or the search would be quadratic.
    let mut unclosed = [false; FORMS.len()];
    while let Some(rest) = text.get(at..)
        && let Some(next) = rest.find(['$', '{', '<', '%'])
    {
        let start = at + next;
        let rest = text.get(start..).unwrap_or("");
        at = start + 1;
        for ((open, close), unclosed) in FORMS.iter().zip(&mut unclosed) {
            if *unclosed || !rest.starts_with(open) {
                continue;
            }
            match rest.find(close) {
                Some(end) => {
                    at = start + end + close.len();
                    found.push(start..at);
                }
                None => *unclosed = true,
            }
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::{SourceId, Span};
    use super::*;

    fn problems(check: fn(&mut Reader, &str, &Text), value: &str) -> Vec<Problem> {
        let mut reader = Reader::new(SourceId(0));
        let text = Text {
            value: value.to_owned(),
            span: Span::new(0, value.len()),
            offsets: None,
        };
        check(&mut reader, "Element", &text);
        reader.finish().problems
    }

    #[test]
    fn actions() {
        for good in [
            "*",
            "s3:*",
            "s3:Get?bject",
            "iam:*AccessKey*",
            "s3:",
            "${Service}:Get",
            "${a:b}",
            "<ACTION>",
            "s3:${a:b}",
            "{{ service }}:Get",
        ] {
            assert_eq!(problems(action, good), [], "{good}");
        }
        for (bad, message, start, end) in [
            ("GetObject", "names no service", 0, 9),
            ("", "names no service", 0, 0),
            ("**", "names no service", 0, 2),
            (":Get", "before the colon", 0, 4),
            ("s3:Get:Object", "more than one colon", 0, 13),
            ("s*:Get*", "wildcard", 0, 2),
            ("*:*", "wildcard", 0, 1),
            ("arn:aws:s3:::b", "more than one colon", 0, 14),
        ] {
            let found = problems(action, bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert!(
                found[0].rejected && found[0].message.contains(message),
                "{found:?}"
            );
            assert_eq!(found[0].span, Span::new(start, end), "{bad}");
        }
    }

    #[test]
    fn resources() {
        for good in [
            "*",
            "**",
            "arn:aws:s3:::b",
            "arn:aws:sqs:*:*:q:x",
            "${Arn}",
            "<ARN>",
            "{{ arn }}/x",
            "%(ARN)s",
            "arn:${rest}",
            "arn:aws:s3:::${aws:username}/*",
            "arn:aws:s3:<R:1>:2:b",
        ] {
            assert_eq!(problems(resource, good), [], "{good}");
        }
        for (bad, rejected) in [
            ("", true),
            ("bucket", true),
            ("a*", true),
            ("s3:::b", true),
            ("ARN:aws:s3:::b", true),
            ("?", true),
            ("arn:", false),
            ("arn:aws:s3::b", false),
            ("arn:aws:ec2:*", false),
            ("x${Arn}", true),
        ] {
            let found = problems(resource, bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].rejected, rejected, "{bad}");
        }
    }

    #[test]
    fn unclosed_placeholders_cost_no_time() {
        let text = "${<{{%(".repeat(100_000);
        assert!(placeholders(&text).is_empty());
    }
}
