//! Expressions are evaluated as Terraform does.
//!
//! `fixtures/terraform/expressions.tf` has the expressions, `expressions.json` what Terraform makes of each. With Terraform
//! installed, `PCLUSTER_IAM_TERRAFORM=terraform cargo test --test it terraform_expressions::` writes both anew.

use crate::common::chance::Chance;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pcluster_iam::inventory::terraform::{self, Given};
use pcluster_iam::parser::Sources;

/// How many expressions are made by chance.
const RANDOM: usize = 500;

/// Expressions that must be known to the last byte.
const WRITTEN: &[&str] = &[
    r#""a${1 + 2}b""#,
    r#""$${aws:username} %%{x}""#,
    r#""\u00e9\n\t\"\\""#,
    r#"upper("abc")"#,
    r#"lower("AbC-É")"#,
    r#"trimspace("  a b ")"#,
    r#"trim("?!hello?!", "!?")"#,
    r#"trimprefix("hello", "he")"#,
    r#"trimsuffix("hello", "lo")"#,
    r#"replace("a-b-c", "-", ":")"#,
    r#"replace("abab", "/a(b)/", "$1x")"#,
    r#"split(":", "arn:aws:s3:::b")"#,
    r#"join(":", ["a", "b", "c"])"#,
    r#"join("", ["a"], ["b"])"#,
    r#"format("%s-%d-%s%%", "a", 3, true)"#,
    r#"format("%[2]s-%[1]s", "a", "b")"#,
    r#"formatlist("arn:%s:%s", "aws", ["a", "b"])"#,
    r#"concat(["a"], [], ["b", "c"])"#,
    r#"flatten([["a", ["b"]], [], "c"])"#,
    r"merge({a = 1, b = 2}, {b = 3})",
    r#"toset(["b", "a", "b"])"#,
    r#"tolist(toset(["b", "a"]))"#,
    r#"distinct(["b", "a", "b"])"#,
    r#"compact(["a", "", "b"])"#,
    r#"coalesce("", null, "x")"#,
    r#"lookup({a = "x"}, "a", "d")"#,
    r#"lookup({a = "x"}, "b", "d")"#,
    r"keys({b = 1, a = 2})",
    r"values({b = 1, a = 2})",
    r#"length("äbc")"#,
    r#"length(["a"])"#,
    r"length({a = 1})",
    r#"sort(["b", "a", "C"])"#,
    r#"reverse(["a", "b"])"#,
    r#"element(["a", "b", "c"], 4)"#,
    r#"slice(["a", "b", "c"], 1, 3)"#,
    r#"setproduct(["a", "b"], ["x", "y"])"#,
    r#"setunion(["b"], ["a", "b"])"#,
    r"tostring(3)",
    r#"tonumber("4")"#,
    r#"tobool("true")"#,
    r#"contains(["a"], "a")"#,
    r#"one(["a"])"#,
    r#"zipmap(["a"], ["b"])"#,
    r#"startswith("abc", "ab")"#,
    r#"endswith("abc", "bc")"#,
    r#"try({a = 1}.b, "x")"#,
    r#"try(["a"][3], ["a"][0])"#,
    r"can({a = 1}.b)",
    r#"jsonencode({a = ["<b>"], c = null})"#,
    r#"jsondecode("{\"a\": [1, true, null]}").a"#,
    r#"[for s in ["a", "b"] : upper(s) if s != "a"]"#,
    r#"[for i, s in ["a", "b"] : "${i}${s}"]"#,
    r"{for k, v in {b = 1, a = 2} : k => v + 1}",
    r#"{for s in ["a", "b", "ab"] : substr(s, 0, 1) => s...}"#,
    r#"{for s in ["a", "b", "a"] : s => s...}"#,
    r"[{a = 1}, {a = 2}][*].a",
    r"[{a = [1]}, {a = [2]}].*.a",
    r"[{a = [1]}, {a = [2]}][*].a[0]",
    r#"{a = {b = "c"}}.a["b"]"#,
    r"1 < 2 && !false || 3 == 4",
    r#"1 == 1 ? "yes" : "no""#,
    r"7 % 3 - -2 * 2",
    r#"["a", "b"] == ["a", "b"]"#,
    r#""%{ if true }yes%{ else }no%{ endif }""#,
    r#""%{ for s in ["a", "b"] }${s},%{ endfor }""#,
    r#""a  ${~ "b" ~}  c""#,
    "<<EOT\n  a\n   b\nEOT\n",
    "<<-EOT\n    a\n      b\n\n    c\n    EOT\n",
    "<<-EOT\n    %{ for s in [\"a\", \"b\"] ~}\n    ${s}\n    %{ endfor ~}\n    end\n    EOT\n",
    "<<-EOT\n    a ${~ \"b\" ~}\n      c\n    EOT\n",
    r#"concat(["a"], [["b"], ["c"]]...)"#,
    r"max(1, 2)",
];

/// Random expressions.
pub(crate) trait Expressions {
    fn text(&mut self, depth: usize) -> String;
    fn list(&mut self, depth: usize) -> String;
    fn map(&mut self, depth: usize) -> String;
    fn number(&mut self, depth: usize) -> String;
    fn boolean(&mut self, depth: usize) -> String;
}

impl Expressions for Chance {
    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            let words = [
                "\"\"",
                "\"a\"",
                "\"s3:GetObject\"",
                "\"arn:aws:s3:::b/*\"",
                "\" x \"",
                "\"$${aws:username}\"",
                "\"a-b-a\"",
            ];
            return (*self.one(&words)).to_owned();
        }
        let d = depth - 1;
        match self.below(15) {
            0 => format!("\"{}${{{}}}\"", self.one(&["", "p-", "a:"]), self.text(d)),
            1 => format!("upper({})", self.text(d)),
            2 => format!("lower({})", self.text(d)),
            3 => format!("trimspace({})", self.text(d)),
            4 => format!("trimprefix({}, {})", self.text(d), self.text(0)),
            5 => format!("trimsuffix({}, {})", self.text(d), self.text(0)),
            6 => format!(
                "replace({}, \"{}\", {})",
                self.text(d),
                self.one(&["a", ":", "-", "/[a-z]+/"]),
                self.text(0)
            ),
            7 => format!("join({}, {})", self.text(0), self.list(d)),
            8 => format!("format(\"%s:%s\", {}, {})", self.text(d), self.text(d)),
            9 => format!("try({}[{}], {})", self.list(d), self.below(4), self.text(d)),
            10 => format!(
                "({} ? {} : {})",
                self.boolean(d),
                self.text(d),
                self.text(d)
            ),
            11 => format!(
                "lookup({}, \"{}\", {})",
                self.map(d),
                self.one(&["a", "b", "c"]),
                self.text(d)
            ),
            12 => format!("coalesce({}, {}, \"z\")", self.text(d), self.text(d)),
            13 => format!("tostring({})", self.number(d)),
            _ => format!(
                "\"%{{ for x in {} }}${{x}};%{{ endfor }}%{{ if {} }}t%{{ else }}f%{{ endif }}\"",
                self.list(d),
                self.boolean(d)
            ),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("[{}, {}]", self.text(0), self.text(0));
        }
        let d = depth - 1;
        match self.below(14) {
            0 => format!("[{}]", self.text(d)),
            1 => format!("concat({}, {})", self.list(d), self.list(d)),
            2 => format!("flatten([{}, [{}]])", self.list(d), self.list(d)),
            3 => format!("distinct({})", self.list(d)),
            4 => format!("compact({})", self.list(d)),
            5 => format!("sort({})", self.list(d)),
            6 => format!("tolist(toset({}))", self.list(d)),
            7 => format!(
                "split(\"{}\", {})",
                self.one(&[":", "-", "a"]),
                self.text(d)
            ),
            8 => format!("keys({})", self.map(d)),
            9 => format!("values({})", self.map(d)),
            10 => format!("formatlist(\"%s/%s\", {}, {})", self.text(d), self.list(d)),
            11 => format!(
                "[for x in {} : \"{}${{x}}\" if x != {}]",
                self.list(d),
                self.one(&["", "q"]),
                self.text(0)
            ),
            12 => format!("reverse({})", self.list(d)),
            _ => format!(
                "[for p in setproduct({}, {}) : join(\"+\", p)]",
                self.list(d),
                self.list(0)
            ),
        }
    }

    fn map(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("{{ b = {}, \"a\" = {} }}", self.text(0), self.text(0));
        }
        let d = depth - 1;
        match self.below(3) {
            0 => format!("merge({}, {})", self.map(d), self.map(d)),
            1 => format!("{{ for i, x in {} : \"k${{i}}\" => x }}", self.list(d)),
            _ => format!("{{ c = {}, a = {} }}", self.text(d), self.text(d)),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.below(9).to_string();
        }
        let d = depth - 1;
        match self.below(4) {
            0 => format!("length({})", self.list(d)),
            1 => format!("length({})", self.text(d)),
            2 => format!("({} + {})", self.number(d), self.number(d)),
            _ => format!(
                "({} * {} - {})",
                self.number(d),
                self.number(0),
                self.number(d)
            ),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return (*self.one(&["true", "false"])).to_owned();
        }
        let d = depth - 1;
        match self.below(5) {
            0 => format!("{} == {}", self.text(d), self.text(d)),
            1 => format!("{} < {}", self.number(d), self.number(d)),
            2 => format!("contains({}, {})", self.list(d), self.text(0)),
            3 => format!("!({})", self.boolean(d)),
            _ => format!(
                "(({}) && ({}) || {})",
                self.boolean(d),
                self.boolean(d),
                self.boolean(0)
            ),
        }
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new("fixtures/terraform").join(name)
}

/// What `terraform console` makes of an expression in a folder, as JSON.
pub(crate) fn asked(terraform: &str, folder: &Path, expression: &str) -> String {
    let mut child = Command::new(terraform)
        .arg("console")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let query = format!("jsonencode({expression})\n");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), query.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    // The console prints a text as HCL writes it.
    let literal = text.trim().replace("$${", "${").replace("%%{", "%{");
    serde_json::from_str(&literal).unwrap_or_else(|e| panic!("{e}: {literal}"))
}

/// Writes the expressions and what Terraform makes of them.
fn write_anew(terraform: &str) {
    let mut chance = Chance(7);
    let mut code =
        String::from("# Written by tests/it/terraform_expressions.rs: see there.\nlocals {\n");
    let random = (0..RANDOM).map(|at| match at % 4 {
        0 | 1 => chance.text(3),
        2 => chance.list(3),
        _ => chance.map(2),
    });
    let random: Vec<String> = random.collect();
    let all = WRITTEN.iter().map(|e| (*e).to_owned()).chain(random);
    let mut count = 0;
    for (at, expression) in all.enumerate() {
        let tail = if expression.ends_with('\n') { "" } else { "\n" };
        write!(
            code,
            "  r{at} = try(jsonencode(\n{expression}{tail}  ), \"!\")\n"
        )
        .unwrap();
        count = at + 1;
    }
    code.push_str("}\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf"), &code).unwrap();
    let names: Vec<String> = (0..count).map(|at| format!("local.r{at}")).collect();
    let results = asked(terraform, folder.path(), &format!("[{}]", names.join(", ")));
    let results: Vec<String> = serde_json::from_str(&results).unwrap();
    fs::create_dir_all(fixture("")).unwrap();
    fs::write(fixture("expressions.tf"), code).unwrap();
    let mut lines = String::from("[\n");
    for (at, result) in results.iter().enumerate() {
        let comma = if at + 1 < results.len() { "," } else { "" };
        writeln!(lines, "{}{comma}", serde_json::to_string(result).unwrap()).unwrap();
    }
    fs::write(fixture("expressions.json"), lines + "]\n").unwrap();
}

/// What each expression is here; `None` where it is not known.
fn evaluated(count: usize) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("expressions.tf"), folder.path().join("main.tf")).unwrap();
    let mut code = String::new();
    for at in 0..count {
        write!(
            code,
            "resource \"aws_iam_policy\" \"p{at}\" {{\n  policy = jsonencode({{\n    Statement = [{{ Effect = \"Allow\", \
             Action = \"s3:GetObject\", Resource = local.r{at} }}]\n  }})\n}}\n"
        )
        .unwrap();
    }
    fs::write(folder.path().join("policies.tf"), code).unwrap();
    let mut sources = Sources::new();
    let module = terraform::read(folder.path(), &Given::default(), &mut sources).unwrap();
    assert!(module.elsewhere.is_empty(), "{:?}", module.elsewhere);
    assert_eq!(module.principals.len(), count);
    let mut all = vec![None; count];
    for found in &module.principals {
        let at: usize = found
            .name
            .strip_prefix("aws_iam_policy.p")
            .unwrap()
            .parse()
            .unwrap();
        let own = found.documents.iter();
        let others = own.clone().flat_map(|d| d.elsewhere.iter().map(|(_, d)| d));
        let mut documents = own.chain(others);
        let document = documents.find(|d| !d.worst.policies.is_empty()).unwrap();
        let resource = document.worst.policies[0].statements[0]
            .resource
            .as_ref()
            .unwrap();
        all[at] = document
            .best
            .is_none()
            .then(|| resource.values[0].value.clone());
    }
    all
}

#[test]
fn expressions_are_what_terraform_makes_of_them() {
    if let Ok(terraform) = std::env::var("PCLUSTER_IAM_TERRAFORM") {
        write_anew(&terraform);
    }
    let code = fs::read_to_string(fixture("expressions.tf")).unwrap();
    let results = fs::read_to_string(fixture("expressions.json")).unwrap();
    let results: Vec<String> = serde_json::from_str(&results).unwrap();
    assert!(results.len() >= WRITTEN.len() + RANDOM);
    let own = evaluated(results.len());
    let mut wrong = String::new();
    let mut unknown = 0;
    for (at, (own, theirs)) in own.iter().zip(&results).enumerate() {
        let start = code.find(&format!("  r{at} = ")).unwrap();
        let end = code[start..].find("\n  ), \"!\")").unwrap();
        let expression = code[start..start + end].trim();
        match own {
            Some(own) if own == theirs => {}
            Some(own) => writeln!(wrong, "{expression}\n  is    {own}\n  not   {theirs}").unwrap(),
            None => {
                unknown += 1;
                // `max` and `substr` are not evaluated.
                let outside = ["max(", "substr("].iter().any(|f| expression.contains(f));
                if at < WRITTEN.len() && !outside {
                    writeln!(wrong, "{expression}\n  is not known").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(
        unknown * 20 < results.len(),
        "{unknown} of {} are not known",
        results.len()
    );
}
