//! Policy variables in the policies of two sides: each stands for the value of a condition key in the request.

use serde_json::{Value as Json, json};

use super::{compare, policy, shown};
use crate::common::table::each;

const QUEUES: &str = "*";
pub(super) const OBJECT: &str = "s3:GetObject";

pub(super) fn send(effect: &str, condition: Json) -> Json {
    json!({"Effect": effect, "Action": "sqs:SendMessage", "Resource": QUEUES, "Condition": condition})
}

pub(super) fn read(effect: &str, resource: &str) -> Json {
    json!({"Effect": effect, "Action": OBJECT, "Resource": format!("arn:aws:s3:::bkt/{resource}")})
}

pub(super) fn prefix(effect: &str, operator: &str, value: &str) -> Json {
    json!({"Effect": effect, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bkt",
        "Condition": {operator: {"s3:prefix": value}}})
}

fn old_version(statements: Json) -> String {
    json!({"Version": "2008-10-17", "Statement": statements}).to_string()
}

pub(super) fn names(count: usize) -> Vec<String> {
    (10..10 + count).map(|n| format!("n{n}")).collect()
}

#[test]
fn a_variable_is_the_value_of_its_key() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:";
    let endpoint = |value: &str| json!({"StringEquals": {"aws:SourceVpce": value}});
    let tagged = || json!({"StringEquals": {"aws:SourceVpce": "v", "aws:PrincipalTag/vpce": "v"}});
    let tag = "${aws:PrincipalTag/vpce}";
    let at = |resource: &str, key: &str, value: &str| {
        json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resource,
            "Condition": {"StringEquals": {key: value}}})
    };
    let home = |values: Json| {
        json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bkt",
            "Condition": {"StringLike": {"s3:prefix": values}}})
    };
    let named = |condition: Json| {
        json!({"Effect": "Allow", "Action": OBJECT, "Resource": "arn:aws:s3:::bkt/${aws:username}/*",
            "Condition": condition})
    };
    let denied = |condition: Json| json!({"Effect": "Deny", "Action": OBJECT, "Resource": "*", "Condition": condition});
    let capitals: Vec<String> = names(20).iter().map(|n| n.to_uppercase()).collect();
    let absent = |resource: &str| {
        let mut statement = read("Allow", resource);
        statement["Condition"] = json!({"Null": {"aws:PrincipalTag/team": "true"}});
        statement
    };
    let own = |folder: char| read("Allow", &format!("{folder}/${{aws:username}}"));
    let folder = |name: &str| read("Deny", &format!("${{aws:username}}/{name}*"));
    let of_role = |account: &str| {
        json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{account}:role/a")},
            "StringEquals": {"aws:PrincipalTag/account": "123456789012"}})
    };
    let keys = (0..6).map(|n| format!("aws:PrincipalTag/k{n}"));
    let tags = keys.clone().map(|key| format!("{key}=a-"));
    let tags = tags.collect::<Vec<_>>().join("; ");
    let by_tag = keys.map(|key| (key, "${aws:username}-*")).collect::<Json>();
    let eight = "${aws:username}/${aws:userid}/${aws:SourceVpc}/${aws:SourceVpce}/${aws:PrincipalOrgID}/\
        ${aws:UserAgent}/${aws:Referer}/${aws:FederatedProvider}";
    each(
        [
            // Both keys are one text: that the tag is listed as well allows nothing more.
            (
                policy(json!([send("Allow", tagged())])),
                policy(json!([send("Allow", endpoint(tag))])),
                format!("{queue}b; aws:PrincipalTag/vpce=a; aws:SourceVpce=a"),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([
                    send("Allow", tagged()),
                    send("Deny", endpoint(tag))
                ])),
                String::new(),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([send("Allow", endpoint(tag))])),
                format!("{queue}b; aws:SourceVpce=a; aws:PrincipalTag/vpce=a"),
                String::new(),
            ),
            // Under the older version a variable is text.
            (
                policy(json!([read("Allow", "${aws:username}/*")])),
                old_version(json!([read("Allow", "${aws:username}/*")])),
                "arn:aws:s3:::bkt/${aws:username}/a; aws:username=a".to_owned(),
                "arn:aws:s3:::bkt/a/a; aws:username=a".to_owned(),
            ),
            // Condition keys have no case.
            (
                policy(json!([
                    read("Allow", "${aws:username}/*"),
                    send("Allow", endpoint("${aws:PRINCIPALTAG/vpce}"))
                ])),
                policy(json!([
                    read("Allow", "${aws:UserName}/*"),
                    send("Allow", endpoint(tag))
                ])),
                String::new(),
                String::new(),
            ),
            // The escapes are characters.
            (
                policy(json!([read("Allow", "${*}")])),
                policy(json!([read("Allow", "*")])),
                "arn:aws:s3:::bkt/c".to_owned(),
                String::new(),
            ),
            // A folder of one user, of every user, and of users whose name another string lists.
            (
                policy(json!([read("Allow", "${aws:username}/*")])),
                policy(json!([read("Allow", "bob/*")])),
                "arn:aws:s3:::bkt/bob/a".to_owned(),
                "arn:aws:s3:::bkt/${aws:username}/a".to_owned(),
            ),
            (
                policy(json!([read("Allow", "${aws:username}/*")])),
                policy(json!([
                    read("Allow", "${aws:username}/*"),
                    read("Deny", "root/*")
                ])),
                String::new(),
                "arn:aws:s3:::bkt/root/a; aws:username=root".to_owned(),
            ),
            (
                policy(json!([
                    read("Allow", "*"),
                    read("Deny", "${aws:username}/*")
                ])),
                policy(json!([
                    read("Allow", "*"),
                    read("Deny", "${aws:username}/*"),
                    read("Deny", "${aws:username}/b/*")
                ])),
                String::new(),
                String::new(),
            ),
            (
                policy(json!([home(json!(["home/${aws:username}/*"]))])),
                policy(json!([home(json!(["home/*"]))])),
                "arn:aws:s3:::bkt; s3:prefix=home/; aws:username=a".to_owned(),
                String::new(),
            ),
            // The value of the variable is none of the folders that are listed.
            (
                policy(json!([home(json!(["home/a/*", "home/${aws:username}/*"]))])),
                policy(json!([home(json!(["home/a/*"]))])),
                String::new(),
                "arn:aws:s3:::bkt; s3:prefix=home/b/; aws:username=b".to_owned(),
            ),
            // Without wildcards, `*` in a text with a variable is a character.
            (
                policy(json!([prefix(
                    "Allow",
                    "StringEquals",
                    "${aws:username}/*"
                )])),
                policy(json!([prefix("Allow", "StringLike", "${aws:username}/*")])),
                "arn:aws:s3:::bkt; s3:prefix=a/; aws:username=a".to_owned(),
                String::new(),
            ),
            // The Region that the variable stands for is that of the queue.
            (
                policy(json!([])),
                policy(json!([
                    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:*:*",
                        "Condition": {"StringEquals": {"aws:PrincipalTag/region": "${aws:RequestedRegion}"}}},
                    send("Deny", json!({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}))
                ])),
                "arn:aws:sqs:eu-west-1:123456789012:b; aws:PrincipalTag/region=eu-west-1; aws:RequestedRegion=eu-west-1"
                    .to_owned(),
                String::new(),
            ),
            // Twice the same variable is twice the same text.
            (
                policy(json!([prefix("Allow", "StringEquals", "abab")])),
                policy(json!([
                    prefix("Allow", "StringEquals", "abab"),
                    prefix("Deny", "StringEquals", "${aws:username}${aws:username}")
                ])),
                String::new(),
                "arn:aws:s3:::bkt; s3:prefix=abab; aws:username=ab".to_owned(),
            ),
            // The tag has the one value that the old policy allows.
            (
                policy(json!([send("Allow", endpoint("v"))])),
                policy(json!([
                    send("Allow", endpoint("v")),
                    send("Deny", endpoint(tag))
                ])),
                String::new(),
                format!("{queue}b; aws:SourceVpce=v; aws:PrincipalTag/vpce=v"),
            ),
            // A string of one key is the same text with a default and without.
            (
                policy(json!([read(
                    "Allow",
                    "${aws:username, 'd'}/${aws:username}"
                )])),
                policy(json!([
                    read("Allow", "${aws:username, 'd'}/${aws:username}"),
                    read("Allow", "${aws:username}/${aws:username}")
                ])),
                String::new(),
                String::new(),
            ),
            // No name is longer than itself, and `*` is a character here.
            (
                policy(json!([])),
                policy(
                    json!([{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*",
                    "Condition": {"StringEquals": {"aws:username": ["*${aws:username}", "${aws:username}*"]}}}]),
                ),
                String::new(),
                String::new(),
            ),
            // Every request has an id of its user.
            (
                policy(json!([read("Allow", "${aws:userid, 'all'}/*")])),
                policy(json!([read("Allow", "${aws:userid}/*")])),
                String::new(),
                String::new(),
            ),
            // The value is one that several lines list together.
            (
                policy(json!([])),
                policy(json!([
                    named(json!({"StringLike": {"aws:username": "a*"}})),
                    denied(json!({"StringNotLike": {"aws:username": "*b"}}))
                ])),
                "arn:aws:s3:::bkt/ab/a; aws:username=ab".to_owned(),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([
                    named(json!({"StringEqualsIgnoreCase": {"aws:username": "bob"}})),
                    denied(json!({"StringLike": {"aws:username": "b*"}}))
                ])),
                "arn:aws:s3:::bkt/Bob/a; aws:username=Bob".to_owned(),
                String::new(),
            ),
            // The name is made of the value of another key.
            (
                policy(json!([])),
                policy(json!([named(
                    json!({"StringLike": {"aws:username": "${aws:PrincipalTag/team}-x"}})
                )])),
                "arn:aws:s3:::bkt/a-x/a; aws:username=a-x; aws:PrincipalTag/team=a".to_owned(),
                String::new(),
            ),
            // Behind the fifth colon each variable is read, before it none.
            (
                policy(json!([])),
                policy(json!([{"Effect": "Allow", "Action": "logs:CreateLogStream",
                    "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:${aws:username}:*",
                    "Condition": {"StringEquals": {"aws:username": "bob"}}}])),
                "arn:aws:logs:us-east-1:123456789012:log-group:bob:log-stream:c; aws:username=bob"
                    .to_owned(),
                String::new(),
            ),
            (
                policy(json!([send("Allow", of_role("123456789012"))])),
                policy(json!([
                    send("Allow", of_role("123456789012")),
                    send("Deny", of_role("${aws:PrincipalTag/account}"))
                ])),
                String::new(),
                String::new(),
            ),
            // Strings about different keys never match the same text, and five that may are told apart.
            (
                policy(json!([])),
                policy(json!([send("Allow", json!({"StringLike": by_tag}))])),
                format!("{queue}b; {tags}; aws:username=a"),
                String::new(),
            ),
            (
                policy(json!([read("Allow", "*"), folder("")])),
                policy(json!([
                    read("Allow", "*"),
                    folder(""),
                    folder("b/"),
                    folder("c/"),
                    folder("d/"),
                    folder("e/")
                ])),
                String::new(),
                String::new(),
            ),
            // Strings that never match the same text are told apart without a limit.
            (
                policy(json!([])),
                policy(('a'..='f').map(own).collect::<Json>()),
                "arn:aws:s3:::bkt/a/${aws:username}".to_owned(),
                String::new(),
            ),
            // The one name for which it shows, though the statements hold for every name.
            (
                policy(json!([
                    read("Allow", "${aws:username}/*"),
                    read("Deny", "${aws:username}/z")
                ])),
                policy(json!([
                    read("Allow", "${aws:username}/*"),
                    {"Effect": "Deny", "Action": OBJECT,
                        "Resource": ["arn:aws:s3:::bkt/root/*", "arn:aws:s3:::bkt/${aws:username}/z"]}
                ])),
                String::new(),
                "arn:aws:s3:::bkt/root/a; aws:username=root".to_owned(),
            ),
            // As many names as are tried.
            (
                policy(json!([])),
                policy(json!([named(
                    json!({"StringEquals": {"aws:username": names(23)}})
                )])),
                "arn:aws:s3:::bkt/n10/a; aws:username=n10".to_owned(),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([named(
                    json!({"StringEqualsIgnoreCase": {"aws:username": capitals}})
                )])),
                "arn:aws:s3:::bkt/n10/a; aws:username=n10".to_owned(),
                String::new(),
            ),
            // A string of many variables.
            (
                policy(json!([read("Allow", eight)])),
                policy(json!([])),
                String::new(),
                format!("arn:aws:s3:::bkt/{eight}"),
            ),
            // In a list of texts without wildcards, `*` and `?` are characters whatever the variables beside it are.
            (
                policy(json!([
                    prefix("Allow", "StringEquals", "a*"),
                    prefix("Allow", "StringEquals", "c?"),
                    prefix("Allow", "StringEquals", "${aws:username}/"),
                    prefix("Allow", "StringEquals", "b/")
                ])),
                policy(json!([
                    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bkt",
                        "Condition": {"StringEquals": {"s3:prefix": ["a*", "c?", "${aws:username}/"]}}},
                    prefix("Allow", "StringEquals", "b/")
                ])),
                String::new(),
                String::new(),
            ),
            // A key that repeats a field of the ARN is compared with a variable.
            (
                policy(json!([])),
                policy(json!([at(&format!("{queue}q"), "aws:ResourceAccount", "${aws:PrincipalAccount}")])),
                format!("{queue}q; aws:ResourceAccount=123456789012; aws:PrincipalAccount=123456789012"),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([
                    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": format!("{queue}q")},
                    {"Effect": "Deny", "Action": "*", "Resource": "*",
                        "Condition": {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}}
                ])),
                format!("{queue}q; aws:ResourceAccount=123456789012; aws:PrincipalAccount=123456789012"),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([at("arn:aws:sqs:eu-west-1:*:*", "aws:PrincipalTag/region", "${aws:RequestedRegion}")])),
                "arn:aws:sqs:eu-west-1:123456789012:b; aws:PrincipalTag/region=eu-west-1; aws:RequestedRegion=eu-west-1".to_owned(),
                String::new(),
            ),
            // A Region with a wildcard matters only to lines that compare the Region with a variable.
            (
                policy(json!([])),
                policy(json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-*:123456789012:q",
                    "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:PrincipalTag/a": "${aws:username}"}}}])),
                format!("{queue}q; aws:PrincipalTag/a=a; aws:RequestedRegion=us-east-1; aws:username=a"),
                String::new(),
            ),
            // A key whose values are of a few forms is compared with a variable.
            (
                policy(json!([])),
                policy(json!([at(&format!("{queue}q"), "aws:PrincipalType", "${aws:username}")])),
                format!("{queue}q; aws:PrincipalType=AssumedRole; aws:username=AssumedRole"),
                String::new(),
            ),
            (
                policy(json!([])),
                policy(json!([at(&format!("{queue}q"), "aws:ViaAWSService", "${aws:username}")])),
                format!("{queue}q; aws:ViaAWSService=false; aws:username=false"),
                String::new(),
            ),
            // A tag may be the text of a Boolean.
            (
                policy(json!([])),
                policy(json!([{"Effect": "Allow", "Action": OBJECT, "Resource": "arn:aws:s3:::bkt/${aws:PrincipalTag/t}/*",
                    "Condition": {"Bool": {"aws:PrincipalTag/t": "true"}}}])),
                "arn:aws:s3:::bkt/true/a; aws:PrincipalTag/t=true".to_owned(),
                String::new(),
            ),
            // The default alone, where the key is never there.
            (
                policy(json!([absent("all/*")])),
                policy(json!([absent("${aws:PrincipalTag/team, 'all'}/*")])),
                String::new(),
                String::new(),
            ),
            // A default stands for a key that is not there.
            (
                policy(json!([
                    read("Allow", "${aws:PrincipalTag/team, 'all'}/a*"),
                    read("Allow", "${aws:PrincipalTag/team, 'all'}/b*")
                ])),
                policy(json!([
                    read("Allow", "${aws:PrincipalTag/team}/a*"),
                    read("Allow", "${aws:PrincipalTag/team}/b*")
                ])),
                String::new(),
                "arn:aws:s3:::bkt/all/a; no aws:PrincipalTag/team".to_owned(),
            ),
            (
                policy(json!([read("Allow", "${aws:PrincipalTag/team, 'all'}/*")])),
                policy(json!([read("Allow", "${aws:PrincipalTag/team}/*")])),
                String::new(),
                "arn:aws:s3:::bkt/all/a; no aws:PrincipalTag/team".to_owned(),
            ),
        ],
        |(old, new, gained, lost)| {
            let found = compare(std::slice::from_ref(&old), std::slice::from_ref(&new));
            assert!(found.undecided.is_empty(), "{old}\n{new}\n{found:?}");
            assert_eq!(shown(&found.gained), gained, "{old}\n{new}");
            assert_eq!(shown(&found.lost), lost, "{old}\n{new}");
        },
    );
}
