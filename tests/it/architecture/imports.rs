//! The imports of each file: no two files import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{code, sources, used};

/// The one circle of imports: a pattern that covers another searches, and a search goes through patterns.
const CIRCLES: &[[&str; 2]] = &[["matcher/pattern", "matcher/search"]];

/// The paths of a `use` tree, those in braces one by one.
fn flatten(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((base, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.to_owned()];
    };
    let list = rest.strip_suffix('}').unwrap();
    let (mut parts, mut open, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(flatten)
        .map(|path| format!("{base}{path}"))
        .collect()
}

/// The files of the crate by their module paths, and who imports whom.
struct Imports {
    code: BTreeMap<Vec<String>, String>,
    /// Where an item that a file re-exports comes from.
    origins: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Imports {
    fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        sources(root, &mut files);
        let mut code_of = BTreeMap::new();
        for path in files {
            let relative = path.strip_prefix(root).unwrap().with_extension("");
            let module: Vec<String> = relative
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            if !["lib", "main", "tests"].contains(&module.last().unwrap().as_str()) {
                code_of.insert(module, code(&path));
            }
        }
        let mut imports = Imports {
            code: code_of,
            origins: BTreeMap::new(),
        };
        for (module, text) in &imports.code {
            for (is_export, path) in Self::uses(text) {
                if let Some((file, rest)) = imports.resolve(module, &path).filter(|_| is_export)
                    && file != *module
                    && let Some(item) = rest.last()
                {
                    let item = (module.clone(), item.clone());
                    imports.origins.insert(item, file);
                }
            }
        }
        imports
    }

    /// The paths of the `use` lines of a file, and whether each is an export.
    fn uses(text: &str) -> Vec<(bool, String)> {
        let mut found = Vec::new();
        let lines = text.split(';').map(str::trim_start);
        for line in lines {
            let Some(at) = line.rfind("use ").filter(|at| {
                let before = line[..*at].trim();
                before.is_empty() || before.starts_with("pub") && !before.contains('\n')
            }) else {
                continue;
            };
            let is_export = at > 0;
            let tree = line[at + 4..]
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            found.extend(flatten(&tree).into_iter().map(|path| (is_export, path)));
        }
        found
    }

    /// The file of a path, and the rest of it; `None` where it is of another crate.
    fn resolve(&self, module: &[String], path: &str) -> Option<(Vec<String>, Vec<String>)> {
        let mut parts: Vec<String> = path.split("::").map(|p| p.trim().to_owned()).collect();
        let mut file = match parts[0].as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.to_vec(),
            first => {
                let child: Vec<String> = module.iter().cloned().chain([first.to_owned()]).collect();
                self.code.contains_key(&child).then(|| module.to_vec())?
            }
        };
        while let Some(first) = parts.first().cloned() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => {
                    file.pop();
                }
                _ => {
                    file.push(first);
                    if !self.code.contains_key(&file) {
                        file.pop();
                        break;
                    }
                }
            }
            parts.remove(0);
        }
        Some((file, parts))
    }

    /// The files that a file imports from. A file and those in its folder are one room: they may use each other.
    fn of(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let text = &self.code[module];
        let imported = Self::uses(text)
            .into_iter()
            .filter(|(is_export, _)| !is_export);
        let mut paths: Vec<String> = imported.map(|(_, path)| path).collect();
        for start in ["crate::", "super::"] {
            for (at, _) in text.match_indices(start) {
                let line = text[..at].rsplit('\n').next().unwrap();
                if line.ends_with("::")
                    || line.trim_start().starts_with("use ")
                    || line.contains(" use ")
                {
                    continue;
                }
                let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                let end = text[at..].find(|c| !is_path(c)).unwrap_or(text.len() - at);
                paths.push(text[at..at + end].trim_end_matches(':').to_owned());
            }
        }
        let mut found = BTreeSet::new();
        for path in paths {
            let Some((mut file, rest)) = self.resolve(module, &path) else {
                continue;
            };
            while let Some(item) = rest.first() {
                match self.origins.get(&(file.clone(), item.clone())) {
                    Some(origin) => file.clone_from(origin),
                    None => break,
                }
            }
            if !file.is_empty() && !file.starts_with(module) && !module.starts_with(&file) {
                found.insert(file);
            }
        }
        found
    }

    /// The files of all circles, each with those that it reaches and that reach it.
    fn circles(&self) -> BTreeSet<BTreeSet<String>> {
        let of: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> =
            self.code.keys().map(|file| (file, self.of(file))).collect();
        let reached = |from: &Vec<String>| {
            let mut seen: BTreeSet<&Vec<String>> = BTreeSet::new();
            let mut open = vec![from];
            while let Some(file) = open.pop() {
                for next in of.get(file).into_iter().flatten() {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            seen
        };
        let all: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> =
            self.code.keys().map(|file| (file, reached(file))).collect();
        let mut circles = BTreeSet::new();
        for (file, to) in &all {
            let back = to
                .iter()
                .filter(|other| all.get(*other).is_some_and(|t| t.contains(file)));
            let circle: BTreeSet<String> = back.map(|other| other.join("/")).collect();
            if !circle.is_empty() {
                circles.insert(circle);
            }
        }
        circles
    }
}

#[test]
fn no_files_import_each_other() {
    let imports = Imports::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let known = CIRCLES.iter().map(|files| files.map(str::to_owned).into());
    let known: BTreeSet<BTreeSet<String>> = known.collect();
    assert_eq!(imports.circles(), known);
    let arrows: usize = imports.code.keys().map(|file| imports.of(file).len()).sum();
    assert!(arrows > 1_000, "{arrows}");
}

#[test]
fn imports_are_read() {
    assert_eq!(
        flatten("super::{a, b::{self, C as D}, e::{f::G}}"),
        [
            "super::a",
            "super::b::self",
            "super::b::C",
            "super::e::f::G"
        ]
    );
    let text = "use super::a::{\n    B,\n};\npub(super) use c::D;\nfn f() { let x = 1; }\n";
    let uses = [(false, "super::a::B"), (true, "c::D")];
    assert_eq!(Imports::uses(text), uses.map(|(e, p)| (e, p.to_owned())));
}

#[test]
fn uses_are_found_in_every_spelling() {
    let names = |text: &str, depth| used(text, depth).into_iter().collect::<Vec<_>>();
    assert_eq!(names("use crate::diff::Row;", 1), ["diff"]);
    assert_eq!(names("let x = crate::edit::text();", 1), ["edit"]);
    assert_eq!(
        names(
            "use crate::{inert, parser::{Span, Text}, nearest::{self}};",
            1
        ),
        ["inert", "nearest", "parser"]
    );
    assert_eq!(names("use super::super::finding::Label;", 2), ["finding"]);
    assert_eq!(names("use super::Context;", 2), Vec::<String>::new());
}
