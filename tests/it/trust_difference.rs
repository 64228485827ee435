//! What changes in who can assume a role: against trying every request of a small world, and row by row.

mod edges;
mod random;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::diff::difference::{Assumption, TrustDifference, trust_difference};
use pcluster_iam::parser::{Source, Sources, TrustPolicy, parse};
use pcluster_iam::reference::bindings::Bindings;
use serde_json::{Value, json};

const ONE: &str = "111111111111";

const TWO: &str = "222222222222";

const GITHUB: &str = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";

fn trusts(statements: &[Value]) -> Vec<TrustPolicy> {
    let grants = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]});
    let detail = json!({"RoleName": "r", "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": grants}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements}});
    let mut sources = Sources::new();
    let id = sources.add(Source::new("r.json", detail.to_string()));
    let trusts = parse(id, sources.get(id)).trusts;
    assert!(!trusts.is_empty(), "{detail}");
    trusts
}

fn compare(old: &[Value], new: &[Value]) -> TrustDifference {
    trust_difference(
        Catalog::embedded(),
        &Bindings::new(),
        &trusts(old),
        &trusts(new),
    )
}

/// Rows of old and new statements, and who gains and who loses what.
#[test]
fn each_change_of_trust_is_reported() {
    let allow = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    let with = |mut one: Value, condition: Value| {
        one["Condition"] = condition;
        one
    };
    let ec2 = allow(json!({"Service": "ec2.amazonaws.com"}));
    let lambda = allow(json!({"Service": "lambda.amazonaws.com"}));
    let one = allow(json!({"AWS": ONE}));
    let root = allow(json!({"AWS": "arn:aws:iam::111111111111:root"}));
    let role = allow(json!({"AWS": "arn:aws:iam::111111111111:role/path/a"}));
    let session = allow(json!({"AWS": "arn:aws:sts::111111111111:assumed-role/a/s"}));
    let everyone = allow(json!("*"));
    let china = "arn:aws-cn:iam::111111111111:root";
    let of_org = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let of_account = json!({"StringEquals": {"aws:PrincipalAccount": ONE}});
    let web = |sub: &str| {
        json!({"Effect": "Allow", "Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": sub}}})
    };
    let tag = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:TagSession"});
    let deny = |principal: Value| json!({"Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole"});
    let lambda_name = "lambda.amazonaws.com";
    let name = json!({"StringEquals": {"aws:PrincipalServiceName": lambda_name}});
    let names = json!({"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": lambda_name}});
    let is_service = json!({"Bool": {"aws:PrincipalIsAWSService": "true"}});
    let any_web =
        json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"});
    let session_name = |operator: &str, name: &str| {
        with(
            one.clone(),
            json!({operator: {"sts:RoleSessionName": name}}),
        )
    };
    let user = "${aws:username}";
    let mut wrong = Vec::new();
    for (old, new, gained, lost) in [
        // The forms of an account, of everybody, and of lists are the same.
        (vec![one.clone()], vec![root.clone()], vec![], vec![]),
        (
            vec![everyone.clone()],
            vec![allow(json!({"AWS": "*"}))],
            vec![],
            vec![],
        ),
        (
            vec![ec2.clone(), lambda.clone()],
            vec![allow(
                json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
            )],
            vec![],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), tag.clone()],
            vec!["sts:TagSession by ec2.amazonaws.com"],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![lambda.clone()],
            vec!["sts:AssumeRole by lambda.amazonaws.com"],
            vec!["sts:AssumeRole by ec2.amazonaws.com"],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), everyone.clone()],
            vec!["sts:AssumeRole by any AWS account"],
            vec![],
        ),
        (
            vec![role.clone()],
            vec![root.clone()],
            vec!["sts:AssumeRole by account 111111111111"],
            vec![],
        ),
        (
            vec![root.clone()],
            vec![role.clone()],
            vec![],
            vec!["sts:AssumeRole by account 111111111111"],
        ),
        // The sessions of a role are the role's.
        (
            vec![role.clone()],
            vec![role.clone(), session.clone()],
            vec![],
            vec![],
        ),
        (
            vec![session.clone()],
            vec![role.clone()],
            vec!["sts:AssumeRole by arn:aws:iam::111111111111:role/path/a"],
            vec![],
        ),
        // Conditions.
        (
            vec![with(everyone.clone(), of_org.clone())],
            vec![everyone.clone()],
            vec!["sts:AssumeRole by any AWS account"],
            vec![],
        ),
        (
            vec![everyone.clone()],
            vec![with(everyone.clone(), of_org)],
            vec![],
            vec!["sts:AssumeRole by any AWS account"],
        ),
        (
            vec![one.clone()],
            vec![with(everyone.clone(), of_account.clone())],
            vec![],
            vec![],
        ),
        (
            vec![one.clone()],
            vec![with(one.clone(), of_account)],
            vec![],
            vec![],
        ),
        (
            vec![with(
                one.clone(),
                json!({"StringEquals": {"sts:ExternalId": "x"}}),
            )],
            vec![with(
                one.clone(),
                json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
            )],
            vec!["sts:AssumeRole by account 111111111111"],
            vec![],
        ),
        (
            vec![web("repo:a/b:*")],
            vec![web("repo:a/*")],
            vec![&*format!("sts:AssumeRoleWithWebIdentity by {GITHUB}")],
            vec![],
        ),
        (
            vec![web("repo:a/*")],
            vec![web("repo:a/*"), web("repo:a/b:*")],
            vec![],
            vec![],
        ),
        // A Deny takes away.
        (
            vec![one.clone()],
            vec![one.clone(), deny(json!({"AWS": ONE}))],
            vec![],
            vec!["sts:AssumeRole by account 111111111111"],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), deny(json!({"AWS": TWO}))],
            vec![],
            vec![],
        ),
        (
            vec![everyone.clone(), deny(json!({"AWS": TWO}))],
            vec![everyone.clone()],
            vec!["sts:AssumeRole by account 222222222222"],
            vec![],
        ),
        // Accounts come before single principals.
        (
            vec![ec2.clone()],
            vec![ec2.clone(), role.clone(), allow(json!({"AWS": TWO}))],
            vec![
                "sts:AssumeRole by account 222222222222",
                "sts:AssumeRole by arn:aws:iam::111111111111:role/path/a",
            ],
            vec![],
        ),
        // Only requests of services have the name of a service.
        (
            vec![web("repo:a/b:*")],
            vec![web("repo:a/b:*"), with(web("*"), name.clone())],
            vec![],
            vec![],
        ),
        (
            vec![one.clone()],
            vec![one.clone(), with(allow(json!({"AWS": TWO})), names.clone())],
            vec![],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), with(lambda.clone(), name.clone())],
            vec!["sts:AssumeRole by lambda.amazonaws.com"],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), with(lambda, names)],
            vec!["sts:AssumeRole by lambda.amazonaws.com"],
            vec![],
        ),
        // Known of a principal: whether it is a service, which one, and its ARN.
        (
            vec![ec2.clone()],
            vec![with(
                ec2.clone(),
                json!({"Bool": {"aws:PrincipalIsAWSService": "true"},
                    "StringEquals": {"aws:PrincipalServiceName": "ec2.amazonaws.com"}}),
            )],
            vec![],
            vec![],
        ),
        (
            vec![one.clone()],
            vec![with(
                one.clone(),
                json!({"Null": {"aws:PrincipalServiceName": "true", "aws:PrincipalServiceNamesList": "true"}}),
            )],
            vec![],
            vec![],
        ),
        (
            vec![allow(json!({"AWS": china}))],
            vec![with(
                allow(json!({"AWS": china})),
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws-cn:iam::111111111111:*"}}),
            )],
            vec![],
            vec![],
        ),
        // A service that a Condition names is not any service.
        (
            vec![ec2.clone()],
            vec![ec2.clone(), with(everyone.clone(), name.clone())],
            vec!["sts:AssumeRole by lambda.amazonaws.com"],
            vec![],
        ),
        // The widest come first: services, then accounts.
        (
            vec![ec2.clone()],
            vec![
                ec2.clone(),
                allow(json!({"AWS": TWO})),
                with(everyone.clone(), is_service),
            ],
            vec![
                "sts:AssumeRole by any service",
                "sts:AssumeRole by account 222222222222",
            ],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![ec2.clone(), allow(json!({"AWS": TWO})), any_web],
            vec![
                "sts:AssumeRoleWithWebIdentity by any identity provider",
                "sts:AssumeRole by account 222222222222",
            ],
            vec![],
        ),
        // The root of an account is the account, in a Condition as well.
        (
            vec![ec2.clone()],
            vec![
                ec2.clone(),
                with(
                    everyone.clone(),
                    json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:root"}}),
                ),
            ],
            vec!["sts:AssumeRole by account 111111111111"],
            vec![],
        ),
        // A role has its own ARN, and every user and role has an id.
        (
            vec![role.clone()],
            vec![with(
                role.clone(),
                json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/path/a"}}),
            )],
            vec![],
            vec![],
        ),
        (
            vec![one.clone()],
            vec![with(one.clone(), json!({"Null": {"aws:userid": "false"}}))],
            vec![],
            vec![],
        ),
        // Twelve characters are no account, and neither are other digits.
        (
            vec![ec2.clone()],
            vec![ec2.clone(), allow(json!({"AWS": "AIDAEXAMPLE1"}))],
            vec!["sts:AssumeRole by AIDAEXAMPLE1"],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![
                ec2.clone(),
                with(
                    everyone.clone(),
                    json!({"StringEquals": {"aws:PrincipalAccount": "1234"}}),
                ),
            ],
            vec!["sts:AssumeRole by any AWS account"],
            vec![],
        ),
        // A policy variable is the value of its key.
        (
            vec![one.clone()],
            vec![session_name("StringLike", user)],
            vec![],
            vec!["sts:AssumeRole by account 111111111111"],
        ),
        (
            vec![session_name("StringLike", user)],
            vec![session_name("StringEquals", user)],
            vec![],
            vec![],
        ),
        (
            vec![session_name("StringEquals", user)],
            vec![session_name("StringLike", "${aws:username}*")],
            vec!["sts:AssumeRole by account 111111111111"],
            vec![],
        ),
        (
            vec![one.clone()],
            vec![session_name("StringEquals", "${aws:userid}")],
            vec![],
            vec!["sts:AssumeRole by account 111111111111"],
        ),
        // Who is among others is not listed beside them.
        (
            vec![ec2.clone()],
            vec![
                ec2.clone(),
                root.clone(),
                allow(json!({"AWS": "arn:aws:iam::111111111111:role/path/b"})),
            ],
            vec!["sts:AssumeRole by account 111111111111"],
            vec![],
        ),
        (
            vec![ec2.clone()],
            vec![
                ec2,
                allow(json!("*")),
                allow(json!({"AWS": TWO})),
                allow(json!({"AWS": china})),
            ],
            vec!["sts:AssumeRole by any AWS account"],
            vec![],
        ),
    ] {
        let found = compare(&old, &new);
        let names = |list: &[Assumption]| -> Vec<String> {
            list.iter()
                .map(|one| format!("{} by {}", one.action, one.principal))
                .collect()
        };
        let is = (names(&found.gained), names(&found.lost));
        if is.0 != gained || is.1 != lost || !found.undecided.is_empty() {
            wrong.push(format!(
                "{}\n→ {}\n{is:?}, expected {gained:?}, {lost:?}",
                json!(old),
                json!(new)
            ));
        }
        assert!(compare(&new, &new).is_empty(), "{}", json!(new));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn allow_all(principals: &[String]) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": ["sts:AssumeRole", "sts:TagSession"]})
}

#[test]
fn a_change_is_at_the_principals_of_its_side() {
    let [old, new] = [&[ONE][..], &[ONE, TWO]].map(|accounts| {
        let accounts = accounts.iter().map(|&a| a.to_owned());
        trusts(&[allow_all(&accounts.collect::<Vec<_>>())])
    });
    let place = new[0].statements[0].principals[1].value.span;
    for (found, list) in [
        (
            trust_difference(Catalog::embedded(), &Bindings::new(), &old, &new),
            "gained",
        ),
        (
            trust_difference(Catalog::embedded(), &Bindings::new(), &new, &old),
            "lost",
        ),
    ] {
        let changes = if list == "gained" {
            &found.gained
        } else {
            &found.lost
        };
        let spans = changes
            .iter()
            .flat_map(|c| &c.places)
            .map(|(_, span)| *span);
        assert_eq!(spans.collect::<Vec<_>>(), [place, place], "{list}");
    }
    // The other side allows it as well, and denies it.
    let allow = allow_all(&[ONE.to_owned()]);
    let mut deny = allow.clone();
    deny["Effect"] = json!("Deny");
    let found = compare(&[allow.clone(), deny], &[allow]);
    assert!(
        found.gained.iter().all(|c| c.places.len() == 1),
        "{found:?}"
    );
    assert_eq!(found.gained.len(), 2);
}
