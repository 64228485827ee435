//! The configuration of an image that `pcluster build-image` builds.
//!
//! <https://docs.aws.amazon.com/parallelcluster/latest/ug/image-builder-configuration-file-v3.html>

use super::Reader;
use crate::cluster::Role;
use crate::cluster::yaml::Id;
use crate::parser::Spanned;

/// The sections of the configuration of an image.
const SECTIONS: [&str; 6] = [
    "Build",
    "CustomS3Bucket",
    "DeploymentSettings",
    "DevSettings",
    "Image",
    "Region",
];

/// The keys of `Build/Iam`.
const IAM: [&str; 5] = [
    "AdditionalIamPolicies",
    "CleanupLambdaRole",
    "InstanceProfile",
    "InstanceRole",
    "PermissionsBoundary",
];

impl Reader<'_> {
    /// The settings of an image configuration.
    pub(super) fn image_build(&mut self, root: Id) {
        self.unknown_keys(
            root,
            &SECTIONS,
            "a section of the configuration of an image",
        );
        self.facts.image();
        if let Some(region) = self.text(root, "Region") {
            self.facts.region(region.value);
        }
        if let Some(bucket) = self.text(root, "CustomS3Bucket") {
            self.facts.label("own-bucket");
            self.facts.setting("Bucket", bucket.value.value.clone());
            self.facts.bind("ResourcesS3Bucket", bucket.value);
        }
        if let Some((_, deployment)) = self.map(root, "DeploymentSettings")
            && self.map(deployment, "LambdaFunctionsVpcConfig").is_some()
        {
            self.facts.label("lambda-vpc");
        }
        if let Some((_, dev)) = self.map(root, "DevSettings")
            && let Some((_, cookbook)) = self.map(dev, "Cookbook")
            && let Some(chef) = self.text(cookbook, "ChefCookbook")
        {
            self.facts
                .object("cookbook-s3", "CookbookObject", &chef.value.value);
        }
        let build = self.map(root, "Build").map(|(_, build)| build);
        for component in build.map_or(Vec::new(), |build| self.maps(build, "Components")) {
            let kind = self.text(component, "Type");
            if kind.is_some_and(|kind| kind.value.value == "script")
                && let Some(script) = self.text(component, "Value")
            {
                self.facts
                    .object("component-s3", "ComponentObjects", &script.value.value);
            }
        }
        let iam = build.and_then(|build| self.map(build, "Iam"));
        let Some((_, iam)) = iam else {
            self.facts.on_by_default("image-instance-profile");
            return;
        };
        self.unknown_keys(iam, &IAM, "a key of `Build/Iam`");
        if let Some(role) = self.text(iam, "InstanceRole") {
            self.facts.label("instance-role");
            self.image_role("image-build-instance", false, role.value);
        }
        match self.text(iam, "InstanceProfile") {
            Some(profile) => {
                self.facts.label("instance-profile");
                let place = profile.value.span;
                self.facts.off("image-instance-profile", Some(place));
                self.image_role("image-build-instance", true, profile.value);
            }
            None => self.facts.on_by_default("image-instance-profile"),
        }
        if let Some(role) = self.text(iam, "CleanupLambdaRole") {
            self.facts.label("cleanup-role");
            self.image_role("image-build-lambda", false, role.value);
        }
        if let Some(boundary) = self.text(iam, "PermissionsBoundary") {
            self.facts.bind("PermissionsBoundaryArn", boundary.value);
        }
        let own = ["InstanceRole", "InstanceProfile"].map(|key| self.text(iam, key).is_some());
        for policy in self.maps(iam, "AdditionalIamPolicies") {
            let place = self.tree.span(policy);
            self.facts.on("additional-iam-policies", place);
            if own == [false, false]
                && let Some(policy) = self.text(policy, "Policy")
            {
                self.facts.label("additional-policies");
                self.facts
                    .setting("AdditionalIamPolicies", policy.value.value);
            }
        }
    }

    fn image_role(&mut self, role: &'static str, is_profile: bool, value: Spanned<String>) {
        if !is_profile {
            self.facts.label("custom-role");
            self.facts.setting("CustomRoles", value.value.clone());
        }
        self.facts.role(Role {
            role,
            group: None,
            is_profile,
            value,
        });
    }
}
