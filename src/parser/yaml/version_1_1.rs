//! Plain scalars that are no texts in YAML 1.1, which CloudFormation reads, and are in YAML 1.2.
//!
//! CloudFormation: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>. Accounts that
//! begin with a zero became numbers in <https://www.skyarch.net/blog/?p=20495> and
//! <https://blog.rowanudell.com/aws-accounts-with-leading-zeros/>, words became Booleans in
//! <https://github.com/aws/aws-cli/pull/5257>. The letters `y` and `n` stay texts. Other forms of numbers (`0x1f`, `1_000`,
//! `1:30`) are in no public report.

/// The kind of a scalar.
pub(crate) enum Scalar {
    Boolean(bool),
    /// As the number is shown once it is a text again.
    Number(String),
}

/// <https://yaml.org/type/bool.html>
const TRUE: [&str; 6] = ["yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 6] = ["no", "No", "NO", "off", "Off", "OFF"];

/// From this number on, an exponent is shown.
const LARGE: f64 = 1e7;

/// A plain scalar that is not the text it seems to be.
pub(crate) fn scalar(text: &str) -> Option<Scalar> {
    if TRUE.contains(&text) {
        return Some(Scalar::Boolean(true));
    }
    if FALSE.contains(&text) {
        return Some(Scalar::Boolean(false));
    }
    let digits = text.strip_prefix('0').filter(|rest| !rest.is_empty())?;
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    // <https://yaml.org/type/int.html>: digits up to 7 are octal. Others make a fraction: <https://yaml.org/type/float.html>.
    if digits.bytes().all(|c| c < b'8') {
        let number = u128::from_str_radix(digits, 8).ok()?;
        return Some(Scalar::Number(number.to_string()));
    }
    let number: f64 = text.parse().ok()?;
    if number < LARGE {
        return Some(Scalar::Number(format!("{number:.1}")));
    }
    let shown = format!("{number:E}");
    let (mantissa, exponent) = shown.split_once('E')?;
    let fraction = if mantissa.contains('.') { "" } else { ".0" };
    Some(Scalar::Number(format!("{mantissa}{fraction}E{exponent}")))
}
