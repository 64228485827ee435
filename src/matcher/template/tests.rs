use super::*;

#[test]
fn a_variable_has_one_name_in_any_case() {
    let mut names = Placeholders::default();
    let mut read = |text: &str| customer(text, Version::V2012, &mut names).0;
    let name = |pieces: Pieces| pieces.iter().map(|(p, _)| *p).collect::<Vec<_>>();
    let first = name(read("${aws:UserName, 'A'}"));
    assert_eq!(first, name(read("${AWS:username, 'A'}")));
    assert_ne!(first, name(read("${aws:UserName, 'a'}")));
    assert_ne!(first, name(read("${aws:UserName}")));
    assert_ne!(
        name(read("${aws:PrincipalTag/Team}")),
        name(read("${aws:PrincipalTag/team}"))
    );
}

#[test]
fn characters_are_escaped_in_policies_with_variables_only() {
    let mut names = Placeholders::default();
    let mut read = |text: &str, version| {
        let (pieces, leftovers) = customer(text, version, &mut names);
        assert!(leftovers.is_empty(), "{text}");
        pieces.iter().map(|(p, _)| *p).collect::<Vec<_>>()
    };
    for c in ['*', '?', '$'] {
        let text = format!("${{{c}}}");
        assert_eq!(read(&text, Version::V2012), [Piece::Char(c)]);
        assert_eq!(read(&text, Version::V2008).len(), text.len());
        let pieces = reference(&text, &mut Placeholders::default());
        assert_eq!(pieces.first().map(|(p, _)| *p), Some(Piece::Char(c)));
    }
}

#[test]
fn only_what_is_in_the_braces_of_variables_is_an_escaped_character() {
    for text in ["{{*}}", "#{?}", "@{$}"] {
        let (_, leftovers) = customer(text, Version::V2012, &mut Placeholders::default());
        assert_eq!(leftovers.len(), 1, "{text}");
    }
}

#[test]
fn a_policy_variable_has_a_prefix_and_a_key() {
    for (inner, expected) in [
        ("aws:username", true),
        ("aws:PrincipalTag/team, 'none'", true),
        ("saml:sub", true),
        ("AWS::Region", false),
        ("aws:", false),
        (":username", false),
        ("1a:b", false),
        ("a b:c", false),
        ("username", false),
    ] {
        assert_eq!(is_policy_variable(inner), expected, "{inner}");
    }
}
