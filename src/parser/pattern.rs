//! The form of the strings in `Action` and `Resource`.

use super::decoded::Text;
use super::hole::HoleKind;
use super::masked::{is_masked_at, masked};
use super::policy::Problem;
use super::problem::Reader;
use super::quote::{named, shorten};
use crate::rejection::{IAM_TYPES, PARTITIONS, S3_REGIONAL, answer};

/// Reports an action that is neither `*` nor `service:name`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
pub(super) fn action(reader: &mut Reader, element: &str, text: &Text) {
    let value = text.value.as_str();
    if value == "*" || is_plain(value) {
        return;
    }
    let shown = shorten(value);
    let plain = masked(text);
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
                "the service prefix of `{shown}` contains a wildcard; wildcards are only allowed after the colon"
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
    } else if let Some((at, c)) = unusual(prefix).filter(|_| plain == value) {
        let found = named(c);
        let mut problem = report(
            format!("the service prefix of `{shown}` contains {found}"),
            text.part(at..at + c.len_utf8()),
            "",
        );
        problem.help = Some(format!(
            "a service prefix has letters, digits, `-` and `.`; {}",
            answer("action-prefix-characters")
        ));
        problem
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
    let is_name = is_name(reader, text);
    let plain = masked(text);
    if is_masked_at(&plain, value, 0) && !is_name {
        return;
    }
    let shown = || shorten(value);
    if !plain.starts_with("arn:") {
        let help = if is_name {
            "this is a name: refer to the ARN of the resource instead, or write `*` for every resource"
        } else if value
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
                format!("the resource `{}` is neither an ARN nor `*`", shown()),
                text.span,
            )
            .with_help(help),
        );
        return;
    }
    let fields = 1 + plain.bytes().filter(|b| *b == b':').count();
    // A placeholder may stand for several fields.
    if fields < 6 && plain == value {
        let problem = Problem::invalid_policy(
            element,
            format!("the ARN `{}` has {fields} of 6 fields", shown()),
            text.span,
        )
        .with_help(
            "write `arn:partition:service:region:account:resource`; Region and account may be empty, \
             but their colons are needed, as in `arn:aws:s3:::bucket`",
        );
        reader.report(if value.ends_with('*') {
            problem.accepted()
        } else {
            problem
        });
        if !value.ends_with('*') {
            return;
        }
    }
    let all: Vec<&str> = plain.splitn(6, ':').collect();
    if let Some((field, kind, message, help)) = refused(&all, value) {
        let start: usize = all.iter().take(field).map(|f| f.len() + 1).sum();
        let length = all.get(field).map_or(0, |f| f.len());
        let span = match length {
            0 => text.span,
            _ => text.part(start..start + length),
        };
        let mut problem = Problem::invalid_arn(value, format!("{message} in `{}`", shown()), span);
        problem.help = Some(format!("{help}; {}", answer(kind)));
        reader.report(problem);
    } else if all.get(2) == Some(&"") && fields > 6 {
        let problem =
            Problem::invalid_arn(value, format!("no service in `{}`", shown()), text.span);
        let help = "write the service between the second and the third colon";
        reader.report(problem.with_help(help).accepted());
    }
}

/// A field of an ARN for which IAM rejects the policy: its index, the kind of fault, and what to say.
/// `fields` are those of the ARN with its placeholders masked, six at most.
fn refused(fields: &[&str], value: &str) -> Option<(usize, &'static str, String, String)> {
    // The value of a placeholder is unknown.
    let is_written = |index: usize| {
        let start: usize = fields.iter().take(index).map(|f| f.len() + 1).sum();
        let field = fields.get(index)?;
        Some(value.get(start..start + field.len()) == Some(*field))
    };
    let written = |index: usize| {
        let field = fields.get(index).copied()?;
        is_written(index)?.then_some(field)
    };
    let wild = |field: &str| field.contains(['*', '?']);
    // The last field of a short ARN ends in `*`, and may stand for several.
    let whole = |index: usize| written(index).filter(|_| index + 1 < fields.len());
    if let Some(partition) = whole(1)
        && !wild(partition)
        && !PARTITIONS.contains(&partition)
    {
        let what = if partition.is_empty() {
            "no partition".to_owned()
        } else {
            format!("`{}` is not a partition", shorten(partition))
        };
        let help = format!("the partitions are {}", PARTITIONS.join(", "));
        return Some((1, "arn-partition", what, help));
    }
    let service = whole(2)?;
    if service.is_empty() {
        // The answer of IAM is known for six fields alone. AWS's own pages have `arn:aws::logs:*:*:*`.
        fields.get(5).filter(|path| !path.contains(':'))?;
        let what = "no service".to_owned();
        let help = "write the service between the second and the third colon";
        return Some((2, "arn-without-service", what, help.to_owned()));
    }
    if wild(service) {
        let what = "a wildcard for the service".to_owned();
        let help = "name the service, with an ARN for each";
        return Some((2, "arn-service", what, help.to_owned()));
    }
    // A placeholder that fills the field stands for a Region.
    let region = fields.get(3).filter(|_| fields.len() == 6)?;
    let start = { fields.iter().take(3) }
        .map(|f| f.len() + 1)
        .sum::<usize>();
    let region = value.get(start..start + region.len())?;
    match service {
        "iam" if !region.is_empty() => {
            let what = format!(
                "ARNs of IAM have no Region, but `{}` is given",
                shorten(region)
            );
            let help = "leave the field empty: `arn:aws:iam::account:…`";
            Some((3, "iam-region", what, help.to_owned()))
        }
        "iam" => {
            let path = fields.get(5).copied()?;
            let written = value.get(value.len() - path.len()..)?;
            if may_be_path_of_iam(path, written) {
                return None;
            }
            let what = format!("`{}` starts with none of IAM's types", shorten(written));
            let help =
                "write `*`, `root`, or a type in full and `/`, as in `role/parallelcluster-*`";
            Some((5, "iam-path", what, help.to_owned()))
        }
        "s3" if !region.is_empty() => {
            let path = fields.get(5).copied()?;
            if !is_written(5)? || may_be_regional(path) {
                return None;
            }
            let what = format!(
                "ARNs of buckets and objects have no Region, but `{}` is given",
                shorten(region)
            );
            let help = "leave the field empty: `arn:aws:s3:::bucket/*`";
            Some((3, "s3-region", what, help.to_owned()))
        }
        _ => None,
    }
}

/// Whether the resource part of an ARN of IAM, with its placeholders masked and as written, is one that IAM accepts for
/// some values of the placeholders. Known first characters decide.
fn may_be_path_of_iam(path: &str, written: &str) -> bool {
    let mut pairs = path.bytes().zip(written.bytes());
    let start = pairs.position(|(masked, byte)| masked != byte);
    let start = start.and_then(|end| written.get(..end));
    let fits = |kind: &str| match start {
        Some(start) => start.starts_with(kind) || kind.starts_with(start),
        None => path.starts_with(kind),
    };
    let is_whole = |word: &str| path == word || start.is_some_and(|start| word.starts_with(start));
    ["*", "root"].into_iter().any(is_whole) || IAM_TYPES.iter().any(|kind| fits(kind))
}

/// Whether the resource part of an ARN of S3 can be one of a type that has a Region.
fn may_be_regional(path: &str) -> bool {
    let literal = path.split(['*', '?']).next().unwrap_or_default();
    let is_cut = literal.len() < path.len();
    S3_REGIONAL.iter().any(|kind| {
        let rest = literal.strip_prefix(kind);
        // `accesspoint/x`, or `acc*`, which may be one.
        rest.is_some_and(|rest| rest.starts_with(['/', ':']) || rest.is_empty() && is_cut)
            || is_cut && kind.starts_with(literal)
    })
}

/// The first character that no service prefix has.
fn unusual(prefix: &str) -> Option<(usize, char)> {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    prefix.char_indices().find(|(_, c)| !usual(*c))
}

/// Whether an action is `service:Name` in the characters of AWS's own names and wildcards in the name alone.
fn is_plain(action: &str) -> bool {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let mut bytes = action.as_bytes().iter();
    let colon = bytes.position(|b| !name(b) || *b == b'_');
    colon.is_some_and(|at| at > 0 && action.as_bytes().get(at) == Some(&b':'))
        && bytes.all(|b| name(b) || matches!(b, b'*' | b'?'))
}

/// Whether a text is put together of names that are not known: no value of theirs makes it an ARN or `*`.
fn is_name(reader: &Reader, text: &Text) -> bool {
    let holes = text.holes.as_deref().unwrap_or_default();
    let kind = |index: usize| reader.holes.get(index).map(|hole| hole.kind);
    let has_no_colon = |kind| matches!(kind, Some(HoleKind::Word | HoleKind::Reference));
    let mut known = text.value.clone();
    for part in holes.iter().rev() {
        if !has_no_colon(kind(part.hole)) || !known.is_char_boundary(part.range.end) {
            return false;
        }
        known.replace_range(part.range.clone(), "");
    }
    !holes.is_empty() && !known.contains([':', '$', '{', '<', '%'])
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
            holes: None,
            ends: None,
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
            "${Name}",
            "<ACTION>",
            "s3:${Name}",
            "s3:${AWS::Name}",
            "{{ service }}:Get",
        ] {
            assert_eq!(problems(action, good), [], "{good}");
        }
        for (bad, message, start, end) in [
            ("GetObject", "names no service", 0, 9),
            ("", "names no service", 0, 0),
            ("**", "names no service", 0, 2),
            (":Get", "before the colon", 0, 4),
            ("s3_x:Get", "contains", 2, 3),
            ("s3:Get:Object", "more than one colon", 0, 13),
            ("s*:Get*", "wildcard", 0, 2),
            ("*:*", "wildcard", 0, 1),
            ("s3:Get${a:b}", "more than one colon", 0, 12),
            ("${a:b}:Get", "more than one colon", 0, 10),
            ("${a:b}", "contains", 0, 1),
            ("${Service}:${a:b}", "more than one colon", 0, 17),
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
            "arn:aws:sqs:<R:1>:2:b",
            "arn:aws:s3:<R>:2:accesspoint/a",
            "arn:aws:s3:*:*:*",
            "arn:aws:s3::2:b",
            "arn:*:iam::*:role/x",
            "arn:aws:iam::1:root",
            "arn:aws:iam::1:*",
            "arn:aws:iam::1:${Role}",
            "arn:aws:iam::1:ro${Role}",
            "arn:aws:iam::1:role/${aws:username}",
            "arn:aws:iam::aws:role-template/*",
            "arn:aws:iam::1:delegation-request/*",
            "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:q",
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
            ("arn:", true),
            ("arn:aws:s3::b", true),
            ("arn:aws:sqs:us-east-1:1", true),
            ("arn:aws:ec2:*", false),
            ("arn:aws:iam::*", false),
            ("arn:aws:iam:<R>:1:role/x", true),
            ("arn:aws:iam:*:1:role/x", true),
            ("arn:aws:iam::1:role*", true),
            ("arn:aws:iam::1:account-alias/x", true),
            ("arn:aws:s3:us-east-1:1:b/*", true),
            ("arn:aws:s3:*:*:accessories/*", true),
            ("arn:aws:*:::b", true),
            ("arn:aws::::b", true),
            ("arn:aws::s3:::b", false),
            ("arn:aws::*", false),
            ("arn:amazon:s3:::b", true),
            ("arn::s3:::b", true),
            ("x${Arn}", true),
            ("${aws:username}", true),
            ("arn:${aws:x}:s3:::b/*", true),
            ("arn:aws:iam::1:${aws:username}", true),
            ("arn:aws:iam::1:role${aws:username}", true),
            ("arn:aws:iam::1:account-alias/${Name}", true),
            ("arn:aws:iam:${aws:x}:1:role/x", true),
            ("arn:aws:s3:${aws:x}::b", true),
        ] {
            let found = problems(resource, bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].rejected, rejected, "{bad}");
        }
    }
}
