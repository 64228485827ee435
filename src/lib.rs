//! Checks IAM policies against what AWS `ParallelCluster` needs, offline, and reports each difference at its place in
//! the file with a request that proves it.
//!
//! # The flow
//!
//! ```text
//! files ─┬─► parser ───────────────► Policy (each element with its byte span) ─┐
//!        └─► inventory ─► Value ───► the same, from templates and modules ─────┤
//!                                                                              ├─► diff ─► Row, Excess
//! rules/ ─► reference ─► Reference (placeholders replaced) ────────────────────┘    ▲          │
//!                                                                                   │          ▼
//! catalog (actions, resource types and keys of AWS) ─┬──────────────────────────────┴──────► lints ─► Finding ─► report
//! matcher (which requests a pattern matches) ────────┘
//! ```
//!
//! Each arrow is a step of the data; the names on it are types. Code before a [`finding::Finding`] never prints.
//! Reports never decide. A module may use only modules that are listed before it in the table of `CONTRIBUTING.md`.
//!
//! # The types, in order
//!
//! 1. [`parser::Source`] is the text of a file, [`parser::Span`] a range of its bytes. [`parser::parse`] makes a
//!    [`parser::Document`] of it: its [`parser::Policy`]s and every [`parser::Problem`]. A template, a module of
//!    Terraform or a dump of an account is an [`inventory::Inventory`]: principals, each with such documents.
//! 2. [`catalog::Catalog`] knows the actions, resource types and condition keys of AWS; [`matcher`] decides whether one
//!    pattern of actions or ARNs covers another, or overlaps it.
//! 3. [`reference::Reference`] is what one role of one release needs; its placeholders are *bound*: replaced by a
//!    Region, an account and the names of one cluster ([`cluster`] reads them from a cluster configuration).
//! 4. [`diff`] compares both: a [`diff::Row`] with a [`diff::Verdict`] for each requirement, and the excess: what is
//!    allowed and not required.
//! 5. [`lints`] turn that into [`finding::Finding`]s; [`check::check`] puts all of it together for one role, as a
//!    [`result::RoleResult`].
//! 6. [`config`] and [`baseline`] hide what a team accepted, [`remedy`] writes policies, [`report`] renders, [`cli`]
//!    is the program.
//!
//! # The readings
//!
//! A policy can be read in several ways. There are four independent choices:
//!
//! - [`matcher::Reading`]: what a wildcard of an ARN matches. `Strict` is what all of AWS's pages agree on, `Loose` is
//!   `Strict` where a placeholder may be any text, `Wide` is what any page allows.
//! - [`diff::decide::Stance`]: whether a statement whose meaning is unclear counts as the one that grants less
//!   (`Cautious`) or more (`Generous`).
//! - Worst, best and texts (`inventory/render.rs`): the unknown values of a template grant as little as they can, as much
//!   as they can, or as much as they can where each name is one text without `*`.
//! - Stored and repaired: a policy that IAM rejects grants nothing as stored; the repaired reading shows what it would grant.
//!
//! # A policy judged
//!
//! ```
//! use pcluster_iam::catalog::Catalog;
//! use pcluster_iam::check::{Against, Settings, check};
//! use pcluster_iam::diff::Verdict;
//! use pcluster_iam::lints::File;
//! use pcluster_iam::parser::{Source, Sources, parse};
//! use pcluster_iam::reference;
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}"#;
//! let mut sources = Sources::new();
//! let source = sources.add(Source::new("head-node.json", text));
//! let document = parse(source, sources.get(source));
//! let against = Against::role(reference::select("head-node", "slurm", "3.14.0").unwrap());
//! let file = File::new(source, document);
//! let result = check(&sources, Catalog::embedded(), &[file], &against, &Settings::default()).unwrap();
//! let missing = result.requirements.iter().filter(|row| row.verdict == Verdict::Missing);
//! assert!(missing.map(|row| row.action.as_str()).any(|action| action == "dynamodb:PutItem"));
//! ```

pub mod baseline;
mod bytes;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod diff;
pub mod edit;
pub mod finding;
pub mod fingerprint;
mod inert;
pub mod inventory;
pub mod lints;
pub mod matcher;
mod nearest;
pub mod operator;
pub mod parser;
mod quota;
pub mod reference;
mod rejection;
pub mod remedy;
pub mod report;
pub mod result;
mod unused;
mod vocabulary;
