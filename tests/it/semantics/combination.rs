//! Several statements, layers and denies together (6).

use serde_json::json;

use super::{Case, OBJECTS, QUEUE, allow, deny, judge};
use crate::common::table::each;

#[test]
fn combination_6() {
    let needed = || allow("s3:GetObject", OBJECTS);
    let everything = || allow("*", "*");
    each(
        [
            ("6.1 nothing allows", vec![], None, vec![], "missing"),
            (
                "6.1 a Deny wins",
                vec![everything(), deny("s3:*", "*")],
                None,
                vec![],
                "denied",
            ),
            (
                "6.1 wherever it stands",
                vec![deny("s3:*", "*"), everything()],
                None,
                vec![],
                "denied",
            ),
            (
                "6.1 and takes its part",
                vec![everything(), deny("s3:*", "arn:aws:s3:::b/x*")],
                None,
                vec![],
                "partial",
            ),
            (
                "6.1 the boundary must allow",
                vec![everything()],
                Some(allow("sqs:*", "*")),
                vec![],
                "missing",
            ),
            (
                "6.1 each level of SCPs must",
                vec![everything()],
                None,
                vec![everything(), allow("sqs:*", "*")],
                "missing",
            ),
            (
                "6.1 all of them allow",
                vec![everything()],
                Some(allow("s3:*", "*")),
                vec![everything(), allow("s3:Get*", "*")],
                "covered",
            ),
            (
                "6.1 in part",
                vec![everything()],
                Some(allow("s3:*", "arn:aws:s3:::b/x*")),
                vec![],
                "partial",
            ),
            (
                "6.2 a boundary grants nothing",
                vec![],
                Some(everything()),
                vec![everything()],
                "missing",
            ),
            (
                "6.2 its Deny counts",
                vec![everything()],
                Some(deny("s3:*", "*")),
                vec![],
                "denied",
            ),
            (
                "6.2 and that of an SCP",
                vec![everything()],
                None,
                vec![everything(), deny("s3:*", "*")],
                "denied",
            ),
            (
                "6.3 lists of two statements do not mix",
                vec![allow("s3:GetObject", QUEUE), allow("sqs:*", OBJECTS)],
                None,
                vec![],
                "missing",
            ),
            (
                "6.4 a statement with a Principal, as resource policies have it, grants nothing else",
                vec![json!({
                    "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": OBJECTS
                })],
                None,
                vec![],
                "missing",
            ),
            (
                "6.5 SCPs have the whole language",
                vec![everything()],
                None,
                vec![
                    json!({"Effect": "Allow", "NotAction": "sqs:*", "NotResource": "arn:aws:s3:::c/*"}),
                ],
                "covered",
            ),
        ],
        |(rule, policies, boundary, scps, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies,
                boundary,
                scps,
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}
