//! Reads a file and parses it as JSON, and nothing else: what a run of the program is measured against
//! (`benches/process.py`).

use std::error::Error;
use std::hint::black_box;
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: parse-only FILE")?;
    let text = fs::read_to_string(path)?;
    let value: Value = serde_json::from_str(&text)?;
    black_box(value);
    Ok(())
}
