//! A change as a unified diff, as `patch -p1` and `git apply` read it.

use std::fmt::Write as _;

use similar::TextDiff;

/// The diff of a file's text, or an empty string where nothing changes.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    // Lines end at `\n` alone, as they do for `patch`.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    TextDiff::configure()
        .newline_terminated(true)
        .diff_slices(&old, &new)
        .unified_diff()
        .header(&label("a", name), &label("b", name))
        .to_string()
}

/// `a/iam/policy.json`, quoted as git does where it must be. An absolute path stands as it is, for `patch -p0`.
fn label(side: &str, name: &str) -> String {
    let name = name.replace('\\', "/");
    let name = name.strip_prefix("./").unwrap_or(&name);
    let path = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("{side}/{name}")
    };
    if path
        .bytes()
        .all(|b| (b' '..=b'~').contains(&b) && b != b'"')
    {
        // A tab ends a name with blanks.
        let end = if path.contains(' ') { "\t" } else { "" };
        return path + end;
    }
    let mut quoted = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => {
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_did() {
        let diff = unified("p.json", "{\r\n a\rb\r\n c}", "{\r\n c}");
        assert_eq!(
            diff,
            "--- a/p.json\n+++ b/p.json\n@@ -1,3 +1,2 @@\n {\r\n- a\rb\r\n  c}\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("p.json", "a", "a"), "");
    }

    #[test]
    fn names_are_quoted_as_git_does() {
        assert_eq!(label("a", "./iam/p.json"), "a/iam/p.json");
        assert_eq!(label("b", "my policy.json"), "b/my policy.json\t");
        assert_eq!(label("a", "é\".json"), r#""a/\303\251\".json""#);
        assert_eq!(label("a", "/tmp/p.json"), "/tmp/p.json");
    }
}
