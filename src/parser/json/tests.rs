use std::fmt::Write as _;

use serde_json::json;

use super::*;
use proptest::prelude::*;

/// The value as `serde_json` gives it, from what this reader hands out.
fn rebuilt(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        Kind::Object => value
            .members()
            .into_iter()
            .map(|m| (m.key.value, rebuilt(m.value)))
            .collect(),
        Kind::Array => value.elements().into_iter().map(rebuilt).collect(),
        Kind::String => value.string().unwrap().value.into(),
        _ => serde_json::from_str(value.raw()).unwrap(),
    }
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        ".{0,8}".prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| json!(v)),
            prop::collection::hash_map(".{0,4}", inner, 0..5).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_equal_those_of_serde_json(value in any_value(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        prop_assert_eq!(rebuilt(read(Layer::file(&text, 0), &mut Places::default()).unwrap()), value);
    }

    #[test]
    fn places_of_strings_are_those_of_their_characters(value in ".{0,12}") {
        // Every character above ASCII as an escape, so that widths differ from the file's.
        let mut text = String::from("[ \"");
        let mut places = Vec::new();
        for c in value.chars() {
            let start = text.len();
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(text, "\\u{unit:04X}").unwrap();
            }
            places.push(start..text.len());
        }
        text.push_str("\" ]");
        let mut places_of_values = Places::default();
        let list = read(Layer::file(&text, 0), &mut places_of_values).unwrap();
        let string = list.elements()[0].string().unwrap();
        prop_assert_eq!(&string.value, &value);
        for ((at, c), place) in value.char_indices().zip(places) {
            prop_assert_eq!(string.part(at..at + c.len_utf8()).range(), place);
        }
    }
}

#[test]
fn order_and_repeated_keys_are_kept() {
    let text = r#"{"b": 1, "a": 2, "b": 3, "\u0062": 4}"#;
    let mut places = Places::default();
    let value = read(Layer::file(text, 0), &mut places).unwrap();
    let members: Vec<_> = value
        .members()
        .into_iter()
        .map(|m| (m.key.value, m.value.raw()))
        .collect();
    let expected = [("b", "1"), ("a", "2"), ("b", "3"), ("b", "4")];
    assert_eq!(members, expected.map(|(k, v)| (k.to_owned(), v)));
    let last: Vec<_> = value.last_members().iter().map(|m| m.value.raw()).collect();
    assert_eq!(last, ["2", "4"]);
    assert_eq!(value.member("b").unwrap().raw(), "4");
}

#[test]
fn places_of_values() {
    let text = " {\"k\" : [ \"é\", \"\", 1.5 ]}";
    let mut places = Places::default();
    let value = read(Layer::file(text, 0), &mut places).unwrap();
    assert_eq!(value.span(), Span::new(1, text.len()));
    let elements = value.member("k").unwrap().elements();
    assert_eq!(text.get(elements[0].label().range()).unwrap(), "é");
    assert_eq!(text.get(elements[1].label().range()).unwrap(), "\"\"");
    assert_eq!(
        text.get(elements[1].string().unwrap().part(0..0).range())
            .unwrap(),
        "\"\""
    );
    assert_eq!(text.get(elements[2].literal().span.range()).unwrap(), "1.5");
    let shifted = Layer::file(text, 3);
    let mut places = Places::default();
    let value = read(shifted, &mut places).unwrap();
    assert_eq!(value.opening(), Span::new(4, 5));
}
