//! The role or user that a file says its policies belong to.

use super::json::{Kind, Member, Value};
use super::quote::shorten_to;
use super::source::Spanned;

/// Facts that the AWS CLI prints about a role beside its policies. Of a user there is only the ARN.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Owner {
    /// `RoleName`.
    pub name: Option<Spanned<String>>,
    /// As [`role_arn`] or [`user_arn`].
    pub full_arn: Option<String>,
    /// `Arn` of the role.
    pub arn: Option<Spanned<String>>,
    /// ARNs, or else names, of the instance profiles that contain the role.
    pub profiles: Vec<Spanned<String>>,
    /// The tags of the role that are known.
    pub tags: Tags,
}

/// Tags of a role: keys and values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tags {
    /// Those that are known.
    pub known: Vec<(String, String)>,
    /// Whether the role has no others.
    pub are_all: bool,
}

impl Owner {
    /// The name of the role, and its place.
    pub fn role_name(&self) -> Option<Spanned<String>> {
        let of_arn = |arn: &Spanned<String>| Spanned {
            value: name_in(&arn.value).to_owned(),
            span: arn.span,
        };
        self.name.clone().or_else(|| self.arn.as_ref().map(of_arn))
    }

    /// Whether it is a user.
    pub fn is_user(&self) -> bool {
        { self.full_arn.as_ref() }.is_some_and(|arn| arn.contains(":user/"))
    }

    /// The role or user that the members of an object name; `None` if they name none.
    pub(super) fn of(members: &[Member<'_>]) -> Option<Self> {
        let mut owner = Owner::default();
        let (mut path, mut user, mut user_with_path) = (None, None, None);
        for Member { key, value } in members {
            match key.value.as_str() {
                "RoleName" => owner.name = text(*value),
                "Path" => path = text(*value).map(|path| path.value),
                "UserName" => user = text(*value),
                "Arn" => {
                    let arn = text(*value);
                    user_with_path = arn.clone().filter(|arn| arn.value.contains(":user/"));
                    owner.arn = arn.filter(|arn| arn.value.contains(":role/"));
                }
                "Tags" if value.kind() == Kind::Array => owner.tags = tags(*value),
                "InstanceProfileList" if value.kind() == Kind::Array => {
                    let profiles = value.elements().into_iter().filter_map(|profile| {
                        if profile.kind() != Kind::Object {
                            return None;
                        }
                        let of = |key| profile.member(key).and_then(text);
                        of("Arn").or_else(|| of("InstanceProfileName"))
                    });
                    owner.profiles = profiles.collect();
                }
                _ => {}
            }
        }
        owner.full_arn = match (&owner.arn, &owner.name) {
            (Some(arn), _) => is_plain(&arn.value).then(|| arn.value.clone()),
            (None, Some(name)) => role_arn(path.as_deref(), &name.value),
            (None, None) => match (user_with_path, user) {
                (Some(arn), _) => Some(arn.value).filter(|arn| is_plain(arn)),
                (None, Some(name)) => user_arn(path.as_deref(), &name.value),
                (None, None) => return None,
            },
        };
        Some(owner)
    }
}

/// Whether a text has only characters that names, paths and ARNs of roles have.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn is_plain(text: &str) -> bool {
    let is_special = |c: char| "_+=,.@-/:".contains(c);
    text.len() < LONGEST_NAME
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || is_special(c))
}

/// The ARN of a role by its path, where that is known, and its name: `*` stands for an unknown part, `${Partition}` and
/// `${Account}` for those of the account. `None` for a name that IAM does not take.
pub fn role_arn(path: Option<&str>, name: &str) -> Option<String> {
    principal_arn("role", path, name)
}

/// The same of a role in whose path and name `*` stands for each part that is not known.
pub fn open_role_arn(path: &str, name: &str) -> Option<String> {
    let is_known = |text: &str| is_plain(&text.replace('*', ""));
    let is_path = path.starts_with('/') && path.ends_with(['/', '*']) && is_known(path);
    let path = if is_path { path } else { "/*" };
    let is_name = !name.is_empty() && is_known(name) && !name.contains(['/', ':']);
    is_name.then(|| format!("arn:${{Partition}}:iam::${{Account}}:role{path}{name}"))
}

/// The same for a user.
pub fn user_arn(path: Option<&str>, name: &str) -> Option<String> {
    principal_arn("user", path, name)
}

fn principal_arn(kind: &str, path: Option<&str>, name: &str) -> Option<String> {
    let is_path = |path: &&str| path.starts_with('/') && path.ends_with('/') && is_plain(path);
    // Whatever the path is, the ARN ends in the name.
    let path = path.filter(is_path).unwrap_or("/*");
    let is_name = !name.is_empty() && is_plain(name) && !name.contains(['/', ':']);
    is_name.then(|| format!("arn:${{Partition}}:iam::${{Account}}:{kind}{path}{name}"))
}

/// The name at the end of an ARN, or of a path.
pub fn name_in(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// The tags of a role, all of which the AWS CLI prints.
fn tags(list: Value<'_>) -> Tags {
    let elements = list.elements();
    let of = |tag: &Value<'_>, key: &str| {
        let value = tag.member(key).filter(|_| tag.kind() == Kind::Object)?;
        Some(value.string()?.value.clone())
    };
    let known: Vec<_> = { elements.iter() }
        .filter_map(|tag| Some((of(tag, "Key")?, of(tag, "Value")?)))
        .collect();
    Tags {
        are_all: known.len() == elements.len(),
        known,
    }
}

fn text(value: Value<'_>) -> Option<Spanned<String>> {
    let text = value.string()?;
    Some(Spanned {
        value: shorten_to(&text.value, LONGEST_NAME),
        span: text.span,
    })
}

/// The longest ARN of a policy has fewer characters.
pub(super) const LONGEST_NAME: usize = 256;
