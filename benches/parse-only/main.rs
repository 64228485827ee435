//! Reads a file and parses it as JSON, once or several times, and nothing else: what a run of the program is measured
//! against (`benches/process.py`).

use std::error::Error;
use std::hint::black_box;
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: parse-only FILE [TIMES]")?;
    let times = arguments.next().map_or(Ok(1), |times| times.parse())?;
    let text = fs::read_to_string(path)?;
    let values: Result<Vec<Value>, _> = (0..times).map(|_| serde_json::from_str(&text)).collect();
    black_box(values?);
    Ok(())
}
