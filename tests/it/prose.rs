//! Plain English: words that readers stumble over stay out of pages, messages, help texts and data, and few comments
//! open with a relative pronoun.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Words to replace, each with the plain one.
const WORDS: [(&str, &str); 14] = [
    (r"\bmend(s|ed|ing)?\b", "fix"),
    (r"\bbeyond need\b", "not required"),
    (r"\bgranted beyond\b", "not required"),
    (r"\b(told|tells)\b", "report"),
    (r"\black(s|ed|ing)?\b", "missing"),
    (r"\bstands? in\b", "is in, replaces"),
    (r"\bstands (twice|there|here|after)\b", "is listed"),
    (r"\b(gives?|gave) way\b", "replaced by"),
    (r"\bwho(m|so)?ever\b", "anyone who, or the passive"),
    (r"\bnobody says\b", "unknown"),
    (r"\bspeaks? of\b", "name"),
    (r"\bfares?\b", "verdict, got worse"),
    (r"\b(is|are) borne\b", "has"),
    (r"\bfor want of\b", "because … is missing"),
];

/// The share of comment lines that may open with a relative pronoun.
const MOST_RELATIVE: f64 = 0.02;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder, or the file itself, that end in this.
fn files(path: &Path, extension: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            found.extend(files(&entry, extension));
        } else if entry.extension().is_some_and(|e| e == extension) {
            found.push(entry);
        }
    }
    found
}

/// A comment, a string with its text, or a character of Rust code.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r##"(?s)//[^\n]*|r#"(.*?)"#|"((?:[^"\\]|\\.)*)"|'(?:\\[^']+|[^'\\])'"##).unwrap()
});

/// The end of a line within a string that goes on in the next one.
static CONTINUED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").unwrap());

/// The words, compiled once: all together, and each by itself.
static ANY: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(WORDS.map(|(word, _)| format!("(?i){word}"))).unwrap());

/// The string literals of Rust code with their lines: comments, characters and test modules are left out.
fn literals(code: &str) -> Vec<(usize, String)> {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
    TOKEN
        .captures_iter(code)
        .filter_map(|found| found.get(1).or(found.get(2)))
        .map(|text| {
            let line = code[..text.start()].lines().count();
            (line, CONTINUED.replace_all(text.as_str(), "").into_owned())
        })
        .collect()
}

/// The words of a text to replace.
fn faults(place: &str, text: &str, faults: &mut Vec<String>) {
    for index in ANY.matches(text) {
        let (word, plain) = WORDS[index];
        let short: String = text.chars().take(160).collect();
        faults.push(format!("{place}: {word} ({plain}): {short}"));
    }
}

#[test]
fn user_facing_text_is_plain() {
    let mut found = Vec::new();
    let mut count = 0;
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();

    let folders = ["", "docs", "rules/lints"].map(|folder| root().join(folder));
    let pages = folders.iter().flat_map(|folder| {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    });
    for path in pages.filter(|path| path.extension().is_some_and(|e| e == "md")) {
        count += 1;
        for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            faults(&format!("{}:{}", name(&path), line + 1), text, &mut found);
        }
    }

    // Texts of rules that reach the user, not their comments.
    for path in files(&root().join("rules"), "toml") {
        count += 1;
        for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if !text.starts_with('#') {
                faults(&format!("{}:{}", name(&path), line + 1), text, &mut found);
            }
        }
    }
    for file in ["action.yml", ".pre-commit-hooks.yaml", "Cargo.toml"] {
        faults(
            file,
            &fs::read_to_string(root().join(file)).unwrap(),
            &mut found,
        );
    }

    for path in files(&root().join("src"), "rs") {
        if path.ends_with("tests.rs") {
            continue;
        }
        count += 1;
        for (line, text) in literals(&fs::read_to_string(&path).unwrap()) {
            faults(&format!("{}:{line}", name(&path)), &text, &mut found);
        }
    }

    let mut command = pcluster_iam::cli::command();
    command.build();
    help(&mut command, &mut found);

    for schema in files(&root().join("rules/schema"), "json") {
        for text in fs::read_to_string(&schema).unwrap().lines() {
            if text.contains("\"description\"") {
                faults(&name(&schema), text, &mut found);
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count > 150, "{count} files");
}

/// The help of a command and of all below it.
fn help(command: &mut clap::Command, found: &mut Vec<String>) {
    let place = format!("help of {}", command.get_name());
    for line in command.render_long_help().to_string().lines() {
        faults(&place, line, found);
    }
    command
        .get_subcommands_mut()
        .for_each(|sub| help(sub, found));
}

#[test]
fn literals_are_found_and_comments_are_not() {
    let code = "// \"no\"\nlet a = \"one \\\n   two\"; let c = '\"'; let b = r#\"three \"3\"\"#; /// \"no\"\n";
    let texts: Vec<String> = literals(code).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one two", "three \"3\""]);
    let mut found = Vec::new();
    faults("here", "a policy Lacks it", &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn comments_are_plain() {
    let mut found = Vec::new();
    for folder in ["src", "build"] {
        for path in files(&root().join(folder), "rs") {
            for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
                if text.trim_start().starts_with("//") {
                    let place = format!("{}:{}", path.display(), line + 1);
                    faults(&place, text, &mut found);
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn few_comments_open_with_a_relative_pronoun() {
    let comment = Regex::new(r"(?m)^\s*//[/!]? ?(\S.*)$").unwrap();
    let relative = Regex::new(r"^(What|Where|Those|That|Which|Whose)\b").unwrap();
    let (mut all, mut open) = (0_u32, Vec::new());
    for path in files(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for line in comment.captures_iter(&text) {
            all += 1;
            if relative.is_match(&line[1]) {
                open.push(format!("{}: {}", path.display(), &line[1]));
            }
        }
    }
    assert!(all > 2_000, "{all} lines of comments");
    let share = f64::from(u32::try_from(open.len()).unwrap()) / f64::from(all);
    assert!(
        share <= MOST_RELATIVE,
        "{} of {all} lines of comments:\n{}",
        open.len(),
        open.join("\n")
    );
}
