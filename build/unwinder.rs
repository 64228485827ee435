//! The unwinder that the program is linked with.

use std::env;
use std::path::Path;
use std::process::Command;

/// Links the C compiler's unwinder into the program, where there is a static one, in place of the shared `libgcc_s`: to
/// find, map and bind that takes a good part of the time of a run, and not every container has it.
pub(super) fn link() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !linux || env::var("TARGET") != env::var("HOST") {
        return;
    }
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let mut ask = Command::new(linker);
    let Ok(answer) = ask.arg("-print-file-name=libgcc_eh.a").output() else {
        return;
    };
    // A compiler that has none prints the bare name.
    let answer = String::from_utf8_lossy(&answer.stdout);
    let library = Path::new(answer.trim());
    if let Some(folder) = library
        .parent()
        .filter(|_| library.is_absolute() && library.is_file())
    {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
