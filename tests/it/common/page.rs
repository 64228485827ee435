//! Pages of documentation: their blocks, and the commands in them with what these print.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Parts what one command prints from what the next one does.
const END: &str = "\u{1}";

/// Ends a command whose JSON a page shows over several lines. The tests indent it themselves: `jq` may not be installed.
const JQ: &str = " | jq";

/// The fenced blocks of a page: language and text.
pub fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (block, after) = after.split_once("\n```").expect("a block ends");
        blocks.push(block.split_once('\n').unwrap_or((block, "")));
        rest = after;
    }
    blocks
}

/// Text that bash runs in a folder, with this program and those of `more` before all others.
pub fn bash(script: &str, folder: &Path, more: &[&Path]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    let path = std::env::var_os("PATH").expect("a PATH");
    let folders = more
        .iter()
        .map(|folder| folder.to_path_buf())
        .chain(program.parent().map(Path::to_path_buf))
        .chain(std::env::split_paths(&path));
    let mut command = Command::new("bash");
    command
        .args(["--noprofile", "--norc", "-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::join_paths(folders).unwrap())
        .stdin(Stdio::null());
    command
}

/// Runs the blocks that begin with `$ `, each in a shell of its own, and holds what every command writes to standard
/// output against the page, where `...` stands for whole lines that are left out. Gives the commands.
pub fn run(blocks: &[(&str, &str)], folder: &Path) -> Vec<String> {
    let mut commands = Vec::new();
    for (_, block) in blocks.iter().filter(|(_, text)| text.starts_with("$ ")) {
        let mut steps: Vec<(String, String)> = Vec::new();
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push((command.to_owned(), String::new())),
                None => steps.last_mut().unwrap().1.extend([line, "\n"]),
            }
        }
        let mut script = String::new();
        for (command, _) in &steps {
            let command = command.strip_suffix(JQ).unwrap_or(command);
            // `$?` of the next command is that of this one.
            let _ = writeln!(script, "{command}\ncode=$?; printf '\\001'; (exit $code)");
        }
        let output = bash(&script, folder, &[]).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let printed: Vec<&str> = printed.split(END).collect();
        assert_eq!(printed.len(), steps.len() + 1, "{block}\n{error}");
        for ((command, expected), printed) in steps.iter().zip(printed) {
            if command.ends_with(JQ) {
                compare(command, expected, &indented(printed), &error);
            } else {
                compare(command, expected, printed, &error);
            }
        }
        commands.extend(steps.into_iter().map(|(command, _)| command));
    }
    commands
}

/// Compact JSON as `jq` prints it.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut characters = json.trim_end().chars().peekable();
    while let Some(c) = characters.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if let Some(end) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out + "\n"
}

fn compare(command: &str, expected: &str, printed: &str, error: &str) {
    let mut rest = printed;
    let mut parts = expected.split("...\n");
    let first = parts.next().unwrap_or_default();
    rest = rest.strip_prefix(first).unwrap_or_else(|| {
        panic!("{command}: the page says\n{first}\nand the program\n{printed}\n{error}")
    });
    let mut is_open = false;
    for part in parts {
        is_open = true;
        let at = rest.find(part).unwrap_or_else(|| {
            panic!("{command}:\n{part}\nis not in\n{printed}\n{error}");
        });
        rest = &rest[at + part.len()..];
    }
    assert!(
        rest.is_empty() || is_open && expected.ends_with("...\n"),
        "{command}: the page lacks\n{rest}"
    );
}
