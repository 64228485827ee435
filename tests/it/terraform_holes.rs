//! A literal of a policy that Terraform code leaves open silences nothing.
//!
//! One literal in so many of all fixtures is tried, in one form of the policy and with one kind of reference. All of them:
//! `PCLUSTER_IAM_SAMPLE=1 cargo test --release --test it terraform_holes::`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;

use serde_json::Value;

use crate::common::left_open::{literals, policies, refused, silenced};
use crate::common::program::{JUDGED, run};
use crate::terraform::TRUST;

/// What a literal is replaced by: an expression, and one of its values if it cannot be any text.
type Open = (&'static str, Option<&'static str>);

const OPEN: [Open; 5] = [
    ("var.open", None),
    ("aws_db_instance.made.arn", None),
    ("module.registry.out", None),
    ("aws_s3_bucket.made.arn", Some("\"arn:aws:s3:::made-0a1b\"")),
    ("random_id.made.hex", Some("\"0a1b2c3d\"")),
];

const HEAD: &str = "variable \"open\" {}\nresource \"aws_s3_bucket\" \"made\" {}\nresource \"aws_db_instance\" \"made\" {}\n\
    resource \"random_id\" \"made\" {\n  byte_length = 4\n}\nmodule \"registry\" {\n  source = \"example/iam/aws\"\n}\n";

/// How a policy is written.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Encoded,
    Heredoc,
    DataSource,
}

const FORMS: [Form; 3] = [Form::Encoded, Form::Heredoc, Form::DataSource];

/// Code that is being written, with the places of the literals.
struct Writer<'a> {
    code: String,
    places: BTreeMap<String, Range<usize>>,
    /// The pointer of the literal that is left open, and what it is replaced by.
    open: Option<(&'a str, &'a str)>,
    form: Form,
}

/// A text between quotes as HCL has it.
fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    let json = json.replace("\\b", "\\u0008").replace("\\f", "\\u000c");
    json.replace("${", "$${").replace("%{", "%%{")
}

impl Writer<'_> {
    fn text(&mut self, at: &str, text: &str) {
        let start = self.code.len();
        match self.open.filter(|(open, _)| *open == at) {
            Some((_, with)) if self.form == Form::Heredoc => {
                write!(self.code, "\"${{{with}}}\"").unwrap();
            }
            Some((_, with)) => self.code.push_str(with),
            None if self.form == Form::Heredoc => {
                let json = Value::from(text).to_string();
                self.code
                    .push_str(&json.replace("${", "$${").replace("%{", "%%{"));
            }
            None => self.code.push_str(&quoted(text)),
        }
        self.places.insert(at.to_owned(), start..self.code.len());
    }

    fn value(&mut self, at: &str, value: &Value) {
        match value {
            Value::String(text) => self.text(at, text),
            Value::Array(all) => {
                self.code.push('[');
                for (nth, value) in all.iter().enumerate() {
                    self.code.push_str(if nth > 0 { ", " } else { "" });
                    self.value(&format!("{at}/{nth}"), value);
                }
                self.code.push(']');
            }
            Value::Object(members) => {
                self.code.push('{');
                for (nth, (key, value)) in members.iter().enumerate() {
                    self.code.push_str(if nth > 0 { ", " } else { "" });
                    // A key is never a literal that is left open.
                    let name = Value::from(key.as_str()).to_string();
                    let name = name.replace("${", "$${").replace("%{", "%%{");
                    write!(self.code, "{name}: ").unwrap();
                    let key = key.replace('~', "~0").replace('/', "~1");
                    self.value(&format!("{at}/{key}"), value);
                }
                self.code.push('}');
            }
            other => self.code.push_str(&other.to_string()),
        }
    }

    /// The values of an element as a list, as the data source has them.
    fn list(&mut self, at: &str, value: &Value) {
        if value.is_array() {
            self.value(at, value);
        } else {
            self.code.push('[');
            self.value(at, value);
            self.code.push(']');
        }
    }

    fn data_source(&mut self, name: &str, policy: &Value) {
        write!(
            self.code,
            "data \"aws_iam_policy_document\" \"{name}\" {{\n  version = {}\n",
            policy["Version"]
        )
        .unwrap();
        let statements: Vec<(String, &Value)> = match &policy["Statement"] {
            Value::Array(all) => { all.iter().enumerate() }
                .map(|(nth, s)| (format!("/Statement/{nth}"), s))
                .collect(),
            one => vec![("/Statement".to_owned(), one)],
        };
        for (at, statement) in statements {
            self.code.push_str("  statement {\n");
            for (key, name) in NAMES {
                if let Some(value) = statement.get(key) {
                    write!(self.code, "    {name} = ").unwrap();
                    if key == "Effect" || key == "Sid" {
                        self.value(&format!("{at}/{key}"), value);
                    } else {
                        self.list(&format!("{at}/{key}"), value);
                    }
                    self.code.push('\n');
                }
            }
            for (operator, keys) in statement
                .get("Condition")
                .iter()
                .flat_map(|c| c.as_object().unwrap())
            {
                for (key, values) in keys.as_object().unwrap() {
                    let escaped = key.replace('~', "~0").replace('/', "~1");
                    write!(
                        self.code,
                        "    condition {{\n      test = {}\n      variable = {}\n      values = ",
                        quoted(operator),
                        quoted(key)
                    )
                    .unwrap();
                    self.list(&format!("{at}/Condition/{operator}/{escaped}"), values);
                    self.code.push_str("\n    }\n");
                }
            }
            self.code.push_str("  }\n");
        }
        self.code.push_str("}\n");
    }

    /// A role with the policy.
    fn role(&mut self, name: &str, policy: &Value) {
        self.places.clear();
        if self.form == Form::DataSource {
            self.data_source(name, policy);
        }
        write!(
            self.code,
            "resource \"aws_iam_role\" \"{name}\" {{\n  assume_role_policy = {TRUST}\n  inline_policy {{\n    name = \"p\"\n    policy = "
        )
        .unwrap();
        match self.form {
            Form::Encoded => {
                self.code.push_str("jsonencode(");
                self.value("", policy);
                self.code.push_str(")\n");
            }
            Form::Heredoc => {
                self.code.push_str("<<EOT\n");
                self.value("", policy);
                self.code.push_str("\nEOT\n");
            }
            Form::DataSource => {
                writeln!(self.code, "data.aws_iam_policy_document.{name}.json").unwrap();
            }
        }
        self.code.push_str("  }\n}\n");
    }
}

const NAMES: [(&str, &str); 6] = [
    ("Sid", "sid"),
    ("Effect", "effect"),
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
];

/// Whether the data source can say the policy.
fn is_for_data_source(policy: &Value) -> bool {
    let is_texts = |value: &Value| {
        value.is_string()
            || value
                .as_array()
                .is_some_and(|all| all.iter().all(Value::is_string))
    };
    let is_condition = |value: &Value| {
        value.as_object().is_some_and(|operators| {
            operators.values().all(|keys| {
                keys.as_object()
                    .is_some_and(|keys| keys.values().all(is_texts))
            })
        })
    };
    let mut sids = Vec::new();
    let mut is_statement = |value: &Value| {
        if let Some(sid) = value["Sid"].as_str() {
            if sids.contains(&sid.to_owned()) {
                return false;
            }
            sids.push(sid.to_owned());
        }
        value.as_object().is_some_and(|members| {
            members.iter().all(|(key, value)| match key.as_str() {
                "Effect" | "Sid" => value.is_string(),
                "Condition" => is_condition(value),
                key => NAMES.iter().any(|(name, _)| *name == key) && is_texts(value),
            })
        })
    };
    let has_version = policy["Version"].is_string();
    has_version
        && match &policy["Statement"] {
            Value::Array(all) => all.iter().all(&mut is_statement),
            one => is_statement(one),
        }
}

/// Judges one policy with some of its literals left open, in one form: what is silenced.
fn silenced_in(policy: &Value, form: Form, chosen: &[(String, Open)]) -> Vec<String> {
    let mut writer = Writer {
        code: HEAD.to_owned(),
        places: BTreeMap::new(),
        open: None,
        form,
    };
    writer.role("base", policy);
    let places = writer.places.clone();
    let mut replaced = Vec::new();
    for (nth, (at, (expression, value))) in chosen.iter().enumerate() {
        let mut write = |name: &str, with| {
            writer.open = Some((at, with));
            writer.role(&format!("{name}{nth}"), policy);
            writer.places[at].clone()
        };
        write("open", *expression);
        replaced.push(value.map(|value| write("known", value)));
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf"), &writer.code).unwrap();
    let run = run(folder.path(), &[&["lint", "."], &JUDGED[..]].concat());
    let value: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let results = value["results"].as_array().unwrap().iter();
    let results: BTreeMap<&str, &Value> = results
        .map(|r| (r["principal"]["name"].as_str().unwrap(), r))
        .collect();
    let base = results["aws_iam_role.base"];
    let mut wrong = Vec::new();
    for (nth, (at, (expression, _))) in chosen.iter().enumerate() {
        let of = |name: &str| results[format!("aws_iam_role.{name}{nth}").as_str()];
        let open = of("open");
        let mut faults = silenced(base, &places[at], open);
        match &replaced[nth] {
            // Nothing is lost that is not found with that value either.
            Some(place) => {
                let others = silenced(of("known"), place, open);
                let what = |fault: &str| fault.split(": ").next().unwrap().to_owned();
                faults.retain(|fault| others.iter().any(|other| what(other) == what(fault)));
            }
            None => faults.extend(refused(base, open)),
        }
        wrong.extend({ faults.iter() }.map(|fault| format!("{at} {form:?} {expression}: {fault}")));
    }
    wrong
}

#[test]
fn no_literal_that_is_left_open_silences_a_finding() {
    let sample: usize = std::env::var("PCLUSTER_IAM_SAMPLE")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(397);
    let (mut nth, mut tried) = (0, 0);
    let mut wrong = Vec::new();
    for (file, policy) in policies() {
        for (form_nth, form) in FORMS.into_iter().enumerate() {
            if form == Form::DataSource && !is_for_data_source(&policy) {
                continue;
            }
            let mut chosen = Vec::new();
            for at in literals(&policy) {
                nth += 1;
                let is_whole = sample == 1;
                if nth % sample != 0 && !is_whole {
                    continue;
                }
                let open = { OPEN.into_iter().enumerate() }
                    .filter(|(at, _)| is_whole || *at == (tried + form_nth) % OPEN.len());
                let of_literal: Vec<_> = open.map(|(_, open)| (at.clone(), open)).collect();
                tried += of_literal.len();
                chosen.extend(of_literal);
            }
            if !chosen.is_empty() {
                let faults = silenced_in(&policy, form, &chosen);
                wrong.extend({ faults.iter() }.map(|fault| format!("{file} {fault}")));
            }
        }
    }
    println!("{tried} literals left open, {} silenced", wrong.len());
    assert!(tried > 10, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} wrong of {tried}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
