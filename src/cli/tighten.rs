//! `pcluster-iam tighten`

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::missing::{chosen_note, judged, undecidable};
use super::{Error, InputArgs, jobs};
use crate::check;
use crate::diff::Verdict;
use crate::edit;
use crate::remedy;

pub(super) fn run(args: &InputArgs) -> Result<ExitCode, Error> {
    let mut loaded = jobs::load(args)?;
    let (policies, chosen) = judged(&mut loaded)?;
    let (catalog, settings) = (loaded.catalog(), &loaded.settings);
    let rows = check::coverage(catalog, &policies, &chosen.reference, settings);
    let undecided = rows.iter().find(|r| r.row.verdict == Verdict::Undecided);
    if let Some(requirement) = undecided {
        return Err(undecidable(&requirement.row));
    }
    let sources = loaded.files.iter().map(|f| loaded.sources.get(f.source));
    let names: Vec<&str> = sources.clone().map(|s| s.name()).collect();
    let texts: Vec<String> = sources.map(|s| s.text().to_owned()).collect();
    let tightened = remedy::tighten(catalog, &names, texts.clone(), &chosen, settings);
    if let Some(path) = tightened.encoded.first() {
        return Err(Error::NotFixable {
            path: path.clone(),
            reason: "its policy is encoded in a string".to_owned(),
            help: "give the decoded policy document".to_owned(),
        });
    }
    let mut diff = String::new();
    for ((name, old), new) in names.iter().zip(&texts).zip(&tightened.texts) {
        diff.push_str(&edit::unified(name, old, new));
    }
    super::print(&diff)?;
    let mut notes = chosen_note(&chosen);
    if diff.is_empty() {
        notes.push_str("nothing to narrow\n");
    }
    if tightened.left > 0 {
        let grants = if tightened.left == 1 {
            "grant stays"
        } else {
            "grants stay"
        };
        let _ = writeln!(
            notes,
            "{} {grants} broader than required: the actions of a statement share its resources, and placeholders \
             without a value are not written; split the statements, or give --set",
            tightened.left
        );
    }
    let _ = io::stderr().write_all(notes.as_bytes());
    Ok(ExitCode::SUCCESS)
}
