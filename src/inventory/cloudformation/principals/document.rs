//! The policy documents of a resource.

use rustc_hash::FxHashMap;

use super::condition_of;
use crate::inventory::cloudformation::evaluate::Template;
use crate::inventory::cloudformation::links::Resource;
use crate::inventory::cloudformation::template_condition::Truth;
use crate::inventory::cloudformation::unresolved;
use crate::inventory::leaves::leaves;
use crate::inventory::{Attached, Document, Kind, Node as Made, Piece, Unread, Value, trust};
use crate::parser::{Attachment, Problem, Span, shorten};

/// The trust policy of a role. What of it is not understood leaves it open.
pub(super) fn trust_policy(template: &mut Template<'_>, role: &str, all: &mut Document) {
    let before = std::mem::take(&mut template.problems);
    let value = template.property(role, "AssumeRolePolicyDocument");
    let is_understood = template.problems.is_empty();
    template.problems = before;
    let Some(value) = value else {
        if !is_understood {
            all.name("trust-policy".to_owned());
        }
        return;
    };
    let Some(value) = template.document(value) else {
        return;
    };
    let mut read = trust(&value, template.id, &template.holes.shared());
    if !is_understood {
        read.trusts
            .iter_mut()
            .for_each(|trust| trust.is_open = true);
        all.name("trust-policy".to_owned());
    }
    read.named.into_iter().for_each(|name| all.name(name));
    all.worst.trusts.append(&mut read.trusts);
    for problem in read.problems {
        all.report(problem);
    }
}

/// A policy that is a resource of its own.
pub(super) fn policy(
    template: &mut Template<'_>,
    resource: &Resource,
    optional: Option<usize>,
    all: &mut Document,
) {
    let Some(optional) = condition_hole_of(template, resource, optional) else {
        return;
    };
    let is_managed = resource.kind == "AWS::IAM::ManagedPolicy";
    let attachment = if is_managed {
        Attachment::Managed
    } else {
        Attachment::Inline
    };
    let name = if is_managed {
        "ManagedPolicyName"
    } else {
        "PolicyName"
    };
    let name = template
        .property(&resource.name, name)
        .and_then(|v| v.text());
    let Some(value) = template.property(&resource.name, "PolicyDocument") else {
        let message = format!("no `PolicyDocument` in `{}`", shorten(&resource.name));
        template.report(unresolved("PolicyDocument", &message, resource.span));
        return;
    };
    let Some(value) = template.document(value) else {
        return;
    };
    if is_managed && optional.is_none() {
        all.worst.attach_for_sure(resource.name.clone());
    }
    let name = name.or_else(|| Some(resource.name.clone()));
    add(template, &value, name, attachment, optional, all);
}

/// The hole that decides whether the resource exists: that of its own condition, else `optional`. `None` if it is never
/// created.
#[allow(
    clippy::option_option,
    reason = "a resource may not be made, and what is made may depend on nothing"
)]
pub(super) fn condition_hole_of(
    template: &mut Template<'_>,
    resource: &Resource,
    optional: Option<usize>,
) -> Option<Option<usize>> {
    match condition_of(template, &resource.tree) {
        Truth::False => None,
        Truth::True => Some(optional),
        Truth::Open(option) => {
            let name = resource.tree.get("Condition").and_then(|c| c.text());
            let name = name.unwrap_or_default().to_owned();
            Some(Some(template.condition_hole(&name, resource.span, option)))
        }
    }
}

/// A parameter that decides what a principal has, and whose values are not judged one by one.
pub(super) fn too_many(parameter: &str, span: Span) -> Problem {
    let message = format!(
        "`{}` decides which policies are attached, and has too many values together with others",
        shorten(parameter)
    );
    Problem::unresolved("names", message, span)
        .with_help(format!("give it a value: --parameter {parameter}=VALUE"))
}

/// A list that may name a principal of the template.
pub(super) fn doubtful(one: &str, relation: &str, other: &str, span: Span) -> Problem {
    let message = format!(
        "`{}` may {relation} `{}`: a name in this list is not known",
        shorten(one),
        shorten(other)
    );
    Problem::unresolved("names", message, span).with_help(
        "refer to the resource (`!Ref NAME`), or give the parameter a value: --parameter NAME=VALUE",
    )
}

/// The list `Policies` of a principal.
pub(super) fn inline(
    template: &mut Template<'_>,
    policies: &Value,
    optional: Option<usize>,
    all: &mut Document,
) {
    let mut names: FxHashMap<String, Span> = FxHashMap::default();
    for (policy, optional) in leaves(policies, optional) {
        if matches!(policy.node, Made::Hole(_)) {
            add(template, policy, None, Attachment::Inline, optional, all);
            continue;
        }
        let named = policy.get("PolicyName");
        let name = named.and_then(Value::text);
        // Alternatives may have one name.
        if let (Some(name), Some(named), None) = (&name, named, optional)
            && let Some(first) = names.insert(name.clone(), named.span)
        {
            template.report(named_twice(name, named.span, first));
        }
        if policy
            .get("PolicyName")
            .is_none_or(|n| n.node == Made::Absent)
        {
            let message = "no `PolicyName` in this policy";
            let help = "add it: CloudFormation refuses the template";
            let problem = Problem::unresolved("PolicyName", message, policy.span);
            template.report(problem.with_help(help));
        }
        if let Some(value) = policy.get("PolicyDocument") {
            if let Some(value) = template.document(value.clone()) {
                add(template, &value, name, Attachment::Inline, optional, all);
            }
        } else {
            let message = "no `PolicyDocument` in this policy";
            template.report(unresolved("PolicyDocument", message, policy.span));
        }
    }
}

/// Two policies in one list `Policies`.
///
/// The answer of CloudFormation, "Multiple IAM policies have the same policy name", is in
/// <https://github.com/aws/serverless-application-model/issues/2927>.
fn named_twice(name: &str, span: Span, first: Span) -> Problem {
    let message = format!("two policies of one list have the name `{}`", shorten(name));
    Problem::unresolved("PolicyName", message, span)
        .with_help("give each policy a name of its own: CloudFormation refuses the template")
        .with_related(first, "first given here")
}

/// Inline policies that are resources of their own, and have the name of another one of the same principal. The policies
/// before `from` are those of its list `Policies`.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
pub(super) fn same_names(policies: &[Unread], from: usize) -> Vec<Problem> {
    let mut known: FxHashMap<&str, Span> = FxHashMap::default();
    let mut found = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let of = &policy.attached;
        let (Some(name), Attachment::Inline, None) = (&of.name, of.attachment, of.optional) else {
            continue;
        };
        let span = policy.value.span;
        if let Some(first) = known.insert(name, span).filter(|_| at >= from) {
            let name = shorten(name);
            let message =
                format!("`{name}` is also the name of another inline policy of the same principal");
            let problem = Problem::unresolved("PolicyName", message, span)
                .with_help("give it another `PolicyName`: IAM keeps one inline policy of each name")
                .with_related(first, "the other policy");
            found.push(problem);
        }
    }
    found
}

/// Notes a managed policy that the template does not contain, and that is attached for sure or not.
pub(super) fn attach(arn: String, span: Span, is_sure: bool, all: &mut Document) {
    all.name_at(format!("attached-policy:{arn}"), span);
    if is_sure {
        all.worst.attach_for_sure(arn.clone());
    }
    if !all.attached.contains(&arn) {
        all.attached.push(arn);
    }
}

/// A text with its holes as they are written; the partition, where it is not known, is that of most accounts.
pub(super) fn shown(template: &Template<'_>, value: &Value) -> String {
    let pieces = value.pieces().unwrap_or_default();
    let text = pieces.iter().map(|piece| match piece {
        Piece::Hole { hole, .. } => {
            let hole = template.holes.get(*hole);
            match hole {
                Some(hole) if hole.name == "AWS::Partition" => "aws".to_owned(),
                Some(hole) => hole.marker(),
                None => String::new(),
            }
        }
        piece => piece.text().unwrap_or_default().to_owned(),
    });
    text.collect()
}

pub(super) fn add(
    template: &Template<'_>,
    value: &Value,
    name: Option<String>,
    attachment: Attachment,
    optional: Option<usize>,
    all: &mut Document,
) {
    all.add_unread(Unread {
        value: value.clone(),
        attached: Attached {
            source: template.id,
            name,
            attachment,
            optional,
            joins_lists: false,
        },
        holes: template.holes.shared(),
    });
}

/// The property with the name that AWS gives a principal, function or policy.
pub(super) fn name_property(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "RoleName",
        Kind::User => "UserName",
        Kind::Group => "GroupName",
        Kind::Policy => "ManagedPolicyName",
        Kind::Function => "FunctionName",
    }
}
