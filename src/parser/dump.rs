//! The users, groups, roles and managed policies of an account, as `aws iam get-account-authorization-details` prints them.
//!
//! A dump may be hundreds of megabytes. [`pages`] goes over it once and cuts it into [`Part`]s; [`part`] reads one of them,
//! so that limits, and what is wrong, are those of one part.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

mod block_style;
mod details;
mod part_name;
mod trust;

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::audit;
use super::content::Document;
use super::decoded::Text;
use super::envelope;
use super::json::{self, Kind, Layer, Member, Places, Value};
use super::owner::Owner;
use super::policy::Problem;
use super::problem::Reader;
use super::source::{Source, SourceId, Span};
use super::syntax;
pub use part_name::{PartName, Uses, part_name};
use trust::trust;

/// The lists of a dump that hold principals.
const PRINCIPALS: [&str; 3] = ["UserDetailList", "GroupDetailList", "RoleDetailList"];
/// The key that every policy has.
const POLICY: &str = "Statement";
/// The key that a page has beside its lists.
const TRUNCATED: &str = "IsTruncated";
/// The key of a page after which others follow, where the AWS CLI cut the output itself (`--max-items`).
const NEXT: &str = "NextToken";

/// The greatest number of parts of one file: several times what the quotas of IAM let an account have.
const MOST_PARTS: usize = 50_000;

/// What a part of a dump describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartKind {
    /// An element of `UserDetailList`.
    User,
    /// An element of `GroupDetailList`.
    Group,
    /// An element of `RoleDetailList`.
    Role,
    /// An element of `Policies`: a managed policy.
    Policy,
}

/// One element of the lists of a dump.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What it describes.
    pub kind: PartKind,
    /// The bytes of the principal or policy in the file.
    pub span: Span,
    /// Whether it is an element of a YAML list, its dash included; else it is JSON.
    pub is_yaml: bool,
}

/// The content of a file that is a dump, or some pages of one.
#[derive(Debug, Default)]
pub struct Pages {
    /// In the order of the file.
    pub parts: Vec<Part>,
    /// Whether the last page says that more follow.
    pub is_truncated: bool,
    /// Whether it has the list of the account's roles.
    pub lists_roles: bool,
}

/// Facts about a part beside its own policies.
#[derive(Clone, Debug, Default)]
pub struct PartContent {
    /// The principal's own policies: inline ones, or the default version of a managed policy.
    pub document: Document,
    /// ARNs of attached managed policies.
    pub attached: Vec<String>,
    /// Whether the part lists the attached managed policies.
    pub lists_attached: bool,
    /// Names of the groups of a user.
    pub groups: Vec<String>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Services that a trust policy names, without their domain; `None` where the part has no trust policy.
    pub services: Option<Vec<String>>,
    /// Whether principals of accounts or of identity providers may assume the role.
    pub trusts_people: bool,
    /// Whether somebody else may assume the role, or the trust policy could not be read.
    pub trusts_others: bool,
}

/// Whether a text may be a dump, by a look at its words.
pub fn may_be_dump(text: &str) -> bool {
    PRINCIPALS.iter().any(|list| text.contains(list)) || text.contains(TRUNCATED)
}

/// Cuts a dump into its parts. `None` where the text is none.
///
/// # Errors
///
/// The reason why a text that is a dump by its words is not JSON.
pub fn pages(source: &Source) -> Option<Result<Pages, Box<Problem>>> {
    let text = source.text();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    if !may_be_dump(body) {
        return details::pages(body, start);
    }
    if !body.trim_start().starts_with(['{', '[']) {
        return block_style::pages(body, start);
    }
    let mut found = Found::default();
    let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Top<'_>>();
    let mut from = 0;
    loop {
        match stream.next() {
            None => break,
            Some(Ok(top)) => {
                from = stream.byte_offset();
                found.is_dump |= top.0.is_dump;
                found.is_truncated = top.0.is_truncated;
                found.foreign = found.foreign.or(top.0.foreign);
                found.lists.extend(top.0.lists);
                if found.lists.len() > MOST_PARTS {
                    let message = "more lists than the dump of an account has";
                    let span = Span::new(start, start + 1);
                    let problem = Problem::invalid_json("document", message, span);
                    return Some(Err(Box::new(problem)));
                }
            }
            Some(Err(error)) => {
                // The words alone may be those of a policy.
                if !PRINCIPALS
                    .iter()
                    .any(|list| body.contains(&format!("\"{list}\"")))
                {
                    return None;
                }
                let rest = body.get(from..).unwrap_or_default();
                let fault = syntax::explain(rest, &error).shifted(start + from);
                let span = Span::new(fault.range.start, fault.range.end);
                let mut problem = Problem::invalid_json(fault.subject, fault.message, span);
                problem.help = fault.help;
                return Some(Err(Box::new(problem)));
            }
        }
    }
    if !found.is_dump {
        return details::pages(body, start);
    }
    let mut pages = Pages {
        parts: Vec::new(),
        is_truncated: found.is_truncated,
        lists_roles: found.lists.iter().any(|(kind, _)| *kind == PartKind::Role),
    };
    let place = |raw: &str| {
        let at = raw.as_ptr() as usize - text.as_ptr() as usize;
        Span::new(at, at + raw.len())
    };
    if let Some(foreign) = found.foreign {
        let span = place(foreign.get());
        let opening = Span {
            end: span.start + 1,
            ..span
        };
        let message = "a policy is beside the lists of the dump";
        let problem = Problem::invalid_json("document", message, opening);
        return Some(Err(Box::new(
            problem.with_help("put the policy into a file of its own"),
        )));
    }
    for (kind, list) in found.lists {
        let span = place(list.get());
        let refused = |message: &str| {
            let end = span.start + 1;
            let opening = Span { end, ..span };
            Some(Err(Box::new(Problem::invalid_json(
                "document", message, opening,
            ))))
        };
        let Ok(Elements(elements)) = serde_json::from_str(list.get()) else {
            return refused("a list of a dump must be an array");
        };
        if pages.parts.len() + elements.len() > MOST_PARTS {
            return refused("more users, groups, roles and policies than an account can have");
        }
        pages.parts.extend(elements.into_iter().map(|raw| Part {
            kind,
            span: place(raw.get()),
            is_yaml: false,
        }));
    }
    Some(Ok(pages))
}

/// The elements of a list, up to one more than are read.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
        let mut all = Vec::new();
        while all.len() <= MOST_PARTS {
            let Some(element) = seq.next_element()? else {
                return Ok(Elements(all));
            };
            all.push(element);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Elements(all))
    }
}

/// What the top level of a text holds.
#[derive(Default)]
struct Found<'a> {
    lists: Vec<(PartKind, &'a RawValue)>,
    is_dump: bool,
    is_truncated: bool,
    /// A policy that is in none of the lists.
    foreign: Option<&'a RawValue>,
}

/// One value of the top level: a page, or a list of pages.
struct Top<'a>(Found<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Top<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor).map(Top)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<String>()? {
            let kind = match key.as_str() {
                "UserDetailList" => PartKind::User,
                "GroupDetailList" => PartKind::Group,
                "RoleDetailList" => PartKind::Role,
                "Policies" => PartKind::Policy,
                TRUNCATED => {
                    let value: &RawValue = map.next_value()?;
                    found.is_dump = true;
                    found.is_truncated |= value.get() == "true";
                    continue;
                }
                NEXT => {
                    let value: &RawValue = map.next_value()?;
                    found.is_truncated |= value.get() != "null";
                    continue;
                }
                _ => {
                    let value: &RawValue = map.next_value()?;
                    if value.get().contains(POLICY) || key == POLICY {
                        found.foreign.get_or_insert(value);
                    }
                    continue;
                }
            };
            found.is_dump |= kind != PartKind::Policy;
            found.lists.push((kind, map.next_value()?));
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::default();
        while let Some(Top(page)) = seq.next_element::<Top<'de>>()? {
            found.is_dump |= page.is_dump;
            found.is_truncated = page.is_truncated;
            found.foreign = found.foreign.or(page.foreign);
            found.lists.extend(page.lists);
        }
        Ok(found)
    }

    fn visit_str<E>(self, _: &str) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }
}

/// A part that is YAML as JSON.
fn written(source: &Source, part: Part) -> Result<Option<block_style::Written>, Box<Problem>> {
    part.is_yaml
        .then(|| block_style::json(source, part))
        .transpose()
}

fn layer<'a>(
    source: &'a Source,
    part: Part,
    written: Option<&'a block_style::Written>,
) -> Layer<'a> {
    match written {
        Some(written) => Layer::decoded(&written.text, &written.offsets),
        None => Layer::file(source.slice(part.span), part.span.start as usize),
    }
}

/// Reads a part. What is wrong with it is in its document.
pub fn part(id: SourceId, source: &Source, part: Part) -> PartContent {
    let mut reader = Reader::new(id);
    let mut content = PartContent::default();
    let mut places = Places::default();
    let written = match written(source, part) {
        Ok(written) => written,
        Err(problem) => {
            reader.report(*problem);
            content.document = reader.finish();
            return content;
        }
    };
    let layer = layer(source, part, written.as_ref());
    match json::read(layer, &mut places) {
        Ok(value) if value.kind() == Kind::Object => {
            if part.kind == PartKind::Policy {
                envelope::element(&mut reader, value);
            } else {
                principal(&mut reader, value, &mut content);
            }
        }
        Ok(value) => {
            let message = format!(
                "an element of a dump must be an object, found {}",
                value.kind()
            );
            reader.report(Problem::invalid_json("document", message, value.label()));
        }
        Err(fault) => envelope::report(&mut reader, &layer, fault),
    }
    content.document = reader.finish();
    content
}

/// Reads a user, a group or a role.
fn principal(reader: &mut Reader, value: Value<'_>, content: &mut PartContent) {
    audit::object(reader, value);
    let members = value.last_members();
    if let Some(owner) = Owner::of(&members) {
        reader.own(owner);
    }
    for Member { key, value } in &members {
        match key.value.as_str() {
            "RolePolicyList" | "UserPolicyList" | "GroupPolicyList" => {
                if value.kind() != Kind::Array {
                    envelope::no_document(reader, &key.value, value.label());
                    continue;
                }
                for element in value.elements() {
                    envelope::element(reader, element);
                }
            }
            "AttachedManagedPolicies" => match texts(*value, Some("PolicyArn")) {
                Some(arns) => {
                    content.lists_attached = true;
                    for arn in arns {
                        reader.place(format!("attached-policy:{}", arn.value), arn.span);
                        content.attached.push(arn.value);
                    }
                }
                None => envelope::not_understood(reader, key),
            },
            "GroupList" => match texts(*value, None) {
                Some(names) => content.groups.extend(names.into_iter().map(|n| n.value)),
                None => envelope::not_understood(reader, key),
            },
            "PermissionsBoundary" => {
                let arn = match value.kind() {
                    Kind::Object => value
                        .member("PermissionsBoundaryArn")
                        .and_then(|v| v.string()),
                    _ => value.string(),
                };
                match arn {
                    Some(arn) => {
                        reader.place(format!("permissions-boundary:{}", arn.value), arn.span);
                        content.boundary = Some(arn.value);
                    }
                    None => envelope::not_understood(reader, key),
                }
            }
            "AssumeRolePolicyDocument" => {
                trust(*value, content);
                if !envelope::trust(reader, *value) {
                    envelope::not_understood(reader, key);
                }
            }
            _ => {
                let _ = envelope::beside(reader, key, *value);
            }
        }
    }
}

fn texts(value: Value<'_>, of: Option<&str>) -> Option<Vec<Text>> {
    if value.kind() != Kind::Array {
        return None;
    }
    let text = |e: Value<'_>| match of {
        None => e.string(),
        Some(_) if e.kind() != Kind::Object => None,
        Some(key) => e.member(key).and_then(|v| v.string()),
    };
    value.elements().into_iter().map(text).collect()
}
