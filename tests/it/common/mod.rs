//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

pub mod case;
pub mod catalogue;
pub mod chance;
pub mod clock;
pub mod configuration;
pub mod engine;
pub mod evaluator;
pub mod formats;
pub mod hostile;
pub mod left_open;
pub mod page;
pub mod program;
pub mod project;
pub mod references;
pub mod remedy;
pub mod requests;
pub mod role;
pub mod table;
pub mod template;
pub mod world;
