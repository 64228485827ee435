//! The tests of the program and the library, in one binary: a module for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    unreachable_pub,
    reason = "a test may panic and print, and its tables are written out"
)]

mod common;

mod access_analyzer;
mod architecture;
mod arn_fields;
mod baseline;
mod baseline_extent;
mod cases;
mod catalog;
mod china;
#[cfg(unix)]
mod ci;
mod cli;
mod cloudformation;
mod cloudformation_attached;
mod cloudformation_holes;
mod cloudformation_hostile;
mod cloudformation_law;
mod cloudformation_random;
mod cloudformation_references;
mod cloudformation_refused;
mod cloudformation_sam;
mod cluster_config;
mod cluster_config_hostile;
mod cluster_lint;
mod command_line;
mod condition_keys;
mod condition_lints;
mod config;
mod config_gate;
mod config_hostile;
mod configuration_page;
mod conformance;
mod counted;
mod danger;
mod difference;
mod difference_forms;
mod docs;
mod dump;
mod dump_yaml;
mod escalation;
mod examples_of_inputs;
mod excess;
mod fingerprints;
mod first_use;
mod fix;
mod fix_template;
mod formats;
mod fuzz;
mod gate;
mod gate_inputs;
mod generated;
mod hostile;
mod ignores;
mod ineffective;
mod init_defined;
mod keep;
mod laws;
mod length;
mod lint_edges;
mod lint_texts;
mod lints;
mod merge;
mod missing;
mod missing_languages;
mod mutations;
mod names;
mod needed_stays;
mod ordinary;
mod output;
mod owner;
mod parser_grammar;
mod parser_random;
mod parser_syntax;
mod patterns;
mod picture;
mod policies_outside;
mod policy_size;
mod principal_kind;
mod prose;
mod redundant_entries;
mod reference;
mod reference_edges;
mod reference_findings;
mod reference_needs;
mod rejections;
mod releases;
mod requirements;
#[cfg(unix)]
mod resource_prefix;
mod robust;
mod sarif;
mod semantics;
mod spans;
mod targets;
mod template_brackets;
mod template_links;
mod terraform;
mod terraform_exclusive;
mod terraform_expressions;
mod terraform_functions;
mod terraform_holes;
mod terraform_names;
mod terraform_random;
mod tighten;
mod tighten_cli;
mod trust;
mod trust_difference;
mod unconditional;
mod values;
mod variable_names;
mod verdicts;
