//! The sections of a template, the names in them and the attributes of its resources: what CloudFormation refuses there,
//! whatever the parameters are.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

use crate::nearest::hint;
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, shorten};

use super::types::{Anatomy, anatomy};
use super::{MOST, entries, is_function, refused_template};

/// Sections whose keys are logical ids.
const NAMED: [(&str, &str); 3] = [
    ("Parameters", "parameter"),
    ("Resources", "resource"),
    ("Outputs", "output"),
];

/// What CloudFormation refuses of a template that no macro rewrites, SAM's aside.
pub(super) fn refused(tree: &Tree, is_of_sam: bool) -> Vec<Problem> {
    let anatomy = anatomy();
    let mut problems = Vec::new();
    sections(tree, anatomy, is_of_sam, &mut problems);
    for (section, what) in NAMED {
        for (key, _) in entries(tree, section) {
            logical_id(key, what, &mut problems);
        }
    }
    for (key, parameter) in entries(tree, "Parameters") {
        if parameter.tag.is_none() && parameter.get("Type").is_none() {
            let message = format!("the parameter `{}` has no `Type`", shown(key));
            problems.push(refused_template("Parameters", message, "add it", key.span));
        }
    }
    for (_, resource) in entries(tree, "Resources") {
        for (attribute, values) in &anatomy.policies {
            if let Some(own) = resource.get(attribute) {
                policy(attribute, own, values, &mut problems);
            }
        }
    }
    problems.truncate(MOST);
    problems
}

/// A type of SAM in a template without its macro.
pub(super) fn sam_without_macro(tree: &Tree) -> Option<Problem> {
    let kinds = { entries(tree, "Resources") }.filter_map(|(_, resource)| resource.get("Type"));
    let is_of_sam = |name: &str| name.starts_with(&anatomy().sam_types);
    let kind = kinds
        .into_iter()
        .find(|kind| kind.text().is_some_and(is_of_sam))?;
    let name = kind.text().unwrap_or_default();
    let message = format!(
        "`{}` is a type of SAM, and the template is not",
        shorten(name)
    );
    let help = format!("add `Transform: {}`", super::SAM);
    Some(refused_template("Type", message, &help, kind.span))
}

fn shown(key: &Tree) -> String {
    shorten(key.text().unwrap_or_default())
}

/// Other sections than CloudFormation knows, and another version than the one that there is.
fn sections(tree: &Tree, anatomy: &Anatomy, is_of_sam: bool, problems: &mut Vec<Problem>) {
    for (key, value) in tree.entries() {
        let name = key.text().unwrap_or_default();
        let is_in = |list: &[String]| list.iter().any(|section| section == name);
        let is_known = is_in(&anatomy.sections)
            || is_in(&anatomy.tool_sections)
            || is_of_sam && is_in(&anatomy.sam_sections);
        if !is_known && !is_function(key) {
            let message = format!("`{}` is not a section of a template", shorten(name));
            let legal: Vec<&str> = anatomy.sections.iter().map(String::as_str).collect();
            let help = if is_in(&anatomy.sam_sections) {
                format!("add `Transform: {}`", super::SAM)
            } else {
                hint(name, &legal)
            };
            problems.push(refused_template(name, message, &help, key.span));
        }
        let version = value.text().filter(|_| name == "AWSTemplateFormatVersion");
        if let Some(version) = version.filter(|version| *version != anatomy.version) {
            let message = format!("`{}` is not a version of templates", shorten(version));
            let help = format!("write {}", anatomy.version);
            problems.push(refused_template(name, message, &help, value.span));
        }
    }
}

/// A logical id with other characters than letters and digits.
fn logical_id(key: &Tree, what: &str, problems: &mut Vec<Problem>) {
    let name = key.text().unwrap_or_default();
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        let message = format!(
            "the name of the {what} `{}` is not alphanumeric",
            shown(key)
        );
        let help = "use letters and digits only";
        problems.push(refused_template(name, message, help, key.span));
    }
}

/// A value of `DeletionPolicy` or `UpdateReplacePolicy` that is none.
fn policy(attribute: &str, own: &Tree, values: &[String], problems: &mut Vec<Problem>) {
    let Node::Text(text, _) = &own.node else {
        return;
    };
    if own.tag.is_none() && !values.contains(text) {
        let message = format!("`{}` is not a value of `{attribute}`", shorten(text));
        let legal: Vec<&str> = values.iter().map(String::as_str).collect();
        let help = hint(text, &legal);
        problems.push(refused_template(attribute, message, &help, own.span));
    }
}
