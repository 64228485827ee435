//! What several tests share.
#![allow(dead_code, reason = "each test uses a part")]

pub mod evaluator;
pub mod role;
pub mod world;
