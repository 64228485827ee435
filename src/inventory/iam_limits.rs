//! Names, paths, descriptions and durations that IAM refuses. From `rules/iam-limits.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::parser::shorten;

/// Limits of a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    of: Vec<String>,
    most: usize,
    /// The inside of a character class.
    characters: String,
    /// The text with which it must begin and end.
    #[serde(default)]
    around: String,
    #[expect(dead_code, reason = "it is for readers of the file")]
    source: String,
}

/// Limits of a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    of: Vec<String>,
    least: i64,
    most: i64,
    #[expect(dead_code, reason = "it is for readers of the file")]
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    text: Vec<Text>,
    number: Vec<Number>,
}

static LIMITS: LazyLock<Limits> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/iam-limits.toml")).unwrap_or_default()
});

/// The properties or arguments of a type that have limits.
pub(super) fn limited(kind: &str) -> impl Iterator<Item = &'static str> {
    let texts = LIMITS.text.iter().flat_map(|text| &text.of);
    let numbers = LIMITS.number.iter().flat_map(|number| &number.of);
    let own = texts.chain(numbers).filter_map(|of| of.rsplit_once('.'));
    own.filter(move |(of, _)| *of == kind).map(|(_, name)| name)
}

/// Why IAM refuses a value of a property, whatever its unknown parts are, which are `None`. A text that is empty is none.
pub(super) fn refusal(kind: &str, name: &str, parts: &[Option<&str>]) -> Option<String> {
    let is_it = |of: &String| of.rsplit_once('.') == Some((kind, name));
    if let Some(number) = LIMITS.number.iter().find(|of| of.of.iter().any(is_it)) {
        let [Some(text)] = parts else { return None };
        let value: i64 = text.trim().parse().ok()?;
        let (least, most) = (number.least, number.most);
        let message = format!("`{name}` is {value}, and IAM takes {least} to {most}");
        return (!(least..=most).contains(&value)).then_some(message);
    }
    let limit = LIMITS.text.iter().find(|of| of.of.iter().any(is_it))?;
    let texts = || parts.iter().copied().flatten();
    if let Some(other) = texts().flat_map(str::chars).find(|c| !limit.takes(*c)) {
        let other = shorten(&other.to_string());
        return Some(format!(
            "`{name}` contains `{other}`, which IAM does not take"
        ));
    }
    let is_open = |end: Option<&str>, has: fn(&str, &str) -> bool| {
        end.is_some_and(|text| !text.is_empty() && !has(text, &limit.around))
    };
    if is_open(parts.first().copied().flatten(), |text, around| {
        text.starts_with(around)
    }) || is_open(parts.last().copied().flatten(), |text, around| {
        text.ends_with(around)
    }) {
        let around = &limit.around;
        return Some(format!("`{name}` does not begin and end with `{around}`"));
    }
    let length: usize = texts().map(|text| text.chars().count()).sum();
    let least = if parts.contains(&None) {
        "at least "
    } else {
        ""
    };
    let message = format!(
        "`{name}` has {least}{length} characters, and IAM takes {}",
        limit.most
    );
    (length > limit.most).then_some(message)
}

impl Text {
    fn takes(&self, character: char) -> bool {
        let all: Vec<char> = self.characters.chars().collect();
        let mut rest = all.as_slice();
        loop {
            rest = match rest {
                [first, '-', last, rest @ ..] => {
                    if (*first..=*last).contains(&character) {
                        return true;
                    }
                    rest
                }
                [one, rest @ ..] => {
                    if *one == character {
                        return true;
                    }
                    rest
                }
                [] => return false,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_read_and_kept() {
        assert_eq!(limited("AWS::IAM::Role").count(), 4);
        let role = |name, parts: &[Option<&str>]| refusal("AWS::IAM::Role", name, parts);
        for (name, value, expected) in [
            ("RoleName", "a-Z_0+=,.@", ""),
            ("RoleName", "", ""),
            ("RoleName", "a b", "contains ` `"),
            ("RoleName", "a/b", "contains `/`"),
            ("RoleName", &"x".repeat(64), ""),
            ("RoleName", &"x".repeat(65), "has 65 characters"),
            ("Path", "/", ""),
            ("Path", "/a/b/", ""),
            ("Path", "a/", "begin and end"),
            ("Path", "/a", "begin and end"),
            ("MaxSessionDuration", "3600", ""),
            ("MaxSessionDuration", "43200", ""),
            ("MaxSessionDuration", "3599", "is 3599"),
            ("MaxSessionDuration", "x", ""),
            ("Description", "a\n\u{e9}", ""),
            ("Description", "a \u{2013} b", "contains `\u{2013}`"),
            ("Description", &"x".repeat(1001), "has 1001 characters"),
        ] {
            let said = role(name, &[Some(value)]).unwrap_or_default();
            assert!(said.contains(expected), "{name} {value}: {said}");
            assert_eq!(
                said.is_empty(),
                expected.is_empty(),
                "{name} {value}: {said}"
            );
        }
        let long = "x".repeat(65);
        let said = role("RoleName", &[None, Some(&long)]).unwrap_or_default();
        assert!(said.contains("at least 65"), "{said}");
        assert_eq!(role("Path", &[None, Some("/")]), None);
        assert_eq!(role("Path", &[Some("/"), None]), None);
        assert!(role("Path", &[Some("x"), None]).is_some());
    }
}
