//! Finds the policy documents in a file: on their own, or inside the output of the AWS CLI.

mod encoded;
mod refusal;

pub(super) use encoded::{trust, trust_text};
pub(super) use refusal::{no_document, not_understood};

use super::audit;
use super::decoded::Text;
use super::element::{POLICY_KEYS, STATEMENT_KEYS};
use super::fault::Fault;
use super::foreign;
use super::grammar::{self, Carried};
use super::json::{self, Kind, Layer, Member, Places, Value};
use super::owner::LONGEST_NAME;
use super::owner::Owner;
use super::policy::{Attachment, Problem};
use super::printed;
use super::problem::Reader;
use super::quote::{shorten, shorten_to};
use super::source::Span;
use encoded::{embedded, is_document, starts_percent_encoded};
use refusal::{contains_documents, meant, refuse, two_documents};

/// Keys whose value is a policy document.
const DOCUMENT_KEYS: [&str; 2] = ["PolicyDocument", "Document"];
/// The key of one version of a managed policy, and that of all its versions.
const VERSION_KEY: &str = "PolicyVersion";
const VERSIONS_KEY: &str = "PolicyVersionList";
/// Keys whose value is a list of `{PolicyName, PolicyDocument}`.
const LIST_KEYS: [&str; 4] = [
    "Policies",
    "RolePolicyList",
    "UserPolicyList",
    "GroupPolicyList",
];

/// The type of a service control policy.
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// Keys with an object or a list that describe a policy or a role and contain no policy of it.
const DESCRIPTIONS: [&str; 4] = [
    "InstanceProfileList",
    "ResponseMetadata",
    "RoleLastUsed",
    "Tags",
];

/// Reads the policies of a whole text into `reader`.
pub(super) fn read(reader: &mut Reader, layer: Layer<'_>) {
    let mut places = Places::default();
    let fault = match json::read(layer, &mut places) {
        Ok(value) => return top(reader, value),
        Err(fault) => fault,
    };
    if starts_percent_encoded(layer.text) {
        let text = Text {
            value: layer.text.to_owned(),
            span: layer.span(0..layer.text.len()),
            offsets: Some(offsets(&layer)),
            holes: None,
            ends: None,
        };
        return embedded(reader, &text, Carried::default());
    }
    let fault = match foreign::text(layer.text) {
        Some(named) => {
            reader.is_foreign = true;
            named
        }
        None => fault,
    };
    report(reader, &layer, fault);
}

/// Reads the document that a template defines.
pub(super) fn written(reader: &mut Reader, layer: Layer<'_>, carried: Carried) {
    let mut places = Places::default();
    match json::read(layer, &mut places) {
        Ok(value) if value.kind() == Kind::Object => grammar::read(reader, value, carried),
        Ok(value) => no_document(reader, "the policy", value.label()),
        Err(fault) => report(reader, &layer, fault),
    }
}

fn offsets(layer: &Layer<'_>) -> Box<[u32]> {
    (0..=layer.text.len())
        .map(|i| layer.span(i..i).start)
        .collect()
}

/// Reports why a text is not JSON.
pub(super) fn report(reader: &mut Reader, layer: &Layer<'_>, fault: Fault) {
    let mut problem = Problem::invalid_json(fault.subject, fault.message, layer.span(fault.range));
    problem.help = fault.help;
    problem.related = fault
        .related
        .into_iter()
        .map(|(range, words)| (layer.span(range), words))
        .collect();
    reader.report(problem);
}

fn top(reader: &mut Reader, value: Value<'_>) {
    match value.kind() {
        Kind::Object => object(reader, value),
        Kind::Array => list(reader, value),
        Kind::String => match value.string() {
            Some(text) if is_document(&text.value) => embedded(reader, &text, Carried::default()),
            _ => nothing(reader, value),
        },
        _ => nothing(reader, value),
    }
}

fn nothing(reader: &mut Reader, value: Value<'_>) {
    let span = match value.kind() {
        Kind::Array => value.opening(),
        _ => value.label(),
    };
    reader.report(
        Problem::invalid_json(
            "document",
            format!("no IAM policy in this file: it contains {}", value.kind()),
            span,
        )
        .with_help("a policy is an object: `{\"Version\": \"2012-10-17\", \"Statement\": […]}`"),
    );
}

fn object(reader: &mut Reader, value: Value<'_>) {
    if value.member("Statement").is_some() {
        let members = value.members();
        let other = members.iter().find(|m| carries(&m.key.value));
        return match other {
            Some(member) => two_documents(reader, "Statement", &member.key),
            None => grammar::read(reader, value, Carried::default()),
        };
    }
    if let Some(problem) = foreign::account(value) {
        reader.is_foreign = true;
        return reader.report(problem);
    }
    if let Some(problem) = printed::listed(value) {
        reader.is_foreign = true;
        return reader.report(problem);
    }
    if let Some(policy) = printed::of_organization(value) {
        audit::object(reader, value);
        return of_organization(reader, policy);
    }
    if value.members().iter().any(|m| carries(&m.key.value)) {
        return envelope(reader, value, "the output");
    }
    match foreign::object(value) {
        Some(problem) => {
            let role = value.member("Role").filter(|role| {
                role.kind() == Kind::Object && role.member("AssumeRolePolicyDocument").is_some()
            });
            match role {
                Some(role) => described(reader, role),
                None => reader.is_foreign = true,
            }
            reader.report(problem);
        }
        None => grammar::read(reader, value, Carried::default()),
    }
}

/// Reads what `aws organizations describe-policy` prints of a service control policy.
fn of_organization(reader: &mut Reader, policy: Value<'_>) {
    audit::object(reader, policy);
    let kind = { policy.member("PolicySummary") }
        .filter(|summary| summary.kind() == Kind::Object)
        .and_then(|summary| summary.member("Type"));
    let other = kind.filter(|kind| kind.string().is_none_or(|k| k.value != SCP));
    if let Some(kind) = other {
        let message = "this policy of AWS Organizations is no service control policy";
        let help = "give those that `aws organizations list-policies --filter SERVICE_CONTROL_POLICY` lists";
        return refuse(reader, kind.label(), message, help);
    }
    for Member { key, value } in policy.last_members() {
        if key.value == printed::CONTENT {
            let carried = Carried {
                attachment: Attachment::Scp,
                ..Carried::default()
            };
            document(reader, &key, value, carried);
        }
    }
}

/// Reads what `aws iam get-role` prints of a role.
fn described(reader: &mut Reader, role: Value<'_>) {
    reader.describes_role = true;
    audit::object(reader, role);
    let members = role.last_members();
    if let Some(owner) = Owner::of(&members) {
        reader.own(owner);
    }
    for Member { key, value } in &members {
        if !beside(reader, key, *value) {
            return;
        }
    }
}

/// Whether the value of a key is, or contains, policy documents.
fn carries(key: &str) -> bool {
    [VERSION_KEY, VERSIONS_KEY].contains(&key)
        || DOCUMENT_KEYS.contains(&key)
        || LIST_KEYS.contains(&key)
}

fn list(reader: &mut Reader, value: Value<'_>) {
    let elements = value.elements();
    let has = |key: &str| elements.iter().any(|e| e.member(key).is_some());
    let carrying = |e: &Value<'_>| {
        e.kind() == Kind::Object && {
            let members = e.members();
            members.iter().any(|m| carries(&m.key.value))
        }
    };
    if elements.iter().any(carrying) {
        for element in elements {
            envelope(reader, element, "the list");
        }
        return;
    }
    let refused = |what: &str, help: &str| {
        Problem::invalid_json("document", what, value.opening()).with_help(help)
    };
    let problem = if has("Effect") || has("Action") {
        refused(
            "this is a list of statements, not a policy",
            "put it into a policy: `{\"Version\": \"2012-10-17\", \"Statement\": […]}`",
        )
    } else if has("Statement") {
        refused(
            "this is a list of policies, not a policy",
            "put each policy into a file of its own",
        )
    } else {
        return nothing(reader, value);
    };
    reader.report(problem);
}

/// Reads an object that carries documents: all of them, or the file is refused at the first thing that is not understood.
fn envelope(reader: &mut Reader, value: Value<'_>, place: &str) {
    if value.kind() != Kind::Object {
        return no_document(reader, place, value.label());
    }
    audit::object(reader, value);
    let members = value.last_members();
    if let Some(owner) = Owner::of(&members) {
        reader.own(owner);
    }
    let string = |key: &str| {
        let member = members.iter().find(|m| m.key.value == key);
        member.and_then(|m| m.value.string()).map(|t| t.value)
    };
    let name = string("PolicyName");
    let has = |key: &str| members.iter().any(|m| m.key.value == key);
    let is_version = has("VersionId") || has("IsDefaultVersion");
    let attachment = if is_version {
        Attachment::Managed
    } else if name.is_some() {
        Attachment::Inline
    } else {
        Attachment::Unknown
    };
    let carried = Carried {
        name,
        attachment,
        is_stored: is_version,
    };
    // The key of the only document, and whether there are any.
    let mut single: Option<&str> = None;
    let mut found = false;
    let mut empty: Option<(&str, Span)> = None;
    for Member { key, value } in &members {
        let name = key.value.as_str();
        let is_single = name == VERSION_KEY || DOCUMENT_KEYS.contains(&name);
        if is_single || LIST_KEYS.contains(&name) || name == VERSIONS_KEY {
            if let Some(first) = single.filter(|_| found) {
                return two_documents(reader, first, key);
            }
            if is_single && found {
                return two_documents(reader, "the list before it", key);
            }
        }
        match name {
            VERSION_KEY => {
                (single, found) = (Some(VERSION_KEY), true);
                version(reader, *value, None, VERSION_KEY);
            }
            VERSIONS_KEY => {
                found = true;
                versions(reader, *value, carried.name.clone());
            }
            _ if DOCUMENT_KEYS.contains(&name) => {
                single = DOCUMENT_KEYS.iter().copied().find(|k| *k == name);
                found = true;
                document(reader, key, *value, carried.clone());
            }
            _ if LIST_KEYS.contains(&name) => {
                if value.kind() != Kind::Array {
                    return no_document(reader, name, value.label());
                }
                let elements = value.elements();
                if elements.is_empty() {
                    empty.get_or_insert((name, value.opening()));
                }
                for element in elements {
                    found = true;
                    envelope(reader, element, name);
                }
            }
            _ if !beside(reader, key, *value) => return,
            _ => {}
        }
    }
    if !found {
        let (place, span) = empty.unwrap_or_else(|| (place, value.opening()));
        no_document(reader, place, span);
    }
}

/// Reads an element of a dump of an account.
pub(super) fn element(reader: &mut Reader, value: Value<'_>) {
    envelope(reader, value, "the list");
}

/// Reads one version of a managed policy.
fn version(reader: &mut Reader, value: Value<'_>, name: Option<String>, place: &str) {
    if value.kind() != Kind::Object {
        return no_document(reader, place, value.label());
    }
    audit::object(reader, value);
    let carried = Carried {
        name,
        attachment: Attachment::Managed,
        is_stored: true,
    };
    let mut read = false;
    for Member { key, value } in value.last_members() {
        if !DOCUMENT_KEYS.contains(&key.value.as_str()) {
            if !beside(reader, &key, value) {
                return;
            }
        } else if read {
            return two_documents(reader, "the document before it", &key);
        } else {
            read = true;
            document(reader, &key, value, carried.clone());
        }
    }
    if !read {
        no_document(reader, place, value.opening());
    }
}

/// Reads the default one of the versions of a managed policy: no other is in force.
fn versions(reader: &mut Reader, value: Value<'_>, name: Option<String>) {
    let is_default = |version: &Value<'_>| {
        let flag = version.member("IsDefaultVersion");
        flag.is_some_and(|v| v.kind() == Kind::Boolean && v.raw() == "true")
    };
    let elements = match value.kind() {
        Kind::Array => value.elements(),
        _ => Vec::new(),
    };
    let mut defaults = elements
        .iter()
        .filter(|v| v.kind() == Kind::Object && is_default(v));
    let (first, second) = (defaults.next(), defaults.next());
    match (first, second) {
        (Some(default), None) => version(reader, *default, name, VERSIONS_KEY),
        (None, _) => refuse(
            reader,
            value.label(),
            "none of the versions of this policy is the default version",
            "give the version that is in force, with `\"IsDefaultVersion\": true`",
        ),
        (_, Some(second)) => refuse(
            reader,
            second.opening(),
            "two versions of this policy are the default version",
            "give the version that is in force only",
        ),
    }
}

/// Reads the value of a key that is one document.
fn document(reader: &mut Reader, key: &Text, value: Value<'_>, carried: Carried) {
    match value.kind() {
        Kind::Object => grammar::read(reader, value, carried),
        Kind::String => match value.string() {
            Some(text) if is_document(&text.value) => embedded(reader, &text, carried),
            _ => no_document(reader, &key.value, value.label()),
        },
        _ => no_document(reader, &key.value, value.label()),
    }
}

/// Takes note of a key beside a document. Returns whether the key is understood: if not, the file is refused there.
pub(super) fn beside(reader: &mut Reader, key: &Text, value: Value<'_>) -> bool {
    let name = key.value.as_str();
    let texts = |value: Value<'_>, of: Option<&str>| -> Option<Vec<Text>> {
        let elements = match value.kind() {
            Kind::Array => value.elements(),
            _ => return None,
        };
        let text = |e: Value<'_>| match of {
            None => e.string(),
            Some(_) if e.kind() != Kind::Object => None,
            Some(key) => e.member(key).and_then(|v| v.string()),
        };
        elements.into_iter().map(text).collect()
    };
    let mut named = |kind: &str, names: Option<Vec<Text>>| {
        let known = names.is_some();
        for name in names.into_iter().flatten() {
            let what = format!("{kind}:{}", shorten_to(&name.value, LONGEST_NAME));
            reader.place(what.clone(), name.span);
            reader.name(what);
        }
        known
    };
    let is_understood = match name {
        "AttachedManagedPolicies" | "AttachedPolicies" => {
            named("attached-policy", texts(value, Some("PolicyArn")))
        }
        "GroupList" => named("group", texts(value, None)),
        "PermissionsBoundary" => {
            let arn = match value.kind() {
                Kind::Object => value
                    .member("PermissionsBoundaryArn")
                    .and_then(|v| v.string()),
                _ => value.string(),
            };
            named("permissions-boundary", arn.map(|t| vec![t]))
        }
        "AssumeRolePolicyDocument" => trust(reader, value),
        "IsDefaultVersion" if value.raw() != "true" => {
            refuse(
                reader,
                value.label(),
                "this is not the default version of the policy, so it is not in force",
                "give the default version: `aws iam get-policy` prints its `DefaultVersionId`; to check a version before \
                 it becomes the default, give its document alone",
            );
            return false;
        }
        _ if DESCRIPTIONS.contains(&name) => !contains_documents(value),
        // A text or a number beside the document describes it.
        _ => {
            let is_plain = match value.kind() {
                Kind::Object | Kind::Array => false,
                Kind::String => !value.string().is_some_and(|t| is_document(&t.value)),
                _ => true,
            };
            is_plain && meant(name).is_none()
        }
    };
    if is_understood {
        return true;
    }
    let help = match meant(name) {
        Some(meant) if STATEMENT_KEYS.contains(&meant) || POLICY_KEYS.contains(&meant) => {
            "put every statement into the `Statement` list of the document".to_owned()
        }
        Some(meant) if meant != name => format!("did you mean `{meant}`? keys are case-sensitive"),
        _ => "remove it, or give the documents in files of their own".to_owned(),
    };
    refuse(
        reader,
        key.span,
        &format!(
            "`{}` beside a policy document is not understood",
            shorten(name)
        ),
        &help,
    );
    false
}
