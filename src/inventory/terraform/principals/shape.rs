//! The resource types of IAM and what each argument of them means.

use crate::inventory::Kind;

/// How a type of resource names its arguments.
pub(in crate::inventory::terraform) struct Shape {
    pub(in crate::inventory::terraform) kind: &'static str,
    pub(in crate::inventory::terraform) what: What,
    /// Arguments with the principals: of roles, users and groups.
    pub(in crate::inventory::terraform) targets: &'static [(&'static str, Kind)],
    /// The argument with the document, or with the ARN of a managed policy.
    pub(in crate::inventory::terraform) content: &'static str,
    /// The argument with its name.
    pub(in crate::inventory::terraform) name: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::inventory::terraform) enum What {
    Principal(Kind),
    /// A policy of a principal's own.
    Inline,
    /// A policy of its own.
    Managed,
    /// Attaches a managed policy.
    Attachment,
    /// Lists all policies that are a principal's own.
    Exclusive,
    /// An instance profile.
    Profile,
}

const ROLE: (&str, Kind) = ("role", Kind::Role);

/// The types of resources that are read.
pub(in crate::inventory::terraform) const SHAPES: [Shape; 26] = [
    shape("aws_iam_role", What::Principal(Kind::Role), &[], "", "name"),
    shape(
        "awscc_iam_role",
        What::Principal(Kind::Role),
        &[],
        "",
        "role_name",
    ),
    shape("aws_iam_user", What::Principal(Kind::User), &[], "", "name"),
    shape(
        "awscc_iam_user",
        What::Principal(Kind::User),
        &[],
        "",
        "user_name",
    ),
    shape(
        "aws_iam_group",
        What::Principal(Kind::Group),
        &[],
        "",
        "name",
    ),
    shape(
        "awscc_iam_group",
        What::Principal(Kind::Group),
        &[],
        "",
        "group_name",
    ),
    shape(
        "aws_iam_role_policy",
        What::Inline,
        &[ROLE],
        "policy",
        "name",
    ),
    shape(
        "awscc_iam_role_policy",
        What::Inline,
        &[("role_name", Kind::Role)],
        "policy_document",
        "policy_name",
    ),
    shape(
        "aws_iam_user_policy",
        What::Inline,
        &[("user", Kind::User)],
        "policy",
        "name",
    ),
    shape(
        "aws_iam_group_policy",
        What::Inline,
        &[("group", Kind::Group)],
        "policy",
        "name",
    ),
    shape(
        "awscc_iam_user_policy",
        What::Inline,
        &[("user_name", Kind::User)],
        "policy_document",
        "policy_name",
    ),
    shape(
        "awscc_iam_group_policy",
        What::Inline,
        &[("group_name", Kind::Group)],
        "policy_document",
        "policy_name",
    ),
    shape(
        "aws_iam_role_policies_exclusive",
        What::Exclusive,
        &[("role_name", Kind::Role)],
        "policy_names",
        "",
    ),
    shape(
        "aws_iam_user_policies_exclusive",
        What::Exclusive,
        &[("user_name", Kind::User)],
        "policy_names",
        "",
    ),
    shape(
        "aws_iam_group_policies_exclusive",
        What::Exclusive,
        &[("group_name", Kind::Group)],
        "policy_names",
        "",
    ),
    shape(
        "aws_iam_instance_profile",
        What::Profile,
        &[],
        "role",
        "name",
    ),
    shape(
        "awscc_iam_instance_profile",
        What::Profile,
        &[],
        "roles",
        "instance_profile_name",
    ),
    shape("aws_iam_policy", What::Managed, &[], "policy", "name"),
    shape(
        "awscc_iam_managed_policy",
        What::Managed,
        &[
            ("roles", Kind::Role),
            ("users", Kind::User),
            ("groups", Kind::Group),
        ],
        "policy_document",
        "managed_policy_name",
    ),
    shape(
        "aws_iam_role_policy_attachment",
        What::Attachment,
        &[ROLE],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_role_policy_attachments_exclusive",
        What::Attachment,
        &[("role_name", Kind::Role)],
        "policy_arns",
        "",
    ),
    shape(
        "aws_iam_user_policy_attachment",
        What::Attachment,
        &[("user", Kind::User)],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_user_policy_attachments_exclusive",
        What::Attachment,
        &[("user_name", Kind::User)],
        "policy_arns",
        "",
    ),
    shape(
        "aws_iam_group_policy_attachment",
        What::Attachment,
        &[("group", Kind::Group)],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_group_policy_attachments_exclusive",
        What::Attachment,
        &[("group_name", Kind::Group)],
        "policy_arns",
        "",
    ),
    shape(
        "aws_iam_policy_attachment",
        What::Attachment,
        &[
            ("roles", Kind::Role),
            ("users", Kind::User),
            ("groups", Kind::Group),
        ],
        "policy_arn",
        "",
    ),
];

/// Whether an argument is the name of a resource.
pub(in crate::inventory::terraform) fn is_own_name(kind: &str, argument: &str) -> bool {
    let mut all = SHAPES.iter();
    all.any(|shape| shape.kind == kind && shape.name == argument)
}

const fn shape(
    kind: &'static str,
    what: What,
    targets: &'static [(&'static str, Kind)],
    content: &'static str,
    name: &'static str,
) -> Shape {
    Shape {
        kind,
        what,
        targets,
        content,
        name,
    }
}
