//! Placeholders of principals, limits on what is compared, and differences that are joined.

use pcluster_iam::catalog::Catalog;
use pcluster_iam::diff::difference::{Assumption, TrustDifference, trust_difference};
use pcluster_iam::parser::TrustPolicy;
use pcluster_iam::reference::bindings::{Bindings, Origin};
use serde_json::json;

use super::{ONE, TWO, allow_all, compare, trusts};

/// Templates and modules write the placeholders of principals in their own ways.
#[test]
fn placeholders_of_principals_have_values() {
    let root = |account: &str| {
        let arn = format!("arn:${{AWS::Partition}}:iam::{account}:root");
        trusts(&[allow_all(&[arn])])
    };
    let bindings = [("Account", ONE), ("Other", "2*")];
    let mut given = Bindings::new();
    for (name, value) in bindings {
        given.set(name, value, Origin::Default);
    }
    let compare = |old: &str, new: &[TrustPolicy]| {
        trust_difference(Catalog::embedded(), &given, &root(old), new)
    };
    let one = trusts(&[allow_all(&[ONE.to_owned()])]);
    assert!(compare("${AWS::AccountId}", &one).is_empty());
    assert!(compare("${Account}", &one).is_empty());
    // What has no single value is like no account.
    let found = compare("${Other}", &one);
    let shown = |list: &[Assumption]| list.iter().map(|c| c.principal.clone()).collect::<Vec<_>>();
    assert_eq!(shown(&found.gained), ["account 111111111111"; 2]);
    assert_eq!(shown(&found.lost), ["account ${Other}"; 2]);
}

#[test]
fn what_is_undecided_is_listed_once() {
    let accounts: Vec<_> = (0..400).map(|n| format!("{n:012}")).collect();
    let many = compare(&[allow_all(&accounts)], &[allow_all(&accounts[1..])]);
    assert_eq!(many.undecided, ["403 principals"]);
    let most = compare(
        &[allow_all(&accounts[..397])],
        &[allow_all(&accounts[1..397])],
    );
    assert_eq!((most.undecided.len(), most.lost.len()), (0, 2));
    let mut all = TrustDifference::default();
    all.join(many.clone());
    all.join(many);
    assert_eq!(all.undecided, ["403 principals"]);
    // More contexts than are tried.
    let mut one = allow_all(&[ONE.to_owned()]);
    let values: Vec<_> = (0..201).map(|n| format!("o-{n}")).collect();
    one["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": values}});
    let found = compare(&[one], &[allow_all(&[ONE.to_owned()])]);
    assert_eq!(found.undecided, ["account 111111111111"]);
    assert!(found.gained.is_empty() && found.lost.is_empty());
    // A variable within a text without regard to case, and one whose values are not all known.
    for (operator, name, lost) in [
        ("StringEqualsIgnoreCase", "a${aws:username}", 1),
        ("StringEqualsIgnoreCase", "a${aws:PrincipalArn}", 0),
        ("StringEquals", "${aws:PrincipalArn}", 0),
    ] {
        let plain =
            json!({"Effect": "Allow", "Principal": {"AWS": ONE}, "Action": "sts:AssumeRole"});
        let mut named = plain.clone();
        named["Condition"] = json!({operator: {"sts:RoleSessionName": name}});
        let found = compare(&[plain], &[named]);
        assert_eq!(found.undecided, ["account 111111111111"], "{name}");
        assert_eq!((found.gained.len(), found.lost.len()), (0, lost), "{name}");
    }
    // Each change of several readings is listed once, too.
    let mut all = TrustDifference::default();
    for _ in 0..3 {
        let [one, two] = [ONE, TWO].map(|account| allow_all(&[account.to_owned()]));
        all.join(compare(&[one], &[two]));
    }
    for (list, account) in [(all.gained, TWO), (all.lost, ONE)] {
        let changes = list
            .iter()
            .map(|c| format!("{} by {}", c.action, c.principal));
        let expected = ["sts:AssumeRole", "sts:TagSession"];
        let expected = expected.map(|action| format!("{action} by account {account}"));
        assert_eq!(changes.collect::<Vec<_>>(), expected);
    }
}
