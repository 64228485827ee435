//! Roles, what is added to them, and the boundary around them.

use super::Reader;
use crate::cluster::Role;
use crate::parser::Spanned;
use crate::parser::yaml::Id;

/// The keys of the `Iam` section of a node, of the whole configuration, and of `Roles` in that.
const OF_NODE: [&str; 4] = [
    "AdditionalIamPolicies",
    "InstanceProfile",
    "InstanceRole",
    "S3Access",
];
const OF_CLUSTER: [&str; 3] = ["PermissionsBoundary", "ResourcePrefix", "Roles"];
const OF_ROLES: [&str; 1] = ["LambdaFunctionsRole"];

impl Reader<'_> {
    /// The `Iam` section of a node: its role, and what is added to a role that `ParallelCluster` makes.
    pub(super) fn node_roles(&mut self, node: Id, role: &'static str, group: Option<String>) {
        let Some((_, iam)) = self.map(node, "Iam") else {
            self.all_roles_given = false;
            return;
        };
        self.unknown_keys(iam, &OF_NODE, "a key of the `Iam` section of a node");
        let instance_role = self.text(iam, "InstanceRole");
        let profile = self.text(iam, "InstanceProfile");
        if instance_role.is_none() && profile.is_none() {
            self.all_roles_given = false;
        }
        if let Some(given) = instance_role {
            self.given_role(role, group.clone(), given.value);
        }
        if let Some(profile) = profile {
            // Its role is one more that users must be allowed to pass.
            self.facts.leave_open("CustomIamRoleArns");
            self.facts.role(Role {
                role,
                group,
                is_profile: true,
                value: profile.value,
            });
        }
        for policy in self.maps(iam, "AdditionalIamPolicies") {
            let place = self.tree.span(policy);
            self.facts.on_for("additional-iam-policies", role, place);
        }
        for access in self.maps(iam, "S3Access") {
            self.s3_access(access, role);
        }
    }

    fn s3_access(&mut self, access: Id, role: &'static str) {
        let Some(bucket) = self.text(access, "BucketName") else {
            return;
        };
        let bucket = bucket.value;
        self.facts.on_for("s3-access", role, bucket.span);
        let prefix = self.text(access, "KeyName");
        let writes = self.boolean(access, "EnableWriteAccess");
        // The placeholders are those of the head node's policy; the queues have policies of their own.
        if role != "head-node" {
            return;
        }
        let placeholder = if writes.is_some_and(|writes| writes.value) {
            "S3AccessReadWriteResource"
        } else {
            "S3AccessReadOnlyResource"
        };
        let resources = match prefix {
            Some(prefix) => vec![format!("{}/{}", bucket.value, prefix.value.value)],
            None => vec![bucket.value.clone(), format!("{}/*", bucket.value)],
        };
        for value in resources {
            let span = bucket.span;
            self.facts.bind(placeholder, Spanned { value, span });
        }
    }

    fn given_role(&mut self, role: &'static str, group: Option<String>, value: Spanned<String>) {
        self.facts.bind("CustomIamRoleArns", value.clone());
        self.facts.role(Role {
            role,
            group,
            is_profile: false,
            value,
        });
    }

    /// The policy that a user needs, one of three: to make roles, to make them within a boundary, or to make none.
    ///
    /// <https://docs.aws.amazon.com/parallelcluster/latest/ug/iam-roles-in-parallelcluster-v3.html>
    pub(super) fn iam(&mut self, root: Id) {
        let iam = self.map(root, "Iam").map(|(_, iam)| iam);
        let roles = iam.and_then(|iam| self.map(iam, "Roles"));
        for (map, known, what) in [
            (iam, &OF_CLUSTER[..], "a key of `Iam`"),
            (
                roles.map(|(_, roles)| roles),
                &OF_ROLES,
                "a key of `Iam/Roles`",
            ),
        ] {
            if let Some(map) = map {
                self.unknown_keys(map, known, what);
            }
        }
        let lambda = roles.and_then(|(_, roles)| self.text(roles, "LambdaFunctionsRole"));
        let boundary = iam.and_then(|iam| self.text(iam, "PermissionsBoundary"));
        let place = lambda.as_ref().map(|lambda| lambda.value.span);
        match lambda {
            Some(lambda) => self.given_role("lambda", None, lambda.value),
            None => self.all_roles_given = false,
        }
        let mode = if self.all_roles_given {
            if let Some(place) = place {
                self.facts.on("iam-restricted", place);
            }
            "iam-restricted"
        } else if let Some(boundary) = &boundary {
            self.facts
                .on("iam-permissions-boundary", boundary.value.span);
            "iam-permissions-boundary"
        } else {
            self.facts.on_by_default("iam-privileged");
            "iam-privileged"
        };
        for other in [
            "iam-permissions-boundary",
            "iam-privileged",
            "iam-restricted",
        ] {
            if other != mode {
                self.facts.off(other, None);
            }
        }
        if let Some(boundary) = boundary {
            self.facts.label("boundary");
            self.facts.bind("PermissionsBoundaryArn", boundary.value);
        }
    }
}
