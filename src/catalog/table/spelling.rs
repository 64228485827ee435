//! The spelling of the fields of a catalogue.

pub(in crate::catalog) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

pub(in crate::catalog) fn is_prefix(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(in crate::catalog) fn is_action_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Blanks are allowed: `code signing config` is a type of lambda.
pub(in crate::catalog) fn is_type_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| (byte.is_ascii_graphic() || byte == b' ') && !matches!(byte, b'*' | b'|'))
}

pub(in crate::catalog) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'|'))
}

pub(super) fn are_keys(column: &str) -> bool {
    column.split(',').all(is_key)
}

/// How many fields an ARN format has, 0 where it is none.
pub(in crate::catalog) fn arn_fields(arn: &str) -> usize {
    if arn.starts_with("arn:")
        && !arn
            .bytes()
            .any(|byte| byte == b',' || !byte.is_ascii_graphic())
    {
        arn.splitn(6, ':').count()
    } else {
        0
    }
}
