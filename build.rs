//! Reads the rules that people write (TOML), checks them, and writes what the program embeds.
//!
//! Each policy becomes one JSON text that is parsed only when it is selected; so do the needs and
//! the placeholders. A mistake in a file ends the build with the file's name and what to do.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a build script says what is wrong by ending"
)]

use std::env;
use std::path::{Path, PathBuf};

#[path = "build/aws.rs"]
mod aws;
#[path = "build/catalog.rs"]
mod catalog;
#[path = "build/cluster_names.rs"]
mod cluster_names;
#[path = "build/condition_values.rs"]
mod condition_values;
#[path = "build/created.rs"]
mod created;
#[path = "build/dangers.rs"]
mod dangers;
#[path = "build/errata.rs"]
mod errata;
#[path = "build/escalation.rs"]
mod escalation;
#[path = "build/input.rs"]
mod input;
#[path = "build/needs.rs"]
mod needs;
#[path = "build/packs.rs"]
mod packs;
#[path = "build/placeholders.rs"]
mod placeholders;
#[path = "build/principals.rs"]
mod principals;
#[path = "build/rejections.rs"]
mod rejections;
#[path = "src/catalog/slots.rs"]
#[expect(dead_code, reason = "looking up is the program's part")]
mod slots;
#[path = "build/texts.rs"]
mod texts;
#[path = "build/trust.rs"]
mod trust;
#[path = "build/unwinder.rs"]
mod unwinder;
#[path = "build/vocabulary.rs"]
mod vocabulary;

use texts::Texts;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/catalog/slots.rs");
    let rules = Path::new("rules");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    let mut code = String::new();
    let names = vocabulary::write(rules, &mut code);
    let packs = packs::read_packs(rules, &names);
    packs::check_together(&packs);
    let mut texts = Texts::default();
    packs::write(&packs, &mut texts, &mut code);
    errata::write(rules, &names, &mut texts, &mut code);
    cluster_names::write(rules, &names, &mut code);
    texts.write(&out, &mut code);
    principals::write(rules, &mut code);
    condition_values::write(rules, &out);
    created::write(rules, &names, &out);
    catalog::write(rules, &packs, &out);
    escalation::write(rules, &out);
    dangers::write(rules, &out);
    rejections::write(rules, &out);
    trust::write(rules, &out);
    aws::write_resource_types(rules, &out, &mut code);
    aws::write_actions(rules, &mut code);
    aws::write_name_characters(rules, &mut code);
    aws::write_regions(rules, &mut code);
    needs::write_needs(rules, &names, &out);
    needs::write_generated(rules, &names, &out);
    needs::write_calls(rules, &names, &out);
    placeholders::write(rules, &packs, &out, &mut code);
    input::write(&out, "reference.rs", code);
    unwinder::link();
}
