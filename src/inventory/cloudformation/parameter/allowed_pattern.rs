//! `AllowedPattern` of a parameter. CloudFormation reads it as a regular expression of Java that all of the value matches.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
//! <https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html>

use regex::bytes::RegexBuilder;

/// The largest pattern that is compiled, in bytes.
const LARGEST: usize = 1 << 20;

/// Parts of patterns that Java reads otherwise, or that only one of both reads: possessive quantifiers, classes of
/// characters and their operators, ends of words.
const OTHERWISE: [&str; 14] = [
    "++", "*+", "?+", "}+", "&&", "--", "~~", "[:", "\\p", "\\P", "\\<", "\\>", "\\b{", "{,",
];

/// Whether a pattern surely does not match a text. A pattern or a text that Java may read otherwise is not judged.
pub(super) fn excludes(pattern: &str, text: &str) -> bool {
    let is_plain = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if !is_plain(pattern) || !is_plain(text) || OTHERWISE.iter().any(|part| pattern.contains(part))
    {
        return false;
    }
    let groups = pattern.match_indices("(?").map(|(at, _)| at);
    let is_known = |at: usize| {
        let group = pattern.get(at..).unwrap_or_default();
        ["(?:", "(?i)"].iter().any(|known| group.starts_with(known))
    };
    if !{ groups }.all(is_known) {
        return false;
    }
    let regex = |text: &str| {
        let mut builder = RegexBuilder::new(text);
        builder.unicode(false).size_limit(LARGEST).build().ok()
    };
    // A pattern that closes a group which it does not open is one only between parentheses.
    let whole = regex(pattern).and_then(|_| regex(&format!("^(?:{pattern})$")));
    whole.is_some_and(|regex| !regex.is_match(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::excludes;

    #[test]
    fn only_what_surely_does_not_match_is_excluded() {
        for (pattern, text, expected) in [
            ("[a-z]+", "abc", false),
            ("[a-z]+", "abc1", true),
            ("^[a-z]+$", "abc", false),
            ("[a-z]*", "", false),
            ("[a-z]+", "", true),
            ("a|bc", "bc", false),
            ("a|bc", "bcd", true),
            ("\\d{12}", "123456789012", false),
            ("\\d{12}", "12345678901", true),
            ("(?i)[a-z]+", "ABC", false),
            ("[\\w-]{1,64}", "a-b", false),
            (".*\\.$", "example.com", true),
            // Java reads these, or reads them otherwise.
            ("(?!x).+", "x", false),
            ("(a)\\1", "ab", false),
            ("a++b", "c", false),
            ("\\p{Punct}", "a", false),
            ("\\Qa\\E", "b", false),
            ("[a-z&&[^b]]", "b", false),
            ("a)(b", "c", false),
            ("(?x)a b", "c", false),
            ("[a-z]+", "\u{e9}", false),
            ("[a-z]+", "a\n", false),
        ] {
            assert_eq!(excludes(pattern, text), expected, "{pattern} {text}");
        }
    }
}
