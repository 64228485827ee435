//! Statements of Terraform code.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>

use std::fmt::Write as _;

use super::part::{Part, conditions, lists, parts};
use crate::parser::Effect;
use crate::reference::RefStatement;

/// The data sources that the placeholders of a run are attributes of, each with the attribute.
const DATA: [(&str, &str, &str); 3] = [
    ("Partition", "aws_partition", "partition"),
    ("Region", "aws_region", "id"),
    ("Account", "aws_caller_identity", "account_id"),
];

/// The names of these data sources in a module, in the order of [`DATA`]; `None` where it has none.
#[derive(Default)]
pub(super) struct Names([Option<String>; 3]);

impl Names {
    /// Those of a module, from the text of its files.
    pub(super) fn of_module(text: &str) -> Self {
        Names(DATA.map(|(_, kind, _)| {
            let head = format!("data \"{kind}\" \"");
            let mut lines = text.lines().map(str::trim_start);
            let name = lines.find_map(|line| line.strip_prefix(&head)?.split('"').next());
            name.map(str::to_owned)
        }))
    }

    fn reference(&self, placeholder: &str) -> Option<String> {
        let at = DATA.iter().position(|(name, ..)| *name == placeholder)?;
        let (_, kind, attribute) = DATA.get(at)?;
        let own = self.0.get(at)?.as_deref().unwrap_or("current");
        Some(format!("data.{kind}.{own}.{attribute}"))
    }

    /// The blocks that a text refers to and that the module does not have.
    pub(super) fn undeclared(&self, text: &str) -> Vec<String> {
        let all = DATA.iter().zip(&self.0);
        let missing = all.filter(|((_, kind, _), own)| {
            own.is_none() && text.contains(&format!("data.{kind}.current."))
        });
        missing
            .map(|((_, kind, _), _)| format!("data \"{kind}\" \"current\" {{}}"))
            .collect()
    }
}

/// The variable that gives the value of a placeholder.
pub(super) fn variable(placeholder: &str) -> String {
    let mut out = String::new();
    let mut was_lower = false;
    for c in placeholder.chars() {
        if c.is_ascii_uppercase() && was_lower {
            out.push('_');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    out
}

/// A literal part of a string in quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.replace("${", "$${").replace("%{", "%%{")
}

struct Writer<'n> {
    names: &'n Names,
    /// What a variable of IAM begins with: `&{` in the data source, else `$${`.
    variable: &'static str,
}

impl Writer<'_> {
    fn text(&self, text: &str) -> String {
        let mut out = String::from("\"");
        for part in parts(text) {
            match part {
                Part::Literal(text) => out.push_str(&escaped(text)),
                Part::Placeholder(name) => {
                    let reference = self.names.reference(name);
                    let reference = reference.unwrap_or_else(|| format!("var.{}", variable(name)));
                    let _ = write!(out, "${{{reference}}}");
                }
                Part::Variable(name) => {
                    let _ = write!(out, "{}{}}}", self.variable, escaped(name));
                }
            }
        }
        out.push('"');
        out
    }

    /// A list, one element on each line.
    fn list(&self, texts: &[String]) -> String {
        match texts {
            [one] => format!("[{}]", self.text(one)),
            several => {
                let lines = several.iter().map(|t| format!("  {},\n", self.text(t)));
                format!("[\n{}]", lines.collect::<String>())
            }
        }
    }

    fn one_or_list(&self, texts: &[String]) -> String {
        match texts {
            [one] => self.text(one),
            several => self.list(several),
        }
    }

    fn block(&self, statement: &RefStatement) -> String {
        let mut arguments = Vec::new();
        if let Some(sid) = &statement.sid {
            arguments.push(("sid".to_owned(), self.text(sid)));
        }
        if statement.effect == Effect::Deny {
            arguments.push(("effect".to_owned(), self.text("Deny")));
        }
        for (name, texts) in lists(statement) {
            let argument = match name {
                "NotAction" => "not_actions",
                "Action" => "actions",
                "NotResource" => "not_resources",
                _ => "resources",
            };
            arguments.push((argument.to_owned(), self.list(texts)));
        }
        let mut body = aligned(&arguments);
        for line in &statement.conditions {
            let arguments = [
                ("test".to_owned(), self.text(&line.operator)),
                ("variable".to_owned(), self.text(&line.key)),
                ("values".to_owned(), self.list(&line.values)),
            ];
            let inner = indented(&aligned(&arguments));
            let _ = write!(body, "\ncondition {{\n{inner}}}\n");
        }
        format!("statement {{\n{}}}\n", indented(&body))
    }

    fn object(&self, statement: &RefStatement) -> String {
        let effect = match statement.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        let mut members = Vec::new();
        if let Some(sid) = &statement.sid {
            members.push(("Sid".to_owned(), self.text(sid)));
        }
        members.push(("Effect".to_owned(), self.text(effect)));
        for (name, texts) in lists(statement) {
            members.push((name.to_owned(), self.one_or_list(texts)));
        }
        let operators = conditions(statement).into_iter().map(|(operator, keys)| {
            let keys: Vec<_> = keys
                .into_iter()
                .map(|(key, texts)| (self.text(key), self.one_or_list(texts)))
                .collect();
            let is_word = operator.chars().all(|c| c.is_ascii_alphanumeric());
            let name = if is_word {
                operator.to_owned()
            } else {
                self.text(operator)
            };
            (name, braces(&keys))
        });
        let operators: Vec<_> = operators.collect();
        if !operators.is_empty() {
            members.push(("Condition".to_owned(), braces(&operators)));
        }
        braces(&members)
    }
}

fn braces(members: &[(String, String)]) -> String {
    format!("{{\n{}}}", indented(&aligned(members)))
}

/// Arguments as `terraform fmt` writes them: the signs of neighbours that are one line each below each other.
fn aligned(arguments: &[(String, String)]) -> String {
    let mut out = String::new();
    let is_line = |(_, value): &(String, String)| !value.contains('\n');
    for group in arguments.chunk_by(|a, b| is_line(a) && is_line(b)) {
        let width = group.iter().map(|(name, _)| name.chars().count()).max();
        for (name, value) in group {
            let _ = writeln!(out, "{name:width$} = {value}", width = width.unwrap_or(0));
        }
    }
    out
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    lines.collect()
}

/// The statements as blocks of a data source, or as arguments of `jsonencode`.
pub(super) fn write(documents: &[Vec<RefStatement>], in_blocks: bool, names: &Names) -> String {
    let writer = Writer {
        names,
        variable: if in_blocks { "&{" } else { "$${" },
    };
    let documents_in_all = documents.len();
    let texts = documents.iter().enumerate().map(|(at, document)| {
        let mut text = String::new();
        if documents_in_all > 1 {
            let _ = writeln!(text, "# policy {} of {documents_in_all}", at + 1);
        }
        if in_blocks {
            let blocks: Vec<String> = document.iter().map(|s| writer.block(s)).collect();
            text.push_str(&blocks.join("\n"));
        } else {
            let objects = document.iter().map(|s| format!("{},\n", writer.object(s)));
            let list = indented(&objects.collect::<String>());
            let members = [
                ("Version".to_owned(), writer.text("2012-10-17")),
                ("Statement".to_owned(), format!("[\n{list}]")),
            ];
            let _ = writeln!(text, "jsonencode({})", braces(&members));
        }
        text
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Names, variable, write};
    use crate::reference::{RefCondition, RefStatement};

    fn statement() -> RefStatement {
        RefStatement {
            sid: Some("Queue".to_owned()),
            conditions: vec![RefCondition {
                operator: "StringEquals".to_owned(),
                key: "aws:PrincipalTag/a".to_owned(),
                values: vec!["${aws:username}\"%{".to_owned()],
            }],
            ..RefStatement::allow(
                0,
                vec!["sqs:SendMessage".to_owned()],
                vec!["arn:${Partition}:sqs:${Region}:${Account}:${StackName}-*".to_owned()],
            )
        }
    }

    #[test]
    fn blocks_and_objects_are_written_as_terraform_formats_them() {
        let names = Names::of_module("  data \"aws_region\" \"here\" {}\n");
        let documents = [vec![statement()]];
        let block = write(&documents, true, &names);
        assert_eq!(
            block,
            r#"statement {
  sid       = "Queue"
  actions   = ["sqs:SendMessage"]
  resources = ["arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.here.id}:${data.aws_caller_identity.current.account_id}:${var.stack_name}-*"]

  condition {
    test     = "StringEquals"
    variable = "aws:PrincipalTag/a"
    values   = ["&{aws:username}\"%%{"]
  }
}
"#
        );
        let undeclared = names.undeclared(&block);
        assert_eq!(
            undeclared,
            [
                r#"data "aws_partition" "current" {}"#,
                r#"data "aws_caller_identity" "current" {}"#
            ]
        );
        let object = write(&documents, false, &names);
        assert!(object.starts_with("jsonencode({\n  Version = \"2012-10-17\"\n  Statement = [\n"));
        assert!(object.contains("\"aws:PrincipalTag/a\" = \"$${aws:username}\\\"%%{\""));
    }

    #[test]
    fn variables_are_named_after_placeholders() {
        for (name, expected) in [
            ("StackName", "stack_name"),
            ("Ec2RoleName", "ec2_role_name"),
            ("FsxS3BucketArns", "fsx_s3_bucket_arns"),
        ] {
            assert_eq!(variable(name), expected);
        }
    }
}
