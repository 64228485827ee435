//! The contents of AWS managed policies, from `rules/managed-policies.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::bindings::PARTITIONS;
use super::{RefStatement, Reference, from_policies};
use crate::parser::{self, Source, SourceId};

/// The service control policy that AWS Organizations attaches to every root, organizational unit and account when service
/// control policies are turned on: its name and its text.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
pub const FULL_ACCESS: (&str, &str) = (
    "FullAWSAccess",
    include_str!("../../rules/full-aws-access.json"),
);

/// The path and the text of each, by name.
static MANAGED: LazyLock<BTreeMap<&'static str, (&'static str, &'static str)>> =
    LazyLock::new(|| {
        let text = include_str!("../../rules/managed-policies.json");
        let read = serde_json::from_str::<File<'static>>(text);
        let policies = read.map(|file| file.policies).unwrap_or_default();
        let all = policies.into_iter();
        all.map(|(name, entry)| (name, (entry.path, entry.document.get())))
            .collect()
    });

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    policies: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    /// What precedes the name in the ARN: `service-role/`.
    #[serde(default)]
    path: &'a str,
    #[serde(borrow)]
    document: &'a RawValue,
}

/// What precedes the path in the ARN of a policy of AWS.
const OF_AWS: &str = ":iam::aws:policy/";

/// An AWS managed policy by the name in an ARN: what precedes the path, whether the path is the right one, the right path and
/// the text.
fn managed(arn: &str) -> Option<(&str, bool, &'static str, &'static str)> {
    let (before, path_and_name) = arn.split_once(OF_AWS)?;
    let name = path_and_name.rsplit('/').next()?;
    let (path, text) = MANAGED.get(name)?;
    let is_right = path_and_name.strip_suffix(name) == Some(*path);
    Some((before, is_right, path, text))
}

/// The text of an AWS managed policy, by its ARN: its ARNs are of the same partition, which may be the placeholder of a
/// reference.
pub fn managed_text(arn: &str) -> Option<Cow<'static, str>> {
    let (before, is_right, _, text) = managed(arn)?;
    let partition = before.strip_prefix("arn:").unwrap_or_default();
    let is_known = partition == "${Partition}" || PARTITIONS.contains(&partition);
    let is_other = partition != "aws" && is_known;
    is_right.then(|| {
        if is_other {
            Cow::Owned(text.replace("\"arn:aws:", &format!("\"arn:{partition}:")))
        } else {
            Cow::Borrowed(text)
        }
    })
}

/// The ARN of the AWS managed policy with the name that an ARN has, where that policy has another path: no policy has the
/// given ARN.
pub fn managed_elsewhere(arn: &str) -> Option<String> {
    let (before, is_right, path, _) = managed(arn)?;
    let name = arn.rsplit('/').next()?;
    (!is_right).then(|| format!("{before}{OF_AWS}{path}{name}"))
}

/// The statements of an AWS managed policy, by its ARN; none where its text is not known.
pub fn managed_statements_of(arn: &str) -> Vec<RefStatement> {
    /// Each is read once: the roles of an account have the same ones.
    static KNOWN: Mutex<BTreeMap<String, Vec<RefStatement>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(statements) = known.get(arn) {
        return statements.clone();
    }
    let policies = managed_text(arn)
        .map(|text| parser::parse(SourceId(0), &Source::new("managed", text.as_ref())).policies);
    let statements = from_policies(&policies.unwrap_or_default()).statements;
    known.insert(arn.to_owned(), statements.clone());
    statements
}

impl Reference {
    /// The statements of the AWS managed policies that the role must have besides.
    pub fn managed_statements(&self) -> Vec<RefStatement> {
        let arns = self.managed_policies.iter();
        arns.flat_map(|arn| managed_statements_of(arn)).collect()
    }
}
