//! What IAM rejects: `rules/rejections.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::aws;
use super::input::{self, read};

/// `rules/rejections.toml`
#[derive(Deserialize)]
struct Rejections {
    iam: IamArns,
    s3: S3Arns,
    trust: Trust,
    kind: Vec<Rejection>,
}

#[derive(Deserialize)]
struct IamArns {
    types: Vec<String>,
}

#[derive(Deserialize)]
struct S3Arns {
    regional: Vec<String>,
}

/// The grammar of trust policies.
#[derive(Deserialize)]
struct Trust {
    actions: Vec<String>,
    arns: Vec<String>,
    services: Vec<String>,
    domains: Vec<String>,
    fault: Vec<Rejection>,
}

#[derive(Deserialize)]
struct Rejection {
    id: String,
    answer: Option<String>,
}

/// Writes what IAM rejects.
pub(super) fn write(rules: &Path, out: &Path) {
    let path = rules.join("rejections.toml");
    let rejections: Rejections = read(&path);
    let mut code = String::new();
    let _ = writeln!(
        code,
        "pub(crate) static IAM_TYPES: &[&str] = &{:?};",
        rejections.iam.types
    );
    let _ = writeln!(
        code,
        "pub(crate) static S3_REGIONAL: &[&str] = &{:?};",
        rejections.s3.regional
    );
    let trust = &rejections.trust;
    let _ = writeln!(
        code,
        "pub(crate) static TRUST_ACTIONS: &[&str] = &{:?};",
        trust.actions
    );
    let _ = writeln!(
        code,
        "pub(crate) static TRUST_ARNS: &[&str] = &{:?};",
        trust.arns
    );
    let _ = writeln!(
        code,
        "pub(crate) static TRUST_SERVICES: &[&str] = &{:?};\npub(crate) static SERVICE_DOMAINS: &[&str] = &{:?};",
        trust.services, trust.domains
    );
    code.push_str("static ANSWERS: &[(&str, &str)] = &[\n");
    for kind in rejections.kind.iter().chain(&trust.fault) {
        if let Some(answer) = &kind.answer {
            let _ = writeln!(code, "    ({:?}, {answer:?}),", kind.id);
        }
    }
    code.push_str("];\n");
    aws::write_partitions(rules, &mut code);
    input::write(out, "rejections.rs", code);
}
