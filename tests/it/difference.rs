//! `pcluster-iam diff`: against an obvious evaluator on random pairs of policies, and as a program.

mod changes;
mod keys;
mod placeholders;
mod random;
mod sides;
mod undecided;
mod variables;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::diff::difference::{self, Difference, Side, difference};
use pcluster_iam::parser::{Policy, Source, Sources, parse};
use pcluster_iam::reference::bindings::Bindings;
use serde_json::{Value as Json, json};

use crate::common::project::{Project, Run};

struct Parsed(Vec<Policy>);

impl Parsed {
    fn new(texts: &[String]) -> Self {
        let mut sources = Sources::new();
        let policies = texts.iter().flat_map(|text| {
            let id = sources.add(Source::new("p.json", text.as_str()));
            parse(id, sources.get(id)).policies
        });
        Parsed(policies.collect())
    }

    fn side(&self) -> Side<'_> {
        Side {
            policies: self.0.iter().collect(),
            boundary: None,
        }
    }
}

fn compare(old: &[String], new: &[String]) -> Difference {
    let (old, new) = (Parsed::new(old), Parsed::new(new));
    let none = Bindings::new();
    difference(Catalog::embedded(), &none, &old.side(), &new.side())
}

/// The request of a change with its context: `resource; key=value`.
fn shown(changes: &[difference::Change]) -> String {
    let one = |change: &difference::Change| {
        let mut text = change.witness.resource.clone();
        for (key, value) in &change.context {
            text += &match value {
                difference::Value::Absent => format!("; no {key}"),
                difference::Value::Texts(texts) => format!("; {key}={}", texts.join(",")),
                difference::Value::Line(holds) => format!("; {key}: {holds}"),
            };
        }
        text
    };
    changes.iter().map(one).collect::<Vec<_>>().join(" | ")
}

fn policy(statements: Json) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(actions: &[&str], resource: &str) -> Json {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn diff(project: &Project, arguments: &[&str]) -> Run {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = project.path("").display().to_string();
    project.run_with(
        "",
        &[&["diff"], arguments].concat(),
        &[("PATH", &path), ("HOME", &home)],
    )
}

/// The names of the actions in a list of all roles, or the ids of the paths of escalation.
pub(super) fn actions(run: &Run, list: &str) -> Vec<String> {
    let json = run.json();
    let roles = json["roles"].as_array().unwrap().iter();
    roles
        .flat_map(|r| r[list].as_array().unwrap())
        .map(|c| {
            c["action"]
                .as_str()
                .or(c["id"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn template(policy: &str, more: Json) -> String {
    let policy: Json = serde_json::from_str(policy).unwrap();
    let mut role = json!({"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}});
    for (key, value) in more.as_object().unwrap() {
        role["Properties"][key] = value.clone();
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"HeadNode": role}}).to_string()
}
