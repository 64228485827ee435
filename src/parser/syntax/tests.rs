use super::super::json::{self, Layer, Places};
use proptest::prelude::*;

#[test]
fn an_unclosed_bracket_is_shown_with_its_place() {
    let text = "{\"Statement\": [\n{\"a\": 1}\n";
    let fault = json::read(Layer::file(text, 0), &mut Places::default())
        .err()
        .unwrap();
    assert_eq!(fault.range, 23..24);
    assert_eq!(fault.related, [(14..15, "opened here".to_owned())]);
}

#[test]
fn deep_nesting_is_one_fault() {
    let text = "[".repeat(100_000);
    let fault = json::read(Layer::file(&text, 0), &mut Places::default())
        .err()
        .unwrap();
    assert!(fault.message.contains("127"), "{}", fault.message);
    assert_eq!(fault.range, 127..128);
    let good = format!("{}{}", "[".repeat(127), "]".repeat(127));
    assert!(json::read(Layer::file(&good, 0), &mut Places::default()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2_000)
    })]

    #[test]
    fn every_refused_text_is_explained_and_no_other(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "1", "-0", "01", "1.", "1e5", "1e999", "-", "true",
                "nul", "\\", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\q", " ", "\n", "\t", "\u{7f}", "é", "'",
                "\u{1}", "[1,", "{\"k\":", "]}", "\"x\":2", "//",
            ]),
            0..9,
        ),
    ) {
        let text = pieces.concat();
        let refused = serde_json::from_str::<serde_json::Value>(&text).is_err();
        let fault = super::first_fault(&text);
        prop_assert_eq!(fault.is_some(), refused, "{:?}: {:?}", text, fault);
        if let Some(fault) = fault {
            prop_assert!(text.get(fault.range).is_some());
            for (range, _) in fault.related {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
