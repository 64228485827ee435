//! What the AWS CLI prints about principals and policies.

use super::json::{Kind, Member, Value};
use super::policy::Problem;

const OF_ROLE: &str =
    "get what a role may do with `aws iam get-role-policy --role-name ROLE --policy-name POLICY`";
const OF_ACCOUNT: &str =
    "`aws iam get-account-authorization-details` prints the policies of all roles and users";
const OF_USER: &str =
    "get what a user may do with `aws iam get-user-policy --user-name USER --policy-name POLICY`";
const OF_GROUP: &str = "get what a group grants with `aws iam get-group-policy --group-name GROUP --policy-name POLICY`";
const OF_POLICY: &str =
    "get each document with `aws iam get-policy-version --policy-arn ARN --version-id v1`";

/// A key of an output without policies, the command that prints it, and what to run instead.
const COMMANDS: [(&str, &str, &str); 12] = [
    (
        "AttachedPolicies",
        "list-attached-role-policies",
        "it names the policies only: get each with `aws iam get-policy-version --policy-arn ARN --version-id v1`",
    ),
    (
        "PolicyNames",
        "list-role-policies",
        "it names the policies only: get each with `aws iam get-role-policy --role-name ROLE --policy-name POLICY`",
    ),
    (
        "Policy",
        "get-policy",
        "it does not hold the document: `aws iam get-policy-version --policy-arn ARN --version-id v1` does",
    ),
    (
        "Versions",
        "list-policy-versions",
        "it does not hold the documents: `aws iam get-policy-version --policy-arn ARN --version-id v1` does",
    ),
    (
        "Role",
        "get-role",
        "it holds who may assume the role, not what the role may do: \
         get that with `aws iam get-role-policy --role-name ROLE --policy-name POLICY`, and give both files",
    ),
    ("Roles", "list-roles", OF_ACCOUNT),
    ("InstanceProfile", "get-instance-profile", OF_ROLE),
    ("InstanceProfiles", "list-instance-profiles", OF_ROLE),
    // Before `Users`, which the output has too.
    ("Group", "get-group", OF_GROUP),
    ("Groups", "list-groups", OF_ACCOUNT),
    ("User", "get-user", OF_USER),
    ("Users", "list-users", OF_ACCOUNT),
];

/// The key of the text of a policy of AWS Organizations.
pub(super) const CONTENT: &str = "Content";

/// The policy that `aws organizations describe-policy` prints.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Policy.html>
pub(super) fn of_organization(value: Value<'_>) -> Option<Value<'_>> {
    let members = value.last_members();
    let policy = members.iter().find(|m| m.key.value == "Policy")?.value;
    let is_it = policy.kind() == Kind::Object && policy.member(CONTENT).is_some();
    is_it.then_some(policy)
}

/// Refuses the output of a command that prints no policies.
pub(super) fn command(value: Value<'_>) -> Option<Problem> {
    let members = value.members();
    let is_nested = |m: &&Member<'_>| matches!(m.value.kind(), Kind::Object | Kind::Array);
    for (name, command, help) in COMMANDS {
        let mut nested = members.iter().filter(is_nested);
        if let Some(member) = nested.find(|m| m.key.value == name) {
            return Some(refused(member, &format!("iam {command}"), help));
        }
    }
    let identity = ["UserId", "Account", "Arn"];
    let is_identity = members.len() == identity.len() && { members.iter() }
        .all(|m| identity.contains(&m.key.value.as_str()));
    let first = members.first().filter(|_| is_identity)?;
    Some(refused(first, "sts get-caller-identity", OF_ROLE))
}

/// Refuses the managed policies that `list-policies` prints without their documents.
pub(super) fn listed(value: Value<'_>) -> Option<Problem> {
    const NAMES: [&str; 2] = ["Arn", "DefaultVersionId"];
    let members = value.members();
    let list = members.iter().find(|m| m.key.value == "Policies")?;
    if list.value.kind() != Kind::Array {
        return None;
    }
    let is_name = |element: &Value<'_>| {
        element.kind() == Kind::Object && {
            let members = element.members();
            let has = |key: &str| members.iter().any(|m| m.key.value == key);
            NAMES.iter().all(|key| has(key)) && members.iter().all(|m| !is_content(&m.value))
        }
    };
    let elements = list.value.elements();
    (!elements.is_empty() && elements.iter().all(is_name))
        .then(|| refused(list, "iam list-policies", OF_POLICY))
}

/// Whether a value may be more than a description: the tags of a policy are a list.
fn is_content(value: &Value<'_>) -> bool {
    match value.kind() {
        Kind::Object => true,
        Kind::Array => value.elements().iter().any(|e| e.member("Key").is_none()),
        _ => false,
    }
}

fn refused(member: &Member<'_>, command: &str, help: &str) -> Problem {
    let message = format!("this is the output of `aws {command}`, not a policy");
    Problem::invalid_json("document", message, member.key.span).with_help(help)
}

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
