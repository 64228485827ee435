//! `pcluster-iam merge`: the results of several runs as one document.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use clap::{Args, ValueEnum, ValueHint};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Error, input};
use crate::inert;
use crate::parser::Source;

/// The version of the format, as `lint` writes it.
const VERSION: u64 = 1;

/// Larger files are refused.
const LARGEST: u64 = 1024 * 1024 * 1024;

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum MergeFormat {
    /// One document on one line
    Json,
    /// JSON Lines: one result on each line, and the rest of the document on the last one
    Jsonl,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam merge accounts/*.jsonl > organization.json
  pcluster-iam merge 'accounts/*.jsonl' --format jsonl > organization.jsonl

Reads what `lint --format json` and `lint --format jsonl` write. Results keep the order of the files and of the
runs.

Exit codes: the highest of the runs; 2 if a file cannot be read, is not complete, or has another version.")]
pub(super) struct MergeArgs {
    /// Files with results, patterns such as 'accounts/*.jsonl', or - for standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<String>,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t = MergeFormat::Json)]
    format: MergeFormat,
}

/// One value of a file: a result, or a document.
#[derive(Deserialize)]
struct Part<'t> {
    version: Option<u64>,
    tool: Option<Tool>,
    #[serde(borrow)]
    requirements: Option<&'t RawValue>,
    #[serde(borrow, default)]
    results: Vec<&'t RawValue>,
    #[serde(borrow, default)]
    other_roles: Vec<&'t RawValue>,
    #[serde(borrow, default)]
    findings: Vec<&'t RawValue>,
    #[serde(borrow, default)]
    weakened: Vec<&'t RawValue>,
    exit_code: Option<u8>,
    summary: Option<Summary>,
}

/// The program that made a document.
#[derive(Deserialize, Clone, PartialEq, Eq)]
struct Tool {
    name: String,
    version: String,
    catalog_date: String,
}

#[derive(Deserialize, Default)]
struct Summary {
    error: u64,
    warning: u64,
    note: u64,
    suppressed: u64,
}

/// The documents put together; each element as its file has it.
#[derive(Default)]
struct Merged {
    tool: Option<Tool>,
    results: Vec<String>,
    other_roles: Vec<String>,
    findings: Vec<String>,
    weakened: Vec<String>,
    /// Of `weakened`: the same setting of several runs is listed once.
    known: BTreeSet<String>,
    summary: Summary,
    code: u8,
    /// Files of another release of the program.
    others: Vec<String>,
}

pub(super) fn run(args: &MergeArgs) -> Result<ExitCode, Error> {
    let names = input::expand(&args.files)?;
    let mut merged = Merged::default();
    for name in &names {
        let text = read(name)?;
        merged.take(&Source::new(name.as_str(), text))?;
    }
    for other in &merged.others {
        super::warn(&format!(
            "{other} was written by another release of pcluster-iam or with another list of AWS's actions"
        ));
    }
    let code = merged.code;
    merged.write(args.format)?;
    Ok(ExitCode::from(code))
}

fn read(name: &str) -> Result<String, Error> {
    let fault = |reason: String| Error::NotMerged {
        place: name.to_owned(),
        reason,
        help: "name files that `pcluster-iam lint --format json` or `jsonl` wrote".to_owned(),
    };
    let mut bytes = Vec::new();
    let read = if name == "-" {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(name).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| fault(format!("cannot be read: {e}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(fault(format!(
            "is larger than {} MiB",
            LARGEST / 1024 / 1024
        )));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        fault(format!("is not UTF-8 from byte {at} on"))
    })
}

impl Merged {
    /// Adds the documents of a file: one, or several one after the other.
    fn take(&mut self, source: &Source) -> Result<(), Error> {
        let text = source.text();
        let fault = |at: usize, reason: String, help: &str| {
            let place = source.location(u32::try_from(at).unwrap_or(u32::MAX));
            Error::NotMerged {
                place: format!("{}:{}:{}", source.name(), place.line, place.column),
                reason,
                help: help.to_owned(),
            }
        };
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let mut open = 0;
        let mut documents = 0;
        loop {
            let start = blank_from(text, values.byte_offset());
            let Some(value) = values.next() else { break };
            let value = value.map_err(|e| broken(source, &e))?;
            let part: Part<'_> = serde_json::from_str(value.get()).map_err(|e| {
                let message = e.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                let reason = format!("is not a result of pcluster-iam: {message}");
                fault(start, reason, "run `pcluster-iam lint` again for this file")
            })?;
            match part {
                Part {
                    version: Some(VERSION),
                    tool: Some(tool),
                    summary: Some(summary),
                    exit_code: Some(code),
                    ..
                } => {
                    documents += 1;
                    open = 0;
                    let of_another = self.tool.as_ref().is_some_and(|known| *known != tool);
                    if of_another && !self.others.iter().any(|o| o == source.name()) {
                        self.others.push(source.name().to_owned());
                    }
                    self.tool.get_or_insert(tool);
                    self.results.extend(texts(&part.results));
                    self.other_roles.extend(texts(&part.other_roles));
                    self.findings.extend(texts(&part.findings));
                    for text in texts(&part.weakened) {
                        if self.known.insert(text.clone()) {
                            self.weakened.push(text);
                        }
                    }
                    self.summary.error += summary.error;
                    self.summary.warning += summary.warning;
                    self.summary.note += summary.note;
                    self.summary.suppressed += summary.suppressed;
                    self.code = self.code.max(code);
                }
                Part {
                    version: Some(version),
                    ..
                } if version != VERSION => {
                    return Err(fault(
                        start,
                        format!("has version {version} of the format; expected {VERSION}"),
                        "run `lint` for all files with the same release of pcluster-iam",
                    ));
                }
                Part {
                    version: None,
                    requirements: Some(_),
                    ..
                } => {
                    open += 1;
                    self.results.push(one_line(value));
                }
                _ => {
                    return Err(fault(
                        start,
                        "is not a result of `pcluster-iam lint`".to_owned(),
                        "name files that `--format json` or `--format jsonl` wrote",
                    ));
                }
            }
        }
        if open > 0 || documents == 0 {
            return Err(fault(
                text.trim_end().len(),
                "ends before the last line of its run".to_owned(),
                "the run was interrupted: run `pcluster-iam lint` again for this file",
            ));
        }
        Ok(())
    }

    fn write(self, format: MergeFormat) -> Result<(), Error> {
        let list = |texts: &[String]| format!("[{}]", texts.join(","));
        let string = |text: &str| serde_json::Value::from(text).to_string();
        let tool = self.tool.as_ref();
        let field = |of: fn(&Tool) -> &str| string(tool.map_or("", of));
        let head = format!(
            "{{\"version\":{VERSION},\"tool\":{{\"name\":{},\"version\":{},\"catalog_date\":{}}},\"results\":[",
            field(|t| &t.name),
            field(|t| &t.version),
            field(|t| &t.catalog_date)
        );
        let mut tail = String::from("]");
        if !self.other_roles.is_empty() {
            tail.push_str(",\"other_roles\":");
            tail.push_str(&list(&self.other_roles));
        }
        let Summary {
            error,
            warning,
            note,
            suppressed,
        } = self.summary;
        let _ = writeln!(
            tail,
            ",\"findings\":{},\"weakened\":{},\"exit_code\":{},\"summary\":{{\"error\":{error},\"warning\":{warning},\"note\":{note},\"suppressed\":{suppressed}}}}}",
            list(&self.findings),
            list(&self.weakened),
            self.code
        );
        let put = |text: &str| super::print_raw(&inert::json(text));
        match format {
            MergeFormat::Json => {
                put(&head)?;
                for (at, result) in self.results.iter().enumerate() {
                    put(if at == 0 { "" } else { "," })?;
                    put(result)?;
                }
            }
            MergeFormat::Jsonl => {
                for result in &self.results {
                    put(result)?;
                    put("\n")?;
                }
                put(&head)?;
            }
        }
        put(&tail)
    }
}

/// The offset of the first byte from `at` on that is not white space.
fn blank_from(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    text.len() - rest.trim_start().len()
}

fn broken(source: &Source, error: &serde_json::Error) -> Error {
    let message = error.to_string();
    Error::NotMerged {
        place: format!("{}:{}:{}", source.name(), error.line(), error.column()),
        reason: format!(
            "is not JSON: {}",
            message.split(" at line ").next().unwrap_or_default()
        ),
        help: "run `pcluster-iam lint` again for this file".to_owned(),
    }
}

fn texts(all: &[&RawValue]) -> Vec<String> {
    all.iter().map(|value| one_line(value)).collect()
}

/// A value on one line: a file that a person formatted has its values on several.
fn one_line(value: &RawValue) -> String {
    let text = value.get();
    if !text.contains('\n') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for c in text.chars() {
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}
