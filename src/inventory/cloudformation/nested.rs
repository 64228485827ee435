//! The nested stacks of a template, with the values that it gives to their parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html>

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Template;
use super::links::Resource;
use super::passed::{Nested, shown};
use super::settings::settings;
use super::template_condition::{Truth, condition_of};
use crate::inventory::{Node as Made, Value};

/// The types of nested stacks, each with the property that has the path or URL of its template.
const STACKS: [(&str, &str); 3] = [
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::CloudFormation::StackSet", "TemplateURL"),
    ("AWS::Serverless::Application", "Location"),
];

/// The nested stacks of a template.
pub(super) fn stacks(template: &mut Template<'_>, resources: &[Resource]) -> Vec<Nested> {
    let mut all = Vec::new();
    'resources: for resource in resources {
        let Some((_, location)) = STACKS.iter().find(|(kind, _)| *kind == resource.kind) else {
            continue;
        };
        let mut asked = BTreeSet::new();
        let (templates, rows) = loop {
            let (settings, left_open) = settings(template, &asked);
            template.left_open = left_open;
            template.asked.clear();
            let (mut templates, mut rows) = (BTreeSet::new(), Vec::new());
            for setting in settings {
                template.chosen = setting.into_iter().collect();
                if condition_of(template, &resource.tree) != Truth::False {
                    let url = template.property(&resource.name, location);
                    let url = url.and_then(|url| url.pieces());
                    templates.extend(url.map(|url| shown(&url, &template.holes.shared())));
                    let Some(row) = row(template, &resource.name) else {
                        template.forget();
                        continue 'resources;
                    };
                    if !rows.contains(&row) {
                        rows.push(row);
                    }
                }
            }
            let more: Vec<String> = template.asked.difference(&asked).cloned().collect();
            if more.is_empty() {
                break (templates, rows);
            }
            asked.extend(more);
        };
        template.forget();
        let metadata = resource.tree.get("Metadata");
        // The CDK writes the name of the file beside the URL that it has once it is deployed.
        let asset = metadata.and_then(|m| m.get("aws:asset:path")?.text());
        all.push(Nested {
            name: resource.name.clone(),
            templates: templates
                .into_iter()
                .chain(asset.map(str::to_owned))
                .collect(),
            source: template.id,
            of_parent: template.parameter_names().map(str::to_owned).collect(),
            rows,
            holes: template.holes.shared(),
        });
    }
    all
}

/// The values of the parameters of a nested stack in the setting that is chosen. `None` where they are not known.
fn row(template: &mut Template<'_>, stack: &str) -> Option<BTreeMap<String, Value>> {
    let Some(parameters) = template.property(stack, "Parameters") else {
        return Some(BTreeMap::new());
    };
    let all: Vec<(Option<String>, Value)> = match parameters.node {
        Made::Map(members) => { members.into_iter() }
            .map(|(key, value)| (key.text(), value))
            .collect(),
        // A set of stacks has a list of them.
        Made::List(elements) => { elements.iter() }
            .filter_map(|one| {
                let key = one.get("ParameterKey")?.text();
                Some((key, one.get("ParameterValue")?.clone()))
            })
            .collect(),
        _ => return None,
    };
    let given = { all.into_iter() }.filter(|(_, value)| value.node != Made::Absent);
    let named = given.filter_map(|(key, value)| Some((key?, value)));
    Some(named.collect())
}
