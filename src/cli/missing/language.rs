//! The language that statements are printed in, and what its texts are made of.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::{cloudformation, hcl};
use crate::cli::jobs::Loaded;
use crate::inventory::terraform;
use crate::parser::{Source, SourceId, Sources};
use crate::reference::RefStatement;
use crate::reference::bindings::option_for;
use crate::remedy::OF_THE_RUN;

/// A choice of the command line.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum LanguageName {
    /// A policy document
    Json,
    /// Statements of a CloudFormation template, in YAML or, for a JSON template, in JSON
    Cfn,
    /// `statement` blocks where the role has `aws_iam_policy_document`, else `jsonencode`
    Hcl,
}

/// A language, with what the input says about its form.
pub(super) enum Language {
    Json,
    CloudFormation {
        is_json: bool,
        /// Whether the template leaves the partition of its ARNs to CloudFormation.
        has_partition: bool,
    },
    Terraform {
        in_blocks: bool,
        names: hcl::Names,
    },
}

impl Language {
    /// The given one, or that of the input.
    pub(super) fn of(given: Option<LanguageName>, loaded: &Loaded) -> Self {
        let written = loaded.written.map(|id| loaded.sources.get(id));
        let is_terraform = |source: &Source| {
            terraform::is_code(source.name()) || terraform::may_be_plan(source.text())
        };
        let name = given.unwrap_or(match written {
            None => LanguageName::Json,
            Some(source) if is_terraform(source) => LanguageName::Hcl,
            Some(_) => LanguageName::Cfn,
        });
        match name {
            LanguageName::Json => Language::Json,
            LanguageName::Cfn => Language::CloudFormation {
                is_json: written.is_some_and(|s| s.text().trim_start().starts_with('{')),
                has_partition: written.is_some_and(|s| s.text().contains("AWS::Partition")),
            },
            LanguageName::Hcl => Language::Terraform {
                in_blocks: has_blocks(loaded),
                names: match loaded.written {
                    Some(id) => hcl::Names::of_module(&module_of(id, &loaded.sources)),
                    None => hcl::Names::default(),
                },
            },
        }
    }

    /// The statements of all documents.
    pub(super) fn write(&self, documents: &[Vec<RefStatement>]) -> String {
        match self {
            Language::Json => String::new(),
            Language::CloudFormation {
                is_json,
                has_partition,
            } => {
                let mut documents = documents.to_vec();
                if *has_partition {
                    let statements = documents.iter_mut().flatten();
                    statements.for_each(cloudformation::leave_partition_open);
                }
                if *is_json {
                    cloudformation::json(&documents)
                } else {
                    cloudformation::yaml(&documents)
                }
            }
            Language::Terraform { in_blocks, names } => hcl::write(documents, *in_blocks, names),
        }
    }

    /// How to give a value for a placeholder, or `None` where the language has an expression for it.
    pub(super) fn how_to_give(&self, name: &str) -> Option<String> {
        let option = option_for(name);
        match self {
            Language::Json => Some(option),
            _ if OF_THE_RUN.contains(&name) => None,
            Language::CloudFormation { .. } => Some(format!(
                "declare the parameter `{name}` in the template, or pass {option}"
            )),
            Language::Terraform { .. } => Some(format!(
                "declare the variable `{}` in the module, or pass {option}",
                hcl::variable(name)
            )),
        }
    }

    /// What the statements need that the input does not have.
    pub(super) fn notes(&self, text: &str) -> String {
        let mut notes = String::new();
        if let Language::Terraform { names, .. } = self {
            for block in names.undeclared(text) {
                let _ = writeln!(notes, "add to the module: {block}");
            }
        }
        notes
    }
}

/// The text of the files beside a file of Terraform code, its own among them.
fn module_of(id: SourceId, sources: &Sources) -> String {
    let folder = |name: &str| name.rsplit_once('/').map_or("", |(f, _)| f).to_owned();
    let own = folder(sources.get(id).name());
    let is_beside = |name: &str| terraform::is_code(name) && folder(name) == own;
    let all = sources.all().filter(|source| is_beside(source.name()));
    all.map(Source::text).collect::<Vec<_>>().join("\n")
}

/// Whether a statement of the role is a block of a data source.
fn has_blocks(loaded: &Loaded) -> bool {
    let policies = loaded.files.iter().flat_map(|f| &f.document.policies);
    let mut statements = policies.flat_map(|p| p.statements.iter().map(|s| (p.source, s.span)));
    statements.any(|(source, span)| {
        let text = loaded.sources.get(source).slice(span);
        text.starts_with("statement") || text.starts_with("dynamic")
    })
}
