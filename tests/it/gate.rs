//! A gate that cannot be silenced, fooled or abused: what `SECURITY.md` promises.

mod files;
mod silence;

use std::fs;
use std::path::Path;

use crate::common::program::{NODE, Run, run};
use crate::common::project::Project;

const LITTLE: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:DescribeInstances"], "Resource": "*"}]}"#;

fn lint(project: &Project, arguments: &[&str]) -> Run {
    run(&project.path(""), &[&["lint"], arguments, &NODE].concat())
}

/// Text that acts on a terminal or a service.
pub(super) const HOSTILE: &str =
    "a\u{1b}[2J\n::add-mask::x\r\u{9b}\u{202e}\u{200b}\u{e0041}##[error]b##vso[task.x]";

/// Raw characters and line starts that act on a terminal or a service.
pub(super) fn acts(text: &str) -> Option<String> {
    let unsafe_character = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0001}'..='\u{e007f}')
    });
    let is_command = |line: &&str| {
        line.trim_start().starts_with("::add-mask")
            || line.contains("##[")
            || line.contains("##vso[")
    };
    let command = text.lines().find(is_command);
    unsafe_character
        .map(|c| format!("{c:?}"))
        .or_else(|| command.map(str::to_owned))
}

#[test]
fn every_row_of_the_threat_model_names_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| The attacker"))
        .collect();
    assert!(rows.len() >= 10, "{page}");
    for row in rows.iter().filter(|row| !row.contains("---")) {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            let (module, test) = name.rsplit_once("::").unwrap();
            let file = format!("tests/it/{}.rs", module.replace("::", "/"));
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(text.contains(&format!("#[test]\nfn {test}(")), "{name}");
        }
    }
}
