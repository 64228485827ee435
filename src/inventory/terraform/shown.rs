//! Decides which files `file` may show to the code: reports quote what is judged, and a path may lead to a secret.

use serde_json::Value;

/// Every policy and every template of one contains one of these words.
const MARKS: [&str; 2] = ["Statement", "statement"];
/// Every statement contains all of these words, perhaps within others.
const OF_STATEMENT: [&str; 3] = ["Effect", "Action", "Resource"];

/// Whether a text is a policy or a template of one, or data whose values are all public by their form.
pub(super) fn may_be(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    if MARKS.iter().any(|mark| text.contains(mark))
        || OF_STATEMENT.iter().all(|mark| text.contains(mark))
    {
        return true;
    }
    match serde_json::from_str(text) {
        Ok(value) => is_public(&value),
        Err(_) => is_public_word(text),
    }
}

fn is_public(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => is_public_word(&number.to_string()),
        Value::String(text) => is_public_word(text),
        Value::Array(elements) => elements.iter().all(is_public),
        Value::Object(members) => members.values().all(is_public),
    }
}

/// An ARN, an action, a Region, an account, a service, or `*`.
fn is_public_word(word: &str) -> bool {
    let is_small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_account = || word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit());
    let is_region = || {
        let mut parts = word.rsplit('-');
        parts
            .next()
            .is_some_and(|last| matches!(last.as_bytes(), [b'1'..=b'9']))
            && (2..=4).contains(&parts.clone().count())
            && parts.all(|part| {
                (2..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase())
            })
    };
    let is_action = || {
        word.split_once(':').is_some_and(|(service, name)| {
            (2..=40).contains(&service.len())
                && service.chars().all(is_small)
                && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '*')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*')
        })
    };
    let is_service = || {
        let name = word.strip_suffix(".amazonaws.com");
        name.is_some_and(|name| name.chars().all(is_small))
    };
    let is_arn = || word.starts_with("arn:") && !word.contains(char::is_whitespace);
    word.is_empty()
        || ["*", "Allow", "Deny"].contains(&word)
        || is_account()
        || is_region()
        || is_arn()
        || is_action()
        || is_service()
}

#[cfg(test)]
mod tests {
    use super::may_be;

    #[test]
    fn secrets_stay_where_they_are() {
        for text in [
            r#"{"Version": "2012-10-17", "Statement": []}"#,
            "us-gov-west-1\n",
            "123456789012",
            r#"["sqs:SendMessage", "s3:Get*", "*"]"#,
            "- Effect: Allow\n  NotAction: s3:*\n  Resource: x\n",
            r#"{"a": "arn:aws:s3:::x", "b": ["ec2.amazonaws.com"]}"#,
        ] {
            assert!(may_be(text), "{text}");
        }
        for text in [
            "password: hunter2",
            "hunter2",
            "AKIAIOSFODNN7EXAMPLE",
            "admin:hunter2",
            r#"{"a": "sqs:SendMessage", "private_key": "x"}"#,
            "[http]\n extraheader = x",
            "1234",
        ] {
            assert!(!may_be(text), "{text}");
        }
    }
}
