//! What the AWS CLI prints about principals and policies.

/// The format of what the AWS CLI prints about principals and policies, other than JSON.
pub(super) fn format(text: &str, first: &str) -> Option<&'static str> {
    const LISTS: [&str; 6] = [
        "GroupDetailList:",
        "Policies:",
        "PolicyDocument:",
        "PolicyVersion:",
        "RoleDetailList:",
        "UserDetailList:",
    ];
    if first.starts_with('|') && text.trim_start().starts_with("----") {
        return Some("a table");
    }
    let is_list = |word: &str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase());
    if { first.split_once('\t') }.is_some_and(|(word, _)| is_list(word)) {
        return Some("text");
    }
    let key = first.strip_prefix("- ").unwrap_or(first);
    LISTS
        .iter()
        .any(|list| key.starts_with(list))
        .then_some("YAML")
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn formats_other_than_json_are_known() {
        for (text, expected) in [
            ("RoleDetailList:\n- RoleName: node\n", Some("YAML")),
            ("- RoleDetailList:\n  - RoleName: node\n", Some("YAML")),
            (
                "ROLEDETAILLIST\tarn:aws:iam::123456789012:role/node\n",
                Some("text"),
            ),
            ("-----------\n|  GetRole  |\n", Some("a table")),
            ("Resources:\n  A:\n", None),
            ("{\"RoleDetailList\": []}\n", None),
        ] {
            let mut lines = text.lines();
            let first = lines.find(|l| !l.starts_with("---")).unwrap_or_default();
            assert_eq!(format(text, first), expected, "{text}");
        }
    }
}
