use super::*;

#[test]
fn a_template_finds_the_longest_name() {
    let name = |template, text| {
        let found = instance(template, text)?;
        let (_, value) = found.into_iter().find(|(n, _)| *n == CLUSTER)?;
        Some(value)
    };
    for (template, text, found) in [
        (
            "table/parallelcluster-${Cluster}",
            "table/parallelcluster-prod",
            Some("prod"),
        ),
        (
            "table/parallelcluster-${Cluster}",
            "table/parallelcluster-pr*",
            None,
        ),
        ("stack/${Cluster}-*/*", "stack/my-prod-*/*", Some("my-prod")),
        ("stack/${Cluster}-${Rest}", "stack/a-b-c", Some("a-b")),
        ("stack/${Cluster}/*", "stack/*/*", None),
    ] {
        assert_eq!(name(template, text).as_deref(), found, "{template} {text}");
    }
}

#[test]
fn a_wildcard_covers_only_what_it_matches() {
    assert!(glob("a*c", "abc") && glob("*", "a*") && glob("a*", "a*b"));
    assert!(!glob("a?", "a*") && !glob("ab*", "a*") && !glob("abc", "a*"));
}

#[test]
fn the_bucket_follows_from_account_and_region() {
    let mut bindings = Bindings::default();
    bindings.set("Account", "123456789012", Origin::Default);
    assert_eq!(bindings.bucket_hash(), None);
    bindings.set("Region", "us-east-1", Origin::Default);
    assert_eq!(bindings.bucket_hash().as_deref(), Some("89e4e5f1cd12e98b"));
}
