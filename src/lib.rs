//! Checks IAM policies against what AWS ParallelCluster needs.

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
pub mod parser;
mod quota;
pub mod reference;
mod rejection;
pub mod remedy;
pub mod report;
