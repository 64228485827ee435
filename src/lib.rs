//! Checks IAM policies against what AWS ParallelCluster needs.

pub mod catalog;
pub mod diff;
pub mod finding;
pub mod parser;
pub mod report;
