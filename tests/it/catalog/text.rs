//! The text of a catalogue, and its damage.

use pcluster_iam::catalog::{Catalog, CatalogError};
use proptest::prelude::*;

use super::TEXT;
use crate::common::table::each;

fn line_of(result: Result<Catalog, CatalogError>) -> usize {
    match result {
        Err(CatalogError::Damaged { line, .. }) => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_foreign_text_is_no_catalogue() {
    each(
        [
            "",
            "\n",
            "{}",
            "pcluster-iam catalog 2\n",
            "pcluster-iam catalog 1",
        ],
        |text| {
            let result = Catalog::from_text(text.to_owned());
            assert_eq!(result.unwrap_err(), CatalogError::NotACatalog, "{text:?}");
        },
    );
}

#[test]
fn a_damaged_text_is_an_error_with_its_line() {
    Catalog::from_text(TEXT.to_owned()).unwrap();
    each(
        [
            ("iam-data 1.2.3", "iam-data", 2),
            ("2025-03-04", "2025-3-4", 3),
            ("services 2", "services two", 4),
            ("services 2", "services 1", 4),
            ("services 2", "services 99999999999", 4),
            ("actions 2\n", "actions 3\n", 5),
            ("index 59", "index 58", 6),
            ("index 59", "index 18446744073709551615", 6),
            ("\nprefix\t", "\nprefix", 8),
            ("cup\tAWS", "cup AWS", 9),
            ("cup\t", "zup\t", 12),
            ("Tea\t2\t", "Tea\t1\t", 10),
            ("Tea\t2\t9", "Tea\t2\t8", 10),
            ("Tea\t2\t9", "Tea\t2\t0", 10),
            ("\t159\t44\t", "\t999\t44\t", 10),
            ("[tea]", "[pea]", 16),
            ("::leaf", ":leaf?", 17),
            ("big leaf\tarn", "big leaf|arn", 17),
            ("${Name}\n", "${Name} \n", 10),
            ("ArrayOfString", "ArrayOfStrinh", 21),
            ("Drink\tR", "Drink\tX", 24),
            ("Pot*|", "Pit*|", 25),
            ("big leaf*|tea:Colour,", "big leaf*|tea:Colou,,", 25),
            ("Drink\t", "Uplnk\t", 25),
        ],
        |(from, to, line)| {
            assert!(TEXT.contains(from), "{from}");
            let result = Catalog::from_text(TEXT.replacen(from, to, 1));
            if from.starts_with("${Name}") {
                assert!(result.is_err());
            } else {
                assert_eq!(line_of(result), line, "{from} -> {to}");
            }
        },
    );
    for end in 0..TEXT.len() {
        assert!(Catalog::from_text(TEXT[..end].to_owned()).is_err(), "{end}");
    }
    assert!(Catalog::from_text(format!("{TEXT}\n")).is_err());
}

proptest! {
    /// Any change gives a catalogue or an error, and a catalogue answers everything.
    #[test]
    fn a_changed_text_never_panics(at in 0..TEXT.len(), length in 0..4_usize, put in "[\\t\\na-z0-9é|*,:]{0,3}") {
        let end = (at + length).min(TEXT.len());
        let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
        if let Ok(catalog) = Catalog::from_text(text) {
            for service in catalog.services() {
                prop_assert_eq!(catalog.service(service.prefix()), Some(service));
                for action in service.actions() {
                    prop_assert_eq!(service.action(action.name), Some(action));
                    prop_assert_eq!(action.resource_types().next().is_some(), action.has_resource_types());
                }
            }
        }
    }
}
